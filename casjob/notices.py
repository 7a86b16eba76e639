"""stderr: notices, errors and progress."""

import os
import re
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from casjob.errors import CasjobError
from casjob.printable import printable

PROGRESS_AFTER = 0.5
"""Seconds before a person starts to wonder."""

_ERASE_LINE = "\r\x1b[K"
_COLUMNS = 80
"""Of a terminal that does not report its size."""
_COMMAND = re.compile(r"casjob [a-z]+(?: --[a-z-]+| [A-Z0-9_]+\b)*|--[a-z-]+ [A-Z_]+\b")
"""What users may paste, and is not split between two lines."""


class Notices:
    """Writes notices to stderr, one line each, with everything in them made printable.

    On a terminal, they are wrapped at words.

    Args:
        stream: stderr; None if the program was started without one.
        draws_progress: whether a line may be drawn and erased: on a terminal that can.
    """

    def __init__(self, stream: TextIO | None, *, draws_progress: bool = False) -> None:
        self._stream = stream
        self._draws_progress = draws_progress
        self._progress = ""
        self._lock = threading.Lock()

    def say(self, text: str, *, after_signal: bool = False) -> None:
        """Write a notice in a line that begins with the name of the program.

        Args:
            text: the notice.
            after_signal: whether to write it over the ^C that a terminal echoes.
        """
        start = _ERASE_LINE if after_signal and self._draws_progress else ""
        self._write(start + self._wrap(f"casjob: {printable(text)}") + "\n")

    def explain(self, error: CasjobError) -> None:
        """Write what went wrong, what the service said about it, and what to do next."""
        lines = [self._wrap(f"casjob: {printable(error.message)}")]
        if error.said:
            lines.append(self._wrap(f"  the service said: {printable(error.said)}"))
        if error.hint:
            lines.append(self._wrap(f"  hint: {printable(error.hint)}"))
        lines += map(printable, error.steps)
        self._write("".join(f"{line}\n" for line in lines))

    @contextmanager
    def progress(self, text: str, unit: str = "tasks") -> Iterator["Progress"]:
        """Draw a line about something that takes long; erase it at the end.

        Args:
            text: what takes long.
            unit: what is counted meanwhile.
        """
        progress = Progress(text, unit)
        if not self._draws_progress:
            yield progress
            return
        ended = threading.Event()
        drawing = threading.Thread(target=self._draw, args=(progress, ended), daemon=True)
        drawing.start()
        try:
            yield progress
        finally:
            ended.set()
            drawing.join()
            self._show_progress("")

    def _draw(self, progress: "Progress", ended: threading.Event) -> None:
        wait = PROGRESS_AFTER
        while not ended.wait(wait):
            self._show_progress(progress.text)
            wait = 0.1

    def _show_progress(self, text: str) -> None:
        # A line that the terminal wraps can't be erased.
        text = text[: (self._columns() or _COLUMNS) - 1]
        with self._lock:
            if text != self._progress:
                self._progress = text
                self._put(_ERASE_LINE + text)

    def _wrap(self, line: str) -> str:
        columns = self._columns()
        if columns is None:
            return line
        # Nothing that is printable contains a NUL.
        bound = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), line)
        return textwrap.fill(
            bound,
            columns,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        ).replace("\0", " ")

    def _columns(self) -> int | None:
        """Return the terminal's columns; None if stderr is not a terminal."""
        # Not shutil's: that asks stdout, which may be a pipe.
        with suppress(OSError, ValueError):
            if self._stream:
                return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        return None

    def _write(self, lines: str) -> None:
        with self._lock:
            self._put(_ERASE_LINE + lines + self._progress if self._progress else lines)

    def _put(self, text: str) -> None:
        if self._stream is None or self._stream.closed:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            # A stderr that is full, or that nobody reads, must not keep the output from stdout.
            # What stays in its buffer would fail again at exit, and change the exit status.
            with suppress(OSError):
                self._stream.close()


class Progress:
    """How far something is, as text."""

    def __init__(self, text: str, unit: str) -> None:
        self._about = text
        self._unit = unit
        self.text = text

    def count(self, came: int, count: int | None) -> None:
        """Take how many were received, and of how many if that is known."""
        of = "" if count is None else f" of {count}"
        self.text = f"{self._about}: {came}{of} {self._unit}"
