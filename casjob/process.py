"""The process: how it starts, how signals end it, and how it exits."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

_ENDING_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_SIGNALLED = 128
"""The exit status is this plus the number of the signal, as in shells."""


class Ended(BaseException):
    """A signal ends the program: Ctrl-C, `kill`, or a closed terminal.

    Not a `KeyboardInterrupt`, which Typer takes for Ctrl-C, whatever the signal was.

    Args:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = _SIGNALLED + number


def start() -> None:
    """Prepare for start-up, in which a signal ends the program at once, without an exception.

    An exception raised inside an import prints a traceback of the import system, or leaves one of
    its locks held, on which the interpreter then waits forever at its exit.
    """
    _handle(lambda number, _frame: os._exit(_SIGNALLED + number))
    sys.unraisablehook = _report_ignored
    # Start-up allocates much and frees nothing; without the collector it takes 10 % less time.
    gc.disable()


@contextmanager
def hide(module: str) -> Iterator[None]:
    """Hide a module from imports in a `with` block, unless it is loaded already.

    By the import system's reference, None in `sys.modules` makes an import fail.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # typeshed knows only modules there
    try:
        yield
    finally:
        del sys.modules[module]


def unwind_on_signals() -> None:
    """From now on, let a signal raise `Ended`, so that drawings and the terminal are cleaned up."""
    _handle(_Unwinder())


def raise_signalled() -> None:
    """Raise `Ended` if a signal came since `unwind_on_signals`, and Python ignored its exception.

    It ignores what is raised while a generator is closed, or an object finalized. Long-running
    loops call this repeatedly.

    Raises:
        Ended: a signal came.
    """
    for number in _ENDING_SIGNALS:
        handler = signal.getsignal(number)
        if isinstance(handler, _Unwinder) and handler.came:
            raise handler.came


def run_long() -> None:
    """Collect garbage from now on: without it, a process that runs for hours would grow."""
    gc.enable()


def finish(status: int) -> NoReturn:
    """Exit with a status, at once.

    The interpreter's own shutdown takes 20 % of the run time, and waits forever for a lock that a
    signal left held, or for a thread that still reads stdin.
    """
    for stream in (sys.stdout, sys.stderr):  # noqa: TID251 - flushed, not written to
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


class _Unwinder:
    """Handles signals by raising `Ended`.

    Attributes:
        came: what was raised last.
    """

    def __init__(self) -> None:
        self.came: Ended | None = None

    def __call__(self, number: int, _frame: object) -> NoReturn:
        self.came = Ended(number)
        raise self.came


def _report_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    """Report an exception that Python ignores, unless it is a signal's.

    It is reported without its text, which may be the service's.
    """
    if not isinstance(ignored.exc_value, Ended):
        facts = (ignored.exc_type, None, ignored.exc_traceback, ignored.err_msg, None)
        # typeshed does not know that it is made of a tuple.
        sys.__unraisablehook__(type(ignored)(facts))  # type: ignore[call-arg]


def _handle(handler: "signal._HANDLER") -> None:
    for number in _ENDING_SIGNALS:
        # A signal that the parent ignores, as nohup does, stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
