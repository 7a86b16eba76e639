import threading

import pytest

from casjob.deadline import NEVER, Deadline
from casjob.errors import ExitStatus, TimedOutError
from tests.terminal import PATIENCE


def test_what_comes_in_time_is_returned() -> None:
    assert Deadline(PATIENCE).wait_for("a number", lambda: 7) == 7
    assert NEVER.wait_for("a number", lambda: 7) == 7


def test_what_is_raised_in_time_is_raised() -> None:
    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        Deadline(PATIENCE).wait_for("a failure", fail)


def test_what_takes_longer_is_left_behind() -> None:
    let_go = threading.Event()

    with pytest.raises(TimedOutError) as raised:
        Deadline(0.05).wait_for("an event", lambda: let_go.wait(PATIENCE))

    let_go.set()
    assert raised.value.message == "--timeout 0.05s passed while waiting for an event"
    assert raised.value.status is ExitStatus.TIMED_OUT


def test_a_timeout_of_centuries_can_be_waited_for() -> None:
    assert Deadline(9e9 * 3600).wait_for("a number", lambda: 7) == 7


def test_a_check_fails_only_once_time_is_up() -> None:
    NEVER.check("anything")
    Deadline(PATIENCE).check("anything")
    with pytest.raises(TimedOutError):
        Deadline(0).check("anything")
