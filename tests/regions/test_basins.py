"""Phase 2: labels against closed forms and against a plain loop, bit for bit whatever the threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import dynlatch as d
from dynlatch.maps.evaluators import compiled_map
from dynlatch.maps.toml_file import map_from_toml
from dynlatch.progress import SILENT
from dynlatch.regions import labeller
from dynlatch.regions.attractors import Attractors, find_attractors
from dynlatch.regions.basins import Basins, prepare
from dynlatch.regions.labels import FAR, Label
from dynlatch.verdict import Verdict

NETWORK = d.tanh_network([[2, "1/5"], ["1/5", "9/5"]])


def test_the_neuron_keeps_the_sign() -> None:
    found = d.basins(d.neuron(2), resolution=1001)
    centres = found.grid.centres(0)
    np.testing.assert_array_equal(found.labels[centres < 0], 0)
    np.testing.assert_array_equal(found.labels[centres > 0], 1)
    assert found.labels[500] == Label.UNDECIDED, "the middle cell stands still at the unstable fixed point 0"


@pytest.mark.parametrize("r", [1.5, 1.9])
def test_the_cubic_diverges_beyond_its_unstable_two_cycle(r: float) -> None:
    found = d.basins(d.cubic(r), resolution=3000)
    beyond = np.abs(found.grid.centres(0)) > np.sqrt(r + 1)
    np.testing.assert_array_equal(found.labels[beyond], Label.DIVERGED)
    assert np.all(found.labels[~beyond] >= 0)


def test_a_state_at_which_the_map_is_undefined_is_labelled_so() -> None:
    text = 'name = "log"\nstate = ["a"]\n[map]\na = "log(a) / 4 + 2"\n[domain]\na = [-1, 5]\n'
    found = d.basins(map_from_toml(text), resolution=600)
    centres = found.grid.centres(0)
    assert np.all(found.labels[centres < 0] == Label.UNDEFINED)
    assert np.all(found.labels[centres > 1] == 0)


def test_leaving_the_box_is_not_diverging() -> None:
    text = 'name = "drift"\nstate = ["a"]\n[map]\na = "a + 1/10"\n[domain]\na = [0, 1]\n'
    assert d.basins(map_from_toml(text), resolution=7).counts == {int(Label.LEFT_THE_BOX): 7}


def test_at_the_pitchfork_nothing_is_decided() -> None:
    found = d.basins(d.neuron(1), resolution=10)
    assert found.counts == {int(Label.OUT_OF_TIME): 10}


def test_every_cell_of_a_diverging_map_says_so() -> None:
    text = 'name = "flight"\nstate = ["a"]\n[map]\na = "2*a + 1"\n[domain]\na = [1, 2]\n'
    assert d.basins(map_from_toml(text), resolution=50).counts == {int(Label.DIVERGED): 50}


def plain_label(m: d.Map, attractors: Attractors, state: np.ndarray, max_steps: int) -> tuple[int, int]:
    """The definition of a label, one orbit at a time (points and cycles, orbits that stay in the box)."""
    for step in range(max_steps + 1):
        if step and not np.all(np.abs(state) <= FAR):
            return (Label.DIVERGED if np.any(np.abs(state) > FAR) else Label.UNDEFINED), step
        for k, attractor in enumerate(attractors.listed):
            for trap in attractor.traps:
                shape = np.array([[float(v) for v in row] for row in trap.norm.matrix])
                if np.linalg.norm(shape @ (state - np.array(trap.centre))) <= trap.radius * (1 - 1e-9):
                    return k, step
        state = compiled_map(m).step(state[:, None], threads=1)[:, 0]
    return Label.OUT_OF_TIME, max_steps


@pytest.mark.parametrize(
    "m",
    [NETWORK, d.logistic("3.2"), d.newton(), d.predator_prey(), d.tanh_network(np.diag([1.5, 2, 3]) + 0.1)],
    ids=lambda m: m.name,
)
def test_labels_and_times_are_what_a_plain_loop_gives(m: d.Map) -> None:
    found = d.basins(m, resolution=40, max_steps=300)
    flat, times = found.labels.ravel(), found.times.ravel()
    for cell in np.random.default_rng(3).choice(flat.size, size=min(flat.size, 150), replace=False):
        if flat[cell] == Label.LEFT_THE_BOX:
            continue
        label, time = plain_label(m, found.attractors, found.grid.points(int(cell), int(cell) + 1)[:, 0], 300)
        assert (flat[cell], times[cell]) == (label, time)


def same(a: Basins, b: Basins) -> bool:
    return bool(np.array_equal(a.labels, b.labels) and np.array_equal(a.times, b.times))


@pytest.mark.parametrize("m", [NETWORK, d.ikeda(), d.henon(), d.newton()], ids=lambda m: m.name)
def test_labels_are_bit_identical_for_any_threads_and_chunks(m: d.Map, monkeypatch: pytest.MonkeyPatch) -> None:
    run = prepare(m, None, 173, None, None, None, 2000, 0, SILENT)
    whole = d.basins(m, resolution=173, max_steps=2000, attractors=run.attractors, threads=1)
    assert same(whole, d.basins(m, resolution=173, max_steps=2000, attractors=run.attractors, threads=2))
    monkeypatch.setattr(labeller, "CHUNK", labeller.BLOCK)
    assert same(whole, d.basins(m, resolution=173, max_steps=2000, attractors=run.attractors, threads=3))
    odd = np.empty(173 * 173, dtype=np.int16), np.empty(173 * 173, dtype=np.int32)
    for start in range(0, 173 * 173, 1009):  # pieces that are no multiple of a block
        end = min(start + 1009, 173 * 173)
        run.label(start, end, odd[0][start:end], odd[1][start:end], threads=1)
    assert np.array_equal(odd[0], whole.labels.ravel())
    assert np.array_equal(odd[1], whole.times.ravel())


def test_symmetry_of_the_map_is_symmetry_of_the_labels() -> None:
    found = d.basins(NETWORK, resolution=100)
    last = len(found.attractors) - 1
    np.testing.assert_array_equal(found.labels, last - found.labels[::-1, ::-1])


def test_orbits_that_never_settle_run_out_of_time_beside_others_that_end() -> None:
    text = 'name = "turn"\nstate = ["x", "y"]\n[map]\nx = "cos(1)*x - sin(1)*y"\ny = "sin(1)*x + cos(1)*y"\n'
    found = d.basins(map_from_toml(text + "[domain]\nx = [-1, 1]\ny = [-1, 1]\n"), resolution=24, max_steps=150)
    late = found.labels == Label.OUT_OF_TIME
    assert 0 < np.count_nonzero(late) < late.size
    assert np.all(found.times[late] == 150)
    assert np.all(found.times[~late] < 150)


def test_an_attractor_without_a_certified_region_captures_at_a_small_distance() -> None:
    m = d.neuron(2)
    found = find_attractors(m, m.domain)
    bare = replace(found, listed=tuple(replace(a, traps=(), verdict=Verdict.INCONCLUSIVE) for a in found.listed))
    with_regions, without = (d.basins(m, resolution=100, attractors=a) for a in (found, bare))
    np.testing.assert_array_equal(with_regions.labels, without.labels)
    assert np.all(without.times > with_regions.times)


def test_a_slice_of_many_units() -> None:
    m = d.tanh_network(np.diag([2.0] * 6) + 0.01)
    found = d.basins(m, resolution=20, axes=["a2", "a5"], at={"a1": 1, "a3": 1, "a4": 1, "a6": -1})
    assert found.labels.shape == (20, 20)
    assert len(found.counts) == 4, "the two gridded signs are free, the others are held"


def test_xarray_opens_what_was_labelled() -> None:
    dataset = d.basins(NETWORK, resolution=8).to_xarray()
    assert dict(dataset.sizes) == {"a1": 8, "a2": 8}
    assert "diverged" in dataset.attrs["labels"]


@pytest.mark.parametrize("steps", [0, -1, True, 2**40])
def test_bad_step_counts_are_refused(steps: int) -> None:
    with pytest.raises(d.InputError, match="max_steps"):
        d.basins(NETWORK, resolution=4, max_steps=steps)


@pytest.mark.parametrize(
    ("home", "call"),
    [
        ("regions.basins", lambda m, none: d.basins(m, resolution=20, attractors=none)),
        ("cells.certified", lambda m, none: d.certified_basins(m, depth=3, attractors=none)),
        ("cells.certified_gamma", lambda m, none: d.certified_reduced_set(m, depth=3, attractors=none)),
    ],
)
def test_no_attractors_are_an_answer_that_is_not_asked_for_again(
    home: str, call: Callable[[d.Map, Attractors], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = d.neuron(1)
    none = find_attractors(m, m.domain)
    assert len(none) == 0
    monkeypatch.setattr(f"dynlatch.{home}.find_attractors", lambda *_, **__: pytest.fail("searched again"))
    call(m, none)
