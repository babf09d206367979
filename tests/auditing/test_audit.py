"""The theorem linter: its numbers against closed forms, its counterexamples checked again, its refusals."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import cast

import mpmath
import numpy as np
import pytest

import dynlatch as d
from dynlatch.auditing.audit import Audit
from dynlatch.auditing.entries import Entry, above, below, steps_to
from dynlatch.auditing.of_attractor import transient_growth
from dynlatch.auditing.of_cycle import cycle_tube
from dynlatch.auditing.of_map import is_odd, latches
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.theorems import Finding, statement
from dynlatch.verdict import Verdict

PROVED, REFUTED, INCONCLUSIVE = Verdict

MAPS = {
    "neuron": d.neuron(2),
    "biased": d.neuron(2, "1/10"),
    "forgetful": d.neuron("1/2"),
    "not normal": d.tanh_network([["1/2", 3], [0, "1/2"]]),
    "swap": d.tanh_network([[0, 2], [2, 0]]),
    "chained": d.tanh_network([[2, -2], [0, 2]]),
    "logistic": d.logistic(),
    "henon": d.henon(),
}


@lru_cache
def audited(name: str) -> Audit:
    return d.audit(MAPS[name])


def _holds(e: Enclosure | None, truth: mpmath.mpf, width: float) -> bool:
    assert e is not None
    lo, hi = (mpmath.mpf(v.numerator) / v.denominator for v in (e.lower, e.upper))
    return bool(lo <= truth <= hi) and e.width < width


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_the_margins_of_the_neuron_are_its_closed_forms() -> None:
    found = audited("neuron")[1]
    with mpmath.workdps(60):
        edge = mpmath.findroot(lambda a: 2 * mpmath.tanh(a) - a, 1.9)
        mu, h = 2 * mpmath.sech(edge) ** 2, mpmath.sqrt(2) - mpmath.acosh(mpmath.sqrt(2))
        gamma = -mpmath.log(mu)
        assert _holds(found.entry("Def2").margin, 1 - mu, 1e-40)
        assert _holds(found.entry("hold").margin, h, 1e-40)
        assert _holds(found.entry("trade-off").margin, 2 * h + 1 - gamma, 1e-40)  # the nearer of the two sides
        stands = found.entry("Def5'").margin
        assert stands is not None
        assert h * (1 - mpmath.mpf(10) ** -6) < mpmath.mpf(stands.lo) <= h
        noisy = mpmath.findroot(lambda a: 2 * mpmath.tanh(a) - mpmath.mpf(stands.lo) / 2 - a, 1.5)
        rate = found.entry("T4'").margin
        assert rate is not None
        assert 0 < 1 - 2 * mpmath.sech(noisy) ** 2 - mpmath.mpf(rate.lo) < 1e-9
    tube = found.entry("T3'")
    assert tube.verdict is PROVED
    assert "|u_t| <= 0.29909 " in tube.follows
    assert all(found.entry(id).verdict is PROVED for id in ("Def2", "T2'", "T3'", "Def5'", "hold", "trade-off", "T4'"))


def test_a_bias_moves_the_critical_input_of_both_latches() -> None:
    h = audited("neuron")[0].entry("hold").margin
    assert h is not None
    for found, change in zip(audited("biased"), ("-1/10", "1/10"), strict=True):
        margin = found.entry("hold").margin
        assert margin is not None
        assert margin.overlaps(Enclosure(h.lower + Fraction(change), h.upper + Fraction(change)))
        with pytest.raises(d.InputError, match="says nothing of 'trade-off'"):
            found.entry("trade-off")


def test_where_the_readings_differ_the_transient_growth_is_said() -> None:
    """M' = [[1/2, 3], [0, 1/2]] at 0: M'^4 has norm 1.503 and M'^5 has 0.938."""
    found = audited("not normal")[0]
    by_norm, by_radius = found.entry("Def2", "norm"), found.entry("Def2", "spectral")
    assert (by_norm.verdict, by_radius.verdict) == (REFUTED, PROVED)
    assert "3.081-fold (t = 1) before they shrink, all of them at t = 5" in by_norm.follows
    assert by_radius.margin is not None
    assert Fraction(1, 2) in by_radius.margin
    assert found.entry("T3'").verdict is REFUTED
    assert found.entry("Def5'").verdict is found.entry("T4'").verdict is PROVED


def test_transient_growth_is_the_largest_power() -> None:
    """For [[0, c], [0, 0]] it is c; where the powers do not shrink nothing is said."""

    def growth(rows: list[list[Fraction]]) -> object:
        with balls.precision(128):
            found = transient_growth([[[balls.ball(v) for v in row] for row in rows]], 2)
        return None if found is None else (float(found.peak.mid()), found.when, found.until)

    zero = Fraction(0)
    assert growth([[zero, Fraction(10)], [zero, zero]]) == (10.0, 1, 2)
    assert growth([[Fraction(1, 2), zero], [zero, Fraction(1, 3)]]) == (1.0, 0, 1)
    assert growth([[Fraction(1), Fraction(1)], [zero, Fraction(1)]]) is None
    assert growth([[Fraction(1)]]) is None


def test_the_tube_of_a_cycle_holds_and_is_no_box_of_luck() -> None:
    """d_1 >= lambda_0 d_0 + b and d_0 >= lambda_1 d_1 + b with lambda_i = sup |r (1 - 2 x)|, and noisy orbits stay."""
    (found,) = audited("logistic")
    point = found.attractor.point
    assert point is not None
    tube = cycle_tube(MAPS["logistic"], point, 2)
    assert tube is not None
    r = Fraction(16, 5)
    for i in range(2):
        (x,) = point.orbit[i]
        exact = max(abs(r * (1 - 2 * (x.lower - tube.radii[i]))), abs(r * (1 - 2 * (x.upper + tube.radii[i]))))
        assert exact <= tube.rates[i] <= exact + Fraction(1, 10**6)
        assert tube.radii[1 - i] >= tube.rates[i] * tube.radii[i] + tube.noise
    assert tube.rate < 1
    assert below(tube.noise) in found.entry("T3'").follows
    rng, a = np.random.default_rng(0), np.full(500, float(point.orbit[0][0]))
    for t in range(1, 400):
        a = 3.2 * a * (1 - a) + float(tube.noise) * rng.choice([-1.0, 1.0], size=a.size)
        assert np.max(np.abs(a - float(point.orbit[t % 2][0]))) <= float(tube.radii[t % 2]) + 1e-12
    assert found.entry("Def2").verdict is REFUTED
    assert found.entry("subsample'").margin is not None
    assert abs(float(found.entry("subsample'").margin or 0) - 0.84) < 1e-12  # the multiplier is 4 + 2 r - r^2
    constant, rate = tube.decay()
    assert rate**2 >= float(tube.rate) * (1 - 1e-15)
    assert constant >= max(1.0, float(max(tube.rates)) / rate) * (1 - 1e-15)


def test_shown_bounds_are_bounds() -> None:
    for value in (Fraction(1, 3), Fraction(2, 3) + Fraction(1, 10**30), -Fraction(22, 7), 0.1, 1e-300):
        assert Fraction(below(value)) <= Fraction(value) <= Fraction(above(value))
        assert Fraction(above(value)) - Fraction(below(value)) <= abs(Fraction(value)) / 10**4
    assert (below(0.5), above(0.5)) == ("0.5", "0.5")
    assert steps_to(1.0, 0.5) == 10
    assert steps_to(1.0, 0.1) in (3, 4)


# --- what misleads ----------------------------------------------------------------------------------------------------

EXPECTED = {
    "neuron": {"T1-growth", "T2", "T3", "T4"},
    "biased": {"T1-growth", "T3"},
    "forgetful": set[str](),
    "not normal": {"T3 spectral"},
    "swap": {"Def2 spectral", "T1-growth", "T3 norm", "T3 spectral", "T4 spectral"},
    "chained": {"Def5 norm", "Def5 spectral", "T1-growth", "T3 spectral"},
    "logistic": set[str](),
    "henon": set[str](),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_misleads_is_known_and_is_refuted_again_by_the_statement(name: str) -> None:
    found = audited(name).misleading
    assert {f"{e.statement} {e.reading}".removesuffix("both").strip() for e in found} == EXPECTED[name]
    for e in found:
        assert e.printed
        assert e.verdict is REFUTED
        reading = "norm" if e.reading == "both" else e.reading
        if e.case is None:
            assert (name, e.statement) in {("neuron", "T2"), ("neuron", "T4")}
        else:
            assert e.case.map == MAPS[name]
            assert statement(e.statement, reading).check(e.case).verdict is REFUTED


def test_a_printed_statement_that_says_nothing_is_not_called_misleading() -> None:
    """|M'| >= 1 at the attractor: the theorems under the norm do not speak of it."""
    found = audited("not normal")[0]
    for id in ("Def5", "T3", "T4"):
        entry = found.entry(id, "norm")
        assert (entry.verdict, entry.misleads) == (INCONCLUSIVE, False)
        assert "not hyperbolic in this reading" in entry.follows
        assert entry in found.silent
    assert not Entry("T3", "norm", Finding("x", REFUTED), "").misleads
    assert Entry("T3", "norm", Finding("x", REFUTED), "", printed=True).misleads
    assert not Entry("T3", "norm", Finding("x", PROVED), "", printed=True).misleads


# --- the whole map ----------------------------------------------------------------------------------------------------


def _about(found: Audit, id: str) -> Entry:
    return next(e for e in found.about_map if e.statement == id)


def test_what_weights_alone_rule_out() -> None:
    assert _about(audited("neuron"), "symmetric").verdict is PROVED
    assert _about(audited("not normal"), "symmetric").verdict is REFUTED
    assert _about(audited("swap"), "symmetric").verdict is REFUTED  # symmetric, but an eigenvalue is -2
    assert _about(audited("forgetful"), "unit-norm").verdict is PROVED
    assert _about(audited("not normal"), "unit-norm'").verdict is PROVED
    assert _about(audited("neuron"), "unit-norm").verdict is REFUTED
    assert "one attractor only" in audited("not normal").summary[0]


def test_an_odd_map_has_its_attractors_in_pairs() -> None:
    found = audited("swap")
    assert [a.mirrors for a in found] == [None, 0, None]  # the cycle is its own mirror image
    assert found[1].entries == found[0].entries
    assert is_odd(d.neuron(2))
    assert is_odd(d.cubic())
    assert not is_odd(d.neuron(2, "1/10"))
    assert not is_odd(d.logistic())
    assert [a.mirrors for a in audited("biased")] == [None, None]


def test_the_edge_of_latching_is_not_decided() -> None:
    """w = 1, the pitchfork: 0 attracts, but nothing certified says so."""
    found = d.audit(d.neuron(1))
    assert len(found) == 0
    assert _about(found, "Def2").verdict is INCONCLUSIVE
    assert "bifurcation" in _about(found, "Def2").follows
    assert not found.misleading
    assert "nothing" in found.summary[0]
    assert [latches(d.neuron(w)) for w in (2, 1, -2)] == [True, False, False]


def test_a_map_without_a_certified_attractor_says_so() -> None:
    found = audited("henon")
    assert len(found) == 0
    assert [e.verdict for e in found.about_map] == [INCONCLUSIVE, INCONCLUSIVE, REFUTED]
    assert "1 recurrent set" in found.summary[0]


# --- arguments --------------------------------------------------------------------------------------------------------


def test_one_attractor_by_number_or_as_a_point() -> None:
    m = MAPS["biased"]
    upper = d.fixed_points(m)[2]
    for chosen in (1, upper):
        found = d.audit(m, chosen, noise="1/5", norm="inf")
        assert [a.number for a in found] == [1]
        assert found.noise == Fraction(1, 5)
        assert found[0].decay is not None
        assert found[0].decay.noise == Fraction(1, 5)


def test_noise_beyond_the_tolerance_is_not_bounded() -> None:
    entry = d.audit(MAPS["neuron"], 0, noise="3/5")[0].entry("T4'")
    assert entry.verdict is INCONCLUSIVE
    assert entry.finding.how == "this noise can drive the state out"
    cycle = d.audit(MAPS["logistic"], noise="1/10")[0]
    assert cycle.entry("T3'").verdict is PROVED
    assert cycle.entry("T4'").verdict is INCONCLUSIVE


def test_equal_seeds_give_equal_audits() -> None:
    first, second = (repr(d.audit(MAPS["neuron"], 0, seed=5)) for _ in range(2))
    assert first == second
    assert all(len(line) <= 120 for line in first.splitlines()[4:])


def test_bad_input_is_refused_in_one_line() -> None:
    m = MAPS["neuron"]
    saddle = d.fixed_points(m)[1]
    five = d.tanh_network([[2 * (i == j) for j in range(5)] for i in range(5)])
    for call, said in (
        (lambda: d.audit(m, 2), "attractor=2 is not the number of a certified attractor of neuron; choose: 0, 1"),
        (lambda: d.audit(m, True), "choose: 0, 1"),
        (lambda: d.audit(m, saddle), "this repelling fixed point is no certified attractor"),
        (lambda: d.audit(MAPS["henon"], 0), "choose: none"),
        (lambda: d.audit(m, noise="-1"), "noise=-1 is negative"),
        (lambda: d.audit(m, noise="x"), "noise='x'"),
        (lambda: d.audit(m, noise="1e400"), "noise=1e400 is larger than every float"),
        (lambda: d.audit(m, seed=-1), "seed=-1 must be an integer that is not negative"),
        (lambda: d.audit(m, cast("int", "0")), "attractor='0' is not the number"),
        (lambda: d.audit(cast("d.Map", "neuron")), "'neuron' is no map"),
        (lambda: d.audit(m, norm=1), "norm='1' is no norm for noise"),
        (lambda: d.audit(five), "has 5 states but cells cover at most 4"),
    ):
        with pytest.raises(d.InputError) as error:
            call()
        assert said in str(error.value)
        assert "\n" not in str(error.value)
