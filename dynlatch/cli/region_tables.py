"""What is proved of sets of states, as tables for a person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from dynlatch.cells.settle import LEAVES, OPEN
from dynlatch.cells.tree import box_volume
from dynlatch.cli.tables import enclosed, facts_table, table, verdict
from dynlatch.regions.reduced_set import READINGS, Membership
from dynlatch.views.numbers import at_least_text, at_most_text, share_at_least, share_at_most

if TYPE_CHECKING:
    from dynlatch.cells.morse import MorseGraph
    from dynlatch.latch.fixed_points import FixedPoint
    from dynlatch.latch.tradeoff import Tradeoff
    from dynlatch.latch.tradeoff_law import TradeoffLaw
    from dynlatch.metrics.summary import Metrics
    from dynlatch.noise.decay import NoisyDecay
    from dynlatch.noise.tolerance import NoiseTolerance
    from dynlatch.noise.transient import Transient
    from dynlatch.noise.uncertainty import Uncertainty
    from dynlatch.proving import Proofs

Parts = list[Table | str]

_MOST_ROWS = 40


def proofs(found: Proofs) -> Parts:
    """What must reach each attractor, what may, what of it is in Gamma, and the noise that the latches stand."""
    basins, reduced = found.regions.basins, found.regions.reduced_set
    whole = box_volume(basins.box)
    rows: list[list[str]] = []
    for k in basins.targets[:_MOST_ROWS]:
        areas = basins.areas(k)
        gamma = [reduced.volume(name, Membership.IN, k) / whole for name in READINGS]
        kind = "block around " if k in basins.blocks else ""
        shares = [share_at_least(areas.inner / whole), share_at_most(areas.outer / whole)]
        rows.append([str(k), kind + str(basins.attractors[k]), *shares, *map(share_at_least, gamma)])
    columns = ("attractor", "what", "must reach it", "may reach it", *(f"Gamma {name}" for name in READINGS))
    facts = [
        ["decided", share_at_least(basins.decided)],
        ["must leave the box", share_at_least(basins.tree.volume(basins.cells(LEAVES)) / whole)],
        ["open", share_at_most(basins.tree.volume(basins.cells(OPEN)) / whole)],
        ["cells", f"{basins.tree.leaves.size}, each side halved up to {basins.depth} times ({basins.stop})"],
        ["verdict", str(basins.verdict)],
    ]
    parts: Parts = [table("proved regions, shares of the box", columns, rows)] if rows else []
    return [*parts, facts_table("basins", facts), *tolerances(found.regions.tolerances), *_decays(found.decays)]


def _decays(found: Sequence[NoisyDecay]) -> Parts:
    """Under half of the tolerable noise: the rate that bounds every gradient, and the worst one found."""
    rows = [
        [
            str(d.attractor),
            at_least_text(d.noise, 8),
            _growth(d),
            "" if d.worst_rate is None else f"{at_least_text(d.worst_rate.lower, 8)}^t",
            verdict(d.verdict, d.reason),
        ]
        for d in found
    ]
    columns = ("latch", "noise", "|da_t/da_0| at most", "some input keeps", "verdict")
    return [table("gradients under noise", columns, rows)] if rows else []


def _growth(found: NoisyDecay) -> str:
    if found.rate is None or found.constant is None:
        return "no bound"
    return f"{at_most_text(found.constant, 4)} * {at_most_text(found.rate, 8)}^t"


def tolerances(found: Sequence[NoiseTolerance]) -> Parts:
    """Both bounds of each latch, and what the tubes give away."""
    rows = [
        [
            f"{t.attractor}: {t.attractors[t.attractor]}",
            at_least_text(t.lower, 12),
            "no escape found" if t.upper is None else at_most_text(t.upper, 12),
            "none" if t.tube is None else at_least_text(t.tube.noise, 8),
            "none" if t.closed is None else at_least_text(t.closed, 8),
            verdict(t.verdict, t.reason),
        ]
        for t in found
    ]
    if not rows:
        return []
    title = f"noise that never drives the state out of its {found[0].goal}, norm {found[0].norm:g}"
    return [table(title, ("latch", "stands", "driven out by", "tube (Theorem 3)", "closed bound", "verdict"), rows)]


def morse_graph(found: MorseGraph) -> Parts:
    """Every Morse set, where it leads, and what it is proved to hold."""
    graph, whole = found.graph, box_volume(found.box)
    rows: list[list[str]] = []
    for s in found.sets[:_MOST_ROWS]:
        hull = " x ".join(f"[{float(lo):.6g}, {float(hi):.6g}]" for lo, hi in s.box)
        held = "; ".join(_described(p) for p in s.points)
        kind = "attracting" if s.attracting else ""
        leads = ", ".join(map(str, sorted(graph.successors(s.number), key=str)))
        rows.append([str(s.number), str(s.cells.size), hull, kind, held, leads, str(s.verdict)])
    columns = ("set", "cells", "within", "kind", "holds", "leads to", "holds something")
    parts: Parts = [table(f"{len(found.sets)} Morse sets", columns, rows)]
    if len(found.sets) > _MOST_ROWS:
        parts.append(f"{len(found.sets) - _MOST_ROWS} more are in the graph; --out FILE.graphml has all.")
    share = share_at_most(found.volume / whole)
    parts.append(f"Everything recurrent lies in them: {found.verdict}. They fill {share} of the box ({found.stop}).")
    return parts


def _described(point: FixedPoint) -> str:
    place = ", ".join(f"{v:.8g}" for v in point.values)
    kind = "fixed point" if point.period == 1 else f"cycle of period {point.period}"
    return f"{point.stability} {kind} ({place})"


def uncertainty(found: Uncertainty) -> Parts:
    """The size of the ball at some steps: enclosed, sampled, and as theory has it."""
    steps = sorted({0, 1, 2, 3, 4, 5, *(round(found.steps * k / 8) for k in range(9))} & set(range(found.steps + 1)))
    rows = [
        [
            str(t),
            at_most_text(found.enclosed[t]),
            at_least_text(found.sampled[t]),
            at_most_text(found.tube[t]),
            f"{found.linear[t]:.6g}",
        ]
        for t in steps
    ]
    columns = ("step", "at most (proved)", "at least (sampled)", "tube of Theorem 3", "linearised")
    when, growth = found.peak
    ends = {
        "PROVED": f"every state ends at attractor {found.captured}",
        "REFUTED": "two of its states end at different attractors",
    }.get(str(found.capture), "where all states end is not settled")
    facts = [
        ["linearised growth", f"at most {growth:.6g} times, at step {when}"],
        ["in the end", verdict(found.capture, ends)],
        ["enclosure", verdict(found.verdict, str(found.stop))],
    ]
    title = f"distance from the orbit of the middle, norm {found.norm:g}"
    return [table(title, columns, rows), facts_table("ball of uncertainty", facts)]


def transient(found: Transient) -> Parts:
    """The steps that the input needs."""
    count = "never" if found.carries is False else "not decided" if found.steps is None else str(found.steps)
    facts = [["steps of input", count], ["verdict", verdict(found.verdict, found.reason)]]
    if found.free_steps is not None:
        facts.insert(1, ["steps without it, to the other latch's trapping region", str(found.free_steps)])
    return [facts_table("transient", facts)]


def metrics(found: Metrics) -> Parts:
    """All metrics of the basins of one map."""
    entropy, exponent, wada = found.entropy, found.exponent, found.wada
    alpha = (
        f"{exponent.alpha:.4f} +- {exponent.standard_error:.1g}" if not math.isnan(exponent.alpha) else exponent.reason
    )
    facts = [
        ["basin entropy", f"{entropy.entropy:.6f}"],
        ["boundary entropy", f"{entropy.boundary_entropy:.6f}" + (" > ln 2: fractal" if entropy.exceeds_log_2 else "")],
        ["uncertainty exponent", alpha],
    ]
    if wada is not None:
        holds = "holds" if wada.holds else "does not hold"
        facts.append(["Wada test", f"{holds} within {wada.radius:g} cells (least radius {wada.least_radius:.3g})"])
    attractors = found.stability.attractors
    shares = [
        [
            f"{s.label}: {attractors[s.label]}" if s.label >= 0 else s.name,
            f"{s.share:.6f}",
            f"[{s.interval[0]:.6f}, {s.interval[1]:.6f}]",
        ]
        for s in found.stability.shares
    ]
    parts: Parts = [
        facts_table("basins (measured)", facts),
        table("basin stability (measured, random states)", ("goes to", "share", "95 % interval"), shares),
    ]
    shocks = [
        [
            str(s.attractor),
            enclosed(s.value) if s.value is not None else f"{s.measured:.8g}",
            ", ".join(f"{v:.6g}" for v in s.displacement),
            verdict(s.verdict, s.reason),
        ]
        for s in found.shocks
    ]
    if shocks:
        parts.append(table("critical shocks", ("attractor", "size", "displacement", "verdict"), shocks))
    return parts


def tradeoff(curve: Tradeoff, law: TradeoffLaw) -> Parts:
    """The law with its proof in parts, and one line a map."""
    parts: Parts = [f"{law.law} for every w > 1: {verdict(law.verdict, law.reason)}"]
    pieces = [
        [
            f"{part.above} < w" + ("" if part.up_to is None else f" <= {part.up_to}"),
            part.method,
            str(part.num_pieces),
            str(part.verdict),
        ]
        for part in law.parts
    ]
    parts.append(table("the law by balls and series", ("weights", "how", "pieces", "verdict"), pieces))
    rows: list[list[str]] = []
    for p in curve:
        if p.critical is None or p.rate is None or p.excess is None:
            rows.append([str(p.value), "none", "", "", "", "", p.reason])
            continue
        tolerance = "" if p.tolerance is None else f"{float(p.tolerance):.8g}"
        numbers = [f"{float(e):.10g}" for e in (p.critical, p.rate, p.excess)]
        rows.append([str(p.value), *numbers, tolerance, f"{p.lower}", f"{p.upper}"])
    columns = (curve.parameter, "h*", "gamma", "gamma - 2 h*", "tolerance", "2 h* < gamma", "gamma < 2 h* + 1")
    return [*parts, table(f"trade-off of {curve.name}", columns, rows)]
