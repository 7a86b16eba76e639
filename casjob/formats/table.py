"""What people read: drawn for a terminal, plain anywhere else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from casjob.formats.display import Ending, Format, View

if TYPE_CHECKING:
    from datetime import datetime

    from casjob.catalogue.explanations import Explanation
    from casjob.components import ComponentHistory, Listing
    from casjob.job.difference import Difference
    from casjob.job.events import Verdict
    from casjob.job.report import Report
    from casjob.overview import Finding, Overview
    from casjob.recent import RecentJob


class TableFormat(Format):
    """Text and tables. Each method loads what it draws with."""

    def report(
        self, report: "Report", *, tasks_only: bool = False, next_command: str | None = None
    ) -> str:
        """Return the verdict, why the job failed, and the table of tasks."""
        from casjob.formats.text.report import render_report

        return render_report(
            report, self._display, tasks_only=tasks_only, next_command=next_command
        )

    def difference(self, difference: "Difference") -> str:
        """Return what differs first, and the tasks that differ."""
        from casjob.formats.text.difference import render_difference

        return render_difference(difference, self._display)

    def verdict(self, verdict: "Verdict") -> str:
        """Return how a job ended, in a line."""
        from casjob.formats.text.phrases import describe_ending
        from casjob.printable import printable

        return f"{printable(describe_ending(verdict.job_id, verdict.report))}\n"

    def verdicts(self, endings: Sequence[Ending], *, timed_out: bool) -> str:
        """Return nothing: each verdict was written when it was known."""
        del endings, timed_out
        return ""

    @contextmanager
    def view(self, write: Callable[[str | bytes], bool], *, may_draw: bool) -> Iterator[View]:
        """Return a live view on a terminal that can be drawn on; a line an event elsewhere."""
        can_draw = self._display.is_terminal and self._display.environ.get("TERM") != "dumb"
        if not (may_draw and can_draw):
            from casjob.formats.text.lines import Lines

            yield Lines(write, self._display)
            return
        from casjob.formats.text.live import LiveView

        with LiveView(write, self._display) as view:
            yield view

    def settings(self, overview: "Overview") -> str:
        """Return a line a setting, and notes."""
        from casjob.formats.text.settings import draw_settings

        return draw_settings(overview, self._display.width)

    def finding(self, finding: "Finding") -> str:
        """Return a line about a probe."""
        from casjob.formats.text.settings import draw_finding

        return draw_finding(finding)

    def findings(self, findings: "Iterable[Finding]") -> str:
        """Return nothing: each finding was written when it was known."""
        del findings
        return ""

    def explanations(self, explanations: "Iterable[Explanation]") -> str:
        """Return a block of lines for each name."""
        from casjob.formats.text.explanations import draw_explanations

        return draw_explanations(explanations, self._display.width)

    def components(self, listing: "Listing") -> str:
        """Return a line a component."""
        from casjob.formats.text.components import draw_components

        return draw_components(listing, self._display)

    def deployments(self, history: "ComponentHistory") -> str:
        """Return a component, and a line for each job of its deployments."""
        from casjob.formats.text.components import draw_deployments

        return draw_deployments(history, self._display)

    def recent(self, jobs: "Sequence[RecentJob]", now: "datetime") -> str:
        """Return a line a job."""
        from casjob.formats.text.components import draw_recent

        return draw_recent(jobs, now, self._display)
