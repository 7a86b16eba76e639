"""JSON under the API's own names: one document; for `watch`, one object a line."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pydantic_core import PydanticSerializationError, to_json

from casjob.formats import documents
from casjob.formats.display import Display, JobResult, View
from casjob.formats.documents import VersionedDocument
from casjob.job import events
from casjob.json_text import encode_document, escape_controls, format_utc

if TYPE_CHECKING:
    from casjob.builds.models import BuildLog
    from casjob.components import ComponentHistory
    from casjob.job.difference import Difference
    from casjob.job.report import Report
    from casjob.job.statistics import Statistics

Write: TypeAlias = Callable[[VersionedDocument], bytes]

_EVENTS: dict[type, type[documents.Event]] = {
    events.JobStatus: documents.JobStatus,
    events.TaskStatus: documents.TaskStatus,
    events.Stall: documents.Stall,
    events.Waiting: documents.Waiting,
    events.Retry: documents.Retry,
    events.NotFound: documents.VerdictEvent,
    events.Verdict: documents.VerdictEvent,
}


def encode(document: documents.Document | documents.Task, *, indent: int | None = 2) -> bytes:
    """Return a document in UTF-8 with a line feed at its end; without `indent`, on one line."""
    if indent:
        # Six times as fast, but it refuses lone surrogates and more than 255 levels. In a key, it
        # replaces a lone surrogate by three U+FFFD.
        with suppress(PydanticSerializationError):
            written = to_json(document, indent=indent).decode()
            if "\ufffd" not in written:
                return f"{escape_controls(written)}\n".encode()
    return encode_document(document, indent=indent, default=_list_fields)


def _list_fields(document: documents.Document) -> dict[str, Any]:
    declared = type(document).model_fields
    names = {name: field.serialization_alias or name for name, field in declared.items()}
    return {names.get(name, name): value for name, value in document}


def report(
    report: "Report",
    display: Display,
    *,
    tasks_only: bool = False,
    next_command: str | None = None,
    write: Write = encode,
) -> bytes:
    """Return what the service sent, and what casjob makes of it."""
    document = documents.Report.model_validate(report)
    unknown = {key: value for key, value in report.detail.rest.items() if key not in dict(document)}
    return write(document.model_copy(update=unknown))


def difference(difference: "Difference", display: Display, *, write: Write = encode) -> bytes:
    """Return both jobs, and their tasks side by side."""
    return write(documents.Difference.model_validate(difference))


def verdicts(
    results: Sequence[JobResult], display: Display, *, timed_out: bool, write: Write = encode
) -> bytes:
    """Return the verdicts in the order of the jobs; a job never seen is unknown."""
    fields = {"timed_out": timed_out, "verdicts": results}
    return write(documents.Verdicts.model_validate(fields))


@contextmanager
def view(
    write: Callable[[str | bytes], bool], display: Display, *, may_draw: bool
) -> Iterator[View]:
    """Return what writes an event a line."""
    yield _EventLines(write)


class _EventLines:
    is_live = False

    def __init__(self, write: Callable[[str | bytes], bool]) -> None:
        self._write = write

    def show_event(self, event: events.Event) -> bool:
        return self._write(encode(_EVENTS[type(event)].model_validate(event), indent=None))

    def draw(self, snapshots: Sequence[events.JobSnapshot]) -> None:
        """Draw nothing."""

    def show_results(self, results: Sequence[JobResult]) -> None:
        """Show nothing: each job had its verdict event."""


def _records(model: str, key: str | None = None) -> Callable[..., bytes]:
    """Return a function that presents content by a model of `records`, whole or under a key.

    The models are loaded late: that takes 10 ms, and a report does not need them.
    """

    def present(content: object, *_display: object, write: Write = encode) -> bytes:
        from casjob.formats import records

        fields = content if key is None else {key: content}
        return write(getattr(records, model).model_validate(fields))

    return present


settings = _records("Settings")
checks = _records("Checks", "checks")
explanations = _records("Explanations", "explanations")
components = _records("Components")
deployments = _records("Deployments")
recent = _records("RecentJobs", "jobs")


def statistics(
    history: "ComponentHistory",
    statistics: "Statistics",
    display: Display,
    *,
    write: Write = encode,
) -> bytes:
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
    return _records("Statistics")(fields, write=write)


def log(log: "BuildLog", display: Display) -> bytes:
    """Return the log of a build, and what the service says about the build."""
    from casjob.formats import records

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
