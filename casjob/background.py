"""Calls in threads of their own, so that their callers can stop waiting."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Value = TypeVar("_Value")


def run_aside(call: Callable[[], _Value]) -> "Future[_Value]":
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


def run_interruptibly(call: Callable[[], _Value]) -> _Value:
    """Return the result of a call, for which the main thread only waits.

    A signal raises its exception wherever the main thread is. Inside a library, that could leave a
    lock held forever.
    """
    if threading.current_thread() is threading.main_thread():
        return run_aside(call).result()
    return call()
