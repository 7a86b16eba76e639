"""What casjob prints as JSON: a contract with scripts, from which casjob/schema/ is generated.

A key that a script may rely on is a field here, in the order in which it is printed.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SkipValidation,
    with_config,
)
from typing_extensions import TypedDict  # pydantic can't read that of typing before Python 3.12

from casjob.job.statuses import Outcome
from casjob.json_text import JsonValue


def format_utc(moment: datetime | None, timespec: str = "milliseconds") -> str | None:
    """Return `2020-02-04T04:01:03.123Z`, in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


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
        description="Seconds that JOB took longer; negative if less, null if unknown. Unless both"
        " jobs succeeded, in the tasks that both ran."
    ),
]
Moment: TypeAlias = Annotated[
    Annotated[str, _moment(3)] | None,
    Field(description="In UTC, or null if unknown."),
]
ExactTime: TypeAlias = Annotated[str, _moment(6)]
AsSent: TypeAlias = Annotated[Text, Field(description="As sent; an open set.")]


class Document(BaseModel):
    """An object of JSON, whose keys are all there."""

    # Deferred: a run prints one kind of document, and building all of them takes 20 ms.
    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True, defer_build=True)


class VersionedDocument(Document):
    """A whole document."""

    schema_version: Literal[1] = Field(
        default=1, description="Incremented on incompatible changes."
    )


# --- Jobs and tasks ----------------------------------------------------------------------------


class Pair(Document):
    """A code with what it says."""

    code: Text = Field(description="The error code, such as ECC00011.")
    detail: Text = Field(description="What the service says about it.")


class Failure(Pair):
    """Why a task failed: the innermost pair."""

    within: list[Pair] = Field(description="The errors that wrap this one, innermost first.")
    means: Text = Field(
        description="Explanations of the codes, a line each, your own first; null if there are"
        " none."
    )


class NamedTask(Document):
    """A task."""

    task_id: Text = Field(description="Its TASK_ID.")
    task_index: int | None = Field(description="Its TASK_INDEX.")
    task_name: Text = Field(description="Its TASK_NAME.")
    title: Text = Field(description="What the task does; null if unknown.")


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


class JobComponent(Document):
    """The component that a job belongs to."""

    id: Text
    name: Text
    application_name: Text
    environment_name: Text


class Report(VersionedDocument):
    """The API's own fields, which may be absent, null or new, and casjob's additions."""

    model_config = ConfigDict(extra="allow")

    job_id: Text = Field(description="The job's id.")
    status: Text = Field(description="The job's own status.")
    outcome: Outcome
    complete: bool = Field(description="Whether every requested task was received.")
    as_of: ExactTime | None = Field(
        description="The service's time at which the job was still running; null once it has ended."
    )
    started_at: Moment
    ended_at: Moment
    elapsed_seconds: Seconds
    task_count: int | None = Field(
        description="Number of tasks according to the service; null if not sent."
    )
    component: JobComponent | None = Field(
        description="Null unless the job was found by its component."
    )
    region: Text = Field(description="Null if no region is set.")
    project_id: Text = Field(description="The job's project; null if unknown.")
    failure: Cause | None = Field(description="Null if no task failed.")
    job: SkipValidation[dict[str, Any]] = Field(
        description="Keys in upper case, for both API versions."
    )
    tasks: SkipValidation[list[Task]] = Field(description="In the order of the table.")


def drop_additions(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the service sent of a report that casjob printed."""
    added = Report.model_fields.keys() - {"job", "tasks", "task_count"}
    reply = {key: value for key, value in document.items() if key not in added}
    tasks = reply.get("tasks")
    if isinstance(tasks, list):
        reply["tasks"] = [_drop_additions_to_task(each) for each in tasks]
    return reply


def _drop_additions_to_task(task: JsonValue) -> JsonValue:
    if not isinstance(task, dict):
        return task
    added = Task.__annotations__.keys() - {"MESSAGES"}
    return {key: value for key, value in task.items() if key not in added}


class Standing(Document):
    """How a job stands."""

    outcome: Outcome
    status: Text
    elapsed_seconds: Seconds
    failure: Cause | None = Field(description="Null if no task failed.")


class _OfJob(Document):
    job_id: str


class Verdict(Standing, _OfJob):
    """How a job stands, or stood when it was no longer waited for; unknown if never seen."""


class Verdicts(VersionedDocument):
    """How each job ended, in the order of the jobs."""

    timed_out: bool = Field(description="Whether --timeout passed first.")
    verdicts: list[Verdict]


# --- Two jobs ----------------------------------------------------------------------------------


class _OfComparedJob(Document):
    job_id: Text
    complete: bool = Field(description="Whether every task was received.")


class ComparedJob(Standing, _OfComparedJob):
    """One of the two jobs."""


class TaskOfJob(NamedTask):
    """A task in one of the jobs."""

    status: Text
    outcome: Outcome
    phase: Text
    elapsed_seconds: Seconds
    failure: Failure | None


class ComparedTask(Document):
    """A task in both jobs, or in one of them, and what differs."""

    task_name: Text
    difference: Literal["removed", "added", "status", "message"] | None = Field(
        description="What differs; null if nothing does."
    )
    elapsed_change_seconds: Change
    base: TaskOfJob | None
    job: TaskOfJob | None


class Difference(VersionedDocument):
    """BASE and JOB, and their tasks matched by name and by which one of that name they are."""

    alike: bool | None = Field(
        description="Whether nothing differs; elapsed times are not compared. Null if that can't be"
        " told, since tasks are missing."
    )
    elapsed_change_seconds: Change
    base: ComparedJob
    job: ComparedJob
    first_difference: ComparedTask | None = Field(
        description="The first of the tasks that differ; null if none does."
    )
    main_elapsed_change: ComparedTask | None = Field(
        description="The task that explains more than half of the change in elapsed time; null if"
        " none does."
    )
    tasks: SkipValidation[list[ComparedTask]] = Field(
        description="In the order of BASE; one that is only in JOB stands after the one that it"
        " follows there."
    )


# --- Events ------------------------------------------------------------------------------------


class Event(Document):
    """Something that happened to a job."""

    time: ExactTime
    event: str
    job_id: Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$")]


class JobStatus(Event):
    """The job's status is new or has changed."""

    event: Literal["job_status"] = "job_status"
    from_: Text = Field(serialization_alias="from")
    to: Text


class TaskStatus(NamedTask, Event):
    """A task's status is new or has changed."""

    event: Literal["task_status"] = "task_status"
    from_: Text = Field(serialization_alias="from")
    to: Text
    elapsed_seconds: Seconds
    failure: Failure | None


class Stall(NamedTask, Event):
    """A running task has sent no heartbeat for 5 minutes, or was taken over by another worker."""

    event: Literal["stall"] = "stall"
    message: str


class Waiting(Event):
    """Nothing has changed for 60 seconds."""

    event: Literal["waiting"] = "waiting"
    status: Text
    elapsed_seconds: Seconds


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
