"""JSON, an object a line: what `json` has in its arrays, for programs that read line by line."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from casjob.catalogue.meanings import Explanation
from casjob.components import ComponentHistory, Listing
from casjob.errors import CheckResult
from casjob.formats import records
from casjob.formats.display import Display, JobResult
from casjob.formats.documents import Document, Task
from casjob.formats.json import (
    describe_difference,
    describe_finding,
    describe_task,
    describe_verdict,
    encode,
    view,
)
from casjob.history import RecentJob
from casjob.job.difference import Difference
from casjob.job.report import Report
from casjob.job.statistics import Statistics
from casjob.settings.values import Overview

__all__ = ["view"]  # its lines are the same


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a line a task."""
    return _encode_lines(map(describe_task, report.shown))


def difference(difference: Difference, display: Display) -> bytes:
    """Return a line a task of either job."""
    return _encode_lines(map(describe_difference, difference.tasks))


def verdict(result: JobResult, display: Display) -> bytes:
    """Return a verdict as a line."""
    return verdicts([result], display, timed_out=False)


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return a line a job."""
    return _encode_lines(map(describe_verdict, results))


def settings(overview: Overview, display: Display) -> bytes:
    """Return a line a effective setting."""
    return _encode_lines(map(records.Setting.model_validate, overview.settings))


def finding(finding: CheckResult, display: Display) -> bytes:
    """Return the finding as a line."""
    return findings([finding], display)


def findings(findings: Iterable[CheckResult], display: Display) -> bytes:
    """Return a line a probe."""
    return _encode_lines(map(describe_finding, findings))


def explanations(explanations: Iterable[Explanation], display: Display) -> bytes:
    """Return a line a name."""
    return _encode_lines(map(records.Explanation.model_validate, explanations))


def components(listing: Listing, display: Display) -> bytes:
    """Return a line a component."""
    return _encode_lines(map(records.Component.model_validate, listing.shown))


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a line a deployment."""
    return _encode_lines(map(records.Deployment.model_validate, history.deployments or ()))


def statistics(history: ComponentHistory, statistics: Statistics, display: Display) -> bytes:
    """Return a line a step, and a line a failure; `kind` tells which it is."""
    steps = map(records.NormalStep.model_validate, statistics.steps)
    failures = map(records.RepeatedFailure.model_validate, statistics.failures)
    return _encode_lines([*steps, *failures])


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a line a job."""
    return _encode_lines(map(records.RecentJob.model_validate, jobs))


def _encode_lines(documents: Iterable[Document | Task]) -> bytes:
    return b"".join(encode(each, indent=None) for each in documents)
