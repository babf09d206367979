"""The reduction N -> N' of Section IV: a map with inputs y becomes one with additive inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map
from dynlatch.maps.catalogue import augmented, neuron
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, case
from dynlatch.theorems.findings import Finding, every, exactly, less, unknown
from dynlatch.theorems.measures import Matrix, Reading, identity, size, size_text, sup_over
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

_WHOLE: Final = "d a'_t / d a'_0"


def num_own_states(m: Map) -> int:
    """The number of states a of N in N'(a, y) = (N(a, y), 0): the last ones, whose formula is 0, are the inputs y.

    Raises: InputError for a map without such inputs, or with nothing else.
    """
    if isinstance(m.rule, TanhLayer):
        formulas = [any(row) or bool(b) for row, b in zip(m.rule.weights, m.rule.bias, strict=True)]
    else:
        formulas = [e != 0 for e in m.explicit]
    count = len(formulas)
    while count and not formulas[count - 1]:
        count -= 1
    if count in (0, len(formulas)):
        raise InputError(f"{m.name} is no map N'(a, y) = (N(a, y), 0); make one with augmented(m, inputs)")
    return count


def printed_checker(reading: Reading) -> Checker:
    """The reduction: along an orbit of N' with inputs (0, y_t), what is below 1 for N is below 1 for N'.

    The derivatives of N, d a_t / d a_0 = A_{t-1} ... A_0 with A = dN/da, are the upper left blocks of those of N'.
    """
    sized = size_text(reading)

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        n, one = num_own_states(on.map), balls.ball(1)
        if not on.steps:
            raise InputError("the reduction follows an orbit; give inputs=, or steps= at least 1")
        jacobians = [ball_map(on.map).jacobian(a) for a in on.orbit()[:-1]]
        own = _products([_top(j, range(n)) for j in jacobians])
        whole = _products(jacobians)
        small = [less(f"at t = {t}", size(p, reading), one) for t, p in enumerate(own, start=1)]
        follows = [less(f"at t = {t}", size(p, reading), one) for t, p in enumerate(whole, start=1)]
        return [
            _reach_inputs_alone([v for u in on.driving_inputs() for v in u[:n]]),
            every(f"{sized.format('d a_t / d a_0')} < 1 for N", small),
        ], every(f"{sized.format(_WHOLE)} < 1 for N'", follows)

    return check


def repaired_checker(*, scaled: bool = True) -> Checker:
    """The rescaled reduction N'(a, z) = (N(a, eta z), 0): |N''| < 1 on a box where |dN/da| <= m < 1 and eta is small.

    The derivative of N' by z is eta dN/dy: it must stay below sqrt(1 - m^2). Its mutant does not ask for that.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        n, one = num_own_states(on.map), balls.ball(1)
        box = on.region_of("N'")
        states = _sup(on, range(n))
        inputs = _sup(on, range(n, on.map.dimension))
        below = less("m = sup |dN/da| < 1", states, one)
        room = balls.sqrt(1 - balls.sqr(states)) if states < 1 else balls.ball(0)
        eta = less("eta sup |dN/dy| < sqrt(1 - m^2)", inputs, room)
        conclusion = less("|N''| < 1 on the box", sup_over(on.map, box, lambda j: size(j, "norm")), one)
        return [below, eta] if scaled else [below], conclusion

    return check


def _reach_inputs_alone(driving: Sequence[Ball]) -> Finding:
    text = "the inputs reach y alone: u' = (0, y_t)"
    if all(v == 0 for v in driving) or any(v > 0 or v < 0 for v in driving):
        return exactly(text, all(v == 0 for v in driving))
    return unknown(text, "inputs that follow from given states are balls, which never tell that they are 0")


def _sup(on: Case, columns: range) -> Ball:
    n = num_own_states(on.map)

    def sized(jacobian: Matrix) -> Ball:
        return size(_columns(jacobian, n, columns), "norm")

    return sup_over(on.map, on.region_of("N'"), sized)


def _columns(jacobian: Matrix, rows: int, columns: range) -> Matrix:
    """Some columns of the first rows, the rest filled with 0: a square matrix of the same norm."""
    zero = balls.ball(0)
    return [[v if i < rows and j in columns else zero for j, v in enumerate(row)] for i, row in enumerate(jacobian)]


def _top(jacobian: Matrix, columns: range) -> Matrix:
    return [[jacobian[i][j] for j in columns] for i in columns]


def _products(factors: Sequence[Matrix]) -> list[Matrix]:
    """The products of the first 1, 2, ... factors, the newest on the left."""
    product, found = identity(len(factors[0])), list[Matrix]()
    for factor in factors:
        product = balls.matrix_product(factor, product)
        found.append(product)
    return found


_WITNESS: Final = case(augmented(neuron(2), ["h"]), ["19/10", 0], steps=1)


def _norms() -> Plot:
    """|dN/da| and |N''| of the neuron over its states."""
    states = tuple(k / 20 for k in range(61))
    jacobian = ball_map(_WITNESS.map).jacobian
    found = [jacobian([balls.ball(a), balls.ball(0)]) for a in states]

    def sizes(matrices: Sequence[Matrix]) -> tuple[float, ...]:
        return tuple(float(size(j, "norm").mid()) for j in matrices)

    return Plot(
        "No state of the augmented neuron has |N''| < 1", "a", "norm",
        (
            ("|dN/da| = m(a)", states, sizes([_top(j, range(1)) for j in found])),
            ("|N''| = sqrt(m^2 + 1)", states, sizes(found)),
        ),
        level=1.0, level_label="contraction below",
    )  # fmt: skip


def _printed(reading: Reading, verdict: Verdict, why: str, witness: Witness | None) -> Statement:
    sized = size_text(reading)
    return Statement(
        "N", "A map with inputs can be replaced by one with additive inputs, without loss of generality",
        "BSF94, Section IV", reading,
        (
            "N'(a, y) = (N(a, y), 0) with inputs u' = (0, y_t) replaces a_t = N(a_{t-1}, y_{t-1})",
            f"what the theorems ask of N holds: {sized.format('d a_t / d a_0')} < 1 along an orbit",
        ),
        f"the orbits agree, and the same holds for N': {sized.format(_WHOLE)} < 1 along it",
        verdict, why, witness, None if witness is None else "N'", printed_checker(reading),
        "an augmented map, start, and steps or inputs that are 0 for the states of N",
    )  # fmt: skip


STATEMENTS: Final = (
    _printed(
        "norm", Verdict.REFUTED,
        "The orbits agree, but the derivative of N' by the input stands beside that by the state, and the norm counts "
        "both: for the neuron |N''| = sqrt(m^2 + 1) >= 1 at every state (N'': that derivative), so that Gamma of N' is "
        "empty and no theorem of the section says anything about it.",
        Witness(
            "augmented neuron w = 2 at (19/10, 0): |dN/da| = 0.171, |N''| = 1.015; |N''| >= 1 at every state",
            _WITNESS, plot=_norms,
        ),
    ),
    _printed(
        "spectral", Verdict.PROVED,
        "N'' = [[A, C], [0, 0]], the derivative of N', has the eigenvalues of A = dN/da, and 0. Their products have "
        "the same shape, with the product of the A in the corner, so that every spectral hypothesis carries over, both "
        "ways.",
        None,
    ),
    Statement(
        "N'", "With inputs in a small enough unit the reduction keeps contraction", "repairs BSF94, Section IV",
        "norm",
        (
            "N'(a, z) = (N(a, eta z), 0) with inputs u' = (0, y_t / eta) replaces a_t = N(a_{t-1}, y_{t-1})",
            "|dN/da| <= m < 1 and |dN/dy| <= c on a set of (a, y), and 0 < eta < sqrt(1 - m^2) / c",
        ),
        "the orbits agree, and the derivative of N' has |N''| <= sqrt(m^2 + eta^2 c^2) < 1 on that set; a product of "
        "such steps is below 1 too",
        Verdict.PROVED,
        "|[A, eta C]|^2 = |A A^T + eta^2 C C^T| <= |A|^2 + eta^2 |C|^2, and a row of zeros below changes no norm. The "
        "orbits agree because N(a, eta (y / eta)) = N(a, y).",
        None, None, repaired_checker(), "an augmented map (scale=eta) and region, a box of its states (a, z)",
    ),
)  # fmt: skip
"""The reduction as printed, in both readings, and rescaled."""
