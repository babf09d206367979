"""What an audit says of BSF94's printed conclusions at one attractor: which mislead there, and which do not apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynlatch.auditing import violations
from dynlatch.auditing.entries import BOTH, Entry, about
from dynlatch.auditing.of_map import latches
from dynlatch.auditing.samples import Samples
from dynlatch.latch.fixed_points import FixedPoint
from dynlatch.maps.definition import Map
from dynlatch.regions.inner_balls import as_balls
from dynlatch.theorems.cases import Vector
from dynlatch.theorems.findings import exactly, unknown
from dynlatch.theorems.measures import READ_AS, Reading, below_one_on, gradients, size, size_text
from dynlatch.theorems.statements import Check
from dynlatch.theorems.table import statement
from dynlatch.verdict import Verdict

_SHOWN_INPUTS: Final = 3
_SMALL: Final = 1e-3
_CONCLUDES: Final = {
    "T1-growth": "outside Gamma, uncertainty grows exponentially",
    "T3": "inputs |u_t| < (1 - lambda_t) d keep |a_t - abar_t| <= d",
    "Def5": "a state in Gamma stays in Gamma without inputs",
    "T4": "gradients vanish along every trajectory in Gamma",
}


def printed_entries(m: Map, point: FixedPoint, samples: Samples) -> Iterator[Entry]:
    """The printed conclusions at one attractor, in the paper's order. Call it at the precision of the checkers."""
    readings: tuple[Reading, ...] = READ_AS if m.dimension > 1 else ("norm",)
    applies = {r: below_one_on("X hyperbolic", m, [as_balls(x) for x in point.orbit], r).holds for r in readings}
    for reading in readings:
        yield _row(m, "Def5", reading, applies[reading], violations.leaving_gamma, samples)
    yield _growth(m, samples, [r for r in readings if applies[r]])
    if latches(m):
        yield _no_rate()
    for reading in readings:
        yield _row(m, "T3", reading, applies[reading], violations.theorem_3, samples)
    if applies["norm"]:
        yield _creeping(m)
    else:
        yield _row(m, "T4", "norm", False, violations.exploding_gradients, samples)
    if m.dimension > 1:
        yield _row(m, "T4", "spectral", applies["spectral"], violations.exploding_gradients, samples)


def _row(m: Map, id: str, reading: Reading, applies: bool, look: violations.Look, samples: Samples) -> Entry:
    text, shown = _CONCLUDES[id], BOTH if m.dimension == 1 else reading
    if not applies:
        sized = size_text(reading).format("M'")
        why = f"X is not hyperbolic in this reading: {sized} >= 1 there"
        return Entry(id, shown, unknown(text, why), f"not applicable: {why}", printed=True)
    found = look(samples, reading)
    if found is None:
        why = "false in general; nothing that contradicts it here was found"
        return Entry(id, shown, unknown(text, why), why, printed=True)
    return Entry(id, shown, found.conclusion.named(text), _TOLD[id](found), printed=True, case=found.case)


def _growth(m: Map, samples: Samples, readings: list[Reading]) -> Entry:
    """Outside Gamma by eigenvalues is outside Gamma by norms as well, so that one state may refute both."""
    text, found, shown = _CONCLUDES["T1-growth"], None, ""
    for reading in reversed(readings):
        found = violations.growth(samples, reading)
        if found is not None:
            shown = BOTH if reading == "spectral" or m.dimension == 1 else reading
            break
    if found is None:
        why = "no state of the basin outside Gamma was found" if readings else "X is not hyperbolic"
        return Entry("T1-growth", BOTH, unknown(text, why), f"not applicable: {why}", printed=True)
    sizes = [size(product, "norm") for product in gradients(m, found.case.orbit())]
    peak = max(range(len(sizes)), key=lambda t: float(sizes[t].mid()))
    last = next((t for t in reversed(range(len(sizes))) if not float(sizes[t].mid()) < _SMALL), -1)
    told = (
        f"a_0 = {decimals(found.case.start)} is outside Gamma: |da_t/da_0| is at most {about(sizes[peak], 4)} "
        f"(t = {peak + 1}), below 1/1000 from t = {last + 2}"
    )
    return Entry("T1-growth", shown, found.conclusion.named(text), told, printed=True, case=found.case)


def _no_rate() -> Entry:
    """Gamma of the neuron, where |M'| < 1 at each state but the sup is 1."""
    finding = exactly("|M'| < 1 on Gamma, so M contracts Gamma", False, "closed form: M'(a_c) = w / cosh^2 a_c = 1")
    told = "Gamma is all |a| > a_c on one side; M' tends to 1 at the edge a_c, so no rate below 1 holds on it"
    return Entry("T2", BOTH, finding, told, printed=True)


def _creeping(m: Map) -> Entry:
    """Theorem 4 by norms: the witness is exact for every neuron with w > 1, and none is looked for in other maps."""
    text, reading = _CONCLUDES["T4"], BOTH if m.dimension == 1 else "norm"
    if latches(m) and statement("T4", "norm").replay().verdict is Verdict.REFUTED:
        told = "inputs u_t -> -h* let a_t creep to the edge of Gamma so that da_T/da_0 = (T+2)/(2(T+1)) > 1/2 for ever"
        return Entry("T4", BOTH, exactly(text, False, "exact for every w > 1"), told, printed=True)
    why = "false in general; true of trajectories in a set on which |M'| <= alpha < 1 (T4')"
    return Entry("T4", reading, unknown(text, why), why, printed=True)


def decimals(vector: Vector) -> str:
    """A vector of short decimals as such."""
    text = ", ".join(f"{float(v):.10g}" for v in vector)
    return text if len(vector) == 1 else f"({text})"


# --- what a counterexample says, in a line ----------------------------------------------------------------------------


def _of_theorem_3(found: Check) -> str:
    on = found.case
    inputs = ", ".join(decimals(u) for u in on.inputs[:_SHOWN_INPUTS]) + (
        f", ... ({on.steps} inputs)" if on.steps > _SHOWN_INPUTS else ""
    )
    d = on.radius_of("Theorem 3")
    worst = "" if found.margin is None else f": {about(1 - float(found.margin) / float(d), 4)} d away"
    return f"a_0 = {decimals(on.start)}, d = {decimals((d,))}, u = {inputs}{worst}"


def _of_definition_5(found: Check) -> str:
    image = ", ".join(about(a, 4) for a in found.case.orbit()[-1])
    last = image if found.case.map.dimension == 1 else f"({image})"
    return f"a_0 = {decimals(found.case.start)} is in Gamma, a_1 = {last} is not"


def _of_theorem_4(found: Check) -> str:
    states = " and ".join(map(decimals, found.case.states))
    growth = "" if found.margin is None else f" grow {about(1 - float(found.margin), 4)}-fold a round"
    return f"inputs that drive a_t to and fro between {states}, all in Gamma: gradients{growth or ' do not vanish'}"


_TOLD: Final = {"T3": _of_theorem_3, "Def5": _of_definition_5, "T4": _of_theorem_4}
