"""The trade-off curve: the neuron inside the law, networks inside and outside of it, against closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

import dynlatch as d
from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import Point
from dynlatch.latch.tradeoff import TradeoffPoint, forgetting_rate, tradeoff
from dynlatch.latch.tradeoff_families import FAMILIES, coupled, feedforward, rotation, uniform
from dynlatch.latch.tradeoff_law import rate_and_critical_at
from dynlatch.maps.definition import Map
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.verdict import Verdict

BOTH = (Verdict.PROVED, Verdict.PROVED)


def sides(point: TradeoffPoint) -> tuple[Verdict, Verdict]:
    return point.lower, point.upper


def fed_critical(k: Fraction) -> mp.mpf:
    """The h* of [[2, k], [0, 0]]: the root d of d + k tanh d = h*(2), for k >= -1 the only one."""
    whole = mp.sqrt(2) - mp.acosh(mp.sqrt(2))
    low, high = mp.mpf(0), mp.mpf(3)
    for _ in range(200):
        middle = (low + high) / 2
        below = middle + mp.mpf(k.numerator) / k.denominator * mp.tanh(middle) < whole
        low, high = (middle, high) if below else (low, middle)
    return low


def test_the_neuron_s_curve_is_inside_the_law_and_is_the_closed_form() -> None:
    curve = tradeoff(d.neuron(2), ["1.001", "3/2", 2, 4, 40], parameter="w")
    assert curve.name == "neuron"
    assert curve.parameter == "w"
    excesses: list[float] = []
    for point in curve:
        truth = rate_and_critical_at(point.value)
        assert truth is not None
        assert point.rate is not None
        assert point.critical is not None
        assert point.excess is not None
        assert point.rate.overlaps(truth[0])
        assert point.critical.overlaps(truth[1])
        assert max(point.rate.width, point.critical.width, point.excess.width) < 1e-28 * (1 + float(point.value))
        assert sides(point) == BOTH
        excesses.append(float(point.excess))
    assert excesses == sorted(excesses)
    assert 0 < excesses[0] < 0.003
    assert excesses[-1] > 0.99
    assert curve.violations == ()


def test_a_constant_input_of_its_own_leaves_the_law_true() -> None:
    curve = tradeoff(d.neuron(3), ["-1", "-1/3", "1/100", "1.3"], parameter="h")
    assert [sides(p) for p in curve] == [BOTH] * 4
    whole = tradeoff(d.neuron(3), [0], parameter="h")[0]
    assert all(float(p.critical or 9) < float(whole.critical or 0) for p in curve)


def test_units_that_act_as_one_are_the_neuron() -> None:
    for point in tradeoff(uniform(3), ["1.2", 2, 3]):
        truth = rate_and_critical_at(point.value)
        assert truth is not None
        assert point.rate is not None
        assert point.critical is not None
        assert point.rate.overlaps(truth[0])
        assert point.critical.overlaps(truth[1])
        assert sides(point) == BOTH


def test_a_network_far_from_normal_breaks_both_sides() -> None:
    curve = tradeoff(feedforward(2), ["-1", "-3/4", "-1/4", 0, "1/4", "1/2", 2], parameter="k", name="fed neuron")
    neuron = rate_and_critical_at(Fraction(2))
    assert neuron is not None
    for point in curve:
        assert point.rate is not None
        assert point.critical is not None
        assert point.rate.overlaps(neuron[0])  # triangular: the multipliers are 0 and the neuron's
        with mp.workdps(60):
            truth = fed_critical(point.value)
            assert mp.mpf(point.critical.lower.numerator) / point.critical.lower.denominator <= truth
            assert truth <= mp.mpf(point.critical.upper.numerator) / point.critical.upper.denominator
            rate = mp.mpf(neuron[0].middle.numerator) / neuron[0].middle.denominator
            assert (point.lower is Verdict.REFUTED) == (rate < 2 * truth)
            assert (point.upper is Verdict.REFUTED) == (rate > 2 * truth + 1)
    assert [str(p.value) for p in curve.violations] == ["-1", "-3/4", "1/2", "2"]
    assert {p.lower for p in curve} == {p.upper for p in curve} == {Verdict.PROVED, Verdict.REFUTED}


def test_a_loss_of_stability_before_the_fold_leaves_the_law_undecided() -> None:
    (point,) = tradeoff(coupled(3), ["-1/5"])
    assert point.critical is not None
    assert point.rate is not None
    assert sides(point) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert "lost earlier" in point.reason


def test_where_there_is_no_critical_input_the_point_says_why() -> None:
    curve = tradeoff(d.neuron(2), ["1/2", 1, 2], parameter="w")
    assert [p.critical is None for p in curve] == [True, True, False]
    assert "must exceed 1" in curve[0].reason
    assert len(curve.known) == 1
    turning = tradeoff(rotation(2), ["1/5"])[0]
    assert turning.critical is None
    assert "no attracting fixed point" in turning.reason
    assert sides(turning) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)


def test_a_rotation_s_multipliers_are_measured_by_their_modulus() -> None:
    (point,) = tradeoff(rotation(2), ["1/10"])
    assert point.state is not None
    a = np.array([float(e) for e in point.state])
    cosine, sine = 0.99 / 1.01, 0.2 / 1.01
    jacobian = 2 * np.array([[cosine, -sine], [sine, cosine]]) * (1 - np.tanh(a) ** 2)
    radius = np.max(np.abs(np.linalg.eigvals(jacobian)))
    assert float(point.rate or 0) == pytest.approx(-math.log(radius), rel=1e-10)


def test_a_latch_that_forgets_at_once_has_no_rate() -> None:
    m = d.tanh_network([[0, 1], [0, 0]])
    origin = d.fixed_points(m)[0]
    assert forgetting_rate(m, origin.state) is None


def test_the_caller_s_tolerance_stands_beside_the_critical_input() -> None:
    seen: list[Point] = []

    def tolerance(m: Map, state: Point) -> Enclosure | None:
        seen.append(state)
        return Enclosure(Fraction(1, 4), Fraction(1, 2)) if m.values else None

    curve = tradeoff(d.neuron(2), [1, 2], parameter="w", tolerance=tolerance)
    assert len(seen) == 1
    assert [p.tolerance for p in curve] == [None, Enclosure(Fraction(1, 4), Fraction(1, 2))]
    assert curve.to_xarray()["tolerance_upper"].to_numpy()[1] == 0.5


def test_the_dataset_holds_every_number_and_verdict() -> None:
    curve = tradeoff(d.neuron(2), [1, 2, 3], parameter="w")
    data = curve.to_xarray()
    assert data["w"].to_numpy().tolist() == [1, 2, 3]
    assert np.isnan(data["critical"].to_numpy()[0])
    assert (data["rate_lower"] <= data["rate_upper"]).to_numpy()[1:].all()
    assert data["law_upper"].to_numpy().tolist() == ["INCONCLUSIVE", "PROVED", "PROVED"]
    assert data["critical"].to_numpy()[1] == pytest.approx(0.5328399753535520, rel=1e-15)


def test_a_direction_is_passed_on_and_checked() -> None:
    along = tradeoff(feedforward(2), [1], direction=(1, 0))[0]
    assert along.critical is not None
    assert along.critical.overlaps(rate_and_critical_at(Fraction(2))[1])  # pyright: ignore[reportOptionalSubscript]
    for direction, message in (((1,), "1 entries"), ((0, 0), "zero vector"), (("nan", 1), r"direction\[0\]")):
        with pytest.raises(InputError, match=message):
            tradeoff(feedforward(2), [1], direction=direction)


@pytest.mark.parametrize(
    ("family", "values", "parameter", "message"),
    [
        (d.neuron(2), [2], None, r"needs the name of the parameter to vary; .*it has: w, h"),
        (d.neuron(2), [2], "v", r"v: neuron has no such parameter"),
        (d.neuron(2), [], "w", r"values is empty"),
        (d.neuron(2), ["two"], "w", r"values\[0\]='two' is not a finite number"),
    ],
)
def test_bad_families_and_values_are_refused(
    family: Map, values: list[object], parameter: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        tradeoff(family, values, parameter=parameter)
    assert "\n" not in str(caught.value)


def test_the_families_of_the_study_can_all_be_made() -> None:
    for family in FAMILIES.values():
        for value in family.values:
            assert isinstance(family.make(value), Map)
    assert repr(tradeoff(d.neuron(2), [1, 2], parameter="w")) == (
        "Tradeoff of neuron (1 of 2 values of w have an h*, 0 contradict the neuron's law)"
    )
