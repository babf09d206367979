"""Appendix D: what is left of d a_t / d a_0 where only a projection of the state is latched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sympy as sp

from dynlatch.errors import InputError
from dynlatch.maps.balls import ball_map, is_total
from dynlatch.maps.catalogue import tanh_network
from dynlatch.maps.definition import Map, TanhLayer
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import Case, case
from dynlatch.theorems.findings import Finding, at_most, every, exactly, less, unknown
from dynlatch.theorems.measures import Matrix, Reading, gradients, length, size, size_text, spectral_radius
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Split:
    """Which coordinates are z = P a (the latched ones) and which y = R a: P and R pick coordinates.

    Any other pair of orthogonal projections becomes this one in rotated coordinates.
    """

    z: tuple[int, ...]
    y: tuple[int, ...]

    def block(self, matrix: Matrix, rows: str, columns: str) -> Matrix:
        """The block of a matrix with the rows and the columns of z or y, each given by its letter."""
        chosen = {"z": self.z, "y": self.y}
        return [[matrix[i][j] for j in chosen[columns]] for i in chosen[rows]]


def split_of(on: Case) -> Split:
    """The split that ``other`` gives: 1 for a coordinate of z, 0 for one of y.

    Raises: InputError for anything else, or a case whose states do not repeat: limits are asked for.
    """
    mask = on.other_of("Appendix D", "a projection: 1 for each coordinate of z = P a, 0 for each of y = R a")
    if set(mask) != {0, 1}:
        raise InputError("other must hold a 1 for each coordinate of z = P a and a 0 for each of y = R a, both kinds")
    if not on.periodic:
        raise InputError("Appendix D speaks of limits, which are decided where states repeat; give periodic=True")
    chosen = range(len(mask))
    return Split(tuple(i for i in chosen if mask[i] == 1), tuple(i for i in chosen if mask[i] == 0))


def printed_checker(reading: Reading) -> Checker:
    """Appendix D: z has its own dynamics and d z_t / d z_0 -> 0, so d a_t / d a_0 -> R+ (d y_t / d y_0) R."""

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        split = split_of(on)
        one, jacobian = balls.ball(1), ball_map(on.map).jacobian
        sized = size_text(reading).format("M_P'")
        sizes = [size(split.block(jacobian(a), "z", "z"), reading) for a in on.orbit()[:-1]]
        latched = every(f"{sized} < 1 along z_t", [less(f"at t = {t}", s, one) for t, s in enumerate(sizes)])
        product = _over_a_period(on)
        return [own_dynamics(on.map, split), latched, _vanishes(split, product)], _printed_limit(split, product)

    return check


def repaired_checker(*, columns: bool = False, vanishing: bool = True) -> Checker:
    """The repaired inference: d a_t / d a_0 - R+ (d y_t / d a_0) -> 0, the whole row of y in place of one block.

    Its mutants take the printed block (``columns=True``), or leave out that d z_t / d z_0 -> 0.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        split = split_of(on)
        product = _over_a_period(on)
        given = [own_dynamics(on.map, split)] + ([_vanishes(split, product)] if vanishing else [])
        return given, _printed_limit(split, product) if columns else _repaired_limit(split, product)

    return check


def own_dynamics(m: Map, split: Split) -> Finding:
    """Whether z_t follows from z_{t-1} alone: the derivative of P M(a) by y is the zero function. Rigor: exact."""
    text = "z_t depends on z_{t-1} alone, whatever y is"
    if isinstance(m.rule, TanhLayer):
        return exactly(text, not any(m.rule.weights[i][j] for i in split.z for j in split.y))
    formulas, hidden = [m.explicit[i] for i in split.z], {m.states[j] for j in split.y}
    if not any(f.free_symbols & hidden for f in formulas):
        return exactly(text, True, "no formula of z holds y")
    entries = [m.jacobian[i, j].xreplace(m.values) for i in split.z for j in split.y]
    if is_total(m) and all(sp.expand(e) == 0 for e in entries):  # without a jump, as atan y + atan 1/y has one
        return exactly(text, True, "SymPy's derivatives are 0")
    return unknown(text, "the derivative by y is not seen to be 0, or a formula may jump")


def _over_a_period(on: Case) -> Matrix:
    """d a_p / d a_0 over the period p after which the states repeat."""
    *_, product = gradients(on.map, on.orbit())
    return product


def _vanishes(split: Split, product: Matrix) -> Finding:
    """Z^k -> 0 for the z block Z over a period; with z's own dynamics d z_kp / d z_0 is Z^k."""
    return less("d z_t / d z_0 -> 0", spectral_radius(split.block(product, "z", "z")), balls.ball(1))


def _repaired_limit(split: Split, product: Matrix) -> Finding:
    """Whether the rows of z vanish, all that d a_t / d a_0 - R+ (d y_t / d a_0) holds."""
    text = "d a_t / d a_0 - R+ (d y_t / d a_0) -> 0"
    if not _is_zero(split.block(product, "z", "y")):
        return unknown(text, "z depends on y")
    return _vanishes(split, product).named(text)


def _printed_limit(split: Split, product: Matrix) -> Finding:
    """Whether d a_t / d a_0 - R+ (d y_t / d y_0) R -> 0: its blocks are d z_t / d z_0 and C_t = d y_t / d z_0.

    After k periods C_k = X Z^k - Y^k X, where X Z - Y X = C. With one y, |Y| >= 1 and Z^k -> 0, |C_k| tends to at
    least |X|, and |X| |Z - Y| >= |C|.
    """
    text = "d a_t / d a_0 -> R+ (d y_t / d y_0) R"
    (z, mixed, y) = (split.block(product, *pair) for pair in ("zz", "yz", "yy"))
    if not _is_zero(split.block(product, "z", "y")):
        return unknown(text, "z depends on y")
    vanishes = _vanishes(split, product)
    if not vanishes.holds:
        return vanishes.named(text)
    if _is_zero(mixed):
        return exactly(text, True, "y does not depend on z")
    rates = spectral_radius(y)
    if rates < 1:
        return less(f"{text}: all of d a_t / d a_0 -> 0", rates, balls.ball(1))
    if len(y) > 1 or not rates >= 1:
        return unknown(
            text, "decided where y is one number whose multiplier over a period is clearly below 1, or 1 or more"
        )
    shifted = [[v - y[0][0] if i == j else v for j, v in enumerate(row)] for i, row in enumerate(z)]
    return at_most(f"{text}: d y_t / d z_0 tends to 0", length(mixed[0]) / size(shifted, "norm"), balls.ball(0))


def _is_zero(matrix: Matrix) -> bool:
    return all(v == 0 for row in matrix for v in row)


_WITNESS: Final = case(
    tanh_network([["1/2", 0], [1, 1]]), states=[[0, 0]], periodic=True, other=[1, 0]
)  # fmt: skip


def _entry() -> Plot:
    """d y_t / d z_0 along the witness."""
    jacobian = ball_map(_WITNESS.map).jacobian(_WITNESS.orbit()[0])
    product, values = jacobian, list[Ball]()
    for _ in range(12):
        values.append(product[1][0])
        product = balls.matrix_product(jacobian, product)
    times = tuple(float(t) for t in range(1, 13))
    return Plot(
        "What the start of z does to y stays", "t (steps)", "d y_t / d z_0",
        (("d y_t / d z_0", times, tuple(float(v.mid()) for v in values)),), level=0.0, level_label="the printed limit",
    )  # fmt: skip


def _printed(reading: Reading) -> Statement:
    sized = size_text(reading).format("M_P'")
    return Statement(
        "D", "Where a projection z of the state is latched, only y's own derivative is left",
        "BSF94, Appendix D", reading,
        (
            "z = P a and y = R a for orthogonal projections with a = P+ z + R+ y (P+, R+: pseudo-inverses)",
            f"z_t follows its own dynamics M_P, whatever y is, latched to an attractor of it: {sized} < 1 along z_t",
            "d z_t / d z_0 -> 0",
        ),
        "d a_t / d a_0 -> R+ (d y_t / d y_0) R", Verdict.REFUTED,
        "The row of z vanishes, and the column of z need not: y may remember where z started. With "
        "W = [[1/2, 0], [1, 1]] at rest, y adds up z_t = z_0 / 2^t, so that d y_t / d z_0 -> 2. The gradient with "
        "respect to the latched part is then not ignored, as the printed inference says it is.",
        Witness(
            "W = [[1/2, 0], [1, 1]] held at 0: d a_t / d a_0 -> [[0, 0], [2, 1]] and not [[0, 0], [0, 1]]",
            _WITNESS, plot=_entry,
        ),
        "D'", printed_checker(reading), "a map, states with periodic=True, and other (1 for z, 0 for y)",
    )  # fmt: skip


STATEMENTS: Final = (
    _printed("norm"),
    _printed("spectral"),
    Statement(
        "D'", "Where a projection z of the state is latched, the derivatives of y are left",
        "repairs BSF94, Appendix D", "norm",
        (
            "z = P a and y = R a for orthogonal projections with a = P+ z + R+ y (P+, R+: pseudo-inverses)",
            "z_t follows its own dynamics, whatever y is",
            "d z_t / d z_0 -> 0",
        ),
        "d a_t / d a_0 - R+ (d y_t / d a_0) -> 0, and at every t its norm is |d z_t / d z_0|", Verdict.PROVED,
        "d a_t / d a_0 = P+ (d z_t / d a_0) + R+ (d y_t / d a_0), and d z_t / d a_0 = (d z_t / d z_0) P, because z_t "
        "depends on z_0 = P a_0 alone. P+ keeps lengths and P is onto, so the norm of P+ Z P is that of Z.",
        None, None, repaired_checker(), "a map, states with periodic=True, and other (1 for z, 0 for y)",
    ),
)  # fmt: skip
"""The projection of Appendix D as printed, in both readings, and repaired."""
