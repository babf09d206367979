"""A user's file: read exactly, or refused in one line that names the place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.errors import InputError
from dynlatch.maps.definition import Formulas, Map
from dynlatch.maps.toml_file import map_from_toml, override_parameters, read_map, split_overrides

GOOD = """
name = "two units"
state = ["a", "b"]

[parameters]
w = "5/4"
h = 0.1
r = "sqrt(2)"

[map]
b = "tanh(a + r*b) + h"
a = "w*tanh(a) + b/3"

[domain]
a = [-4, 4]
b = ["-7/2", 3.5]
"""

a, b, w, h, r = (sp.Symbol(name, real=True) for name in "abwhr")


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        map_from_toml(text, where="m.toml")
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith("m.toml: ")
    return message.removeprefix("m.toml: ")


def test_a_file_is_read_exactly_and_in_the_order_of_the_states(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(GOOD, encoding="utf-8")
    m = read_map(path)
    assert m == Map(
        name="two units",
        states=(a, b),
        rule=Formulas((w * sp.tanh(a) + b / 3, sp.tanh(a + r * b) + h)),
        parameters=((w, sp.Rational(5, 4)), (h, sp.Rational(1, 10)), (r, sp.sqrt(2))),
        domain=((Fraction(-4), Fraction(4)), (Fraction(-7, 2), Fraction(7, 2))),
    )


def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_map(path) == map_from_toml(GOOD)


def test_parameters_are_optional() -> None:
    text = 'name = "cubic"\nstate = ["x"]\n[map]\nx = "2*x - x**3"\n[domain]\nx = [-2, 2]\n'
    assert map_from_toml(text).parameters == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "two units"\n', "", "name is missing"),
        ("[domain]\na = [-4, 4]\n", "[domian]\na = [-4, 4]\n", 'unknown key "domian"; did you mean "domain"?'),
        ("[domain]\na = [-4, 4]\n" + 'b = ["-7/2", 3.5]\n', "", "[domain] is missing"),
        ('name = "two units"', 'name = "two units"\ncolour = 1', 'unknown key "colour"; use name, state'),
        ('name = "two units"', "name = 3", "name: must be 1 to 64 printable characters"),
        ('name = "two units"', 'name = "two\\nlines"', "name: must be"),
        ('["a", "b"]', '"ab"', "state: must be a list of 1 to 64 names"),
        ('["a", "b"]', "[]", "state: must be a list"),
        ('["a", "b"]', '["a", 2]', 'state: "2" cannot be a name'),
        ('["a", "b"]', '["a", "a"]', 'state: "a" is listed twice'),
        ('["a", "b"]', '["a", "tanh"]', 'state: "tanh" is a function of the grammar'),
        ('["a", "b"]', '["a", "pi"]', 'state: "pi" is a constant of the grammar'),
        ('["a", "b"]', '["a", "_b"]', 'state: "_b" cannot be a name'),
        ('["a", "b"]', '["a", "\u03b2"]', 'state: "\\u03b2" cannot be a name'),
        ('["a", "b"]', '["a", "b\\n"]', 'state: "b\\n" cannot be a name'),
        ('["a", "b"]', '["a", "w"]', '[parameters]: "w" is also a state'),
        ('w = "5/4"', 'w = "5/4"\nE = 1', '[parameters]: "E" is a constant'),
        ('w = "5/4"', 'w = "abc"', '[parameters] w: column 1: "abc" is not a number'),
        ('w = "5/4"', "w = nan", "[parameters] w: NaN is not a finite number"),
        ('w = "5/4"', "w = -inf", "[parameters] w: -Infinity is not a finite number"),
        ('w = "5/4"', "w = true", "[parameters] w: not a number"),
        ('w = "5/4"', "w = [1]", "[parameters] w: not a number"),
        ('w = "5/4"', "w = 1979-05-27", "[parameters] w: not a number"),
        ('w = "5/4"', "w = 1e999999999", "[parameters] w: the number is beyond 1e400"),
        ('w = "5/4"', "w = 1e99999999999999999999999", "out of range"),
        ('w = "5/4"', f"w = {'9' * 5000}", "a number is too long"),
        ('w = "5/4"', 'w = "9**9**9"', "[parameters] w: column 2: the power has more than 4096 bits"),
        ('a = "w*tanh(a) + b/3"', "", '[map]: no line for the state "a"'),
        ('a = "w*tanh(a) + b/3"', 'a = "a"\nc = "a"', '[map]: unknown state "c"'),
        ('a = "w*tanh(a) + b/3"', 'a = "a"\na = "b"', "not TOML: "),
        ('a = "w*tanh(a) + b/3"', "a = [1]", "[map] a: not an expression"),
        ('a = "w*tanh(a) + b/3"', "a = true", "[map] a: not an expression"),
        ('a = "w*tanh(a) + b/3"', 'a = "w*tanh(a) + wx"', '[map] a: column 13: unknown name "wx"'),
        ('a = "w*tanh(a) + b/3"', 'a = "a.real"', '[map] a: column 2: unexpected character "."'),
        ('a = "w*tanh(a) + b/3"', 'a = "a/(4*w - 5)"', "[map] a: division by 0 (with w = 5/4)"),
        ('a = "w*tanh(a) + b/3"', 'a = "a*log(w - 2)"', "[map] a: not defined: log needs a number above 0; change"),
        ("a = [-4, 4]\n", "", '[domain]: no line for the state "a"'),
        ("a = [-4, 4]", "a = [4, -4]", "[domain] a: [4, -4] is inverted; lo must be below hi"),
        ("a = [-4, 4]", "a = [4, 4]", "[domain] a: [4, 4] is empty"),
        ("a = [-4, 4]", "a = [-4, inf]", "[domain] a: Infinity is not a finite number"),
        ("a = [-4, 4]", "a = [nan, 4]", "[domain] a: NaN is not a finite number"),
        ("a = [-4, 4]", "a = [-4, 0, 4]", "[domain] a: must be a pair [lo, hi]"),
        ("a = [-4, 4]", "a = 4", "[domain] a: must be a pair [lo, hi]"),
        ("a = [-4, 4]", 'a = ["-pi", 4]', '[domain] a: "-pi" is not a rational number'),
        ("a = [-4, 4]", "a = [-4, 4]\nc = [0, 1]", '[domain]: unknown state "c"'),
        ("[parameters]", "[parameters", "not TOML: "),
        ("[parameters]", "[[parameters]]", "parameters: must be a table"),
    ],
)
def test_a_faulty_file_is_refused_at_its_place(old: str, new: str, message: str) -> None:
    assert old in GOOD
    assert message in refusal(GOOD.replace(old, new))


def test_a_map_that_is_no_table_is_refused() -> None:
    assert "map: must be a table" in refusal('name = "x"\nstate = ["a"]\nmap = "a"\ndomain = {a = [0, 1]}\n')


def test_toml_syntax_errors_carry_their_position() -> None:
    assert "at line 2, column" in refusal('name = "x"\nstate = ?\n')


def test_deep_nesting_is_refused() -> None:
    refusal("name = " + "[" * 20_000)


def test_files_that_cannot_be_maps_are_refused_before_they_are_parsed(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_text(GOOD + "#" * 65_536, encoding="utf-8")
    with pytest.raises(InputError, match="bytes, more than the 65536"):
        read_map(large)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(GOOD.encode() + b"# \xe9\n")
    with pytest.raises(InputError, match=rf"byte {len(GOOD.encode()) + 3} is not UTF-8"):
        read_map(latin)
    with pytest.raises(InputError, match="no such file"):
        read_map(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="a folder"):
        read_map(tmp_path)
    with pytest.raises(InputError):
        read_map("nul\x00.toml")
    with pytest.raises(InputError):
        read_map("x" * 5000)


def test_overrides_are_split_and_checked() -> None:
    assert split_overrides(["w=2", " h = 1/3 "]) == {"w": "2", "h": "1/3"}
    for items, message in ((["w"], "not of the form"), (["w="], "not of the form"), (["=2"], "not of the form"),
                           (["w=1", "w=2"], '"w" is given twice')):  # fmt: skip
        with pytest.raises(InputError, match=message):
            split_overrides(items)


def test_overrides_change_the_values_alone() -> None:
    m = map_from_toml(GOOD)
    changed = override_parameters(m, {"w": "2", "r": "pi/3"})
    assert changed.values == {w: sp.Integer(2), h: sp.Rational(1, 10), r: sp.pi / 3}
    assert (changed.rule, changed.domain, changed.states) == (m.rule, m.domain, m.states)
    assert override_parameters(m, {}) == m


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ww": "2"}, 'parameter "ww": two units has no such parameter; did you mean "w"?'),
        ({"zzzz": "2"}, "it has: w, h, r"),
        ({"w": "abc"}, 'parameter w: column 1: "abc" is not a number'),
        ({"w": "nan"}, "is not a number"),
        ({"w": "a"}, "is not a number"),
        ({"w": float("inf")}, "not a finite number"),
    ],
)
def test_bad_overrides_are_refused(overrides: dict[str, str | float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        override_parameters(map_from_toml(GOOD), overrides)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_overrides_at_which_the_map_is_undefined_or_blows_up_are_refused() -> None:
    text = GOOD.replace("w*tanh(a) + b/3", "a/(w - 2) + 2**w")
    m = map_from_toml(text)
    with pytest.raises(InputError, match=r"two units a: division by 0 \(with w = 2\)"):
        override_parameters(m, {"w": "2"})
    with pytest.raises(InputError, match=r"4096 bits.*\(with w = 1000000000\)"):
        override_parameters(m, {"w": "1e9"})


@given(text=st.text(max_size=80), at=st.integers(0, len(GOOD)), cut=st.integers(0, 30))
def test_any_text_gives_a_map_or_one_line(text: str, at: int, cut: int) -> None:
    outcome = "m.toml: read"
    try:
        map_from_toml(GOOD[:at] + text + GOOD[at + cut :], where="m.toml")
    except InputError as error:
        outcome = str(error)
    assert outcome.isprintable()
    assert outcome.startswith("m.toml: ")
