"""An audit in three lines: what is latched and how robustly, how gradients vanish, what would mislead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dynlatch.auditing.entries import BOTH, Entry, above, below, times
from dynlatch.verdict import Verdict

if TYPE_CHECKING:
    from dynlatch.auditing.audit import AttractorAudit, Audit


def summary_of(found: Audit) -> tuple[str, str, str]:
    """The three lines."""
    return _latched(found), _gradients(found), _misleading(found)


def _latched(found: Audit) -> str:
    if not found.audited:
        rest = len(found.attractors)
        seen = f"{times(rest, 'recurrent set')} that no proof covers" if rest else "no attractor at all"
        return f"Latched: nothing that is certified in the domain; sampled orbits find {seen}."
    if any(e.statement.startswith("unit-norm") and e.verdict is Verdict.PROVED for e in found.about_map):
        return "Latched: nothing. W is so small that there is one attractor only: no noise drives the state elsewhere."
    kinds: dict[str, int] = {}
    for a in found.audited:
        name = a.attractor.name
        kinds[name] = kinds.get(name, 0) + 1
    listed = " and ".join(times(n, name) if name == "fixed point" else _cycles(n, name) for name, n in kinds.items())
    stands = [(n, a) for a in found.audited if (n := _stood(a)) is not None]
    if not stands:
        return f"Latched: {listed}, certified to attract; no noise is proved to be tolerated."
    least, weakest = min(stands, key=lambda s: s[0])
    over = weakest.tolerance.upper if weakest.tolerance is not None else None
    limit = "" if over is None else f", and {above(over, 6)} drives it out"
    uneven = max(s[0] for s in stands) > 1.001 * least
    which = f"; the weakest is number {weakest.number}" if uneven else ""
    if len(stands) < len(found.audited):
        bare = ", ".join(str(a.number) for a in found.audited if _stood(a) is None)
        which += f"; none is proved to be tolerated at number {bare}"
    return f"Latched: {listed}, robust against every noise up to {below(least, 6)} (norm {found.norm:g}){limit}{which}."


def _cycles(n: int, name: str) -> str:
    return f"a {name}" if n == 1 else f"{n} {name.replace('cycle', 'cycles')}"


def _stood(a: AttractorAudit) -> float | None:
    if a.tolerance is not None:
        return a.tolerance.lower if a.tolerance.verdict is Verdict.PROVED else None
    tube = [e for e in a.entries if e.statement == "T3'" and e.verdict is Verdict.PROVED]
    return tube[0].margin.lo if tube and tube[0].margin is not None else None


def _gradients(found: Audit) -> str:
    rows = [(e, a) for a in found.audited for e in a.entries if e.statement == "T4'"]
    proved = [(e, a) for e, a in rows if e.verdict is Verdict.PROVED and e.margin is not None]
    if not rows:
        return "Gradients: no rate is certified, because nothing latched is."
    bare = ", ".join(str(a.number) for e, a in rows if e.verdict is not Verdict.PROVED)
    if not proved:
        return "Gradients: no rate is certified under this noise."
    slowest, where = min(proved, key=lambda r: 0.0 if r[0].margin is None else float(r[0].margin))
    noise = slowest.asked.split(" the product")[0]
    rates = [float(e.margin) for e, _ in proved if e.margin is not None]
    at = f", slowest at number {where.number}" if max(rates) > 1.001 * min(rates) else ""
    rest = f"; none is certified at number {bare}" if bare else ""
    return f"Gradients: {noise} they vanish{at}: {slowest.follows.split(';')[0]}{rest}."


def _misleading(found: Audit) -> str:
    named = list(dict.fromkeys(_named(e) for e in found.misleading))
    if not named:
        return "Printed conclusions that mislead here: none was found."
    return f"Printed conclusions that mislead here: {_listed(named)}."


def _named(e: Entry) -> str:
    return e.statement if e.reading in ("", BOTH) else f"{e.statement} ({e.reading})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
