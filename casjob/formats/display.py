"""What a command has found, presented in the chosen format; only that format is loaded."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, cast

from casjob.errors import UsageError
from casjob.streams import Output, OutputFile

if TYPE_CHECKING:
    # Help and completion load this module, and need no job.
    from casjob.job.events import Event, JobSnapshot
    from casjob.job.report import Report


FULL = "--full"
"""The option that folds and shortens nothing."""


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

    @classmethod
    def _missing_(cls, value: object) -> "OutputFormat | None":
        """Return the format that the ending of a file's name means."""
        endings = {"md": cls.MARKDOWN, "xml": cls.JUNIT, "htm": cls.HTML, "ndjson": cls.JSONL}
        return endings.get(str(value))


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Display(NamedTuple):
    """What a drawing adapts to."""

    is_terminal: bool = False
    """Whether it is laid out for the size of a terminal; this never follows colour."""
    encoding: str = "utf-8"
    """Of the stream, which may lack the signs."""
    color: Color = Color.AUTO
    utc: bool = False
    full: bool = False
    """Whether nothing is folded or shortened, on a terminal either."""
    environ: Mapping[str, str] = {}
    """May ask for colour, or for none."""
    columns: int | None = None
    """The width of a drawing that is not for the terminal; None for as wide as it gets."""

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
        report: how it stands; None if nothing is known about it.
        next_command: what the user may want to run next; None if nothing helps.
        has_verdict: whether its verdict was presented when it was known.
        not_found: whether there is no such job.
    """

    job_id: str
    report: "Report | None"
    next_command: str | None = None
    has_verdict: bool = False
    not_found: bool = False

    @property
    def absence(self) -> str:
        """Why there is no report."""
        return "the job was not found" if self.not_found else "nothing is known about the job yet"


class View(Protocol):
    """What `watch` shows while it follows jobs; at the end of its `with` block it is complete.

    Attributes:
        is_live: whether it is drawn in place, so that nothing may be printed in between.
    """

    is_live: bool

    def show_event(self, event: "Event") -> bool:
        """Show what happened, and return whether anybody still reads."""
        ...

    def draw(self, snapshots: "Sequence[JobSnapshot]") -> None:
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
    "checks",
    "explanations",
    "log",
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
    "checks": _EVERYWHERE,
    "explanations": _EVERYWHERE,
    "log": (OutputFormat.TABLE, OutputFormat.JSON),
}
"""The formats that support each kind of content, known without loading them."""

_TABLE_MODULES: Mapping[Content, str] = {
    "report": "report",
    "difference": "difference",
    "verdicts": "endings",
    "view": "events",
    "components": "components",
    "deployments": "components",
    "statistics": "statistics",
    "recent": "listings",
    "settings": "listings",
    "checks": "listings",
    "explanations": "listings",
    "log": "log",
}
"""The modules that draw a table, as each kind of content has."""


def load_format(output: OutputFormat, content: Content) -> ModuleType:
    """Return a module with a function that presents some content, and is named like it."""
    return import_module(_name_module(output, content))


def _name_module(output: OutputFormat, content: Content) -> str:
    name = f"text.{_TABLE_MODULES[content]}" if output is OutputFormat.TABLE else output
    return f"casjob.formats.{name}"


class Presentation:
    """Presents one kind of content on stdout, and with a file, in the file's format there.

    With a file, stdout gets a table. The content is rendered twice, once for each. `notify` is told
    what only a table has room for. The `modules` that it uses are loaded when they are needed, or
    before that, while a request is under way.

    Raises:
        UsageError: the format does not support the content.
        OutputError: the file can't be written.
    """

    def __init__(
        self,
        content: Content,
        output: OutputFormat,
        display: Display,
        stdout: Output,
        file: OutputFile | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        supported = FORMATS[content]
        if output not in supported:
            raise UsageError(
                f"--output {output} is not supported here",
                hint=f"supported formats: {', '.join(supported)}",
            )
        if file:
            file.check()
        self._content = content
        self._output = OutputFormat.TABLE if file else output
        self._display = display
        self._stdout = stdout
        self._file = file
        self._file_output = output
        self._has_notes = OutputFormat.TABLE in {self._output, output}
        self._notify = notify
        self.modules = {_name_module(each, content) for each in (self._output, output)}

    def show(
        self, *content: Any, remaining: Any = None, notes: Iterable[str] = (), **options: Any
    ) -> None:
        """Present what the content's function takes.

        `remaining` is what stdout still gets where the rest was shown one by one; `notes` are what
        a table has below it, such as what is missing.
        """
        for note in () if self._has_notes else notes:
            self._notify(f"note: {note}")
        # The file first: if it can't be written, stdout stays empty.
        if self._file:
            render = getattr(load_format(self._file_output, self._content), self._content)
            display = Display(color=Color.NEVER, utc=self._display.utc)
            self._file.write(render(*content, display, **options))
        if remaining is not None and self._find_one_by_one():
            content = (remaining,)
        render = getattr(self._format, self._content)
        self._stdout.write(render(*content, self._display, **options))

    def show_one(self, content: object) -> None:
        """Present one verdict or check at once on stdout, if the format has them one by one."""
        render = self._find_one_by_one()
        if render:
            self._stdout.write(render(content, self._display))

    def show_lines(self, lines: Sequence[str]) -> bool:
        """Present lines of a log as they come, and return whether anybody still reads."""
        return self._stdout.write(self._format.lines(lines))

    def view(self, *, may_draw: bool) -> AbstractContextManager[View]:
        """Return what `watch` shows, which may draw if stdout and stderr are free for it."""
        view = self._format.view(self._stdout.write, self._display, may_draw=may_draw)
        return cast("AbstractContextManager[View]", view)

    @property
    def _format(self) -> ModuleType:
        return load_format(self._output, self._content)

    def _find_one_by_one(self) -> Any:
        return getattr(self._format, self._content.removesuffix("s"), None)
