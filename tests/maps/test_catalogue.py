"""The catalogued maps: defaults, agreements between them, and the augmentation of Section IV."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps.catalogue import CATALOGUE, augmented, neuron, newton, tanh_network
from dynlatch.maps.evaluators import numpy_map


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_map_is_made_from_its_defaults(name: str) -> None:
    entry = CATALOGUE[name]
    m = entry.make(**entry.parameters)
    assert m.name == name
    assert entry.summary.endswith((".", ":", ",")) or entry.summary
    middle = np.array([[float(lo + (hi - lo) * Fraction(5, 8))] for lo, hi in m.domain])
    assert np.all(np.isfinite(numpy_map(m).step(middle)))


def test_a_network_of_one_unit_is_the_neuron() -> None:
    x = np.linspace(-4, 4, 33)[None]
    one, other = numpy_map(neuron("5/4", "1/3")), numpy_map(tanh_network((("5/4",),), "1/3"))
    np.testing.assert_allclose(one.step(x), other.step(x), rtol=1e-15)
    np.testing.assert_allclose(one.jacobian(x), other.jacobian(x), rtol=1e-14)


@pytest.mark.parametrize("scale", [1, "1/4", 3])
def test_augmentation_reproduces_the_driven_trajectory(scale: int | str) -> None:
    inputs = np.random.default_rng(0).normal(size=30)
    driven, system = neuron(2), augmented(neuron(2), ["h"], scale)
    a, state = 0.3, np.array([[0.3], [0.0]])
    factor = float(Fraction(scale))
    for y in inputs:
        state[1] = y / factor  # u' = (0, y / scale) is added after the step, whose second component is 0
        a = 2 * math.tanh(a) + y
        state = numpy_map(system).step(state)
        assert state[0, 0] == pytest.approx(a, rel=1e-12)
        assert state[1, 0] == 0
    assert driven.dimension + 1 == system.dimension


def test_the_norm_of_the_augmented_slope_is_that_of_the_formula_and_scale_one_is_refuted() -> None:
    x = np.linspace(-3, 3, 61)
    slope = 2 / np.cosh(x) ** 2
    for scale in (1.0, 0.5, 0.01):
        jacobians = np.moveaxis(numpy_map(augmented(neuron(2), ["h"], scale)).jacobian(np.stack([x, 0 * x])), 2, 0)
        norms = np.linalg.norm(jacobians, ord=2, axis=(1, 2))
        np.testing.assert_allclose(norms, np.sqrt(slope**2 + scale**2), rtol=1e-12)
        limit = np.sqrt(np.maximum(1 - slope**2, 0))
        assert np.all((norms < 1) == (scale < limit))
        assert np.any(norms < 1) == (scale < 1)  # the paper's own scale 1 leaves Gamma empty


def test_newton_fixes_the_roots_exactly() -> None:
    m = newton()
    for root in ((sp.S.One, sp.S.Zero), (-sp.Rational(1, 2), sp.sqrt(3) / 2), (-sp.Rational(1, 2), -sp.sqrt(3) / 2)):
        there = dict(zip(m.states, root, strict=True))
        assert all(sp.simplify(e.xreplace(there) - r) == 0 for e, r in zip(m.explicit, root, strict=True))
        assert all(sp.simplify(e.xreplace(there)) == 0 for e in m.jacobian)


@pytest.mark.parametrize("seed", range(5))
def test_the_domain_of_a_network_holds_its_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m = tanh_network(rng.normal(size=(3, 3)) * 5, rng.normal(size=3))
    image = numpy_map(m).step(rng.normal(size=(3, 500)) * 100)
    lo, hi = (np.array([float(side[k]) for side in m.domain])[:, None] for k in (0, 1))
    assert np.all((lo < image) & (image < hi))


def test_refusals_are_one_line() -> None:
    for call in (
        lambda: tanh_network(((1, 2),)),
        lambda: tanh_network(((1,),), (1, 2)),
        lambda: tanh_network(3),
        lambda: tanh_network((("abc",),)),
        lambda: augmented(neuron(2), ["q"]),
        lambda: augmented(neuron(2), ["h"], 0),
        lambda: newton((1, 0)),
        lambda: newton((0, 1, 2)),
        lambda: neuron("abc"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert "\n" not in str(caught.value)
