"""LaTeX to MathML for the page: parsed again and reduced to known elements, so that nothing else gets in."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Final

import sympy as sp
from latex2mathml.converter import convert
from markupsafe import Markup

from dynlatch.latch.derivation_checks import typeset
from dynlatch.maps.definition import MAX_SYMBOLIC_DIMENSION, Map, TanhLayer

_NAMESPACE: Final = "{http://www.w3.org/1998/Math/MathML}"
_ELEMENTS: Final = frozenset(
    "math mrow mi mn mo mtext mspace mstyle mfrac msqrt mroot msup msub msubsup munder mover munderover "
    "mtable mtr mtd mpadded mphantom".split()
)
_ATTRIBUTES: Final = frozenset(
    "display displaystyle stretchy fence form mathvariant width columnalign linebreak".split()
)
_MAX_LATEX: Final = 6_000
"""Longer formulas are said to be long rather than typeset."""
_THIN: Final = "0.1667em"
_RELATION: Final = frozenset("= ≤ ≥ < > ↦ + − - × · / , ± ∓".split())


def mathml(latex: str, *, display: bool = False) -> Markup:
    """A formula as MathML that a browser typesets by itself.

    What cannot be converted, or holds anything but plain mathematics (a link, say), comes back as escaped source.
    """
    if len(latex) > _MAX_LATEX:
        return Markup('<span class="note">a formula of {} characters</span>').format(len(latex))
    try:
        root = ElementTree.fromstring(convert(_readable(latex)))
        _clean(root)
        root.set("display", "block" if display else "inline")
        root.set("displaystyle", "true")
        text = ElementTree.tostring(root, encoding="unicode", default_namespace=None)
    except Exception:  # a converter for free text may fail in any way; the source is readable too
        return Markup("<code>{}</code>").format(latex)
    return Markup(text)


def formula(m: Map) -> list[Markup]:
    """The rule of a map, one typeset line per state, with the parameters' symbols."""
    if isinstance(m.rule, TanhLayer) and m.dimension > MAX_SYMBOLIC_DIMENSION:
        return [mathml(r"a \mapsto W \tanh(a) + b", display=True)]
    return [
        mathml(rf"{typeset(s)} \mapsto {typeset(e)}", display=True)
        for s, e in zip(m.states, m.expressions, strict=True)
    ]


def expression(e: sp.Expr, *, rising: bool = False) -> Markup:
    """An expression, typeset in a line of text; ``rising`` for a series."""
    return mathml(typeset(e, rising=rising))


def _readable(latex: str) -> str:
    """Aligned rows have no meaning to the converter, and SymPy's ``{\\left(`` braces none to a reader."""
    for name in ("aligned", "gathered"):
        latex = latex.replace(rf"\begin{{{name}}}", "").replace(rf"\end{{{name}}}", "")
    return latex


def _clean(element: ElementTree.Element) -> None:
    """Drop the namespace, refuse unknown elements, remove unknown attributes, and space the functions' names."""
    tag = element.tag.removeprefix(_NAMESPACE)
    if tag not in _ELEMENTS:
        raise ValueError(f"{tag} is no element of a formula")
    element.tag = tag
    for name in list(element.attrib):
        if name not in _ATTRIBUTES:
            del element.attrib[name]
    for child in list(element):
        _clean(child)
    if tag in ("mrow", "math", "mtd", "msqrt", "mstyle"):
        _space(element)


def _space(row: ElementTree.Element) -> None:
    """MathML Core sets function names tight against their neighbours: give them thin spaces."""
    children = list(row)
    for position in range(len(children) - 1, -1, -1):
        child = children[position]
        if not _is_function(child):
            continue
        after = children[position + 1] if position + 1 < len(children) else None
        before = children[position - 1] if position else None
        if after is not None and not _opens(after) and not _is_operator(after):
            row.insert(position + 1, ElementTree.Element("mspace", {"width": _THIN}))
        if before is not None and not _is_operator(before):
            row.insert(position, ElementTree.Element("mspace", {"width": _THIN}))


def _is_function(element: ElementTree.Element) -> bool:
    if element.tag in ("msup", "msub", "msubsup", "munder") and len(element):
        return _is_function(element[0])
    name = (element.text or "").strip()
    if element.tag in ("mi", "mo") and len(name) > 1 and name.isascii() and name.isalpha():
        element.tag = "mi"
        element.attrib.clear()
        return True
    return False


def _opens(element: ElementTree.Element) -> bool:
    if element.tag == "mrow" and len(element):
        return _opens(element[0])
    return element.tag == "mo" and (element.text or "").strip() in ("(", "[", "|")


def _is_operator(element: ElementTree.Element) -> bool:
    return element.tag == "mspace" or (element.tag == "mo" and (element.text or "").strip() in _RELATION | {"(", "["})
