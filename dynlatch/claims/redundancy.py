"""Would more neurons help? What trials of the kind ``redundancy`` say, and what is proved without any."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from dynlatch.claims.outcomes import Claim, Draft, Outcome, Plan, Rule, Says, combined, settle
from dynlatch.claims.parts import mean_by_trial, sum_by_trial
from dynlatch.claims.rows import Floats
from dynlatch.claims.statistics import Integers, Mean, rising, sign_flip, wilson
from dynlatch.errors import InputError
from dynlatch.noise.ensembles import Ensemble, Worst, ends, worst_case
from dynlatch.studies.cell import Record
from dynlatch.verdict import Verdict

_MARGIN: Final = 0.05
"""Of a share of orbits, or of a part of the forgetting rate: a change that does not matter."""
_SOURCE: Final = "not in BSF94: what it leaves open about one neuron, asked of many"
_OF_THE_BEST: Final = (
    "of neurons apart the norm of inf is that of the one whose gradient has decayed least, which the best of many does "
    "the better the more there are, and the less the longer the sequence is"
)
_NEEDS: Final = "needs trials of the kind redundancy for several n"


class Setting(NamedTuple):
    """All that a curve over n has in common."""

    w: float
    coupling: float
    noise: str
    deviation: float
    T: int


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One setting over K numbers of units in order, R trials that all of them have.

    ``kept`` and ``right`` (K, R): shares of a trial's orbits whose bit was right at every step, and at the last one.
    ``forgetting`` (K, R): nats of gradient lost per step. ``orbits`` (K,): how many in all. ``worst``: what is proved
    of each.
    """

    setting: Setting
    n: Integers
    trials: tuple[tuple[int, int], ...]
    kept: Floats
    right: Floats
    forgetting: Floats
    orbits: Integers
    worst: tuple[Worst, ...]

    @property
    def kept_intervals(self) -> Floats:
        """Shares of all orbits with Wilson's intervals, (K, 3): orbits are independent."""
        pairs = zip(self.kept.mean(axis=1), self.orbits.tolist(), strict=True)
        return np.array([wilson(round(share * count), count) for share, count in pairs])

    @property
    def forgetting_intervals(self) -> Floats:
        """Means over trials with their intervals, (K, 3)."""
        return np.array([_spread(row).interval for row in self.forgetting])


@dataclass(frozen=True, slots=True)
class Fact:
    """What holds whatever the noise does, of one weight and coupling, for the numbers of units in a study.

    ``improves``: whether more units are better. ``low`` and ``high``: bounds, one of each for each of ``n``.
    Rigor: ``worst_case``.
    """

    what: str
    w: float
    coupling: float
    n: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    improves: bool | None
    verdict: Verdict


def curves(records: Iterable[Record]) -> list[Curve]:
    """Records of the kind "redundancy", by setting, in order. Raises: InputError for two results of one trial."""
    groups: dict[Setting, dict[int, dict[tuple[int, int], Record]]] = {}
    for record in records:
        if record.cell.kind == "redundancy":
            here = groups.setdefault(_setting(record), {}).setdefault(int(record.cell["n"]), {})
            kept = here.setdefault((record.seed, record.trial), record)
            if kept is not record and (kept.cell != record.cell or dict(kept.result) != dict(record.result)):
                raise InputError(
                    f"seed {record.seed}, trial {record.trial} of {record.cell.text()[:80]} has two results; give one"
                )
    return [_curve(setting, groups[setting]) for setting in sorted(groups)]


def verdicts(records: Iterable[Record]) -> list[Claim]:
    """What trials say: survival, and gradients along noisy orbits, against n.

    Tests are paired by trial (unit k meets the same noise whatever n is) and exact; cells are corrected together.
    Rigor: sampled.
    """
    some = [c for c in curves(records) if len(c.n) > 1 and c.trials]
    by_coupling = [list(group) for _, group in itertools.groupby(_ordered(some), key=lambda c: c.setting.coupling)]
    survival = [
        _growing(f"{_named(g)}: the mean output keeps its sign longer the more units there are",
                 "share of orbits whose sign is kept, with the most units less that with the fewest",
                 g, lambda c: c.kept, lambda c: c.kept[-1] - c.kept[0])
        for g in by_coupling
    ]  # fmt: skip
    slower = [
        _growing(f"{_named(g)}: gradients are lost more slowly the more units there are",
                 "part of the forgetting rate along noisy orbits that the most units save against the fewest",
                 g, lambda c: -c.forgetting, lambda c: 1.0 - c.forgetting[-1] / c.forgetting[0])
        for g in by_coupling
    ]  # fmt: skip
    vanishing = [_vanishing(g) for g in by_coupling]
    return [
        _claim("N1", "More neurons keep a bit longer under noise that is independent from unit to unit", survival),
        _claim("N2", "More neurons slow the loss of gradients along noisy orbits", slower, _OF_THE_BEST),
        _claim("N3", "However many neurons there are, gradients still vanish exponentially", vanishing),
    ]


def facts(records: Iterable[Record]) -> list[Fact]:
    """What is proved of every weight and coupling among the records, for noise that may be the worst there is."""
    units: dict[tuple[float, float], set[int]] = {}
    for c in curves(records):
        units.setdefault((c.setting.coupling, c.setting.w), set()).update(c.n.tolist())
    return [fact for (coupling, w), some in sorted(units.items()) for fact in proved(w, coupling, sorted(some))]


def proved(w: float, coupling: float, units: Sequence[int]) -> list[Fact]:
    """Of one weight and coupling, for several numbers of units: tolerance in two norms, and the forgetting rate.

    More units are better where the lower bound of the most exceeds the upper one of the fewest; no better where
    ``worst_case`` gives one enclosure for every n, because its argument gives one number.
    """
    worst = [worst_case(Ensemble(n, w, coupling)) for n in units]
    told = {
        "tolerance of noise that is bounded at each unit": [x.inf for x in worst],
        "tolerance of noise whose 2-norm over the units is bounded": [x.two for x in worst],
        "nats of gradient lost per step at the latched state": [x.forgetting for x in worst],
    }
    made: list[Fact] = []
    for what, values in told.items():
        low, high = zip(*map(ends, values), strict=True)
        same = all(value == values[0] for value in values)
        more = not same and low[-1] > high[0]
        improves = False if same else True if more else None
        verdict = Verdict.INCONCLUSIVE if improves is None else Verdict.PROVED
        made.append(Fact(what, w, coupling, tuple(units), low, high, improves, verdict))
    return made


# --- cells ------------------------------------------------------------------------------------------------------------


def _growing(
    statement: str, effect: str, some: Sequence[Curve], levels: Callable[[Curve], Floats],
    gain: Callable[[Curve], Floats],
) -> Plan:  # fmt: skip
    """Whether ``levels`` rise with n within trials; ``gain`` (R,) is the size, a part of 1."""
    drafts: list[Draft] = []
    scored: list[tuple[Sequence[tuple[int, int]], Integers]] = []
    sized: list[tuple[Sequence[tuple[int, int]], Floats]] = []
    for curve in some:
        scores, values = rising(list(levels(curve))), gain(curve)
        drafts.append(_tested(_where(curve), scores, _spread(values, _least(curve))))
        scored.append((curve.trials, scores))
        sized.append((curve.trials, values))
    overall = _tested("all cells", sum_by_trial(scored), _spread(mean_by_trial(sized), max(map(_least, some))))
    return Plan(statement, effect, Rule.MORE, tuple(drafts), overall)


def _tested(where: str, scores: Integers, size: Mean) -> Draft:
    side = Says.FOR if scores.sum() >= 0 else Says.AGAINST
    return Draft(where, size.interval, len(size), ((side, sign_flip(scores)), (Says.EQUAL, size.within(_MARGIN))))


def _vanishing(some: Sequence[Curve]) -> Plan:
    drafts: list[Draft] = []
    for curve in some:
        for n, row in zip(curve.n.tolist(), curve.forgetting, strict=True):
            mean = _spread(row)
            tests = ((Says.FOR, mean.above(0.0)), (Says.AGAINST, 1.0 - mean.above(0.0)))
            drafts.append(Draft(f"{_where(curve)}, n = {n}", mean.interval, len(row), tests))
    statement = f"{_named(some)}: nats are lost at every step, on average"
    return Plan(statement, "nats of gradient lost per step", Rule.EVERY, tuple(drafts))


def _spread(values: Floats, least: float = 1e-12) -> Mean:
    """Of values that are means of many orbits: two more are added twice as far out as the farthest, or ``least``."""
    centre = float(values.mean())
    return Mean.of(values, middle=centre, reach=max(2.0 * float(np.abs(values - centre).max()), least))


def _least(curve: Curve) -> float:
    """Four times the largest deviation that the difference of two shares of a trial's orbits can have."""
    return 4.0 * math.sqrt(0.5 * len(curve.trials) / float(curve.orbits.min()))


def _claim(name: str, statement: str, plans: Sequence[Plan], *notes: str) -> Claim:
    parts = settle(plans)
    verdict = combined(parts)
    return Claim(name, statement, _SOURCE, verdict, parts, notes=notes if verdict is not Outcome.NO_DATA else (_NEEDS,))


def _named(some: Sequence[Curve]) -> str:
    coupling = some[0].setting.coupling
    return {0.0: "neurons apart", 1.0: "mean field"}.get(coupling, f"coupling {coupling:g}")


def _where(curve: Curve) -> str:
    s = curve.setting
    return f"w = {s.w:g}, {s.noise} noise of deviation {s.deviation:g}, T = {s.T}"


def _ordered(some: Iterable[Curve]) -> list[Curve]:
    return sorted(some, key=lambda c: (c.setting.coupling, c.setting))


# --- from records -----------------------------------------------------------------------------------------------------


def _setting(record: Record) -> Setting:
    cell = record.cell
    return Setting(
        float(cell["w"]), float(cell["coupling"]), str(cell["noise"]), float(cell["deviation"]), int(cell["T"])
    )


def _curve(setting: Setting, by_n: dict[int, dict[tuple[int, int], Record]]) -> Curve:
    units = sorted(by_n)
    trials = sorted(set.intersection(*(set(some) for some in by_n.values())))
    rows = [[by_n[n][key] for key in trials] for n in units]
    paths = np.array([[float(r.cell["paths"]) for r in row] for row in rows])
    shares = {
        name: np.array([[_number(r, name) for r in row] for row in rows]) / paths for name in ("kept", "right")
    }  # fmt: skip
    return Curve(
        setting, np.array(units), tuple(trials), shares["kept"], shares["right"],
        np.array([[_number(r, "forgetting") for r in row] for row in rows]), paths.sum(axis=1).astype(np.int64),
        tuple(worst_case(Ensemble(n, setting.w, setting.coupling)) for n in units),
    )  # fmt: skip


def _number(record: Record, name: str) -> float:
    value = record.result.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise InputError(f"a result of {record.cell.text()[:80]} has {name}={value!r}, no number; run that trial again")
    return float(value)
