"""Every fixed point and cycle: closed forms, an independent dense Newton search, refusals and conjugate maps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

from dynlatch.analysis import analyze
from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import FixedPoints, Stability, fixed_points
from dynlatch.maps.catalogue import cubic, henon, logistic, neuron, newton, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.verdict import Stop, Verdict

X, Y = map(state_symbol, "xy")


def formula(*expressions: sp.Expr, box: object = (-2, 2)) -> Map:
    n = len(expressions)
    return Map("test", (X, Y)[:n], Formulas(expressions), (), exact_box(box, n))


def states(found: FixedPoints) -> np.ndarray:
    return np.array([p.values for p in found]).reshape(len(found), found.map.dimension)


def complete(found: FixedPoints) -> None:
    assert found.verdict is Verdict.PROVED
    assert found.stop is Stop.SOLVED
    assert found.undecided == ()
    for p in found:
        assert p.verdict is Verdict.PROVED
        assert all(e.width < 1e-40 for e in p.state)


@pytest.mark.parametrize("w", ["1.01", "1.1", "5/4", 2, 3, 10])
def test_the_neuron_has_its_three_points_and_multiplier(w: Any) -> None:
    found = fixed_points(neuron(w))
    complete(found)
    assert [p.stability for p in found] == [Stability.ATTRACTING, Stability.REPELLING, Stability.ATTRACTING]
    with mpmath.workdps(40):
        weight = mpmath.mpf(Fraction(w).numerator) / Fraction(w).denominator
        p = mpmath.findroot(lambda a: weight * mpmath.tanh(a) - a, mpmath.mpf(found[2].values[0]))
        mu = 2 * p / mpmath.sinh(2 * p)
        assert float(found[2].state[0]) == pytest.approx(float(p), rel=1e-15)
        assert float(found[2].multipliers[0].real) == pytest.approx(float(mu), rel=1e-14)
    assert Fraction(w) in found[1].multipliers[0].real
    assert found[0].state[0].overlaps(-found[2].state[0])


def test_closed_forms() -> None:
    two = fixed_points(logistic("3.2"), period=2)
    complete(two)
    (cycle,) = two
    r = 3.2
    root = ((r + 1) * (r - 3)) ** 0.5
    assert sorted(float(p[0]) for p in cycle.orbit) == pytest.approx([(r + 1 - root) / 2 / r, (r + 1 + root) / 2 / r])
    assert float(cycle.multipliers[0].real) == pytest.approx(-(r**2) + 2 * r + 4)
    plane = fixed_points(henon())
    complete(plane)
    expected = sorted((-0.7 + s * (0.49 + 4 * 1.4) ** 0.5) / 2.8 for s in (-1, 1))
    np.testing.assert_allclose(states(plane)[:, 0], expected, rtol=1e-14)
    assert all(p.stability is Stability.SADDLE for p in plane)
    three = fixed_points(cubic("3/2"))
    complete(three)
    np.testing.assert_allclose(states(three)[:, 0], [-(0.5**0.5), 0, 0.5**0.5], atol=1e-15)
    assert [p.expression for p in three] == [(-sp.sqrt(2) / 2,), (0,), (sp.sqrt(2) / 2,)]


def test_period_three() -> None:
    found = fixed_points(logistic("3.83"), period=3)
    complete(found)
    assert len(found) == 2
    assert {p.stability for p in found} == {Stability.ATTRACTING, Stability.REPELLING}
    assert all(len(p.orbit) == p.period == 3 for p in found)
    assert len(fixed_points(logistic("3.5"), period=3)) == 0


def dense_newton(weights: np.ndarray, bias: np.ndarray, box: Any) -> np.ndarray:
    """The fixed points that Newton's method finds from 60 x 60 starts, by NumPy alone."""
    axes = [np.linspace(float(lo), float(hi), 60) for lo, hi in box]
    a = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):
        for _ in range(60):
            t = np.tanh(a)
            jacobian = weights[None] * (1 - t**2)[:, None, :] - np.eye(2)
            residual = t @ weights.T + bias - a
            det = jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]
            dx = (jacobian[:, 1, 1] * residual[:, 0] - jacobian[:, 0, 1] * residual[:, 1]) / det
            dy = (jacobian[:, 0, 0] * residual[:, 1] - jacobian[:, 1, 0] * residual[:, 0]) / det
            a = a - np.stack([dx, dy], axis=1)
        good = np.all(np.isfinite(a), axis=1) & (np.max(np.abs(np.tanh(a) @ weights.T + bias - a), axis=1) < 1e-11)
    return np.unique(np.round(a[good], 7) + 0.0, axis=0)


@pytest.mark.parametrize("seed", range(20))
def test_random_networks_agree_with_a_dense_newton_search(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(size=(2, 2)) * 1.5, rng.normal(size=2) * (seed % 2) / 3
    m = tanh_network(weights, bias)
    found = fixed_points(m)
    complete(found)
    np.testing.assert_allclose(
        np.unique(np.round(states(found), 7) + 0.0, axis=0), dense_newton(weights, bias, m.domain)
    )


def test_bifurcations_are_inconclusive() -> None:
    found = fixed_points(neuron(1))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert len(found) == 0
    (cluster,) = found.undecided
    assert cluster.box[0][0] < 0 < cluster.box[0][1]
    assert cluster.box[0][1] - cluster.box[0][0] < 1e-5
    assert fixed_points(logistic(1)).verdict is Verdict.INCONCLUSIVE
    flip = fixed_points(logistic(3))
    complete(flip)
    assert [p.stability for p in flip] == [Stability.REPELLING, Stability.INCONCLUSIVE]


@pytest.mark.parametrize("m", [formula(X), formula(X, Y / 2)])
def test_a_continuum_is_a_cluster_and_no_point(m: Map) -> None:
    found = fixed_points(m, max_boxes=3000)
    assert len(found) == 0
    assert found.undecided
    assert found.stop is Stop.BUDGET
    assert found.verdict is Verdict.INCONCLUSIVE


def test_where_the_map_is_undefined_the_cluster_says_so() -> None:
    found = fixed_points(newton())
    assert len(found) == 3
    (cluster,) = found.undecided
    assert "undefined" in cluster.reason
    assert all(p.stability is Stability.ATTRACTING for p in found)


def test_a_nilpotent_slope_is_proved_attracting() -> None:
    found = fixed_points(tanh_network(((-4, 8), (-2, 4))))
    origin = next(p for p in found if np.all(p.values == 0))
    assert origin.stability is Stability.ATTRACTING


def test_a_quartic_takes_no_long_search_for_radicals() -> None:
    complete(fixed_points(formula(X**4 / 3 - X**3 + X / 7 + sp.Rational(1, 5))))


def test_a_fixed_point_on_the_edge_of_the_box_is_found() -> None:
    found = fixed_points(logistic("3.2"), (0, "11/16"))
    complete(found)
    np.testing.assert_allclose(states(found)[:, 0], [0, 0.6875], atol=1e-15)
    assert len(fixed_points(logistic("3.2"), ("1/10", "1/2"))) == 0


def test_permuted_and_reflected_units_move_the_fixed_points_and_keep_their_kind() -> None:
    rng = np.random.default_rng(4)
    weights, bias = rng.normal(size=(3, 3)) * 1.4, rng.normal(size=3) / 4
    order, signs = [2, 0, 1], np.array([1.0, -1.0, -1.0])
    base = fixed_points(tanh_network(weights, bias))
    complete(base)
    moved = fixed_points(tanh_network((signs[:, None] * weights * signs)[np.ix_(order, order)], (signs * bias)[order]))
    complete(moved)
    expected = sorted((tuple(np.round((signs * p.values)[order], 9) + 0.0), str(p.stability)) for p in base)
    assert sorted((tuple(np.round(p.values, 9) + 0.0), str(p.stability)) for p in moved) == expected


def test_four_units() -> None:
    found = fixed_points(tanh_network(2 * np.eye(4)[[1, 0, 3, 2]], "1/10").with_domain((-1, 3)))
    assert len(found) >= 1
    assert any(p.stability is Stability.ATTRACTING for p in found)


@pytest.mark.parametrize("period", [0, -1, 65, True, 1.5, "2"])
def test_a_bad_period_is_refused_in_one_line(period: Any) -> None:
    with pytest.raises(InputError, match="period") as caught:
        fixed_points(neuron(2), period=period)
    assert "\n" not in str(caught.value)


def test_what_is_no_map_is_refused() -> None:
    for ask in (fixed_points, analyze):
        with pytest.raises(InputError, match=r"'neuron' is no Map; make one, as dynlatch.neuron\(2\)"):
            ask("neuron")  # pyright: ignore[reportArgumentType]


def test_a_bad_dimension_or_box_is_refused() -> None:
    with pytest.raises(InputError, match="5 states"):
        fixed_points(tanh_network(np.eye(5)))
    with pytest.raises(InputError, match="empty or inverted"):
        fixed_points(neuron(2), (1, 1))
