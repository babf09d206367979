"""Basin stability: the share of a box's states that go to each attractor, each with a binomial interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from dynlatch.errors import InputError
from dynlatch.maps.definition import Box, Map
from dynlatch.metrics.boundary import checked_confidence
from dynlatch.progress import SILENT, Progress
from dynlatch.regions.attractors import Attractors
from dynlatch.regions.basins import MAX_STEPS, prepare
from dynlatch.regions.labels import Label, label_counts
from dynlatch.seeds import rng_for

SAMPLES: Final = 10_000
MAX_SAMPLES: Final = 10**11
INTERVALS: Final = ("exact", "wilson")
_PART: Final = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Share:
    """The share of the sampled states that carry one label, and its binomial interval."""

    label: int
    name: str
    count: int
    share: float
    interval: tuple[float, float]

    def __repr__(self) -> str:
        return f"{self.name} ({self.label}): {self.share:.5f} in [{self.interval[0]:.5f}, {self.interval[1]:.5f}]"


@dataclass(frozen=True, slots=True, repr=False)
class BasinStability:
    """Where uniformly random states of ``box`` go: one ``Share`` per attractor and per other label that occurred.

    Each interval holds the true share of the box's volume with probability ``confidence`` or more (``exact``) or about
    that (``wilson``), each by itself, over the draw of the sample. It covers the sampling error, and nothing else: not
    rounding, not an attractor that phase 1 missed. Rigor: sampled.
    """

    map: Map
    box: Box
    attractors: Attractors
    shares: tuple[Share, ...]
    samples: int
    confidence: float
    method: str
    max_steps: int
    seed: int

    @property
    def fractions(self) -> dict[int, float]:
        """The share of each label."""
        return {s.label: s.share for s in self.shares}

    def __getitem__(self, label: int) -> Share:
        for share in self.shares:
            if share.label == label:
                return share
        raise KeyError(label)

    def __repr__(self) -> str:
        shares = "; ".join(map(repr, self.shares))
        return (
            f"BasinStability of {self.map.name} from {self.samples} states ({shares}; {self.method} intervals at "
            f"{self.confidence:.0%})"
        )


def basin_stability(
    m: Map,
    box: object = None,
    *,
    samples: int = SAMPLES,
    attractors: Attractors | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    method: str = "exact",
    max_steps: int = MAX_STEPS,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> BasinStability:
    """Estimate what share of a box's volume goes to each attractor, from uniformly random states.

    States get the label that ``basins`` would give them. The share p of a label is estimated by k / N; the ``exact``
    interval (Clopper and Pearson) has the ends at which k or more, or k or fewer, have probability (1 - confidence) /
    2, the ``wilson`` interval is that of the score test, mostly a little shorter.

    Arguments: ``box``, one (lo, hi) per state, by default the map's domain; ``samples``, N; ``attractors`` to skip
    phase 1; ``seed`` of the sample and of phase 1; ``max_steps`` before a state is called out of time.
    Raises: InputError for a bad box or step count, fewer than one sample, a confidence not between 0 and 1, or an
    unknown method.
    Source: Menck, Heitzig, Marwan and Kurths 2013. Rigor: sampled. Cost: tens of nanoseconds a state; memory for a
    million states whatever N.

    >>> from dynlatch.maps.catalogue import neuron
    >>> basin_stability(neuron(2), (-1, 3), samples=1000)[1].share
    0.747
    """
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or not 1 <= samples <= MAX_SAMPLES:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"samples={samples} must be a whole number from 1 to {MAX_SAMPLES}; give 10000, say")
    if method not in INTERVALS:
        raise InputError(f"method={method!r} is no interval known here; give {' or '.join(INTERVALS)}")
    level, total = checked_confidence(confidence), int(samples)
    run = prepare(m, box, 1, [str(s) for s in m.states], None, attractors, max_steps, seed, progress)
    counts: dict[int, int] = dict.fromkeys(range(len(run.attractors)), 0)
    for states in _random_states(m, run.grid.sides, total, seed):
        labels, _ = run.label_states(states, threads=threads, progress=progress)
        for label, count in label_counts(labels).items():
            counts[label] = counts.get(label, 0) + count
    shares = tuple(
        Share(label, _name(run.attractors, label), count, count / total, binomial_interval(count, total, level, method))
        for label, count in sorted(counts.items(), key=lambda pair: (pair[0] < 0, abs(pair[0])))
    )
    return BasinStability(m, run.grid.sides, run.attractors, shares, total, level, method, max_steps, seed)


def _random_states(m: Map, box: Box, total: int, seed: int) -> Iterator[np.ndarray]:
    """Uniform states in parts; the stream does not depend on how it is cut."""
    rng = rng_for(seed, "basin stability", m.content_hash)
    lo, width = np.array([float(a) for a, _ in box]), np.array([float(b - a) for a, b in box])
    for start in range(0, total, _PART):
        yield (lo + width * rng.random((min(_PART, total - start), len(box)))).T


def _name(attractors: Attractors, label: int) -> str:
    return attractors[label].name if label >= 0 else Label(label).name.lower().replace("_", " ")


def binomial_interval(count: int, total: int, confidence: float, method: str) -> tuple[float, float]:
    """The interval for the share of a binomial sample, ``exact`` or ``wilson``. Cost: about 0.1 ms."""
    from scipy.stats import binomtest  # takes long to import

    interval = binomtest(count, total).proportion_ci(confidence, method)
    return float(interval.low), float(interval.high)
