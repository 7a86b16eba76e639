import threading

import pytest

from casjob.background import Workers, run_aside


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


def test_workers_run_one_call_after_another_in_the_same_thread() -> None:
    with Workers() as workers:
        threads = {workers.run(threading.current_thread).result(timeout=5) for _ in range(9)}

    assert len(threads) == 1


def test_workers_run_a_call_beside_one_that_hangs() -> None:
    let_go = threading.Event()
    with Workers() as workers:
        hanging = workers.run(lambda: let_go.wait(5))
        assert workers.run(lambda: "done").result(timeout=5) == "done"
        assert not hanging.done()
        let_go.set()

        assert hanging.result(timeout=5)


def test_workers_end_after_their_calls() -> None:
    let_go = threading.Event()
    with Workers() as workers:
        idle = workers.run(threading.current_thread).result(timeout=5)
        running = workers.run(lambda: let_go.wait(5) and threading.current_thread())

    let_go.set()
    thread = running.result(timeout=5)
    assert isinstance(thread, threading.Thread)
    for each in (idle, thread):
        each.join(5)
        assert not each.is_alive()
