"""Words in styles, and the signs that stand beside them."""

import unicodedata
from collections.abc import Sequence
from typing import TypeAlias, cast

from casjob.job.statuses import Stage
from casjob.printable import printable

Part: TypeAlias = str | tuple[str, str]
"""Text, alone or with a style by Rich's name, such as `bold red`. It is never markup."""
Line: TypeAlias = list[tuple[str, str]]
"""Parts with a style each, empty for none, that are safe to print."""
Words: TypeAlias = Part | Sequence[Part]

STAGE_STYLES = {
    Stage.SUCCEEDED: "green",
    Stage.FAILED: "bold red",
    Stage.SKIPPED: "dim",
    Stage.UNDER_WAY: "cyan",
    Stage.NOT_BEGUN: "dim",
    Stage.UNDECIDED: "magenta",
}
"""Of the terminal's own 16 colours, which its user chose to be readable, dark or light."""
STAGE_SIGNS = {
    Stage.SUCCEEDED: "✓",
    Stage.FAILED: "✗",
    Stage.SKIPPED: "–",
    Stage.UNDER_WAY: "●",
    Stage.NOT_BEGUN: "○",
    Stage.UNDECIDED: "?",
}
"""What stands before a status on a terminal; words always say the same."""
BAR, TICK = "▇", "▏"
INDENT = "  "

_ASCII_SIGNS = str.maketrans("✓✗–●○·▇▏│…", "+x-*o-=||~")


def replace_signs(text: str, encoding: str) -> str:
    """Return words of casjob's own, with ASCII characters for signs if the encoding lacks one."""
    try:
        "".join(map(chr, _ASCII_SIGNS)).encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII_SIGNS)
    return text


def safe_text(text: str, encoding: str) -> str:
    """Return text that drives no terminal; what the encoding can't represent becomes an escape."""
    safe = printable(text)
    if safe.isascii():
        return safe
    return safe.encode(encoding, "backslashreplace").decode(encoding)


def as_line(words: Words) -> Line:
    """Return the parts of words, each with a style, without empty ones."""
    if isinstance(words, list):
        return [part for each in words for part in as_line(each)]
    part = (words, "") if isinstance(words, str) else cast("tuple[str, str]", words)
    return [part] if part[0] else []


def strip_end(line: Line) -> Line:
    """Return the line without blanks at its end."""
    for end in range(len(line) - 1, -1, -1):
        text, style = line[end]
        if text := text.rstrip(" "):
            return [*line[:end], (text, style)]
    return []


def measure(text: str) -> int:
    """Return the columns that printable text takes, without Rich, which a pipe does not load."""
    return len(text) if text.isascii() else sum(map(_measure, text))


def join_parts(line: Line) -> str:
    """Return the text of a line, without styles."""
    return "".join([text for text, _ in line])


def measure_line(line: Line) -> int:
    """Return the columns that a line takes."""
    return measure(join_parts(line))


def _measure(character: str) -> int:
    category = unicodedata.category(character)
    if category in {"Mn", "Mc", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" and category != "Cn" else 1
