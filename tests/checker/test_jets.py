"""Jets of formulas against SymPy's derivatives, and maps in intervals against floats: never outside, never far off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from dynlatch.checker import intervals as iv
from dynlatch.checker.intervals import Interval
from dynlatch.checker.jets import Formula, Jet, constant, number_of, shape, variable
from dynlatch.checker.systems import System, defined, matrix_product
from dynlatch.checker.walks import Walk
from dynlatch.errors import InputError
from dynlatch.maps.catalogue import henon, ikeda, neuron, newton, predator_prey, tanh_network
from dynlatch.maps.definition import Formulas, Map, exact_box, state_symbol

F = Fraction
x, y, w = map(state_symbol, ("x", "y", "w"))
VALUES = {w: sp.Rational(7, 3)}

trees = st.recursive(
    st.one_of(st.sampled_from(["x", "y", "w"]), st.fractions(-3, 3, max_denominator=8)),
    lambda c: st.one_of(
        st.tuples(st.sampled_from("+-*"), c, c),
        st.tuples(st.just("**"), c, st.integers(2, 3)),
        st.tuples(st.sampled_from(["tanh", "sech", "sin", "cos", "atan", "asinh", "root", "inverse", "exp"]), c),
    ),
    max_leaves=6,
)


def built(tree: Any) -> sp.Expr:
    if isinstance(tree, str):
        return {"x": x, "y": y, "w": w}[tree]
    if isinstance(tree, Fraction):
        return sp.Rational(tree.numerator, tree.denominator)
    kind, first, *rest = tree
    u = built(first)
    if rest:
        v = rest[0] if kind == "**" else built(rest[0])
        return {"+": lambda: u + v, "-": lambda: u - v, "*": lambda: u * v, "**": lambda: u**v}[kind]()
    if kind == "root":
        return sp.sqrt(1 + u**2)
    if kind == "inverse":
        return 1 / (2 + u**2)
    return getattr(sp, kind)(sp.tanh(u) if kind == "exp" else u)


def number(e: sp.Expr, at: dict[sp.Symbol, Fraction]) -> Any:
    """The value of an expression to 40 digits."""
    rational = {s: sp.Rational(v.numerator, v.denominator) for s, v in at.items()}
    return mpmath.mpf(sp.N(e.xreplace(VALUES).xreplace(rational), 40))


def holds(c: Interval, value: Any, slack: float = 1e-25) -> bool:
    low, high = (mpmath.mpf(v.mid().str(40, radius=False)) for v in (c.lo, c.hi))
    return low - slack * (1 + abs(value)) <= value <= high + slack * (1 + abs(value))


def flat(rows: list[list[Interval]]) -> list[Interval]:
    return [entry for row in rows for entry in row]


coordinates = st.fractions(-2, 2, max_denominator=50)


@given(trees, coordinates, coordinates, st.fractions(0, F(1, 20), max_denominator=1000), st.data())
def test_jets_hold_the_derivatives_that_sympy_finds(
    tree: Any, a: Fraction, b: Fraction, r: Fraction, data: Any
) -> None:
    e = built(tree)
    assume(not e.has(sp.zoo, sp.nan, sp.oo))
    inside = {x: data.draw(st.sampled_from([a - r, a, a + r])), y: data.draw(st.sampled_from([b - r, b, b + r / 3]))}
    with iv.precision(160), mpmath.workdps(40):
        formula = Formula([e], [x, y], VALUES)
        at_point = formula.jets([iv.number(inside[x]), iv.number(inside[y])], 3)[0]
        over_box = formula.jets([iv.span(a - r, a + r), iv.span(b - r, b + r)], 3)[0]
        assert holds(formula.evaluate([iv.span(a - r, a + r), iv.span(b - r, b + r)])[0], number(e, inside))
        for monomial in at_point.shape.monomials:
            derivative, factor = e, 1
            for v in monomial:
                derivative = sp.diff(derivative, (x, y)[v])
            for v in (0, 1):
                factor *= sp.factorial(monomial.count(v))
            true = number(derivative / factor, inside)
            sharp, wide = at_point.coefficient(*monomial), over_box.coefficient(*monomial)
            assert holds(sharp, true), monomial
            assert holds(wide, true), monomial
            assert float(sharp.width) <= 1e-30 * (1 + abs(float(true)) * 1e6)
        narrow = [iv.span(a, a + F(1, 2**40)), iv.span(b, b + F(1, 2**40))]
        assert float(formula.jets(narrow, 1)[0].value.width) < 1e-4


def test_shapes_count_monomials_once() -> None:
    kind = shape(2, 3)
    assert kind.monomials[:6] == ((), (0,), (1,), (0, 0), (0, 1), (1, 1))
    assert kind.size == 10
    assert shape(4, 2).size == 15
    u, v = variable(kind, 0, iv.number(2)), variable(kind, 1, iv.number(3))
    product = u * v * u
    values = {m: float(product.coefficient(*m).lo) for m in kind.monomials}
    assert values == {
        (): 12, (0,): 12, (1,): 4, (0, 0): 3, (0, 1): 4, (1, 1): 0, (0, 0, 0): 0, (0, 0, 1): 1, (0, 1, 1): 0,
        (1, 1, 1): 0,
    }  # fmt: skip
    assert [float(product.derivative(0).coefficient(*m).lo) for m in shape(2, 2).monomials] == [12, 6, 4, 0, 2, 0]
    assert float((constant(kind, iv.number(5)) - u).value.lo) == 3


def of(*expressions: sp.Expr, box: Any = (-2, 2)) -> System:
    n = len(expressions)
    return System(Map("test", (x, y)[:n], Formulas(expressions), (), exact_box(box, n)))


@pytest.mark.parametrize(
    ("e", "box", "value", "slope"),
    [
        (sp.atan(sp.tan(x)), (1, 2), False, False),  # a jump at pi/2 that the derivative, 1, does not show
        (sp.log(x), (-1, 1), False, False),
        (sp.sqrt(x), (0, 1), True, False),
        (sp.sqrt(x), (-1, 1), False, False),
        (1 / x, (-1, 1), False, False),
        (sp.Abs(x), (-1, 1), True, True),
        (x**2, (-1, 1), True, True),
        (sp.acosh(x), (0, 2), False, False),
        (sp.exp(sp.exp(sp.exp(x))), (0, 60), False, False),
    ],
)
def test_a_derivative_proves_nothing_where_the_map_has_no_value(
    e: sp.Expr, box: tuple[int, int], value: bool, slope: bool
) -> None:
    system = of(e)
    side = [iv.span(*box)]
    assert defined(system.image(side)) is value
    assert defined(system.jacobian(side)[0]) is slope


def test_one_undefined_component_leaves_no_derivative_at_all() -> None:
    rows = of(x + y, sp.log(x)).jacobian([iv.span(-1, 1), iv.span(0, 1)])
    assert not any(entry.defined for row in rows for entry in row)


def test_kinks_are_not_smooth() -> None:
    assert of(sp.Abs(x) * x).is_smooth([iv.span(1, 2)])
    assert not of(sp.Abs(x) + x).is_smooth([iv.span(-1, 1)])


@functools.cache
def both_ways(m: Map) -> tuple[System, Callable[..., Any], Callable[..., Any]]:
    """The checker's map; the same map and its Jacobian by another library."""
    image, slopes = list(m.explicit), m.jacobian.xreplace(m.values)
    return System(m), sp.lambdify(m.states, image, "mpmath"), sp.lambdify(m.states, slopes, "mpmath")


@pytest.mark.parametrize(
    "m", [neuron("5/4", "1/10"), henon(), ikeda(), newton(), predator_prey(),
          tanh_network([[2, "1/5"], ["1/5", "9/5"]], ["1/7", 0])],
    ids=lambda m: m.name,
)  # fmt: skip
@given(data=st.data())
def test_maps_enclose_what_floats_find(m: Map, data: Any) -> None:
    n, (system, f, jacobian) = m.dimension, both_ways(m)
    low = [data.draw(st.fractions(lo, hi, max_denominator=64)) for lo, hi in m.domain]
    size = data.draw(st.fractions(0, F(1, 50), max_denominator=1000))
    inside = [lo + size * data.draw(st.fractions(0, 1, max_denominator=8)) for lo in low]
    with iv.precision(100), mpmath.workdps(25):
        box = [iv.span(lo, lo + size) for lo in low]
        at = [mpmath.mpf(v.numerator) / v.denominator for v in inside]
        image, rows, sharper = system.image(box), system.jacobian(box), system.mean_value_image(box)
        assume(defined(image))
        values, slopes = f(*at), jacobian(*at)
        for i in range(n):
            assert holds(image[i], values[i], 1e-18)
            assert holds(sharper[i], values[i], 1e-18)
            assert sharper[i].width <= image[i].width
            for j in range(n):
                assert holds(rows[i][j], slopes[i, j], 1e-18)
        exact = system.jacobian([iv.number(v) for v in inside])
        assert all(float(e.width) < 1e-20 * (1 + float(e.magnitude)) for row in exact for e in row)


def test_a_network_is_the_same_as_its_formulas() -> None:
    m = tanh_network([[2, "1/5"], ["-1/3", "9/5"]], ["1/7", "-1/2"])
    network, formula = System(m), System(Map("m", m.states, Formulas(m.expressions), (), m.domain))
    box = [iv.span(F(-1, 3), F(1, 2)), iv.span(1, F(5, 4))]
    with iv.precision(128):
        for one, other in zip(network.image(box), formula.image(box), strict=True):
            assert float(abs(one.lo - other.lo)) + float(abs(one.hi - other.hi)) < 1e-35
        for one, other in zip(flat(network.jacobian(box)), flat(formula.jacobian(box)), strict=True):
            assert float(abs(one.lo - other.lo)) + float(abs(one.hi - other.hi)) < 1e-35
        for i in range(2):
            for one, other in zip(flat(network.hessians(box)[i]), flat(formula.hessians(box)[i]), strict=True):
                assert not one.apart(other)


def test_a_large_network_is_evaluated_directly() -> None:
    rng = np.random.default_rng(1)
    W, b, a = rng.normal(size=(40, 40)), rng.normal(size=40), rng.normal(size=40)
    system = System(tanh_network(W, b))
    slopes = W / np.cosh(a) ** 2
    with iv.precision(100):
        box = [iv.number(F(float(v))) for v in a]
        for found, value in zip(system.image(box), W @ np.tanh(a) + b, strict=True):
            assert abs(float(found.middle) - value) < 1e-13
            assert float(found.width) < 1e-25
        for i, row in enumerate(system.jacobian(box)):
            assert np.allclose([float(e.middle) for e in row], slopes[i], atol=1e-14)


def test_walks_stay_narrow_where_hulls_of_hulls_do_not() -> None:
    """A rotation by 45 degrees, shrinking a little: hulls grow by sqrt 2 a step, the mean value form does not."""
    c = sp.Rational(7, 10)
    system = of(c * x - c * y, c * x + c * y)
    box = [iv.span(F(-1, 10), F(1, 10))] * 2
    with iv.precision(64):
        walk, plain = Walk(system, box, period=4), list(box)
        for _ in range(8):
            assert walk.advance()
            plain = system.image(plain)
        assert float(walk.state[0].width) < 0.2
        assert float(plain[0].width) > 1.5
        assert walk.step == 8
        four = system.power_jacobian(box, 4)
        assert walk.factor is not None
        for one, other in zip(flat(walk.factor), flat(four), strict=True):
            assert float(abs(one.middle - other.middle)) < 1e-15
        whole = matrix_product(four, four)
        assert float(abs(walk.product[0][0].middle - whole[0][0].middle)) < 1e-15


def test_displacements_keep_what_the_map_and_the_state_have_in_common() -> None:
    system = of(x + sp.Rational(1, 10) + x**3 / 100)
    walk = Walk(system, [iv.span(0, 1)])
    assert walk.advance()
    found = walk.displacement([iv.number(1)])
    assert 0.05 < float(found.lo) < 0.1 < 0.11 < float(found.hi) < 0.13
    assert float(walk.displacement([iv.number(-1)]).hi) < 0


def test_constants_are_enclosed() -> None:
    with iv.precision(200), mpmath.workdps(70):
        for e, value in [
            (sp.pi / 3 + sp.E, mpmath.pi / 3 + mpmath.e),
            (sp.sqrt(2) ** 3 * sp.log(5), mpmath.sqrt(2) ** 3 * mpmath.log(5)),
            (sp.Rational(2, 3) ** sp.Rational(1, 5), (mpmath.mpf(2) / 3) ** (mpmath.mpf(1) / 5)),
            (sp.asin(sp.Rational(1, 3)), mpmath.asin(mpmath.mpf(1) / 3)),
        ]:
            found = number_of(e)
            assert holds(found, value, 1e-38)
            assert float(found.width) < 1e-55


def test_unknown_functions_are_refused() -> None:
    for e in (sp.sign(x), sp.gamma(x)):
        with pytest.raises(InputError, match="is not a function that certificates know"):
            Formula([e], [x], {})
    with pytest.raises(InputError, match="is not a function that certificates know"):
        number_of(sp.gamma(sp.Rational(1, 3), evaluate=False))


def test_a_jet_of_undefined_says_nothing() -> None:
    kind = shape(1, 2)
    found = Jet(kind, [iv.UNDEFINED, None, None]) * variable(kind, 0, iv.ONE)
    assert not found.value.defined
