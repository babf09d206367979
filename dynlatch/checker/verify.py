"""``verify``: a certificate, re-proved from its text and the map alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, Final

from dynlatch.checker.basins import check_basins, read_basins
from dynlatch.checker.bounds import check_bound, read_bound
from dynlatch.checker.cells import Work
from dynlatch.checker.decay import check_decay, read_decay
from dynlatch.checker.document import HasText, read_document
from dynlatch.checker.fields import Field, shown
from dynlatch.checker.folds import check_fold, read_fold
from dynlatch.checker.gamma import check_gamma, read_gamma
from dynlatch.checker.morse import check_morse, read_morse
from dynlatch.checker.orbits import check_escape, check_transient, read_escape, read_transient
from dynlatch.checker.outcome import RefutedError, UnprovedError
from dynlatch.checker.points import check_point, read_point
from dynlatch.checker.systems import System
from dynlatch.checker.tolerance import check_tolerance, read_tolerance
from dynlatch.checker.trapping import check_trap, read_trap
from dynlatch.errors import InputError
from dynlatch.maps.definition import Map
from dynlatch.progress import SILENT, Progress
from dynlatch.verdict import Verdict


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """What became of a certificate when it was proved again.

    ``checked`` of ``total`` local rules were proved again (leaves, where the claim is about a tree; else the whole
    claim is one). ``verdict`` is PROVED if all were, REFUTED if the claim is proved false (``reason`` names the
    witness), else INCONCLUSIVE, ``reason`` saying why. ``clean`` says that nothing which was looked at failed: true of
    what is PROVED, and of a sample of which every leaf was proved again.
    """

    kind: str
    map: Map
    verdict: Verdict
    checked: int
    total: int
    reason: str
    clean: bool

    def __repr__(self) -> str:
        tail = f": {self.reason}" if self.reason else ""
        return f"Verification({self.kind} of {self.map.name}, {self.verdict}{tail})"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of claim is read, how many local rules it has, and how it is proved again (returning how many)."""

    read: Callable[[Field, int], Any]
    check: Callable[[System, Any, Work], int]
    total: Callable[[Any], int]


def _whole(check: Callable[[System, Any], object]) -> Callable[[System, Any, Work], int]:
    """The check of a claim that is one local rule."""

    def run(system: System, claim: Any, work: Work) -> int:
        work.progress.start("checking", 1)
        check(system, claim)
        work.progress.advance()
        work.progress.finish()
        return 1

    return run


def _one(_claim: Any) -> int:
    return 1


def _leaves(claim: Any) -> int:
    return claim.tree.num_leaves


KINDS: Final[dict[str, _Kind]] = {
    "fixed point": _Kind(read_point, _whole(check_point), _one),
    "fold": _Kind(read_fold, _whole(check_fold), _one),
    "contraction bound": _Kind(read_bound, _whole(check_bound), _one),
    "trapping region": _Kind(read_trap, _whole(check_trap), _one),
    "basins": _Kind(read_basins, check_basins, _leaves),
    "reduced set": _Kind(read_gamma, check_gamma, _leaves),
    "tolerance": _Kind(read_tolerance, check_tolerance, lambda claim: claim.num_leaves),
    "escape": _Kind(read_escape, _whole(check_escape), _one),
    "decay": _Kind(read_decay, _whole(check_decay), _one),
    "morse graph": _Kind(read_morse, check_morse, _leaves),
    "transient": _Kind(read_transient, _whole(check_transient), _one),
}
"""Every kind of claim that a certificate may make."""


def verify(
    source: str | Path | HasText, *, sample: int | None = None, seed: int = 0, progress: Progress = SILENT
) -> Verification:
    """Prove a certificate again, by code that shares nothing with the code that made it but the reading of the map.

    Arguments: ``source``, the path of a file or a ``Certificate``; ``sample``, how many leaves of a larger tree to look
    at, drawn by ``seed`` (the rest of the claim is checked whole; the verdict then cannot be PROVED); ``progress``
    hears how far the work is.
    Returns: PROVED, REFUTED with a witness, or INCONCLUSIVE with a reason.
    Raises: InputError in one line for what is no certificate: too large, cut, of another format or version, an unknown
    kind, missing, unknown or ill-typed parts, ill-formed trees, arrays that unpack to another size than they declare.
    Rigor: certified: intervals of many bits, rounded outward; derivatives by automatic differentiation of the map's
    formulas. Cost: milliseconds for points and bounds; for trees about 0.1 ms a leaf in two dimensions.
    """
    if sample is not None and (isinstance(sample, bool) or not isinstance(sample, Integral) or sample < 1):
        raise InputError(f"sample={sample} must be a whole number of at least 1; leave it out to check every leaf")
    document = read_document(source)
    kind = KINDS.get(document.kind)
    if kind is None:
        raise InputError(f"kind: {shown(document.kind)} is not known; the known ones are {', '.join(KINDS)}")
    m = document.map
    claim = kind.read(document.claim, m.dimension)
    total = kind.total(claim)
    work = Work(None if sample is None or sample >= total else int(sample), int(seed), progress)
    try:
        checked = kind.check(System(m), claim, work)
    except RefutedError as error:
        return Verification(document.kind, m, Verdict.REFUTED, error.checked, total, str(error), clean=False)
    except UnprovedError as error:
        return Verification(document.kind, m, Verdict.INCONCLUSIVE, error.checked, total, str(error), clean=False)
    if checked < total:
        reason = f"{checked:,} of {total:,} leaves checked, none failed"
        return Verification(document.kind, m, Verdict.INCONCLUSIVE, checked, total, reason, clean=True)
    return Verification(document.kind, m, Verdict.PROVED, checked, total, "", clean=True)
