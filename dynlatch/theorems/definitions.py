"""Definitions 1 to 3: invariant sets, hyperbolic attractors, basins of attraction; do they mean what they should?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Map
from dynlatch.regions.inner_balls import balls_of
from dynlatch.theorems.cases import Case, State, Vector, case, exact_state, free_orbit, vector_text
from dynlatch.theorems.cycles import NEEDS, attracts, below_one, cycle_of, exact_image, is_cycle, no_cycle, trapped
from dynlatch.theorems.definition_witnesses import chaos_findings, chaos_plot, stairs_findings, stairs_plot
from dynlatch.theorems.findings import Finding, every, exactly, unknown
from dynlatch.theorems.latched import is_hyperbolic
from dynlatch.theorems.measures import READ_AS, Reading, attractors_of, reached
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

# --- Definition 1 -----------------------------------------------------------------------------------------------------


def invariance_checker() -> Checker:
    """A finite set E, given as the states of a periodic case: M(E) = E, and the orbits from E stay in E."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        if not (on.states and on.periodic):
            raise InputError("Definition 1 is checked on finite sets; give the points as states=, with periodic=True")
        members = list(dict.fromkeys(on.states))
        images = {a: exact_image(on.map, a) for a in members}
        into = [_is_member(on.map, a, images[a], members) for a in members]
        onto = [exactly(f"{vector_text(a)} is an image", a in images.values()) for a in members]
        lands = every("M(E) lies in E", into)
        covers = every("every point of E is the image of one", onto) if not lands.fails else lands
        if None in images.values() and not lands.fails:
            covers = unknown("every point of E is the image of one", "not every image is known exactly")
        return [lands, covers], _orbits_stay(images, members)

    return check


def _is_member(m: Map, state: Vector, image: Vector | None, members: Sequence[Vector]) -> Finding:
    text = f"M({vector_text(state)}) lies in E"
    if image is not None:
        return exactly(text, image in members)
    near = ball_map(m).image(exact_state(state))
    apart = [any((v - b > 0) or (v - b < 0) for v, b in zip(near, exact_state(e), strict=True)) for e in members]
    if all(apart):
        return Finding(text, Verdict.REFUTED)
    return unknown(text, "the image is no rational number that exact arithmetic knows")


def _orbits_stay(images: dict[Vector, Vector | None], members: Sequence[Vector]) -> Finding:
    text, open_ = "every orbit that starts in E stays in E", "an image is not known exactly"
    for state in members:
        current = state
        for _ in members:  # after as many steps as there are points it has met one again
            image = images[current]
            if image is None:
                return unknown(text, open_)
            if image not in images:
                return exactly(text, False)
            current = image
    return exactly(text, True)


# --- Definition 2 -----------------------------------------------------------------------------------------------------


def attraction_checker(reading: Reading, *, trapping: bool = False) -> Checker:
    """A cycle on which M' is below 1 in size attracts the states near it; with ``trapping``, certified balls too."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        cycle = cycle_of(on)
        if cycle is None:
            return [no_cycle(on)], unknown("X attracts the states near it", "no cycle is known")
        found = attracts(cycle)
        if trapping:
            found = every(found.text, [found, trapped(cycle)])
        return [is_cycle(cycle), below_one(cycle, reading)], found

    return check


# --- Definition 3 -----------------------------------------------------------------------------------------------------


def approach_checker(reading: Reading | None) -> Checker:
    """An orbit that comes near an attractor converges to it. Here X is the certified attractor whose trapping balls
    hold a_T; without a reading nothing is asked of the size of M' on X.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        orbit = free_orbit(on.map, on.start, on.steps)
        comes = f"a_{on.steps} lies in a ball around X that M^p contracts, so the orbit comes as near to X as one likes"
        ends = "a_t converges to X"
        index = _captor(on.map, orbit[-1])
        if index is None:
            return [unknown(comes, "it lies in none that is certified")], unknown(ends, "no attractor is known")
        attractor = attractors_of(on.map)[index]
        owner = reached(on.map, orbit[0])
        finish = unknown(ends, "not proved") if owner is None else exactly(ends, owner == index, "outward rounding")
        sizes = [] if reading is None else [is_hyperbolic(on.map, attractor, reading)]
        return [*sizes, exactly(comes, True, "outward rounding")], finish

    return check


def _captor(m: Map, state: State) -> int | None:
    if not all(v.is_finite() for v in state):
        return None
    held = (k for k, a in enumerate(attractors_of(m).listed) if any(b.holds(state) for b in balls_of(k, a)))
    return next(held, None)


# --- the rows ---------------------------------------------------------------------------------------------------------

_SADDLE: Final = tanh_network([[0, 2], [2, 0]])
SADDLE_CYCLE: Final = case(_SADDLE, ["1.915", 0], steps=2)
"""The 2-cycle {(P, 0), (0, P)}, P = 2 tanh P: eigenvalues of M' of modulus 0.577 on it, but a multiplier 4."""


def _saddle_plot() -> Plot:
    """Orbits that start next to the 2-cycle leave it."""
    offsets = ("1e-4", "1e-2")
    steps = 16
    times = tuple(float(t) for t in range(steps + 1))
    curves: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = []
    for offset in offsets:
        free = free_orbit(_SADDLE, case(_SADDLE, ["1.915", offset]).start, steps)
        away = tuple(min(abs(float(v.mid())) for v in a) for a in free)
        curves.append((f"from (1.915, {offset})", times, away))
    return Plot(
        "States next to the 2-cycle leave it",
        "t (steps)",
        "the smaller |a_i|",
        tuple(curves),
        log_scale=True,
    )


_HYPERBOLIC: Final = "X = M(X), and the eigenvalues of M'(x) are below 1 in modulus for every x in X"
_HYPERBOLIC_NORM: Final = "X = M(X), and |M'(x)| < 1 for every x in X"
_SADDLE_TEXT: Final = (
    "W = [[0, 2], [2, 0]], X = {(P, 0), (0, P)} with P = 2 tanh P: rho(M') = 0.577, multipliers 4, 0.028"
)
_COMPACT: Final = "X is compact and not empty, M is C^1 near X"
_APPROACH: Final = "for every eps there are an l and an x in X with |M^l(a) - x| < eps"

STATEMENTS: Final = (
    *(
        Statement(
            "Def1", "An invariant set keeps the orbits that start in it", "BSF94, Definition 1", reading,
            ("E = M(E)",), "the orbit of every point of E stays in E",
            Verdict.PROVED,
            "M maps E into E, and so does every power of M. The definition alone asks for little: the empty set fits "
            "it, and so does the union {abar, -abar} of two attractors. An attractor should be compact, non-empty and "
            "minimal as well. No size of M' is involved, so the two readings agree.",
            None, None, invariance_checker(), "a map and the points of E as states=, with periodic=True",
        )
        for reading in READ_AS
    ),
    Statement(
        "Def2", "What fits Definition 2 attracts", "BSF94, Definition 2", "norm",
        (_HYPERBOLIC_NORM,), "X attracts the states near it", Verdict.REFUTED,
        "On a set without end |M'| may creep up to 1. Here X is the set of integers, each mapped to the next, with "
        "M'(k) = 1 - phi(k); the sum of all phi(k) is below 1, so a deviation never shrinks below a quarter of itself.",
        Witness(
            "M(a) = a + 1 - phi(a) sin(2 pi a)/(2 pi), phi(a) = 1/(4(1 + a^2)), X = the integers: s_t >= s_0/4",
            None, stairs_findings, stairs_plot,
        ),
        "Def2'", attraction_checker("norm"), NEEDS,
    ),
    Statement(
        "Def2", "What fits Definition 2 attracts", "BSF94, Definition 2", "spectral",
        (_HYPERBOLIC,), "X attracts the states near it", Verdict.REFUTED,
        "Eigenvalues of the factors say nothing of their product. Along this 2-cycle M' swaps a strong and a weak "
        "direction, so that over two steps one of them is multiplied by 4: a saddle. A set with chaos inside fits the "
        "definition as well (see Def3).",
        Witness(_SADDLE_TEXT, SADDLE_CYCLE, plot=_saddle_plot),
        "Def2'", attraction_checker("spectral"), NEEDS,
    ),
    Statement(
        "Def2'", "A compact set with |M'| < 1 attracts, and is a finite union of cycles",
        "repairs BSF94, Definition 2", "norm",
        (_COMPACT, _HYPERBOLIC_NORM),
        "for some r > 0 and alpha < 1 the distance of M^t(a) to X is at most alpha^t times that of a, for all a within "
        "r of X; X has finitely many points and M permutes them",
        Verdict.PROVED,
        "By compactness |M'| <= alpha < 1 within r of X, so M brings every such state nearer to X by alpha. N balls of "
        "radius r cover X, their images under M^k lie in N balls of radius alpha^k r and cover X again: so X has at "
        "most N points. A chaotic attractor can never be hyperbolic in this reading.",
        None, None, attraction_checker("norm", trapping=True), NEEDS,
    ),
    Statement(
        "Def3", "Coming near X once for every eps is convergence to X", "BSF94, Definition 3", "norm",
        (_COMPACT, _HYPERBOLIC_NORM, _APPROACH), "the distance of M^t(a) to X goes to 0", Verdict.PROVED,
        "Definition 3 asks for one l only. That is enough here: within r of X each step brings a state nearer (Def2').",
        None, None, approach_checker("norm"), "a map, start=, and steps= after which the state is near X",
    ),
    Statement(
        "Def3", "Coming near X once for every eps is convergence to X", "BSF94, Definition 3", "spectral",
        (_COMPACT, _HYPERBOLIC, _APPROACH), "the distance of M^t(a) to X goes to 0", Verdict.REFUTED,
        "The eigenvalues of M' can be 0 at every point of a set with chaos on it: M swaps two axes, and on each it "
        "acts as 4 x (1 - x) does. An orbit there comes as near to the cycle X as one likes, and leaves it again for "
        "ever.",
        Witness(
            "M(x, y) = (F(y), F(x)), F(u) = u^2/(u^2 + (3u - 2)^2), X = {(4/5, 0), (0, 4/5)}: rho(M') = 0 on X",
            None, chaos_findings, chaos_plot,
        ),
        "Def3'", approach_checker("spectral"), "a map, start=, and steps= after which the state is near X",
    ),
    Statement(
        "Def3'", "The basin of a stable set, by a limit", "repairs BSF94, Definition 3", "norm",
        (
            "X is compact and stable: for all eps, orbits from within some delta(eps) of X stay within eps of it",
            _APPROACH,
        ),
        "the distance of M^t(a) to X goes to 0, which is how beta(X) should be defined",
        Verdict.PROVED,
        "Given eps, take its delta: some l brings the orbit within delta of X, and from then on it stays within eps. "
        "Cycles with multipliers below 1 are stable, whatever the norm of M'.",
        None, None, approach_checker(None), "a map, start=, and steps= after which the state is near X",
    ),
)  # fmt: skip
"""Definitions 1 to 3 as claims, in both readings, and their repairs."""
