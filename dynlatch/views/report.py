"""The report: one page that holds everything an analysis found, and loads nothing."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dynlatch.latch.critical_input import CriticalInput
from dynlatch.latch.fixed_points import FixedPoint, FixedPoints
from dynlatch.latch.gradients import CONFIDENCE, GradientDecay
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.regions.labels import Label
from dynlatch.regions.reduced_set import READINGS
from dynlatch.verdict import Verdict
from dynlatch.views.ledger import ledger, summary
from dynlatch.views.mathml import expression, formula, mathml
from dynlatch.views.numbers import (
    MEASURED,
    badge,
    certain_digits,
    half_width,
    multiplier_text,
    point_text,
    real_text,
    sentence,
    share_text,
)
from dynlatch.views.region_rows import region_rows
from dynlatch.views.style import INK, PAPER, attractor_name, without_dust

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

Row = dict[str, Any]

MAX_ROWS: Final = 40
"""Rows of a table before it is cut; results.json has all."""
_MAX_WEIGHTS: Final = 12

_CAPTIONS: Final = {
    "basins": (
        "Basins of attraction",
        (
            "Each cell has the colour of the attractor that the orbit of its middle reaches; the full colour marks the "
            "reduced attracting set Γ in its uniform reading. Filled markers attract, open ones do not."
        ),
    ),
    "cobweb": ("Cobweb", "Each step goes up or down to the map's curve and across to the diagonal."),
    "phase_portrait": (
        "Phase portrait",
        (
            "Arrows point along M(a) − a, longer where it is larger; on the lines one coordinate stands still; fixed "
            "points lie where the lines cross. Dots are the first states of some orbits."
        ),
    ),
    "certified": (
        "Proved basins",
        (
            "Every orbit from a coloured cell is proved to reach its attractor; full colour is proved to lie in the "
            "reduced attracting set Γ (uniform reading). Striped cells are left open."
        ),
    ),
    "bounds": (
        "Each basin from inside and from outside",
        "Solid cells must reach the attractor, striped ones may, all others are proved not to.",
    ),
    "reduced_set": (
        "Reduced attracting sets",
        (
            "States from which no later derivative expands, for three readings of “less than 1”: the spectral radius "
            "of every product (BSF94, Definition 4), its 2-norm, and every factor in one adapted norm."
        ),
    ),
    "times": ("Time to be captured", "Steps until an orbit enters the capture region of its attractor."),
    "decay": (
        "Gradients through time",
        (
            "How ∂aₜ/∂a₀ shrinks along one orbit into each attractor, on a logarithmic scale, with the slope fitted "
            "to its second half. The bound (sup |M′|)ᵗ holds for every orbit that stays in the box."
        ),
    ),
}


def render_report(analysis: Analysis, svgs: dict[str, str]) -> str:
    """The whole page as HTML text: no script, no network, every user's word escaped.

    ``svgs`` holds the figures as SVG by their stems (``figures`` and ``svg_text``). The same analysis gives the same
    text. Cost: about a tenth of a second after a first call.
    """
    m, found = analysis.map, analysis.basins
    drawn = {key: _figure(key, svgs[key]) for key in _CAPTIONS if key in svgs}
    return _template().render(
        map=m,
        formula=formula(m),
        parameters=[(str(s), str(v)) for s, v in m.parameters],
        weights=_weights(m),
        domain=[(str(s), f"[{lo}, {hi}]".replace("-", "−")) for s, (lo, hi) in zip(m.states, m.domain, strict=True)][
            :MAX_ROWS
        ],
        summary=summary(analysis),
        derivation=[_line(line) for line in analysis.derivation],
        points=_points(analysis.fixed_points),
        cycles=[c for c in (_points(p) for p in analysis.cycles) if c["rows"] or c["undecided"]],
        searched=[p.period for p in analysis.cycles if p.verdict is Verdict.PROVED and not len(p)],
        critical=None if analysis.critical_input is None else _critical(analysis.critical_input),
        critical_note=analysis.critical_note,
        attractors=_attractors(analysis),
        special=_special(analysis),
        proofs=None if analysis.proofs is None else region_rows(analysis.proofs, analysis.basins),
        decays=[_decay(analysis, e.attractor, e.decay) for e in analysis.decays[:MAX_ROWS]],
        ledger=ledger(analysis),
        figures=drawn,
        versions=analysis.versions,
        settings=[
            ("map's hash", m.content_hash[:16]),
            ("seed", analysis.seed),
            ("cells", " × ".join(map(str, found.grid.counts))),
            ("steps before a cell is out of time", found.max_steps),
            ("steps of a gradient's orbit", analysis.decays[0].decay.steps if analysis.decays else 0),
        ],
        confidence=f"{CONFIDENCE:.0%}",
    )


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("dynlatch", "views"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["verdict"] = badge
    environment.filters["sentence"] = sentence
    return environment.get_template("report.html.j2")


# --- figures ----------------------------------------------------------------------------------------------------------


def _figure(key: str, svg: str) -> Row:
    """An SVG made part of the page: its own names, the page's colours, no size of its own."""
    title, caption = _CAPTIONS[key]
    body = re.sub(
        r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.DOTALL
    )
    opening = body[: body.index(">") + 1]
    box = re.search(r'viewBox="([^"]+)"', opening)
    width = float(box[1].split()[2]) if box else 600.0
    body = re.sub(r'(<image [^>]*?)\bid="[^"]*"', r"\1", body)  # equal pictures have equal ones, and nobody uses them
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{key}-", body)
    body = body.replace(INK, "currentColor").replace(PAPER, "var(--paper)")
    shape = f'viewBox="{box[1]}" ' if box else ""
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    size = f"max-width:{width * 4 / 3:.0f}px;min-width:{width * 0.9:.0f}px"
    words = f'<title id="{key}-title">{title}: {caption}</title>'
    head = f'<svg {names} {shape}role="img" aria-labelledby="{key}-title" style="{size}">{words}'
    body = head + body[body.index(">") + 1 :]
    return {"key": key, "title": title, "caption": caption, "svg": Markup(body.strip())}


# --- the parts of the page --------------------------------------------------------------------------------------------


def _weights(m: Map) -> list[Markup]:
    """W and b of a network, in decimals where those are exact and short."""
    if not isinstance(m.rule, TanhLayer) or m.dimension > _MAX_WEIGHTS:
        return []

    def entry(v: Fraction) -> str:
        short = f"{float(v):.4g}"
        return short if Fraction(short) == v or len(str(v)) > 9 else str(v)

    rows = r" \\ ".join(" & ".join(entry(v) for v in row) for row in m.rule.weights)
    bias = r" \\ ".join(entry(v) for v in m.rule.bias)
    return [mathml(rf"{name} = \begin{{matrix}}{body}\end{{matrix}}") for name, body in (("W", rows), ("b", bias))]


def _line(line: Any) -> Row:
    return {
        "title": line.title,
        "formula": mathml(line.latex),
        "value": "" if line.value is None else certain_digits(line.value),
        "width": "" if line.value is None else half_width(line.value),
        "how": line.how,
        "verdict": line.check.verdict,
        "what": line.check.what,
    }


def _points(found: FixedPoints) -> Row:
    return {
        "period": found.period,
        "count": len(found),
        "verdict": found.verdict,
        "complete": found.verdict is Verdict.PROVED,
        "rows": [_point(p) for p in found.points[:MAX_ROWS]],
        "more": max(0, len(found) - MAX_ROWS),
        "exact": any(p.expression is not None for p in found.points[:MAX_ROWS]),
        "undecided": [
            {"box": " × ".join(f"[{real_text(lo)}, {real_text(hi)}]" for lo, hi in c.box), "reason": c.reason}
            for c in found.undecided[:MAX_ROWS]
        ],
        "more_undecided": max(0, len(found.undecided) - MAX_ROWS),
    }


def _point(p: FixedPoint) -> Row:
    widest = max(p.state, key=lambda e: e.width)
    return {
        "state": [certain_digits(e) for e in p.state],
        "width": half_width(widest),
        "multipliers": [multiplier_text(e) for e in p.multipliers] or ["not enclosed"],
        "stability": str(p.stability),
        "verdict": p.verdict,
        "expression": [] if p.expression is None else [expression(e) for e in p.expression],
    }


def _critical(c: CriticalInput) -> Row:
    symbolic = (("h*", c.expression), ("dh*/dw", c.derivative), ("series in e = w − 1", c.series))
    return {
        "value": None if c.value is None else certain_digits(c.value, 15),
        "width": "" if c.value is None else half_width(c.value),
        "ends": "" if c.value is None else f"[{c.value.lo!r}, {c.value.hi!r}]".replace("-", "−"),
        "formulas": [(name, expression(e, rising=e is c.series)) for name, e in symbolic if e is not None],
        "state": [] if c.state is None else [certain_digits(e) for e in c.state],
        "direction": point_text(c.direction) if len(c.direction) > 1 else "",
        "sign": "+" if c.sign > 0 else "−",
        "stable_until": None if c.stable_until is None else real_text(c.stable_until),
        "verdict": c.verdict,
        "reason": c.reason,
        "folds": [
            {
                "attractor": "" if f.attractor is None else point_text(f.attractor),
                "sign": "+" if f.sign > 0 else "−",
                "value": "none found" if f.value is None else certain_digits(f.value),
                "verdict": f.verdict,
                "reason": f.reason,
            }
            for f in c.folds[:MAX_ROWS]
        ],
    }


def _attractors(analysis: Analysis) -> list[Row]:
    found, reduced = analysis.basins, analysis.reduced_set
    rows: list[Row] = []
    for k, attractor in enumerate(analysis.attractors.listed[:MAX_ROWS]):
        cells = found.labels == k
        total = int(np.count_nonzero(cells))
        inside = [np.count_nonzero(cells & (reduced.reading(name) == 1)) / max(1, total) for name in READINGS]
        rows.append(
            {
                "number": k + 1,
                "name": attractor.name,
                "state": point_text(without_dust(attractor.states[:, 0])),
                "verdict": attractor.verdict if attractor.point is not None else MEASURED,
                "cells": f"{total:,}".replace(",", " "),
                "share": share_text(found.fractions[k]),
                "gamma": [share_text(v) for v in inside] if total else ["–"] * len(READINGS),
            }
        )
    return rows


def _special(analysis: Analysis) -> list[tuple[str, str, str]]:
    counts, total = analysis.basins.counts, analysis.basins.grid.num_cells
    return [
        (
            label.name.lower().replace("_", " "),
            f"{counts[label]:,}".replace(",", " "),
            share_text(counts[label] / total),
        )
        for label in Label
        if label in counts
    ]


def _decay(analysis: Analysis, index: int | None, d: GradientDecay) -> Row:
    lo, hi = d.rate_interval
    return {
        "name": "an orbit" if index is None else attractor_name(analysis.basins, index),
        "start": point_text(d.a0, 4),
        "rate": real_text(d.rate, 8),
        "interval": f"[{real_text(lo, 8)}, {real_text(hi, 8)}]" if math.isfinite(lo) else "–",
        "certified": None
        if d.certified_rate is None
        else f"{certain_digits(d.certified_rate)} {half_width(d.certified_rate)}",
        "lyapunov": point_text(d.lyapunov_spectrum, 5),
        "peak": f"{real_text(d.peak_growth, 4)} at t = {d.peak_time}",
        "one_step": real_text(d.reactivity + 1, 4),
        "powers": real_text(d.power_growth, 4),
        "message": d.message if d.reached < d.steps else "",
    }
