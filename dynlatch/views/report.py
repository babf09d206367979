"""The report: one page that holds everything an analysis found, and loads nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
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
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.spectra import Eigenvalue
from dynlatch.verdict import Verdict
from dynlatch.views.mathml import expression, formula, mathml
from dynlatch.views.style import INK, PAPER, attractor_name

if TYPE_CHECKING:
    from dynlatch.analysis import Analysis

Row = dict[str, Any]

MAX_ROWS: Final = 40
"""Rows of a table before it is cut; results.json has all."""
MEASURED: Final = "measured"
_MAX_WEIGHTS: Final = 12

_CAPTIONS: Final = {
    "basins": (
        "Basins of attraction",
        "Each cell has the colour of the attractor that the orbit of its middle reaches; the full colour marks the "
        "reduced attracting set Γ in its uniform reading. Filled markers attract, open ones do not.",
    ),
    "cobweb": ("Cobweb", "Each step goes up or down to the map's curve and across to the diagonal."),
    "phase_portrait": (
        "Phase portrait",
        "Arrows point along M(a) − a, longer where it is larger; on the lines one coordinate stands still; fixed "
        "points lie where the lines cross. Dots are the first states of some orbits.",
    ),
    "reduced_set": (
        "Reduced attracting sets",
        "States from which no later derivative expands, for three readings of “less than 1”: the spectral radius of "
        "every product (BSF94, Definition 4), its 2-norm, and every factor in one adapted norm.",
    ),
    "times": ("Time to be captured", "Steps until an orbit enters the capture region of its attractor."),
    "decay": (
        "Gradients through time",
        "How ∂a_t/∂a_0 shrinks along one orbit into each attractor, on a logarithmic scale, with the slope fitted to "
        "its second half. The bound (sup|M′|)^t holds for every orbit that stays in the box.",
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
        domain=[(str(s), f"[{lo}, {hi}]") for s, (lo, hi) in zip(m.states, m.domain, strict=True)][:MAX_ROWS],
        summary=_summary(analysis),
        derivation=[_line(line) for line in analysis.derivation],
        points=_points(analysis.fixed_points),
        cycles=[c for c in (_points(p) for p in analysis.cycles) if c["rows"] or c["undecided"]],
        searched=[p.period for p in analysis.cycles if p.verdict is Verdict.PROVED and not len(p)],
        critical=None if analysis.critical_input is None else _critical(analysis.critical_input),
        critical_note=analysis.critical_note,
        attractors=_attractors(analysis),
        special=_special(analysis),
        decays=[_decay(analysis, e.attractor, e.decay) for e in analysis.decays[:MAX_ROWS]],
        ledger=_ledger(analysis),
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
    environment.filters["verdict"] = _badge
    return environment.get_template("report.html.j2")


# --- figures ----------------------------------------------------------------------------------------------------------


def _figure(key: str, svg: str) -> Row:
    """An SVG made part of the page: its own names, the page's colours, no size of its own."""
    title, caption = _CAPTIONS[key]
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    opening = body[: body.index(">") + 1]
    box = re.search(r'viewBox="([^"]+)"', opening)
    width = float(box[1].split()[2]) if box else 600.0
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{key}-", body)
    body = body.replace(INK, "currentColor").replace(PAPER, "var(--paper)")
    shape = f'viewBox="{box[1]}" ' if box else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {shape}role="img" '
        f'aria-labelledby="{key}-title" style="max-width:{width * 4 / 3:.0f}px"><title id="{key}-title">{title}: {caption}</title>'
    )
    body = head + body[body.index(">") + 1 :]
    return {"key": key, "title": title, "caption": caption, "svg": Markup(body.strip())}  # noqa: S704


# --- numbers ----------------------------------------------------------------------------------------------------------


def _badge(verdict: str) -> Markup:
    """A verdict that can be told by its sign, its word, its border and its colour."""
    sign = {"PROVED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?", MEASURED: "≈"}.get(str(verdict), "")
    return Markup('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>').format(
        str(verdict).lower(), sign, verdict
    )


def _real(value: float, digits: int = 6) -> str:
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def _certain(e: Enclosure, digits: int = 12) -> str:
    """The digits of an enclosed number that are certain, at most ``digits``."""
    if e.lower == e.upper:
        short = str(e.lower)
        return short.replace("-", "−") if len(short) <= 12 else _real(float(e), digits)
    size, width = abs(float(e)), e.width
    if size <= width:
        return "0"
    return _real(float(e), min(digits, max(1, math.floor(math.log10(size / width)))))


def _width(e: Enclosure) -> str:
    return "exact" if e.lower == e.upper else f"± {e.width / 2:.1e}".replace("-", "−")


def _multiplier(e: Eigenvalue) -> str:
    real = _certain(e.real, 8)
    if e.imag.lower == e.imag.upper == 0:
        return real
    sign = "−" if float(e.imag) < 0 else "+"
    size = -e.imag if float(e.imag) < 0 else e.imag
    return f"{real} {sign} {_certain(size, 8)} i  (modulus {_certain(e.modulus, 6)})"


def _tuple(values: Sequence[float], digits: int = 6) -> str:
    shown = ", ".join(_real(float(v), digits) for v in values[:8])
    return f"({shown}{', …' if len(values) > 8 else ''})"


def _share(value: float) -> str:
    return f"{100 * value:.2f} %"


# --- the parts of the page --------------------------------------------------------------------------------------------


def _weights(m: Map) -> Markup | None:
    if not isinstance(m.rule, TanhLayer) or m.dimension > _MAX_WEIGHTS:
        return None

    def entry(v: Any) -> str:
        return str(v) if len(str(v)) <= 7 else f"{float(v):.4g}"

    rows = r" \\ ".join(" & ".join(entry(v) for v in row) for row in m.rule.weights)
    bias = r" \\ ".join(entry(v) for v in m.rule.bias)
    return mathml(rf"W = \begin{{pmatrix}}{rows}\end{{pmatrix}}, \quad b = \begin{{pmatrix}}{bias}\end{{pmatrix}}", display=True)


def _line(line: Any) -> Row:
    return {
        "title": line.title,
        "formula": mathml(line.latex),
        "value": "" if line.value is None else _certain(line.value),
        "width": "" if line.value is None else _width(line.value),
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
            {"box": " × ".join(f"[{_real(lo)}, {_real(hi)}]" for lo, hi in c.box), "reason": c.reason}
            for c in found.undecided[:MAX_ROWS]
        ],
        "more_undecided": max(0, len(found.undecided) - MAX_ROWS),
    }


def _point(p: FixedPoint) -> Row:
    widest = max(p.state, key=lambda e: e.width)
    return {
        "state": [_certain(e) for e in p.state],
        "width": _width(widest),
        "multipliers": [_multiplier(e) for e in p.multipliers] or ["not enclosed"],
        "stability": str(p.stability),
        "verdict": p.verdict,
        "expression": [] if p.expression is None else [expression(e) for e in p.expression],
    }


def _critical(c: CriticalInput) -> Row:
    symbolic = (("h*", c.expression), ("dh*/dw", c.derivative), ("series in e = w − 1", c.series))
    return {
        "value": None if c.value is None else _certain(c.value, 15),
        "width": "" if c.value is None else _width(c.value),
        "ends": "" if c.value is None else f"[{c.value.lo!r}, {c.value.hi!r}]".replace("-", "−"),
        "formulas": [(name, expression(e)) for name, e in symbolic if e is not None],
        "state": [] if c.state is None else [_certain(e) for e in c.state],
        "direction": _tuple([float(v) for v in c.direction]),
        "sign": "+" if c.sign > 0 else "−",
        "stable_until": None if c.stable_until is None else _real(c.stable_until),
        "verdict": c.verdict,
        "reason": c.reason,
        "folds": [
            {
                "attractor": "" if f.attractor is None else _tuple([float(e) for e in f.attractor]),
                "sign": "+" if f.sign > 0 else "−",
                "value": "none found" if f.value is None else _certain(f.value),
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
        rows.append({
            "number": k + 1,
            "name": attractor.name,
            "state": _tuple(attractor.states[:, 0]),
            "verdict": attractor.verdict if attractor.point is not None else MEASURED,
            "cells": f"{total:,}".replace(",", " "),
            "share": _share(found.fractions[k]),
            "gamma": [_share(v) for v in inside] if total else ["–"] * len(READINGS),
        })
    return rows


def _special(analysis: Analysis) -> list[tuple[str, str, str]]:
    counts, total = analysis.basins.counts, analysis.basins.grid.num_cells
    return [
        (label.name.lower().replace("_", " "), f"{counts[label]:,}".replace(",", " "), _share(counts[label] / total))
        for label in Label
        if label in counts
    ]


def _decay(analysis: Analysis, index: int | None, d: GradientDecay) -> Row:
    lo, hi = d.rate_interval
    return {
        "name": "an orbit" if index is None else attractor_name(analysis.basins, index),
        "start": _tuple(d.a0, 4),
        "rate": _real(d.rate, 8),
        "interval": f"[{_real(lo, 8)}, {_real(hi, 8)}]" if math.isfinite(lo) else "–",
        "certified": None if d.certified_rate is None else f"{_certain(d.certified_rate)} {_width(d.certified_rate)}",
        "lyapunov": _tuple(d.lyapunov_spectrum, 5),
        "peak": f"{_real(d.peak_growth, 4)} at t = {d.peak_time}",
        "one_step": _real(d.reactivity + 1, 4),
        "powers": _real(d.power_growth, 4),
        "message": d.message,
    }


def _rate(analysis: Analysis) -> str:
    """The slowest of the measured rates: what a gradient keeps at best."""
    rates = [e.decay.rate for e in analysis.decays if not math.isnan(e.decay.rate)]
    return f"{_real(max(rates))} nats per step" if rates else "none: the orbit diverged"


def _summary(analysis: Analysis) -> list[Row]:
    points, critical, sup = analysis.fixed_points, analysis.critical_input, analysis.contraction
    listed = analysis.attractors.listed
    proved = sum(a.verdict is Verdict.PROVED for a in listed)
    undecided = len(points.undecided)
    note = "every one in the box is listed" if points.verdict is Verdict.PROVED else "the list may be incomplete"
    if undecided:
        note = f"and {undecided} undecided region{'s' if undecided > 1 else ''}"
    value = None if critical is None else critical.value
    shares = ", ".join(f"{name} {_share(analysis.reduced_set.fraction(name))}" for name in READINGS)
    return [
        {"title": "Fixed points", "value": str(len(points)), "note": note, "verdict": points.verdict},
        {"title": "Attractors", "value": str(len(listed)), "verdict": Verdict.PROVED if listed and proved == len(listed) else MEASURED,
         "note": f"{proved} with a proved trapping region" if listed else "no orbit of the sample settles in the box"},
        {"title": "Critical input h*", "value": "–" if value is None else _certain(value, 10),
         "note": analysis.critical_note if value is None else f"{_width(value)} along ({', '.join(map(str, critical.direction[:6]))}{', …' if len(critical.direction) > 6 else ''})" if critical else "",
         "verdict": None if critical is None else critical.verdict},
        {"title": "Gradient", "value": _rate(analysis), "note": "slope of log |∂a_t/∂a_0|, the slowest of the attractors", "verdict": MEASURED},
        {"title": "Largest stretching sup |M′|", "value": "–" if sup.value is None else _certain(sup.value, 8),
         "note": f"over the box, {sup.norm}-norm" if sup.value is not None else sup.reason, "verdict": sup.verdict},
        {"title": "Reduced set Γ", "value": _share(analysis.reduced_set.fraction("uniform")), "note": f"of the box; {shares}", "verdict": MEASURED},
    ]  # fmt: skip


def _ledger(analysis: Analysis) -> list[tuple[str, str, str, str]]:
    """Every quantity on the page with what it rests on."""
    points, sup, critical = analysis.fixed_points, analysis.contraction, analysis.critical_input
    checks = [line.check.verdict for line in analysis.derivation]
    rows = [
        ("derivation", f"{checks.count(Verdict.PROVED)} of {len(checks)} lines", Verdict.PROVED, "exact algebra or balls; each line says which"),
    ]
    if checks.count(Verdict.PROVED) < len(checks):
        rows.append(("other lines of the derivation", str(len(checks) - checks.count(Verdict.PROVED)), Verdict.INCONCLUSIVE, "balls agree at sample points"))
    if len(points):
        rows.append(("fixed points exist", str(len(points)), Verdict.PROVED, "Krawczyk's test in outward-rounded arithmetic"))
        decided = sum(p.stability != "inconclusive" for p in points)
        rows.append(("their stability", f"{decided} of {len(points)}", Verdict.PROVED if decided == len(points) else Verdict.INCONCLUSIVE, "enclosed multipliers"))
    rows.append(("no other fixed point in the box", f"{points.num_boxes} boxes examined", points.verdict, "branch and prune" if points.verdict is Verdict.PROVED else "not covered, or something stayed undecided"))
    rows += [(f"cycles of period {c.period}", f"{len(c)} listed", c.verdict, "all in the box" if c.verdict is Verdict.PROVED else "those listed are proved; that there are no others is not") for c in analysis.cycles]
    if critical is not None:
        rows.append(("critical input", "none" if critical.value is None else _certain(critical.value), critical.verdict, critical.reason))
    rows.append(("largest stretching", "–" if sup.value is None else f"{_certain(sup.value)} {_width(sup.value)}", sup.verdict, sup.reason))
    rows.append(("M contracts the box", "" if sup.value is None else f"{sup.norm}-norm", sup.contracting, "sup |M′| < 1" if sup.contracting is Verdict.PROVED else "sup |M′| is not below 1, or not known"))
    for k, attractor in enumerate(analysis.attractors.listed[:MAX_ROWS]):
        basis = "a certified trapping region" if attractor.verdict is Verdict.PROVED else "what sampled orbits do"
        rows.append((f"attractor {attractor_name(analysis.basins, k)}", attractor.name, attractor.verdict if attractor.point else MEASURED, basis))
    rows += [
        ("no other attractor", f"seed {analysis.seed}", MEASURED, "a sample of starting states, not a proof"),
        ("basins and their shares", f"{analysis.basins.grid.num_cells} cells", MEASURED, "one orbit from the middle of each cell"),
        ("Γ in three readings", "sampled", MEASURED, "products of derivatives in floating point"),
        ("rates of gradients", _rate(analysis), MEASURED, f"slope over half an orbit with its {CONFIDENCE:.0%} interval"),
    ]
    rows += [
        (f"rate of orbits that converge to {attractor_name(analysis.basins, e.attractor)}", _certain(e.decay.certified_rate), Verdict.PROVED, "logarithm of the enclosed spectral radius")
        for e in analysis.decays[:MAX_ROWS] if e.attractor is not None and e.decay.certified_rate is not None
    ]
    return [(a, b, str(c), d) for a, b, c, d in rows]
