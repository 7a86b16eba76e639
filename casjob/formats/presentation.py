"""What a command has found, presented in the chosen format; only that format is loaded."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from casjob.errors import UsageError
from casjob.formats.display import FORMATS, Color, Content, Display, JobResult, OutputFormat, View
from casjob.output import Output, OutputFile

if TYPE_CHECKING:
    from datetime import datetime

    from casjob.catalogue.explanations import Explanation
    from casjob.components import ComponentHistory, Listing
    from casjob.history import RecentJob
    from casjob.job.difference import Difference
    from casjob.job.report import Report
    from casjob.job.statistics import Statistics
    from casjob.overview import CheckResult, Overview


def load_format(output: OutputFormat) -> ModuleType:
    """Return the module of a format: a function for each content, named like it."""
    return import_module(f"casjob.formats.{output}")


class Presentation:
    """Presents each content on stdout, and with a file, in the file's format there.

    With a file, stdout gets a table. The content is rendered twice, once for each.

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
    ) -> None:
        supported = FORMATS[content]
        if output not in supported:
            raise UsageError(
                f"--output {output} is not supported here",
                hint=f"supported formats: {', '.join(supported)}",
            )
        if file:
            file.check()
        self._format = load_format(OutputFormat.TABLE if file else output)
        self._display = display
        self._stdout = stdout
        self._file_format = load_format(output)
        self._file_display = Display(color=Color.NEVER, utc=display.utc)
        self._file = file

    def report(
        self, report: "Report", *, tasks_only: bool = False, next_command: str | None = None
    ) -> None:
        """Present a job with its tasks, or the tasks alone."""
        self._present("report", report, tasks_only=tasks_only, next_command=next_command)

    def difference(self, difference: "Difference") -> None:
        """Present what differs between two jobs."""
        self._present("difference", difference)

    def verdict(self, result: JobResult) -> None:
        """Present a verdict at once on stdout, if the format has verdicts one by one."""
        self._present_early("verdict", result)

    def verdicts(self, results: Sequence[JobResult], *, timed_out: bool) -> None:
        """Present how all jobs ended, but on stdout none again."""
        self._save("verdicts", results, timed_out=timed_out)
        if hasattr(self._format, "verdict"):
            results = [each for each in results if not each.has_verdict]
        self._show("verdicts", results, timed_out=timed_out)

    def view(self, *, may_draw: bool) -> AbstractContextManager[View]:
        """Return what `watch` shows, which may draw if stdout and stderr are free for it."""
        view = self._format.view(self._stdout.write, self._display, may_draw=may_draw)
        return cast("AbstractContextManager[View]", view)

    def settings(self, overview: "Overview") -> None:
        """Present the effective settings."""
        self._present("settings", overview)

    def finding(self, finding: "CheckResult") -> None:
        """Present how a probe went at once on stdout, if the format has findings one by one."""
        self._present_early("finding", finding)

    def findings(self, findings: "Sequence[CheckResult]") -> None:
        """Present how all probes went, but on stdout none again."""
        self._save("findings", findings)
        self._show("findings", [] if hasattr(self._format, "finding") else findings)

    def explanations(self, explanations: "Iterable[Explanation]") -> None:
        """Present what names mean."""
        self._present("explanations", explanations)

    def components(self, listing: "Listing") -> None:
        """Present components, each with its last job."""
        self._present("components", listing)

    def deployments(self, history: "ComponentHistory") -> None:
        """Present a component and its deployments."""
        self._present("deployments", history)

    def statistics(self, history: "ComponentHistory", statistics: "Statistics") -> None:
        """Present what is normal for a component."""
        self._present("statistics", history, statistics)

    def recent(self, jobs: "Sequence[RecentJob]", now: "datetime") -> None:
        """Present the jobs viewed on this machine, newest first."""
        self._present("recent", jobs, now)

    def _present(self, name: str, *content: Any, **options: Any) -> None:
        # The file first: if it can't be written, stdout stays empty.
        self._save(name, *content, **options)
        self._show(name, *content, **options)

    def _present_early(self, name: str, content: object) -> None:
        if hasattr(self._format, name):
            self._show(name, content)

    def _save(self, name: str, *content: Any, **options: Any) -> None:
        if self._file:
            render = getattr(self._file_format, name)
            self._file.write(render(*content, self._file_display, **options))

    def _show(self, name: str, *content: Any, **options: Any) -> None:
        render = getattr(self._format, name)
        self._stdout.write(render(*content, self._display, **options))
