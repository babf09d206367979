"""What is no certificate is refused in one line, before it can cost time or memory."""

from __future__ import annotations

import base64
import copy
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dynlatch
from dynlatch.checker import document
from dynlatch.checker.fields import Field
from dynlatch.errors import InputError
from dynlatch.verdict import Verdict


def refusal(source: Any, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        dynlatch.verify(source, **settings)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 400
    return message


@pytest.fixture
def of_bytes(tmp_path: Path) -> Callable[[bytes], str]:
    """The refusal of a file with this content."""

    def refused(data: bytes) -> str:
        path = tmp_path / "c.json"
        path.write_bytes(data)
        message = refusal(path)
        assert message.startswith('"c.json": ')
        return message.removeprefix('"c.json": ')

    return refused


@pytest.fixture
def point(maker: ModuleType) -> dict[str, Any]:
    return copy.deepcopy(maker.fixed_point())


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json") == '"none.json": no such file; give the path of a certificate'
    assert "a folder" in refusal(tmp_path)
    assert '"a?b": ' in refusal("a\0b")
    assert "of type int is no certificate" in refusal(3)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"   \n", "is empty"),
        (b"not json", "not JSON from line 1, column 1 on"),
        (b'{"a": 1', "not JSON from line 1"),
        (b"\xff\xfe", "byte 1 is not UTF-8"),
        (b"[]", "must be an object with format, version, kind, map, claim, not a list"),
        (b"3", "not a number"),
        (b"null", "not null"),
        (b"1.5", "is not exact"),
        (b'{"a": NaN}', 'the number "NaN" is not exact'),
        (b'{"a": -Infinity}', "is not exact"),
        (b'{"a": 1e5}', "is not exact"),
        (b'{"a": 123456789012345678901234567890}', "is too long"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "is too long"),
        (b'{"a": 1, "a": 2}', 'the part "a" is given twice'),
        (b"[" * 200_000 + b"]" * 200_000, "nested deeper than 32"),
        (b"[" * 40 + b"]" * 40, "nested deeper than 32"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper than 32"),
        (b"[" * 600_000, "far more parts than a certificate has"),
        (b"[" + b"1," * 2_100_000 + b"1]", "far more parts than a certificate has"),
        (b"{}", "format is missing"),
    ],
)
def test_files_that_are_no_certificate(of_bytes: Callable[[bytes], str], data: bytes, why: str) -> None:
    assert why in of_bytes(data)


def test_a_file_cut_anywhere_is_refused(maker: ModuleType, of_bytes: Callable[[bytes], str]) -> None:
    text = json.dumps(maker.neuron_basins()).encode()
    for cut in range(1, len(text) - 1, len(text) // 40):
        assert "is the file cut" in of_bytes(text[:cut])


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.truncate(document.MAX_BYTES + 1)  # a hole: it takes no room on the disk
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("the file was opened"))
    assert refusal(path) == f'"huge.json": {10**9 + 1} bytes, more than the {10**9} that a certificate may have'


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("format", "other", 'must be "dynlatch certificate"; is it another kind of file?'),
        ("format", 1, 'must be "dynlatch certificate"'),
        ("version", 2, "this checker reads version 1"),
        ("version", True, "this checker reads version 1"),
        ("version", "1", "this checker reads version 1"),
        ("kind", "fixed points", "is not known; the known ones are fixed point, fold"),
        ("kind", "x" * 10**5, "is not known"),
        ("kind", "‮evil\n", "is not known"),
        ("kind", 3, "must be text, not a number"),
        ("map", None, "must be an object"),
        ("claim", None, "must be an object"),
        ("claim", "x", "must be an object"),
    ],
)
def test_the_frame_is_checked(maker: ModuleType, point: dict[str, Any], key: str, value: Any, why: str) -> None:
    point[key] = value
    assert why in refusal(maker.Source(point))


def test_missing_and_unknown_parts(maker: ModuleType, point: dict[str, Any]) -> None:
    for key in list(point):
        cut = {k: v for k, v in point.items() if k != key}
        assert f"{key} is missing" in refusal(maker.Source(cut))
    assert 'unknown part "note"' in refusal(maker.Source(point | {"note": "x"}))


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["period"], 0, "must lie between 1 and 4096"),
        (["period"], "1", "must be a whole number, not text"),
        (["period"], True, "must be a whole number, not true or false"),
        (["period"], None, "must be a whole number, not null"),
        (["box"], {}, "must be a list, not an object"),
        (["box"], [], "has 0 entries where 1 are expected"),
        (["box"], [["0", "1"], ["0", "1"]], "has 2 entries where 1 are expected"),
        (["box", 0], ["1", "0"], "is inverted"),
        (["box", 0], ["1"], "has 1 entries where 2 are expected"),
        (["box", 0, 0], 1, "must be text, not a number"),
        (["box", 0, 0], "1.5", "is not an exact number such as"),
        (["box", 0, 0], "0x10", "is not an exact number"),
        (["box", 0, 0], "+1", "is not an exact number"),
        (["box", 0, 0], "1/-2", "is not an exact number"),
        (["box", 0, 0], " 1", "is not an exact number"),
        (["box", 0, 0], "1_0", "is not an exact number"),
        (["box", 0, 0], "٣", "is not an exact number"),
        (["box", 0, 0], "", "is not an exact number"),
        (["box", 0, 0], "1/0", "divides by 0"),
        (["box", 0, 0], "1*2^9999999", "an exponent beyond"),
        (["box", 0, 0], "1*2^99999999", "is not an exact number"),
        (["box", 0, 0], "nan", "is not an exact number"),
        (["box", 0, 0], "9" * 20_001, "a number of 20001 characters"),
        (["moduli"], [], "has 0 entries where 1 are expected"),
        (["moduli"], "x", "must be a list, not text"),
        (["stability"], "stable", "is not one of attracting, repelling, saddle, inconclusive"),
        (["stability"], None, "must be text, not null"),
        (["extra"], 1, 'unknown part "extra"'),
    ],
)
def test_a_claim_of_the_wrong_shape_is_refused_where_it_is(
    maker: ModuleType, point: dict[str, Any], path: list[Any], value: Any, why: str
) -> None:
    message = refusal(maker.Source(maker.with_value(point, path, value)))
    assert why in message
    assert message.startswith("certificate.claim")


def test_long_exact_numbers_are_read(maker: ModuleType, point: dict[str, Any]) -> None:
    """Longer than Python's own limit on digits, and of every form."""
    lo, hi = point["claim"]["box"][0]
    zeros = "0" * 9000
    p, q = lo.split("/")
    point["claim"]["box"][0] = [f"{p}{zeros}/{q}{zeros}", hi]
    point["claim"]["moduli"][0] = ["1*2^-3", "00043*2^-8"]
    assert maker.checked(point).verdict is Verdict.PROVED


@pytest.mark.parametrize("kind", ["basins", "reduced set", "tolerance", "escape", "decay", "morse graph", "transient",
                                  "fold", "contraction bound", "trapping region"])  # fmt: skip
def test_no_kind_accepts_an_empty_claim(maker: ModuleType, point: dict[str, Any], kind: str) -> None:
    assert "is missing" in refusal(maker.Source(point | {"kind": kind, "claim": {}}))


# --- packed arrays and trees ------------------------------------------------------------------------------------------


def bomb() -> str:
    return base64.b64encode(zlib.compress(b"\0" * 50_000_000, 9)).decode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "i4"}, "is not one of u1"),
        ({"type": "f8"}, "is not one of u1"),
        ({"length": -1}, "must lie between 0 and"),
        ({"length": 10**9}, "must lie between 0 and 100000000"),
        ({"length": 5}, "does not unpack to the 5 bytes that it declares"),
        ({"length": 10**6}, "does not unpack to the 1000000 bytes"),
        ({"data": "%%%"}, "is not compressed data in base64"),
        ({"data": ""}, "does not unpack"),
        ({"data": base64.b64encode(b"hello").decode()}, "is not compressed data"),
        ({"data": base64.b64encode(zlib.compress(b"\0" * 60)[:-3]).decode()}, "does not unpack"),
        ({"data": base64.b64encode(zlib.compress(b"\0" * 124) + b"more").decode()}, "does not unpack"),
        ({"data": "é" * 8}, "is not compressed data"),
        ({"data": 3}, "must be text"),
        ({"extra": 1}, "unknown part"),
    ],
)
def test_arrays_that_do_not_unpack(maker: ModuleType, change: dict[str, Any], why: str) -> None:
    basins = maker.neuron_basins()
    basins["claim"]["tree"]["nodes"] |= change
    assert why in refusal(maker.Source(basins))


def test_no_more_is_unpacked_than_declared(maker: ModuleType) -> None:
    """fifty million zeros behind a length of 124: the stream is stopped after 125."""
    basins = maker.neuron_basins()
    basins["claim"]["tree"]["nodes"]["data"] = bomb()
    assert "does not unpack to the 124 bytes" in refusal(maker.Source(basins))


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([0] * 3, "fewer nodes than roots"),
        ([0] * 5, "the walk goes on after the tree has ended"),
        ([1, 0, 0, 0, 0, 0], "the tree has 5 leaves"),
        ([1, 0, 0, 0], "the walk ends before the tree does"),
        ([1, 1, 1, 1], "the walk ends before the tree does"),
        ([2, 0, 0, 0], "a node is 2 where 0"),
        ([0, 0, 0, 255], "a node is 255"),
        ([], "fewer nodes than roots"),
        ([1] * 70 + [0] * 74, "is 70 levels deep"),
    ],
)
def test_ill_formed_trees(maker: ModuleType, nodes: list[int], why: str) -> None:
    basins = maker.neuron_basins()
    basins["claim"]["tree"]["nodes"] = maker.packed(nodes, "u1")
    if why.startswith("is 70"):
        basins["claim"]["tree"]["num_leaves"] = 74
    assert why in refusal(maker.Source(basins))


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["tree", "roots"], [0], "must lie between 1 and"),
        (["tree", "roots"], [10**9], "must lie between 1 and"),
        (["tree", "roots"], [2, 2], "has 2 entries where 1 are expected"),
        (["tree", "box"], [["0", "0"]], "has a side of length 0"),
        (["tree", "num_leaves"], 0, "must lie between 1"),
        (["tree", "num_leaves"], 63, "the tree has 64 leaves"),
        (["tree", "columns", "label"], ..., "label is missing"),
        (["tree", "columns", "extra"], {}, "unknown part"),
        (["targets"], [], "labels must lie between -2 and -1"),
        (["targets", 0, "kind"], "set", "is not one of point"),
        (["targets", 0, "traps"], [], "has 0 entries; 1 to"),
        (["targets", 0, "traps", 0, "norm"], [["0"]], "is singular, so that it makes no norm"),
        (["targets", 0, "traps", 0, "radius"], "0", "must be above 0"),
        (["targets", 0, "traps", 0, "radius"], "-1/2", "must be above 0"),
        (["areas"], [], "has 0 entries where 2 are expected"),
        (["areas", 0], ["1", "2"], "must be an object"),
        (["avoids"], {"7": {}}, "is not the number of a target"),
        (["avoids"], {"-1": {}}, "is not the number of a target"),
        (["avoids"], {"x": {}}, "is not the number of a target"),
    ],
)
def test_basins_of_the_wrong_shape(maker: ModuleType, path: list[Any], value: Any, why: str) -> None:
    basins = maker.neuron_basins()
    if value is ...:
        del basins["claim"]["tree"]["columns"]["label"]
    else:
        basins = maker.with_value(basins, path, value)
    assert why in refusal(maker.Source(basins))


def test_labels_beyond_the_targets_and_short_columns(maker: ModuleType) -> None:
    basins = maker.neuron_basins()
    label = maker.column(basins, "label")
    for wrong in (2, -3, 2**31 - 1, -(2**31)):
        assert "labels must lie between -2 and 1" in refusal(
            maker.Source(maker.with_column(basins, "label", [wrong, *label[1:]]))
        )
    assert "has 63 values where 64 are expected" in refusal(maker.Source(maker.with_column(basins, "label", label[1:])))
    gamma = maker.gamma()
    assert "norm must be 1 (in), 0 (out) or -1" in refusal(maker.Source(maker.with_column(gamma, "norm", [2] * 64)))
    del gamma["claim"]["tree"]["columns"]["norm_steps"]
    assert "norm and norm_steps must both be there" in refusal(maker.Source(gamma))
    cells = maker.tolerance_by_cells()
    columns = cells["claim"]["proof"]["tree"]["columns"]
    columns["stays"] = maker.packed([2] * 64, "u1")
    assert "stays must be 0 or 1" in refusal(maker.Source(cells))
    morse = maker.morse()
    assert "sets must lie between -1 and" in refusal(maker.Source(maker.with_column(morse, "set", [9] * 64)))


def test_absurd_dimensions(maker: ModuleType) -> None:
    n = 9
    states = [f"x{i}" for i in range(n)]
    wide = maker.formulas("wide", states, [f"tanh({s})" for s in states], [(-1, 1)] * n)
    claim = {"tree": {"box": [], "roots": [], "num_leaves": 1, "nodes": {}, "columns": {}}, "targets": [], "areas": []}
    assert "a tree in 9 dimensions; at most 8 are read" in refusal(maker.Source(maker.document("basins", wide, claim)))
    many = maker.formulas("many", [f"x{i}" for i in range(65)], ["1"] * 65, [(-1, 1)] * 65)
    assert "must be a list of 1 to 64 entries" in refusal(maker.Source(maker.document("basins", many, claim)))


def test_senseless_samples(maker: ModuleType, point: dict[str, Any]) -> None:
    for sample in (0, -3, True, 1.5, "x"):
        assert "must be a whole number of at least 1" in refusal(maker.Source(point), sample=sample)


def test_fields_name_their_place() -> None:
    field = Field({"a": [["1", "2"], ["x", "2"]]}, "file.claim")
    with pytest.raises(InputError, match=r"^file\.claim\.a\[1\]\[0\]: \"x\" is not an exact number"):
        field.parts("a")["a"].box(2)
