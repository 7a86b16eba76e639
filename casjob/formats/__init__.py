"""How the answer is written: one file a format, each with a `write`."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple, assert_never

if TYPE_CHECKING:
    from casjob.formats.text.live import LiveView
    from casjob.job.report import Report


class Output(StrEnum):
    """The formats there are."""

    TABLE = "table"
    JSON = "json"


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Display(NamedTuple):
    """How the answer is to look.

    Args:
        output: the format.
        color: when to colour.
        utc: times in UTC, not in the local zone.
        tasks_only: the tasks without verdict and failures before them.
        next_command: what the user may want to run next.
    """

    output: Output = Output.TABLE
    color: Color = Color.AUTO
    utc: bool = False
    tasks_only: bool = False
    next_command: str | None = None


Write = Callable[["Report", TextIOWrapper, Display, Mapping[str, str]], None]


def writer(output: Output) -> Write:
    """Return what writes that format; only its own library is loaded."""
    match output:
        case Output.TABLE:
            from casjob.formats.text import report

            return report.write
        case Output.JSON:
            from casjob.formats import json

            return json.write
        case _:
            assert_never(output)


def open_live_view(out: TextIOWrapper, display: Display, environ: Mapping[str, str]) -> "LiveView":
    """Return what draws jobs in place; neither lines nor JSON load Rich for it."""
    from casjob.formats.text.live import LiveView

    return LiveView(out, display, environ)
