"""Text to exact mathematics through a closed grammar: no text is ever handed to an evaluator of code.

``sum: product (("+" | "-") product)*``, ``product: signed (("*" | "/") signed)*``, ``signed: "-" signed | power``,
``power: atom ("**" signed)?``, ``atom: number | name | function "(" sum ")" | "(" sum ")"``. Each operation is checked
before SymPy performs it, because SymPy computes powers of numbers at once: ``9**9**9`` must never be built.
"""

from __future__ import annotations

import difflib
import json
import math
import numbers
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure

MAX_TEXT: Final = 2000  # characters of one expression
MAX_TOKENS: Final = 1000
MAX_DEPTH: Final = 64  # brackets, signs, functions and exponents inside one another
MAX_DIGITS: Final = 60  # of one number
MAX_DECIMAL_EXPONENT: Final = 400  # k in 1ek
MAX_BITS: Final = 4096  # of a numerator or denominator, and of the size of any constant
MAX_EXPONENT: Final = 64  # of any number in an exponent; MAX_BITS for exp
MAX_NODES: Final = 2000  # of the expression that results
MAX_NAME: Final = 32

CONSTANTS: Final[Mapping[str, sp.Expr]] = {"pi": sp.pi, "E": sp.E}
FUNCTIONS: Final[Mapping[str, Callable[..., sp.Expr]]] = {
    "exp": sp.exp, "log": sp.log, "ln": sp.log, "sqrt": sp.sqrt, "abs": sp.Abs, "sin": sp.sin, "cos": sp.cos,
    "tan": sp.tan, "sinh": sp.sinh, "cosh": sp.cosh, "tanh": sp.tanh, "sech": sp.sech, "asin": sp.asin,
    "acos": sp.acos, "atan": sp.atan, "asinh": sp.asinh, "acosh": sp.acosh, "atanh": sp.atanh,
}  # fmt: skip

_NAMES_OF: Final = {FUNCTIONS[name]: name for name in FUNCTIONS if name not in ("ln", "sqrt")}
_DOMAINS: Final = {
    "log": "log needs a number above 0", "tan": "tan has a pole there", "acosh": "acosh needs a number of at least 1",
    "atanh": "atanh needs a number strictly between -1 and 1",
    "asin": "asin needs a number in [-1, 1]", "acos": "acos needs a number in [-1, 1]",
}  # fmt: skip
_HINTS: Final = {
    "^": "powers are written **", ".": "attribute access is not part of the grammar",
    "=": "give the expression alone, without =", ",": "every function takes one argument",
    "_": "names begin with a letter", **dict.fromkeys("[]", "indexing is not part of the grammar"),
    **dict.fromkeys("<>!", "comparisons are not part of the grammar"),
    **dict.fromkeys("'\"", "quoted text is not part of the grammar"),
}  # fmt: skip
_WORDS: Final = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arctanh": "atanh"}
_TOKEN: Final = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|[-+*/()])|(?P<space>[ \t\r\n]+)"
)
_BITS: Final = 1024  # of the balls that decide whether a constant is defined
_LARGE: Final = Fraction(2**MAX_BITS)
_SIZE: Final = f"a constant outside 2**-{MAX_BITS} .. 2**{MAX_BITS} arises; rescale the map"


class _Token(NamedTuple):
    kind: str  # number, name, operator, end
    text: str
    at: int  # column, counted from 1


class _Node(NamedTuple):
    expr: sp.Expr
    value: Enclosure | None  # of a constant; None where symbols occur


def suggestion(name: str, known: Iterable[str]) -> str:
    """The ending ``; did you mean "w"?`` of a message, or nothing where no known name is near."""
    lower = {n.lower(): n for n in known}
    close = difflib.get_close_matches(_WORDS.get(name, name).lower(), lower, 1, 0.5)
    return f'; did you mean "{lower[close[0]]}"?' if close else ""


def quoted(text: str) -> str:
    """User text for a one-line message: ASCII, shortened, in quotes."""
    return json.dumps(text if len(text) <= 40 else text[:37] + "...")


def parse_expression(text: str, symbols: Mapping[str, sp.Symbol], *, where: str) -> sp.Expr:
    """The exact SymPy expression that ``text`` writes in the given ``symbols`` (states and parameters, real).

    Decimals are exact (``0.1`` is 1/10), ``**`` groups to the right and binds tighter than a sign in front.
    Raises: InputError ``{where}: column {k}: ...`` in one line for whatever is not in the grammar, passes a limit of
    this module, or is a constant that is undefined, not real, or not provably defined. Rigor: exact.
    """
    return _Parser(text, symbols, where).parse().expr


def parse_constant(text: str | int | float | Fraction | Decimal, *, where: str) -> sp.Expr:
    """A finite real constant, exactly: a number, or text such as ``"5/4"``, ``"sqrt(2)"`` or ``"pi/3"``.

    Raises: InputError as ``parse_number`` and ``parse_expression``. Rigor: exact, real and finite.
    """
    return parse_expression(text, {}, where=where) if isinstance(text, str) else parse_number(text, where=where)


def parse_number(number: str | int | float | Fraction | Decimal, *, where: str) -> sp.Rational:
    """An exact rational: ``"5/4"``, ``"0.1"`` (1/10), ``"1e-3"``, an int, a Fraction, a float as the dyadic it is.

    Raises: InputError for nan, infinities, booleans, anything that is no rational number, and beyond the limits.
    """
    if isinstance(number, str):
        value = parse_expression(number, {}, where=where)
        if not isinstance(value, sp.Rational):
            raise InputError(f"{where}: {quoted(number)} is not a rational number; give it as a fraction or a decimal")
        return value
    mend = 'give an integer, a fraction such as "5/4" or a decimal such as "1.25"'
    if isinstance(number, bool) or not isinstance(number, numbers.Rational | float | Decimal):
        raise InputError(f"{where}: {quoted(str(number))} of type {type(number).__name__} is not a number; {mend}")
    if not (number.is_finite() if isinstance(number, Decimal) else abs(number) < math.inf):
        raise InputError(f"{where}: {number} is not a finite number; {mend}")
    if isinstance(number, Decimal) and abs(number.adjusted()) > MAX_DECIMAL_EXPONENT:
        raise InputError(f"{where}: the number is beyond 1e{MAX_DECIMAL_EXPONENT} in size; rescale the map")
    value = sp.Rational(*map(int, Fraction(number).as_integer_ratio()))
    _Builder(where).constant(value)
    return value


def substitute(expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr], *, where: str) -> sp.Expr:
    """``expression`` with symbols replaced by exact constants, every operation checked as if it had been typed.

    Raises: InputError if the values make an operation undefined (``1/(w - 1)`` at w = 1) or a power too large.
    """
    return _Builder(where).rebuild(expression, values).expr


class _Builder:
    """Builds expressions by checked operations; ``at`` is the column that an error points to."""

    def __init__(self, where: str) -> None:
        self.where = where

    def refuse(self, at: int | None, why: str) -> InputError:
        return InputError(f"{self.where}: {why}" if at is None else f"{self.where}: column {at}: {why}")

    def finish(self, expr: sp.Expr, value: Enclosure | None, at: int | None) -> _Node:
        """Hold the invariants of every expression: real, bounded numbers, bounded exponents, bounded size."""
        if expr.has(sp.cot):  # tan(a + pi/2) becomes -cot(a), for which no evaluator has a name
            expr = expr.replace(sp.cot, lambda x: sp.cos(x) / sp.sin(x))
        for count, part in enumerate(sp.preorder_traversal(expr)):
            if count >= MAX_NODES:
                raise self.refuse(at, f"the expression grows beyond {MAX_NODES} operations; write it in a shorter form")
            if part.is_Rational:
                if max(int(part.p).bit_length(), int(part.q).bit_length()) > MAX_BITS:
                    raise self.refuse(at, f"a number of more than {MAX_BITS} bits arises; use smaller ones")
            elif isinstance(part, (sp.Pow, sp.exp)):  # SymPy reads exp(k x) as the k-th power of exp(x)
                self.check_exponent(part.exp, at, MAX_EXPONENT if isinstance(part, sp.Pow) else MAX_BITS)
            elif not (part in (sp.pi, sp.E) or isinstance(part, (sp.Symbol, sp.Add, sp.Mul)) or part.func in _NAMES_OF):
                raise self.refuse(at, "the value is not a finite real number; keep every operation inside its domain")
        if value is None and not expr.free_symbols:  # a - a
            value = self.rebuild(expr, {}).value
        if value is not None:
            value = Enclosure.exactly(Fraction(int(expr.p), int(expr.q))) if expr.is_Rational else value
            size = max(abs(value.lower), abs(value.upper))
            if size > _LARGE or 0 < size < 1 / _LARGE:
                raise self.refuse(at, _SIZE)
        return _Node(expr, value)

    def check_exponent(self, exponent: sp.Expr, at: int | None, most: int = MAX_EXPONENT) -> None:
        walk = sp.preorder_traversal(exponent)
        for part in walk:
            if isinstance(part, sp.Function):
                walk.skip()
            elif part.is_Rational and abs(part) > most:
                raise self.refuse(at, f"an exponent beyond {most} in size; use a smaller one")

    def ball(self, name: str, *operands: _Node, k: int = 0) -> Enclosure | None:
        """The value of an operation on constants; None if it could not be shown to be defined."""
        with balls.precision(_BITS):
            x = [balls.ball(node.value) for node in operands if node.value is not None]
            try:
                if name in ("add", "mul"):
                    return balls.enclosure(sum(x[1:], x[0]) if name == "add" else math.prod(x[1:], start=x[0]))
                if name == "pow":
                    return balls.enclosure(balls.FUNCTIONS["exp"](x[1] * balls.FUNCTIONS["log"](x[0])))
                if name == "sech":
                    return balls.enclosure(1 / balls.FUNCTIONS["cosh"](x[0]))
                if name == "powi":
                    return balls.enclosure(balls.powi(x[0], k))
                return balls.enclosure(balls.FUNCTIONS["absolute" if name == "abs" else name](x[0]))
            except ArithmeticError:
                return None

    def constant(self, expr: sp.Expr, at: int | None = None) -> _Node:
        if expr.is_Rational:
            return self.finish(expr, Enclosure.exactly(1), at)  # finish takes the exact value
        one, minus = (_Node(sp.Integer(k), Enclosure.exactly(k)) for k in (1, -1))
        return _Node(expr, self.ball("exp", one) if expr == sp.E else self.ball("acos", minus))

    def combine(self, name: str, parts: list[_Node], at: int | None) -> _Node:
        """Their sum (``add``) or product (``mul``)."""
        if len(parts) == 1:
            return parts[0]
        constant, exprs = all(p.value is not None for p in parts), [p.expr for p in parts]
        value = self.ball(name, *parts) if constant else None
        if constant and value is None:
            raise self.refuse(at, _SIZE)
        return self.finish(sp.Add(*exprs) if name == "add" else sp.Mul(*exprs), value, at)

    def power(self, base: _Node, exponent: _Node, at: int | None) -> _Node:
        b, e, ends = base.expr, exponent.expr, base.value
        if b == sp.E:
            return self.call("exp", exponent, at)
        if ends is not None and not (e.is_Integer and e >= 0):
            if ends.lower == ends.upper == 0 and not (e.is_Rational and e > 0):
                raise self.refuse(at, "division by 0" if e == -1 else "0 to a power that is not a positive number")
            elif ends.lower == ends.upper == 0:
                return self.constant(sp.S.Zero)
            elif e.is_Rational and ends.lower <= 0 <= ends.upper:
                raise self.refuse(at, "this constant cannot be told from 0; simplify it")
            elif not e.is_Integer and ends.lower <= 0:
                raise self.refuse(at, "a root or real power of a negative number is not real")
        if b.is_Rational and e.is_Integer:
            if (max(int(b.p).bit_length(), int(b.q).bit_length()) - 1) * abs(e) > MAX_BITS:
                raise self.refuse(at, f"the power has more than {MAX_BITS} bits; use a smaller exponent")
        else:
            self.check_exponent(e, at)
        value = None
        if ends is not None and exponent.value is not None:
            value = self.ball("powi", base, k=int(e)) if e.is_Integer else self.ball("pow", base, exponent)
            if value is None:
                raise self.refuse(at, "this power cannot be shown to be defined; simplify the constant")
        return self.finish(sp.Pow(b, e), value, at)

    def call(self, name: str, argument: _Node, at: int | None) -> _Node:
        name = "log" if name == "ln" else name
        x, ends = argument.expr, argument.value
        if name == "sqrt" or (name == "abs" and not x.is_extended_real):
            # |u| is sqrt(u^2) where SymPy cannot see that u is real: it would rewrite it with real and imaginary parts.
            square = argument if name == "sqrt" else self.power(argument, self.constant(sp.Integer(2)), at)
            return self.power(square, self.constant(sp.Rational(1, 2)), at)
        for term in () if name != "exp" else x.args if x.is_Add else (x,):  # exp(k log 2) becomes 2**k at once
            if any(isinstance(factor, sp.log) for factor in (term.args if term.is_Mul else (term,))):
                self.check_exponent(term, at)
        value = None
        if ends is not None:
            if name in ("exp", "sinh", "cosh", "sech") and max(abs(ends.lower), abs(ends.upper)) > MAX_BITS * 2 // 3:
                raise self.refuse(at, f"{name} of a number this large is beyond 2**{MAX_BITS}; rescale the map")
            value = self.ball(name, argument)
            if value is None:
                why = _DOMAINS.get(name, f"{name} of this constant")
                raise self.refuse(at, f"not defined: {why}; change its argument")
        try:
            return self.finish(FUNCTIONS[name](x), value, at)
        except (AttributeError, ArithmeticError):  # SymPy gives up on some numbers, such as acos(cos(10**40/3))
            raise self.refuse(at, f"{name} of this argument cannot be settled; simplify it") from None

    def rebuild(self, e: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> _Node:
        if isinstance(e, sp.Symbol):
            return self.rebuild(values[e], {}) if e in values else _Node(e, None)
        if e.is_Rational or e in (sp.pi, sp.E):
            return self.constant(e)
        parts = [self.rebuild(a, values) for a in e.args]
        if e.is_Add or e.is_Mul:
            return self.combine("add" if e.is_Add else "mul", parts, None)
        if isinstance(e, sp.Pow):
            return self.power(parts[0], parts[1], None)
        if e.func not in _NAMES_OF:
            raise self.refuse(None, f"{e.func} is not a function of the grammar; use the elementary functions")
        return self.call(_NAMES_OF[e.func], parts[0], None)


class _Parser:
    """One recursive descent over the tokens of one text."""

    def __init__(self, text: str, symbols: Mapping[str, sp.Symbol], where: str) -> None:
        self.build = _Builder(where)
        self.refuse = self.build.refuse
        self.symbols = symbols
        self.depth = 0
        self.tokens = self.tokenize(text)
        self.next = 0

    def tokenize(self, text: str) -> list[_Token]:
        if len(text) > MAX_TEXT:
            raise self.refuse(MAX_TEXT + 1, f"the text has {len(text)} characters; at most {MAX_TEXT} are read")
        tokens: list[_Token] = []
        at = 0
        while at < len(text):
            if (match := _TOKEN.match(text, at)) is None:
                character = text[at]
                name = quoted(character) if character.isascii() else f"U+{ord(character):04X} (not ASCII)"
                hint = _HINTS.get(character, "an expression is made of numbers, names, + - * / ** and brackets")
                raise self.refuse(at + 1, f"unexpected character {name}; {hint}")
            if match.lastgroup and match.lastgroup != "space":
                tokens.append(_Token(match.lastgroup, match.group(), at + 1))
            if len(tokens) > MAX_TOKENS:
                raise self.refuse(at + 1, f"more than {MAX_TOKENS} numbers, names and operators; shorten it")
            at = match.end()
        return [*tokens, _Token("end", "", len(text) + 1)]

    def take(self, *texts: str) -> _Token | None:
        token = self.tokens[self.next]
        if token.kind != "operator" or token.text not in texts:
            return None
        self.next += 1
        return token

    def parse(self) -> _Node:
        node = self.sum()
        token = self.tokens[self.next]
        if token.kind != "end":
            raise self.refuse(token.at, "unmatched ); remove it") if token.text == ")" else self.missing_operator()
        return node

    def sum(self) -> _Node:
        at = self.tokens[self.next].at
        parts = [self.product()]
        while sign := self.take("+", "-"):
            term = self.product()
            parts.append(term if sign.text == "+" else self.negative(term, sign.at))
        return self.build.combine("add", parts, at)

    def product(self) -> _Node:
        at = self.tokens[self.next].at
        parts = [self.signed()]
        while sign := self.take("*", "/"):
            factor = self.signed()
            minus = self.build.constant(sp.S.NegativeOne)
            parts.append(factor if sign.text == "*" else self.build.power(factor, minus, sign.at))
        return self.build.combine("mul", parts, at)

    def negative(self, node: _Node, at: int) -> _Node:
        return self.build.combine("mul", [self.build.constant(sp.S.NegativeOne), node], at)

    def signed(self) -> _Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refuse(self.tokens[self.next].at, f"nested more than {MAX_DEPTH} deep; simplify the expression")
        sign = self.take("-", "+")
        if sign is None:
            node = self.atom()
            if sign := self.take("**"):
                node = self.build.power(node, self.signed(), sign.at)
        else:
            node = self.signed() if sign.text == "+" else self.negative(self.signed(), sign.at)
        self.depth -= 1
        return node

    def bracket(self, opened: _Token) -> _Node:
        node = self.sum()
        if self.take(")") is None:
            end = self.tokens[self.next].kind == "end"
            raise self.refuse(opened.at, "( is never closed; add )") if end else self.missing_operator()
        return node

    def missing_operator(self) -> InputError:
        token = self.tokens[self.next]
        return self.refuse(token.at, f"missing operator before {quoted(token.text)}; a product is written with *")

    def atom(self) -> _Node:
        if opened := self.take("("):
            return self.bracket(opened)
        token = self.tokens[self.next]
        if token.kind in ("number", "name"):
            self.next += 1
            return self.number(token) if token.kind == "number" else self.name(token)
        found = "the expression ends" if token.kind == "end" else f"found {quoted(token.text)}"
        raise self.refuse(token.at, f"{found} where a number, a name or ( is expected; complete the expression")

    def number(self, token: _Token) -> _Node:
        mantissa, _, exponent = token.text.lower().partition("e")
        if len(mantissa) - mantissa.count(".") > MAX_DIGITS:
            raise self.refuse(token.at, f"a number of more than {MAX_DIGITS} digits; shorten it")
        if len(exponent) > 6 or abs(int(exponent or "0")) > MAX_DECIMAL_EXPONENT:
            raise self.refuse(token.at, f"a decimal exponent beyond {MAX_DECIMAL_EXPONENT}; rescale the map")
        return self.build.constant(sp.Rational(*Fraction(Decimal(token.text)).as_integer_ratio()), token.at)

    def name(self, token: _Token) -> _Node:
        name, opened = token.text, self.take("(")
        if len(name) > MAX_NAME:
            raise self.refuse(token.at, f"a name of {len(name)} characters; at most {MAX_NAME} are allowed")
        if opened and name in FUNCTIONS:
            return self.build.call(name, self.bracket(opened), token.at)
        known = name in self.symbols or name in CONSTANTS
        if opened and known:
            raise self.refuse(token.at, f"{quoted(name)} is not a function; a product is written {name}*(...)")
        if opened:
            hint = suggestion(name, FUNCTIONS) or "; use the elementary functions, such as tanh or exp"
            raise self.refuse(token.at, f"unknown function {quoted(name)}{hint}")
        if known:
            return _Node(self.symbols[name], None) if name in self.symbols else self.build.constant(CONSTANTS[name])
        if name in FUNCTIONS:
            raise self.refuse(token.at, f"the function {name} has no argument; write {name}(...)")
        if not self.symbols:
            raise self.refuse(token.at, f"{quoted(name)} is not a number; give a finite one: 5/4, 1.25, sqrt(2), pi")
        hint = suggestion(name, [*self.symbols, *CONSTANTS, *FUNCTIONS]) or "; declare it or rename it"
        raise self.refuse(token.at, f"unknown name {quoted(name)}: not a state, parameter, constant or function{hint}")
