"""The whole terminal, painted over and over by Rich, as a pager or an editor has it.

What was on the screen before is there again afterwards, and the alternate screen is never reflowed
by a terminal that changes its size.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from rich.console import ConsoleDimensions
from rich.live import Live

from casjob.formats.display import Display
from casjob.formats.text.terminal import open_console, to_segments
from casjob.formats.text.words import Line, replace_signs
from casjob.output import RichStream

_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""Cuts lines at the edge: a row that is wider than it was taken for must not move the others."""
_ERASE = "\x1b[H\x1b[J"
"""For a terminal that has one screen only."""
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronised output: a terminal that supports it shows what is in between at once."""


class Screen:
    """The terminal, while it is open. In the background, nothing is painted.

    Args:
        write: writes to the terminal.
        display: what a drawing adapts to.
    """

    def __init__(self, write: Callable[[str], object], display: Display) -> None:
        self._write = write
        self._console = open_console(
            display.width or 0,
            is_colored=display.is_colored,
            file=RichStream(lambda text: write(replace_signs(text, display.encoding))),
        )
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._is_to_stop = False
        self._undo = ExitStack()

    def open(self) -> None:
        """Let the signal that stops the program give the terminal back first."""
        if sys.platform != "win32" and signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            handler = signal.signal(signal.SIGTSTP, self._note_stop)
            self._undo.callback(signal.signal, signal.SIGTSTP, handler)

    def close(self) -> None:
        """Give the terminal back."""
        with self._undo:
            self._leave()

    def paint(self, rows: Sequence[Line]) -> None:
        """Paint rows in place of those painted before."""
        if self._is_to_stop:
            self._stop()
        if _is_in_background():
            return
        # At present: it may have changed its size.
        self._console.size = ConsoleDimensions(*shutil.get_terminal_size())
        if not self._live.is_started:
            self._live.start()
            self._write(_NO_WRAP)
        self._write(_BEGIN)
        self._live.update(to_segments(rows), refresh=True)
        self._write(_END)

    def _leave(self) -> None:
        if self._live.is_started:
            self._write(f"{_ERASE}{_WRAP}")
            self._live.stop()

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


def _is_in_background() -> bool:
    """Return whether another program has the terminal, and this one would be stopped."""
    try:
        terminal = sys.stdout  # noqa: TID251 - asked, not written to
        return os.tcgetpgrp(terminal.fileno()) != os.getpgrp()
    except OSError:
        # There is no terminal, or it controls another session.
        return False
