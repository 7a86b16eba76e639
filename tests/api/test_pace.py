import math
import threading

import pytest

from casjob.api import components
from casjob.api.pace import BURST, RATE, Pace
from casjob.commands import stats


class Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


def send(pace: Pace, time: Time, count: int) -> list[float]:
    """Return the moments at which so many requests pass that are all ready to be sent."""
    moments = []
    for _ in range(count):
        pace.wait()
        moments.append(time.now)
    return moments


def most_within(seconds: float, moments: list[float]) -> int:
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


def test_two_requests_pass_at_once_after_a_rest() -> None:
    time = Time()
    pace = Pace(clock=time.clock, sleep=time.sleep)
    assert send(pace, time, 4) == [1000.0, 1000.0, 1000.25, 1000.5]
    time.now += 60
    assert send(pace, time, 3) == [1060.5, 1060.5, 1060.75]


@pytest.mark.parametrize(
    ("burst", "rate"),
    [(BURST, RATE), (stats.BURST, stats.RATE), (components.BURST, components.RATE)],
)
def test_requests_never_reach_the_gateways_limits(burst: float, rate: float) -> None:
    time = Time()
    pace = Pace(burst=burst, rate=rate, clock=time.clock, sleep=time.sleep)
    moments = send(pace, time, 600)

    assert most_within(300, moments) < 200
    assert most_within(1, moments) <= 5


def test_after_a_rest_a_burst_may_pass_again_within_the_limits() -> None:
    time = Time()
    pace = Pace(clock=time.clock, sleep=time.sleep)
    moments = send(pace, time, 200)
    for rest in (7, 60, 300):
        time.now += rest
        moments += send(pace, time, 100)

    assert most_within(300, moments) <= 200
    assert moments[-100] - moments[-101] == pytest.approx(300, abs=3)
    assert moments[-61] - moments[-100] == pytest.approx(38 * 0.25)


def test_without_a_rate_only_the_gap_counts() -> None:
    time = Time()
    moments = send(Pace(gap=0.05, burst=math.inf, clock=time.clock, sleep=time.sleep), time, 101)

    assert moments[-1] - moments[0] == pytest.approx(99 * 0.05)


def test_a_pace_slows_down_to_the_known_limit() -> None:
    time = Time()
    pace = Pace(burst=400, rate=5, clock=time.clock, sleep=time.sleep)
    before = send(pace, time, 50)
    pace.slow_down()
    after = send(pace, time, 50)

    assert before[-1] - before[0] == pytest.approx(48 * 0.25)
    assert after[-1] - after[0] == pytest.approx(49 * 2)


def test_threads_share_a_pace() -> None:
    sleeps: list[float] = []
    pace = Pace(gap=1, clock=lambda: 1000.0, sleep=sleeps.append)
    threads = [threading.Thread(target=pace.wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(sleeps) == [0, *range(19)]
