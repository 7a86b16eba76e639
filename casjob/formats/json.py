"""JSON under the API's own names: a contract with scripts. The schemas are in casjob/schema/."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from casjob.formats.display import Display, Ending, View
from casjob.job.failures import decode_messages
from casjob.json_text import JsonValue, encode_document

if TYPE_CHECKING:
    from casjob.catalogue.explanations import Explanation
    from casjob.components import Component, ComponentHistory, Deployment, Listing
    from casjob.job.difference import Difference, TaskDifference
    from casjob.job.events import Event, Picture
    from casjob.job.report import Report, TaskReport
    from casjob.overview import Entry, Finding, Overview
    from casjob.recent import RecentJob

SCHEMA_VERSION = 1
"""Raised when a script that reads one of these documents would break."""


def report(
    report: "Report", display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return what the service sent, and what casjob derives from it."""
    return encode(document_of(report))


def difference(difference: "Difference", display: Display) -> bytes:
    """Return both jobs, and their tasks side by side."""
    return encode(document_of_difference(difference))


def verdicts(endings: Sequence[Ending], display: Display, *, timed_out: bool) -> bytes:
    """Return the verdicts in the order of the jobs; a job never seen is unknown."""
    verdicts: list[JsonValue] = [
        document_of_verdict(ending.job_id, ending.report) for ending in endings
    ]
    return encode({"schema_version": SCHEMA_VERSION, "timed_out": timed_out, "verdicts": verdicts})


@contextmanager
def view(
    write: Callable[[str | bytes], bool], display: Display, *, may_draw: bool
) -> Iterator[View]:
    """Return what writes an event a line."""
    yield _EventLines(write)


def settings(overview: "Overview", display: Display) -> bytes:
    """Return the settings in force, with their origins."""
    return encode(
        {
            "schema_version": SCHEMA_VERSION,
            "settings": _entries(overview.settings),
            "overruled": _entries(overview.overruled),
            "notes": list(overview.notes),
        }
    )


def findings(findings: "Iterable[Finding]", display: Display) -> bytes:
    """Return how each probe went."""
    checks: list[JsonValue] = [document_of_finding(finding) for finding in findings]
    return encode({"schema_version": SCHEMA_VERSION, "checks": checks})


def explanations(explanations: "Iterable[Explanation]", display: Display) -> bytes:
    """Return what names mean."""
    documents: list[JsonValue] = [document_of_explanation(each) for each in explanations]
    return encode({"schema_version": SCHEMA_VERSION, "explanations": documents})


def components(listing: "Listing", display: Display) -> bytes:
    """Return the components, with their last jobs under `last_job_id`."""
    components: list[JsonValue] = [document_of_component(each) for each in listing.components]
    return encode(
        {
            "schema_version": SCHEMA_VERSION,
            "complete": not listing.missing,
            "components": components,
        }
    )


def deployments(history: "ComponentHistory", display: Display) -> bytes:
    """Return a component, and its deployments; null if the service does not keep them."""
    deployments: list[JsonValue] | None = None
    if history.deployments is not None:
        deployments = [document_of_deployment(each) for each in history.deployments]
    return encode(
        {
            "schema_version": SCHEMA_VERSION,
            "complete": deployments is not None and not history.missing,
            "component": document_of_component(history.component),
            "deployments": deployments,
        }
    )


def recent(jobs: "Sequence[RecentJob]", now: datetime, display: Display) -> bytes:
    """Return the jobs looked at."""
    documents: list[JsonValue] = [document_of_recent(job) for job in jobs]
    return encode({"schema_version": SCHEMA_VERSION, "jobs": documents})


class _EventLines:
    is_live = False

    def __init__(self, write: Callable[[str | bytes], bool]) -> None:
        self._write = write

    def show_event(self, event: "Event") -> bool:
        return self._write(encode(document_of_event(event), indent=None))

    def draw(self, pictures: "Sequence[Picture]") -> None:
        """Draw nothing."""

    def show_endings(self, endings: Sequence[Ending]) -> None:
        """Show nothing: each job had its verdict event."""


def encode(document: Mapping[str, JsonValue], *, indent: int | None = 2) -> bytes:
    """Return a document in UTF-8 with a line feed at its end; without `indent`, on one line."""
    # A lone surrogate, which UTF-8 can't hold, becomes JSON's own escape for it.
    return f"{encode_document(document, indent=indent)}\n".encode("utf-8", "backslashreplace")


def document_of(report: "Report") -> dict[str, JsonValue]:
    """Return a job with its tasks: what the service sent, and what casjob makes of it."""
    detail = report.detail
    document: dict[str, JsonValue] = {
        "schema_version": SCHEMA_VERSION,
        "job_id": report.job.job_id,
        "status": report.job.execution_status,
        "outcome": report.outcome,
        "complete": report.is_complete,
        # Once a job has ended, nothing depends on it: its document stays the same.
        "as_of": None if report.stage.has_ended else format_utc(detail.as_of, "microseconds"),
        "started_at": format_utc(report.started),
        "ended_at": format_utc(report.ended),
        "elapsed_seconds": report.elapsed_seconds,
        "task_count": detail.task_count,
        "failure": _cause(report),
        "job": dict(report.job.sent),
        "tasks": [document_of_task(each) for each in report.shown],
    }
    return document | {key: value for key, value in detail.sent.items() if key not in document}


def document_of_difference(difference: "Difference") -> dict[str, JsonValue]:
    """Return what differs between two jobs, and their tasks side by side."""
    first, main = difference.first, difference.main_cause
    return {
        "schema_version": SCHEMA_VERSION,
        "alike": difference.is_alike,
        "elapsed_change_seconds": difference.elapsed_change,
        "base": _compared_job(difference.base),
        "job": _compared_job(difference.job),
        "first_difference": document_of_compared_task(first) if first else None,
        "main_elapsed_change": document_of_compared_task(main) if main else None,
        "tasks": [document_of_compared_task(each) for each in difference.tasks],
    }


def _compared_job(report: "Report") -> dict[str, JsonValue]:
    return {"job_id": report.job.job_id, "complete": report.is_complete, **_verdict(report)}


def document_of_compared_task(task: "TaskDifference") -> dict[str, JsonValue]:
    """Return a task of two jobs side by side, and what differs."""
    return {
        "task_name": task.either.task.task_name,
        "difference": task.change.name.lower() if task.change else None,
        "elapsed_change_seconds": task.elapsed_change,
        "base": _compared(task.base),
        "job": _compared(task.job),
    }


def _compared(report: "TaskReport | None") -> dict[str, JsonValue] | None:
    if report is None:
        return None
    return {
        **_identify(report),
        "status": report.task.task_status,
        "outcome": report.stage.outcome,
        "phase": report.phase,
        "elapsed_seconds": report.elapsed_seconds,
        "failure": _failure(report),
    }


def document_of_task(report: "TaskReport") -> dict[str, JsonValue]:
    """Return a task: what the service sent, and what casjob makes of it."""
    fields = dict(report.task.sent)
    if "MESSAGES" in fields:
        fields["MESSAGES"] = decode_messages(fields["MESSAGES"])
    fields["outcome"] = report.stage.outcome
    fields["phase"] = report.phase
    fields["title"] = report.title
    fields["elapsed_seconds"] = report.elapsed_seconds
    fields["failure"] = _failure(report)
    return fields


def _failure(report: "TaskReport") -> dict[str, JsonValue] | None:
    """Return why a task failed: the one shape of a failure; None if it did not."""
    if not report.has_failed:
        return None
    message = report.message
    within: list[JsonValue] = [
        {"code": pair.code, "detail": pair.detail} for pair in (message.within if message else ())
    ]
    return {
        "code": message.code if message else None,
        "detail": message.detail if message else None,
        "within": within,
        "means": "\n".join(report.means) or None,
    }


def _cause(report: "Report") -> dict[str, JsonValue] | None:
    """Return the task that made a job fail, and why; None if no task failed."""
    cause = report.cause
    if cause is None:
        return None
    return {**_identify(cause), "phase": cause.phase, **(_failure(cause) or {})}


def _identify(report: "TaskReport") -> dict[str, JsonValue]:
    task = report.task
    return {
        "task_id": task.task_id,
        "task_index": task.task_index,
        "task_name": task.task_name,
        "title": report.title,
    }


def _verdict(report: "Report | None") -> dict[str, JsonValue]:
    return {
        "outcome": report.outcome if report else "unknown",
        "status": report.job.execution_status if report else None,
        "elapsed_seconds": report.elapsed_seconds if report else None,
        "failure": _cause(report) if report else None,
    }


def document_of_verdict(job_id: str, report: "Report | None") -> dict[str, JsonValue]:
    """Return how a job stands; one never seen is unknown."""
    return {"job_id": job_id, **_verdict(report)}


def document_of_finding(finding: "Finding") -> dict[str, JsonValue]:
    """Return how a probe went."""
    return {
        "step": finding.step,
        "ok": not finding.status,
        "found": finding.message,
        "hint": _hint(finding),
    }


def document_of_event(event: "Event") -> dict[str, JsonValue]:
    """Return an event: its time, name and job, and the fields of its kind."""
    kind, fields = _describe(event)
    time = f"{event.time:%Y-%m-%dT%H:%M:%S.%fZ}"
    return {"time": time, "event": kind, "job_id": event.job_id, **fields}


def _describe(event: "Event") -> tuple[str, dict[str, JsonValue]]:
    from casjob.job import events

    match event:
        case events.JobStatus():
            return "job_status", {"from": event.before, "to": event.after}
        case events.TaskStatus():
            return "task_status", {
                **_identify(event.report),
                "from": event.before,
                "to": event.report.task.task_status,
                "elapsed_seconds": event.report.elapsed_seconds,
                "failure": _failure(event.report),
            }
        case events.Stall():
            return "stall", {**_identify(event.report), "message": event.message}
        case events.Waiting():
            report = event.report
            return "waiting", {
                "status": report.job.execution_status if report else None,
                "elapsed_seconds": report.elapsed_seconds if report else None,
            }
        case events.Retry():
            return "retry", {"message": event.message, "failures": event.failures}
        case events.NotFound():
            return "verdict", _verdict(None)
        case events.Verdict():
            return "verdict", _verdict(event.report)
        case _:
            assert_never(event)


def document_of_explanation(explanation: "Explanation") -> dict[str, JsonValue]:
    """Return what a name means."""
    service, tasks = explanation.service, explanation.tasks
    return {
        "name": explanation.name,
        "kind": explanation.kind,
        "own": explanation.own,
        "means": explanation.means,
        "advice": explanation.advice,
        "service": service and service.name,
        "flow": explanation.flow,
        "tasks": [{"task_name": each.name, "title": each.title} for each in tasks],
        "source": explanation.source,
    }


def document_of_component(component: "Component") -> dict[str, JsonValue]:
    """Return a component: a flat record under the API's own names."""
    return {
        "id": component.component_id,
        "name": component.name,
        "application_id": component.application_id,
        "application_name": component.application_name,
        "environment_id": component.environment_id,
        "environment_name": component.environment_name,
        "instance_id": component.instance_id,
        "version": component.version,
        "status": component.status,
        "fail_detail": component.fail_detail,
        "last_job_id": component.last_job_id,
        "updated_at": format_utc(component.updated),
    }


def document_of_deployment(deployment: "Deployment") -> dict[str, JsonValue]:
    """Return a deployment: a flat record, but for the ids of its jobs."""
    return {
        "version": deployment.version,
        "status": deployment.status,
        "deploy_type": deployment.deploy_type,
        "current_used": deployment.is_in_use,
        "begin_time": deployment.begin_time,
        "end_time": deployment.end_time,
        "started_at": format_utc(deployment.began),
        "ended_at": format_utc(deployment.ended),
        "elapsed_seconds": deployment.elapsed_seconds,
        # Not under job_id: of such a document, `wait -` is to take the last job alone.
        "jobs": list(deployment.job_ids),
    }


def document_of_recent(job: "RecentJob") -> dict[str, JsonValue]:
    """Return a job that was looked at: a flat record."""
    return {
        "job_id": job.job_id,
        "prefix": job.prefix,
        "status": job.status,
        "name": job.name,
        "looked_at": format_utc(job.looked_at),
        "location": job.location,
    }


def format_utc(moment: datetime | None, timespec: str = "milliseconds") -> str | None:
    """Return `2020-02-04T04:01:03.123Z`, in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _hint(finding: "Finding") -> str | None:
    return finding.hint or "\n".join(finding.steps) or None if finding.status else None


def _entries(entries: "Iterable[Entry]") -> list[JsonValue]:
    return [dict(entry._asdict()) for entry in entries]
