"""JSON, an object a line: what `json` has in its arrays, for programs that read line by line."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from casjob.catalogue.explanations import Explanation
from casjob.components import ComponentHistory, Listing
from casjob.formats.display import Display, Ending
from casjob.formats.json import (
    document_of_compared_task,
    document_of_component,
    document_of_deployment,
    document_of_explanation,
    document_of_finding,
    document_of_recent,
    document_of_task,
    document_of_verdict,
    encode,
    view,
)
from casjob.job.difference import Difference
from casjob.job.report import Report
from casjob.json_text import JsonValue
from casjob.overview import Finding, Overview
from casjob.recent import RecentJob

__all__ = ["view"]


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a line a task."""
    return _encode_lines(document_of_task(each) for each in report.shown)


def difference(difference: Difference, display: Display) -> bytes:
    """Return a line a task of either job."""
    return _encode_lines(document_of_compared_task(each) for each in difference.tasks)


def verdict(ending: Ending, display: Display) -> bytes:
    """Return a verdict as a line."""
    return encode(document_of_verdict(ending.job_id, ending.report), indent=None)


def verdicts(endings: Sequence[Ending], display: Display, *, timed_out: bool) -> bytes:
    """Return a line a job."""
    return b"".join(verdict(each, display) for each in endings)


def settings(overview: Overview, display: Display) -> bytes:
    """Return a line a setting in force."""
    return _encode_lines(dict(entry._asdict()) for entry in overview.settings)


def finding(finding: Finding, display: Display) -> bytes:
    """Return the finding as a line."""
    return encode(document_of_finding(finding), indent=None)


def findings(findings: Iterable[Finding], display: Display) -> bytes:
    """Return a line a probe."""
    return _encode_lines(map(document_of_finding, findings))


def explanations(explanations: Iterable[Explanation], display: Display) -> bytes:
    """Return a line a name."""
    return _encode_lines(document_of_explanation(each) for each in explanations)


def components(listing: Listing, display: Display) -> bytes:
    """Return a line a component."""
    return _encode_lines(map(document_of_component, listing.components))


def deployments(history: ComponentHistory, display: Display) -> bytes:
    """Return a line a deployment."""
    return _encode_lines(map(document_of_deployment, history.deployments or ()))


def recent(jobs: Sequence[RecentJob], now: datetime, display: Display) -> bytes:
    """Return a line a job."""
    return _encode_lines(map(document_of_recent, jobs))


def _encode_lines(documents: Iterable[dict[str, JsonValue]]) -> bytes:
    return b"".join(encode(document, indent=None) for document in documents)
