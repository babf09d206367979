"""The whole walk: every part is there, agrees with the others, and says what it does not know."""

from __future__ import annotations

import math

import numpy as np
import pytest
from analysed_maps import analysed

import dynlatch as d
from dynlatch.latch.fixed_points import Stability
from dynlatch.verdict import Verdict


def test_the_neuron_s_story_hangs_together() -> None:
    story = d.analyze(d.neuron(2), resolution=500)
    assert [p.stability for p in story.fixed_points] == [
        Stability.ATTRACTING, Stability.REPELLING, Stability.ATTRACTING,
    ]  # fmt: skip
    assert story.critical_input is not None
    assert story.critical_input.value is not None
    assert math.sqrt(2) - math.acosh(math.sqrt(2)) == pytest.approx(float(story.critical_input.value), abs=1e-15)
    assert story.basins.fractions == {0: 0.5, 1: 0.5}
    assert story.contraction.value is not None
    assert float(story.contraction.value) == 2
    for item in story.decays:
        certified = item.decay.certified_rate
        assert certified is not None
        low, high = item.decay.rate_interval
        assert low <= float(certified) <= high
    assert dict(story.versions)["dynlatch"] == d.__version__


def test_at_the_pitchfork_the_story_says_that_it_is_undecided() -> None:
    story = d.analyze(d.neuron(1), resolution=10)
    assert story.fixed_points.verdict is Verdict.INCONCLUSIVE
    (cluster,) = story.fixed_points.undecided
    assert cluster.box[0][0] < 0 < cluster.box[0][1]
    assert len(story.attractors) == 0
    assert story.critical_input is None
    assert "w=1" in story.critical_note
    assert story.decays[0].attractor is None


def test_a_network_beyond_branch_and_prune() -> None:
    weights = np.random.default_rng(5).normal(size=(8, 8)) * 0.6
    story = d.analyze(d.tanh_network(weights), resolution=15)
    assert story.basins.labels.shape == (15, 15)
    assert story.fixed_points.verdict is Verdict.INCONCLUSIVE, "a sample is not a proof of completeness"
    assert story.cycles == ()


@pytest.mark.parametrize("name", ["logistic", "henon", "cubic", "ikeda", "newton", "predator_prey"])
def test_every_classic_goes_through(name: str) -> None:
    story = analysed(name)
    assert sum(story.basins.counts.values()) == story.basins.grid.num_cells
    assert len(story.derivation.lines) > 3


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = (d.analyze(d.henon(), resolution=30, seed=4, proofs=False) for _ in range(2))
    assert first.basins.counts == second.basins.counts
    assert [repr(a) for a in first.attractors.listed] == [repr(a) for a in second.attractors.listed]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_period": 0}, "max_period"),
        ({"steps": 0}, "steps"),
        ({"resolution": 0}, "resolution"),
        ({"box": 7}, "box"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(d.InputError, match=words):
        d.analyze(d.neuron(2), **arguments)
