"""Components, from whose deployments jobs come, as v2 and v3 list them.

Every field may be absent, null or of another type than documented: the attribute then is None, or
the value's JSON text. Source: the models of the vendor's SDK, huaweicloudsdkservicestage 3.1.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import AliasChoices, BeforeValidator, Field, PlainValidator

from casjob.catalogue.meanings import fold_spelling
from casjob.durations import seconds_between
from casjob.errors import WRONG_ENDPOINT, ReplyError
from casjob.job.detail import SHORTEST_PREFIX
from casjob.job.models import ApiObject, Flag, Moment, WholeNumber
from casjob.job.statuses import Stage, stage_of
from casjob.json_text import JsonValue, read_moment, read_text, read_whole_number

Fields = dict[str, JsonValue]

_NAME = re.compile("[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
"""The name of an object in a cluster, which is safe in a command."""


def _keep_objects(sent: object) -> list[Fields]:
    return [each for each in sent if isinstance(each, dict)] if isinstance(sent, list) else []


_NonEmpty: TypeAlias = Annotated[str | None, PlainValidator(lambda sent: read_text(sent) or None)]
_STAGES = {
    word: stage
    for stage, words in {
        Stage.SUCCEEDED: "RUNNING",
        Stage.FAILED: "FAILED PARTIALLY_FAILED DOWN",
        Stage.UNDER_WAY: "INITIALIZING PENDING UPGRADING GRAYING STARTING STOPPING RESTARTING"
        " DELETING",
        Stage.SKIPPED: "STOPPED DELETED RESERVED",
    }.items()
    for word in words.split()
}
"""The documented statuses but UNKNOWN; it is an open set."""


class _Status(ApiObject):
    """What v3 has under `status`, and v2 under `status_detail`."""

    component_status: _NonEmpty = None
    status: _NonEmpty = None
    fail_detail: _NonEmpty = None
    last_job_id: _NonEmpty = None
    update_time: Moment = None
    available_replica: WholeNumber = None


class Component(ApiObject):
    """A component; in v2, one of its instances, as each has a last job of its own.

    v2 sends no `environment_name`, and v3 neither `instance_id` nor `update_time`.
    """

    component_id: _NonEmpty = Field(default=None, alias="ID")
    name: _NonEmpty = None
    application_id: _NonEmpty = None
    application_name: _NonEmpty = None
    environment_id: _NonEmpty = None
    environment_name: _NonEmpty = None
    instance_id: _NonEmpty = None
    version: _NonEmpty = None
    update_time: Moment = None
    status_detail: Annotated[
        _Status, BeforeValidator(lambda sent: sent if isinstance(sent, dict) else {"status": sent})
    ] = Field(default=_Status(), validation_alias=AliasChoices("STATUS_DETAIL", "STATUS"))

    @property
    def status(self) -> str | None:
        """The status as sent."""
        return self.status_detail.component_status or self.status_detail.status

    @property
    def fail_detail(self) -> str | None:
        """Why it failed, such as `cluster_deleted`."""
        return self.status_detail.fail_detail

    @property
    def last_job_id(self) -> str | None:
        """The job that changed it last."""
        return self.status_detail.last_job_id

    @property
    def is_available(self) -> bool:
        """Whether a replica runs, which a job that succeeded has left."""
        return bool(self.status_detail.available_replica)

    @property
    def updated(self) -> datetime | None:
        """When it changed last, in UTC."""
        return self.status_detail.update_time or self.update_time

    @property
    def stage(self) -> Stage:
        """The stage of a job that its status is like."""
        return _STAGES.get(fold_spelling(self.status or ""), Stage.UNDECIDED)

    @property
    def ids(self) -> tuple[str, ...]:
        """What it may be named by, beside its name."""
        return tuple(filter(None, (self.component_id, self.instance_id)))

    @property
    def label(self) -> str:
        """What errors and notices call it."""
        return self.name or self.component_id or "without a name"

    @property
    def is_from_image(self) -> bool:
        """Whether it is deployed from an image, by its details in v3."""
        source = self.sent.get("SOURCE")
        return isinstance(source, dict) and source.get("kind") == "image"

    @property
    def events_command(self) -> str | None:
        """The command that lists its events in a cluster; None if it is in none.

        casjob itself talks to no cluster. What the details do not tell is left for the user to fill
        in.
        """
        references = self.sent.get("REFER_RESOURCES") or [{"type": "cce"}]
        for each in _keep_objects(references):
            if each.get("type") == "cce":
                parameters = each.get("parameters")
                namespace = parameters.get("namespace") if isinstance(parameters, dict) else None
                named = _read_name(namespace, "NAMESPACE")
                workload = _read_name(self.sent.get("WORKLOAD_NAME"), "WORKLOAD")
                events = f"kubectl get events --namespace {named} --sort-by .lastTimestamp"
                return f"{events} | grep {workload}"
        return None


def _read_name(sent: object, unknown: str) -> str:
    return sent if isinstance(sent, str) and _NAME.fullmatch(sent) else unknown


class Listing(NamedTuple):
    """The components of a project, the failed ones first, then by their last change.

    Those `shown` are selected; `total` is the service's count, and `as_of` its clock in UTC.
    `notes` say what is missing, or does not add up.
    """

    components: tuple[Component, ...]
    shown: tuple[Component, ...]
    total: int
    as_of: datetime
    notes: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the service sent every component that it counts."""
        return len(self.components) >= self.total

    def find(self, name: str) -> list[Component]:
        """Return the components with a name or id; else those whose id begins with it.

        Such a prefix has at least 6 characters.
        """
        exact = [each for each in self.components if name in {each.name, *each.ids}]
        if exact or len(name) < SHORTEST_PREFIX:
            return exact
        return [each for each in self.components if any(one.startswith(name) for one in each.ids)]

    def select(self, *, only_failed: bool, limit: int | None) -> "Listing":
        """Return the listing with only the selected components shown."""
        chosen = [each for each in self.components if each.stage is Stage.FAILED or not only_failed]
        return self._replace(shown=tuple(chosen[:limit]))


class _DeploymentJob(ApiObject):
    sequence: WholeNumber = None
    job_id: _NonEmpty = None


class Deployment(ApiObject):
    """A deployment of a component; its status words and the format of its times are undocumented.

    `deploy_type` is such as `RollingRelease`; `is_in_use` is None if it is not known.
    """

    version: _NonEmpty = None
    status: _NonEmpty = None
    deploy_type: _NonEmpty = None
    is_in_use: Flag = Field(default=None, alias="CURRENT_USED")
    begin_time: _NonEmpty = None
    end_time: _NonEmpty = None
    jobs: Annotated[tuple[_DeploymentJob, ...], BeforeValidator(_keep_objects)] = ()

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Its jobs, in the order in which they run."""
        jobs = sorted(self.jobs, key=lambda job: (job.sequence is None, job.sequence))
        return tuple(job.job_id for job in jobs if job.job_id)

    @property
    def stage(self) -> Stage:
        """What its status means, if that is a word for jobs."""
        return stage_of(self.status)

    @property
    def began(self) -> datetime | None:
        """When it began, in UTC; None if the time can't be understood."""
        return read_moment(self.begin_time)

    @property
    def ended(self) -> datetime | None:
        """When it ended, in UTC; None if it has not, or if the time can't be understood."""
        return read_moment(self.end_time)

    @property
    def elapsed_seconds(self) -> float | None:
        """How long it took; None if that is unknown."""
        return seconds_between(self.began, self.ended)


class ComponentHistory(NamedTuple):
    """A component with its deployments, newest first; None if the service does not list them.

    `total` is the service's count; `notes` say what is missing, or does not add up.
    """

    component: Component
    deployments: tuple[Deployment, ...] | None = None
    total: int = 0
    is_complete: bool = False
    notes: tuple[str, ...] = ("only v3 of the API lists the deployments",)

    @property
    def job_ids(self) -> list[str]:
        """The jobs of its deployments, newest first."""
        deployments = self.deployments or ()
        return [job_id for each in deployments for job_id in reversed(each.job_ids)]


def read_list(document: JsonValue, name: str) -> tuple[list[Fields], int | None]:
    """Return the objects in the list of a reply, under lower-case keys, and the service's count.

    Raises:
        ReplyError: there is no list of this name.
    """
    fields = _lower(document) if isinstance(document, dict) else {}
    total, items = read_whole_number(fields.get("count")), fields.get(name)
    if items is None and total == 0:
        items = []
    if not isinstance(items, list):
        raise ReplyError(f"the service's reply holds no list of {name}", hint=WRONG_ENDPOINT)
    found = [_lower(item) for item in items if isinstance(item, dict)]
    if len(found) < len(items):
        raise ReplyError(f"the service's reply can't be understood: {name} are not all objects")
    return found, total


def refresh(component: Component, document: JsonValue) -> Component:
    """Return a component as v3 sends it by itself, without the names of what it belongs to.

    Raises:
        ReplyError: the body is not an object.
    """
    if not isinstance(document, dict):
        raise ReplyError("the service's reply holds no component", hint=WRONG_ENDPOINT)
    now = Component.model_validate(document)
    return component.model_copy(
        update={"version": now.version, "status_detail": now.status_detail, "sent": now.sent}
    )


def read_overview(fields: Fields, application: Mapping[str, JsonValue]) -> list[Component]:
    """Return the instances of a component that v2 lists; without any, the component itself.

    The fields are those of the component in an overview of its application, and of that in a list.
    """
    component = {
        "id": fields.get("id"),
        "name": fields.get("name"),
        "application_id": application.get("id"),
        "application_name": application.get("name"),
    }
    updated = {"update_time": fields.get("update_time")}
    instances = [
        Component.model_validate({"status_detail": None, **updated, **_lower(each), **component})
        for each in _keep_objects(fields.get("instances"))
    ]
    return instances or [Component.model_validate(component | updated)]


def list_components(
    components: Iterable[Component], missing: int, as_of: datetime, notes: Iterable[str]
) -> Listing:
    """Return a listing of components, of which the service counts some more than it sent."""

    def rank(each: Component) -> tuple[bool, float, str]:
        return each.stage is not Stage.FAILED, _age(each.updated), each.label

    ranked = tuple(sorted(components, key=rank))
    return Listing(ranked, ranked, len(ranked) + missing, as_of, tuple(notes))


def sort_newest_first(deployments: Sequence[Deployment]) -> tuple[Deployment, ...]:
    """Return the deployments by their times; in the order sent if one can't be understood.

    The service sends the newest first, as far as is known.
    """
    if any(each.began is None for each in deployments):
        return tuple(deployments)
    return tuple(sorted(deployments, key=lambda each: _age(each.began)))


def _age(moment: datetime | None) -> float:
    return float("inf") if moment is None else -moment.timestamp()


def _lower(fields: Fields) -> Fields:
    return {name.lower(): value for name, value in fields.items()}
