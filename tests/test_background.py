import threading
from functools import partial

import pytest

from casjob.background import NEVER, Deadline, run_in_thread, run_side_by_side
from casjob.errors import ExitStatus, TimedOutError
from tests.terminal import PATIENCE


def test_a_call_runs_beside_its_caller() -> None:
    let_go = threading.Event()
    answer = run_in_thread(lambda: let_go.wait(5) and threading.current_thread())

    assert not answer.done()
    let_go.set()

    thread = answer.result(timeout=5)
    assert isinstance(thread, threading.Thread)
    assert thread is not threading.current_thread()
    assert thread.daemon, "else it would hold up the end of the program"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_it_raises_is_raised_where_it_is_waited_for(error: type[BaseException]) -> None:
    def fail() -> None:
        raise error("no")

    failing = run_in_thread(fail)

    with pytest.raises(error, match="no"):
        failing.result(timeout=5)


def test_calls_side_by_side_return_in_their_order_and_few_at_a_time() -> None:
    let_go = threading.Event()
    begun = []

    def call(number: int) -> int:
        begun.append(number)
        assert number or let_go.wait(5)
        return number

    results = run_side_by_side((partial(call, number) for number in range(9)), 3)
    threading.Timer(0.1, let_go.set).start()

    assert next(results) == 0
    assert set(begun) <= {0, 1, 2}
    assert list(results) == [*range(1, 9)]


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
