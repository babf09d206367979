"""Maps with a name: the neuron and the networks of BSF94, and classics of discrete dynamics."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Exact, Formulas, Map, TanhLayer, exact, exact_fraction, state_symbol


def neuron(w: Exact, h: Exact = 0) -> Map:
    """The latching neuron a -> w tanh(a) + h (BSF94, eq. 1) with recurrent weight ``w`` and constant input ``h``.

    Every fixed point lies in [-(abs(w) + abs(h)), abs(w) + abs(h)], which the domain holds.
    Raises: InputError if ``w`` or ``h`` is not a finite real number.
    """
    a, weight, bias = map(state_symbol, ("a", "w", "h"))
    parameters = (weight, exact(w, "w")), (bias, exact(h, "h"))
    reach = max(1, 2 * math.ceil(abs(parameters[0][1]))) + math.ceil(abs(parameters[1][1]))
    return Map("neuron", (a,), Formulas((weight * sp.tanh(a) + bias,)), parameters, _square(-reach, reach, 1))


def tanh_network(W: Sequence[Sequence[object]] | object, b: Sequence[object] | object = 0) -> Map:
    """The recurrent network a -> W tanh(a) + b of n units.

    ``W`` is an n x n matrix (nested sequences or an array; entries exact as for ``Map``), ``b`` a vector of n
    entries, or one number for all. The matrix is never expanded into expressions for large n. The image of the
    map lies in the domain, so every fixed point and cycle does.
    Raises: InputError if the shapes do not fit or an entry is no finite number.
    """
    rows = _rows(W)
    n = len(rows)
    weights = tuple(tuple(exact_fraction(v, f"W[{i},{j}]") for j, v in enumerate(row)) for i, row in enumerate(rows))
    given = [b] * n if np.ndim(b) == 0 else list(b)  # pyright: ignore[reportArgumentType]
    if len(given) != n:
        raise InputError(
            f"b has {len(given)} entries but W is {n} x {n}; give one bias per unit, or one number for all"
        )
    bias = tuple(exact_fraction(v, f"b[{i}]") for i, v in enumerate(given))
    names = ["a"] if n == 1 else [f"a{i}" for i in range(1, n + 1)]
    domain = tuple((-r, r) for r in (_reach(row, c) for row, c in zip(weights, bias, strict=True)))
    return Map("tanh_network", tuple(map(state_symbol, names)), TanhLayer(weights, bias), (), domain)


def augmented(m: Map, inputs: Sequence[str], scale: Exact = 1) -> Map:
    """The map N' with additive inputs that replaces N(a, y) with inputs y (BSF94, Section IV).

    ``inputs`` names parameters of ``m`` that become states: N'(a, z) = (N(a, scale z), 0), so that the inputs of
    the new system are u' = (0, y / scale). With m = abs(dN/da) and c = abs(dN/dy) the norm of N'' is
    sqrt(m^2 + (scale c)^2): a scale below sqrt(1 - m^2) / c keeps it below 1, the paper's own choice 1 need not.
    Raises: InputError for a name that is no parameter, or a scale of 0.
    """
    factor = exact(scale, "scale")
    if factor == 0:
        raise InputError("scale=0 would cut the inputs off; give a positive number")
    known = {str(s): s for s, _ in m.parameters}
    for name in inputs:
        if name not in known:
            raise InputError(f"inputs: {m.name} has no parameter {name}; it has {', '.join(known) or 'none'}")
    chosen = [known[name] for name in inputs]
    scaled = {s: factor * s for s in chosen}
    expressions = tuple(e.xreplace(scaled) for e in m.expressions) + (sp.S.Zero,) * len(chosen)
    rest = tuple((s, v) for s, v in m.parameters if s not in chosen)
    domain = m.domain + _square(-1, 1, len(chosen))
    return Map(f"augmented_{m.name}", m.states + tuple(chosen), Formulas(expressions), rest, domain)


def driven(m: Map, inputs: Sequence[Exact]) -> Map:
    """The map a -> M(a) + u with a constant input u, one exact number per state; domain as before.

    Raises: InputError for the wrong number of inputs, or one that is no finite rational number.
    """
    given = [exact_fraction(v, f"inputs[{i}]") for i, v in enumerate(inputs)]
    if len(given) != m.dimension:
        raise InputError(f"inputs has {len(given)} entries but {m.name} has {m.dimension} states; give one per state")
    if isinstance(m.rule, TanhLayer):
        bias = tuple(b + u for b, u in zip(m.rule.bias, given, strict=True))
        return replace(m, name=f"driven_{m.name}", rule=TanhLayer(m.rule.weights, bias))
    shifted = (e + sp.Rational(u.numerator, u.denominator) for e, u in zip(m.expressions, given, strict=True))
    return replace(m, name=f"driven_{m.name}", rule=Formulas(tuple(shifted)))


def logistic(r: Exact = "3.2") -> Map:
    """The logistic map x -> r x (1 - x); outside [0, 1] orbits diverge."""
    x, rate = map(state_symbol, ("x", "r"))
    return Map("logistic", (x,), Formulas((rate * x * (1 - x),)), ((rate, exact(r, "r")),), _square("-1/4", "5/4", 1))


def henon(a: Exact = "1.4", b: Exact = "0.3") -> Map:
    """The Henon map (x, y) -> (1 - a x^2 + y, b x), chaotic at the default values."""
    x, y, bend, shrink = map(state_symbol, ("x", "y", "a", "b"))
    rule = Formulas((1 - bend * x**2 + y, shrink * x))
    return Map("henon", (x, y), rule, ((bend, exact(a, "a")), (shrink, exact(b, "b"))), _square("-5/2", "5/2", 2))


def cubic(r: Exact = "3/2") -> Map:
    """The odd cubic map x -> r x - x^3: a pitchfork at r = 1, two latches +-sqrt(r - 1) above it."""
    x, rate = map(state_symbol, ("x", "r"))
    return Map("cubic", (x,), Formulas((rate * x - x**3,)), ((rate, exact(r, "r")),), _square(-2, 2, 1))


def newton(coefficients: Sequence[Exact] = (1, 0, 0, -1)) -> Map:
    """Newton's map z -> z - p(z) / p'(z) in the plane, for a polynomial p with real coefficients.

    ``coefficients`` come highest power first; the default is z^3 - 1. The map is undefined where p' = 0.
    Raises: InputError unless the degree is between 2 and 8.
    """
    given = [exact(c, f"coefficient {i}") for i, c in enumerate(coefficients)]
    if not 3 <= len(given) <= 9 or given[0] == 0:
        raise InputError(
            f"coefficients={list(coefficients)} must give a degree from 2 to 8 with a leading coefficient other than 0"
        )
    x, y = map(state_symbol, ("x", "y"))
    z = sp.Symbol("z")
    polynomial = sp.Poly(given, z)
    value, slope = (sp.expand(p.as_expr().subs(z, x + sp.I * y)) for p in (polynomial, polynomial.diff(z)))
    (p_re, p_im), (s_re, s_im) = value.as_real_imag(), slope.as_real_imag()
    size = sp.expand(s_re**2 + s_im**2)
    rule = Formulas(
        (
            x - sp.expand(p_re * s_re + p_im * s_im) / size,
            y - sp.expand(p_im * s_re - p_re * s_im) / size,
        )
    )
    return Map("newton", (x, y), rule, (), _square(-2, 2, 2))


def ikeda(u: Exact = "0.9") -> Map:
    """The Ikeda map of light in a ring cavity; at u = 0.9 a chaotic attractor beside a fixed point."""
    x, y, gain = map(state_symbol, ("x", "y", "u"))
    angle = sp.Rational(2, 5) - 6 / (1 + x**2 + y**2)
    rule = Formulas(
        (
            1 + gain * (x * sp.cos(angle) - y * sp.sin(angle)),
            gain * (x * sp.sin(angle) + y * sp.cos(angle)),
        )
    )
    return Map("ikeda", (x, y), rule, ((gain, exact(u, "u")),), (*_square(-2, 6, 1), *_square(-4, 6, 1)))


def predator_prey(r: Exact = "5/2", b: Exact = 2, d: Exact = 3) -> Map:
    """A predator y and its prey x: (x, y) -> (r x (1 - x) - b x y, d x y).

    They live together at x = 1/d, y = (r (1 - 1/d) - 1) / b where that is positive.
    """
    x, y, growth, hunt, gain = map(state_symbol, ("x", "y", "r", "b", "d"))
    rule = Formulas((growth * x * (1 - x) - hunt * x * y, gain * x * y))
    values = (growth, exact(r, "r")), (hunt, exact(b, "b")), (gain, exact(d, "d"))
    return Map("predator_prey", (x, y), rule, values, _square("-1/10", "11/10", 2))


def _square(lo: Exact, hi: Exact, dimension: int) -> Box:
    return ((exact_fraction(lo, "domain"), exact_fraction(hi, "domain")),) * dimension


def _reach(weights: Sequence[Fraction], bias: Fraction) -> Fraction:
    """A round number beyond every value the unit can take."""
    return Fraction(max(1, math.ceil(sum(map(abs, weights), abs(bias)) * 3 / 2)))


def _rows(matrix: object) -> list[list[object]]:
    try:
        rows = [list(row) for row in matrix]  # pyright: ignore[reportGeneralTypeIssues]
    except TypeError:
        raise InputError(f"W={matrix!r} is not a matrix; give n rows of n numbers") from None
    if not rows or any(len(row) != len(rows) for row in rows):
        raise InputError(
            f"W has {len(rows)} rows of {[len(r) for r in rows][:4]} entries; it must be square, n rows of n numbers"
        )
    return rows


@dataclass(frozen=True, slots=True)
class Entry:
    """A catalogued map: how to make it, and what its parameters are."""

    make: Callable[..., Map]
    example: Mapping[str, Exact | tuple[tuple[Exact, ...], ...]]
    """Values for the parameters that have no default."""

    @property
    def summary(self) -> str:
        """The first line of the maker's documentation."""
        return (inspect.getdoc(self.make) or "").splitlines()[0]

    @property
    def parameters(self) -> dict[str, object]:
        """Each parameter with its default, or with the example's value where there is none."""
        found: dict[str, object] = {}
        for name, parameter in inspect.signature(self.make).parameters.items():
            missing = parameter.default is inspect.Parameter.empty
            found[name] = self.example[name] if missing else parameter.default
        return found


CATALOGUE: Final[Mapping[str, Entry]] = {
    "neuron": Entry(neuron, {"w": 2}),
    "tanh_network": Entry(tanh_network, {"W": ((2, "1/5"), ("1/5", "9/5"))}),
    "logistic": Entry(logistic, {}),
    "henon": Entry(henon, {}),
    "cubic": Entry(cubic, {}),
    "newton": Entry(newton, {}),
    "ikeda": Entry(ikeda, {}),
    "predator_prey": Entry(predator_prey, {}),
}
"""Every catalogued map that can be made from parameters alone (``augmented`` needs another map)."""
