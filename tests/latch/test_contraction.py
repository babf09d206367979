"""The sup of |M'| over boxes against closed forms, brute force and sampling."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.latch.contraction import contraction_bound, largest_norm
from dynlatch.maps.balls import ball_of
from dynlatch.maps.catalogue import cubic, henon, ikeda, logistic, neuron, newton, predator_prey, tanh_network
from dynlatch.maps.definition import Formulas, Map
from dynlatch.maps.evaluators import numpy_map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.norms import AdaptedNorm
from dynlatch.seeds import rng_for
from dynlatch.verdict import Stop, Verdict

X = sp.Symbol("x", real=True)
NETWORK = [[2, "1/5"], ["1/5", "9/5"]]


def in_one_dimension(expression: sp.Expr, lo: object, hi: object) -> Map:
    return Map("custom", (X,), Formulas((expression,)), (), ((Fraction(str(lo)), Fraction(str(hi))),))


def float_norms(jacobians: np.ndarray, norm: float | AdaptedNorm) -> np.ndarray:
    stack = np.moveaxis(jacobians, 2, 0)
    if isinstance(norm, AdaptedNorm):
        p, q = (np.array(m, dtype=np.float64) for m in (norm.matrix, norm.inverse))
        return np.linalg.norm(p @ stack @ q, 2, axis=(1, 2))
    return np.linalg.norm(stack, norm, axis=(1, 2))


def sampled_sup(m: Map, box: list[tuple[float, float]], norm: float | AdaptedNorm, count: int = 4000) -> float:
    """The largest norm over random points, the corners and the middle: never above the sup."""
    lo, hi = np.array(box, dtype=np.float64).T
    points = rng_for(3, "sup").uniform(lo[:, None], hi[:, None], size=(len(lo), count))
    corners = np.array(list(itertools.product(*box)), dtype=np.float64).T
    return float(np.max(float_norms(numpy_map(m).jacobian(np.hstack([points, corners])), norm)))


@pytest.mark.parametrize("w", ["5/4", "2", "-3", "1/10"])
@pytest.mark.parametrize(
    ("box", "nearest"), [(("1/2", 3), "1/2"), ((-4, "-1/3"), "1/3"), ((-1, 2), "0"), ((20, 30), "20")]
)
def test_the_neuron_is_exact(w: str, box: tuple[object, object], nearest: str) -> None:
    m = neuron(w)
    found = contraction_bound(m, [box])
    with balls.precision(200):
        truth = balls.ball(abs(Fraction(w))) * balls.FUNCTIONS["sech2"](balls.ball(Fraction(nearest)))
        lower, upper = balls.ends(truth)
        assert found.value is not None
        assert found.value.lower <= upper
        assert lower <= found.value.upper
        assert found.expression is not None
        assert ball_of(found.expression.xreplace(m.values)).overlaps(truth)
    assert found.value.width < 1e-30 * max(1.0, found.value.hi)
    assert (found.verdict, found.stop) == (Verdict.PROVED, Stop.SOLVED)


@pytest.mark.parametrize("m", [neuron(2), henon(), in_one_dimension(sp.sin(3 * X) / 2, -1, 2)])
@pytest.mark.parametrize("max_boxes", [1, 2000])
def test_the_value_alone_is_the_same(m: Map, max_boxes: int) -> None:
    found = contraction_bound(m, tolerance=1e-3, max_boxes=max_boxes)
    assert found.value is not None
    assert largest_norm(m, m.domain, tolerance=1e-3, max_boxes=max_boxes) == found.value
    pole = in_one_dimension(1 / X, -1, 2)
    assert largest_norm(pole, pole.domain, tolerance=1e-3, max_boxes=max_boxes) is None


def test_the_expression_keeps_the_weight_as_a_symbol() -> None:
    w = sp.Symbol("w", real=True)
    assert sp.simplify(contraction_bound(neuron(2), [(1, 3)]).expression - sp.Abs(w) * sp.sech(1) ** 2) == 0


@pytest.mark.parametrize(
    ("m", "box", "truth"),
    [
        (logistic(4), [(0, 1)], 4),
        (logistic(4), [("1/4", "1/2")], 2),
        (cubic("3/2"), [(-1, 1)], Fraction(3, 2)),
        (cubic("3/2"), [(-2, 1)], Fraction(21, 2)),
        (in_one_dimension(X**4 - X**2 + X**3, -1, 1), [(-1, 1)], 5),
        (in_one_dimension(X - X**3 + X**2, 0, 1), [(0, 1)], Fraction(4, 3)),
        (in_one_dimension(sp.tanh(2 * X + 1) + X / 3, -3, 3), [(-3, 3)], Fraction(7, 3)),
        (in_one_dimension(sp.S(7) / 3 + 0 * X, -3, 3), [(-3, 3)], 0),
    ],
)
def test_closed_forms_in_one_dimension(m: Map, box: list[tuple[object, object]], truth: Fraction) -> None:
    found = contraction_bound(m, box)
    assert found.value is not None
    assert truth in found.value
    assert found.value.width < 1e-30
    assert found.expression is not None
    assert found.expression.xreplace(m.values) == sp.Rational(Fraction(truth).numerator, Fraction(truth).denominator)


@pytest.mark.parametrize(
    ("m", "truth"),
    [
        (in_one_dimension(sp.sin(3 * X) + X, 0, 2), 4.0),
        (in_one_dimension(X * sp.exp(-(X**2)), -3, 3), 1.0),
        (in_one_dimension(sp.log(X), "1/2", 3), 2.0),
        (in_one_dimension(sp.Abs(X), -1, 1), 1.0),
    ],
)
def test_a_search_in_one_dimension_ends_within_the_tolerance(m: Map, truth: float) -> None:
    found = contraction_bound(m)
    assert found.value is not None
    assert truth in found.value
    assert found.value.width <= 1e-9 * max(1.0, truth) * 1.001
    assert found.stop is Stop.SOLVED


def test_a_monotone_derivative_needs_no_tolerance() -> None:
    found = contraction_bound(in_one_dimension(sp.exp(sp.sin(X)) + X, 0, "3/2"), tolerance=1e-2)
    assert found.value is not None
    assert found.value.width < 1e-2 * found.value.hi  # an inner maximum: as wide as was asked for
    exact = contraction_bound(in_one_dimension(sp.log(X), "1/2", 3), tolerance=1e-2)
    assert exact.value is not None
    assert exact.value.width < 1e-15


@pytest.mark.parametrize("norm", [1, 2, "inf", "adapted"])
@pytest.mark.parametrize(
    ("m", "box"),
    [
        (henon(), [(-1.0, 0.5), (0.0, 1.0)]),
        (predator_prey(), [(0.0, 1.0), (0.25, 0.75)]),
        (tanh_network(NETWORK), [(0.5, 3.0), (-2.0, 1.0)]),
        (tanh_network(rng_for(4, "W").normal(size=(4, 4)) / 2), [(-0.5, 1.0)] * 4),
    ],
)
def test_without_a_search_the_sup_is_attained(m: Map, box: list[tuple[float, float]], norm: object) -> None:
    found = contraction_bound(m, box, norm)
    assert found.value is not None
    assert found.at is not None
    assert sampled_sup(m, box, found.norm) <= found.value.hi * (1 + 1e-13)
    attained = float_norms(numpy_map(m).jacobian(np.array(found.at)[:, None]), found.norm)[0]
    assert attained == pytest.approx(float(found.value), rel=1e-12)
    assert found.value.width < 1e-25
    assert all(lo <= a <= hi for a, (lo, hi) in zip(found.at, box, strict=True))
    if found.expression is not None:
        with balls.precision(128):
            assert ball_of(found.expression.xreplace(m.values)).overlaps(balls.ball(found.value))


@given(seed=st.integers(0, 10_000), n=st.integers(1, 5))
@settings(max_examples=20)
def test_corners_of_the_slopes_by_brute_force(seed: int, n: int) -> None:
    rng = rng_for(seed, "corners")
    weights, p = rng.normal(size=(n, n)), np.eye(n) + 0.4 * rng.normal(size=(n, n)) / n
    norm = AdaptedNorm(tuple(tuple(map(Fraction, row)) for row in p.tolist()))
    lo, hi = rng.uniform(-1.5, 0.4, size=n), rng.uniform(0.5, 2, size=n)
    found = contraction_bound(tanh_network(weights), list(zip(lo.tolist(), hi.tolist(), strict=True)), norm)
    least, most = np.minimum(np.abs(lo), np.abs(hi)) * ((lo > 0) | (hi < 0)), np.maximum(np.abs(lo), np.abs(hi))
    slopes = [1 / np.cosh(np.where(c, least, most)) ** 2 for c in itertools.product([False, True], repeat=n)]
    brute = max(float_norms((weights * d)[:, :, None], norm)[0] for d in slopes)
    assert found.value is not None
    assert float(found.value) == pytest.approx(brute, rel=1e-11)


@pytest.mark.parametrize("norm", [1, 2, math.inf, "adapted"])
def test_a_search_in_the_plane_is_never_exceeded(norm: object) -> None:
    box = [(0.75, 1.5), (-0.25, 0.5)]
    for m in (newton(), ikeda()):
        found = contraction_bound(m, box, norm, tolerance=1e-2, max_boxes=10_000)
        assert found.value is not None
        best = sampled_sup(m, box, found.norm)
        assert best <= found.value.hi * (1 + 1e-13)
        assert found.value.lo >= best - 1e-2
        assert found.value.width < 0.2


def test_newtons_map_next_to_its_pole_by_its_complex_derivative() -> None:
    found = contraction_bound(newton(), [(0.5, 1.5), (-0.5, 0.5)], tolerance=1e-6)
    assert found.value is not None
    assert Fraction(14, 3) in found.value  # 2/3 |1 - z^-3| at z = 1/2
    assert found.value.width < 6e-6


def test_the_centre_alone_is_refuted_by_sampling() -> None:
    """A mutant that takes M' at the centre, or the eigenvalues in place of a norm."""
    m, box = tanh_network([[0, 2], [0, 0]]), [(-1.0, 3.0), (-1.0, 3.0)]
    centre = float_norms(numpy_map(m).jacobian(np.array([[1.0], [1.0]])), 2)[0]
    found = contraction_bound(m, box)
    best = sampled_sup(m, box, 2)
    assert found.value is not None
    assert centre < best <= found.value.hi
    assert found.value == Enclosure.exactly(2)


@pytest.mark.parametrize("norm", [1, 2, "inf"])
def test_scaling_the_weights_scales_the_bound(norm: object) -> None:
    box = [(1, 3), ("-1/2", 2)]
    one, three = (contraction_bound(tanh_network([[s * 2, s], [-s, s * 5]]), box, norm).value for s in (1, 3))
    assert one is not None
    assert three is not None
    assert three.overlaps(Enclosure(3 * one.lower, 3 * one.upper))


def test_conjugation_by_a_reflection_changes_nothing() -> None:
    one = contraction_bound(neuron(2, "1/3"), [("1/2", 3)]).value
    other = contraction_bound(neuron(2, "-1/3"), [(-3, "-1/2")]).value
    assert one == other


def test_networks_agree_with_their_written_out_formulas() -> None:
    network = tanh_network(NETWORK)
    written = Map("written", network.states, Formulas(network.expressions), (), network.domain)
    box = [("1/2", 3), (-2, 1)]
    for norm in (1, 2, "inf"):
        one, other = contraction_bound(network, box, norm).value, contraction_bound(written, box, norm).value
        assert one is not None
        assert other is not None
        assert one.overlaps(other)


def test_many_units_need_no_expressions() -> None:
    weights = rng_for(5, "many").normal(size=(20, 20)) / 10
    found = contraction_bound(tanh_network(weights), (0.5, 2))
    assert found.value is not None
    assert float(found.value) == pytest.approx(np.linalg.norm(weights, 2) / math.cosh(0.5) ** 2, rel=1e-13)
    assert found.expression is None


@pytest.mark.parametrize(
    "m",
    [
        in_one_dimension(1 / X, -1, 1),
        in_one_dimension(sp.log(X), -1, 1),
        in_one_dimension(sp.log(X), -2, -1),
        in_one_dimension(sp.sqrt(X), 0, 1),
        newton(),
    ],
)
def test_poles_and_undefined_places_are_not_decided(m: Map) -> None:
    found = contraction_bound(m, max_boxes=20_000)
    assert found.value is None
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.stop is not Stop.SOLVED
    assert "near" in found.reason
    assert found.contracting is Verdict.INCONCLUSIVE


def test_a_small_budget_gives_a_wide_but_true_bound() -> None:
    box = [(0.75, 1.5), (-0.25, 0.5)]
    found = contraction_bound(ikeda(), box, max_boxes=40)
    assert found.stop is Stop.BUDGET
    assert found.value is not None
    assert found.value.lo <= sampled_sup(ikeda(), box, 2) * (1 + 1e-6)
    assert sampled_sup(ikeda(), box, 2) <= found.value.hi


def test_contraction_is_read_off_the_bound() -> None:
    assert contraction_bound(neuron(2), [(1, 3)]).contracting is Verdict.PROVED
    assert contraction_bound(neuron(2), [(0, 3)]).contracting is Verdict.REFUTED
    assert contraction_bound(neuron(1), [(0, 3)]).contracting is Verdict.REFUTED  # the sup 1 is attained at 0


def test_an_adapted_norm_sees_a_contraction_that_norm_2_does_not() -> None:
    sheared = tanh_network([["1/2", 10], [0, "1/2"]])
    by_2, adapted = (contraction_bound(sheared, (-1, 1), norm).contracting for norm in (2, "adapted"))
    assert (by_2, adapted) == (Verdict.REFUTED, Verdict.PROVED)


@pytest.mark.parametrize(
    ("box", "options", "match"),
    [
        ([(1, 1)], {}, "empty or inverted"),
        ([(2, 1)], {}, "empty or inverted"),
        ([(0, 1), (0, 1)], {}, "wrong shape"),
        ([(0, 1)], {"norm": "spectral"}, "1, 2, inf, adapted"),
        ([(0, 1)], {"norm": 3}, "1, 2, inf, adapted"),
        ([(0, 1)], {"tolerance": 0.0}, "tolerance"),
        ([(0, 1)], {"tolerance": math.nan}, "tolerance"),
        ([(0, 1)], {"max_boxes": 0}, "max_boxes"),
    ],
)
def test_senseless_requests_are_refused_in_one_line(box: object, options: dict[str, object], match: str) -> None:
    with pytest.raises(InputError, match=match) as refusal:
        contraction_bound(neuron(2), box, **options)
    assert "\n" not in str(refusal.value)


def test_the_ball_type_is_not_exposed() -> None:
    found = contraction_bound(neuron(2), [(1, 3)])
    assert not any(isinstance(getattr(found, name), arb) for name in found.__slots__)
    assert "sup" in repr(found)
