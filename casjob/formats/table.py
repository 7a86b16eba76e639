"""What people read: drawn for a terminal, plain anywhere else."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from casjob.formats.display import Display, JobResult, View

if TYPE_CHECKING:
    from datetime import datetime

    from casjob.catalogue.explanations import Explanation
    from casjob.components import ComponentHistory, Listing
    from casjob.history import RecentJob
    from casjob.job.difference import Difference
    from casjob.job.report import Report
    from casjob.job.statistics import Statistics
    from casjob.overview import CheckResult, Overview


def report(
    report: "Report", display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> str:
    """Return the verdict, why the job failed, and the table of tasks."""
    from casjob.formats.text.report import render_report

    return render_report(report, display, tasks_only=tasks_only, next_command=next_command)


def difference(difference: "Difference", display: Display) -> str:
    """Return what differs first, and the tasks that differ."""
    from casjob.formats.text.difference import render_difference

    return render_difference(difference, display)


def verdict(result: JobResult, display: Display) -> str:
    """Return how a job ended, in a line; empty if it did not."""
    from casjob.formats.text.phrases import describe_ending
    from casjob.printable import printable

    if result.report is None or not result.has_verdict:
        return ""
    return f"{printable(describe_ending(result.job_id, result.report))}\n"


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> str:
    """Return a line for each job that ended."""
    return "".join(verdict(each, display) for each in results)


@contextmanager
def view(
    write: Callable[[str | bytes], bool], display: Display, *, may_draw: bool
) -> Iterator[View]:
    """Return a live view on a terminal that can be drawn on; a line an event elsewhere."""
    can_draw = display.is_terminal and display.environ.get("TERM") != "dumb"
    if not (may_draw and can_draw):
        from casjob.formats.text.events import Lines

        yield Lines(write, display)
        return
    from casjob.formats.text.live import LiveView

    with LiveView(write, display) as view:
        yield view


def settings(overview: "Overview", display: Display) -> str:
    """Return a line a setting, and notes."""
    from casjob.formats.text.settings import draw_settings

    return draw_settings(overview, display)


def finding(finding: "CheckResult", display: Display) -> str:
    """Return a line about a probe."""
    from casjob.formats.text.settings import draw_finding

    return draw_finding(finding)


def findings(findings: "Iterable[CheckResult]", display: Display) -> str:
    """Return a line a probe."""
    return "".join(finding(each, display) for each in findings)


def explanations(explanations: "Iterable[Explanation]", display: Display) -> str:
    """Return a block of lines for each name."""
    from casjob.formats.text.explanations import draw_explanations

    return draw_explanations(explanations, display)


def components(listing: "Listing", display: Display) -> str:
    """Return a line a component."""
    from casjob.formats.text.components import draw_components

    return draw_components(listing, display)


def deployments(history: "ComponentHistory", display: Display) -> str:
    """Return a component, and a line for each job of its deployments."""
    from casjob.formats.text.components import draw_deployments

    return draw_deployments(history, display)


def statistics(history: "ComponentHistory", statistics: "Statistics", display: Display) -> str:
    """Return what is normal for a component, on a screen."""
    from casjob.formats.text.statistics import render_statistics

    return render_statistics(history, statistics, display)


def recent(jobs: "Sequence[RecentJob]", now: "datetime", display: Display) -> str:
    """Return a line a job."""
    from casjob.formats.text.recent import draw_recent

    return draw_recent(jobs, now, display)
