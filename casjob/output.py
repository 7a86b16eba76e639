"""Where the answer goes: stdout, and nothing else goes there."""

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper

from casjob.errors import UsageError


def write_text(text: str) -> bool:
    """Write plain text to stdout, and return whether anybody still reads it.

    Raises:
        UsageError: stdout can't be written.
    """

    def write(out: TextIOWrapper) -> None:
        out.reconfigure(errors="backslashreplace")
        out.write(text)

    return deliver(write)


def deliver(write: Callable[[TextIOWrapper], object]) -> bool:
    """Write to stdout, and return whether anybody still reads it: `head` ends it quietly.

    Raises:
        UsageError: stdout can't be written for another reason, such as a full disk.
    """
    out = sys.stdout
    if not isinstance(out, TextIOWrapper):
        # The program was started without a stdout: nobody reads, and nobody has had enough.
        return True
    try:
        write(out)
        out.flush()
    except OSError as error:
        broken = give_up_stdout(error)
        if not isinstance(error, BrokenPipeError):
            raise broken from error
        return False
    return True


def give_up_stdout(error: OSError) -> UsageError:
    """Return the error that a failed write is, and let nothing be written any more.

    What is still in the buffer goes nowhere, instead of failing again at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UsageError(f"stdout can't be written: {error.strerror}")
