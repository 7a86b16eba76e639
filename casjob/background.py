"""Calls in threads of their own, so that their callers can stop waiting."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

_Value = TypeVar("_Value")


def run_in_thread(call: Callable[[], _Value]) -> "Future[_Value]":
    """Run a call in a thread of its own.

    The thread is a daemon, since a hanging read must block neither Ctrl-C nor the end of the
    program; an executor's threads would be waited for.
    """
    future: Future[_Value] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def run_side_by_side(calls: Iterable[Callable[[], _Value]], at_a_time: int) -> Iterator[_Value]:
    """Yield what calls return, in their order; so many are under way or waited for at a time."""
    running: deque[Future[_Value]] = deque()
    for call in calls:
        running.append(run_in_thread(call))
        if len(running) == at_a_time:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()
