"""Random streams inside compiled loops against published numbers and a plain implementation."""

from __future__ import annotations

import numpy as np
import pytest
from scalar_learning import Stream

from dynlatch.lanes import LANES, lane_array
from dynlatch.learning.streams import key_for, new_streams, normal, shuffle, uniform, uniform_row

PUBLISHED = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
"""The first outputs of SplitMix64 for the seed 1234567."""


def test_the_oracle_gives_the_published_numbers() -> None:
    stream = Stream(1234567)
    assert [stream.word() for _ in PUBLISHED] == PUBLISHED


def test_uniform_numbers_are_the_upper_53_bits() -> None:
    streams = new_streams()
    streams[0, 5] = 1234567
    assert [uniform(streams, 5) * 2**53 for _ in PUBLISHED] == [word >> 11 for word in PUBLISHED]
    assert streams[1].tolist() == [len(PUBLISHED) if lane == 5 else 0 for lane in range(LANES)]


@pytest.mark.parametrize("key", [0, 1, 2**63, 2**64 - 1])
def test_every_key_gives_its_own_stream(key: int) -> None:
    streams, stream = new_streams(), Stream(key)
    streams[0, 0] = key
    assert [uniform(streams, 0) for _ in range(100)] == [stream.uniform() for _ in range(100)]


def test_a_number_is_used_up_only_where_a_sequence_has_begun() -> None:
    streams, rows, begin = new_streams(), lane_array(1), lane_array(1)
    streams[0], begin[0] = np.arange(LANES), np.arange(LANES)
    uniform_row(streams, rows, 0, begin, 7)
    assert streams[1].tolist() == [int(lane <= 7) for lane in range(LANES)]
    assert rows[0].tolist() == [Stream(lane).uniform() for lane in range(LANES)]


def test_shuffles_are_those_of_the_oracle_and_of_one_lane_only() -> None:
    streams, order = new_streams(), np.tile(np.arange(50)[:, None], (1, LANES))
    streams[0] = 99
    things, stream = list(range(50)), Stream(99)
    for _ in range(3):
        shuffle(streams, order, 3, 50)
        stream.shuffle(things)
    assert order[:, 3].tolist() == things
    assert order[:, 4].tolist() == list(range(50))


def test_shuffles_are_fair() -> None:
    """All 24 orders of 4 things: chi squared with 23 degrees of freedom; above 70 once in a million."""
    streams, order = new_streams(), np.tile(np.arange(4)[:, None], (1, LANES))
    streams[0, 0] = key_for(0, "fair")
    count = np.zeros(256)
    for _ in range(4800):
        shuffle(streams, order, 0, 4)
        count[int(order[:, 0] @ [64, 16, 4, 1])] += 1
    seen = count[count > 0]
    assert len(seen) == 24
    assert np.sum((seen - 200) ** 2 / 200) < 70


def test_normal_numbers_have_the_moments_of_a_normal_law() -> None:
    streams, count = new_streams(), 20_000
    streams[0, 0] = key_for(0, "normal")
    drawn = np.array([normal(streams, 0) for _ in range(count)])
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(np.mean(drawn**power) - moment) < 5 * np.sqrt(variance / count)
