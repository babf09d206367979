"""Fixed points as exact expressions, where SymPy can have them without a long search."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import sympy as sp

from dynlatch.maps.balls import ball_of
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure

_MAX_DEGREE: Final = 4
_BITS: Final = 200
_MAX_OPERATIONS: Final = 40  # nested radicals beyond that take SymPy long, and tell a reader nothing

Exact = tuple[sp.Expr, ...]


@lru_cache(maxsize=64)
def exact_fixed_points(m: Map) -> tuple[tuple[Exact, tuple[Enclosure, ...]], ...]:
    """Real solutions of M(a) = a in closed form, each with an enclosure; empty where no short way to them exists.

    Polynomial (or rational) maps of low degree are solved by radicals after a Groebner basis, and what is short is
    kept; for other maps the origin is tried. Rigor: exact, SymPy confirms M(a) - a = 0 for each.
    Cost: tenths of a second.
    """
    if isinstance(m.rule, TanhLayer):
        origin = all(b == 0 for b in m.rule.bias)
        return ((_zeros(m), (Enclosure.exactly(0),) * m.dimension),) if origin else ()
    candidates = _polynomial_solutions(m) or [_zeros(m)]
    listed: list[tuple[Exact, tuple[Enclosure, ...]]] = []
    for state in candidates:
        enclosed = _enclosed(state)
        if enclosed is not None and _is_fixed(m, state):
            listed.append((state, enclosed))
    return tuple(listed)


def _enclosed(state: Exact) -> tuple[Enclosure, ...] | None:
    """Enclosures of a state that balls find to be real, else None."""
    with balls.precision(_BITS):
        try:
            return tuple(balls.enclosure(ball_of(e)) for e in state)
        except (ValueError, ArithmeticError):  # complex intermediate values, or no balls for it
            return None


def _zeros(m: Map) -> Exact:
    return (sp.S.Zero,) * m.dimension


def _is_fixed(m: Map, state: Exact) -> bool:
    there = dict(zip(m.states, state, strict=True))
    return all(sp.simplify(e.xreplace(there) - s) == 0 for e, s in zip(m.explicit, state, strict=True))


def _polynomial_solutions(m: Map) -> list[Exact]:
    if m.dimension > 2:
        return []
    numerators = [sp.fraction(sp.together(e - s))[0] for e, s in zip(m.explicit, m.states, strict=True)]
    if not all(p.is_polynomial(*m.states) for p in numerators):
        return []
    try:
        polynomials = [sp.Poly(p, *m.states, domain="QQ") for p in numerators]
        if max(p.total_degree() for p in polynomials) > _MAX_DEGREE:
            return []
        if m.dimension == 1:
            found = [(root,) for root in sp.roots(polynomials[0])]
        else:
            found = [tuple(s) for s in sp.solve_poly_system(polynomials, *m.states) or []]
    except (sp.PolynomialError, sp.CoercionFailed, NotImplementedError):
        return []  # coefficients that are not rational, or a system without finitely many solutions
    short = [state for state in found if sum(sp.count_ops(e) for e in state) <= _MAX_OPERATIONS]
    return [state for state in short if all(e.is_real for e in state)]
