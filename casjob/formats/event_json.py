"""Events and verdicts as JSON: a contract with scripts."""

from collections.abc import Iterable
from typing import assert_never

from casjob.job.events import Event, JobStatus, Retry, Stall, TaskStatus, Verdict, Waiting
from casjob.job.report import Report, TaskReport
from casjob.json_text import JsonValue

SCHEMA_VERSION = 1


def document_of_event(event: Event) -> dict[str, JsonValue]:
    """Return one event: its time, its name, its job, and what belongs to it."""
    name, fields = _describe(event)
    return {
        "time": f"{event.time:%Y-%m-%dT%H:%M:%S.%fZ}",
        "event": name,
        "job_id": event.job_id,
        **fields,
    }


def _describe(event: Event) -> tuple[str, dict[str, JsonValue]]:
    match event:
        case JobStatus():
            return "job_status", {"from": event.before, "to": event.after}
        case TaskStatus():
            return "task_status", {
                **_task(event.report),
                "from": event.before,
                "to": event.report.task.task_status,
                "elapsed_seconds": event.report.elapsed_seconds,
                "failure": _failure(event.report),
            }
        case Stall():
            return "stall", {**_task(event.report), "message": event.words}
        case Waiting():
            report = event.report
            return "waiting", {
                "status": report.job.execution_status if report else None,
                "elapsed_seconds": report.elapsed_seconds if report else None,
            }
        case Retry():
            return "retry", {"message": event.words, "failures": event.failures}
        case Verdict():
            return "verdict", verdict_of(event.report)
        case _:
            assert_never(event)


def verdict_of(report: Report) -> dict[str, JsonValue]:
    """Return how a job stands: its outcome, its own status, and the task that was the cause."""
    cause = report.failed[0] if report.failed else None
    return {
        "outcome": report.outcome,
        "status": report.job.execution_status,
        "elapsed_seconds": report.elapsed_seconds,
        "failure": {**_task(cause), **(_failure(cause) or {})} if cause else None,
    }


def document_of_verdicts(
    reports: Iterable[tuple[str, Report | None]], *, timed_out: bool
) -> dict[str, JsonValue]:
    """Return the one document of `casjob wait --json`.

    Args:
        reports: each job with what is known of it; None if it was never seen.
        timed_out: whether the time was up first.
    """
    verdicts: list[JsonValue] = [
        {"job_id": job_id, **(verdict_of(report) if report else _UNSEEN)}
        for job_id, report in reports
    ]
    return {"schema_version": SCHEMA_VERSION, "timed_out": timed_out, "verdicts": verdicts}


_UNSEEN: dict[str, JsonValue] = {
    "outcome": "unknown",
    "status": None,
    "elapsed_seconds": None,
    "failure": None,
}


def _task(report: TaskReport) -> dict[str, JsonValue]:
    task = report.task
    return {
        "task_id": task.task_id,
        "task_index": task.task_index,
        "task_name": task.task_name,
    }


def _failure(report: TaskReport) -> dict[str, JsonValue] | None:
    failure = report.failure
    return {"code": failure.code, "detail": failure.detail} if failure else None
