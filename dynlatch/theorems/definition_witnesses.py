"""What refutes Definitions 2 and 3 where no finite case can: sets without end, and orbits that never settle."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import sympy as sp

from dynlatch.latch.derivation_checks import check_identity
from dynlatch.maps.balls import ball_map, ball_of
from dynlatch.maps.definition import Formulas, Map, state_symbol
from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.cases import State, free_orbit
from dynlatch.theorems.findings import Finding, at_most, every, exactly, less
from dynlatch.theorems.statements import Plot

# --- the integers: below 1 at every point, but attracting nothing -----------------------------------------------------

_a = state_symbol("a")
_PULL: Final = 1 / (4 * (1 + _a**2))
STAIRS: Final = Map(
    "stairs", (_a,), Formulas((_a + 1 - _PULL * sp.sin(2 * sp.pi * _a) / (2 * sp.pi),)), (),
    ((Fraction(-1), Fraction(50)),),
)  # fmt: skip
"""a -> a + 1 - phi(a) sin(2 pi a) / (2 pi), phi(a) = 1 / (4 (1 + a^2)): X = {..., -1, 0, 1, 2, ...} is invariant."""

_OFFSET: Final = Fraction(1, 10)
_CLIMB: Final = 60


def _same(text: str, left: sp.Expr, right: sp.Expr) -> Finding:
    found = check_identity(left, right)
    return Finding(text, found.verdict, None, found.what)


def stairs_findings() -> Sequence[Finding]:
    """|M'| < 1 on X, but the distance s_t of a_t = t + s_t to X never falls below s_0 / 4."""
    k, s, t = sp.Symbol("k", integer=True), sp.Symbol("s", nonnegative=True), sp.Symbol("t", nonnegative=True)
    n = sp.Symbol("n", integer=True)
    (rule,), slope = STAIRS.explicit, STAIRS.jacobian[0, 0]
    pull, shifted = (_PULL.subs(_a, x) for x in (k, t + s))
    turned = sp.expand_trig(sp.expand(rule.subs(_a, n + s)))
    expected = n + 1 + s - _PULL.subs(_a, n + s) * sp.sin(2 * sp.pi * s) / (2 * sp.pi)
    rest = sp.Rational(5, 4) / ((k**2 - sp.Rational(1, 4)) * (1 + k**2))
    telescoping = 1 / (k - sp.Rational(1, 2)) - 1 / (k + sp.Rational(1, 2))
    start = balls.ball(_OFFSET)
    orbit = free_orbit(STAIRS, (_OFFSET,), _CLIMB)
    apart = [a[0] - step for step, a in enumerate(orbit)]
    return [
        exactly("M(k) = k + 1 for every integer k, so M(X) = X", sp.simplify(rule.subs(_a, k) - k - 1) == 0),
        exactly("M'(k) = 1 - phi(k)", sp.simplify(slope.subs(_a, k) - 1 + pull) == 0),
        _same("1/4 - phi(k) = k^2 / (4 (1 + k^2)) >= 0, so 3/4 <= M'(k) < 1", sp.Rational(1, 4) - pull,
              k**2 / (4 * (1 + k**2))),
        exactly("s_{t+1} = s_t - phi(t + s_t) sin(2 pi s_t) / (2 pi)", sp.simplify(turned - sp.expand(expected)) == 0),
        _same("1/phi(t + s) - 1/phi(t) = 4 s (2 t + s) >= 0, so, as 0 <= sin x <= x for 0 <= x <= pi, a start s_0 in "
              "(0, 1/2] gives s_t >= s_{t+1} >= (1 - phi(t)) s_t",
              1 / shifted - 1 / _PULL.subs(_a, t), 4 * s * (2 * t + s)),
        _same("4 phi(k) is below 1/(k - 1/2) - 1/(k + 1/2) for k >= 1, by (5/4) / ((k^2 - 1/4)(1 + k^2))",
              telescoping - 4 * pull, rest),
        exactly("the sum of all phi(t), t >= 0, is at most 1/4 + 2/4 = 3/4, so s_t >= (1 - 3/4) s_0 for all t",
                Fraction(1, 4) + Fraction(1, 4) / Fraction(1, 2) == Fraction(3, 4)),
        every(f"from s_0 = {_OFFSET} every s_t, t <= {_CLIMB}, stays above s_0 / 4",
              [less(f"s_{step} > s_0 / 4", start / 4, gap) for step, gap in enumerate(apart)]),
    ]  # fmt: skip


def stairs_plot() -> Plot:
    """The distance to the integers along the orbit, which levels off."""
    orbit = free_orbit(STAIRS, (_OFFSET,), _CLIMB)
    apart = tuple(float(a[0].mid()) - t for t, a in enumerate(orbit))
    times = tuple(float(t) for t in range(len(apart)))
    return Plot(
        "The distance to X, the integers, does not go to 0", "t (steps)", "distance to X", (("s_t", times, apart),),
        level=float(_OFFSET) / 4, level_label="s_0 / 4",
    )  # fmt: skip


# --- a chaotic set on which every M' is nilpotent ---------------------------------------------------------------------

_x, _y = state_symbol("x"), state_symbol("y")


def _chaotic(u: sp.Expr) -> sp.Expr:
    """F(u) = u^2 / (u^2 + (3 u - 2)^2): the map 4 x (1 - x) seen through u = 1 / (2 - x), which sends oo to 0."""
    return u**2 / (u**2 + (3 * u - 2) ** 2)


SWAPPED_CHAOS: Final = Map(
    "swapped_chaos", (_x, _y), Formulas((_chaotic(_y), _chaotic(_x))), (), ((Fraction(0), Fraction(1)),) * 2
)
"""(x, y) -> (F(y), F(x)): X = {(4/5, 0), (0, 4/5)} is a cycle, and on both axes every M' is nilpotent."""

_BLOCKS: Final = 6


def _digits() -> tuple[str, list[int], list[int]]:
    """Binary digits 01, 000, 0101, 000, 010101, 000, ...; where the n-th (01)^n begins, and the n-th 000."""
    digits, near, far = "", list[int](), list[int]()
    for n in range(1, _BLOCKS + 1):
        near.append(len(digits))
        digits += "01" * n
        far.append(len(digits))
        digits += "000"
    return digits, near, far


def _angle() -> Fraction:
    digits, _, _ = _digits()
    return Fraction(int(digits, 2), 2 ** len(digits))


def _wandering() -> list[State]:
    """The orbit of (u_0, 0), u_0 = h(sin^2(pi theta)) for the theta that has these digits."""
    digits, _, _ = _digits()
    theta = _angle()
    start = 1 / (2 - balls.sqr(ball_of(sp.sin(sp.pi * sp.Rational(theta.numerator, theta.denominator)))))
    orbit, step = [[start, balls.ball(0)]], ball_map(SWAPPED_CHAOS).image_of_point
    for _ in range(len(digits) - 1):
        orbit.append(step(orbit[-1]))
    return orbit


def _coordinate(state: State, t: int) -> Ball:
    return state[t % 2]  # the other one is 0


def chaos_findings() -> Sequence[Finding]:
    """X is hyperbolic by eigenvalues, and an orbit comes as near to it as one likes and leaves it again, for ever."""
    u, x, phi = sp.Symbol("u", real=True), sp.Symbol("x", real=True), sp.Symbol("phi", real=True)
    n, i = sp.symbols("n i", positive=True, integer=True)
    jacobian, fixed = SWAPPED_CHAOS.jacobian, sp.Rational(4, 5)
    on_axes = [jacobian.subs(at) for at in ({_x: u, _y: 0}, {_x: 0, _y: u})]
    orbit, (_, near, far) = _wandering(), _digits()
    along = [_coordinate(state, t) for t, state in enumerate(orbit)]
    apart = [balls.absolute(v - balls.ball(Fraction(4, 5))) for v in along]
    quarter = balls.ball(Fraction(1, 4))
    return [
        _same("u^2 + (3 u - 2)^2 = 10 (u - 3/5)^2 + 2/5 > 0, so M is smooth everywhere", u**2 + (3 * u - 2) ** 2,
              10 * (u - sp.Rational(3, 5)) ** 2 + sp.Rational(2, 5)),
        exactly("F(0) = 0 and F(4/5) = 4/5, so X = {(4/5, 0), (0, 4/5)} is invariant",
                _chaotic(sp.S.Zero) == 0 and _chaotic(fixed) == fixed),
        exactly("on both axes M' has trace 0 and determinant 0: all its eigenvalues are 0",
                all(sp.simplify(j.trace()) == 0 and sp.simplify(j.det()) == 0 for j in on_axes)),
        _same("F(1 / (2 - x)) = 1 / (2 - 4 x (1 - x)): on the axes M is the map 4 x (1 - x) in other coordinates",
              _chaotic(1 / (2 - x)), 1 / (2 - 4 * x * (1 - x))),
        _same("4 sin(phi)^2 (1 - sin(phi)^2) = sin(2 phi)^2: in x = sin(pi theta)^2 a step doubles theta, so it shifts "
              "its binary digits", 4 * sp.sin(phi) ** 2 * (1 - sp.sin(phi) ** 2), sp.sin(2 * phi) ** 2),
        exactly("the digits (01)^n put theta between (1 - 4^-n)/3 and (1 - 4^-n)/3 + 4^-n, so within 4^-n of 1/3, "
                "which belongs to x = 3/4, u = 4/5", sp.simplify(sp.summation(4**-i, (i, 1, n)) - (1 - 4**-n) / 3) == 0
                and sp.sin(sp.pi / 3) ** 2 == sp.Rational(3, 4)),
        less("the digits 000 put theta below 1/8: there u is more than 1/4 from 4/5",
             1 / (2 - balls.sqr(ball_of(sp.sin(sp.pi / 8)))) + quarter, balls.ball(Fraction(4, 5))),
        every(f"followed from 01 000 0101 000 ...: within pi 4^-n of X where the block (01)^n begins, n <= {_BLOCKS}",
              [at_most(f"at t = {t}", apart[t], ball_of(sp.pi) / 4**k) for k, t in enumerate(near, 1)]),
        every(f"and more than 1/4 away where the block 000 behind it begins, n <= {_BLOCKS}",
              [less(f"at t = {t}", quarter, apart[t]) for t in far]),
    ]  # fmt: skip


def chaos_plot() -> Plot:
    """The distance to X along the orbit: nearer and nearer, and away again."""
    with balls.precision(256):
        apart = tuple(abs(float(_coordinate(s, t).mid()) - 0.8) for t, s in enumerate(_wandering()))
    times = tuple(float(t) for t in range(len(apart)))
    return Plot(
        "An orbit that comes as near to X as one likes, and leaves it again", "t (steps)", "distance to X",
        (("distance", times, apart),), log_scale=True, level=0.25, level_label="1/4",
    )  # fmt: skip
