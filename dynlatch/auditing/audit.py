"""The theorem linter: which hypotheses of BSF94 hold at each attractor of a map, by how much, and what follows.

>>> from dynlatch import audit, neuron
>>> found = audit(neuron(2), 1)
>>> found[0].entry("hold").margin  # h*
Enclosure(about 0.532839975353552, width 1.1e-47)
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dynlatch.auditing import of_attractor as rows
from dynlatch.auditing.entries import Entry
from dynlatch.auditing.of_cycle import around_cycle
from dynlatch.auditing.of_map import about_map, is_odd
from dynlatch.auditing.printed import printed_entries
from dynlatch.auditing.samples import sample_basin
from dynlatch.auditing.summary import summary_of
from dynlatch.cells.tree import check_dimension
from dynlatch.errors import InputError
from dynlatch.latch.fixed_points import FixedPoint
from dynlatch.maps.definition import Map
from dynlatch.noise.decay import NoisyDecay, noisy_decay
from dynlatch.noise.tolerance import NoiseTolerance, checked_noise, checked_norm, is_latch, noise_tolerance
from dynlatch.progress import SILENT, Progress, one_step
from dynlatch.regions.attractors import Attractor, Attractors, find_attractors
from dynlatch.rigor import balls
from dynlatch.seeds import checked_seed
from dynlatch.theorems.measures import attractors_of
from dynlatch.theorems.statements import BITS


@dataclass(frozen=True, slots=True, repr=False)
class AttractorAudit:
    """The entries about one certified attractor, number ``number``.

    ``tolerance`` and ``decay`` are what is proved of noise and of gradients under it; None for cycles. Where M is odd
    and this attractor is the mirror image -X of one that was audited, ``mirrors`` is that one's number and all the rest
    is as there.
    """

    number: int
    attractor: Attractor
    tolerance: NoiseTolerance | None
    decay: NoisyDecay | None
    entries: tuple[Entry, ...]
    mirrors: int | None = None

    @property
    def holds(self) -> tuple[Entry, ...]:
        """What was asked of the attractor itself and of the repaired statements."""
        return tuple(e for e in self.entries if not e.printed)

    @property
    def misleading(self) -> tuple[Entry, ...]:
        """The printed conclusions that were checked to be false here."""
        return tuple(e for e in self.entries if e.misleads)

    @property
    def silent(self) -> tuple[Entry, ...]:
        """The printed conclusions that do not apply here, or that nothing was found to contradict."""
        return tuple(e for e in self.entries if e.printed and not e.misleads)

    def entry(self, id: str, reading: str | None = None) -> Entry:
        """The first entry of a statement, in a reading if one is given. Raises: InputError if there is none."""
        found = [e for e in self.entries if e.statement == id and reading in (None, e.reading)]
        if not found:
            known = ", ".join(dict.fromkeys(e.statement for e in self.entries))
            raise InputError(f"the audit says nothing of {id[:40]!r} at attractor {self.number}; it has {known}")
        return found[0]

    def __repr__(self) -> str:
        name = f"attractor {self.number}: {self.attractor}"
        if self.mirrors is not None:
            return f"{name}, the mirror image of number {self.mirrors}: all holds as there"
        return "\n".join([name, *_lines(self.entries)])


@dataclass(frozen=True, slots=True, repr=False)
class Audit:
    """Which statements of BSF94 speak of a map, and what they say there: one ``Entry`` a question.

    ``about_map`` holds the entries that are about no single attractor, ``audited`` those about each attractor that was
    asked for. ``norm`` is that of the noise and of |M'| at an attractor.
    """

    map: Map
    attractors: Attractors
    norm: float
    noise: Fraction | None
    about_map: tuple[Entry, ...]
    audited: tuple[AttractorAudit, ...]
    seed: int

    def __iter__(self) -> Iterator[AttractorAudit]:
        return iter(self.audited)

    def __len__(self) -> int:
        return len(self.audited)

    def __getitem__(self, index: int) -> AttractorAudit:
        return self.audited[index]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, those about the map first."""
        return (*self.about_map, *(e for found in self.audited for e in found.entries))

    @property
    def misleading(self) -> tuple[Entry, ...]:
        """The printed conclusions that were checked to be false for this map."""
        return tuple(e for e in self.entries if e.misleads)

    @property
    def summary(self) -> tuple[str, str, str]:
        """In three lines: what is latched and how robustly, how gradients vanish, what would mislead."""
        return summary_of(self)

    def __repr__(self) -> str:
        parts = [f"Audit of {self.map!r}", *self.summary, *_lines(self.about_map), *map(repr, self.audited)]
        return "\n".join(parts)


def _lines(entries: Sequence[Entry]) -> list[str]:
    found: list[str] = []
    for e in entries:
        label = e.statement + (f" ({e.reading})" if e.reading else "")
        text = f"{label:24} {'misleads: ' if e.misleads else ''}{e.asked}: {e.verdict}. {e.follows}"
        found += textwrap.wrap(text, 118, initial_indent="  ", subsequent_indent=" " * 27)
    return found


def audit(
    m: Map,
    attractor: int | FixedPoint | None = None,
    noise: object = None,
    norm: object = 2,
    seed: int = 0,
    *,
    progress: Progress = SILENT,
) -> Audit:
    """Ask of a map which hypotheses of BSF94 hold at its attractors, by how much, and what follows.

    For each certified attractor: Definition 2 in both readings, where M contracts, the tube of the repaired Theorem 3,
    the certified noise tolerance, the rate at which gradients vanish under noise, h* and the trade-off for the neuron;
    then the printed conclusions that would mislead, each with a counterexample for this very map that the statement's
    own checker has refuted it on.

    Arguments: ``attractor``, a certified fixed point or cycle or its number (default: all); ``noise`` b >= 0 for which
    gradients are bounded (default: half of the certified tolerance of each latch); ``norm`` of the noise and of
    |M'|, 2 or inf; ``seed`` of all samples.
    Returns: ``Audit``; a map without a certified attractor has one that says so.
    Raises: InputError for more than 4 states, an attractor that is none, a negative noise, another norm.
    Rigor: certified, but for what is said not to have been found. Cost: a second or so an attractor.
    """
    check_dimension(m)
    size, given = checked_norm(norm), None if noise is None else checked_noise(noise)
    checked_seed(seed)
    if seed == 0:
        known = one_step(progress, "finding attractors", lambda: attractors_of(m))
    else:
        known = find_attractors(m, m.domain, seed=seed, progress=progress)
    chosen = _chosen(m, known, attractor)
    with balls.precision(BITS):
        whole = tuple(about_map(m, known))
    progress.start("auditing attractors", len(chosen))
    audited: list[AttractorAudit] = []
    odd = len(chosen) > 1 and is_odd(m)
    for k in chosen:
        mirrored = next((a for a in audited if _opposite(a.attractor, known[k])), None) if odd else None
        if mirrored is not None:
            audited.append(replace(mirrored, number=k, attractor=known[k], mirrors=mirrored.number))
        else:
            audited.append(_audited(m, known, k, given, size, seed, progress))
        progress.advance()
    progress.finish()
    return Audit(m, known, size, given, whole, tuple(audited), seed)


def _opposite(x: Attractor, y: Attractor) -> bool:
    """Whether two certified cycles of an odd map are mirror images: -x meets y, and each is the only cycle near it."""
    if x.point is None or y.point is None or x.point.period != y.point.period:
        return False
    return any(all((-a).overlaps(b) for a, b in zip(x.point.state, state, strict=True)) for state in y.point.orbit)


def _chosen(m: Map, known: Attractors, attractor: int | FixedPoint | None) -> list[int]:
    """The numbers of the attractors to audit."""
    certified = [k for k, a in enumerate(known.listed) if a.point is not None]
    if attractor is None:
        return certified
    listed = ", ".join(map(str, certified)) or "none"
    if isinstance(attractor, FixedPoint):
        for k in certified:
            point = known[k].point
            if point is not None and any(
                all(a.overlaps(b) for a, b in zip(state, attractor.state, strict=False)) for state in point.orbit
            ):
                return [k]
        raise InputError(
            f"attractor: this {attractor.stability} fixed point is no certified attractor of {m.name} in its domain; "
            f"choose: {listed}"
        )
    if isinstance(attractor, bool) or attractor not in certified:
        raise InputError(
            f"attractor={repr(attractor)[:40]} is not the number of a certified attractor of {m.name}; choose: {listed}"
        )
    return [int(attractor)]


def _audited(
    m: Map, known: Attractors, k: int, noise: Fraction | None, norm: float, seed: int, progress: Progress
) -> AttractorAudit:
    attractor = known[k]
    point = attractor.point
    assert point is not None
    tolerance, decay = None, None
    if is_latch(attractor):
        tolerance = noise_tolerance(m, k, norm, attractors=known, max_cells=0, seed=seed, progress=progress)
        b = Fraction(tolerance.lower) / 2 if noise is None else noise
        decay = noisy_decay(m, k, b, norm, attractors=known, seed=seed)
    samples = one_step(progress, "sampling the basin", lambda: sample_basin(m, known, k, seed))
    with balls.precision(BITS):
        entries = [*rows.hyperbolic(m, point, norm), rows.contracting(attractor)]
        if tolerance is not None and decay is not None:
            entries += [rows.tube(m, point, tolerance), rows.stands(tolerance), *rows.neuron(m, point)]
            entries.append(rows.decays(m, decay, tolerance))
        elif point.period > 1:
            entries += around_cycle(m, point, noise, norm)
        entries += one_step(
            progress, "looking for what misleads", lambda: list(printed_entries(m, point, samples))
        )  # fmt: skip
    return AttractorAudit(k, attractor, tolerance, decay, tuple(entries))
