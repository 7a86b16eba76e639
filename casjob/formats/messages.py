"""What a task says, as text of several lines that is safe to show."""

from collections.abc import Iterator

from casjob.job.failures import Failure
from casjob.job.report import TaskReport
from casjob.printable import printable


def printable_lines(text: str) -> str:
    """Return text whose line feeds stay; tabs become blanks, other controls escapes."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ").rstrip("\n").split("\n")
    return "\n".join(map(printable, lines))


def describe_message(report: TaskReport) -> str:
    """Return code and detail, what they mean, and a line for everything else in the message."""
    message = report.message
    if message is None:
        return "No reason given."
    cause = "  ".join(filter(None, (message.code, message.detail)))
    lines = [cause, *(f"means  {text}" for text in report.means)]
    lines += (f"{relation}  {text}" for relation, text in _find_related(message))
    return printable_lines("\n".join(lines))


def _find_related(message: Failure) -> Iterator[tuple[str, str]]:
    for relation, pairs in (("within", message.within), ("also", message.also)):
        for pair in pairs:
            yield relation, "  ".join(filter(None, pair))
    yield from message.rest
