import math
import threading

import pytest

from casjob.api.pace import Pace


class Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


def send(pace: Pace, time: Time, count: int, *, urgent: bool = False) -> list[float]:
    """Return the moments at which so many requests pass that are all ready to be sent."""
    moments = []
    for _ in range(count):
        pace.wait(urgent=urgent)
        moments.append(time.now)
    return moments


def most_within(seconds: float, moments: list[float]) -> int:
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


def test_the_first_request_passes_at_once() -> None:
    time = Time()

    assert send(Pace(clock=time.clock, sleep=time.sleep), time, 1) == [1000.0]


def test_requests_never_reach_the_gateways_limits() -> None:
    time = Time()
    moments = send(Pace(clock=time.clock, sleep=time.sleep), time, 600)

    assert most_within(300, moments) <= 191
    assert most_within(1, moments) <= 5


def test_after_a_rest_a_burst_may_pass_again_within_the_limits() -> None:
    time = Time()
    pace = Pace(clock=time.clock, sleep=time.sleep)
    moments = send(pace, time, 200)
    for rest in (7, 60, 300):
        time.now += rest
        moments += send(pace, time, 100)

    assert most_within(300, moments) <= 195
    assert moments[-100] - moments[-101] == pytest.approx(300, abs=3)
    assert moments[-61] - moments[-100] == pytest.approx(39 * 0.25)


def test_without_a_rate_only_the_gap_counts() -> None:
    time = Time()
    moments = send(Pace(gap=0.05, burst=math.inf, clock=time.clock, sleep=time.sleep), time, 101)

    assert moments[-1] - moments[0] == pytest.approx(5)


def test_a_pace_slows_down_to_the_known_limit() -> None:
    time = Time()
    pace = Pace(burst=400, rate=5, clock=time.clock, sleep=time.sleep)
    before = send(pace, time, 50)
    pace.slow_down()
    after = send(pace, time, 50)

    assert before[-1] - before[0] == pytest.approx(49 * 0.25)
    assert after[-1] - after[0] == pytest.approx(49 * 2)


def test_threads_share_a_pace() -> None:
    time = Time()
    pace = Pace(gap=1, clock=time.clock, sleep=time.sleep)
    moments: list[float] = []
    threads = [
        threading.Thread(target=lambda: moments.extend(send(pace, time, 1))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.now == 1019
    assert len(moments) == 20


class TestUrgentRequests:
    def test_keep_no_gap(self) -> None:
        time = Time()
        pace = Pace(clock=time.clock, sleep=time.sleep)

        assert send(pace, time, 1) + send(pace, time, 10, urgent=True) == [1000.0] * 11
        assert send(pace, time, 1) == [1000.25]

    def test_pass_those_that_wait_which_then_wait_longer(self) -> None:
        time = Time()
        passed: list[float] = []

        def sleep(seconds: float) -> None:
            if not passed:
                time.sleep(1.5)
                passed.extend(send(pace, time, 3, urgent=True))
                time.sleep(-1.5 + seconds)
            else:
                time.sleep(seconds)

        pace = Pace(burst=1, clock=time.clock, sleep=sleep)

        assert send(pace, time, 2) == pytest.approx([1000, 1008])
        assert passed == [1001.5] * 3

    def test_beyond_the_lane_wait_for_the_rate(self) -> None:
        time = Time()
        pace = Pace(burst=5, clock=time.clock, sleep=time.sleep)
        moments = send(pace, time, 20, urgent=True)

        assert moments == [*[1000.0] * 17, 1002, 1004, 1006]

    def test_are_made_up_for_by_the_others(self) -> None:
        time = Time()
        pace = Pace(burst=5, clock=time.clock, sleep=time.sleep)
        send(pace, time, 9, urgent=True)

        assert send(pace, time, 3) == pytest.approx([1010, 1012, 1014])

    @pytest.mark.parametrize("of_ten", [1, 5, 9, 10])
    def test_never_reach_the_gateways_limit_with_the_others(self, of_ten: int) -> None:
        time = Time()
        pace = Pace(clock=time.clock, sleep=time.sleep)
        moments = []
        for number in range(1000):
            if number % 90 == 0:
                time.sleep(number / 5)
            moments += send(pace, time, 1, urgent=number % 10 < of_ten)

        assert 170 < most_within(300, moments) <= 200
