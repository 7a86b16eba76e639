"""What casjob prints as JSON: a contract with scripts, from which casjob/schema/ is generated.

A key that a script may rely on is a field here, in the order in which it is printed. Documents are
read from what they describe, by the names of its attributes.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NotRequired, TypeAlias, cast

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    with_config,
)
from typing_extensions import TypedDict  # pydantic can't read that of typing before Python 3.12

from casjob.job.failures import decode_messages
from casjob.job.report import TaskReport
from casjob.job.statuses import Outcome
from casjob.json_text import format_utc


def _moment(digits: int) -> Any:
    return Field(pattern=rf"^\d{{4}}-\d{{2}}-\d{{2}}T\d{{2}}:\d{{2}}:\d{{2}}\.\d{{{digits}}}Z$")


Text: TypeAlias = str | None
Seconds: TypeAlias = Annotated[
    Annotated[float, Field(ge=0)] | None,
    Field(description="Seconds, or null if unknown."),
]
Change: TypeAlias = Annotated[
    float | None,
    Field(
        description="How many seconds longer JOB took than BASE; negative if it was faster, null if"
        " unknown. Unless both jobs succeeded, only tasks that both ran count."
    ),
]
Moment: TypeAlias = Annotated[
    Annotated[str, _moment(3)] | None,
    Field(description="In UTC, or null if unknown."),
    BeforeValidator(format_utc),
]
ExactTime: TypeAlias = Annotated[
    str, _moment(6), BeforeValidator(partial(format_utc, timespec="microseconds"))
]
AsSent: TypeAlias = Annotated[Text, Field(description="As sent; an open set.")]
Meanings: TypeAlias = Annotated[Text, BeforeValidator(lambda lines: "\n".join(lines) or None)]


def of_report(*paths: str, default: Any = None, **more: Any) -> Any:
    """Return a field that is read from a report, or from what has one, by the first path there.

    Any attribute on a path may be missing or None: without a path, the field has the default.
    """
    prefixed = (*paths, *(f"report.{path}" for path in paths))
    choices = AliasChoices(*(AliasPath(*path.split(".")) for path in prefixed))
    return Field(default=default, validation_alias=choices, **more)


class Document(BaseModel):
    """An object of JSON, whose keys are all there."""

    # Deferred: a run prints one kind of document, and building all of them takes 20 ms.
    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True, defer_build=True)


class VersionedDocument(Document):
    """A whole document; `lines` are the fields whose items are what jsonl prints, one a line."""

    lines: ClassVar[Sequence[str]] = ()

    schema_version: Literal[1] = Field(
        default=1, description="Incremented on incompatible changes."
    )


class Pair(Document):
    """A code with what it says."""

    code: Text = of_report("code", "message.code", description="The error code, such as ECC00011.")
    detail: Text = of_report(
        "detail", "message.detail", description="What the service says about it."
    )


class Failure(Pair):
    """Why a task failed: the innermost pair."""

    within: list[Pair] = of_report(
        "message.within", default=[], description="The errors that wrap this one, innermost first."
    )
    means: Meanings = Field(
        description="Explanations of the codes, a line each, your own first; null if there are"
        " none."
    )


class NamedTask(Document):
    """A task."""

    task_id: Text = of_report("task.task_id", description="Its TASK_ID.")
    task_index: int | None = of_report("task.task_index", description="Its TASK_INDEX.")
    task_name: Text = of_report("task.task_name", description="Its TASK_NAME.")
    title: Text = of_report("title", description="What the task does; null if unknown.")


class PlacedTask(NamedTask):
    """A task in its phase."""

    phase: Text = Field(description="Named by the separator task before it.")


class Cause(Failure, PlacedTask):
    """The task that made the job fail, and why."""


# Not a model, which would print casjob's own fields before the others.
@with_config(ConfigDict(extra="allow"))
class Task(TypedDict):
    """The API's own fields, which may be absent, null or new, and casjob's additions."""

    MESSAGES: NotRequired[Annotated[Any, Field(description="Decoded where it is JSON.")]]
    outcome: Outcome
    phase: Annotated[Text, Field(description="Named by the separator task before it.")]
    title: Annotated[Text, Field(description="What the task does; null if unknown.")]
    elapsed_seconds: Seconds
    failure: Annotated[Failure | None, Field(description="Null for a task that did not fail.")]


def _describe_task(report: TaskReport) -> Task:
    """Return a task: what the service sent, and what casjob makes of it."""
    fields: dict[str, Any] = dict(report.task.sent)
    if "MESSAGES" in fields:
        fields["MESSAGES"] = decode_messages(fields["MESSAGES"])
    fields |= Task(
        outcome=report.stage.outcome,
        phase=report.phase,
        title=report.title,
        elapsed_seconds=report.elapsed_seconds,
        failure=report.failure and Failure.model_validate(report.failure),
    )
    return cast("Task", fields)


class JobComponent(Document):
    """The component that a job belongs to."""

    id: Text
    name: Text
    application_name: Text
    environment_name: Text


class Report(VersionedDocument):
    """The API's own fields, which may be absent, null or new, and casjob's additions."""

    model_config = ConfigDict(extra="allow")

    lines = ("tasks",)

    job_id: Text = of_report("job.job_id", description="The job's id.")
    status: Text = of_report("job.execution_status", description="The job's own status.")
    outcome: Outcome
    complete: bool = Field(
        validation_alias="is_complete", description="Whether every requested task was received."
    )
    as_of: ExactTime | None = Field(
        description="The service's time at which the job was still running; null once it has ended."
    )
    started_at: Moment = Field(validation_alias="started")
    ended_at: Moment = Field(validation_alias="ended")
    elapsed_seconds: Seconds
    task_count: int | None = of_report(
        "detail.task_count",
        description="Number of tasks according to the service; null if not sent.",
    )
    component: JobComponent | None = of_report(
        "detail.place.component", description="Null unless the job was found by its component."
    )
    region: Text = of_report("detail.place.region", description="Null if no region is set.")
    project_id: Text = Field(description="The job's project; null if unknown.")
    failure: Cause | None = of_report("cause", description="Null if no task failed.")
    job: SkipValidation[dict[str, Any]] = of_report(
        "job.sent", description="Keys in upper case, for both API versions."
    )
    tasks: Annotated[
        SkipValidation[list[Task]], BeforeValidator(lambda shown: [*map(_describe_task, shown)])
    ] = of_report("shown", description="In the order of the table.")


class Standing(Document):
    """How a job stands."""

    outcome: Outcome = of_report("outcome", default=Outcome.UNKNOWN)
    status: Text = of_report("job.execution_status")
    elapsed_seconds: Seconds = of_report("elapsed_seconds")
    failure: Cause | None = of_report("cause", description="Null if no task failed.")


class _OfJob(Document):
    job_id: str


class Verdict(Standing, _OfJob):
    """How a job stands, or stood when it was no longer waited for; unknown if never seen."""


class Verdicts(VersionedDocument):
    """How each job ended, in the order of the jobs."""

    lines = ("verdicts",)

    timed_out: bool = Field(description="Whether --timeout passed first.")
    verdicts: list[Verdict]


class _OfComparedJob(Document):
    job_id: Text = of_report("job.job_id")
    complete: bool = Field(
        validation_alias="has_all", description="Whether every task was received."
    )


class ComparedJob(Standing, _OfComparedJob):
    """One of the two jobs."""


class TaskOfJob(NamedTask):
    """A task in one of the jobs."""

    status: Text = of_report("task.task_status")
    outcome: Outcome = of_report("stage.outcome")
    phase: Text
    elapsed_seconds: Seconds
    failure: Failure | None


class ComparedTask(Document):
    """A task in both jobs, or in one of them, and what differs."""

    task_name: Text = of_report("either.task.task_name")
    difference: Literal["removed", "added", "status", "message"] | None = Field(
        validation_alias="change", description="What differs; null if nothing does."
    )
    elapsed_change_seconds: Change = Field(validation_alias="elapsed_change")
    base: TaskOfJob | None
    job: TaskOfJob | None


class Difference(VersionedDocument):
    """BASE and JOB, and their tasks matched by name and by which one of that name they are."""

    lines = ("tasks",)

    alike: bool | None = Field(
        validation_alias="is_alike",
        description="Whether nothing differs; elapsed times are not compared. Null if that can't be"
        " told, since tasks are missing.",
    )
    elapsed_change_seconds: Change = Field(validation_alias="elapsed_change")
    base: ComparedJob
    job: ComparedJob
    first_difference: ComparedTask | None = Field(
        validation_alias="first",
        description="The first of the tasks that differ; null if none does.",
    )
    main_elapsed_change: ComparedTask | None = Field(
        validation_alias="main_cause",
        description="The task that explains more than half of the change in elapsed time; null if"
        " none does.",
    )
    tasks: list[ComparedTask] = Field(
        description="In the order of BASE; one that is only in JOB stands after the one that it"
        " follows there."
    )


class Event(Document):
    """Something that happened to a job."""

    time: ExactTime
    event: str
    job_id: Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$")]


class JobStatus(Event):
    """The job's status is new or has changed."""

    event: Literal["job_status"] = "job_status"
    from_: Text = Field(validation_alias="before", serialization_alias="from")
    to: Text = Field(validation_alias="after")


class TaskStatus(NamedTask, Event):
    """A task's status is new or has changed."""

    event: Literal["task_status"] = "task_status"
    from_: Text = Field(validation_alias="before", serialization_alias="from")
    to: Text = of_report("task.task_status")
    elapsed_seconds: Seconds = of_report("elapsed_seconds")
    failure: Failure | None = of_report("failure")


class Stall(NamedTask, Event):
    """A running task has sent no heartbeat for 5 minutes, or was taken over by another worker."""

    event: Literal["stall"] = "stall"
    message: str


class Waiting(Event):
    """Nothing has changed for 60 seconds."""

    event: Literal["waiting"] = "waiting"
    status: Text = of_report("job.execution_status")
    elapsed_seconds: Seconds = of_report("elapsed_seconds")


class Retry(Event):
    """A poll failed and will be retried; `failures` is the number of consecutive failures."""

    event: Literal["retry"] = "retry"
    message: str
    failures: Annotated[int, Field(ge=1, le=9)]


class VerdictEvent(Standing, Event):
    """The job has ended, or --fail-fast applies."""

    event: Literal["verdict"] = "verdict"


AnyEvent: TypeAlias = Annotated[
    JobStatus | TaskStatus | Stall | Waiting | Retry | VerdictEvent,
    Field(discriminator="event", title="A line of casjob watch --json"),
]
