"""Calls in threads of their own, so that their callers can stop waiting.

The threads are daemons, since a hanging read must block neither Ctrl-C nor the end of the program;
an executor's threads would be waited for.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Self, TypeVar

_Value = TypeVar("_Value")


def run_aside(call: Callable[[], _Value]) -> "Future[_Value]":
    """Run a call in a thread of its own."""
    with Workers() as workers:
        return workers.run(call)


class Workers:
    """Threads that are reused, as starting one takes longer than most calls.

    There is one for each call under way, so that no call waits for another, which may hang.
    """

    def __init__(self) -> None:
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._count = 0
        self._idle = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def run(self, call: Callable[[], _Value]) -> "Future[_Value]":
        """Run a call at the same time as all others."""
        future: Future[_Value] = Future()
        self._work.put((future, call))
        with self._lock:
            if self._idle:
                self._idle -= 1
            else:
                self._count += 1
                threading.Thread(target=self._run, daemon=True).start()
        return future

    def close(self) -> None:
        """Let each thread end after its call."""
        for _ in range(self._count):
            self._work.put(None)

    def _run(self) -> None:
        while work := self._work.get():
            future, call = work
            settle: Callable[[Any], None] = future.set_result
            try:
                outcome = call()
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                settle, outcome = future.set_exception, error
            # Before the caller gets the result, as it may make the next call at once.
            with self._lock:
                self._idle += 1
            settle(outcome)
