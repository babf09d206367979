"""The noise trichotomy of the neuron: how fast gradients vanish under bounded noise below, at and above h*."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy as sp

from dynlatch.rigor import balls
from dynlatch.rigor.krawczyk import Ball
from dynlatch.theorems.findings import Finding, at_most, less
from proofs.document import Document, Part, decided, fact, identity

_a, _x, _s, _w, _t, _c = sp.symbols("a x s w t c", positive=True)
_edge = sp.acosh(sp.sqrt(_w))
_tau = sp.tanh(_x)
_langevin = sp.cosh(_x) / sp.sinh(_x) - 1 / _x

_STATES = (Fraction(1, 2), Fraction(2), Fraction(5))
"""Examples: the neuron whose latched state abar is this number, w = abar coth abar."""
_STEPS = 150


def _example(abar: Fraction) -> tuple[Ball, Ball, Ball, Ball]:
    """w, s, a_c and h* of the neuron with this latched state."""
    w = balls.ball(abar) / balls.tanh(balls.ball(abar))
    s = balls.sqrt(1 - 1 / w)
    return w, s, balls.atanh(s), w * s - balls.atanh(s)


def _below() -> Sequence[Finding]:
    """c mu_b^T <= D_T <= mu_b^T at a_b = 3/4 abar."""
    found: list[Finding] = []
    for abar in _STATES:
        w, _, edge, critical = _example(abar)
        root, a, gradient = balls.ball(abar * Fraction(3, 4)), balls.ball(abar), balls.ball(1)
        noise = w * balls.tanh(root) - root
        mu = w * balls.sech2(root)
        c = balls.exp(-2 * (a - root) / (1 - mu))
        found += [less("a_c < a_b", edge, root), less("b < h*", noise, critical)]
        for t in range(1, _STEPS + 1):
            gradient *= w * balls.sech2(a)
            a = w * balls.tanh(a) - noise
            found.append(less(f"abar = {abar}, T = {t}, above", gradient, mu**t))
            found.append(less(f"abar = {abar}, T = {t}, below", c * mu**t, gradient))
    return found


def _at() -> Sequence[Finding]:
    """The two sides of the bound at b = h*, and the exact product."""
    found: list[Finding] = []
    for abar in _STATES:
        w, s, edge, critical = _example(abar)
        a, gradient, first = balls.ball(abar), balls.ball(1), balls.ball(abar) - edge
        c = balls.exp(-(first**2 + first / s) / 3)
        for t in range(1, _STEPS + 1):
            gradient *= w * balls.sech2(a)
            a = w * balls.tanh(a) - critical
            found.append(less(f"abar = {abar}, T = {t}, above", gradient, 1 / (1 + s * first * t) ** 2))
            lower = c / (1 + (s * first + first**2 / 3) * t) ** 2
            found.append(less(f"abar = {abar}, T = {t}, below", lower, gradient))
    return found


def _above() -> Sequence[Finding]:
    """Noise of h* + 1/10 brings the state to 0, and there the gradient grows."""
    found: list[Finding] = []
    for abar in _STATES:
        w, _, _, critical = _example(abar)
        noise, a, gradient, steps = critical + balls.ball(Fraction(1, 10)), balls.ball(abar), balls.ball(1), 1
        while w * balls.tanh(a) > noise:
            gradient *= w * balls.sech2(a)
            a = w * balls.tanh(a) - noise
            steps += 1
        gradient *= w * balls.sech2(a)
        found.append(at_most(f"abar = {abar}: a step to 0 is allowed", w * balls.tanh(a), noise))
        found.append(at_most("after N steps at most", balls.ball(steps), balls.ball(abar * 10 + 1)))
        found.append(less("the gradient is then mu^N at least", (w * balls.sech2(balls.ball(abar))) ** steps, gradient))
    return found


DOCUMENT = Document(
    "noise",
    "The noise trichotomy: decay of gradients below, at and above the critical input",
    (),
    (
        Part(
            "The claim",
            """
            The neuron, any w > 1, starts at its latched state abar and is driven by inputs |u_t| <= b. Let D_T(b) be
            the largest |da_T/da_0| that such inputs can cause. With m(a) = w sech(a)^2 and mu = m(abar):

            - b < h*: c mu_b^T <= D_T <= mu_b^T, where mu_b = m(a_b) < 1, a_b is the larger root of
              a = w tanh a - b, and c = exp(-2 (abar - a_b) / (1 - mu_b)). Exponential decay.
            - b = h*: with s = sqrt(1 - 1/w) and x_0 = abar - a_c,
              exp(-(x_0^2 + x_0/s)/3) / (1 + (s x_0 + x_0^2/3) T)^2 <= D_T <= 1 / (1 + s x_0 T)^2.
              The decay is T^-2: gradients vanish, but not exponentially.
            - b > h*: (mu/w)^N w^T <= D_T <= w^T for T >= N, N = 1 + floor(abar / (b - h*)). The largest gradient grows
              at the rate log w: bounded noise undoes the vanishing where it can undo the latch.

            All three are proved by algebra, for every w > 1 at once: no range is left over, none is done by balls.
            The balls at the end only show the bounds on examples.
            """,
        ),
        Part(
            "The worst noise is constant while it cannot unlatch the neuron",
            """
            f(a) = w tanh a - a has the slope m(a) - 1 and m falls on a > 0 from w > 1 to 0, with m(a_c) = 1. So f is
            concave there, rises from f(0) = 0 to its largest value f(a_c) = h* > 0 and falls through f(abar) = 0. For
            0 <= b <= h* there is one root a_b of f(a) = b in [a_c, abar]: a fixed point of M - b.

            Let a-_t be the orbit with u = -b throughout. M rises, so a_t >= a-_t >= a_b by induction, whatever the
            inputs: M(a_t) + u >= M(a-_t) - b, and a-_{t+1} = M(a-_t) - b >= M(a_b) - b = a_b. All these states lie
            where m falls. Hence m(a_t) <= m(a-_t), and D_T(b) is the product of the m(a-_t), t < T, for b <= h*.
            """,
            (
                identity(
                    "the slope of w tanh a - a is m(a) - 1, m = w / cosh(a)^2",
                    sp.diff(_w * sp.tanh(_a) - _a, _a), _w / sp.cosh(_a) ** 2 - 1,
                ),
                identity(
                    "log m has the slope -2 tanh a, between -2 and 0",
                    sp.diff(sp.log(_w) - 2 * sp.log(sp.cosh(_a)), _a), -2 * sp.tanh(_a),
                ),
                identity(
                    "f(a_c) = h* = sqrt(w(w-1)) - arcosh(sqrt w)",
                    _w * sp.tanh(_edge) - _edge, sp.sqrt(_w * (_w - 1)) - _edge, above={_w: 1},
                ),
            ),
        ),
        Part(
            "Below h*",
            """
            Now a_b > a_c and mu_b < 1. Let x_t = a-_t - a_b >= 0. To the right of a_b the slope is at most mu_b, so
            x_{t+1} = M(a_b + x_t) - M(a_b) <= mu_b x_t, and x_t <= mu_b^t (abar - a_b).

            Above: every factor is at most mu_b. Below: as log m falls at most at the rate 2,
            m(a_b + x) >= mu_b exp(-2 x), and the sum of the x_t is at most (abar - a_b) / (1 - mu_b).
            """,
            (
                fact("Mean value theorem; sum of a geometric series (any textbook of analysis)."),
                decided(
                    "abar = 1/2, 2 and 5, b such that a_b = 3/4 abar, every T up to 150: both bounds hold", _below
                ),
            ),
        ),
        Part(
            "At h*: the law of the orbit in closed form",
            """
            Let s = tanh a_c = sqrt(1 - 1/w), so that w = 1/(1 - s^2), and a-_t = a_c + x_t. By the addition
            theorem of tanh the step and the slope become free of w but for s:

            x_{t+1} = tanh x / (1 + s tanh x), that is 1/x_{t+1} = coth(x_t) + s, and m = 1/(cosh x + s sinh x)^2.

            As x_{t+1} = sinh x_t / (cosh x_t + s sinh x_t), the slope is m(a-_t) = (x_{t+1} / sinh x_t)^2. So the
            product telescopes but for a factor that converges: D_T = (x_T/x_0)^2 times the product of
            (x_t / sinh x_t)^2, t < T. Exactly, for every w > 1 and every T.
            """,
            (
                fact("tanh(x + y) = (tanh x + tanh y)/(1 + tanh x tanh y) (any table of hyperbolic functions)."),
                identity(
                    "the step: w (tanh(a_c + x) - tanh a_c) is tau / (1 + s tau), tau = tanh x",
                    ((_s + _a) / (1 + _s * _a) - _s) / (1 - _s**2), _a / (1 + _s * _a),
                ),
                identity(
                    "the slope: w (1 - tanh(a_c + x)^2) = (1 - tau^2) / (1 + s tau)^2",
                    (1 - ((_s + _a) / (1 + _s * _a)) ** 2) / (1 - _s**2), (1 - _a**2) / (1 + _s * _a) ** 2,
                ),
                identity(
                    "which is 1 / (cosh x + s sinh x)^2",
                    ((1 - _tau**2) / (1 + _s * _tau) ** 2).rewrite(sp.exp),
                    (1 / (sp.cosh(_x) + _s * sp.sinh(_x)) ** 2).rewrite(sp.exp),
                ),
                identity(
                    "and the step is sinh x / (cosh x + s sinh x)",
                    (_tau / (1 + _s * _tau)).rewrite(sp.exp),
                    (sp.sinh(_x) / (sp.cosh(_x) + _s * sp.sinh(_x))).rewrite(sp.exp),
                ),
            ),
        ),
        Part(
            "At h*: the bounds",
            """
            Let L(x) = coth x - 1/x. For x > 0: 0 < L(x) < x/3 and 1 >= x / sinh x >= exp(-x^2/6). Now
            1/x_{t+1} = 1/x_t + s + L(x_t). So x_t falls, 1/x_t >= 1/x_0 + s t, and as L(x_t) < x_0/3 also
            1/x_t <= 1/x_0 + (s + x_0/3) t: this bounds (x_T/x_0)^2 from both sides. The sum of the x_t^2 is at most
            that of 1/(1/x_0 + s t)^2, which is at most x_0^2 (for t = 0) plus the integral over t > 0, x_0/s: so the
            product of the (x_t / sinh x_t)^2 lies between exp(-(x_0^2 + x_0/s)/3) and 1.

            Moreover T^2 D_T converges, to (1/(s x_0))^2 times the infinite product: x_t -> 0 and L(x_t)
            -> 0, so the mean of the L(x_t) over t < T tends to 0, too, and 1/(T x_T) -> s.
            """,
            (
                identity("x cosh x - sinh x is 0 at 0", (_x * sp.cosh(_x) - sp.sinh(_x)).subs(_x, 0), sp.S.Zero),
                identity(
                    "with the slope x sinh x > 0: so L(x) = (x cosh x - sinh x) / (x sinh x) > 0",
                    sp.diff(_x * sp.cosh(_x) - sp.sinh(_x), _x), _x * sp.sinh(_x),
                ),
                identity(
                    "(3 + x^2) sinh x - 3 x cosh x = 3 x sinh x (x/3 - L(x)) is 0 at 0",
                    ((3 + _x**2) * sp.sinh(_x) - 3 * _x * sp.cosh(_x)).subs(_x, 0), sp.S.Zero,
                ),
                identity(
                    "where the first equation is",
                    (3 + _x**2) * sp.sinh(_x) - 3 * _x * sp.cosh(_x), 3 * _x * sp.sinh(_x) * (_x / 3 - _langevin),
                ),
                identity(
                    "with the slope x (x cosh x - sinh x) > 0: so L(x) < x/3",
                    sp.diff((3 + _x**2) * sp.sinh(_x) - 3 * _x * sp.cosh(_x), _x),
                    _x * (_x * sp.cosh(_x) - sp.sinh(_x)),
                ),
                identity(
                    "log(sinh x / x), which tends to 0 at 0, has the slope L(x): so it lies between 0 and x^2/6",
                    sp.diff(sp.log(sp.sinh(_x) / _x), _x), _langevin,
                ),
                identity(
                    "the integral: -1/(s (c + s t)) has the slope 1/(c + s t)^2 and is -x_0/s at t = 0, c = 1/x_0",
                    sp.diff(-1 / (_s * (_c + _s * _t)), _t), 1 / (_c + _s * _t) ** 2,
                ),
                decided("abar = 1/2, 2 and 5, every T up to 150: both bounds hold", _at),
            ),
        ),
        Part(
            "Above h*",
            """
            D_T <= w^T, as m <= w everywhere. For the other side take b > h* and let u = -b as long as M(a_t) > b. As
            w tanh a - a <= h* for a >= 0, each of these steps lowers the state by b - h* at least and leaves it
            positive: there are at most abar / (b - h*) of them. Then 0 < M(a_t) <= b, and u = -M(a_t), which is
            allowed, puts the state at 0 exactly. From there on let u = 0: the state stays at 0 and every factor is w.
            Before that the states lie in (0, abar], where m >= mu. After N' <= N steps the product is at least
            mu^N' w^(T - N') >= (mu/w)^N w^T. So (1/T) log D_T -> log w.
            """,
            (
                identity("the slope at 0 is w", sp.diff(_w * sp.tanh(_a), _a).subs(_a, 0), _w),
                decided("abar = 1/2, 2 and 5, b = h* + 1/10: the state is put at 0 within N steps", _above),
            ),
        ),
    ),
)  # fmt: skip
