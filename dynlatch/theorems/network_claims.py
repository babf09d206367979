"""The claims of Section IV about a_t = W tanh(a_{t-1}) + u: symmetric W, and W of size below 1."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.latch.derivation_neuron import neuron_form
from dynlatch.maps.catalogue import driven, tanh_network
from dynlatch.maps.definition import Map, TanhLayer, exact_fraction
from dynlatch.maps.evaluators import numpy_map
from dynlatch.rigor import balls
from dynlatch.rigor.enclosure import Enclosure
from dynlatch.rigor.krawczyk import Ball
from dynlatch.rigor.spectra import eigenvalues
from dynlatch.theorems.cases import Case, State, Vector, case, vector_text
from dynlatch.theorems.findings import EXACTLY, Finding, every, exactly, less, unknown
from dynlatch.theorems.measures import READ_AS, Matrix, Reading, attractors_of, difference, reached, size, size_text
from dynlatch.theorems.statements import Checker, Plot, Statement, Witness
from dynlatch.verdict import Verdict

Rows = tuple[Vector, ...]

_AT_REST: Final = Fraction(1, 2**90)
"""Steps shorter than this are not compared: balls of 256 bits hardly tell how far the energy falls there."""


@lru_cache(maxsize=256)
def layer_of(m: Map) -> TanhLayer:
    """W and b of a map that is W tanh(a) + b. Raises: InputError for another map."""
    if isinstance(m.rule, TanhLayer):
        return m.rule
    form = neuron_form(m)
    values = () if form is None else (form.weight.xreplace(m.values), form.bias.xreplace(m.values))
    if len(values) == 2 and all(v.is_Rational for v in values):
        weight, bias = (exact_fraction(v, "weight") for v in values)
        return TanhLayer(((weight,),), (bias,))
    raise InputError(f"the claim is about W tanh(a) + b with rational W, which {m.name} is not; give a tanh_network")


def matrix_balls(rows: Sequence[Sequence[Fraction]]) -> Matrix:
    """An exact matrix as balls."""
    return [[balls.ball(v) for v in row] for row in rows]


def is_positive_definite(rows: Sequence[Sequence[Fraction]]) -> bool:
    """Whether all pivots of an exact elimination without exchanges are positive.

    For a symmetric matrix that says x^T A x > 0 for all x other than 0; for one without positive entries off the
    diagonal it says that A is inverted by a matrix without negative entries (an M-matrix). Rigor: exact.
    """
    left = [list(row) for row in rows]
    for k, pivot in enumerate(left):
        if pivot[k] <= 0:
            return False
        for row in left[k + 1 :]:
            factor = row[k] / pivot[k]
            for j in range(k, len(row)):
                row[j] -= factor * pivot[j]
    return True


def shifted(rows: Rows, by: Fraction) -> Rows:
    """A + by I."""
    return tuple(tuple(v + (by if i == j else 0) for j, v in enumerate(row)) for i, row in enumerate(rows))


def is_symmetric(rows: Rows) -> bool:
    """Whether A = A^T."""
    return all(rows[i][j] == rows[j][i] for i in range(len(rows)) for j in range(i))


# --- symmetric W ------------------------------------------------------------------------------------------------------


def symmetric_checker(*, least: Fraction | None = Fraction(-1), any_matrix: bool = False) -> Checker:
    """W symmetric with all eigenvalues above ``least`` and a constant input: the orbit comes to rest.

    Its mutants take another ``least``, or None for no bound, or any matrix.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        layer = layer_of(on.map)
        symmetric = exactly("W = W^T", is_symmetric(layer.weights))
        hypotheses = [] if any_matrix else [symmetric]
        if least is not None:
            hypotheses.append(_least_eigenvalue(layer.weights, least))
        hypotheses.append(_constant(on))
        return hypotheses, _comes_to_rest(on, layer, with_energy=symmetric.holds)

    return check


def _least_eigenvalue(rows: Rows, least: Fraction) -> Finding:
    """Whether every eigenvalue of the symmetric part exceeds ``least``: exactly, by elimination."""
    n = len(rows)
    part = tuple(tuple((rows[i][j] + rows[j][i]) / 2 for j in range(n)) for i in range(n))
    holds = is_positive_definite(shifted(part, -least))
    found = eigenvalues(matrix_balls(part)) or ()
    margin = None
    if found:
        lower, upper = (min(getattr(e.real, end) for e in found) for end in ("lower", "upper"))
        margin = Enclosure(lower - least, upper - least)
    return Finding(f"{least} < lambda_min(W)", Verdict.PROVED if holds else Verdict.REFUTED, margin, EXACTLY)


def _constant(on: Case) -> Finding:
    text = "the input is constant"
    if not on.states:
        return exactly(text, len(set(on.inputs)) <= 1)
    given = on.driving_inputs()
    if any(a > b or a < b for u in given[1:] for a, b in zip(u, given[0], strict=True)):
        return exactly(text, False, "balls")
    return unknown(text, "inputs that follow from given states are balls, which never tell that they are equal")


def energy(layer: TanhLayer, u: Sequence[Ball], state: State) -> Ball:
    """L = -1/2 x^T W x - (u + b)^T x + sum G(x_i) at x = tanh a, with G(x) = a tanh a - log cosh a, so G' = artanh."""
    x = [balls.tanh(a) for a in state]
    total = balls.ball(0)
    for i, row in enumerate(matrix_balls(layer.weights)):
        drive = sum((w * v for w, v in zip(row, x, strict=True)), balls.ball(0)) / 2 + u[i] + balls.ball(layer.bias[i])
        total += state[i] * x[i] - balls.log(balls.cosh(state[i])) - drive * x[i]
    return total


def _comes_to_rest(on: Case, layer: TanhLayer, *, with_energy: bool) -> Finding:
    """L falls with every step that is one, and the orbit is caught by no cycle."""
    text = "L falls at every step that is one, and no cycle is reached"
    orbit, caught = on.orbit(), _caught(on)
    if caught is not None and caught.fails:
        return caught.named(f"{text} ({caught.text})")
    seen = [] if caught is None else [caught]
    lost = unknown(text, "no attractor was proved to be reached")
    if not with_energy:
        return every(text, seen) if seen else lost
    drive = on.driving_inputs()[0] if on.steps else [balls.ball(0)] * on.map.dimension
    levels, falls = [energy(layer, drive, a) for a in orbit], list[Finding]()
    for t in range(1, len(orbit)):
        moved = [balls.absolute(d) for d in difference(orbit[t], orbit[t - 1])]
        if all(d <= 0 for d in moved):
            falls.append(exactly(f"a_{t} = a_{t - 1}", True))
        elif not all(d < balls.ball(_AT_REST) for d in moved):
            falls.append(less(f"L_{t} < L_{t - 1}", levels[t], levels[t - 1]))
        elif not seen:
            return lost
    return every(text, [*falls, *seen]) if falls or seen else lost


def _caught(on: Case) -> Finding | None:
    """Whether what the orbit is proved to converge to, under the same input for ever, is a fixed point."""
    if on.states or len(set(on.inputs)) > 1:
        return None
    m = driven(on.map, on.inputs[0]) if on.inputs and any(on.inputs[0]) else on.map
    found = reached(m, on.orbit()[-1])
    if found is None:
        return None
    point = attractors_of(m)[found].point
    if point is None:
        return None
    where = f"the orbit converges to the {attractors_of(m)[found]}"
    return exactly(where, point.period == 1, "certified trapping regions")


# --- W of size below 1 ------------------------------------------------------------------------------------------------


def unit_norm_checker(reading: Reading) -> Checker:
    """The printed claim: the size of W is below 1, so every orbit without inputs converges to 0."""
    sized = size_text(reading).format("W")

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        layer = layer_of(on.map)
        below = less(f"{sized} < 1", size(matrix_balls(layer.weights), reading), balls.ball(1))
        return [below, _undriven(on, layer)], _converges_to_origin(on)

    return check


def unit_norm_repaired_checker(*, any_norm: bool = False) -> Checker:
    """|W| < 1 in a norm that only looks at the sizes of the entries, so every orbit without inputs converges to 0.

    Norms that are tried: the largest p_i |a_i| with the best weights p (below 1 exactly if the radius of the matrix of
    absolute values is) and the length of P a with P = diag(p), p the case's ``other`` or else 1. The mutant takes
    ``any_norm``, which an adapted one makes as good as the spectral radius.
    """

    def check(on: Case) -> tuple[Sequence[Finding], Finding]:
        layer = layer_of(on.map)
        below = _some_norm(layer.weights, on.other, any_norm=any_norm)
        return [below, _undriven(on, layer)], _converges_to_origin(on)

    return check


def absolute_radius(rows: Rows) -> Ball:
    """The spectral radius of the matrix of absolute values, which is the least weighted max-norm of W."""
    return size(matrix_balls([[abs(v) for v in row] for row in rows]), "spectral")


def _some_norm(rows: Rows, weights: Vector | None, *, any_norm: bool) -> Finding:
    one, radius = balls.ball(1), size(matrix_balls(rows), "spectral")
    if any_norm:
        return less("|W| < 1 in some norm", radius, one)
    text, n = "|W| < 1 in a norm of the sizes of the entries", len(rows)
    p = (Fraction(1),) * n if weights is None else weights
    if any(v <= 0 for v in p):
        raise InputError(f"other={vector_text(p)} must be positive: it gives the weight of each entry in the norm")
    scaled = [[rows[i][j] * p[i] / p[j] for j in range(n)] for i in range(n)]
    found = [_largest_below_one(rows), less("|P W P^-1| < 1", size(matrix_balls(scaled), "norm"), one)]
    if proved := [f for f in found if f.holds]:
        best = max(proved, key=lambda f: 0.0 if f.margin is None else float(f.margin))
        return best.named(f"{text}: {best.text}")
    none = less(text, radius, one)
    if none.fails:  # no norm at all is below 1
        return none
    return unknown(text, "neither the lengths |P a| that were tried nor any weighted maximum; give weights as other=")


def _largest_below_one(rows: Rows) -> Finding:
    """Whether some weighted maximum of the entries has |W| < 1: I - (|w_ij|) must be an M-matrix, decided exactly."""
    measured = less("rho(|w_ij|) < 1", absolute_radius(rows), balls.ball(1))
    holds = is_positive_definite(shifted(tuple(tuple(-abs(v) for v in row) for row in rows), Fraction(1)))
    return Finding(measured.text, Verdict.PROVED if holds else Verdict.REFUTED, measured.margin, EXACTLY)


def _undriven(on: Case, layer: TanhLayer) -> Finding:
    text = "no inputs"
    if any(layer.bias):
        return exactly(text, False, "the map has a constant input of its own")
    if on.states:
        return unknown(text, "inputs that follow from given states are balls, which never tell that they are 0")
    return exactly(text, not any(any(u) for u in on.inputs))


def _converges_to_origin(on: Case) -> Finding:
    text = "a_t converges to 0"
    if on.states:
        return unknown(text, "the case gives states, not a start")
    found = reached(on.map, on.orbit()[-1])
    if found is None:
        return unknown(text, "no certified attractor was proved to be reached")
    owner = attractors_of(on.map)[found]
    if owner.point is None:
        return unknown(text, "what it converges to is not certified")
    origin = owner.point.period == 1 and all(0 in e for e in owner.point.state)
    how = f"certified trapping region of the {owner}"
    return exactly(text if origin else f"{text} (it converges to the {owner})", origin, how)


# --- the witness and the statements -----------------------------------------------------------------------------------

NILPOTENT: Final = tanh_network([[-4, 8], [-2, 4]])
"""W^2 = 0, so its only eigenvalue is 0, and yet two fixed points besides 0 attract."""

_SPECTRAL_WITNESS: Final = case(NILPOTENT, [4, 2])


def _two_orbits() -> Plot:
    """The first state along the witness and along an orbit that does run into 0."""
    curves: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = []
    steps = 12
    for label, start in (("from (4, 2)", (4.0, 2.0)), ("from (1, 1/2)", (1.0, 0.5))):
        states = [np.array([[v] for v in start])]
        for _ in range(steps):
            states.append(numpy_map(NILPOTENT).step(states[-1]))
        curves.append((label, tuple(map(float, range(steps + 1))), tuple(float(s[0, 0]) for s in states)))
    return Plot(
        "W^2 = 0, and 0 is not the only attractor",
        "t (steps)",
        "first state",
        tuple(curves),
        level=0.0,
        level_label="0",
    )


_SECTION: Final = "BSF94, Section IV"
_NETWORK: Final = "a_t = W tanh(a_{t-1}) + u with a constant input u"

_SYMMETRIC: Final = tuple(
    Statement(
        "symmetric", "A symmetric network whose eigenvalues exceed -1 comes to rest", _SECTION, reading,
        (_NETWORK, "W is symmetric", "its least eigenvalue is above -1"),
        "every orbit comes to rest: its limits are fixed points, so that every attractor is one", Verdict.PROVED,
        "With x = tanh a the energy L = -1/2 x^T W x - u^T x + sum G(x_i), G' = artanh, falls by at least half of (1 + "
        "lambda_min) |x_{t+1} - x_t|^2 at each step, because G'' = 1/(1 - x^2) >= 1. As L is bounded, the steps tend "
        "to 0. The statement names no |W|, so the two readings agree.",
        checker=symmetric_checker(), needs="a tanh_network with symmetric W, start, and one constant input if any",
    ) for reading in READ_AS
)  # fmt: skip

_FREE: Final = "a_t = W tanh(a_{t-1}) without inputs"
_ORIGIN: Final = "the origin is the only attractor"

STATEMENTS: Final = (
    *_SYMMETRIC,
    Statement(
        "unit-norm", "A network with |W| < 1 has the origin as its only attractor", _SECTION, "norm",
        (_FREE, "|W| < 1"), _ORIGIN, Verdict.PROVED,
        "|tanh a| <= |a|, as it is so for every entry. Hence |a_t| <= |W| |a_{t-1}| <= |W|^t |a_0|, which tends to 0 "
        "from every start.",
        checker=unit_norm_checker("norm"), needs="a tanh_network without inputs, and start",
    ),
    Statement(
        "unit-norm", "A network with |W| < 1 has the origin as its only attractor", _SECTION, "spectral",
        (_FREE, "rho(W) < 1, the eigenvalues of W in place of |W|"), _ORIGIN, Verdict.REFUTED,
        "Small eigenvalues bound what powers of W do, but here tanh stands between one W and the next. W = [[-4, 8], "
        "[-2, 4]] has W^2 = 0: along (2, 1) its two large columns cancel each other. tanh bends 2 s and s differently, "
        "so that they no longer do, and the line carries two more attracting fixed points.",
        Witness(
            "W = [[-4, 8], [-2, 4]], W^2 = 0, a_0 = (4, 2): converges to 1.7834469 (2, 1)",
            _SPECTRAL_WITNESS, plot=_two_orbits,
        ),
        "unit-norm'", unit_norm_checker("spectral"), "a tanh_network without inputs, and start",
    ),
    Statement(
        "unit-norm'", "A norm of the sizes of the entries in which |W| < 1 leaves the origin as the only attractor",
        f"repairs {_SECTION}", "norm",
        (
            _FREE,
            (
                "|W| < 1 in some norm that depends on the sizes |a_i| alone and does not fall when one of them grows: "
                "a weighted length or a weighted maximum, say (a weighted maximum will do if and only if the matrix of "
                "the absolute values |w_ij| has its eigenvalues below 1 in modulus)"
            ),
        ),
        f"{_ORIGIN}, and |a_t| <= |W|^t |a_0| in that norm", Verdict.PROVED,
        "In such a norm |tanh a| <= |a|, which is all that the proof for the length uses. An arbitrary adapted norm "
        "|P W P^-1| < 1 is not enough: there is one whenever the eigenvalues are below 1, and then the claim can be "
        "false.",
        checker=unit_norm_repaired_checker(),
        needs="a tanh_network without inputs, start, and, if you like, other: the weights of the norm",
    ),
)  # fmt: skip
"""The claims about networks as printed, in both readings, and repaired."""
