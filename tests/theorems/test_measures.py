"""Sizes as balls against closed forms, and membership in Gamma against the neuron's own."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dynlatch import henon, neuron, tanh_network
from dynlatch.maps.balls import ball_map
from dynlatch.rigor import balls
from dynlatch.theorems import measures
from dynlatch.theorems.cases import exact_state, free_orbit
from dynlatch.theorems.measures import gradients, in_reduced_set, reached, size, spectral_radius, sup_size
from dynlatch.verdict import Verdict

TILT = tanh_network([[0, 2], [0, 0]])


def _balls(rows):
    return [exact_state([Fraction(v) for v in row]) for row in rows]


def test_a_radius_is_no_norm() -> None:
    with balls.precision(128):
        matrix = _balls([[0, 2], [0, 0]])
        assert size(matrix, "norm").contains(balls.ball(2))
        assert float(size(matrix, "spectral").upper()) < 1e-15
        product = balls.matrix_product(matrix, _balls([[0, 0], [2, 0]]))
        assert spectral_radius(product).contains(balls.ball(4))


def test_gradients_multiply_the_newest_factor_on_the_left() -> None:
    m = tanh_network([[1, 2], [0, 1]])
    with balls.precision(128):
        orbit = free_orbit(m, (Fraction(1, 2), Fraction(1, 3)), 2)
        first, second = gradients(m, orbit)
        jacobian = ball_map(m).jacobian
        product = balls.matrix_product(jacobian(orbit[1]), jacobian(orbit[0]))
        wrong = balls.matrix_product(jacobian(orbit[0]), jacobian(orbit[1]))
        assert first[0][1].overlaps(jacobian(orbit[0])[0][1])
        assert all(second[i][j].overlaps(product[i][j]) for i in range(2) for j in range(2))
        assert not second[0][1].overlaps(wrong[0][1])


@pytest.mark.parametrize("reading", ["norm", "spectral"])
def test_the_sup_over_a_box_holds_every_value_and_is_narrow(reading) -> None:
    box = ((Fraction(1, 2), Fraction(1)), (Fraction(-1), Fraction(1, 4)))
    with balls.precision(128):
        for m in (tanh_network([[1, 2], [1, 1]]), tanh_network([[1, -2], [1, 1]]), henon()):
            found = sup_size(m, box, reading)
            corners = [
                size(ball_map(m).jacobian(exact_state((a, b))), reading) for a in box[0] for b in (*box[1], Fraction(0))
            ]
            assert all(not c > found for c in corners)
            assert float((found.upper() - found.lower()) / found.upper()) < 2e-3
            lower = max(float(c.lower()) for c in corners)
            assert lower <= float(found.upper()) * (1 + 1e-12)


@pytest.mark.parametrize("reading", ["norm", "spectral"])
def test_gamma_of_the_neuron_ends_at_its_edge(reading) -> None:
    m = neuron(2)
    edge = "0.8813735870195"  # below arcosh(sqrt 2) by 3e-14
    with balls.precision(128):
        verdicts = {
            a: in_reduced_set(m, exact_state((Fraction(a),)), reading, "a").verdict
            for a in ("0.88137358702", "3", edge, "0.5", "-2")
        }
    assert verdicts["3"] is verdicts["0.88137358702"] is verdicts["-2"] is Verdict.PROVED
    assert verdicts["0.5"] is verdicts[edge] is Verdict.REFUTED


def test_the_ridge_between_two_basins_is_not_decided() -> None:
    m = neuron(2)
    with balls.precision(128):
        assert reached(m, exact_state((Fraction(0),))) is None
        assert reached(m, exact_state((Fraction(1, 10),))) == 1
        assert in_reduced_set(m, exact_state((Fraction(3),)), "norm", "a", attractor=0).verdict is Verdict.REFUTED
        assert in_reduced_set(m, [balls.ball(1) / balls.ball(0)], "norm", "a").verdict is Verdict.INCONCLUSIVE


def test_at_the_pitchfork_nothing_is_decided() -> None:
    with balls.precision(128):
        found = in_reduced_set(neuron(1), exact_state((Fraction(1, 2),)), "norm", "a")
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_box_around_holds_the_ball() -> None:
    with balls.precision(128):
        ((lo, hi),) = measures.box_around([balls.ball(Fraction(1, 3))], Fraction(1, 10))
    assert lo <= Fraction(1, 3) - Fraction(1, 10) < Fraction(1, 3) + Fraction(1, 10) <= hi
    assert hi - lo < Fraction(1, 5) + Fraction(1, 10**20)
    assert measures.box_around([balls.ball(1) / balls.ball(0)], Fraction(1)) is None


def test_the_radius_of_two_units_is_largest_at_a_corner() -> None:
    # W = [[1, -1], [2, 1]], d_1 d_2 = 1 at the corner 0: the eigenvalues there are 1 +- i sqrt 2.
    found = sup_size(tanh_network([[1, -1], [2, 1]]), ((Fraction(-1), Fraction(2)),) * 2, "spectral")
    assert found.overlaps(balls.sqrt(balls.ball(3)))
    assert found.rad() < 1e-12


def test_the_radius_of_more_units_is_bounded_in_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    sized = measures.spectral_radius
    monkeypatch.setattr(measures, "spectral_radius", lambda a: (asked.append(1), sized(a))[1])
    m = tanh_network([[1, -1, "1/2"], ["1/2", 1, -1], [-1, "1/3", 1]])
    found = sup_size(m, ((Fraction(-1), Fraction(1)),) * 3, "spectral")
    lower, upper = balls.ends(found)
    assert lower <= Fraction("1.86") <= upper < 3  # rho(W) = 1.8617...
    assert len(asked) < 600
