"""Exports: the same for equal results in any order, exact when read back, whole or not at all."""

from __future__ import annotations

import dataclasses
import gzip
import importlib.util
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_stubs import stub_cell, stub_result

from dynlatch.errors import InputError, OutputError
from dynlatch.studies import export
from dynlatch.studies.cell import Cell, Record, Value
from dynlatch.studies.export import as_dataset, columns, load, save

OTHER = Cell.of("train", {"task": "latch", "T": 10, "noise": 0.1, "fixed": True, "words": 'a,"b"\nc'})
RECORDS = [
    *(Record(cell, 3, t, stub_result(cell, 3, t), 0.1 * t) for cell in (stub_cell(2), stub_cell(1)) for t in (2, 0, 1)),
    Record(OTHER, 3, 0, {"solved": False, "train_cost": math.inf, "stop": "DIVERGED"}, 1e-9),
    Record(OTHER, 4, 0, {"solved": True, "train_cost": 0.1 + 0.2, "stop": "SOLVED"}, 2.0),
]


WORDS = st.sampled_from(["", "1", "true", "nan", '"', '""', '"1"', "-inf", "1_0", " 1"])


def canonical(records: list[Record]) -> list[Record]:
    return sorted(records, key=lambda r: (r.cell.text(), r.seed, r.trial))


def test_rows_are_in_one_order(tmp_path: Path) -> None:
    shuffled = RECORDS[:]
    random.Random(0).shuffle(shuffled)
    one, two = save(RECORDS, tmp_path / "one.csv"), save(shuffled, tmp_path / "two.csv")
    assert one.read_bytes() == two.read_bytes()
    found = columns(RECORDS)
    assert list(found) == [
        "kind", "T", "doom", "fixed", "noise", "size", "stub.share", "task", "words", "seed", "trial", "presentations",
        "solved", "stop", "train_cost", "seconds",
    ]  # fmt: skip
    assert {len(column) for column in found.values()} == {len(RECORDS)}


def test_without_seconds_nothing_depends_on_the_machine(tmp_path: Path) -> None:
    slower = [dataclasses.replace(r, seconds=r.seconds + 1.0) for r in RECORDS]
    one = save(RECORDS, tmp_path / "one.csv", seconds=False).read_bytes()
    assert one == save(slower, tmp_path / "two.csv", seconds=False).read_bytes()
    assert save(RECORDS, tmp_path / "one.csv").read_bytes() != save(slower, tmp_path / "two.csv").read_bytes()
    assert b"seconds" not in one


def test_a_table_reads_back_exactly(tmp_path: Path) -> None:
    assert load(save(RECORDS, tmp_path / "x.csv")) == canonical(RECORDS)
    without = load(save(RECORDS, tmp_path / "x.csv", seconds=False))
    assert all(math.isnan(r.seconds) for r in without)
    assert [dataclasses.replace(r, seconds=0.0) for r in without] == [
        dataclasses.replace(r, seconds=0.0) for r in canonical(RECORDS)
    ]


def test_a_packed_table_is_the_same_table(tmp_path: Path) -> None:
    packed = save(RECORDS, tmp_path / "x.csv.gz")
    assert gzip.decompress(packed.read_bytes()) == save(RECORDS, tmp_path / "x.csv").read_bytes()
    assert load(packed) == canonical(RECORDS)
    assert packed.read_bytes() == save(RECORDS[::-1], tmp_path / "y.csv.gz").read_bytes()
    for broken in (packed.read_bytes()[:-20], b"no gzip", packed.read_bytes()[:40] + bytes(200)):
        (tmp_path / "z.csv.gz").write_bytes(broken)
        with pytest.raises(InputError, match=r"z\.csv\.gz: cannot be read"):
            load(tmp_path / "z.csv.gz")


@given(st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.booleans() | st.text() | WORDS)
def test_values_read_back_exactly(value: Value) -> None:
    back = export._value(export._word(value))
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a table"),
        ("a,b\n1,2\n", "line 1: no table of results"),
        ("kind,seed,T,trial\n", "line 1: no table of results"),
        ("kind,seed,trial,solved\ntrain,0,1\n", "line 2: 3 values for 4 columns"),
        ('kind,seed,trial,solved\ntrain,"""a\\q""",1,true\n', "line 2: seed and trial"),
        ("kind,seed,trial,solved\ntrain,0,1,true\ntrain,0,x,true\n", "line 3: seed and trial"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        load(tmp_path / "x.csv")


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(RECORDS, tmp_path / "x.csv")
    before = path.read_bytes()

    def fails(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_word", fails)
    with pytest.raises(OutputError, match="No space left"):
        save(RECORDS[:1], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither \.csv, \.csv\.gz nor \.parquet"):
        save(RECORDS, tmp_path / "x.xls")
    for made in (columns, as_dataset):
        with pytest.raises(InputError, match="no results"):
            made([])


def test_parquet_without_its_library_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pyarrow.*pip install pyarrow, or write a \.csv"):
        save(RECORDS, tmp_path / "x.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
def test_parquet_holds_the_same_table(tmp_path: Path) -> None:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(save(RECORDS, tmp_path / "x.parquet")).to_pydict()
    assert table == columns(RECORDS)


def test_a_dataset_has_every_result_at_its_place() -> None:
    found = as_dataset(RECORDS)
    assert found.sizes == {"cell": 3, "trial": 4}
    texts = [cell.text() for cell in sorted({r.cell for r in RECORDS}, key=Cell.text)]
    at = {
        pair: k
        for k, pair in enumerate(zip(found["seed"].values.tolist(), found["number"].values.tolist(), strict=True))
    }
    for r in RECORDS:
        here = found.isel(cell=texts.index(r.cell.text()), trial=at[r.seed, r.trial])
        assert {name: here[name].item() for name in r.result} == dict(r.result)
        assert here["seconds"].item() == r.seconds
        for name, value in r.cell.settings:
            assert here[name].item() == value
    assert int(np.isfinite(found["seconds"]).sum()) == len(RECORDS)
    assert found["solved"].isel(cell=texts.index(OTHER.text())).values.tolist().count(None) == 2


def test_complete_truths_are_truths() -> None:
    found = as_dataset([r for r in RECORDS if r.cell != OTHER])
    assert found["solved"].dtype == bool
    assert found["presentations"].dtype == float
    assert found["size"].values.tolist() == [1, 2]
    assert int(found["solved"].sum()) == sum(r.result["solved"] is True for r in RECORDS if r.cell != OTHER)
