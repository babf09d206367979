"""h* against mpmath, against finite differences in balls, and against the general fold finder; folds against a scan."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.latch.critical_input import critical_input
from dynlatch.latch.derivation_checks import check_identity, enclose
from dynlatch.latch.fold_branch import certify_fold, folds_along
from dynlatch.maps.catalogue import cubic, henon, logistic, neuron, predator_prey, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.verdict import Verdict

WEIGHTS = ["1.0000000001", "1.001", "1.1", "5/4", "1.48687", "2", "22/7", "10", "1000", "123456789.5"]
A = state_symbol("a")
W = state_symbol("w")


def closed_form(w: str) -> Fraction:
    """w s - artanh(s) at s = sqrt(1 - 1/w), by mpmath at 60 digits: another form than the package's."""
    with mpmath.workdps(60):
        value = Fraction(w)
        weight = mpmath.mpf(value.numerator) / value.denominator
        s = mpmath.sqrt(1 - 1 / weight)
        h = weight * s - mpmath.atanh(s)
        return Fraction(int(mpmath.floor(h * mpmath.mpf(10) ** 50)), 10**50)


def hidden_neuron(w: str) -> Map:
    """The same map with tanh written by exponentials, which no structure test recognises."""
    weight = sp.Rational(w)
    expression = weight * (1 - 2 / (1 + sp.exp(2 * A)))
    return Map("disguised", (A,), Formulas((expression,)), (), exact_box((-16, 16), 1))


@pytest.mark.parametrize("w", WEIGHTS)
def test_neuron_agrees_with_mpmath_and_is_narrow(w: str) -> None:
    found = critical_input(neuron(w))
    assert found.value is not None
    assert found.verdict is Verdict.PROVED
    # mpmath loses digits to cancellation near w = 1: 60 digits leave more than 40 here.
    truth = closed_form(w)
    assert abs(found.value.middle - truth) < Fraction(1, 10**36) * max(1, truth)
    assert found.value.width < 1e-12
    assert found.value.upper - found.value.lower < Fraction(1, 10**29) * found.value.upper


@pytest.mark.parametrize("w", ["1e-400", "1", "0.9", "-2"])
def test_weights_without_a_critical_input_are_refused(w: str) -> None:
    with pytest.raises(InputError, match=r"must exceed 1: .* one attractor and h\* does not exist"):
        critical_input(neuron(w))


def test_a_float_weight_is_named_as_it_was_typed() -> None:
    with pytest.raises(InputError, match=r"^w=0\.9 must exceed 1"):
        critical_input(neuron(0.9))


@pytest.mark.parametrize("w", ["nan", "inf", "abc", float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(w: float | str) -> None:
    with pytest.raises(InputError, match=r"not (a )?(finite|number)"):
        critical_input(neuron(w))


@pytest.mark.parametrize("excess", [Fraction(1, 10**300), Fraction(1, 2**52)])
def test_next_to_the_pitchfork_the_relative_width_stays_small(excess: Fraction) -> None:
    found = critical_input(neuron(1 + excess)).value
    assert found is not None
    assert found.lower > 0
    assert found.upper - found.lower < found.lower / 10**29
    leading = (found.middle / excess) ** 2 / excess  # (2/3)^2 in the limit
    assert abs(leading - Fraction(4, 9)) < 10 * excess + Fraction(1, 10**28)


def test_a_huge_weight_gives_a_narrow_enclosure() -> None:
    found = critical_input(neuron("1e300")).value
    assert found is not None
    assert found.upper - found.lower < found.lower / 10**29


def test_expression_derivative_and_series_are_those_of_the_paper() -> None:
    found = critical_input(neuron(2))
    e = sp.Symbol("e", positive=True)
    assert found.expression is not None
    assert found.derivative is not None
    assert check_identity(found.expression, sp.sqrt(W * (W - 1)) - sp.acosh(sp.sqrt(W)), {W: Fraction(1)}).verdict is (
        Verdict.PROVED
    )
    assert check_identity(found.derivative, sp.sqrt(1 - 1 / W), {W: Fraction(1)}).verdict is Verdict.PROVED
    powers = [sp.Rational(2, 3), -sp.Rational(1, 5), sp.Rational(3, 28)]
    expected = sp.Add(*(c * e ** sp.Rational(3 + 2 * k, 2) for k, c in enumerate(powers)))
    assert sp.expand(found.series - expected) == 0


def test_a_wrong_closed_form_is_refuted() -> None:
    found = critical_input(neuron(2)).expression
    wrong = sp.sqrt(W * (W - 1)) - sp.acosh(W)
    check = check_identity(found, wrong, {W: Fraction(1)})
    assert check.verdict is Verdict.REFUTED
    assert "w = " in check.what


@pytest.mark.parametrize("w", ["1.01", "2", "50"])
def test_derivative_lies_between_difference_quotients(w: str) -> None:
    # dh*/dw increases with w, so it lies strictly between the quotients to the left and to the right.
    step = Fraction(1, 10**8)
    left, here, right = (critical_input(neuron(Fraction(w) + k * step)).value for k in (-1, 0, 1))
    assert left is not None
    assert here is not None
    assert right is not None
    slope = enclose(critical_input(neuron(w)).derivative.xreplace({W: sp.Rational(w)}))
    assert (here.upper - left.lower) / step < slope.lower
    assert slope.upper < (right.lower - here.upper) / step
    assert (right.upper - left.lower) / (2 * step) - slope.lower < Fraction(1, 10**7)


def test_input_that_is_already_there_is_counted() -> None:
    whole = critical_input(neuron(2)).value
    for h in ("1/4", "-1/4"):
        found = critical_input(neuron(2, h))
        assert whole is not None
        assert found.value is not None
        assert abs(found.value.middle - (whole.middle - Fraction(1, 4))) < Fraction(1, 10**40)
        assert found.sign == (1 if h == "1/4" else -1)
        far = max(abs(float(f.value)) for f in found.folds if f.value is not None)
        assert far == pytest.approx(float(whole) + 0.25, rel=1e-14)
        (general, _) = sorted(
            (f for f in folds_along(neuron(2, h), [Fraction(1)]) if f.value is not None),
            key=lambda f: abs(float(f.value)),
        )
        assert general.value is not None
        assert (-general.value if general.sign < 0 else general.value).overlaps(found.value)
    with pytest.raises(InputError, match=r"must stay below h\* = 0\.53284"):
        critical_input(neuron(2, "0.6"))
    assert critical_input(neuron(2, "0.53283997")).value is not None


def test_one_unit_network_is_the_neuron() -> None:
    found = critical_input(tanh_network([["2"]]))
    assert found.value == critical_input(neuron(2)).value
    assert found.expression is not None


def test_direction_scales_and_turns_the_input() -> None:
    one, scaled = critical_input(neuron(2)), critical_input(neuron(2), [-2])
    assert one.value is not None
    assert scaled.value is not None
    assert abs(scaled.value.middle * 2 - one.value.middle) < Fraction(1, 10**40)
    assert scaled.sign == -one.sign


@pytest.mark.parametrize("w", ["1.001", "5/4", "2", "10"])
def test_the_general_path_brackets_the_closed_form(w: str) -> None:
    truth = critical_input(neuron(w)).value
    assert truth is not None
    if w == "1.001":
        folds = [f for f in folds_along(neuron(w), [Fraction(1)]) if f.value is not None]
        values = [abs(f.value.middle) for f in folds if f.value is not None]
        assert len(values) == 2
    else:
        general = critical_input(hidden_neuron(w))
        assert general.expression is None
        assert general.verdict is Verdict.PROVED
        assert general.value is not None
        assert general.value.overlaps(truth)
        assert general.value.width < 1e-30
        values = [general.value.middle]
    assert all(abs(v - truth.middle) < Fraction(1, 10**40) for v in values)


def test_folds_of_polynomial_maps() -> None:
    # x = r x (1 - x) + h has a double solution at h = -(r - 1)^2 / (4 r); r x - x^3 + h at 2 ((r - 1) / 3)^(3/2)
    parabola = critical_input(logistic("2.5"))
    assert parabola.value is not None
    assert Fraction(9, 40) in parabola.value
    assert parabola.sign == -1
    assert parabola.stable_until is None
    assert parabola.value.width < 1e-30
    odd = critical_input(cubic("7/4"))
    assert odd.value is not None
    assert Fraction(1, 4) in odd.value


def test_an_earlier_flip_is_measured() -> None:
    # towards h > 0 the logistic map's fixed point doubles its period at x = (1 + 1/r) / 2, h = x - r x (1 - x)
    (up,) = (f for f in critical_input(logistic("2.5")).folds if f.sign == 1)
    assert up.value is None
    assert up.verdict is Verdict.INCONCLUSIVE
    assert up.stable_until == pytest.approx(0.7 - 2.5 * 0.7 * 0.3, abs=1e-3)


def newton_attractors(W2: np.ndarray, h: float, starts: np.ndarray) -> np.ndarray:
    """Solutions of W tanh(a) + h (1, 1) = a that attract, by Newton's method from each start."""
    a = starts.copy()
    for _ in range(60):
        t = np.tanh(a)
        residual = t @ W2.T + h - a
        jacobian = W2[None] * (1 - t**2)[:, None, :] - np.eye(2)
        a = a - np.linalg.solve(jacobian + 1e-14, residual[..., None])[..., 0]
    t = np.tanh(a)
    good = np.max(np.abs(t @ W2.T + h - a), axis=1) < 1e-10
    radius = np.max(np.abs(np.linalg.eigvals(W2[None] * (1 - t**2)[:, None, :])), axis=1)
    return np.unique(np.round(a[good & (radius < 1)], 5), axis=0)


def test_two_unit_network_against_a_scan_over_the_input() -> None:
    W2 = np.array([[2, 0.2], [0.2, 1.8]])
    found = critical_input(tanh_network([["2", "1/5"], ["1/5", "9/5"]]))
    assert found.verdict is Verdict.PROVED
    assert found.direction == (1, 1)
    assert {f.verdict for f in found.folds if f.value is not None} == {Verdict.PROVED}
    proved = sorted(float(f.value) for f in found.folds if f.value is not None and float(f.value) > 0)
    assert len(proved) == 3  # of the four attractors one only grows
    assert float(found.value or 0) == proved[0]
    grid = np.array(list(itertools.product(np.linspace(-4, 4, 21), repeat=2)))
    counts = {4: 0.0, 3: proved[0], 2: proved[1], 1: proved[2]}
    for number, start in counts.items():
        end = {4: proved[0], 3: proved[1], 2: proved[2], 1: proved[2] + 1}[number]
        for h in (start + 1e-4, 0.5 * (start + end), end - 1e-4):
            assert len(newton_attractors(W2, h, grid)) == number, h


def test_folds_of_a_symmetric_pair_mirror_each_other() -> None:
    folds = critical_input(tanh_network([["2", "1/5"], ["1/5", "9/5"]])).folds
    up = sorted(f.value.middle for f in folds if f.value is not None and f.sign > 0)
    down = sorted(-f.value.middle for f in folds if f.value is not None and f.sign < 0)
    assert all(abs(a - b) < Fraction(1, 10**40) for a, b in zip(up, down, strict=True))


def test_uncoupled_units_have_the_neurons_folds() -> None:
    # six identical uncoupled units driven one by one: branch and prune does not reach n = 6, sampling does
    W6 = [["2" if i == j else "0" for j in range(5)] for i in range(5)]
    m = tanh_network(W6)
    single = critical_input(neuron(2)).value
    found = critical_input(m, [1, 0, 0, 0, 0])
    assert single is not None
    assert found.value is not None
    assert abs(found.value.middle - single.middle) < Fraction(1, 10**40)
    assert "not found" in found.reason


def test_a_point_that_is_no_simple_fold_is_not_certified() -> None:
    # the pitchfork of the cubic map at r = 1: the solution is threefold
    assert certify_fold(cubic(1), [Fraction(1)], np.array([0.0]), 0.0, np.array([1.0])) is None
    # two uncoupled neurons folding at once: the kernel is a plane
    twice = tanh_network([["2", "0"], ["0", "2"]])
    a = -float(np.arccosh(np.sqrt(2)))
    h = float(critical_input(neuron(2)).value or 0)
    assert certify_fold(twice, [Fraction(1)] * 2, np.array([a, a]), h, np.array([0.7, 0.7])) is None
    # Newton from far away may reach a fold, but not the one that was meant
    assert certify_fold(neuron(2), [Fraction(1)], np.array([-0.5]), 0.3, np.array([1.0])) is None


def test_no_fold_is_an_answer_not_an_error() -> None:
    found = critical_input(tanh_network([["1/2", "0"], ["0", "1/2"]]))
    assert found.value is None
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no fold was met up to" in found.reason
    none = critical_input(henon())
    assert none.value is None
    assert "no attracting fixed point" in none.reason


def test_an_exchange_of_stability_is_left_undecided() -> None:
    # along (1, 0) the two species' fixed point meets the prey's own: a transcritical point, no fold
    found = critical_input(predator_prey(), [1, 0])
    assert found.value is None
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no simple fold could be proved" in found.reason


@pytest.mark.parametrize(
    ("direction", "message"),
    [
        ([0, 0], "zero vector"),
        ([1], "1 entries"),
        (3, "not a vector"),
        (["nan", 1], r"direction\[0\]"),
        ("x1", "direction"),
    ],
)
def test_bad_directions_are_refused(direction: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        critical_input(tanh_network([["2", "1/5"], ["1/5", "9/5"]]), direction)


def test_repr_reads_as_a_sentence() -> None:
    assert repr(critical_input(neuron(2))).startswith("CriticalInput(0.53283997535355")
    assert "PROVED" in repr(critical_input(neuron(2)))
