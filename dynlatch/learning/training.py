"""The one loop that trains: it owns presentations, stopping, history and the choice of what runs side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.lanes import LANES, lane_array
from dynlatch.learning.algorithm import BEST, BEST_COST, BEST_ERRORS, Algorithm, Floats
from dynlatch.learning.block import beside
from dynlatch.learning.checks import shown, thread_count, whole
from dynlatch.learning.loops import Sees, State, candidates, epochs, new_courses
from dynlatch.learning.network import Network
from dynlatch.learning.objective import measured
from dynlatch.learning.request import check_algorithm, checked_budget, common_network, listed_trials, num_workers
from dynlatch.learning.run import History, Run
from dynlatch.learning.streams import key_for
from dynlatch.learning.trial import Trial
from dynlatch.learning.workplace import Workplace
from dynlatch.progress import SILENT, Progress, check_progress
from dynlatch.verdict import Stop

ACCEPTED: Final = 0.05
"""Mean cost at which a search accepts a point that makes no error."""
PER_DECADE: Final = 8
"""Rows of history for each factor of ten in presentations."""
_STEPS: Final = 500_000
"""Steps of a lane between two looks at what else is to be done: a tenth of a second for small networks."""
_MOST_ROWS: Final = 1_000_000
"""Of history to a decade."""
_PATIENCE: Final = 0.1
"""Seconds between two reports while only helpers work."""
_STOPS: Final = {
    State.SOLVED: Stop.SOLVED, State.BUDGET: Stop.BUDGET, State.STUCK: Stop.STUCK, State.DIVERGED: Stop.DIVERGED,
}  # fmt: skip


def train(
    trials: Sequence[Trial],
    algorithm: Algorithm,
    *,
    budget: int | None = None,
    accepted: float = ACCEPTED,
    per_decade: int = PER_DECADE,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> list[Run]:
    """Train every trial by ``algorithm``, many at once; one ``Run`` for each, in their order.

    An online algorithm (one that is told gradients) changes parameters after every sequence and sees the training set
    in a new order each epoch. It stops after an epoch without an error that a pass with frozen parameters confirms, or
    after ``trial.streak`` such epochs. A search stops at parameters that make no error at a mean cost of at most
    ``accepted``, or when it gives up. Both stop after ``budget`` presentations (by default the algorithm's own). A
    presentation is one forward pass of one sequence, whatever it is for. Equal trials give equal runs in any company
    and on any number of ``threads``. ``per_decade``: rows of history for each factor of ten in presentations.
    Raises: InputError for no trials, trials of different networks or numbers of sequences, units that the algorithm
    does not train, a budget outside 1 to 10^12, and for what is no trial, no algorithm or no listener.
    Rigor: floating point. Cost: README, "How fast"; beside the trials, which hold their sequences, memory grows with
    threads, T and the training set, not with the number of trials.
    """
    trials = listed_trials(trials)
    check_algorithm(algorithm)
    network = common_network(trials, algorithm)
    most = checked_budget(budget, algorithm, len(trials[0].train))
    if isinstance(accepted, bool) or not isinstance(accepted, int | float) or not accepted > 0.0:  # pyright: ignore
        raise InputError(f"accepted={shown(accepted)} must be positive: no search reaches a mean cost of 0")
    per_decade = whole("per_decade", per_decade, 1, _MOST_ROWS, "rows of history for a factor of ten in presentations")
    workers = num_workers(thread_count(threads), len(trials))
    check_progress(progress)
    work = _Work(trials, algorithm, network, most, accepted, per_decade)
    progress.start(f"training by {algorithm.name}", len(trials))
    helpers = [Thread(target=work.do, daemon=True) for _ in range(workers - 1)]
    for helper in helpers:
        helper.start()
    try:
        work.do(progress)
        for helper in helpers:
            while helper.is_alive():
                helper.join(_PATIENCE)
                work.report(progress)
        work.report(progress)
    finally:
        work.stop()
        for helper in helpers:
            helper.join()
    work.check()
    runs = _measured_runs(trials, algorithm, network, work)
    progress.finish()
    return runs


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
    factor: float
    """By which presentations grow from one row of history to the next."""
    presentations: int = 0
    stop: Stop = Stop.BUDGET
    parameters: Floats = field(default_factory=lambda: np.empty(0))
    rows: list[tuple[int, Floats, float, float]] = field(default_factory=list[tuple[int, Floats, float, float]])

    def record(self, parameters: Floats, error: float, cost: float) -> int:
        """A row of history; the number of presentations at which the next one is due."""
        self.rows.append((self.presentations, parameters, error, cost))
        size = max(self.presentations, len(self.trial.train))
        return math.ceil(size * self.factor)

    def history(self) -> History:
        presentations, parameters, error, cost = zip(*self.rows, strict=True)
        return History(np.array(presentations), np.array(parameters), np.array(error), np.array(cost))


class _Work:
    """The trials that are left, shared by threads; each thread has a block of lanes of its own."""

    def __init__(
        self,
        trials: Sequence[Trial],
        algorithm: Algorithm,
        network: Network,
        budget: int,
        accepted: float,
        per_decade: int,
    ) -> None:
        self._algorithm = algorithm
        self._network = network
        self._budget = budget
        self._accepted = accepted
        self._steps = max(trial.train.steps for trial in trials)
        self._sequences = len(trials[0].train)
        self._left: Iterator[_Course] = iter(
            [_Course(trial, k, 10.0 ** (1.0 / per_decade)) for k, trial in enumerate(trials)]
        )
        self._lock = Lock()
        self._error: BaseException | None = None
        self._news = 0
        self._stopped = False
        self.ended: dict[int, _Course] = {}

    def do(self, progress: Progress | None = None) -> None:
        """Train trials until none are left; without ``progress``, as a helper of the thread that has it."""
        try:
            lanes = _Lanes(self._algorithm, self._network, self._steps, self._sequences, self._accepted)
            while not self._stopped and self._refill(lanes):
                ended = lanes.go_on(self._budget)
                with self._lock:
                    self.ended.update({course.number: course for course in ended})
                    self._news += len(ended)
                if progress is not None:
                    self.report(progress)
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

    def report(self, progress: Progress) -> None:
        """Tell how many trials have ended since this was last called."""
        with self._lock:
            news, self._news = self._news, 0
        if news:
            progress.advance(news)

    def stop(self) -> None:
        """Hand out no more trials, and leave those under way."""
        self._stopped = True

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
            network, steps, sequences, backwards=not self._searches, terms=algorithm.sees is Sees.TERMS,
            in_step=self._searches,
        )  # fmt: skip
        self._settings = np.array(algorithm.settings(), dtype=np.float64)
        self._courses: list[_Course | None] = [None] * LANES
        self._order = np.zeros((sequences, LANES), dtype=np.int64)
        self._wide = beside(self._place.block)
        self._now = new_courses()
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
        for counter in self._now:
            counter[lane] = 0
        self._now.state[lane] = State.RUNNING
        self._now.goal[lane] = trial.streak
        self._now.due[lane] = min(course.record(trial.initial.copy(), np.nan, np.nan), len(trial.train))
        self._courses[lane] = course

    def go_on(self, budget: int) -> list[_Course]:
        """Work on all lanes until one of them needs attention; the trials that ended, which leave their lanes."""
        self._work(budget)
        ended: list[_Course] = []
        for lane in np.flatnonzero((self._now.state > State.RUNNING) | (self._now.presentations >= self._now.due)):
            course = self._courses[lane]
            if course is None:
                continue
            self._look(int(lane), course)
            if self._now.state[lane] != State.RUNNING:
                course.stop = _STOPS[State(self._now.state[lane])]
                ended.append(course)
                self._leave(int(lane))
        return ended

    def _work(self, budget: int) -> None:
        algorithm, place = self._algorithm, self._place
        rounds = max(1, _STEPS // (place.steps * place.sequences))
        if self._searches:
            candidates(
                place.wiring, place.block, self._wide, self._now, algorithm.step, self._memory, self._settings,
                self._accepted, budget, rounds, place.sequences, place.steps,
            )  # fmt: skip
        else:
            epochs(
                place.wiring, place.block, self._now, int(algorithm.sees), algorithm.step, self._memory,
                self._settings, self._order, budget, rounds, place.steps,
            )  # fmt: skip

    def _look(self, lane: int, course: _Course) -> None:
        """Take down where a trial is."""
        now, parameters = self._now, self._place.parameters(lane)
        error, cost = now.errors[lane] / now.seen[lane], now.cost[lane]
        if self._searches and now.state[lane] != State.SOLVED:
            assert self._memory is not None
            parameters = self._memory[BEST : BEST + self._place.num_parameters, lane].copy()
            error, cost = self._memory[BEST_ERRORS, lane] / now.seen[lane], self._memory[BEST_COST, lane]
        course.presentations = int(now.presentations[lane])
        course.parameters = parameters
        now.due[lane] = course.record(parameters, float(error), float(cost))

    def _leave(self, lane: int) -> None:
        self._courses[lane] = None
        self._place.empty(lane)
        self._now.state[lane] = State.IDLE
        self._now.presentations[lane] = self._now.due[lane] = 0
