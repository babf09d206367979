"""The search rediscovers, from random families alone, that the statements of BSF94 are false, and no true one is."""

from __future__ import annotations

import pytest

from dynlatch import Stop, Verdict, search, theorems
from dynlatch.searching import families

SEEDS = (1994, 5, 157)
"""The paper's year, volume 5, page 157."""

REDISCOVERED = [
    ("T2", "norm"),
    ("T2", "spectral"),
    ("T3", "norm"),
    ("T4", "norm"),
    ("T4", "spectral"),
    ("Lemma", "norm"),
    ("Lemma", "spectral"),
    ("D", "norm"),
    ("D", "spectral"),
    ("unit-norm", "spectral"),
]

TRUE = [
    ("T2'", "norm"),
    ("T3'", "norm"),
    ("Lemma'", "norm"),
    ("D'", "norm"),
    ("unit-norm", "norm"),
    ("unit-norm'", "norm"),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("id", "reading"), REDISCOVERED)
def test_a_false_statement_is_refuted(id: str, reading: str, seed: int) -> None:
    found = search(id, reading=reading, seed=seed)
    assert (found.verdict, found.stop) == (Verdict.REFUTED, Stop.SOLVED), found
    assert found.best_margin > 0
    replayed = found.replay()
    assert replayed.verdict is Verdict.REFUTED
    assert all(f.holds for f in replayed.findings)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("id", "reading"), TRUE)
def test_a_true_statement_is_not(id: str, reading: str, seed: int) -> None:
    """The families that refute the printed statements, turned against those that hold."""
    found = search(id, reading=reading, seed=seed, budget=20)
    assert (found.verdict, found.stop, found.witness) == (Verdict.INCONCLUSIVE, Stop.BUDGET, None), found
    assert found.num_draws == 20
    assert found.best_margin <= 0


@pytest.mark.parametrize(("id", "reading"), REDISCOVERED)
def test_witnesses_are_simple(id: str, reading: str) -> None:
    """Numbers that a reader can take in: four digits at most, above and below the line."""
    found = search(id, reading=reading, seed=SEEDS[0])
    assert max(max(abs(v.numerator), v.denominator) for v in found.numbers) < 10_000, found
    assert found.witness is not None
    assert found.witness.text


def test_every_family_refutes_something() -> None:
    aimed = {key for family in families() for key in family.aims}
    assert aimed >= {*REDISCOVERED, *TRUE}
    for family in families():
        assert any(theorems.statement(*key).verdict is Verdict.REFUTED for key in family.aims), family
