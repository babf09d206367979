"""Ensembles of neurons: against the exact survival of one, against votes, against the mean field of very many."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from dynlatch.errors import InputError
from dynlatch.noise.ensembles import Ensemble, ends, worst_case
from dynlatch.noise.survival import survival
from dynlatch.noise.transfer import Gaussian, Uniform
from dynlatch.seeds import rng_for
from dynlatch.studies.cell import Cell
from dynlatch.studies.kind_redundancy import Orbits, Redundancy, follow
from dynlatch.studies.kinds import kind_of
from dynlatch.studies.study import study_from_toml

HEAD = 'name = "s"\ntrials = 1\n[[grid]]\nkind = "redundancy"\n'
SIGMAS = 5.0


def cell(**given: object) -> Cell:
    return Cell.of("redundancy", kind_of("redundancy").usual({}) | given)  # type: ignore


def orbits(e: Ensemble, noise: Gaussian | Uniform, steps: int, paths: int, seed: int = 0) -> Orbits:
    return follow(e, noise, steps, paths, [rng_for(seed, "test", unit) for unit in range(e.n)])


def near(count: int, total: int, chance: float) -> bool:
    return abs(count - total * chance) <= SIGMAS * math.sqrt(total * chance * (1.0 - chance)) + 1e-9


# --- sampled ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [Gaussian(0.25), Uniform(0.9)], ids=["gaussian", "uniform"])
def test_one_neuron_survives_as_the_transfer_operator_says(noise: Gaussian | Uniform) -> None:
    e, steps, paths = Ensemble(1, 1.5, 1.0), 20, 20_000
    exact, found = survival(1.5, noise, e.latched, steps), orbits(e, noise, steps, paths)
    assert near(int(found.kept.sum()), paths, float(exact.survived[-1]))
    assert near(int(found.right.sum()), paths, float(exact.right[-1]))
    assert not near(int(found.kept.sum()), paths, float(exact.survived[-2]))  # one step fewer is told apart


def test_neurons_apart_are_right_as_often_as_one_and_vote_as_coins_do() -> None:
    n, paths, steps, noise = 5, 4000, 10, Gaussian(0.25)
    e = Ensemble(n, 1.5, 0.0)
    chance = float(survival(1.5, noise, e.latched, steps).right[-1])
    found = orbits(e, noise, steps, paths)
    assert near(int((found.states >= 0).sum()), n * paths, chance)
    majority = int(((found.states >= 0).sum(axis=0) > n // 2).sum())
    assert near(majority, paths, float(binom.sf(n // 2, n, chance)))
    coupled = orbits(Ensemble(n, 1.5, 1.0), noise, steps, paths)
    assert not near(int((coupled.states >= 0).sum()), n * paths, chance)  # the test can tell


def test_very_many_neurons_follow_their_mean_field() -> None:
    n, w, deviation, steps = 1500, 1.5, 0.5, 40
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    weights /= weights.sum()
    e = Ensemble(n, w, 1.0)
    m, log = math.tanh(e.latched), math.log(w / math.cosh(e.latched) ** 2)  # the first state has met no noise
    for _ in range(steps - 1):
        met = w * m + deviation * points
        m, log = float(weights @ np.tanh(met)), log + math.log(w * float(weights @ (1.0 / np.cosh(met) ** 2)))
    found = orbits(e, Gaussian(deviation**2), steps, 20)
    assert float(np.tanh(found.states).mean()) == pytest.approx(m, abs=0.01)
    assert float(found.log_gradient.mean()) == pytest.approx(log, abs=0.2)
    assert found.kept.all()
    one = orbits(Ensemble(1, w, 1.0), Gaussian(deviation**2), steps, 2000)
    assert float(one.log_gradient.mean()) < log - 2.0  # the test can tell


def test_the_gradient_is_the_product_of_jacobians() -> None:
    e, noise, steps = Ensemble(3, 2.0, 0.4), Gaussian(0.3), 7
    found = orbits(e, noise, steps, 1)
    streams = [rng_for(0, "test", unit) for unit in range(e.n)]
    a, product, W = np.full(3, e.latched), np.eye(3), e.matrix()
    for _ in range(steps):
        product = W @ np.diag(1.0 / np.cosh(a) ** 2) @ product
        a = W @ np.tanh(a) + np.array([noise.draw(rng, 1)[0] for rng in streams])
    assert found.states[:, 0] == pytest.approx(a, rel=1e-12)
    assert found.log_gradient[0] == pytest.approx(math.log(np.linalg.norm(product, np.inf)), rel=1e-12)


def test_a_trial_is_the_same_in_any_company_and_units_meet_the_same_noise() -> None:
    kind = Redundancy()
    whole = kind.run(cell(n=3, paths=50, T=9), 5, [0, 1, 2])
    assert kind.run(cell(n=3, paths=50, T=9), 5, [2, 1]) == [whole[2], whole[1]]
    assert whole[0] != whole[1]
    alone, three = (
        follow(Ensemble(n, 1.5, 0.0), Gaussian(0.2), 9, 50, [rng_for(0, "x", k) for k in range(n)]) for n in (1, 3)
    )
    assert np.array_equal(alone.states[0], three.states[0])


@pytest.mark.parametrize("noise", ["gaussian", "uniform"])
def test_settings_mean_a_standard_deviation(noise: str) -> None:
    deviation, steps = 0.5, 12
    law = Gaussian(deviation**2) if noise == "gaussian" else Uniform(deviation * 3**0.5)
    e = Ensemble(1, 1.5, 1.0)
    chance = float(survival(1.5, law, e.latched, steps).survived[-1])
    asked = cell(noise=noise, deviation=deviation, T=steps, paths=500)
    kept = sum(int(row["kept"]) for row in Redundancy().run(asked, 1, range(8)))  # type: ignore
    assert near(kept, 4000, chance)


# --- for certain ------------------------------------------------------------------------------------------------------


def attacked(e: Ensemble, size: float, two: bool) -> bool:
    """Whether a simple attack takes the mean output below 0: equal inputs, or one unit after another."""
    state = np.full((e.n, 1), e.latched)
    for _ in range(400):
        state = e.mixed(np.tanh(state)) - (size / math.sqrt(e.n) if two else size)
    if np.tanh(state).mean() < 0:
        return True
    state = np.full((e.n, 1), e.latched)
    for unit in range(e.n):
        for _ in range(400):
            state = e.mixed(np.tanh(state))
            state[unit] -= size
    for _ in range(400):
        state = e.mixed(np.tanh(state))
    return bool(np.tanh(state).mean() < 0)


@settings(max_examples=25, deadline=None)
@given(
    n=st.sampled_from([1, 2, 3, 4, 7]),
    w=st.sampled_from([1.2, 1.5, 2.0, 3.0]),
    coupling=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
)
def test_noise_below_the_lower_bounds_never_unlatches_and_above_the_upper_ones_some_does(
    n: int, w: float, coupling: float
) -> None:  # fmt: skip
    e = Ensemble(n, w, coupling)
    worst = worst_case(e)
    (inf_low, inf_high), (two_low, two_high) = ends(worst.inf), ends(worst.two)
    assert not attacked(e, 0.98 * inf_low, two=False)
    assert attacked(e, 1.02 * inf_high, two=False)
    assert not attacked(e, 0.98 * two_low, two=True)
    assert attacked(e, 1.02 * two_high, two=True)


def test_units_that_come_back_are_not_flipped_one_by_one() -> None:
    """What would flip a unit does not last where the others take it back; only noise at many units at once does."""
    e, h = Ensemble(16, 2.0, 0.3), 0.5328399753535521
    _, high = ends(worst_case(e).two)
    assert high == pytest.approx(4.0 * h, rel=1e-12)
    assert not attacked(e, 1.0, two=True)
    assert attacked(e, 1.02 * high, two=True)
    weaker = Ensemble(16, 2.0, 0.05)  # here they stay
    _, high = ends(worst_case(weaker).two)
    assert high < h + 0.1
    assert attacked(weaker, 1.02 * high, two=True)


def test_random_signs_of_the_largest_size_do_not_unlatch() -> None:
    e = Ensemble(4, 1.5, 1.0)
    low, _ = ends(worst_case(e).two)
    rng, state = np.random.default_rng(0), np.full((4, 500), e.latched)
    for _ in range(200):
        drawn = -np.abs(rng.standard_normal(state.shape))
        state = e.mixed(np.tanh(state)) + low * drawn / np.linalg.norm(drawn, axis=0)
        assert (np.tanh(state).mean(axis=0) > 0).all()


def test_the_bounds_agree_with_the_search_of_the_library() -> None:
    from dynlatch.maps.catalogue import tanh_network
    from dynlatch.noise.tolerance import noise_tolerance
    from dynlatch.regions.attractors import find_attractors

    e = Ensemble(2, 1.5, 1.0)
    m = tanh_network([[str(v) for v in row] for row in e.matrix()])
    known = find_attractors(m, m.domain)
    k = max(range(len(known)), key=lambda j: known[j].point.values.sum())  # type: ignore
    found = noise_tolerance(m, k, 2, attractors=known, max_cells=0)
    low, high = ends(worst_case(e).two)
    assert found.upper is not None
    assert found.lower <= high + 1e-9
    assert low - 1e-9 <= found.upper


@pytest.mark.parametrize("coupling", [0.0, 0.3, 1.0])
def test_the_forgetting_rate_is_that_of_the_jacobian(coupling: float) -> None:
    e = Ensemble(5, 1.7, coupling)
    jacobian = e.matrix() / math.cosh(e.latched) ** 2
    assert float(worst_case(e).forgetting) == pytest.approx(-math.log(np.linalg.norm(jacobian, 2)), rel=1e-12)
    other = dataclasses.replace(e, n=2)
    assert worst_case(other).forgetting == worst_case(e).forgetting


def test_a_vote_stands_no_more_than_a_voter_and_a_mean_field_as_the_root_of_its_size() -> None:
    for n in (1, 4, 64):
        vote, field = worst_case(Ensemble(n, 2.0, 0.0)), worst_case(Ensemble(n, 2.0, 1.0))
        low, high = ends(vote.two)
        assert low == pytest.approx(high, rel=1e-12)
        low, high = ends(field.two)
        assert high == pytest.approx(math.sqrt(n) * float(field.inf), rel=1e-12)
        assert low == pytest.approx(float(field.inf) * max(1.0, math.sqrt(n) / 2.0), rel=1e-12)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("n = [1, 0]\n", 5, "from 1 to 4096"),
        ("w = [2, 1]\n", 5, "at or below 1"),
        ("coupling = 1.5\n", 5, "from 0 to 1"),
        ('noise = "cauchy"\n', 5, "gaussian or uniform"),
        ("deviation = 0\n", 5, "above 0"),
        ("T = 0\n", 5, "from 1"),
        ("n = 4096\nT = 1_000_000\npaths = 9999\n", 7, "take fewer"),
    ],
)
def test_refusals_name_the_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        study_from_toml(HEAD + text)
    assert f"line {line}:" in str(caught.value)
    assert said in str(caught.value)
