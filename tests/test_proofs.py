"""The executable documents: each row of the table is settled, a false step is caught, and nothing is hidden."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

sys.path.insert(0, str(Path(__file__).parents[1]))

from dynlatch import InputError, Verdict
from dynlatch.theorems.findings import exactly, unknown
from dynlatch.theorems.table import TABLE
from proofs import MODULES, document
from proofs.__main__ import main, unsettled
from proofs.document import FACT, Document, Part, also_solved, decided, fact, identity, inequality, replay, witness
from proofs.page import page

X, Y = sp.symbols("x y", real=True)
P, Q = sp.symbols("p q", positive=True)
DOCUMENTS = [document(module) for module in MODULES]


def _outcome(step):
    return replay(Document("x", "x", (), (Part("x", "", (step,)),))).outcomes[0]


def test_every_row_of_the_table_is_settled_once() -> None:
    assert unsettled() == []
    settled = [row for d in DOCUMENTS for row in d.settles]
    assert sorted(settled) == sorted({(s.id, s.reading) for s in TABLE})


def test_every_refuted_row_is_settled_by_its_own_witness() -> None:
    for d in DOCUMENTS:
        shown = [step.says for part in d.parts for step in part.steps if step.kind == "witness"]
        for s in TABLE:
            if (s.id, s.reading) in d.settles and s.verdict is Verdict.REFUTED:
                assert any(s.witness.text in says for says in shown), f"{s.id} ({s.reading})"


def test_every_proved_row_rests_on_more_than_quotations() -> None:
    for d in DOCUMENTS:
        steps = [step for part in d.parts for step in part.steps]
        assert any(step.kind not in (FACT, "witness") for step in steps), d.id


def test_ids_name_documents_and_prose_is_there() -> None:
    assert len({d.id for d in DOCUMENTS}) == len(DOCUMENTS)
    for d in DOCUMENTS:
        assert all(part.heading and part.prose.strip() for part in d.parts), d.id


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (identity("", (X + Y) ** 2, X**2 + 2 * X * Y + Y**2), Verdict.PROVED),
        (identity("", (X + Y) ** 2, X**2 + X * Y + Y**2), Verdict.REFUTED),
        (identity("", sp.atan(X) + sp.atan(1 / X), sp.pi / 2, anchor={X: 1}), Verdict.REFUTED),  # for X > 0 alone
        (identity("", sp.atan(Q) + sp.atan(1 / Q), sp.pi / 2, anchor={Q: 1}), Verdict.PROVED),
        (identity("", P + sp.atan(Q) + sp.atan(1 / Q), P + sp.pi / 2), Verdict.INCONCLUSIVE),  # not at Q = -1/2
        (inequality("", 1 - X * Y + sp.Rational(1, 100), {X: (-1, 1), Y: (-1, 1)}), Verdict.PROVED),
        (inequality("", 1 - X * Y - sp.Rational(1, 100), {X: (-1, 1), Y: (-1, 1)}), Verdict.REFUTED),
        (inequality("", X**2, {X: ("-1/5", 1)}), Verdict.INCONCLUSIVE),  # 0 inside: no pieces decide that
        (decided("", lambda: [exactly("a", True), unknown("b", "open")]), Verdict.INCONCLUSIVE),
    ],
)
def test_steps_say_what_holds(step, verdict: Verdict) -> None:
    outcome = _outcome(step)
    assert outcome.finding.verdict is verdict
    assert outcome.stands is (verdict is Verdict.PROVED)


@pytest.mark.parametrize("box", [{X: (-1, 1)}, {X: (-1, 1), Y: (1, -1)}])
def test_an_inequality_needs_a_whole_box(box) -> None:
    with pytest.raises(InputError, match="two ends"):
        _outcome(inequality("x y < 2", 2 - X * Y, box))


def test_a_quoted_fact_is_not_counted_as_checked() -> None:
    found = replay(Document("x", "x", (), (Part("x", "", (fact("so they say"),)),)))
    assert found.stands
    assert (found.num_checked, found.num_quoted) == (0, 1)
    assert "[quoted] so they say" in page(found)


def test_a_solver_agrees_or_has_a_counterexample() -> None:
    pytest.importorskip("z3")
    step = identity("", X + X, 2 * X)
    agreed = _outcome(also_solved(step, lambda z3: z3.Real("x") + z3.Real("x") == 2 * z3.Real("x")))
    assert agreed.stands
    assert "z3" in agreed.finding.how
    contradicted = _outcome(also_solved(step, lambda z3: z3.Real("x") >= 0))
    assert contradicted.finding.verdict is Verdict.REFUTED


def test_without_a_solver_the_algebra_remains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    outcome = _outcome(also_solved(identity("", X + X, 2 * X), lambda z3: z3.Real("x") >= 0))
    assert outcome.stands
    assert "z3" not in outcome.finding.how


def test_a_witness_that_does_not_replay_fails_its_step() -> None:
    printed = next(s for s in TABLE if s.id == "T3" and s.reading == "norm")
    smaller = replace(printed.witness.case, inputs=((0,),) * 3)
    spoilt = replace(printed, witness=replace(printed.witness, case=smaller))
    assert _outcome(witness(printed)).stands
    assert not _outcome(witness(spoilt)).stands


def test_the_command_prints_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["T3", "--write", str(tmp_path)]) == 0
    assert "Every step stands" in capsys.readouterr().out
    assert (tmp_path / "T3.md").read_text(encoding="utf-8").startswith("# Theorem 3")
    assert main(["T33"]) == 2
    assert "did you mean T3?" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["--write", str(tmp_path / "file")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "is a file, not a folder" in said.err
    assert said.err.count("\n") == 1


def test_a_document_is_found_by_the_statements_that_it_settles(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["t3-repaired", "T3", "T3'"]) == 0
    assert capsys.readouterr().out.count("# Theorem 3: ") == 1


def test_it_runs_as_a_module() -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "proofs", "nothing"], cwd=root, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
