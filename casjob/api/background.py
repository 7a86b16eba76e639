"""Calls that run aside, so that whoever waits for them can stop waiting."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Answer = TypeVar("_Answer")


def run_aside(call: Callable[[], _Answer]) -> "Future[_Answer]":
    """Run a call in a daemon thread.

    A daemon, since a read that hangs must hold up neither Ctrl-C nor the end of the program;
    an executor's threads would be waited for.
    """
    future: Future[_Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
