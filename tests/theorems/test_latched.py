"""What Definition 5 asks of a state, and the boxes that hold all that becomes of a trapped one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dynlatch import Verdict, logistic, neuron, tanh_network
from dynlatch.rigor import balls
from dynlatch.theorems import case
from dynlatch.theorems.cases import exact_state, free_orbit
from dynlatch.theorems.latched import hyperbolic, later_box, one_of_several, trapped

SHEAR = tanh_network([["1/2", 3], [0, "1/2"]])


@pytest.mark.parametrize(
    ("m", "start", "reading", "verdict"),
    [
        (neuron(2), [1], "norm", Verdict.PROVED),
        (neuron(2), [0], "norm", Verdict.INCONCLUSIVE),  # the origin converges to no attractor
        (SHEAR, ["1/10", "1/10"], "norm", Verdict.REFUTED),
        (SHEAR, ["1/10", "1/10"], "spectral", Verdict.PROVED),
    ],
)
def test_hyperbolic_in_each_reading(m, start, reading, verdict) -> None:
    with balls.precision(128):
        assert hyperbolic(m, exact_state(case(m, start).start), reading).verdict is verdict


def test_one_of_several_counts_hyperbolic_attractors() -> None:
    with balls.precision(128):
        assert one_of_several(neuron(2), exact_state((Fraction(1),)), "norm").holds
        assert not one_of_several(logistic(2), exact_state((Fraction(1, 3),)), "norm").holds  # there is one
        assert not one_of_several(neuron(2), exact_state((Fraction(0),)), "norm").holds


@pytest.mark.parametrize(("m", "start"), [(neuron(2), [2]), (SHEAR, ["1/10", "-1/20"])])
def test_the_later_states_lie_in_the_later_box(m, start) -> None:
    with balls.precision(128):
        orbit = free_orbit(m, case(m, start).start, 40)
        ball = trapped(m, orbit[0])
        assert ball is not None
        box = later_box(ball, [orbit[0]])
        assert all(lo <= balls.ends(v)[0] and balls.ends(v)[1] <= hi
                   for a in orbit for v, (lo, hi) in zip(a, box, strict=True))  # fmt: skip
        widths = [hi - lo for lo, hi in later_box(ball, [orbit[20]])]
        assert all(new < Fraction(hi - lo) / 100 for new, (lo, hi) in zip(widths, box, strict=True))
