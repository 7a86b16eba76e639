"""The process: how it starts, how signals end it, and how it exits."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_SIGNALLED = 128
"""The exit status is this plus the number of the signal, as in shells."""


class Terminated(BaseException):
    """A signal ends the program: Ctrl-C, `kill`, or a closed terminal.

    Not a `KeyboardInterrupt`, which Typer takes for Ctrl-C, whatever the signal was.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__()
        self.status = _SIGNALLED + signal_number


def start() -> None:
    """Prepare for start-up, in which a signal ends the program at once, without an exception.

    An exception raised inside an import prints a traceback of the import system, or leaves one of
    its locks held, on which the interpreter then waits forever at its exit.
    """
    _handle(_exit_at_once)
    sys.unraisablehook = _report_ignored
    # Start-up allocates much and frees nothing; without the collector it takes 10 % less time.
    gc.disable()


@contextmanager
def exiting_at_once() -> Iterator[None]:
    """Let a signal end the program at once in a `with` block, as it does in start-up."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _handle(_exit_at_once)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def unwind_on_signals() -> None:
    """From now on, let a signal raise `Terminated`, so that the terminal is cleaned up."""

    def unwind(number: int, _frame: object) -> NoReturn:
        raise Terminated(number)

    _handle(unwind)


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


def _exit_at_once(number: int, _frame: object) -> NoReturn:
    # A thread may draw progress until the exit: its stderr is taken away, and its line erased.
    with suppress(OSError):
        if os.isatty(2) and os.environ.get("TERM") != "dumb":
            terminal = os.dup(2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.write(terminal, b"\r\x1b[K")  # noqa: TID251 - the thread may hold a stream's lock
    os._exit(_SIGNALLED + number)


def _report_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    """Report an exception that Python ignores, without its text, which may be the service's."""
    facts = (ignored.exc_type, None, ignored.exc_traceback, ignored.err_msg, None)
    # typeshed does not know that it is made of a tuple.
    sys.__unraisablehook__(type(ignored)(facts))  # type: ignore[call-arg]


def _handle(handler: "signal._HANDLER") -> None:
    for number in _SIGNALS:
        # A signal that the parent ignores, as nohup does, stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
