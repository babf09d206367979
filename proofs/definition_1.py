"""Definition 1: invariant sets."""

from __future__ import annotations

from collections.abc import Sequence

from dynlatch.maps.catalogue import cubic, logistic
from dynlatch.theorems.cases import case
from dynlatch.theorems.cycles import attracts, below_one, cycle_of
from dynlatch.theorems.definitions import STATEMENTS
from dynlatch.theorems.findings import Finding
from proofs.document import Document, Part, decided, fact, holds_on

_INVARIANT = STATEMENTS[0]


def _two_attractors() -> Sequence[Finding]:
    """Each of the two fixed points +-1/2 of 5/4 x - x^3 is hyperbolic, and attracts alone."""
    cycles = [cycle_of(case(cubic("5/4"), start)) for start in ("1/2", "-1/2")]
    return [f for c in cycles if c is not None for f in (below_one(c, "norm"), attracts(c))]


DOCUMENT = Document(
    "Def1",
    "Definition 1: invariant sets",
    (("Def1", "norm"), ("Def1", "spectral")),
    (
        Part(
            "The claim",
            """
            E is invariant if M(E) = E, and the orbit of every point of E then stays in E. No size of a derivative is
            involved, so the two readings are one.
            """,
        ),
        Part(
            "Why it holds",
            """
            If a_t lies in E, then a_{t+1} = M(a_t) lies in M(E) = E. By induction all states do. Only half of the
            definition is used, that M(E) lies in E; the other half says that E holds nothing superfluous: every point
            of it is reached from inside.
            """,
            (
                fact("Induction over t (any textbook)."),
                holds_on(
                    "{3/4, 0} under 4 x (1 - x): both points are fixed", _INVARIANT,
                    lambda: case(logistic(4), states=[0, "3/4"], periodic=True),
                ),
            ),
        ),
        Part(
            "What the definition lets in",
            """
            Definition 2 builds on it and asks for nothing more of a set than that it be invariant and that M' be small
            on it. The empty set is invariant and has no point where M' could be large; so it is a hyperbolic attractor
            to the letter. So is the union of two attractors: {1/2, -1/2} under 5/4 x - x^3 is invariant, M' = 1/2 at
            both points, and each of the two points attracts alone. A system that latches one bit lives on that
            difference, so an attractor should be compact, non-empty and minimal: no smaller set of that kind lies
            inside it.
            """,
            (
                holds_on(
                    "{1/2, -1/2} is invariant under 5/4 x - x^3", _INVARIANT,
                    lambda: case(cubic("5/4"), states=["1/2", "-1/2"], periodic=True),
                ),
                decided("Each of its two points is hyperbolic and attracts by itself", _two_attractors),
            ),
        ),
    ),
)  # fmt: skip
