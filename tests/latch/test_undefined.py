"""A formula of M' may be smooth where M has a pole, a jump or no value: nothing may be proved across that."""

from __future__ import annotations

import pytest
import sympy as sp

import dynlatch as d
from dynlatch.maps.definition import Formulas, Map, exact_box
from dynlatch.maps.grammar import parse_expression
from dynlatch.regions.attractors import find_attractors
from dynlatch.verdict import Verdict


def map_of(text: str, lo: float, hi: float) -> Map:
    x = sp.Symbol("x", real=True)
    return Map("t", (x,), Formulas((parse_expression(text, {"x": x}, where="t"),)), (), exact_box((lo, hi), 1))


JUMPS = map_of("-9/10*atan(tan(x)) + 7/5", -4, 4)
"""M' = -9/10 as a formula; the two attracting fixed points 0.737 and 2.225 lie on two sides of a jump."""


def test_completeness_is_not_claimed_across_a_jump() -> None:
    found = d.fixed_points(JUMPS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert {round(float(p.state[0]), 3) for p in found} >= {0.737, 2.225}
    assert any(c.box[0][0] < sp.pi.evalf() / 2 < c.box[0][1] for c in found.undecided)


@pytest.mark.parametrize(
    ("text", "lo", "hi", "ghost"),
    [
        ("log(3*x) - log(x) - log(3) + x/7", -1, 13, 0.0),
        ("asin(x) + acos(x) - pi/2 + x/3 - 2/3 - 1/10**60", -1, 2, -1.0),
    ],
)
def test_no_point_is_proved_where_the_map_has_no_value(text: str, lo: float, hi: float, ghost: float) -> None:
    found = d.fixed_points(map_of(text, lo, hi))
    assert all(abs(float(p.state[0]) - ghost) > 1e-6 for p in found)
    assert found.verdict is Verdict.INCONCLUSIVE


def test_no_trapping_region_reaches_across() -> None:
    for attractor in find_attractors(JUMPS, JUMPS.domain).listed:
        for trap in attractor.traps:
            low, high = trap.centre[0] - trap.radius, trap.centre[0] + trap.radius
            assert not low < float(sp.pi / 2) < high
            assert not low < float(-sp.pi / 2) < high
    partial = map_of("asin(x) + acos(x) + x/2 - 3/2", -5, 5)
    for attractor in find_attractors(partial, partial.domain).listed:
        assert all(abs(trap.centre[0]) + trap.radius <= 1 for trap in attractor.traps)


@pytest.mark.parametrize(
    "text", ["-9/10*atan(tan(x)) + 7/5", "asin(x) + acos(x) + x/2", "log(2*x) - log(x) + x/2 - 1/2", "x*(1 + 1/x)/2"]
)
def test_no_contraction_is_proved_across(text: str) -> None:
    bound = d.contraction_bound(map_of(text, -4, 4))
    assert bound.verdict is Verdict.INCONCLUSIVE
    assert bound.contracting is not Verdict.PROVED


@pytest.mark.parametrize("w", ["1000000", "1e300"])
def test_multipliers_too_small_to_write_out_are_enclosed_all_the_same(w: str) -> None:
    found = d.fixed_points(d.neuron(w))
    assert [str(p.stability) for p in found] == ["attracting", "repelling", "attracting"]
    assert found[0].multipliers[0].modulus.upper > 0
