"""The closed grammar: what it reads is exact, what it refuses is refused in one line with its place."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps.grammar import parse_constant, parse_expression, parse_number, substitute

a, b, w = (sp.Symbol(name, real=True) for name in "abw")
SYMBOLS = {"a": a, "b": b, "w": w}


def read(text: str) -> sp.Expr:
    return parse_expression(text, SYMBOLS, where="[map] a")


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(text)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith("[map] a: column ")
    return message.removeprefix("[map] a: ")


# --- what is read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w*tanh(a) + b/3", w * sp.tanh(a) + b / 3),
        ("-a**2", -(a**2)),
        ("a**-2", a**-2),
        ("2*-a", -2 * a),
        ("2**3**2", sp.Integer(512)),
        ("2**-1**2", sp.Rational(1, 2)),
        ("a - b - w", a - b - w),
        ("a/b/w", a / (b * w)),
        ("a/b*w", a * w / b),
        ("0.1", sp.Rational(1, 10)),
        (".5e1 + 1.", sp.Integer(6)),
        ("1e-3*a", a / 1000),
        ("+a\n\t+ b", a + b),
        ("E**a", sp.exp(a)),
        ("ln(a)", sp.log(a)),
        ("sqrt(8)", 2 * sp.sqrt(2)),
        ("abs(-3/2)", sp.Rational(3, 2)),
        ("sin(pi)", sp.S.Zero),
        ("a**(1/3)", sp.cbrt(a)),
        ("2**a", 2**a),
        ("a**b", a**b),
        ("exp(-100*a + log(2))", 2 * sp.exp(-100 * a)),
        ("2**100", sp.Integer(2**100)),
        ("sech(a)**2", sp.sech(a) ** 2),
    ],
)
def test_text_is_read_as_the_mathematics_it_writes(text: str, expected: sp.Expr) -> None:
    assert read(text) == expected


def test_symbols_are_those_given() -> None:
    assert read("a*w").free_symbols == {a, w}


def test_a_declared_e_is_a_name() -> None:
    e = sp.Symbol("e", real=True)
    assert parse_expression("e*2", {"e": e}, where="x") == 2 * e


def test_the_absolute_value_of_a_partial_function_stays_real() -> None:
    assert read("abs(log(a))").subs(a, sp.Rational(1, 2)) == sp.log(2)


def test_a_shifted_tangent_has_no_cotangent() -> None:
    shifted = read("tan(a + pi/2)")
    assert not shifted.has(sp.cot)
    assert abs(sp.N(shifted.subs(a, 1) - sp.tan(1 + sp.pi / 2))) < 1e-12


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a + wx", 'column 5: unknown name "wx": not a state, parameter, constant or function; did you mean "w"?'),
        ("zzz", 'column 1: unknown name "zzz": not a state, parameter, constant or function; declare it or rename it'),
        ("e**a", 'did you mean "E"?'),
        ("arctan(a)", 'column 1: unknown function "arctan"; did you mean "atan"?'),
        ("f(a)", 'column 1: unknown function "f"'),
        ("eval(a)", 'column 1: unknown function "eval"'),
        ("__import__('os')", 'column 1: unexpected character "_"; names begin with a letter'),
        ("a.b", 'column 2: unexpected character "."; attribute access'),
        ("a.__class__", 'column 2: unexpected character "."; attribute access'),
        ("a[0]", 'column 2: unexpected character "["; indexing'),
        ("lambda a: a", 'column 9: unexpected character ":"'),
        ("lambda", 'column 1: unknown name "lambda"'),
        ("'a'", 'column 1: unexpected character "\'"; quoted text'),
        ('a + "b"', 'column 5: unexpected character "\\""; quoted text'),
        ("a < b", 'column 3: unexpected character "<"; comparisons'),
        ("a == b", 'column 3: unexpected character "="; give the expression alone'),
        ("a^2", 'column 2: unexpected character "^"; powers are written **'),
        ("a; b", 'column 2: unexpected character ";"'),
        ("tanh(a, b)", 'column 7: unexpected character ","; every function takes one argument'),
        ("\u0430 + b", "column 1: unexpected character U+0430 (not ASCII)"),
        ("a \u2212 b", "column 3: unexpected character U+2212 (not ASCII)"),
        ("\uff41", "column 1: unexpected character U+FF41"),
        ("\u0663", "column 1: unexpected character U+0663"),
        ("a\x00", 'column 2: unexpected character "\\u0000"'),
        ("a b", 'column 3: missing operator before "b"; a product is written with *'),
        ("2a", 'column 2: missing operator before "a"'),
        ("(a) (b)", 'column 5: missing operator before "("'),
        ("(a b)", 'column 4: missing operator before "b"'),
        ("1.2.3", 'column 4: missing operator before ".3"'),
        ("1_000", 'column 2: unexpected character "_"'),
        ("w(a)", 'column 1: "w" is not a function; a product is written w*(...)'),
        ("tanh + a", "column 1: the function tanh has no argument; write tanh(...)"),
        ("tanh()", 'column 6: found ")" where'),
        ("", "column 1: the expression ends where"),
        ("a +", "column 4: the expression ends where"),
        ("a + * b", 'column 5: found "*" where'),
        ("a // b", 'column 4: found "/" where'),
        ("(a + b", "column 1: ( is never closed"),
        ("a)", "column 2: unmatched )"),
        ("x" * 33, "column 1: a name of 33 characters"),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_at_its_place(text: str, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/0", "column 2: division by 0"),
        ("a/(1 - 1)", "column 2: division by 0"),
        ("a/(b - b)", "column 2: division by 0"),
        ("0**-1", "column 2: division by 0"),
        ("0**a", "column 2: 0 to a power"),
        ("log(0)", "column 1: not defined: log needs a number above 0"),
        ("log(-1) - log(-1)", "column 1: not defined: log"),
        ("0*log(-1)", "column 3: not defined: log"),
        ("sqrt(-1)", "column 1: a root or real power of a negative number is not real"),
        ("sqrt(-2)**2", "column 1: a root"),
        ("(-8)**(1/3)", "column 5: a root"),
        ("(-2)**a", "column 5: a root"),
        ("sqrt(-a**2)", "not a finite real number"),
        ("asin(2)", "[-1, 1]"),
        ("acos(-1.0001)", "[-1, 1]"),
        ("acosh(0.5)", "at least 1"),
        ("atanh(1)", "strictly between -1 and 1"),
        ("tan(pi/2)", "pole"),
        ("acos(cos(64**64/54))", "column 1: acos of this argument cannot be settled"),
        ("1/(sin(1)**2 + cos(1)**2 - 1)", "column 2: this constant cannot be told from 0"),
    ],
)
def test_undefined_constants_are_refused(text: str, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9**9**9", "column 2: the power has more than 4096 bits"),
        ("2**2**2**2**2**2", "bits"),
        ("2**4097", "bits"),
        ("(1/2)**9999999", "bits"),
        ("((((9**9)**9)**9)**9)**9", "bits"),
        ("((1e60*a)**64)**64", "bits"),
        ("a**65", "exponent beyond 64"),
        ("a**-65", "exponent beyond 64"),
        ("a**9**9**9", "bits"),
        ("a**(10**9*b)", "exponent beyond 64"),
        ("((a**64)**64)**64", "exponent beyond 64"),
        ("exp(10**9*log(2))", "exponent beyond 64"),
        ("exp(10**9*(log(2) - log(3)))", "exponent beyond 64"),
        ("2**(pi + 10**9)*2**-pi", "exponent beyond 64"),
        ("(2**(60 - 60*pi))**60", "exponent beyond 64"),
        ("exp(exp(exp(exp(9))))", "large is beyond 2**4096"),
        ("exp(exp(exp(exp(a - a + 9))))", "large is beyond 2**4096"),
        ("tanh(cosh(exp(a**b - w + 1e9)/(b + 1)**2))", "exponent beyond 4096"),
        ("exp(1e9*a)", "exponent beyond 4096"),
        ("exp(-10**9)", "large is beyond 2**4096"),
        ("*".join(["cosh(2000)"] * 5), "a constant outside"),
        ("*".join(["1e-400"] * 5), "bits"),
        ("(" * 10_000 + "a" + ")" * 10_000, "column 2001: the text has 20001 characters"),
        ("(" * 900 + "a", "column 65: nested more than 64 deep"),
        ("-" * 900 + "a", "column 65: nested more than 64 deep"),
        ("**".join(["a"] * 400), "nested more than 64 deep"),
        ("tanh(" * 100 + "a" + ")" * 100, "column 321: nested more than 64 deep"),
        ("+".join(["a"] * 600), "column 1001: more than 1000 numbers"),
        ("1" * 61, "column 1: a number of more than 60 digits"),
        ("0." + "1" * 61, "more than 60 digits"),
        ("1e401", "column 1: a decimal exponent beyond 400"),
        ("1e-99999999999999999999", "a decimal exponent beyond 400"),
        ("tanh(acosh(" * 20 + "a" + "))" * 20, "grows beyond 2000 operations"),
        ("sin(atan(" * 25 + "a" + "))" * 25, "grows beyond 2000 operations"),
    ],
)
def test_what_would_blow_up_is_refused(text: str, message: str) -> None:
    assert message in refusal(text)


def test_limits_admit_what_lies_just_inside() -> None:
    assert read("2**4095") == 2**4095
    assert read("a**-64") == a**-64
    assert read("1" * 60) == int("1" * 60)
    assert read("(" * 63 + "a" + ")" * 63) == a
    assert read("+".join(["a"] * 500)) == 500 * a


# --- numbers and constants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (3, Fraction(3)),
        ("5/4", Fraction(5, 4)),
        ("-0.1", Fraction(-1, 10)),
        ("1e-3", Fraction(1, 1000)),
        (0.1, Fraction(0.1)),
        (5e-324, Fraction(5e-324)),
        (-1.7e308, Fraction(-1.7e308)),
        (Fraction(-2, 7), Fraction(-2, 7)),
        (Decimal("0.1"), Fraction(1, 10)),
    ],
)
def test_numbers_are_taken_exactly(given_: str | int | float, expected: Fraction) -> None:
    value = parse_number(given_, where="w")
    assert isinstance(value, sp.Rational)
    assert Fraction(int(value.p), int(value.q)) == expected


@pytest.mark.parametrize(
    "given_",
    [True, None, [1], 1j, float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("Infinity"),
     Decimal("1e999999"), Decimal("1e-401"), 2**4097, "abc", "nan", "inf", "-inf", "", "1/0", "sqrt(2)", "a", "1e500"],
)  # fmt: skip
def test_what_is_no_finite_rational_is_refused(given_: object) -> None:
    with pytest.raises(InputError, match=r"^w: ") as caught:
        parse_number(given_, where="w")  # pyright: ignore[reportArgumentType]
    assert str(caught.value).isprintable()


def test_constants_may_be_irrational() -> None:
    assert parse_constant("sqrt(2)", where="w") == sp.sqrt(2)
    assert parse_constant("pi/3", where="w") == sp.pi / 3
    assert parse_constant(0.5, where="w") == sp.Rational(1, 2)
    for text in ("abc", "nan", "inf", "log(-2)", "sqrt(-1)", "1/0", "a"):
        with pytest.raises(InputError, match=r"^w: column 1|^w: column 2"):
            parse_constant(text, where="w")


# --- substitution ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("1/(w - 1)", "1", "division by 0"),
        ("2**w", "1e9", "bits"),
        ("a**w", "65", "exponent beyond 64"),
        ("a*log(w)", "-1", "log needs a number above 0"),
        ("sqrt(w - 3)", "2", "not real"),
        ("exp(w)", "1e9", "large"),
    ],
)
def test_values_that_undo_an_expression_are_refused(text: str, value: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        substitute(read(text), {w: parse_constant(value, where="w")}, where="[map] a")


def test_substitution_agrees_with_sympy_where_it_is_defined() -> None:
    for text in (
        "w*tanh(a) + b/3",
        "a**w",
        "abs(w - a)/w",
        "sqrt(w)*exp(-w*a)",
        "sech(w)*sin(a*w)",
        "atan(w*a)**(w - 2)",
    ):
        for value in (sp.Rational(5, 4), sp.sqrt(2), sp.Integer(3)):
            assert substitute(read(text), {w: value}, where="x") == read(text).xreplace({w: value})
