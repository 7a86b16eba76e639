"""JSON, an object a line: what `json` has in its arrays, for programs that read line by line."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from casjob.catalogue.explanations import Explanation
from casjob.components import ComponentHistory, Listing
from casjob.formats.display import Display, Ending
from casjob.formats.json import (
    JsonFormat,
    document_of_compared_task,
    document_of_component,
    document_of_deployment,
    document_of_explanation,
    document_of_finding,
    document_of_recent,
    document_of_task,
    document_of_verdict,
    encode,
)
from casjob.job.difference import Difference
from casjob.job.events import Verdict
from casjob.job.report import Report
from casjob.json_text import JsonValue
from casjob.overview import Finding, Overview
from casjob.recent import RecentJob


class JsonLinesFormat(JsonFormat):
    """A task, verdict, event, setting, finding or explanation a line."""

    def __init__(self, display: Display) -> None:
        super().__init__(display)
        self._written: set[str] = set()

    def report(
        self, report: Report, *, tasks_only: bool = False, next_command: str | None = None
    ) -> bytes:
        """Return a line a task."""
        del tasks_only, next_command
        return _encode_lines(document_of_task(each) for each in report.shown)

    def difference(self, difference: Difference) -> bytes:
        """Return a line a task of either job."""
        return _encode_lines(document_of_compared_task(each) for each in difference.tasks)

    def verdict(self, verdict: Verdict) -> bytes:
        """Return the verdict as a line."""
        self._written.add(verdict.job_id)
        return _encode_lines([document_of_verdict(verdict.job_id, verdict.report)])

    def verdicts(self, endings: Sequence[Ending], *, timed_out: bool) -> bytes:
        """Return a line for each job that had no verdict."""
        del timed_out
        return _encode_lines(
            document_of_verdict(ending.job_id, ending.report)
            for ending in endings
            if ending.job_id not in self._written
        )

    def settings(self, overview: Overview) -> bytes:
        """Return a line a setting in force."""
        return _encode_lines(dict(entry._asdict()) for entry in overview.settings)

    def finding(self, finding: Finding) -> bytes:
        """Return the finding as a line."""
        return _encode_lines([document_of_finding(finding)])

    def findings(self, findings: Iterable[Finding]) -> bytes:
        """Return nothing: each finding was written when it was known."""
        del findings
        return b""

    def explanations(self, explanations: Iterable[Explanation]) -> bytes:
        """Return a line a name."""
        return _encode_lines(document_of_explanation(each) for each in explanations)

    def components(self, listing: Listing) -> bytes:
        """Return a line a component."""
        return _encode_lines(map(document_of_component, listing.components))

    def deployments(self, history: ComponentHistory) -> bytes:
        """Return a line a deployment."""
        return _encode_lines(map(document_of_deployment, history.deployments or ()))

    def recent(self, jobs: Sequence[RecentJob], now: datetime) -> bytes:
        """Return a line a job."""
        del now
        return _encode_lines(map(document_of_recent, jobs))


def _encode_lines(documents: Iterable[dict[str, JsonValue]]) -> bytes:
    return b"".join(encode(document, indent=None) for document in documents)
