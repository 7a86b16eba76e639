"""Calls in threads of their own, so that their callers can stop waiting."""

import threading
from collections.abc import Callable
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
