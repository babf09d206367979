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

Exact = tuple[sp.Expr, ...]


@lru_cache(maxsize=64)
def exact_fixed_points(m: Map) -> tuple[tuple[Exact, tuple[Enclosure, ...]], ...]:
    """Real solutions of M(a) = a in closed form, each with an enclosure; empty where no short way to them exists.

    Polynomial (or rational) maps of low degree are solved by radicals after a Groebner basis; for other maps the
    origin is tried. Rigor: exact, SymPy confirms M(a) - a = 0 for each. Cost: tenths of a second.
    """
    if isinstance(m.rule, TanhLayer):
        origin = all(b == 0 for b in m.rule.bias)
        return ((_zeros(m), (Enclosure.exactly(0),) * m.dimension),) if origin else ()
    candidates = _polynomial_solutions(m) or [_zeros(m)]
    listed: list[tuple[Exact, tuple[Enclosure, ...]]] = []
    for state in candidates:
        if _is_fixed(m, state):
            with balls.precision(_BITS):
                enclosed = tuple(balls.enclosure(ball_of(e)) for e in state)
            listed.append((state, enclosed))
    return tuple(listed)


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
        return []
    return [state for state in found if all(e.is_real for e in state)]
