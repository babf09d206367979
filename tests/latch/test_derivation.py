"""The sheet says what the paper's formulas say, every check has teeth, and no map makes the derivation run away."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from dynlatch.latch.derivation import derive
from dynlatch.latch.derivation_checks import (
    Check,
    Line,
    ball_at,
    check_derivative,
    check_identity,
    check_series,
    enclose,
)
from dynlatch.latch.derivation_neuron import neuron_form, neuron_formulas
from dynlatch.latch.derivation_polynomial import short_roots
from dynlatch.maps.catalogue import cubic, henon, ikeda, logistic, neuron, newton, predator_prey, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol
from dynlatch.rigor import balls
from dynlatch.verdict import Verdict

A, W, X, R = map(state_symbol, ("a", "w", "x", "r"))
P = sp.Symbol("p", positive=True)
E = sp.Symbol("e", positive=True)
ABOVE_ONE = {W: Fraction(1)}
W2 = [["2", "1/5"], ["1/5", "9/5"]]


@pytest.mark.parametrize(
    "m",
    [
        neuron(2), neuron("3/2", "1/10"), neuron("1/2"), neuron(-2), logistic(), cubic(), henon(), predator_prey(),
        ikeda(), newton(), tanh_network(W2), tanh_network([["2"]], ["1/10"]), tanh_network([["1/2"] * 3] * 3),
        tanh_network([[f"{(7 * i + 3 * j) % 11 - 5}/9" for j in range(5)] for i in range(5)]),
        tanh_network([[f"{(7 * i + 3 * j) % 11 - 5}/9" for j in range(40)] for i in range(40)], "1/3"),
    ],
    ids=lambda m: f"{m.name}-{m.dimension}",
)  # fmt: skip
def test_every_line_of_every_map_is_checked_and_proved(m: Map) -> None:
    sheet = derive(m)
    assert len(sheet) >= 5
    assert all(entry.check.verdict is Verdict.PROVED for entry in sheet), sheet
    assert all(entry.check.what and entry.latex and entry.title for entry in sheet)
    assert all(entry.how == "SymPy alone" or entry.how.startswith("SymPy, guided by ") for entry in sheet)
    assert repr(sheet).startswith("Derivation of ")
    assert "nan" not in sheet.latex()


def test_lines_are_checked_at_points_as_well_as_exactly() -> None:
    for title in (
        "Jacobian",
        "second derivative",
        "critical input, from",
        "slope of",
        "weight of",
        "multiplier of the",
    ):
        what = derive(neuron(2))[title].check.what
        assert ("checked at 11 points" if "critical input" in title else "checked at 5 points") in what


def agrees(entry: Line, truth: str) -> bool:
    """Whether the line's value is narrow and within 1e-28 of a decimal."""
    assert entry.value is not None
    assert entry.value.width < 1e-30
    return abs(entry.value.middle - Fraction(truth)) < Fraction(1, 10**28)


def test_neuron_values_against_mpmath() -> None:
    sheet = derive(neuron("22/7"))
    with mpmath.workdps(50):
        w = mpmath.mpf(22) / 7
        s = mpmath.sqrt(1 - 1 / w)
        assert agrees(sheet["edge of contraction, where"], mpmath.nstr(mpmath.atanh(s), 40))
        assert agrees(sheet["edge of contraction in x"], mpmath.nstr(s, 40))
        assert agrees(sheet["critical input, from"], mpmath.nstr(w * s - mpmath.atanh(s), 40))
        assert agrees(sheet["slope of"], mpmath.nstr(s, 40))


def test_neuron_series_are_those_of_the_paper() -> None:
    sheet = derive(neuron(2))
    half = sp.Rational(1, 2)
    wanted = {
        "critical input near": 2 * E ** (3 * half) / 3 - E ** (5 * half) / 5 + 3 * E ** (7 * half) / 28,
        "latched state near": 3 * E - sp.Rational(27, 5) * E**2 + sp.Rational(1377, 175) * E**3,
    }  # fmt: skip
    for title, expected in wanted.items():
        assert sp.expand(sheet[title].right - expected) == 0
    assert sheet["latched multiplier near"].right.coeff(E, 2) == sp.Rational(12, 5)


def test_below_the_pitchfork_the_critical_input_has_no_value() -> None:
    assert derive(neuron("1/2"))["critical input, from"].value is None


def test_critical_series_remainder_shrinks_by_the_next_power() -> None:
    with mpmath.workdps(80):
        series = neuron_formulas().critical_series

        def remainder(e: mpmath.mpf) -> mpmath.mpf:
            terms = [mpmath.mpf(c.p) / c.q * e ** (mpmath.mpf(x.p) / x.q) for c, x in map(split, series.args)]
            return mpmath.sqrt(e * (1 + e)) - mpmath.acosh(mpmath.sqrt(1 + e)) - sum(terms)

        def split(term: sp.Expr) -> tuple[sp.Rational, sp.Rational]:
            return term.as_coeff_exponent(E)

        ratio = remainder(mpmath.mpf("1e-6")) / remainder(mpmath.mpf("1e-7"))
        assert abs(mpmath.log10(ratio) - mpmath.mpf("4.5")) < 1e-5


def test_a_tampered_formula_is_refuted_with_its_point() -> None:
    critical = neuron_formulas().of(neuron_formulas().critical, W)
    for wrong in (
        sp.sqrt(W * (W - 1)) - sp.acosh(W),
        critical + sp.Rational(1, 10**18),
        critical * (1 + sp.Rational(1, 10**40)),
    ):
        check = check_identity(critical, wrong, ABOVE_ONE)
        assert check.verdict is Verdict.REFUTED
        assert "w = " in check.what


@pytest.mark.parametrize(
    "title", ["Jacobian", "second derivative", "critical input, from", "weight of", "multiplier of the"]
)
def test_every_line_of_the_neuron_fails_once_tampered_with(title: str) -> None:
    right = derive(neuron(2))[title].right
    tampered = right * (1 + sp.Rational(1, 10**25))
    above = ABOVE_ONE if title.startswith("critical") else None
    assert check_identity(right, tampered, above).verdict is Verdict.REFUTED
    assert check_identity(right, right, above).verdict is Verdict.PROVED


def test_a_wrong_derivative_is_refuted_without_differentiating() -> None:
    assert check_derivative(W * sp.tanh(A), A, W * sp.sech(A) ** 2).verdict is Verdict.PROVED
    wrong = check_derivative(W * sp.tanh(A), A, W * sp.sech(A) ** 2 + sp.Rational(1, 10**20))
    assert wrong.verdict is Verdict.REFUTED
    assert check_derivative(A**3, A, 3 * A).verdict is Verdict.REFUTED


def test_a_wrong_series_is_refuted() -> None:
    f = neuron_formulas()
    critical = f.of(f.critical, 1 + E)
    order = sp.Rational(9, 2)
    assert check_series(critical, E, E, f.critical_series, order).verdict is Verdict.PROVED
    for wrong in (
        f.critical_series + E ** sp.Rational(7, 2) / 1000,
        f.critical_series + E**4,
        f.critical_series - sp.Rational(3, 28) * E ** sp.Rational(7, 2),
    ):
        assert check_series(critical, E, E, wrong, order).verdict is Verdict.REFUTED
    small = P / sp.tanh(P) - 1
    assert check_series(sp.tanh(P) ** 2, small, P, f.state_series, sp.Integer(4)).verdict is Verdict.PROVED
    assert check_series(sp.tanh(P) ** 2, small, P, f.state_series + E**3, sp.Integer(4)).verdict is Verdict.REFUTED


def test_agreement_at_points_alone_is_not_called_a_proof() -> None:
    # true for real a, but too long for SymPy's simplification to be tried
    long = sp.Add(*(sp.sin(k * A) ** 2 + sp.cos(k * A) ** 2 for k in range(1, 40)))
    check = check_identity(long, sp.Integer(39))
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.what.startswith("checked at 5 points")


def test_where_nothing_is_defined_nothing_is_claimed() -> None:
    nowhere = check_identity(sp.log(-1 - A**2), sp.log(-2 - A**2))
    assert nowhere == Check(Verdict.INCONCLUSIVE, "no point could be checked")


def test_fixed_points_and_bifurcations_of_the_logistic_map() -> None:
    sheet = derive(logistic("3.2"))
    assert sp.simplify(sheet["fixed point 2"].right - (1 - 1 / R)) == 0
    assert sp.expand(sheet["multiplier of fixed point 2"].right - (2 - R)) == 0
    assert sheet["bifurcation of fixed point 2: its multiplier is 1"].right == 1
    assert sheet["bifurcation of fixed point 2: its multiplier is -1"].right == 3
    assert sp.simplify(sheet["fold 1 of x = M(x) + h, input"].right + (R - 1) ** 2 / (4 * R)) == 0
    value = sheet["fixed point 2"].value
    assert value is not None
    assert Fraction(11, 16) in value


def test_bifurcations_of_the_cubic_map() -> None:
    sheet = derive(cubic())
    assert sheet["bifurcation of fixed point 3: its multiplier is -1"].right == 2
    assert sp.simplify(sheet["fixed point 3"].right ** 2 - (R - 1)) == 0


def test_all_fixed_points_of_planar_polynomial_maps() -> None:
    # trace and determinant of the Henon map at its fixed points: -2 a x and -b
    sheet = derive(henon())
    a, b = map(state_symbol, ("a", "b"))
    for k in (1, 2):
        x = sheet[f"fixed point {k}, x"].right
        assert sp.simplify(1 - a * x**2 + b * x - x) == 0
        assert sp.simplify(sheet[f"trace at fixed point {k}"].right + 2 * a * x) == 0
    species = derive(predator_prey())
    points = [tuple(species[f"fixed point {k}, {s}"].value for s in "xy") for k in (1, 2, 3)]
    known = {(0.0, 0.0), (0.6, 0.0), (1 / 3, 1 / 3)}  # r = 5/2, b = 2, d = 3
    assert {tuple(float(v) for v in point if v is not None) for point in points} == known


def test_the_neuron_is_recognised_by_its_structure() -> None:
    k, c = map(state_symbol, ("k", "c"))

    def form(expression: sp.Expr) -> object:
        parameters = ((k, sp.Integer(3)), (c, sp.Integer(0)))
        return neuron_form(Map("some", (A,), Formulas((expression,)), parameters, exact_box((-4, 4), 1)))

    found = form(2 * k * sp.tanh(A) + c)
    assert found is not None
    assert (found.weight, found.bias) == (2 * k, c)  # pyright: ignore[reportAttributeAccessIssue]
    assert form(k * sp.tanh(2 * A)) is None
    assert form(k * sp.tanh(A) + A) is None
    assert form(A * sp.tanh(A)) is None
    assert form(k * sp.tanh(A) ** 2) is None
    assert form(k * A) is None
    assert neuron_form(tanh_network(W2)) is None


def test_short_roots_are_the_roots() -> None:
    assert set(short_roots((X - 1) * (X**2 - R), X)) == {sp.S.One, -sp.sqrt(R), sp.sqrt(R)}
    assert short_roots(X**2 + 1, X) == []
    assert short_roots(X**5 - X - 1, X) == []
    assert short_roots(sp.sin(X), X) == []


def test_enclosures_of_numbers_have_small_relative_width() -> None:
    tiny = enclose(sp.sqrt(1 + sp.Rational(1, 10**80)) - 1)
    assert tiny.lower > 0
    assert (tiny.upper - tiny.lower) * 10**29 < tiny.lower
    zero = enclose(sp.sqrt(2) * sp.sqrt(3 + sp.sqrt(2)) - sp.sqrt(6 + 2 * sp.sqrt(2)))
    assert 0 in zero
    assert zero.width < 1e-200
    with balls.precision(100):
        assert ball_at(A * W, {A: balls.ball(3), W: balls.ball(Fraction(1, 4))}).contains(balls.ball(Fraction(3, 4)))


def test_titles_find_lines() -> None:
    sheet = derive(neuron(2))
    assert sheet["edge"] is sheet["edge of contraction, where M' = 1"]
    with pytest.raises(KeyError):
        sheet["no such line"]


def test_large_networks_stay_matrices() -> None:
    sheet = derive(tanh_network([["1/10"] * 60] * 60))
    assert all(isinstance(entry.right, str) or entry.right.is_number for entry in sheet)
    edge = sheet["edge of contraction in the infinity norm"].value
    assert edge is not None
    with mpmath.workdps(40):
        assert abs(edge.middle - Fraction(mpmath.nstr(mpmath.acosh(mpmath.sqrt(6)), 35))) < Fraction(1, 10**28)


def test_expressions_that_would_grow_out_of_hand_are_left_alone() -> None:
    towers = [
        ((X + 1) ** 100 + R) ** 100,
        (sp.sin(X) + X) ** 400 * (X + R) ** 300,
        sp.exp(sp.tanh(X) ** 99 + R * X) ** 9,
    ]
    for tower in towers:
        sheet = derive(Map("tower", (X,), Formulas((tower,)), ((R, sp.Integer(2)),), exact_box((-1, 1), 1)))
        assert all(entry.check.verdict is not Verdict.REFUTED for entry in sheet)
