"""The page's summary, and its ledger: every quantity with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from dynlatch.latch.fixed_points import Stability
from dynlatch.latch.gradients import CONFIDENCE
from dynlatch.regions.reduced_set import READINGS
from dynlatch.verdict import Verdict
from dynlatch.views.numbers import MEASURED, certain_digits, half_width, point_text, real_text, share_text
from dynlatch.views.region_rows import region_ledger, tolerance_summary
from dynlatch.views.style import attractor_name

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

Entry = tuple[str, str, str, str]
"""A title, a value, what is said about it, and its status (empty for none)."""

_MAX_ATTRACTORS: Final = 40


def summary(analysis: Analysis) -> list[Entry]:
    """The page's boxes: title, value, note, status."""
    tolerance = tolerance_summary(analysis)
    return [
        _fixed_points(analysis),
        _attractors(analysis),
        _critical_input(analysis),
        *([tolerance] if tolerance else []),
        _gradient(analysis),
        _stretching(analysis),
        _reduced_set(analysis),
    ]


def ledger(analysis: Analysis) -> list[Entry]:
    """Every quantity on the page: its name, value, basis, status."""
    return [
        *_of_derivation(analysis),
        *_of_points(analysis),
        *_of_inputs(analysis),
        *_of_attractors(analysis),
        *region_ledger(analysis),
        *_of_measurements(analysis),
    ]


def _fixed_points(analysis: Analysis) -> Entry:
    points = analysis.fixed_points
    undecided = len(points.undecided)
    note = "every one in the box is listed" if points.verdict is Verdict.PROVED else "the list may be incomplete"
    if undecided:
        note = f"and {undecided} undecided region{'s' if undecided > 1 else ''}"
    return "Fixed points", str(len(points)), note, points.verdict


def _attractors(analysis: Analysis) -> Entry:
    listed = analysis.attractors.listed
    proved = sum(a.verdict is Verdict.PROVED for a in listed)
    note = f"{proved} with a proved trapping region; found by a sample"
    if not listed:
        note = "no orbit of the sample settles in the box"
    return "Attractors", str(len(listed)), note, Verdict.PROVED if listed and proved == len(listed) else MEASURED


def _critical_input(analysis: Analysis) -> Entry:
    critical = analysis.critical_input
    if critical is None or critical.value is None:
        return "Critical input h*", "–", analysis.critical_note, "" if critical is None else critical.verdict
    along = f" along {point_text(critical.direction)}" if len(critical.direction) > 1 else ""
    note = half_width(critical.value) + along
    return "Critical input h*", certain_digits(critical.value, 10), note, critical.verdict


def _slowest_rate(analysis: Analysis) -> str:
    """What a gradient keeps at best."""
    rates = [e.decay.rate for e in analysis.decays if not math.isnan(e.decay.rate)]
    return real_text(max(rates)) if rates else "–"


def _gradient(analysis: Analysis) -> Entry:
    diverged = all(math.isnan(e.decay.rate) for e in analysis.decays)
    note = "the orbit diverged" if diverged else "nats per step: the slope of log |∂aₜ/∂a₀|, slowest attractor"
    return "Gradient", _slowest_rate(analysis), note, MEASURED


def _stretching(analysis: Analysis) -> Entry:
    sup = analysis.contraction
    if sup.value is None:
        return "Largest stretching sup |M′|", "–", sup.reason, sup.verdict
    return "Largest stretching sup |M′|", certain_digits(sup.value, 8), f"over the box, {sup.norm}-norm", sup.verdict


def _reduced_set(analysis: Analysis) -> Entry:
    reduced = analysis.reduced_set
    shares = ", ".join(f"{name} {share_text(reduced.fraction(name))}" for name in READINGS)
    return "Reduced set Γ", share_text(reduced.fraction("uniform")), f"of the box; {shares}", MEASURED


def _of_derivation(analysis: Analysis) -> Iterator[Entry]:
    checks = [line.check.verdict for line in analysis.derivation]
    proved = checks.count(Verdict.PROVED)
    basis = "exact algebra or balls; each line says which"
    yield "derivation", f"{proved} of {len(checks)} lines", basis, Verdict.PROVED
    if proved < len(checks):
        what = f"{len(checks) - proved} lines"
        yield "rest of the derivation", what, "balls agree at sample points", Verdict.INCONCLUSIVE


def _of_points(analysis: Analysis) -> Iterator[Entry]:
    points = analysis.fixed_points
    complete = points.verdict is Verdict.PROVED
    if len(points):
        yield "fixed points exist", str(len(points)), "Krawczyk's test in outward-rounded arithmetic", Verdict.PROVED
        decided = sum(p.stability is not Stability.INCONCLUSIVE for p in points)
        verdict = Verdict.PROVED if decided == len(points) else Verdict.INCONCLUSIVE
        yield "their stability", f"{decided} of {len(points)}", "enclosed multipliers", verdict
    basis = "branch and prune" if complete else "not covered, or something stayed undecided"
    yield "no other fixed point in the box", f"{points.num_boxes} boxes examined", basis, points.verdict
    for cycles in analysis.cycles:
        complete = cycles.verdict is Verdict.PROVED
        basis = "all in the box" if complete else "those listed are proved; that there are no others is not"
        yield f"cycles of period {cycles.period}", f"{len(cycles)} listed", basis, cycles.verdict


def _of_inputs(analysis: Analysis) -> Iterator[Entry]:
    critical, sup = analysis.critical_input, analysis.contraction
    if critical is not None:
        value = "none" if critical.value is None else certain_digits(critical.value)
        yield "critical input", value, critical.reason, critical.verdict
    value = "–" if sup.value is None else f"{certain_digits(sup.value)} {half_width(sup.value)}"
    basis = "in closed form" if sup.expression is not None else f"branch and bound over {sup.num_boxes} boxes"
    yield "largest stretching", value, sup.reason or basis, sup.verdict
    said = {Verdict.PROVED: "sup |M′| < 1", Verdict.REFUTED: "sup |M′| is at least 1"}
    basis = said.get(sup.contracting, "sup |M′| is not known well enough")
    yield "M contracts the box", f"{sup.norm}-norm", basis, sup.contracting


def _of_attractors(analysis: Analysis) -> Iterator[Entry]:
    found = analysis.basins
    for k, attractor in enumerate(analysis.attractors.listed[:_MAX_ATTRACTORS]):
        proved = attractor.verdict is Verdict.PROVED
        basis = "a certified trapping region" if proved else "what sampled orbits do"
        yield f"attractor {attractor_name(found, k)}", attractor.name, basis, attractor.verdict if proved else MEASURED
    for entry in analysis.decays[:_MAX_ATTRACTORS]:
        rate = entry.decay.certified_rate
        if entry.attractor is not None and rate is not None:
            name = f"rate of orbits that converge to {attractor_name(found, entry.attractor)}"
            yield name, certain_digits(rate), "logarithm of the enclosed spectral radius", Verdict.PROVED


def _of_measurements(analysis: Analysis) -> Iterator[Entry]:
    cells = analysis.basins.grid.num_cells
    yield "no other attractor", f"seed {analysis.seed}", "a sample of starting states, not a proof", MEASURED
    yield "sampled basins and their shares", f"{cells} cells", "one orbit from the middle of each cell", MEASURED
    yield "sampled Γ in three readings", f"{cells} cells", "products of derivatives in floating point", MEASURED
    basis = f"slope over half an orbit with its {CONFIDENCE:.0%} interval"
    yield "rates of gradients", f"slowest {_slowest_rate(analysis)}", basis, MEASURED
