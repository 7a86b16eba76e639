"""The options about output, and what formats have in common."""

import shutil
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    # Help and completion load this module, and need no job.
    from casjob.job.events import Event, JobSnapshot
    from casjob.job.report import Report


class OutputFormat(StrEnum):
    """The formats."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    HTML = "html"
    SVG = "svg"
    GITHUB = "github"


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Display(NamedTuple):
    """What a drawing adapts to.

    Args:
        is_terminal: whether it is laid out for the size of a terminal; this never follows colour.
        encoding: of the stream, which may lack the signs.
        color: when to use colour.
        utc: whether times are in UTC, not in the local zone.
        full: whether nothing is folded or shortened, on a terminal either.
        environ: may ask for colour, or for none.
        columns: the width of a drawing that is not for the terminal; None for as wide as it gets.
    """

    is_terminal: bool = False
    encoding: str = "utf-8"
    color: Color = Color.AUTO
    utc: bool = False
    full: bool = False
    environ: Mapping[str, str] = {}
    columns: int | None = None

    @property
    def width(self) -> int | None:
        """The terminal's columns at present; None where nothing is wrapped or cut."""
        return shutil.get_terminal_size().columns if self.is_terminal else self.columns

    @property
    def height(self) -> int | None:
        """The terminal's rows at present; None where a report may be of any length."""
        return shutil.get_terminal_size().lines if self.is_terminal and not self.full else None

    @property
    def is_colored(self) -> bool:
        """Whether to use colour: the option, NO_COLOR, FORCE_COLOR, TERM, then what stdout is.

        Sources: no-color.org, force-color.org, bixense.com/clicolors.
        """
        if self.color is not Color.AUTO:
            return self.color is Color.ALWAYS
        if self.environ.get("NO_COLOR"):
            return False
        forced = (self.environ.get(name, "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
        if any(value not in {"", "0"} for value in forced):
            return True
        return self.is_terminal and self.environ.get("TERM") != "dumb"


class JobResult(NamedTuple):
    """How `wait` or `watch` leaves a job.

    Args:
        job_id: the job.
        report: how it stands; None if no explanation for it.
        next_command: what the user may want to run next; None if nothing helps.
        has_verdict: whether its verdict was presented when it was known.
    """

    job_id: str
    report: "Report | None"
    next_command: str | None = None
    has_verdict: bool = False


class View(Protocol):
    """What `watch` shows while it follows jobs; at the end of its `with` block it is complete.

    Attributes:
        is_live: whether it is drawn in place, so that nothing may be printed in between.
    """

    is_live: bool

    def show_event(self, event: "Event") -> bool:
        """Show what happened, and return whether anybody still reads."""
        ...

    def draw(self, pictures: "Sequence[JobSnapshot]") -> None:
        """Draw how the jobs stand by now, if this view is live."""
        ...

    def show_results(self, results: Sequence[JobResult]) -> None:
        """Show how the jobs ended, after all events."""
        ...


Content = Literal[
    "report",
    "difference",
    "verdicts",
    "view",
    "components",
    "deployments",
    "statistics",
    "recent",
    "settings",
    "findings",
    "explanations",
]
"""What a command has to present; each is a function of the formats that support it."""

_EVERYWHERE = (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.JSONL)
_ROWS = (*_EVERYWHERE, OutputFormat.CSV, OutputFormat.TSV, OutputFormat.MARKDOWN)

FORMATS: Mapping[Content, Sequence[OutputFormat]] = {
    "report": tuple(OutputFormat),
    "difference": (*_EVERYWHERE, OutputFormat.MARKDOWN),
    "verdicts": (*_ROWS, OutputFormat.JUNIT, OutputFormat.GITHUB),
    "view": _EVERYWHERE,
    "components": _ROWS,
    "deployments": _ROWS,
    "statistics": _ROWS,
    "recent": _ROWS,
    "settings": _ROWS,
    "findings": _EVERYWHERE,
    "explanations": _EVERYWHERE,
}
"""The formats that support each kind of content, known without loading them."""
