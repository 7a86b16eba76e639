"""A part of the terminal that is painted over and over.

`rich.live` does the same, but counts an old line as one row after the terminal got narrower,
and so leaves remains of old pictures behind a resize.
"""

import math
import os
import shutil
import signal
import sys
from collections.abc import Callable

from rich.text import Text

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronised output: a terminal that supports it shows what is in between at once."""
_ERASE_TO_END_OF_LINE, _ERASE_BELOW = "\x1b[K", "\x1b[J"


class Screen:
    """The lines below the cursor, while it is open.

    Args:
        write: writes to the terminal.
    """

    def __init__(self, write: Callable[[str | bytes], object]) -> None:
        self._write = write
        self._painted: list[str] = []
        self._undo: list[Callable[[], None]] = []

    def open(self) -> None:
        """Hide the cursor and typed keys; signals that end the program restore both."""
        self._undo = [_end_on_signals(), _stop_echo()]
        self._write(_HIDE_CURSOR)

    def close(self) -> None:
        """Restore the terminal; what is painted stays."""
        try:
            self._write(_SHOW_CURSOR)
        finally:
            while self._undo:
                self._undo.pop()()

    def size(self) -> tuple[int, int]:
        """Return the columns and rows at present."""
        return shutil.get_terminal_size()

    def paint(self, lines: list[str]) -> None:
        """Paint lines in place of those painted before."""
        columns, _ = self.size()
        # At the present width: after a resize, an old line may take several rows.
        up = sum(count_rows(line, columns) for line in self._painted)
        parts = [_BEGIN, f"\x1b[{up}A" if up else "", "\r"]
        for line in lines:
            # After a full row, the cursor is still on its last cell, and would erase that.
            is_full = line and _measure(line) % columns == 0
            parts += [line, "" if is_full else _ERASE_TO_END_OF_LINE, "\n"]
        parts += [_ERASE_BELOW, _END]
        self._write("".join(parts))
        self._painted = lines


def count_rows(line: str, columns: int) -> int:
    """Return how many rows of the terminal a line takes."""
    return max(1, math.ceil(_measure(line) / columns))


def _measure(line: str) -> int:
    return Text.from_ansi(line).cell_len


def _end_on_signals() -> Callable[[], None]:
    """Let `kill` and a closed terminal end the program in a way that restores cursor and echo.

    Returns:
        What restores the handlers.
    """

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = [(number, signal.signal(number, end)) for number in numbers]

    def restore() -> None:
        for number, handler in before:
            signal.signal(number, handler)

    return restore


def _stop_echo() -> Callable[[], None]:
    """Keep typed keys off the screen, where they would shift the drawing.

    Returns:
        What restores the echo.
    """
    keys = sys.stdin
    if sys.platform == "win32" or keys is None or not keys.isatty() or not _is_ours(keys.fileno()):
        return lambda: None
    import termios  # noqa: PLC0415 - Windows has none

    terminal = keys.fileno()
    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] = before[3] & ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, silent)
    return lambda: termios.tcsetattr(terminal, termios.TCSANOW, before)


def _is_ours(terminal: int) -> bool:
    """Return whether the program is in the terminal's foreground; else it would be stopped."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        # The terminal controls another session.
        return False
