"""What a task says, as text of several lines that is safe to show."""

import re
from collections.abc import Iterator

from casjob.job.failures import Failure
from casjob.job.report import TaskReport
from casjob.printable import printable

_CAUSE = re.compile(r"(?i)\W*[\w.$]*(error|exception|fatal|panic)\b|.*\b(caused by|root cause)\b")
_LONGEST_CAUSE = 200
"""Characters of a line to search for a cause."""
_NEXT_LINE = "\n│ "
"""Parts the lines of what stands beside the cause, so that none looks like one of casjob's."""


def split_lines(text: str) -> list[str]:
    """Return the lines of a message: stack traces come in lines that are indented with tabs."""
    return text.replace("\r\n", "\n").replace("\t", "    ").rstrip("\n").split("\n")


def names_cause(line: str) -> bool:
    """Return whether a line of a stack trace or a log names a cause."""
    return bool(_CAUSE.match(line[:_LONGEST_CAUSE]))


def printable_lines(text: str) -> str:
    """Return text whose line feeds stay; tabs become blanks, other controls escapes."""
    return "\n".join(map(printable, split_lines(text)))


def describe_message(report: TaskReport) -> str:
    """Return code and detail, what they mean, and a line for everything else in the message."""
    message = report.message
    if message is None:
        return "No reason given."
    cause = join_pair(message.code, message.detail)
    means = (f"means  {text}" for text in report.means)
    related = (
        f"{printable(relation)}  {_NEXT_LINE.join(split_lines(text))}"
        for relation, text in find_related(message)
    )
    return printable_lines("\n".join([cause, *means, *related]))


def find_related(message: Failure) -> Iterator[tuple[str, str]]:
    """Yield all but the cause: `within` or `also`, or the path of a value, and the text."""
    for relation, pairs in (("within", message.within), ("also", message.also)):
        for pair in pairs:
            yield relation, join_pair(*pair)
    yield from message.rest


def join_pair(code: str | None, detail: str | None) -> str:
    """Return `ECC00011  Building failed.`, or as much of it as there is."""
    return "  ".join(filter(None, (code, detail)))
