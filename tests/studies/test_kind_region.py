"""Regions of a family of maps: what is in closed form comes out, in every cell, once."""

from __future__ import annotations

import math

import pytest
from scipy.optimize import brentq

from dynlatch.errors import InputError
from dynlatch.studies.cell import Cell
from dynlatch.studies.kind_region import Region
from dynlatch.studies.kinds import kind_of
from dynlatch.studies.study import study_from_toml

HEAD = 'name = "s"\ntrials = 1\n[[grid]]\nkind = "region"\n'


def region(name: str, **given: object) -> Cell:
    usual = kind_of("region").usual({"map": name})
    return Cell.of("region", usual | given)  # type: ignore


def critical(w: float) -> float:
    return math.sqrt(w * (w - 1)) - math.acosh(math.sqrt(w))


def latched(w: float, h: float = 0.0) -> float:
    return brentq(lambda a: w * math.tanh(a) + h - a, math.acosh(math.sqrt(w)), w + 1)


def slope(w: float, a: float) -> float:
    return w / math.cosh(a) ** 2


def test_the_neuron_has_its_closed_forms() -> None:
    w, half = 2.0, 0.5
    (found,) = Region().run(region("neuron", w=w, samples=4000), 0, [0])
    h = critical(w)
    assert found["critical_input"] <= h <= found["critical_input_upper"]  # type: ignore
    assert found["critical_input_upper"] - found["critical_input"] < 1e-12  # type: ignore
    assert h - 1e-9 < found["tolerance"] <= h <= found["tolerance_upper"] < h + 1e-5  # type: ignore
    assert found["forgetting_rate"] == pytest.approx(-math.log(slope(w, latched(w))), rel=1e-12)
    bound = -math.log(slope(w, latched(w, -half * h)))  # at the larger root of a = w tanh(a) - b
    assert bound - 1e-6 < found["forgetting_bound"] <= bound + 1e-12  # type: ignore
    share = 1.0 - math.acosh(math.sqrt(w)) / 4.0  # Gamma is |a| > arcosh(sqrt w)
    for reading in ("spectral", "norm", "uniform"):
        assert found[f"gamma_{reading}"] == pytest.approx(share, abs=2 / 4000)
    assert (found["latches"], found["verdict"]) == (2, "PROVED")


def test_a_constant_input_adds_to_what_the_latch_on_its_side_stands() -> None:
    (found,) = Region().run(region("neuron", w=2.0, h=0.05, samples=100), 0, [0])
    for name in ("tolerance", "critical_input"):
        assert found[name] == pytest.approx(critical(2.0) + 0.05, rel=1e-6)
    assert found["forgetting_rate"] == pytest.approx(-math.log(slope(2.0, latched(2.0, 0.05))), rel=1e-12)


def test_coupling_adds_to_the_weight_of_units_that_are_latched_alike() -> None:
    (found,) = Region().run(region("network", w=1.5, coupling=0.5, samples=400), 0, [0])
    assert found["tolerance"] == pytest.approx(critical(2.0), rel=1e-6)
    assert found["critical_input"] == pytest.approx(critical(2.0), rel=1e-12)
    assert found["forgetting_rate"] == pytest.approx(-math.log(slope(2.0, latched(2.0))), rel=1e-12)
    assert critical(1.5) < 0.5 * found["tolerance"]  # type: ignore  # were the coupling left out


def test_what_there_is_not_is_none() -> None:
    (found,) = Region().run(region("neuron", w=1.1, h=0.05, samples=100), 0, [0])
    assert found["latches"] == 1
    assert found["critical_input"] is None  # the input is beyond h* = 0.0205
    (none,) = Region().run(region("logistic", r=3.2, samples=100), 0, [0])  # a cycle
    assert (none["latches"], none["tolerance"], none["verdict"]) == (0, None, "INCONCLUSIVE")


def test_more_than_one_trial_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"trial 3 of a region cell: nothing in it is random.*write trials = 1"):
        Region().run(region("neuron"), 0, [0, 3])


def test_decimals_are_what_is_written() -> None:
    cells = study_from_toml(HEAD + 'map = ["neuron", "network", "cubic"]\nw = [1.2, 2]\n[grid.set]\nr = [1.25]\n').cells
    assert [(c["map"], dict(c.settings).get("w"), dict(c.settings).get("r")) for c in cells] == [
        ("neuron", 1.2, None), ("neuron", 2.0, None), ("network", 1.2, None), ("network", 2.0, None),
        ("cubic", None, 1.25),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('map = "neuro"\n', 5, "did you mean neuron?"),
        ('map = "newton"\n', 5, "unknown map"),  # its parameters are no numbers
        ('map = "network"\nn = [2, 5]\n', 6, "n=5 must be from 1 to 4"),
        ('map = "neuron"\nn = 2\n', 6, "nothing in this grid has such a setting"),
        ('map = "neuron"\nshare = 1.0\n', 6, "less than 1"),
        ('map = "neuron"\nnorm = "1"\n', 6, "give inf or 2"),
        ('map = "neuron"\nreach = -1\n', 6, "must not be negative"),
        ('map = "neuron"\nsamples = 3\n', 6, "from 16"),
        ('map = "neuron"\n[grid.set]\nmax_cells = -1\n', 7, "must not be negative"),
    ],
)
def test_refusals_name_the_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        study_from_toml(HEAD + text)
    assert f"line {line}:" in str(caught.value)
    assert said in str(caught.value)


def test_a_study_of_many_trials_is_refused_before_it_runs() -> None:
    with pytest.raises(InputError, match=r"line 2: trials: 9 is too many: nothing .* is random.*trials = 1"):
        study_from_toml(HEAD.replace("trials = 1", "trials = 9") + 'map = "neuron"\nw = 2.0\n')
