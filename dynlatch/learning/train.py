"""The one loop that trains: it owns presentations, stopping, history and the choice of what runs side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.lanes import LANES, lane_array
from dynlatch.learning.algorithm import BEST, BEST_COST, Algorithm, Floats
from dynlatch.learning.loops import Sees, candidates, epoch, new_tally
from dynlatch.learning.network import Network
from dynlatch.learning.run import History, Run
from dynlatch.learning.streams import key_for
from dynlatch.learning.trial import Trial
from dynlatch.learning.workplace import Workplace, measured
from dynlatch.progress import SILENT, Progress
from dynlatch.verdict import Stop

ACCEPTED: Final = 0.05
"""Mean cost at which a search accepts a point that makes no error."""
_PER_DECADE: Final = 8
_CANDIDATES: Final = 16
"""Candidates between two looks at a lane."""


def train(
    trials: Sequence[Trial],
    algorithm: Algorithm,
    *,
    budget: int | None = None,
    accepted: float = ACCEPTED,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> list[Run]:
    """Train every trial by ``algorithm``, many at once; one ``Run`` for each, in their order.

    An online algorithm (one that is told gradients) changes parameters after every sequence and sees the training set in
    a new order each epoch. It stops after an epoch without an error that a pass with frozen parameters confirms, or after
    ``trial.streak`` such epochs. A search stops at parameters that make no error at a mean cost of at most ``accepted``,
    or when it gives up. Both stop after ``budget`` presentations (by default the algorithm's own). A presentation is one
    forward pass of one sequence, whatever it is for. Equal trials give equal runs in any company and on any number of
    ``threads``. Raises: InputError for no trials, trials of different networks, units that the algorithm does not train,
    a budget below 1. Rigor: floating point, sampled. Cost: README, "How fast"; memory grows as ``threads``, not as trials.
    """
    network = _common_network(trials, algorithm)
    most = _checked_budget(budget, algorithm)
    if not accepted > 0.0:
        raise InputError(f"accepted={accepted} must be positive: no search reaches a mean cost of 0")
    work = _Work(trials, algorithm, network, most, accepted)
    progress.start(f"training by {algorithm.name}", len(trials))
    workers = min(threads if threads is not None else (os.cpu_count() or 1), -(-len(trials) // LANES))
    helpers = [Thread(target=work.do, daemon=True) for _ in range(workers - 1)]
    for helper in helpers:
        helper.start()
    try:
        work.do(progress)
    finally:
        work.stop()
        for helper in helpers:
            helper.join()
    work.check()
    runs = _measured_runs(trials, algorithm, network, work)
    progress.finish()
    return runs


def _common_network(trials: Sequence[Trial], algorithm: Algorithm) -> Network:
    if not trials:
        raise InputError("no trials to train; make some, as Latch(T=50).trial(seed=0, index=0)")
    network = trials[0].network
    for trial in trials:
        if trial.network != network or len(trial.train) != len(trials[0].train):
            raise InputError(
                f"{trial!r} has another network or another number of training sequences than {trials[0]!r}; "
                "train them in calls of their own"
            )
    if algorithm.units is None or algorithm.units == network.kind:
        return network
    if algorithm.units == "threshold":
        return network.of_kind("threshold")
    raise InputError(f"{algorithm.name} needs the slope of its units, which threshold units do not have; use tanh")


def _checked_budget(budget: int | None, algorithm: Algorithm) -> int:
    if budget is None:
        return algorithm.budget
    if isinstance(budget, bool) or not isinstance(budget, int | np.integer) or budget < 1:
        raise InputError(f"budget={budget!r} must be a number of presentations, at least 1")
    return int(budget)


def target_of(trial: Trial, network: Network) -> float:
    """The wanted last output of a positive sequence."""
    return 1.0 if network.kind == "threshold" else trial.target


def _measured_runs(trials: Sequence[Trial], algorithm: Algorithm, network: Network, work: _Work) -> list[Run]:
    """Errors at the final parameters, on both sets."""
    ends = [work.ended[k] for k in range(len(trials))]
    parameters = [end.parameters for end in ends]
    targets = [target_of(trial, network) for trial in trials]
    on_train = measured(network, [t.train for t in trials], parameters, targets)
    on_test = measured(network, [t.test for t in trials], parameters, targets)
    return [
        Run(
            trial, algorithm, end.parameters, end.presentations, end.stop, float(on_train[0][k]),
            float(on_train[1][k]), float(on_test[0][k]), end.history(),
        )
        for k, (trial, end) in enumerate(zip(trials, ends, strict=True))
    ]  # fmt: skip


# --- one trial under way ----------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Course:
    """Where one trial is."""

    trial: Trial
    number: int
    presentations: int = 0
    checking: bool = False
    streak: int = 0
    stop: Stop = Stop.BUDGET
    parameters: Floats = field(default_factory=lambda: np.empty(0))
    rows: list[tuple[int, Floats, float, float]] = field(default_factory=list[tuple[int, Floats, float, float]])
    next_row: float = 0.0

    def record(self, parameters: Floats, error: float, cost: float, *, last: bool = False) -> None:
        """A row of history if one is due."""
        if self.presentations >= self.next_row or last:
            self.rows.append((self.presentations, parameters, error, cost))
            size = max(self.presentations, len(self.trial.train))
            self.next_row = size * 10.0 ** (1.0 / _PER_DECADE)

    def history(self) -> History:
        presentations, parameters, error, cost = zip(*self.rows, strict=True)
        return History(np.array(presentations), np.array(parameters), np.array(error), np.array(cost))


class _Work:
    """The trials that are left, shared by threads; each thread has a block of lanes of its own."""

    def __init__(
        self, trials: Sequence[Trial], algorithm: Algorithm, network: Network, budget: int, accepted: float
    ) -> None:
        self._algorithm = algorithm
        self._network = network
        self._budget = budget
        self._accepted = accepted
        self._steps = max(trial.train.steps for trial in trials)
        self._sequences = len(trials[0].train)
        self._left: Iterator[_Course] = iter([_Course(trial, k) for k, trial in enumerate(trials)])
        self._lock = Lock()
        self._error: BaseException | None = None
        self._news = 0
        self.ended: dict[int, _Course] = {}

    def do(self, progress: Progress | None = None) -> None:
        """Train trials until none are left; without ``progress``, as a helper of the thread that has it."""
        try:
            lanes = _Lanes(self._algorithm, self._network, self._steps, self._sequences, self._accepted)
            while self._refill(lanes):
                ended = lanes.go_on(self._budget)
                with self._lock:
                    self.ended.update({course.number: course for course in ended})
                    self._news += len(ended)
                    news, self._news = (self._news, 0) if progress is not None else (0, self._news)
                if news and progress is not None:
                    progress.advance(news)
        except BaseException as error:
            if progress is not None:
                raise
            self._error = error
            self.stop()

    def _refill(self, lanes: _Lanes) -> bool:
        """Give trials to idle lanes; False if there is nothing to do."""
        for lane in lanes.idle():
            with self._lock:
                course = next(self._left, None)
            if course is None:
                break
            lanes.enter(lane, course)
        return lanes.busy()

    def stop(self) -> None:
        """Hand out no more trials."""
        with self._lock:
            self._left = iter(())

    def check(self) -> None:
        """Raise what a helper raised."""
        if self._error is not None:
            raise self._error


# --- a block of them --------------------------------------------------------------------------------------------------


class _Lanes:
    """A block of trials under way, and the algorithm's memory of each."""

    def __init__(self, algorithm: Algorithm, network: Network, steps: int, sequences: int, accepted: float) -> None:
        self._algorithm = algorithm
        self._network = network
        self._accepted = accepted
        self._searches = algorithm.sees is Sees.COST
        self._place = Workplace(
            network, steps, sequences, backwards=not self._searches, terms=algorithm.sees is Sees.TERMS
        )
        self._settings = np.array(algorithm.settings(), dtype=np.float64)
        self._courses: list[_Course | None] = [None] * LANES
        self._order = np.zeros((sequences, LANES), dtype=np.int64)
        self._tally: Any = new_tally()
        self._memory: Floats | None = None

    def idle(self) -> list[int]:
        return [lane for lane, course in enumerate(self._courses) if course is None]

    def busy(self) -> bool:
        return any(course is not None for course in self._courses)

    def enter(self, lane: int, course: _Course) -> None:
        """Begin a trial in a lane."""
        trial, place = course.trial, self._place
        place.fill(lane, trial.train, trial.initial, target_of(trial, self._network), trial.fresh)
        place.block.streams[:, lane] = key_for(trial.seed, self._algorithm.name, trial.task, trial.index), 0
        self._order[:, lane] = np.arange(place.sequences)
        memory = self._algorithm.init(trial.initial)
        if self._memory is None:
            self._memory = lane_array(len(memory))
        self._memory[:, lane] = memory
        course.record(trial.initial.copy(), np.nan, np.nan)
        self._courses[lane] = course

    def go_on(self, budget: int) -> list[_Course]:
        """An epoch, or some candidates, in every lane; the trials that ended, which leave their lanes."""
        ended = self._search(budget) if self._searches else self._present(budget)
        for course in ended:
            lane = self._courses.index(course)
            self._courses[lane] = None
            self._place.empty(lane)
        return ended

    def _present(self, budget: int) -> list[_Course]:
        """An epoch in every lane."""
        place, size = self._place, self._place.sequences
        limit = np.zeros(LANES, dtype=np.int64)
        training = lane_array(1)
        for lane, course in enumerate(self._courses):
            if course is not None:
                limit[lane] = min(size, budget - course.presentations)
                training[0, lane] = not course.checking
        epoch(
            place.wiring, place.block, int(self._algorithm.sees), self._algorithm.step, self._memory, self._settings,
            self._settings[-3:].copy() if self._settings.size >= 3 else np.zeros(3), self._order, limit, training,
            self._tally, place.steps,
        )  # fmt: skip
        ended: list[_Course] = []
        for lane, course in enumerate(self._courses):
            if course is None:
                continue
            seen = int(limit[lane])
            errors, cost, sound = (float(self._tally[r, lane]) for r in range(3))
            diverged = sound < seen
            course.presentations += int(sound) + 1 if diverged else seen
            stop = Stop.DIVERGED if diverged else _after_epoch(course, errors == 0.0 and seen == size, budget)
            if stop is not None:
                course.stop = stop
                ended.append(course)
            parameters = place.parameters(lane)
            course.record(parameters, errors / seen, cost / seen, last=stop is not None)
            course.parameters = parameters
        return ended

    def _search(self, budget: int) -> list[_Course]:
        """Some candidates in every lane."""
        place, size, memory = self._place, self._place.sequences, self._memory
        limit = np.zeros(LANES, dtype=np.int64)
        running = lane_array(1)
        for lane, course in enumerate(self._courses):
            if course is not None:
                limit[lane] = min(_CANDIDATES, (budget - course.presentations) // size)
                running[0, lane] = 1.0
        candidates(
            place.wiring, place.block, self._algorithm.step, memory, self._settings, limit, running, self._tally,
            self._accepted, size, place.steps,
        )  # fmt: skip
        ended: list[_Course] = []
        for lane, course in enumerate(self._courses):
            if course is None:
                continue
            assert memory is not None
            course.presentations += int(self._tally[2, lane]) * size
            solved, stuck = running[0, lane] == 2.0, running[0, lane] == 3.0
            best = place.parameters(lane) if solved else memory[BEST : BEST + place.num_parameters, lane].copy()
            over = solved or stuck or course.presentations + size > budget
            if over:
                course.stop = Stop.SOLVED if solved else Stop.STUCK if stuck else Stop.BUDGET
                ended.append(course)
            cost = float(self._tally[1, lane] if solved else memory[BEST_COST, lane])
            course.record(best, float(self._tally[0, lane]) / size, cost, last=over)
            course.parameters = best
        return ended


def _after_epoch(course: _Course, clean: bool, budget: int) -> Stop | None:
    """What an epoch without (``clean``) or with errors leads to."""
    if course.checking and clean:
        return Stop.SOLVED
    course.streak = course.streak + 1 if clean else 0
    if 0 < course.trial.streak <= course.streak:
        return Stop.SOLVED
    if course.presentations >= budget:
        return Stop.BUDGET
    course.checking = clean and course.trial.streak == 0
    return None
