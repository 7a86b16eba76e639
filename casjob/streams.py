"""The two streams: stdout carries output and nothing else, stderr all other words.

A file that takes the place of stdout is written here too.
"""

import math
import os
import re
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import StringIO, TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from casjob.errors import CasjobError, OutputError
from casjob.files import check_writable, write_whole
from casjob.printable import printable

if TYPE_CHECKING:
    from rich.live import Live

PROGRESS_AFTER = 0.5
"""Seconds before a person starts to wonder."""

_LABEL_COLORS = {"casjob:": "\x1b[1;31m", "  hint:": "\x1b[36m"}
"""What an error's lines begin with, in the terminal's own colours; Rich is too slow to load."""
_ERASE_LINE = "\r\x1b[K"
_COLUMNS = 80
"""Of a terminal that does not report its size."""
_COMMAND = re.compile(r"casjob [a-z]+(?: --[a-z-]+| [A-Z0-9_]+\b)*|--[a-z-]+ [A-Z_]+\b")
"""What users may paste, and is not split between two lines."""
_LONGEST = 500
"""Characters of a line that are shown: a name that the service sends may have a million."""


class Output:
    """Writes to stdout; nothing else does.

    Args:
        stream: stdout; None if the program was started without one.

    Attributes:
        has_reader: false once the reader of a pipe has gone.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream if isinstance(stream, TextIOWrapper) else None
        self.has_reader = True

    @classmethod
    def on_stdout(cls) -> Self:
        """Return what writes to the process's stdout."""
        return cls(sys.stdout)  # noqa: TID251 - the one way to it

    @property
    def is_terminal(self) -> bool:
        """Whether stdout is a terminal."""
        return self._stream is not None and self._stream.isatty()

    @property
    def encoding(self) -> str:
        """The encoding of text."""
        return self._stream.encoding if self._stream else "utf-8"

    def write(self, content: str | bytes) -> bool:
        """Write text, or bytes as they are, and flush them.

        Characters that the encoding can't represent are escaped.

        Returns:
            False once the reader of a pipe has gone, as `head` does; True before.

        Raises:
            OutputError: stdout is closed, or can't be written: a full disk, say.
        """
        if self._stream is None:
            raise OutputError("stdout is closed")
        if isinstance(content, str):
            content = content.encode(self._stream.encoding, "backslashreplace")
        try:
            self._stream.buffer.write(content)
            self._stream.buffer.flush()
        except OSError as error:
            self.handle_write_error(error)
            return False
        return True

    def handle_write_error(self, error: OSError) -> None:
        """Raise an error for a failed write, unless the reader of a pipe has gone.

        Raises:
            OutputError: the write failed for another reason.
        """
        self.has_reader = False
        if self._stream:
            # Discard what is still buffered, so that flushing does not fail again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"can't write to stdout: {error.strerror}") from error


class OutputFile:
    """A file for output in UTF-8, written whole or not at all."""

    def __init__(self, path: Path, *, mode: int | None = None) -> None:
        self._path = path
        self._mode = mode

    def check(self) -> None:
        """Check that the file can be written, before minutes are spent on its content.

        Raises:
            OutputError: it can't be.
        """
        with self._explaining():
            check_writable(self._path)

    def write(self, content: str | bytes) -> None:
        """Write the file; a pipe that nobody reads any longer is no error.

        Raises:
            OutputError: it can't be written; an existing file is unchanged.
        """
        with self._explaining(), suppress(BrokenPipeError):
            content = content.encode() if isinstance(content, str) else content
            write_whole(self._path, content, mode=self._mode)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"can't write to {self._path}: {reason}") from error


class Notices:
    """Writes to stderr; nothing else does.

    Whatever a line is made of, it can't control the terminal, fake another line, or be endless.
    On a terminal, lines are wrapped at words; on one that can, progress is drawn and erased.
    The stream is None if the program was started without one.
    """

    def __init__(
        self, stream: TextIO | None, *, draws_progress: bool = False, is_colored: bool = False
    ) -> None:
        self._stream = stream
        self._is_colored = is_colored
        self._draws_progress = draws_progress
        self.height = 0
        """Rows of the terminal that have been written and stay; 0 if stderr is none."""
        self._live: Live | None = None
        self._lock = threading.RLock()

    @classmethod
    def on_stderr(cls, words: Sequence[str]) -> Self:
        """Return what writes to the process's stderr.

        Of the command line, it is known before it is parsed whether it may use colour: that the
        command line is wrong is an error too.
        """
        stream: TextIO | None = sys.stderr  # noqa: TID251 - the one way to it
        is_terminal = stream is not None and stream.isatty()
        is_able = is_terminal and os.environ.get("TERM") != "dumb"
        is_plain = "--color=never" in words or ("--color", "never") in pairwise(words)
        is_colored = is_able and not is_plain and not os.environ.get("NO_COLOR")
        return cls(stream, draws_progress=is_able, is_colored=is_colored)

    def say(self, text: str, *, after_signal: bool = False) -> None:
        """Write a notice; after a signal, over the ^C that a terminal echoes."""
        self._write([f"casjob: {text}"], erase=after_signal and self._draws_progress)

    def explain(self, error: CasjobError) -> None:
        """Write what went wrong, what the service said about it, and what to do next."""
        lines = [f"casjob: {error.message}"]
        if error.service_message:
            lines.append(f"  the service said: {error.service_message}")
        if error.hint:
            lines.append(f"  hint: {error.hint}")
        self._write(lines, error.steps, is_error=True)

    @contextmanager
    def progress(self, text: str, unit: str = "tasks") -> Iterator["Progress"]:
        """Draw a line about something that takes long, and what is counted; erased at the end."""
        progress = Progress(text, unit)
        if not self._draws_progress:
            yield progress
            return
        # Rich is loaded only if it takes long.
        timer = threading.Timer(PROGRESS_AFTER, self._start_live, [progress])
        timer.daemon = True
        timer.start()
        try:
            yield progress
        finally:
            timer.cancel()
            timer.join()
            self._stop_live()

    def _start_live(self, progress: "Progress") -> None:
        from rich.console import Console, ConsoleDimensions
        from rich.live import Live
        from rich.text import Text

        console = Console(
            file=RichStream(self._put), force_terminal=True, color_system=None, legacy_windows=False
        )

        def draw() -> Text:
            # At present, and not at the last column: a line that wraps can't be erased.
            console.size = ConsoleDimensions((self._columns() or _COLUMNS) - 1, height=1)
            return Text(_make_safe(progress.text), no_wrap=True, overflow="crop")

        with self._lock:
            self._live = Live(
                get_renderable=draw,
                console=console,
                refresh_per_second=10,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)
            # Rich hides it, and Ctrl-Z would leave the shell without.
            console.show_cursor()

    def _stop_live(self) -> None:
        with self._lock:
            if self._live:
                self._live.stop()
            self._live = None

    def _wrap(self, line: str) -> str:
        columns = self._columns()
        if columns is None:
            return line
        # Nothing that is printable contains a NUL.
        bound = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), line)
        rows = textwrap.wrap(
            bound,
            columns,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        # An id or an address is to be copied: without the indent, it may just fit.
        kept = (row if len(row) <= columns else row.lstrip() for row in rows)
        return "\n".join(kept).replace("\0", " ")

    def _columns(self) -> int | None:
        """Return the terminal's columns; None if stderr is not a terminal."""
        # Not shutil's: that asks stdout, which may be a pipe.
        with suppress(OSError, ValueError):
            if self._stream:
                return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        return None

    def _write(
        self,
        lines: Iterable[str],
        steps: Iterable[str] = (),
        *,
        erase: bool = False,
        is_error: bool = False,
    ) -> None:
        """Write lines, above the progress: all of it is made safe here, and only here.

        The steps are not wrapped, as they may be pasted. What is in the last line may be erased.
        """
        rows = [*map(self._wrap, map(_make_safe, lines))]
        if is_error and self._is_colored:
            rows = [*map(_color_label, rows)]
        rows += map(_make_safe, steps)
        text = "".join(f"{row}\n" for row in rows)
        columns = self._columns()
        with self._lock:
            if columns:
                self.height += sum(math.ceil(len(row) / columns) for row in text.splitlines())
            if self._live:
                self._live.console.out(text, end="", highlight=False)
            else:
                self._put((_ERASE_LINE if erase else "") + text)

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


class RichStream(StringIO):
    """What Rich writes to, which passes each text on at once."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def write(self, text: str) -> int:
        """Write it at once."""
        self._write(text)
        return len(text)


class Progress:
    """How far something is, as text."""

    def __init__(self, text: str, unit: str) -> None:
        self._about = text
        self._unit = unit
        self.text = text

    def count(self, received: int, count: int | None, unit: str | None = None) -> None:
        """Take how many were received, and of how many if that is known; other units are named."""
        of = "" if count is None else f" of {count}"
        self.text = f"{self._about}: {received}{of} {unit or self._unit}"


def _color_label(line: str) -> str:
    for label, color in _LABEL_COLORS.items():
        if line.startswith(label):
            return f"{color}{label}\x1b[0m{line.removeprefix(label)}"
    return line


def _make_safe(line: str) -> str:
    """Return a line as it may be shown: printable, and without its middle if it is very long."""
    if len(line) > _LONGEST:
        half = _LONGEST // 2
        line = f"{line[:half]}… ({len(line)} characters) …{line[-half:]}"
    return printable(line)
