"""Results as tables for a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.table import Table

from dynlatch.cli.plain_tables import facts_table, table
from dynlatch.regions.labels import Label
from dynlatch.verdict import Stop, Verdict
from dynlatch.views.numbers import at_least_text
from dynlatch.views.results import label_name, norm_name

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis
    from dynlatch.latch.contraction import ContractionBound
    from dynlatch.latch.critical_input import CriticalInput
    from dynlatch.latch.derivation import Derivation
    from dynlatch.latch.fixed_points import FixedPoints
    from dynlatch.latch.gradients import GradientDecay
    from dynlatch.regions.basins import Basins
    from dynlatch.regions.basins_file import BasinsFile
    from dynlatch.rigor.enclosure import Enclosure


def verdict(found: Verdict, reason: str) -> str:
    """What is proved, and on what grounds where that is said."""
    return f"{found}: {reason}" if reason else str(found)


def enclosed(value: Enclosure | None) -> str:
    """The middle and how far the number may be from it."""
    if value is None:
        return "none"
    return f"{float(value):.15g}" + (" exactly" if value.width == 0 else f"... (width {value.width:.1e})")


def fixed_points(found: FixedPoints) -> list[Table | str]:
    """Fixed points or cycles, and what was left undecided."""
    what = "fixed points" if found.period == 1 else f"cycles of period {found.period}"
    rows = [
        [
            ", ".join(str(e) for e in p.expression) if p.expression else "",
            ", ".join(enclosed(e) for e in p.state),
            ", ".join(f"{abs(complex(e)):.10g}" for e in p.multipliers),
            str(p.stability),
            str(p.verdict),
        ]
        for p in found
    ]
    columns = ("exactly", "state", "|multipliers|", "stability", "exists")
    parts: list[Table | str] = [table(f"{len(found)} {what}", columns, rows)] if rows else [f"0 {what}"]
    for cluster in found.undecided:
        sides = " x ".join(f"[{lo:.10g}, {hi:.10g}]" for lo, hi in cluster.box)
        parts.append(f"undecided: {sides}: {cluster.reason}")
    if found.verdict is Verdict.PROVED:
        parts.append("The list is complete: PROVED.")
    else:
        why = "the budget of boxes was used up" if found.stop is Stop.BUDGET else "some regions are undecided"
        parts.append(f"The list need not be complete: {found.verdict}, {why}.")
    return parts


def critical_input(found: CriticalInput) -> list[Table | str]:
    """The critical input, its formulas, and every attractor's fold."""
    facts = [["h*", enclosed(found.value)]]
    facts += [["formula", str(found.expression)]] if found.expression is not None else []
    facts += [["derivative", str(found.derivative)]] if found.derivative is not None else []
    facts += [["series, e = weight - 1", str(found.series)]] if found.series is not None else []
    facts += [["direction", ", ".join(map(str, found.direction))], ["verdict", verdict(found.verdict, found.reason)]]
    rows = [
        [
            ", ".join(f"{float(e):.10g}" for e in fold.attractor or ()),
            enclosed(fold.value),
            ", ".join(f"{float(e):.10g}" for e in fold.state or ()),
            "" if fold.stable_until is None else f"{fold.stable_until:.10g}",
            verdict(fold.verdict, fold.reason),
        ]
        for fold in found.folds
    ]
    parts: list[Table | str] = [facts_table("critical input", facts)]
    if rows:
        parts.append(table("folds", ("attractor", "at input", "at state", "stable until", "verdict"), rows))
    return parts


def contraction(found: ContractionBound) -> list[Table | str]:
    """The bound on one step's stretching."""
    sides = " x ".join(f"[{float(lo):.10g}, {float(hi):.10g}]" for lo, hi in found.box)
    facts = [
        ["sup of |M'|", enclosed(found.value)],
        ["norm", norm_name(found.norm)],
        ["box", sides],
        ["attained near", ", ".join(f"{v:.10g}" for v in found.at or ())],
    ]
    facts += [["formula", str(found.expression)]] if found.expression is not None else []
    facts += [["verdict", verdict(found.verdict, found.reason)], ["below 1", str(found.contracting)]]
    return [facts_table("contraction", facts)]


_LATEX: Final = (
    (r"\\(?:operatorname|mathrm)\{(\w+)\}", r"\1"),
    (r"_\{(\w+)\}", r"_\1"),
    (r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)"),
    (r"\\sqrt (\w+|\S)", r"sqrt(\1)"),
    (r"\\partial ?", "d"),
    (r"\\pm", "+-"),
    (r"\\frac\{([^{}]*)\}\{([^{}]*[ *+][^{}]*)\}", r"(\1)/(\2)"),
    (r"\\frac\{([^{}]*[*+][^{}]*)\}\{([^{}]*)\}", r"(\1)/\2"),
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2"),
    (r"\\bar a", "a_latched"),
    (r"[\\{}]", ""),
)
"""What LaTeX writes, and what a terminal can show of it, in the order of reading."""


def _plain(side: object) -> str:
    """A side of a line for a terminal: an expression as SymPy prints it, LaTeX without its marks."""
    text = str(side)
    for mark, plain in _LATEX if isinstance(side, str) else ():
        text = re.sub(mark, plain, text)
    return text


def derivation(found: Derivation) -> list[Table | str]:
    """The symbolic sheet, line by line."""
    rows = [
        [
            line.title,
            f"{_plain(line.left)} = {_plain(line.right)}",
            "" if line.value is None else f"{float(line.value):.12g}",
            line.how,
            str(line.check.verdict),
        ]
        for line in found
    ]
    return [table("derivation", ("line", "formula", "value", "how", "check"), rows)]


def basins(found: Basins | BasinsFile) -> list[Table | str]:
    """What the cells go to."""
    counts, total = found.counts, found.grid.num_cells
    listed = found.attractors.listed
    rows = [
        [label_name(k), str(a), str(counts.get(k, 0)), f"{counts.get(k, 0) / total:.6f}"] for k, a in enumerate(listed)
    ]
    rows += [
        [label_name(label), "", str(counts[label]), f"{counts[label] / total:.6f}"]
        for label in Label
        if label in counts
    ]
    shape = " x ".join(map(str, found.grid.counts))
    return [table(f"basins on {shape} cells (sampled)", ("label", "what", "cells", "share"), rows)]


def decay(found: GradientDecay) -> list[Table | str]:
    """How fast the gradient is forgotten."""
    lo, hi = found.rate_interval
    facts = [
        ["rate", f"{found.rate:.10g} nats per step"],
        ["95% interval", f"[{lo:.10g}, {hi:.10g}]"],
        ["Lyapunov spectrum", ", ".join(f"{v:.10g}" for v in found.lyapunov_spectrum)],
        ["norm", norm_name(found.norm)],
        ["largest gradient", f"{found.peak_growth:.10g} at step {found.peak_time}"],
        ["start", ", ".join(f"{v:.10g}" for v in found.a0)],
        ["final state", ", ".join(f"{v:.10g}" for v in found.states[-1])],
        ["orbit", found.message],
    ]
    if found.certified_rate is not None:
        facts.insert(2, ["certified rate at the attractor", enclosed(found.certified_rate)])
    return [facts_table("gradient decay", facts)]


def analysis(found: Analysis) -> list[Table | str]:
    """The whole story in short."""
    parts: list[Table | str] = [repr(found.map), *fixed_points(found.fixed_points)]
    for cycles in found.cycles:
        if len(cycles) or cycles.undecided:
            parts += fixed_points(cycles)
    parts += basins(found.basins)
    critical = found.critical_input
    note = found.critical_note if critical is None else f"{enclosed(critical.value)} ({critical.verdict})"
    bound = found.contraction
    facts = [["critical input", note]]
    facts.append(
        ["sup of |M'| on the domain", f"{enclosed(bound.value)} (norm {norm_name(bound.norm)}, {bound.verdict})"]
    )
    facts += [
        [f"Gamma, {name}", f"{found.reduced_set.fraction(name):.6f} of the cells"]
        for name in ("norm", "spectral", "uniform")
    ]
    for entry in found.decays:
        where = "along an orbit" if entry.attractor is None else f"towards {label_name(entry.attractor)}"
        facts.append([f"decay {where}", f"{entry.decay.rate:.10g} nats per step"])
    for t in () if found.proofs is None else found.proofs.tolerances:
        stands = f"at least {at_least_text(t.lower, 10)} (norm {t.norm:g}, {t.verdict})"
        facts.append([f"noise that {label_name(t.attractor)} stands", stands])
    return [*parts, facts_table("latching", facts)]
