"""Reads a build's log part by part, and makes clean lines of it, without passwords."""

import re
from collections.abc import Callable
from typing import NamedTuple

from casjob.errors import CasjobError, ReplyTooLargeError

MAX_LOG = 64 * 1024 * 1024
"""Characters of a log that are read."""
MAX_PARTS = 2700
"""Parts that one call reads: of the documented size, 25 kB, so many make up the longest log."""
_SHORT = 4096
"""A part of fewer characters is the last one so far."""

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, and what moves the cursor
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # links, and the title of a window
    r"|\x1b[()][0-9A-B]"  # character sets
)

_PASSWORD = re.compile(r"://([^\s/:@]*):[^\s/]+@|://[^\s/:@]{20,}@")
"""Of a user in an address; as a name, so many characters are a token."""


class Phase(NamedTuple):
    """A part of a build, with its state as sent."""

    name: str
    state: str


class LogPart(NamedTuple):
    """A part of a log; `end` is the position after it, None if the service does not say."""

    text: str
    end: int | None
    phases: tuple[Phase, ...]


class LogReader:
    """Reads the log of a build from its start, in as many calls as one likes.

    `fetch_part` gets the position where a part starts. The end of paging is not documented: a part
    is the last one if it is empty, or if its end is not after its start. While a build writes line
    by line, parts may never be empty: then a short one ends a call.
    """

    def __init__(self, fetch_part: Callable[[int], LogPart]) -> None:
        self.phases: tuple[Phase, ...] = ()
        self.problem: str | None = None
        self._fetch_part = fetch_part
        self._position = self._length = 0

    def read(self, *, is_final: bool = True, in_part: bool = False) -> str:
        """Return what was written since the last call; `is_final` means that no more will be.

        Raises:
            CasjobError: what went wrong; `in_part`, only if nothing came before that.
        """
        texts: list[str] = []
        while self.problem is None:
            try:
                text = self._read_part()
            except CasjobError:
                if in_part and texts:
                    break
                raise
            if not text:
                break
            texts.append(text)
            self._length += len(text)
            if self._length > MAX_LOG or len(texts) >= MAX_PARTS:
                self._give_up()
            if not is_final and len(text) < _SHORT:
                break
        return "".join(texts)

    def _read_part(self) -> str:
        start = self._position
        try:
            text, end, phases = self._fetch_part(start)
        except ReplyTooLargeError:
            self._give_up()
            return ""
        self.phases = phases or self.phases
        if end is not None and end > start:
            self._position = end
            return text
        if start == 0:
            # Without positions, the log is read from its start each time.
            return text[self._length :]
        if text and end is not None and end < start:
            self.problem = f"the service sends what is before position {end} after {start} again"
        return ""

    def _give_up(self) -> None:
        size = f"{MAX_LOG // 1024 // 1024} MiB"
        self.problem = f"it is longer than {size} or {MAX_PARTS} parts, the most that casjob reads"


def clean(text: str) -> list[str]:
    """Return the lines, without colours; of a line that was rewritten, how it was in the end.

    Passwords in addresses are masked. What else could drive a terminal is still in the lines.
    """
    text = mask_passwords(_ESCAPES.sub("", text))
    lines = [_read_last(line) if "\r" in line else line for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


class LineReader:
    """Makes clean lines of a log that comes bit by bit."""

    def __init__(self) -> None:
        self._begun = ""

    def read(self, text: str, *, is_last: bool = False) -> list[str]:
        """Return the lines that are complete with this text; with the last one, all."""
        whole, newline, begun = (self._begun + text).rpartition("\n")
        self._begun = begun
        return clean(f"{whole}{newline}{begun if is_last else ''}")


def mask_passwords(text: str) -> str:
    """Return the text without the passwords in addresses, as of `https://user:password@host`."""
    return _PASSWORD.sub(_mask_password, text)


def _read_last(line: str) -> str:
    """Return what stands after the last carriage return: a progress bar is rewritten by them."""
    return line.rstrip("\r").rpartition("\r")[2]


def _mask_password(found: re.Match[str]) -> str:
    return "://****@" if found[1] is None else f"://{found[1]}:****@"
