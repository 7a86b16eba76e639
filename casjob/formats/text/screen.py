"""The whole terminal, painted over and over, as a pager or an editor has it.

The alternate screen is never reflowed by a terminal that changes its size, and what was on the
screen before is there again afterwards, whatever was painted.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TextIO

_ENTER = "\x1b[?1049h\x1b[?7l\x1b[?25l"
"""The alternate screen, where lines are cut at its edge, without a cursor."""
_LEAVE = "\x1b[H\x1b[J\x1b[?25h\x1b[?7h\x1b[?1049l"
"""The same undone; a terminal that has one screen only is left empty."""
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronised output: a terminal that supports it shows what is in between at once."""
_HOME, _ERASE_LINE, _ERASE_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """The terminal, while it is open. In the background, nothing is painted.

    Args:
        write: writes to the terminal.
    """

    def __init__(self, write: Callable[[str | bytes], object]) -> None:
        self._write = write
        self._lines: Sequence[str] = ()
        self._undo: list[Callable[[], object]] = []
        self._echo = _Echo()
        self._is_up = False
        self._is_to_stop = False

    def open(self) -> None:
        """Take the terminal over; the signal that stops the program gives it back first."""
        if sys.platform != "win32" and signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            self._handle(signal.SIGTSTP, self._note_stop)
        self._enter()

    def close(self, *, keep: bool = True) -> None:
        """Give the terminal back.

        Args:
            keep: whether the last lines, without the footer, are left on it.
        """
        try:
            self._leave()
            if keep and self._undo:
                self._write("".join(f"{line}\n" for line in self._lines))
        finally:
            while self._undo:
                self._undo.pop()()

    def rows(self) -> int:
        """Return the terminal's rows at present."""
        return shutil.get_terminal_size().lines

    def paint(self, lines: Sequence[str], footer: str) -> None:
        """Paint lines in place of those painted before, and a line below them."""
        self._lines = lines
        # Erased before and not after, as the cursor stays on the last cell of a full row.
        painted = "".join(f"{_ERASE_LINE}{line}\n" for line in lines)
        if self._is_to_stop:
            self._stop()
        self._enter()
        if self._is_up:
            self._write(f"{_BEGIN}{_HOME}{painted}{_ERASE_BELOW}{footer}{_END}")

    def _enter(self) -> None:
        terminal = sys.stdout  # noqa: TID251 - asked, not written to
        if not self._is_up and not _is_in_background(terminal):
            self._is_up = True
            self._echo.hide()
            self._write(_ENTER)

    def _leave(self) -> None:
        try:
            if self._is_up:
                self._is_up = False
                self._write(_LEAVE)
        finally:
            self._echo.restore()

    def _handle(self, number: signal.Signals, handler: Callable[..., object]) -> None:
        self._undo.append(partial(signal.signal, number, signal.signal(number, handler)))

    def _note_stop(self, *_: object) -> None:
        # Not at once: a handler that takes long makes `SimpleQueue.get` forget its timeout.
        self._is_to_stop = True

    def _stop(self) -> None:
        """Stop until `fg` or `bg`, as if Ctrl-Z was not handled, with the terminal as it was."""
        self._is_to_stop = False
        self._leave()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)


class _Echo:
    """The echo of typed keys, which would shift what is painted."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def hide(self) -> None:
        keys = sys.stdin
        if sys.platform == "win32" or keys is None or not keys.isatty() or _is_in_background(keys):
            return
        import termios  # noqa: PLC0415 - Windows has none

        self._before = self._before or termios.tcgetattr(keys.fileno())
        silent = [*self._before]
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(keys.fileno(), termios.TCSANOW, silent)

    def restore(self) -> None:
        if sys.platform == "win32" or self._before is None or _is_in_background(sys.stdin):
            return
        import termios  # noqa: PLC0415 - Windows has none

        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)


def _is_in_background(stream: TextIO) -> bool:
    """Return whether another program has the terminal, and this one would be stopped."""
    try:
        return os.tcgetpgrp(stream.fileno()) != os.getpgrp()
    except OSError:
        # There is no terminal, or it controls another session.
        return False
