"""The symbolic sheet of a map: what can be worked out by algebra, each line with how it was obtained and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import sympy as sp

from dynlatch.latch.derivation_checks import Check, Line, check_derivative, check_identity, degree_bound, line
from dynlatch.latch.derivation_network import network_lines
from dynlatch.latch.derivation_neuron import neuron_form, neuron_lines
from dynlatch.latch.derivation_polynomial import polynomial_lines
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.verdict import Verdict

__all__ = ["Check", "Derivation", "Line", "derive"]

_MAX_ENTRIES_DIMENSION: Final = 3
_MAX_DEGREE: Final = 24
_MAX_LENGTH: Final = 90
"""Operations in an expression above which it is not written out."""


@dataclass(frozen=True, slots=True, repr=False)
class Derivation:
    """The lines derived for one map, in reading order; parameters stay symbols, ``Line.value`` has their values."""

    map: Map
    lines: tuple[Line, ...]

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, title: str) -> Line:
        """The first line whose title begins with the given words. Raises: KeyError if there is none."""
        for entry in self.lines:
            if entry.title.startswith(title):
                return entry
        raise KeyError(title)

    def latex(self) -> str:
        """All lines as one LaTeX block, without the titles."""
        return r"\begin{gathered}" + r" \\ ".join(entry.latex for entry in self.lines) + r"\end{gathered}"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def __repr__(self) -> str:
        rows = [f"Derivation of {self.map!r}"]
        for entry in self.lines:
            value = "" if entry.value is None else f"  [{float(entry.value):.12g}]"
            rows.append(f"  {entry.title}: {entry.left} = {entry.right}{value}  ({entry.how}; {entry.check.verdict})")
        return "\n".join(rows)


def derive(m: Map) -> Derivation:
    """Work out the map's symbolic sheet.

    M, M', M'', the fixed-point equation and its solutions where polynomials of low degree allow them, multipliers,
    the parameter values at which a multiplier is +-1, the fold under constant input; for the neuron also the edge a_c,
    h*, dh*/dw, the contraction constant and the series near w = 1. Networks are given by their matrices, and entry by
    entry up to 3 units. Nothing is solved without a bound on its size, so a line may be missing, never wrong.
    Each line's ``check`` says what the line rests on: PROVED for exact algebra, INCONCLUSIVE for agreement of balls at
    sample points alone, REFUTED never (a line that fails its check would be an error of SymPy or of dynlatch).

    Rigor: as each line says. Cost: about a second the first time.
    """
    return _derive(m)


@lru_cache(maxsize=16)
def _derive(m: Map) -> Derivation:
    lines = [*_definition_lines(m)]
    if isinstance(m.rule, TanhLayer):
        lines += network_lines(m)
    if m.dimension <= _MAX_ENTRIES_DIMENSION:
        lines += [*_jacobian_lines(m), *_bend_lines(m)]
    if m.dimension == 2:
        lines += _planar_lines(m)
    form = neuron_form(m)
    lines += neuron_lines(m, form) if form is not None else polynomial_lines(m)
    return Derivation(m, tuple(lines))


def _definition_lines(m: Map) -> list[Line]:
    given = Check(Verdict.PROVED, "the definition")
    if m.dimension > _MAX_ENTRIES_DIMENSION and isinstance(m.rule, TanhLayer):
        return [
            line("map", "M(a)", r"W \tanh(a) + b", given),
            line("fixed-point equation", "a", r"W \tanh(a) + b", given),
        ]
    name = [f"M_{{{i}}}" if m.dimension > 1 else "M" for i in range(1, m.dimension + 1)]
    maps = [line("map", left, e, given) for left, e in zip(name, m.expressions, strict=True)]
    points = [line("fixed-point equation", s, e, given) for s, e in zip(m.states, m.expressions, strict=True)]
    return [*maps, *points]


def _short(e: sp.Expr) -> bool:
    """Whether an expression can be written out, and expanded without growing out of hand."""
    return int(e.count_ops()) <= _MAX_LENGTH and degree_bound(e) <= _MAX_DEGREE


def _tidy(e: sp.Expr, a: sp.Symbol) -> sp.Expr:
    """A short polynomial in its shorter form, r (1 - 2 x) for r (1 - x) - r x."""
    if not (_short(e) and e.is_polynomial(a)):
        return e
    return min(e, sp.expand(e), sp.factor(e), key=lambda form: int(form.count_ops()))


def _partial(numerator: str, *symbols: sp.Symbol) -> str:
    below = " ".join(rf"\partial {sp.latex(s)}" for s in symbols)
    power = f"^{len(symbols)}" if len(symbols) > 1 else ""
    return rf"\frac{{\partial{power} {numerator}}}{{{below}}}"


def _jacobian_lines(m: Map) -> list[Line]:
    if m.dimension == 1:
        (expression,), (a,) = m.expressions, m.states
        slope = _tidy(m.jacobian[0, 0], a)
        check = check_derivative(expression, a, slope)
        at_point = check_identity(slope, m.jacobian[0, 0])
        return [
            line("Jacobian", "M'", slope, check, values=m.values),
            line("multiplier of a fixed point", r"\mu", slope, at_point, values=m.values),
        ]
    return [
        line("Jacobian", _partial(f"M_{{{i + 1}}}", s), m.jacobian[i, j],
             check_derivative(e, s, m.jacobian[i, j]), values=m.values)
        for i, e in enumerate(m.expressions) for j, s in enumerate(m.states) if _short(m.jacobian[i, j])
    ]  # fmt: skip


def _bend_lines(m: Map) -> list[Line]:
    """The second derivatives that are not 0 and not too long."""
    lines: list[Line] = []
    for i in range(m.dimension):
        for j, s in enumerate(m.states):
            if not _short(m.jacobian[i, j]):
                continue
            for k, t in enumerate(m.states[: j + 1]):
                bend = m.second_derivatives[i][j, k]
                if bend != 0 and _short(bend):
                    left = "M''" if m.dimension == 1 else _partial(f"M_{{{i + 1}}}", s, t)
                    check = check_derivative(m.jacobian[i, j], t, bend)
                    lines.append(line("second derivative", left, bend, check, values=m.values))
    return lines


def _planar_lines(m: Map) -> list[Line]:
    """Trace, determinant and eigenvalues of M' in two dimensions."""
    jacobian = m.jacobian
    if any(not _short(entry) for entry in jacobian):
        return []
    trace, determinant = sp.expand(jacobian.trace()), sp.expand(jacobian.det())
    if not (_short(trace) and _short(determinant)):
        return []
    tau, delta = sp.symbols("tau Delta", real=True)
    root = (tau + sp.sqrt(tau**2 - 4 * delta)) / 2
    by_polynomial = "SymPy, guided by the characteristic polynomial"
    product = jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]
    return [
        line("trace of M'", r"\tau", trace, check_identity(jacobian[0, 0] + jacobian[1, 1], trace), values=m.values),
        line("determinant of M'", r"\Delta", determinant, check_identity(product, determinant), values=m.values),
        line("multipliers of a fixed point", r"\mu_\pm", r"\frac{\tau \pm \sqrt{\tau^2 - 4 \Delta}}{2}",
             check_identity(root**2 - tau * root + delta, sp.S.Zero), how=by_polynomial),
    ]  # fmt: skip
