"""The written document: exact numbers, short enclosures with room, packed arrays, files that appear whole."""

from __future__ import annotations

import base64
import json
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynlatch.certificates.document import (
    Certificate,
    box,
    interval,
    matrix,
    number,
    packed,
    rounded_down,
    rounded_up,
    widened,
)
from dynlatch.certificates.trees import tree_claim
from dynlatch.errors import InputError, OutputError
from dynlatch.maps.catalogue import neuron
from dynlatch.rigor.enclosure import Enclosure

fractions = st.fractions(-(10**30), 10**30, max_denominator=10**20)
dyadics = st.tuples(st.integers(-(2**120), 2**120), st.integers(-400, 400)).map(lambda p: p[0] * Fraction(2) ** p[1])


def value_of(text: str) -> Fraction:
    """The number that a text means, read by other means than the checker's."""
    mantissa, _, power = text.partition("*2^")
    return Fraction(mantissa) * (Fraction(2) ** int(power) if power else 1)


@given(st.one_of(fractions, dyadics, st.floats(allow_nan=False, allow_infinity=False), st.integers()))
def test_a_number_is_written_exactly(value: Fraction | float) -> None:
    text = number(value)
    assert value_of(text) == Fraction(value)
    assert set(text) <= set("0123456789-*/^")
    assert len(text) < 3 * 10**3


def test_how_numbers_look() -> None:
    assert [number(v) for v in (0, -3, 0.5, Fraction(5, 4), Fraction(1, 3), 2.0**-60, 3 * 2.0**70)] == [
        "0", "-3", "1/2", "5/4", "1/3", "1*2^-60", "3*2^70",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Fraction(1, 3**9000), Fraction(2) ** (1 << 21)])
def test_numbers_without_a_text(value: float | Fraction) -> None:
    with pytest.raises(InputError):
        number(value)


@given(st.one_of(fractions, dyadics), st.one_of(st.just(Fraction(0)), dyadics.map(abs)), dyadics.map(abs).filter(bool))
def test_a_widened_enclosure_is_wider_short_and_still_narrow(lower: Fraction, width: Fraction, scale: Fraction) -> None:
    value = Enclosure(lower, lower + width)
    wide = widened(value, scale)
    room = max(scale, abs(value.lower), abs(value.upper), width) / 2**104
    assert wide.lower < value.lower
    assert wide.upper > value.upper
    assert wide.upper - wide.lower <= width * Fraction(5, 4) + 8 * room + 2 * room
    assert all(len(text) < 200 for text in interval(wide))


@given(st.one_of(fractions, dyadics))
def test_bounds_are_rounded_to_the_safe_side_and_no_farther(value: Fraction) -> None:
    room = (abs(value) or 1) / Fraction(2) ** 101
    assert value < rounded_up(value) <= value + room
    assert value > rounded_down(value) >= value - room


def test_boxes_and_matrices() -> None:
    assert box([(0, Fraction(1, 3)), Enclosure(Fraction(-2), Fraction(5, 4))]) == [["0", "1/3"], ["-2", "5/4"]]
    assert matrix([[1, 0.5], [Fraction(1, 3), -2]]) == [["1", "1/2"], ["1/3", "-2"]]


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=200))
def test_arrays_are_little_endian_and_compressed(values: list[int]) -> None:
    part = packed(np.array(values, dtype=np.int64), "i4")
    assert part["length"] == len(values)
    data = zlib.decompress(base64.b64decode(part["data"]))
    assert [int.from_bytes(data[4 * i : 4 * i + 4], "little", signed=True) for i in range(len(values))] == values


@pytest.mark.parametrize(("values", "kind"), [([256], "u1"), ([-1], "u1"), ([2**31], "i4"), ([0], "i8")])
def test_values_that_do_not_fit_are_refused(values: list[int], kind: str) -> None:
    with pytest.raises(InputError):
        packed(np.array(values), kind)


def test_a_tree_needs_one_value_per_leaf() -> None:
    nodes = np.array([1, 0, 0, 0], dtype=np.uint8)
    claim = tree_claim(((Fraction(0), Fraction(1)),), (2,), nodes, {"label": (np.array([0, 1, 1]), "i4")})
    assert claim["num_leaves"] == 3
    with pytest.raises(InputError, match="2 values for 3 leaves"):
        tree_claim(((Fraction(0), Fraction(1)),), (2,), nodes, {"label": (np.array([0, 1]), "i4")})


def test_the_text_is_json_and_the_same_every_time() -> None:
    certificate = Certificate("fixed point", neuron(2), {"period": 1})
    text = certificate.text()
    assert text == certificate.text()
    assert text.endswith("\n")
    found = json.loads(text)
    assert list(found) == ["format", "version", "kind", "map", "claim"]
    assert (found["format"], found["version"], found["claim"]) == ("dynlatch certificate", 1, {"period": 1})
    assert repr(certificate) == "Certificate(fixed point of neuron)"


def test_it_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    certificate = Certificate("fixed point", neuron(2), {"period": 1})
    path = certificate.save(tmp_path / "point.json")
    assert path.read_bytes() == certificate.text().encode()
    assert [p.name for p in tmp_path.iterdir()] == ["point.json"]
    with pytest.raises(OutputError, match="there is no folder"):
        certificate.save(tmp_path / "missing" / "point.json")
    with pytest.raises(OutputError, match="is a folder"):
        certificate.save(tmp_path)
