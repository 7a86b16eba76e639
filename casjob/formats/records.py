"""What casjob prints as JSON about anything but jobs: flat records, read from what has them."""

from operator import not_
from typing import Annotated, Any, Literal

from pydantic import AliasPath, BeforeValidator, ConfigDict, Field, SkipValidation, with_config
from typing_extensions import TypedDict  # pydantic can't read that of typing before Python 3.12

from casjob.catalogue.meanings import Kind
from casjob.formats.documents import (
    AsSent,
    Document,
    Meanings,
    Moment,
    Seconds,
    Text,
    VersionedDocument,
)
from casjob.job.statuses import Outcome
from casjob.json_text import format_utc


def _of_step(name: str) -> Any:
    return Field(default=None, validation_alias=AliasPath("step", name))


class Component(Document):
    """A component, with its last job."""

    id: Text = Field(validation_alias="component_id")
    name: Text
    application_id: Text
    application_name: Text
    environment_id: Text
    environment_name: Text = Field(description="Null in v2.")
    instance_id: Text = Field(
        description="The component's instance in v2, which lists each by itself; null in v3."
    )
    version: Text
    status: AsSent
    fail_detail: Text
    last_job_id: Text
    updated_at: Moment = Field(validation_alias="updated")


class Components(VersionedDocument):
    """The components of a project, each with its last job."""

    lines = ("components",)

    complete: bool = Field(
        validation_alias="is_complete",
        description="Whether the service sent every component that it counts.",
    )
    components: list[Component] = Field(validation_alias="shown")


class Deployment(Document):
    """A deployment of a component."""

    version: Text
    status: AsSent
    deploy_type: Text
    current_used: bool | None = Field(
        validation_alias="is_in_use", description="Whether it is in use; null if unknown."
    )
    begin_time: Text = Field(description="As sent.")
    end_time: Text = Field(description="As sent.")
    started_at: Moment = Field(validation_alias="began")
    ended_at: Moment = Field(validation_alias="ended")
    elapsed_seconds: Seconds
    # Not under job_id: of such a document, `wait -` is to take the last job alone.
    jobs: list[str] = Field(
        validation_alias="job_ids", description="Their ids, in the order in which they run."
    )


class Deployments(VersionedDocument):
    """A component and its deployments, newest first."""

    lines = ("deployments",)

    complete: bool = Field(
        validation_alias="is_complete",
        description="Whether the service sent every deployment that it counts.",
    )
    component: Component
    deployments: list[Deployment] | None = Field(
        description="Null where the service has no v3 of the API, which lists them."
    )


class Run(Document):
    """A deployment, with all of its jobs."""

    version: Text
    outcome: Literal["succeeded", "failed", "running", "unknown", "gone", "unreadable"] = Field(
        description="Failed if one of its jobs failed; gone if one is no longer there; unreadable"
        " if one could not be fetched or understood."
    )
    started_at: Moment = Field(validation_alias="started")
    ended_at: Moment = Field(validation_alias="ended")
    elapsed_seconds: Seconds
    jobs: list[str] = Field(
        validation_alias="job_ids", description="Their ids, in the order in which they run."
    )


class Outcomes(Document):
    """How many deployments ended so, or have not ended."""

    succeeded: int = 0
    failed: int = 0
    running: int = 0
    unknown: int = 0
    gone: int = 0
    unreadable: int = 0


class Figures(Document):
    """How long something took; percentiles are nearest-rank: times that occurred."""

    n: int = Field(description="How often that is known.")
    median_seconds: Seconds = Field(validation_alias="median")
    p95_seconds: Seconds = Field(
        validation_alias="p95", description="The 95th percentile; null if n is less than 5."
    )
    last_seconds: Seconds = Field(validation_alias="last", description="The last time.")


class _OfStep(Document):
    kind: str
    task_index: int | None = _of_step("task_index")
    task_name: Text = _of_step("task_name")
    title: Text = _of_step("title")
    phase: Text = _of_step("phase")


class NormalStep(_OfStep):
    """A step over the deployments that succeeded or failed."""

    kind: Literal["step"] = "step"
    runs: int = Field(description="How often it ran.")
    failed: int = Field(description="How often it failed.")
    slow: bool = Field(
        validation_alias="is_slow",
        description="Whether the last time took longer than all but one in twenty before, and by"
        " more than 2 s.",
    )
    elapsed: Figures


class RepeatedFailure(_OfStep):
    """Jobs that failed in the same step with the same code."""

    kind: Literal["failure"] = "failure"
    code: Text
    detail: Text = Field(description="Of the newest.")
    means: Meanings = Field(description="What is known about the code.")
    failed: int = Field(description="How many jobs failed so.")
    first_at: Moment = Field(validation_alias="first")
    last_at: Moment = Field(validation_alias="last")
    jobs: list[str] = Field(validation_alias="job_ids", description="Their ids, newest first.")


class Statistics(VersionedDocument):
    """What is normal for a component, by its newest deployments."""

    lines = ("steps", "failures")

    complete: bool = Field(
        description="Whether the service sent every deployment that it counts, and every task of"
        " their jobs."
    )
    component: Component
    deployment_count: int = Field(description="How many there are, also those not asked for.")
    outcomes: Outcomes
    elapsed: Figures = Field(description="Of a deployment, from its first start to its last end.")
    deployments: list[Run] = Field(description="Newest first.")
    steps: list[NormalStep] = Field(description="In their order.")
    failures: list[RepeatedFailure] = Field(description="The one that happened last first.")


class RecentJob(Document):
    """A job that was viewed."""

    job_id: str
    prefix: str = Field(description="The shortest one that names no other recent job.")
    status: Text = Field(description="When it was viewed.")
    name: Text
    viewed_at: Annotated[str, BeforeValidator(format_utc)]
    looked_at: Annotated[str, BeforeValidator(format_utc)] = Field(
        validation_alias="viewed_at", description="The old name of viewed_at."
    )
    location: Text = Field(
        description="The region, the endpoint's host if no region was set, or the demo."
    )


class RecentJobs(VersionedDocument):
    """The jobs viewed on this machine, newest first."""

    lines = ("jobs",)

    jobs: list[RecentJob]


class Setting(Document):
    """A setting; a secret is masked."""

    name: str
    value: Text = Field(description="Null if it is not set.")
    origin: str


class Settings(VersionedDocument):
    """Every setting, and where it came from."""

    lines = ("settings",)

    settings: list[Setting] = Field(description="The effective settings.")
    overruled: list[Setting] = Field(description="What else was found.")
    notes: list[str] = Field(description="What is wrong or incomplete.")


class Check(Document):
    """How one step of the test went."""

    step: str
    ok: Annotated[bool, BeforeValidator(not_)] = Field(validation_alias="status")
    found: str = Field(validation_alias="message")
    hint: Text = Field(validation_alias="advice", description="What to do about a failure.")


class Checks(VersionedDocument):
    """How each step of the test went."""

    lines = ("checks",)

    checks: list[Check]


class FlowTask(Document):
    """A task of a flow."""

    task_name: str = Field(validation_alias="name")
    title: str = Field(validation_alias="means")


class Explanation(Document):
    """What a name means."""

    name: str = Field(description="As documented, or as asked for.")
    kind: Kind
    own: Text = Field(validation_alias="custom", description="What the team's own file says.")
    means: Text = Field(description="What the error or word means, or what the task or flow does.")
    advice: Text = Field(description="What to do.")
    service: Annotated[Text, BeforeValidator(lambda service: service and service.name)] = Field(
        description="The service that a code's prefix names."
    )
    flow: Text = Field(description="The flow that a task belongs to.")
    tasks: list[FlowTask] = Field(description="The tasks of a flow, in the catalogue's order.")
    source: Text = Field(description="Where all but own is from.")


class Explanations(VersionedDocument):
    """What names mean."""

    lines = ("explanations",)

    explanations: list[Explanation] = Field(
        description="The known ones of the names, in their order."
    )


# Not a model, which would print casjob's own fields before the others.
@with_config(ConfigDict(extra="allow"))
class Build(TypedDict):
    """The API's own fields, which may be absent, null or new, and casjob's additions."""

    outcome: Outcome
    started_at: Moment
    ended_at: Moment
    elapsed_seconds: Seconds


class Phase(Document):
    """A part of a build."""

    name: str
    state: AsSent


class Line(Document):
    """A line of the log."""

    line: int = Field(description="Its number, from 1.")
    text: str


class Log(VersionedDocument):
    """The log of a build, without colours and passwords."""

    job_id: Text = Field(description="The job that the build belongs to; null with --build.")
    component: Text
    build: SkipValidation[Build]
    phases: list[Phase]
    failed_phase: Text = Field(description="The first phase that failed; null if none did.")
    excerpt: list[Line] = Field(
        description="The lines that say why the build failed, as far as they are recognised; else"
        " the last ones."
    )
    log: str
