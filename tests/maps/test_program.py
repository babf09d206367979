"""One program, several readings of it: floats, intervals and balls agree, and SymPy's own numbers are the judge."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import assume, given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_of
from dynlatch.maps.catalogue import henon, ikeda, logistic, neuron
from dynlatch.maps.definition import differentiate, state_symbol
from dynlatch.maps.program import BINARY, FUNCTION_NAMES, UNARY, Program, lower, run
from dynlatch.rigor import balls
from dynlatch.rigor import intervals as iv
from dynlatch.rigor.enclosure import Enclosure

A, B, W = map(state_symbol, "abw")
STATES = (A, B)
VALUES = {W: sp.Rational(5, 4)}
TRUTH_BITS = 200

# --- three readings ---------------------------------------------------------------------------------------------------

BALL_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(balls, name) for name in ("add", "sub", "mul", "div", "powi")},
    **balls.FUNCTIONS,
}
NUMPY_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "absolute": np.abs,
    "powi": lambda x, k: np.float64(x) ** float(k), "sech2": lambda x: 1 / np.cosh(x) ** 2, "sign": np.sign,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh,
    **{name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
}  # fmt: skip


def _interval_operation(name: str) -> Callable[..., tuple[float, float]]:
    kernel = getattr(iv, name)
    if name in BINARY:
        return lambda x, y: kernel(*x, *y)
    return (lambda x, k: kernel(*x, k)) if name == "powi" else (lambda x: kernel(*x))


INTERVAL_OPERATIONS = {name: _interval_operation(name) for name in (*BINARY, *UNARY, "powi")}


def constants(program: Program) -> list[Enclosure]:
    with balls.precision(TRUTH_BITS):
        return [balls.enclosure(ball_of(c)) for c in program.constants]


def in_balls(program: Program, point: list[Fraction], bits: int = TRUTH_BITS) -> list[Any]:
    with balls.precision(bits):
        given_constants = [ball_of(c) for c in program.constants]
        return run(program, [balls.ball(x) for x in point], given_constants, BALL_OPERATIONS)


def _rounded(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: (lambda exact: exact + exact * arb(0, 2.0**-52))(operation(*operands))


ROUNDED_OPERATIONS = {name: _rounded(operation) for name, operation in BALL_OPERATIONS.items()}
"""The textbook model of floating point: every operation is off by a factor of up to 1 + 2^-52."""


def rounding_error(program: Program, point: list[Fraction]) -> float:
    """How far floating point may be off: it knows the conditioning of this expression at this point."""
    with balls.precision(TRUTH_BITS):
        given_constants = [ball_of(c) * (1 + arb(0, 2.0**-52)) for c in program.constants]
        (value,) = run(program, [balls.ball(x) for x in point], given_constants, ROUNDED_OPERATIONS)
    return float(value.rad()) if value.is_finite() else math.inf


def in_intervals(program: Program, box: list[tuple[float, float]]) -> list[Any]:
    return run(program, box, [(c.lo, c.hi) for c in constants(program)], INTERVAL_OPERATIONS)


def in_floats(program: Program, point: list[float]) -> list[Any]:
    with np.errstate(all="ignore"):
        return run(
            program,
            [np.float64(x) for x in point],
            [np.float64(float(c)) for c in constants(program)],
            NUMPY_OPERATIONS,
        )


def holds(interval: tuple[float, float], value: Enclosure) -> bool:
    """Whether an interval without NaN meets a very narrow enclosure of the truth."""
    lo, hi = interval
    return not (lo > value.upper or hi < value.lower)


def known(interval: tuple[float, float]) -> bool:
    return not (math.isnan(interval[0]) or math.isnan(interval[1]))


# --- expressions ------------------------------------------------------------------------------------------------------

_rationals = st.fractions(min_value=-3, max_value=3, max_denominator=7).map(
    lambda q: sp.Rational(q.numerator, q.denominator)
)
_leaves = st.one_of(st.sampled_from([A, B, W, A, B]), _rationals)


def _defined(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    """Expressions that are defined everywhere, made so by their construction."""
    small = inner.map(lambda e: e / (1 + e**2))  # within [-1/2, 1/2]
    above = inner.map(lambda e: 1 + e**2)
    bounded = inner.map(sp.tanh)
    return st.one_of(
        st.builds(lambda x, y: x + y, inner, inner),
        st.builds(lambda x, y: x - y, inner, inner),
        st.builds(lambda x, y: x * y, inner, inner),
        st.builds(lambda x, y: x / y, inner, above),
        st.builds(lambda x, k: x**k, inner, st.integers(2, 4)),
        st.builds(lambda x, k: x**-k, above, st.integers(1, 3)),
        st.builds(lambda x, k: x ** sp.Rational(k, 2), above, st.sampled_from([-3, -1, 1, 3])),
        st.builds(lambda x, y: x**y, above, bounded),
        st.builds(lambda f, x: f(x), st.sampled_from([sp.sin, sp.cos, sp.tanh, sp.atan, sp.asinh, sp.Abs]), inner),
        st.builds(lambda f, x: f(x), st.sampled_from([sp.exp, sp.sinh, sp.cosh]), bounded),
        st.builds(lambda f, x: f(x), st.sampled_from([sp.tan, sp.asin, sp.acos, sp.atanh]), small),
        st.builds(lambda f, x: f(x), st.sampled_from([sp.log, sp.sqrt]), above),
        st.builds(lambda x: sp.acosh(x + sp.Rational(1, 8)), above),
        st.builds(lambda x: sp.sech(x) ** 2, inner),
    )


def _wild(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    """Expressions with poles, logarithms of negative numbers and the like."""
    risky = [sp.log, sp.sqrt, sp.acosh, sp.atanh, sp.asin, sp.acos, sp.tan, sp.exp, sp.sinh, sp.tanh, sp.sin]
    return st.one_of(
        st.builds(lambda x, y: x + y, inner, inner),
        st.builds(lambda x, y: x * y, inner, inner),
        st.builds(lambda x, y: x / y, inner, inner),
        st.builds(lambda x, k: x**k, inner, st.integers(-3, 3)),
        st.builds(lambda f, x: f(x), st.sampled_from(risky), inner),
    )


def _sound(e: sp.Expr) -> bool:
    bad = (sp.zoo, sp.nan, sp.I, sp.oo, -sp.oo)
    return (
        bool(e.free_symbols & set(STATES))
        and not any(p in bad for p in sp.preorder_traversal(e))
        and sp.count_ops(e) < 80
    )


defined = st.recursive(_leaves, _defined, max_leaves=6).filter(_sound)
wild = st.recursive(_leaves, _wild, max_leaves=5).filter(_sound)
coordinate = st.floats(-2, 2, allow_subnormal=False).map(lambda x: round(x * 2**20) / 2**20)
points = st.tuples(coordinate, coordinate)


def lowered(e: sp.Expr) -> Program:
    try:
        program = lower([e], STATES, VALUES)
        assert constants(program) is not None
    except (InputError, ArithmeticError):  # a constant such as log(-1), or a function that SymPy rewrote
        assume(False)
        raise
    return program


# --- agreement --------------------------------------------------------------------------------------------------------


def check_point(program: Program, point: tuple[float, float], truth: Enclosure) -> None:
    """Balls hold the truth closely, the interval holds balls and floats, and is not much wider than it must be."""
    exact_point = [Fraction(x) for x in point]
    (ball,) = in_balls(program, exact_point)
    value = balls.enclosure(ball)
    assert value.overlaps(truth)
    assert value.width <= 1e-40 * max(1.0, abs(float(value)))
    (interval,) = in_intervals(program, [(x, x) for x in point])
    assert known(interval)
    assert holds(interval, value)
    (floating,) = in_floats(program, list(point))
    assert interval[0] <= floating <= interval[1]
    assert interval[1] - interval[0] <= 64 * rounding_error(program, exact_point) + 1e-290


def sympy_value(e: sp.Expr, point: tuple[float, float]) -> Enclosure:
    """SymPy's and mpmath's own value to 40 digits, by none of our code."""
    there = {s: sp.Rational(*Fraction(x).as_integer_ratio()) for s, x in zip(STATES, point, strict=True)}
    number = sp.re(e.xreplace({**VALUES, **there}).evalf(60, maxn=400))
    middle = Fraction(int(sp.floor(number * 2**160)), 2**160)
    slack = abs(middle) * Fraction(1, 10**35) + Fraction(1, 10**35)
    return Enclosure(middle - slack, middle + slack)


@given(defined, points)
def test_floats_intervals_and_balls_agree_with_sympy_at_points(e: sp.Expr, point: tuple[float, float]) -> None:
    check_point(lowered(e), point, sympy_value(e, point))


@given(defined, points)
def test_the_same_holds_for_derivatives(e: sp.Expr, point: tuple[float, float]) -> None:
    assume(not e.has(sp.Abs))  # its derivative jumps: the interval holds both sides
    slope = differentiate(e, A)
    assume(_sound(slope))
    check_point(lowered(slope), point, sympy_value(sp.diff(e, A), point))


@given(
    defined,
    points,
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=5),
)
def test_the_image_of_a_box_holds_the_value_of_every_point_of_it(
    e: sp.Expr, corner: tuple[float, float], size: tuple[float, float], inside: list[tuple[float, float]]
) -> None:
    program = lowered(e)
    box = [(x, x + s) for x, s in zip(corner, size, strict=True)]
    (interval,) = in_intervals(program, box)
    if not known(interval):
        return
    with balls.precision(TRUTH_BITS):
        wide = [balls.hull(balls.ball(lo), balls.ball(hi)) for lo, hi in box]
        (image,) = run(program, wide, [ball_of(c) for c in program.constants], BALL_OPERATIONS)
    for weights in ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), *inside):
        there = [min(lo + t * (hi - lo), hi) for (lo, hi), t in zip(box, weights, strict=True)]
        (ball,) = in_balls(program, [Fraction(x) for x in there])
        assert holds(interval, balls.enclosure(ball))
        assert not image.is_finite() or image.overlaps(ball)


@given(wild, points)
def test_what_is_undefined_is_poison_and_what_is_not_poison_is_right(e: sp.Expr, point: tuple[float, float]) -> None:
    program = lowered(e)
    (ball,) = in_balls(program, [Fraction(x) for x in point], 400)
    (interval,) = in_intervals(program, [(x, x) for x in point])
    if not known(interval):
        assert math.isnan(interval[0])
        assert math.isnan(interval[1])
    elif math.isfinite(interval[0]) and math.isfinite(interval[1]):
        assert ball.is_finite()
        if abs(ball) < arb(2) ** 1000 and abs(ball) > arb(2) ** -1000:
            assert holds(interval, balls.enclosure(ball))


@pytest.mark.parametrize(
    ("e", "x"),
    [
        *((sp.log(A), x) for x in (-1.0, 0.0)),
        *((sp.sqrt(A), x) for x in (-1.0, -5e-324)),
        *((sp.acosh(A), x) for x in (0.99, -3.0)),
        *((sp.atanh(A), x) for x in (1.0, -1.5)),
        *((f(A), x) for f in (sp.asin, sp.acos) for x in (1.0000001, -2.0)),
        (A**sp.pi, -1.0),
        (A ** sp.Rational(-1, 2), 0.0),
        (1 / A, 0.0),
        (A**-3, 0.0),
        ((A - 1) / (A - 1) ** 3, 1.0),
    ],
)
def test_outside_its_domain_a_function_gives_poison_and_no_number(e: sp.Expr, x: float) -> None:
    program = lower([e], (A,), {})
    (interval,) = in_intervals(program, [(x, x)])
    assert not known(interval)
    (straddling,) = in_intervals(program, [(x - 0.5, x + 0.25)])
    assert not known(straddling)
    (floating,) = in_floats(program, [x])
    assert not math.isfinite(floating)
    (ball,) = in_balls(program, [Fraction(x)])
    assert not ball.is_finite()


def test_one_wrong_constant_is_refuted_by_the_same_check() -> None:
    e = sp.tanh(W * A) + B / 3 + sp.Rational(1, 7)
    point = (0.5, 0.25)
    truth = sympy_value(e, point)
    program = lower([e], STATES, VALUES)
    check_point(program, point, truth)
    for index, constant in enumerate(program.constants):
        wrong = (*program.constants[:index], constant + sp.Rational(1, 2**40), *program.constants[index + 1 :])
        with pytest.raises(AssertionError):
            check_point(Program(2, program.nodes, wrong, program.outputs), point, truth)
    assert len(program.constants) == 3


@pytest.mark.parametrize(("right", "wrong"), [("add", "sub"), ("tanh", "sinh"), ("div", "mul")])
def test_one_wrong_operation_is_refuted_by_the_same_check(right: str, wrong: str) -> None:
    e = sp.tanh(A) / (B + 3)
    program, point = lower([e], STATES, VALUES), (0.5, 0.25)
    nodes = tuple((wrong, *node[1:]) if node[0] == right else node for node in program.nodes)
    assert nodes != program.nodes
    with pytest.raises(AssertionError):
        check_point(Program(2, nodes, program.constants, program.outputs), point, sympy_value(e, point))


# --- structure --------------------------------------------------------------------------------------------------------


def program_of(m: Any) -> Program:
    return lower(m.expressions, m.states, m.values)


def test_values_of_parameters_are_no_part_of_the_structure() -> None:
    assert program_of(neuron(2)).structure_hash == program_of(neuron("5/4", 3)).structure_hash
    assert program_of(neuron(1, 1)).structure_hash == program_of(neuron(2, 3)).structure_hash
    assert program_of(henon(1, 1)).structure_hash == program_of(henon()).structure_hash
    assert program_of(logistic(0)).structure_hash == program_of(logistic()).structure_hash
    assert program_of(neuron(2)).structure_hash != program_of(logistic()).structure_hash


def test_an_exponent_is_part_of_the_structure() -> None:
    programs = [lower([A**W], (A,), {W: sp.sympify(k)}) for k in (2, 3, -1, sp.Rational(1, 2), sp.pi)]
    assert len({p.structure_hash for p in programs}) == len(programs)


def test_equal_parts_are_computed_once() -> None:
    m = ikeda()
    program = program_of(m)
    names = [node[0] for node in program.nodes]
    assert len(set(program.nodes)) == len(program.nodes)
    assert names.count("sin") == names.count("cos") == names.count("div") == 1
    assert all(max(first, second) < i for i, (name, first, second) in enumerate(program.nodes) if name in BINARY)


def test_constants_are_exact_and_need_no_state() -> None:
    program = lower([sp.sqrt(W) * sp.tanh(A) + sp.pi / 3], STATES, VALUES)
    assert set(program.constants) == {sp.sqrt(sp.Rational(5, 4)), sp.pi / 3}
    assert lower([sp.Rational(1, 3), W], STATES, VALUES).constants == (sp.Rational(1, 3), sp.Rational(5, 4))


def test_a_function_that_no_evaluator_knows_is_refused_in_one_line() -> None:
    for e in (sp.gamma(A), sp.floor(A), sp.erf(A) + A, sp.Max(A, B)):
        with pytest.raises(InputError, match="no evaluator knows") as caught:
            lower([e], STATES, {})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("k", [-3, -2, -1, 1, 2, 3, 4])
def test_powers_of_sech_go_through_its_square(k: int) -> None:
    e = sp.sech(A) ** k
    program = lower([e], STATES, {})
    assert "sech2" in [node[0] for node in program.nodes]
    check_point(program, (0.75, 0.0), sympy_value(e, (0.75, 0.0)))


def test_every_function_has_an_operation_in_every_reading() -> None:
    names = {*UNARY, *BINARY, "powi"}
    assert set(FUNCTION_NAMES.values()) <= UNARY
    assert names <= set(BALL_OPERATIONS) & set(INTERVAL_OPERATIONS) & set(NUMPY_OPERATIONS)
