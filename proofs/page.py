"""A replayed document as Markdown."""

from __future__ import annotations

from inspect import cleandoc

from proofs.document import FACT, Outcome, Replayed


def page(found: Replayed) -> str:
    """The whole document, each step with its outcome."""
    doc = found.document
    lines = [f"# {doc.title}", ""]
    if doc.settles:
        lines += ["Settles: " + ", ".join(f"{i} ({reading})" for i, reading in doc.settles) + ".", ""]
    for part, outcomes in found.parts:
        lines += [f"## {part.heading}", "", cleandoc(part.prose), ""]
        lines += [_step(outcome) for outcome in outcomes]
        lines += [""] if outcomes else []
    state = "Every step stands" if found.stands else "NOT every step stands"
    lines.append(f"{state}: {found.num_checked} checked, {found.num_quoted} quoted, {found.seconds:.1f} s.")
    return "\n".join(lines)


def _step(outcome: Outcome) -> str:
    step, finding = outcome.step, outcome.finding
    if finding is None:
        return f"- [{FACT}] {step.says}"
    margin = "" if finding.margin is None else f", margin {float(finding.margin):.6g}"
    shown = "" if finding.text in ("", step.says) else f" — {finding.text}"
    return f"- [{finding.verdict}] {step.says}{shown} ({step.kind}: {finding.how}{margin})"
