"""Makes lines of a build's log: what a terminal would show in the end, and no passwords."""

import re

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, and what moves the cursor
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # links, and the title of a window
    r"|\x1b[()][0-9A-B]"  # character sets
)

_PASSWORD = re.compile(r"://([^\s/:@]*):[^\s/]+@|://[^\s/:@]{20,}@")
"""Of a user in an address; as a name, so many characters are a token."""


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
        self._begun = "" if is_last else begun
        return clean(f"{whole}{newline}{begun if is_last else ''}")


def mask_passwords(text: str) -> str:
    """Return the text without the passwords in addresses, as of `https://user:password@host`."""
    return _PASSWORD.sub(_mask_password, text)


def _read_last(line: str) -> str:
    """Return what stands after the last carriage return: a progress bar is rewritten by them."""
    return line.rstrip("\r").rpartition("\r")[2]


def _mask_password(found: re.Match[str]) -> str:
    return "://****@" if found[1] is None else f"://{found[1]}:****@"
