"""Output in two formats: one for stdout, and one for a file."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from casjob.components import ComponentHistory, Listing
from casjob.formats.display import Ending, Format
from casjob.job.difference import Difference
from casjob.job.events import Verdict
from casjob.job.report import Report
from casjob.overview import Finding, Overview
from casjob.recent import RecentJob


class SavedFormat(Format):
    """Presents what one format does, and saves what another does as soon as it is complete.

    Args:
        shown: the format of what is returned.
        saved: the format of what is saved.
        save: gets the whole.
    """

    def __init__(self, shown: Format, saved: Format, save: Callable[[bytes], None]) -> None:
        super().__init__()
        self._shown = shown
        self._saved = saved
        self._write = save
        self._begun = b""

    def report(
        self, report: Report, *, tasks_only: bool = False, next_command: str | None = None
    ) -> str | bytes:
        """Save a job with its tasks, and return it."""
        self._save(self._saved.report(report, tasks_only=tasks_only, next_command=next_command))
        return self._shown.report(report, tasks_only=tasks_only, next_command=next_command)

    def difference(self, difference: Difference) -> str | bytes:
        """Save what differs between two jobs, and return it."""
        self._save(self._saved.difference(difference))
        return self._shown.difference(difference)

    def verdict(self, verdict: Verdict) -> str | bytes:
        """Return a verdict; it is saved with the others."""
        self._begin(self._saved.verdict(verdict))
        return self._shown.verdict(verdict)

    def verdicts(self, endings: Sequence[Ending], *, timed_out: bool) -> str | bytes:
        """Save all verdicts, and return them."""
        self._save(self._saved.verdicts(endings, timed_out=timed_out))
        return self._shown.verdicts(endings, timed_out=timed_out)

    def settings(self, overview: Overview) -> str | bytes:
        """Save the settings in force, and return them."""
        self._save(self._saved.settings(overview))
        return self._shown.settings(overview)

    def finding(self, finding: Finding) -> str | bytes:
        """Return how a probe went; it is saved with the others."""
        self._begin(self._saved.finding(finding))
        return self._shown.finding(finding)

    def findings(self, findings: Iterable[Finding]) -> str | bytes:
        """Save how all probes went, and return it."""
        findings = tuple(findings)
        self._save(self._saved.findings(findings))
        return self._shown.findings(findings)

    def components(self, listing: Listing) -> str | bytes:
        """Save components, and return them."""
        self._save(self._saved.components(listing))
        return self._shown.components(listing)

    def deployments(self, history: ComponentHistory) -> str | bytes:
        """Save a component and its deployments, and return them."""
        self._save(self._saved.deployments(history))
        return self._shown.deployments(history)

    def recent(self, jobs: Sequence[RecentJob], now: datetime) -> str | bytes:
        """Save the jobs looked at from this machine, and return them."""
        self._save(self._saved.recent(jobs, now))
        return self._shown.recent(jobs, now)

    def _begin(self, content: str | bytes) -> None:
        self._begun += content.encode() if isinstance(content, str) else content

    def _save(self, content: str | bytes) -> None:
        self._begin(content)
        self._write(self._begun)
