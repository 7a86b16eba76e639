"""Where output goes: stdout, which carries nothing else, and a file."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Self, TextIO

from casjob.errors import OutputError
from casjob.files import check_writable, write_whole


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
            self.give_up(error)
            return False
        return True

    def give_up(self, error: OSError) -> None:
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


class RichStream(StringIO):
    """What Rich writes to, which passes each text on at once."""

    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def write(self, text: str) -> int:
        """Write it at once."""
        self._write(text)
        return len(text)


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
