"""Workflow commands of GitHub Actions, which become annotations of a run.

Source: docs.github.com, "Workflow commands for GitHub Actions", and the limit of 10 annotations a
kind and step. How to escape: actions/toolkit, packages/core/src/command.ts.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from casjob.formats.display import Display, JobResult
from casjob.formats.text.phrases import (
    describe_cause,
    describe_message,
    describe_progress,
    describe_task,
    describe_verdict,
    printable_lines,
)
from casjob.job.report import Report
from casjob.job.statuses import Outcome
from casjob.printable import printable

_MOST = 10
"""Annotations of a kind; GitHub drops what comes after them."""
_LONGEST_TITLE = 255
_LONGEST_MESSAGE = 4000
"""Characters; GitHub shows about as many."""
_KINDS = {
    Outcome.SUCCEEDED: "notice",
    Outcome.FAILED: "error",
    Outcome.RUNNING: "warning",
    Outcome.UNKNOWN: "warning",
}


class _Annotation(NamedTuple):
    title: str
    message: str


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return an error a failed task, the cause first, then the verdict."""
    shown = set(map(id, report.shown))
    errors = [
        _Annotation(describe_task(each), describe_message(each))
        for each in report.failed
        if id(each) in shown
    ]
    name = _name(report, "(no name)")
    warnings = [_Annotation(name, sentence) for sentence in report.contradictions]
    verdict = _Annotation(name, f"{describe_verdict(report)}: {describe_progress(report)}")
    notices = [] if tasks_only else [verdict]
    if report.outcome is Outcome.FAILED and not errors:
        errors, notices = notices, []
    return _encode({"error": errors, "warning": warnings, "notice": notices})


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return an error for each job that failed, and a notice for each that succeeded."""
    annotations: dict[str, list[_Annotation]] = {"error": [], "warning": [], "notice": []}
    for result in results:
        report = result.report
        if report is None:
            unknown = _Annotation(result.job_id, result.absence)
            annotations["warning"].append(unknown)
            continue
        title = f"{_name(report, result.job_id)} {describe_verdict(report)}"
        message = "\n".join(filter(None, (describe_cause(report), f"job {result.job_id}")))
        annotations[_KINDS[report.outcome]].append(_Annotation(title, message))
    return _encode(annotations)


def _name(report: Report, default: str) -> str:
    return report.job.job_name or report.job.job_id or default


def _encode(annotations: dict[str, list[_Annotation]]) -> bytes:
    lines = (line for kind, each in annotations.items() for line in _list_commands(kind, each))
    return "".join(f"{line}\n" for line in lines).encode()


def _list_commands(kind: str, annotations: Sequence[_Annotation]) -> Iterator[str]:
    if len(annotations) > _MOST:
        rest = len(annotations) - _MOST + 1
        more = _Annotation("casjob", f"and {rest} more; GitHub shows at most {_MOST}")
        annotations = [*annotations[: _MOST - 1], more]
    for annotation in annotations:
        title = _escape(_cut(printable(annotation.title), _LONGEST_TITLE))
        title = title.replace(":", "%3A").replace(",", "%2C")
        message = _escape(_cut(printable_lines(annotation.message), _LONGEST_MESSAGE))
        yield f"::{kind} title={title}::{message}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
