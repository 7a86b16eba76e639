"""JSON under the API's own names: one document; for `watch`, one object a line."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, assert_never, cast

from pydantic_core import PydanticSerializationError, to_json

from casjob.errors import CheckResult
from casjob.formats import documents, records
from casjob.formats.display import Display, JobResult, View
from casjob.formats.documents import format_utc
from casjob.job.failures import decode_messages
from casjob.json_text import encode_document, escape_controls

if TYPE_CHECKING:
    from casjob.builds.models import BuildLog
    from casjob.catalogue.meanings import Explanation
    from casjob.components import ComponentHistory, Listing
    from casjob.history import RecentJob
    from casjob.job.difference import Difference, TaskDifference
    from casjob.job.events import Event, JobSnapshot
    from casjob.job.report import Report, TaskReport
    from casjob.job.statistics import Statistics
    from casjob.settings.values import Overview


def report(
    report: "Report", display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return what the service sent, and what casjob makes of it."""
    detail, component = report.detail, report.detail.place.component
    document = documents.Report(
        job_id=report.job.job_id,
        status=report.job.execution_status,
        outcome=report.outcome,
        complete=report.is_complete,
        # Once a job has ended, nothing depends on it: its document stays the same.
        as_of=None if report.stage.has_ended else format_utc(detail.as_of, "microseconds"),
        started_at=format_utc(report.started),
        ended_at=format_utc(report.ended),
        elapsed_seconds=report.elapsed_seconds,
        task_count=detail.task_count,
        component=component and documents.JobComponent(**component._asdict()),
        region=detail.place.region,
        project_id=report.project_id,
        failure=_describe_cause(report),
        job=dict(report.job.sent),
        tasks=[describe_task(each) for each in report.shown],
    )
    unknown = {key: value for key, value in detail.sent.items() if key not in dict(document)}
    return encode(document.model_copy(update=unknown))


def difference(difference: "Difference", display: Display) -> bytes:
    """Return both jobs, and their tasks side by side."""
    return encode(
        documents.Difference(
            alike=difference.is_alike,
            elapsed_change_seconds=difference.elapsed_change,
            base=_describe_compared_job(difference.base),
            job=_describe_compared_job(difference.job),
            first_difference=difference.first and describe_difference(difference.first),
            main_elapsed_change=difference.main_cause
            and describe_difference(difference.main_cause),
            tasks=[describe_difference(each) for each in difference.tasks],
        )
    )


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return the verdicts in the order of the jobs; a job never seen is unknown."""
    verdicts = [describe_verdict(each) for each in results]
    return encode(documents.Verdicts(timed_out=timed_out, verdicts=verdicts))


@contextmanager
def view(
    write: Callable[[str | bytes], bool], display: Display, *, may_draw: bool
) -> Iterator[View]:
    """Return what writes an event a line."""
    yield _EventLines(write)


def settings(overview: "Overview", display: Display) -> bytes:
    """Return the effective settings, with their origins."""
    return encode(records.Settings.model_validate(overview))


def findings(findings: Iterable[CheckResult], display: Display) -> bytes:
    """Return how each probe went."""
    return encode(records.Checks(checks=[describe_finding(each) for each in findings]))


def explanations(explanations: "Iterable[Explanation]", display: Display) -> bytes:
    """Return what names mean."""
    return encode(records.Explanations.model_validate({"explanations": list(explanations)}))


def components(listing: "Listing", display: Display) -> bytes:
    """Return the components, with their last jobs under `last_job_id`."""
    fields = {"complete": listing.is_complete, "components": listing.shown}
    return encode(records.Components.model_validate(fields))


def deployments(history: "ComponentHistory", display: Display) -> bytes:
    """Return a component, and its deployments; null if the service does not keep them."""
    fields = {
        "complete": history.is_complete,
        "component": history.component,
        "deployments": history.deployments,
    }
    return encode(records.Deployments.model_validate(fields))


def statistics(history: "ComponentHistory", statistics: "Statistics", display: Display) -> bytes:
    """Return what is normal for a component, and the deployments that it was worked out of."""
    fields = {
        "complete": history.is_complete,
        "component": history.component,
        "deployment_count": history.total,
        "outcomes": statistics.outcomes,
        "elapsed": statistics.elapsed,
        "deployments": statistics.runs,
        "steps": statistics.steps,
        "failures": statistics.failures,
    }
    return encode(records.Statistics.model_validate(fields))


def recent(jobs: "Sequence[RecentJob]", now: datetime, display: Display) -> bytes:
    """Return the jobs viewed."""
    return encode(records.RecentJobs.model_validate({"jobs": jobs}))


def log(log: "BuildLog", display: Display) -> bytes:
    """Return the log of a build, and what the service says about the build."""
    build = log.build
    added = {
        "outcome": build.outcome,
        "started_at": format_utc(build.started),
        "ended_at": format_utc(build.ended),
        "elapsed_seconds": build.elapsed_seconds,
    }
    sent = {name.lower(): value for name, value in build.sent.items()}
    return encode(
        records.Log(
            job_id=log.job_id,
            component=log.component,
            build=cast("records.Build", sent | added),
            phases=[records.Phase.model_validate(each) for each in log.phases],
            failed_phase=log.failed_phase,
            excerpt=[records.Line(line=each + 1, text=log.lines[each]) for each in log.excerpt],
            log="".join(f"{line}\n" for line in log.lines[log.first_shown :]),
        )
    )


class _EventLines:
    is_live = False

    def __init__(self, write: Callable[[str | bytes], bool]) -> None:
        self._write = write

    def show_event(self, event: "Event") -> bool:
        return self._write(encode(describe_event(event), indent=None))

    def draw(self, pictures: "Sequence[JobSnapshot]") -> None:
        """Draw nothing."""

    def show_results(self, results: Sequence[JobResult]) -> None:
        """Show nothing: each job had its verdict event."""


def encode(document: documents.Document | documents.Task, *, indent: int | None = 2) -> bytes:
    """Return a document in UTF-8 with a line feed at its end; without `indent`, on one line."""
    if indent:
        # Six times as fast, but it refuses lone surrogates and more than 255 levels. In keys it
        # replaces the former without a word.
        with suppress(PydanticSerializationError):
            written = to_json(document, indent=indent).decode()
            if "\ufffd" not in written:
                return f"{escape_controls(written)}\n".encode()
    return encode_document(document, indent=indent, default=_list_fields)


def _list_fields(document: documents.Document) -> dict[str, Any]:
    declared = type(document).model_fields
    names = {name: field.serialization_alias or name for name, field in declared.items()}
    return {names.get(name, name): value for name, value in document}


# Parts of documents, which are lines of jsonl, too


def describe_task(report: "TaskReport") -> documents.Task:
    """Return a task: what the service sent, and what casjob makes of it."""
    fields: dict[str, Any] = dict(report.task.sent)
    if "MESSAGES" in fields:
        fields["MESSAGES"] = decode_messages(fields["MESSAGES"])
    fields |= documents.Task(
        outcome=report.stage.outcome,
        phase=report.phase,
        title=report.title,
        elapsed_seconds=report.elapsed_seconds,
        failure=_describe_failure(report),
    )
    return cast("documents.Task", fields)


def describe_difference(task: "TaskDifference") -> documents.ComparedTask:
    """Return a task of two jobs side by side, and what differs."""
    return documents.ComparedTask(
        task_name=task.either.task.task_name,
        difference=cast("Any", task.change and task.change.value),
        elapsed_change_seconds=task.elapsed_change,
        base=task.base and _describe_compared_task(task.base),
        job=task.job and _describe_compared_task(task.job),
    )


def describe_verdict(result: JobResult) -> documents.Verdict:
    """Return how a job stands; one never seen is unknown."""
    return documents.Verdict(job_id=result.job_id, **_describe_standing(result.report))


def describe_finding(finding: CheckResult) -> records.Check:
    """Return how a probe went."""
    hint = finding.hint or "\n".join(finding.steps) or None
    return records.Check(
        step=finding.step,
        ok=not finding.status,
        found=finding.message,
        hint=hint if finding.status else None,
    )


def describe_event(event: "Event") -> documents.Event:
    """Return an event: its time, name and job, and the fields of its kind."""
    from casjob.job import events

    time = format_utc(event.time, "microseconds")
    common: dict[str, Any] = {"time": time, "job_id": event.job_id}
    match event:
        case events.JobStatus():
            return documents.JobStatus(**common, from_=event.before, to=event.after)
        case events.TaskStatus():
            return documents.TaskStatus(
                **common,
                **_identify(event.report),
                from_=event.before,
                to=event.report.task.task_status,
                elapsed_seconds=event.report.elapsed_seconds,
                failure=_describe_failure(event.report),
            )
        case events.Stall():
            return documents.Stall(**common, **_identify(event.report), message=event.message)
        case events.Waiting():
            return documents.Waiting(
                **common,
                status=event.report and event.report.job.execution_status,
                elapsed_seconds=event.report and event.report.elapsed_seconds,
            )
        case events.Retry():
            return documents.Retry(**common, message=event.message, failures=event.failures)
        case events.NotFound():
            return documents.VerdictEvent(**common, **_describe_standing(None))
        case events.Verdict():
            return documents.VerdictEvent(**common, **_describe_standing(event.report))
        case _:
            assert_never(event)


def _describe_standing(report: "Report | None") -> dict[str, Any]:
    return {
        "outcome": report.outcome if report else "unknown",
        "status": report.job.execution_status if report else None,
        "elapsed_seconds": report.elapsed_seconds if report else None,
        "failure": _describe_cause(report) if report else None,
    }


def _describe_cause(report: "Report") -> documents.Cause | None:
    cause = report.cause
    if cause is None:
        return None
    return documents.Cause(**_identify(cause), phase=cause.phase, **_explain_failure(cause))


def _describe_failure(report: "TaskReport") -> documents.Failure | None:
    return documents.Failure(**_explain_failure(report)) if report.has_failed else None


def _explain_failure(report: "TaskReport") -> dict[str, Any]:
    message = report.message
    return {
        "code": message and message.code,
        "detail": message and message.detail,
        "within": message.within if message else (),
        "means": "\n".join(report.means) or None,
    }


def _identify(report: "TaskReport") -> dict[str, Any]:
    task = report.task
    return {
        "task_id": task.task_id,
        "task_index": task.task_index,
        "task_name": task.task_name,
        "title": report.title,
    }


def _describe_compared_job(report: "Report") -> documents.ComparedJob:
    return documents.ComparedJob(
        job_id=report.job.job_id,
        complete=report.is_complete and report.has_all,
        **_describe_standing(report),
    )


def _describe_compared_task(report: "TaskReport") -> documents.TaskOfJob:
    return documents.TaskOfJob(
        **_identify(report),
        status=report.task.task_status,
        outcome=report.stage.outcome,
        phase=report.phase,
        elapsed_seconds=report.elapsed_seconds,
        failure=_describe_failure(report),
    )
