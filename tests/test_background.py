import threading

import pytest

from casjob.background import run_aside, run_interruptibly


def test_a_call_runs_beside_its_caller() -> None:
    let_go = threading.Event()
    answer = run_aside(lambda: let_go.wait(5) and threading.current_thread())

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

    failing = run_aside(fail)

    with pytest.raises(error, match="no"):
        failing.result(timeout=5)


def test_the_main_thread_only_waits_for_what_it_must_be_able_to_interrupt() -> None:
    thread = run_interruptibly(threading.current_thread)

    assert thread is not threading.main_thread()
    assert thread.daemon


def test_any_other_thread_does_it_itself() -> None:
    threads = run_aside(
        lambda: (threading.current_thread(), run_interruptibly(threading.current_thread))
    ).result(timeout=5)

    assert threads[0] is threads[1]


def test_what_it_raises_is_raised_in_the_main_thread() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_interruptibly(fail)
