"""A map is one exact, frozen definition: what it accepts, what it refuses, and what it derives."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.maps import catalogue
from dynlatch.maps.balls import ball_map
from dynlatch.maps.definition import (
    MAX_SYMBOLIC_DIMENSION,
    Formulas,
    Map,
    TanhLayer,
    differentiate,
    exact,
    exact_box,
    exact_fraction,
    state_symbol,
    with_values,
)
from dynlatch.maps.evaluators import numpy_map
from dynlatch.rigor import balls

a, b, w, h = map(state_symbol, "abwh")
BOX = ((Fraction(-1), Fraction(1)),)


def one_state(expression: sp.Expr, **values: sp.Expr) -> Map:
    symbols = {"w": w, "h": h}
    parameters = tuple((symbols[name], sp.sympify(value)) for name, value in values.items())
    return Map("test", (a,), Formulas((expression,)), parameters, BOX)


def refused(call: Any) -> str:
    with pytest.raises(InputError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (3, Fraction(3)),
        (-(10**40), Fraction(-(10**40))),
        ("5/4", Fraction(5, 4)),
        ("0.1", Fraction(1, 10)),
        (" -1e-3 ", Fraction(-1, 1000)),
        (0.1, Fraction(0.1)),
        (0.5, Fraction(1, 2)),
        (5e-324, Fraction(1, 2**1074)),
        (Fraction(1, 3), Fraction(1, 3)),
        (Decimal("0.1"), Fraction(1, 10)),
        (sp.Rational(2, 7), Fraction(2, 7)),
        (np.float64(0.1), Fraction(0.1)),
        (np.float32(0.1), Fraction(float(np.float32(0.1)))),
        (np.int64(-7), Fraction(-7)),
        (np.uint8(255), Fraction(255)),
    ],
)
def test_a_number_is_taken_exactly(given_value: Any, expected: Fraction) -> None:
    assert exact_fraction(given_value, "w") == expected
    assert exact(given_value, "w") == sp.Rational(expected.numerator, expected.denominator)
    assert catalogue.neuron(given_value).parameters[0][1] == sp.Rational(expected.numerator, expected.denominator)


def test_a_decimal_and_the_float_next_to_it_are_two_numbers() -> None:
    assert exact_fraction("0.1", "w") != exact_fraction(0.1, "w")
    assert catalogue.neuron("0.1").content_hash != catalogue.neuron(0.1).content_hash


def test_real_numbers_built_of_elementary_functions_stay_symbolic() -> None:
    assert exact(sp.sqrt(2), "w") == sp.sqrt(2)
    assert exact(sp.pi * sp.tanh(sp.E) / 3, "w") == sp.pi * sp.tanh(sp.E) / 3


@pytest.mark.parametrize(
    "bad",
    [
        *("abc", "", "1/0", "nan", "inf", "1_000", "5 / 4 / 3", "1e999999999", "1e400000", "7" * 200, "1\n2", "10**9"),
        *(float("nan"), float("inf"), -float("inf"), np.float64("nan"), np.float32("inf")),
        *(True, np.True_, None, 1j, [1], np.array([1.0, 2.0]), np.eye(3), object(), b"1"),
        *(Decimal("nan"), Decimal("inf"), Decimal("1e999999999"), 10**5000, Fraction(1, 10**5000)),
        *(sp.nan, sp.oo, sp.I, sp.zoo, sp.Float("0.1"), sp.sqrt(-2), w, sp.EulerGamma, sp.gamma(sp.pi)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_exact_finite_real_number_is_refused_in_one_line(bad: Any) -> None:
    assert refused(lambda: exact(bad, "weight")).startswith("weight")
    assert refused(lambda: exact_fraction(bad, "weight")).startswith("weight")


def test_a_box_end_must_be_rational() -> None:
    assert "side 1" in refused(lambda: exact_box(((0, sp.sqrt(2)),), 1))


# --- boxes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "dimension"),
    [
        (((0, 1),), 1),
        ([0, 1], 1),
        (("0", "1"), 2),
        (np.array([[0.0, 1.0], [0.0, 1.0]]), 2),
        (np.array([0, 1]), 3),
        ([("0", 1), (0, "1.0")], 2),
    ],
)
def test_a_box_is_one_pair_per_state_or_one_for_all(box: Any, dimension: int) -> None:
    assert exact_box(box, dimension) == ((Fraction(0), Fraction(1)),) * dimension


def test_texts_of_two_letters_are_numbers_and_not_pairs_of_digits() -> None:
    assert exact_box(("01", "12"), 2) == ((Fraction(1), Fraction(12)),) * 2
    assert exact_box(("-2", "-1"), 1) == ((Fraction(-2), Fraction(-1)),)


@pytest.mark.parametrize(
    "box",
    [
        ((0, 0),),
        ((1, 0),),
        ((0, 1), (0, 1)),
        ((0, 1, 2),),
        ((0,),),
        (),
        "01",
        "0",
        7,
        None,
        (("x", 1),),
        ((0, float("nan")),),
    ],
)
def test_a_bad_box_is_refused_in_one_line(box: Any) -> None:
    assert refused(lambda: exact_box(box, 1)).startswith("box")
    assert "domain" in refused(lambda: catalogue.neuron(2).with_domain(box))


# --- the frozen value ----------------------------------------------------------------------------------------------


def test_a_map_is_frozen_hashable_and_equal_by_content() -> None:
    first, second = catalogue.neuron(2), catalogue.neuron("2")
    assert first == second
    assert len({first, second, catalogue.neuron(3)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.name = "other"  # pyright: ignore
    with pytest.raises((AttributeError, TypeError)):
        first.extra = 1  # pyright: ignore


def test_layers_that_differ_in_one_entry_are_different_and_their_hash_is_that_of_an_equal_one() -> None:
    one, same, other = (
        TanhLayer(((Fraction(1), Fraction(2)), (Fraction(k), Fraction(4))), (Fraction(0),) * 2) for k in (3, 3, 5)
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other


def test_with_parameters_and_with_domain_change_that_alone() -> None:
    m = catalogue.neuron(2, "1/3")
    changed = m.with_parameters(w="5/4")
    assert changed == catalogue.neuron("5/4", "1/3").with_domain(m.domain)
    assert changed.values == {w: sp.Rational(5, 4), h: sp.Rational(1, 3)}
    assert m.with_parameters() == m
    smaller = m.with_domain((-1, 1))
    assert smaller.domain == BOX
    assert dataclasses.replace(smaller, domain=m.domain) == m


@pytest.mark.parametrize("change", [{"q": 1}, {"a": 1}, {"w": "abc"}, {"w": float("nan")}, {"w": True}])
def test_a_parameter_that_is_not_there_or_no_number_is_refused(change: dict[str, Any]) -> None:
    (name,) = change
    assert refused(lambda: catalogue.neuron(2).with_parameters(**change)).startswith(name)


def test_a_network_says_that_it_has_no_parameters() -> None:
    assert "none" in refused(lambda: catalogue.tanh_network(((1,),)).with_parameters(w=1))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Map("m", (), Formulas(()), (), ()), "at least one state"),
        (lambda: Map("m", (a, a), Formulas((a, a)), (), BOX * 2), "a is used twice"),
        (lambda: Map("m", (a,), Formulas((a,)), ((a, sp.S.One),), BOX), "a is used twice"),
        (lambda: Map("m", (a,), Formulas((a, a)), (), BOX), "must agree"),
        (lambda: Map("m", (a,), Formulas((a,)), (), BOX * 2), "must agree"),
        (lambda: Map("m", (a,), Formulas((a + b,)), (), BOX), "b is neither"),
        (lambda: Map("m", (a,), Formulas((a,)), (), ((Fraction(1), Fraction(0)),)), "inverted"),
        (lambda: Map("m", (a,), Formulas((a * sp.Float("0.1"),)), (), BOX), "no exact real number"),
        (lambda: Map("m", (a,), Formulas((a + sp.I,)), (), BOX), "no exact real number"),
        (lambda: Map("m", (a,), Formulas((sp.zoo,)), (), BOX), "no exact real number"),
        (lambda: Map("m", (a, b), TanhLayer(((Fraction(1),),) * 2, (Fraction(0),) * 2), (), BOX * 2), "must be 2 x 2"),
    ],
)
def test_a_map_that_does_not_fit_together_is_refused(make: Any, says: str) -> None:
    assert says in refused(make)


# --- the content hash -------------------------------------------------------------------------------------------------

_HASHES = """
from dynlatch.maps.catalogue import CATALOGUE
print(*(entry.make(**entry.parameters).content_hash for entry in CATALOGUE.values()))
"""


def test_the_content_hash_is_the_same_in_every_process() -> None:
    here = [entry.make(**entry.parameters).content_hash for entry in catalogue.CATALOGUE.values()]
    assert len(set(here)) == len(here)
    found = subprocess.run(
        [sys.executable, "-c", _HASHES],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == here


def test_the_content_hash_tells_what_a_map_is_and_not_what_it_is_called() -> None:
    base = one_state(w * a**3 - h * a, w=2, h=1)
    assert dataclasses.replace(base, name="another").content_hash == base.content_hash
    assert dataclasses.replace(base, parameters=base.parameters[::-1]).content_hash == base.content_hash
    others = [
        one_state(w * a**2 - h * a, w=2, h=1),
        one_state(w * a**3 + h * a, w=2, h=1),
        one_state(h * a**3 - w * a, w=2, h=1),
        one_state(w * a**3 - h * a, w=1, h=2),
        base.with_parameters(w="2.0000000000000000000001"),
        base.with_domain((-1, "1.0000000000000000000001")),
        one_state(2 * a**3 - a),
    ]
    assert len({m.content_hash for m in (base, *others)}) == 1 + len(others)


def test_the_content_hash_of_a_network_sees_every_entry() -> None:
    rows = np.arange(9.0).reshape(3, 3)
    found = {catalogue.tanh_network(rows).with_domain((-1, 1)).content_hash}
    for index in np.ndindex(3, 3):
        changed = rows.copy()
        changed[index] = np.nextafter(changed[index], 100)
        found.add(catalogue.tanh_network(changed).with_domain((-1, 1)).content_hash)
    assert len(found) == 10


# --- what a reader sees -----------------------------------------------------------------------------------------------


def test_repr_and_latex_read_as_mathematics() -> None:
    assert repr(catalogue.neuron("5/4")) == "neuron: a -> h + w*tanh(a) with w = 5/4, h = 0"
    assert repr(catalogue.henon()) == "henon: (x, y) -> (-a*x**2 + y + 1, b*x) with a = 7/5, b = 3/10"
    assert r"a &\mapsto h + w \tanh{\left(a \right)}" in catalogue.neuron(2).latex()
    assert catalogue.henon().latex().count(r"\mapsto") == 2
    assert catalogue.henon()._repr_latex_().startswith("$")
    large = catalogue.tanh_network(np.eye(20))
    assert repr(large) == "tanh_network: a -> W tanh(a) + b with W 20 x 20"
    assert large.latex() == r"a \mapsto W \tanh(a) + b"


# --- derivatives ------------------------------------------------------------------------------------------------------

_ALL = [entry.make(**entry.parameters) for entry in catalogue.CATALOGUE.values()]


@pytest.mark.parametrize("m", _ALL, ids=lambda m: m.name)
def test_derivatives_are_those_of_sympy_and_of_finite_differences(m: Map) -> None:
    n = m.dimension
    rng = np.random.default_rng(7)
    point = rng.uniform(0.3, 0.9, n)
    there = {
        s: sp.Rational(Fraction(float(v)).numerator, Fraction(float(v)).denominator)
        for s, v in zip(m.states, point, strict=True)
    }

    def number(e: sp.Expr) -> float:
        return float(e.xreplace({**m.values, **there}).evalf(25))

    plain = [[sp.diff(e, s) for s in m.states] for e in m.expressions]
    for i in range(n):
        for j in range(n):
            assert number(m.jacobian[i, j]) == pytest.approx(number(plain[i][j]), rel=1e-12, abs=1e-14)
            for k in range(n):
                second = number(sp.diff(plain[i][j], m.states[k]))
                assert number(m.second_derivatives[i][j, k]) == pytest.approx(second, rel=1e-11, abs=1e-13)
    evaluator, step = numpy_map(m), 1e-5
    for k in range(n):
        shift = step * np.eye(n)[:, [k]]
        difference = (evaluator.step(point[:, None] + shift) - evaluator.step(point[:, None] - shift)) / (2 * step)
        column = evaluator.jacobian(point[:, None])[:, k]
        np.testing.assert_allclose(column, difference, rtol=1e-6, atol=1e-8)
        bend = (evaluator.jacobian(point[:, None] + shift) - evaluator.jacobian(point[:, None] - shift)) / (2 * step)
        exact_bend = [[number(m.second_derivatives[i][j, k]) for j in range(n)] for i in range(n)]
        np.testing.assert_allclose(bend[:, :, 0], exact_bend, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("c", [1, -3, sp.Rational(2, 7), sp.sqrt(2)])
@pytest.mark.parametrize("inner", [a, 3 * a + b, sp.tanh(a)])
def test_sech_squared_replaces_one_minus_tanh_squared_and_keeps_the_value(c: sp.Expr, inner: sp.Expr) -> None:
    expression = sp.sympify(c) * sp.tanh(inner)
    found, plain = differentiate(expression, a), sp.diff(expression, a)
    assert found.has(sp.sech)
    if inner is not sp.tanh(a):
        assert not found.has(sp.tanh)
    for value in (0, sp.Rational(1, 3), -2, 9):
        there = {a: sp.sympify(value), b: sp.Rational(1, 5)}
        assert abs((found - plain).xreplace(there).evalf(60, chop=False)) < sp.Float("1e-50")


def test_what_only_looks_like_sech_squared_is_left_alone() -> None:
    for e in (1 + sp.tanh(a) ** 2, 2 - sp.tanh(a) ** 2, 1 - sp.tanh(a) ** 3, 1 - a**2):
        assert not differentiate(sp.integrate(e, a) if e == 1 - a**2 else a * e, a).has(sp.sech) or e.has(sp.tanh)
        at = {a: sp.Rational(3, 4)}
        assert abs((differentiate(a * e, a) - sp.diff(a * e, a)).xreplace(at).evalf(40)) < sp.Float("1e-35")


def test_the_second_derivative_of_an_absolute_value_is_zero_away_from_its_kink_and_unknown_on_it() -> None:
    m = one_state(sp.Abs(a) / 2 + a**2)
    with balls.precision(100):
        (((away,),),) = ball_map(m).second_derivatives([balls.ball(Fraction(-1, 3))])
        (((kink,),),) = ball_map(m).second_derivatives([balls.hull(balls.ball(-1), balls.ball(1))])
    assert away == 2
    assert not kink.is_finite()


# --- large networks and blow-ups --------------------------------------------------------------------------------------


def test_a_large_network_is_never_written_out() -> None:
    rng = np.random.default_rng(0)
    large = catalogue.tanh_network(rng.normal(size=(200, 200)))
    assert large.dimension == 200
    assert isinstance(large.rule, TanhLayer)
    for wanted in ("expressions", "explicit", "jacobian", "second_derivatives"):
        assert "200 units" in refused(lambda wanted=wanted: getattr(large, wanted))
    assert numpy_map(large).step(np.zeros((200, 3))).shape == (200, 3)
    limit = catalogue.tanh_network(np.eye(MAX_SYMBOLIC_DIMENSION))
    assert len(limit.expressions) == MAX_SYMBOLIC_DIMENSION
    assert "kept as a matrix" in refused(lambda: catalogue.tanh_network(np.eye(MAX_SYMBOLIC_DIMENSION + 1)).expressions)


@pytest.mark.parametrize(
    ("expression", "value", "says"),
    [
        (a * 2**w, 10**9, "4096 bits"),
        (a * 2**-w, 10**9, "4096 bits"),
        (a + sp.sqrt(3) ** w, 10**9, "exponent"),
        ((2 * a) ** w, 10**9, "exponent"),
        (sp.exp(w * sp.log(2) + a), 10**9, "exponent"),
        (a * 2 ** (2 ** (2**w)), 6, "bits"),
        (a / (w - 1), 1, "division by 0"),
        (a * sp.log(w), -1, "not defined"),
        (a * sp.sqrt(w), -1, "negative"),
    ],
)
def test_a_value_at_which_the_map_blows_up_or_is_undefined_is_refused(
    expression: sp.Expr, value: int, says: str
) -> None:
    fine = one_state(expression, w=3)
    text = refused(lambda: fine.with_parameters(w=value))
    assert says in text
    assert f"w = {value}" in text
    built = one_state(expression, w=value)  # a map put together by hand is refused where it is used
    assert says in refused(lambda: built.explicit)
    if not any(isinstance(p, sp.Pow | sp.exp) and a in p.free_symbols for p in sp.preorder_traversal(expression)):
        assert says in refused(lambda: numpy_map(built).step(np.zeros((1, 1))))
        with balls.precision(60):
            assert says in refused(lambda: ball_map(built).image([balls.ball(1)]))


@given(st.fractions(min_value=-4, max_value=4, max_denominator=50), st.integers(1, 12))
def test_guarded_substitution_is_substitution(value: Fraction, k: int) -> None:
    number = sp.Rational(value.numerator, value.denominator)
    e = w**k * sp.tanh(a + w) + (w**2 + 1) ** (-k) * a**k + h * sp.Abs(a - w)
    assert with_values(e, {w: number}) == e.xreplace({w: number})
