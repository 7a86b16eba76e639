"""Components, from whose deployments jobs come, as v2 and v3 list them.

Every field may be absent, null or of another type than documented: the attribute then is None, or
the value's JSON text. Source: the models of the vendor's SDK, huaweicloudsdkservicestage 3.1.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple, Protocol

from casjob.errors import ReplyError
from casjob.job.models import read_flag, read_moment, read_text, read_whole_number
from casjob.job.source import JobSource
from casjob.json_text import JsonValue

Fields = dict[str, JsonValue]

_SHORTEST_PREFIX = 6
_HINT = "the endpoint may belong to another service; casjob config shows where it is set"
_LEAST_MILLISECONDS = 10**11
"""From here on a number is a time in milliseconds, not in seconds: 1973 and the year 5138."""


class Health(Enum):
    """What the status of a component means."""

    WELL = "well"
    BAD = "bad"
    CHANGING = "changing"
    IDLE = "idle"
    UNKNOWN = "unknown"


_HEALTH = {
    "RUNNING": Health.WELL,
    "FAILED": Health.BAD,
    "PARTIALLY_FAILED": Health.BAD,
    "DOWN": Health.BAD,
    "INITIALIZING": Health.CHANGING,
    "PENDING": Health.CHANGING,
    "UPGRADING": Health.CHANGING,
    "GRAYING": Health.CHANGING,
    "STARTING": Health.CHANGING,
    "STOPPING": Health.CHANGING,
    "RESTARTING": Health.CHANGING,
    "DELETING": Health.CHANGING,
    "STOPPED": Health.IDLE,
    "DELETED": Health.IDLE,
    "RESERVED": Health.IDLE,
}
"""The documented statuses but UNKNOWN; it is an open set."""


class Component(NamedTuple):
    """A component; in v2, one of its instances, as each has a last job of its own.

    Args:
        component_id: its id.
        name: its name.
        application_id: the application that it belongs to.
        application_name: the name of that.
        environment_id: where it is deployed.
        environment_name: the name of that; v2 does not send it.
        instance_id: in v2, the instance.
        version: the deployed version.
        status: as sent.
        fail_detail: why it failed, such as `cluster_deleted`.
        last_job_id: the job that changed it last.
        updated: when it changed last, in UTC.
    """

    component_id: str | None = None
    name: str | None = None
    application_id: str | None = None
    application_name: str | None = None
    environment_id: str | None = None
    environment_name: str | None = None
    instance_id: str | None = None
    version: str | None = None
    status: str | None = None
    fail_detail: str | None = None
    last_job_id: str | None = None
    updated: datetime | None = None

    @property
    def health(self) -> Health:
        """What its status means."""
        return _HEALTH.get((self.status or "").upper(), Health.UNKNOWN)

    @property
    def ids(self) -> tuple[str, ...]:
        """What it may be named by, beside its name."""
        return tuple(filter(None, (self.component_id, self.instance_id)))

    @property
    def label(self) -> str:
        """What errors and notices call it."""
        return self.name or self.component_id or "without a name"


class Listing(NamedTuple):
    """Components of a project.

    Args:
        components: the components.
        total: how many there are, selected or not.
        missing: how many more the service counts, but did not send.
        as_of: the service's clock, in UTC.
    """

    components: tuple[Component, ...]
    total: int
    missing: int
    as_of: datetime


class Deployment(NamedTuple):
    """A deployment of a component; its status words and the format of its times are undocumented.

    Args:
        version: the version that was deployed.
        status: as sent.
        deploy_type: such as `RollingRelease`.
        is_in_use: whether it is the one in use; None if that is unknown.
        begin_time: as sent.
        end_time: as sent.
        job_ids: its jobs, in the order in which they run.
    """

    version: str | None = None
    status: str | None = None
    deploy_type: str | None = None
    is_in_use: bool | None = None
    begin_time: str | None = None
    end_time: str | None = None
    job_ids: tuple[str, ...] = ()

    @property
    def began(self) -> datetime | None:
        """When it began, in UTC; None if the time can't be understood."""
        return read_time(self.begin_time)

    @property
    def ended(self) -> datetime | None:
        """When it ended, in UTC; None if it has not, or if the time can't be understood."""
        return read_time(self.end_time)

    @property
    def elapsed_seconds(self) -> float | None:
        """How long it took; None if that is unknown."""
        if self.began is None or self.ended is None or self.ended < self.began:
            return None
        return (self.ended - self.began).total_seconds()


class ComponentHistory(NamedTuple):
    """A component with its deployments.

    Args:
        component: the component.
        deployments: newest first; None if the service does not keep them.
        total: how many there are, selected or not.
        missing: how many more the service counts, but did not send.
    """

    component: Component
    deployments: tuple[Deployment, ...] | None
    total: int = 0
    missing: int = 0


class ComponentSource(Protocol):
    """Something that has components: the service, or the demo in its place."""

    def list_components(
        self, application: str | None = None, *, on_progress: Callable[[int, int | None], None]
    ) -> Listing:
        """List the components of the project.

        Args:
            application: only those of the application with this name.
            on_progress: gets how many came so far, of how many if that is known.

        Raises:
            CasjobError: what went wrong.
        """
        ...

    def fetch_component(self, component: Component) -> Component:
        """Return a component that was listed as it is now.

        Raises:
            ComponentNotFoundError: it is gone.
            CasjobError: what else went wrong.
        """
        ...

    def fetch_history(
        self, component: Component, *, on_progress: Callable[[int, int | None], None]
    ) -> ComponentHistory:
        """Return the deployments of a component that was listed.

        Args:
            component: the component.
            on_progress: gets how many came so far, of how many if that is known.

        Raises:
            ComponentNotFoundError: it is gone.
            CasjobError: what else went wrong.
        """
        ...


class Source(JobSource, Protocol):
    """Something that has jobs, and the components that they belong to."""

    @property
    def components(self) -> ComponentSource:
        """The components."""
        ...


def read_list(document: JsonValue, name: str) -> tuple[list[Fields], int | None]:
    """Return the objects in a list, under lower-case keys, and how many there are in all.

    Args:
        document: the decoded body.
        name: of the list.

    Raises:
        ReplyError: there is no such list.
    """
    fields = _lower(document) if isinstance(document, dict) else {}
    total, items = read_whole_number(fields.get("count")), fields.get(name)
    if items is None and total == 0:
        items = []
    if not isinstance(items, list):
        raise ReplyError(f"the service's reply holds no list of {name}", hint=_HINT)
    found = [_lower(item) for item in items if isinstance(item, dict)]
    if len(found) < len(items):
        raise ReplyError(f"the service's reply can't be understood: {name} are not all objects")
    return found, total


def refresh(component: Component, document: JsonValue) -> Component:
    """Return a component as v3 sends it by itself, without the names of what it belongs to.

    Args:
        component: as it was listed.
        document: the decoded body.

    Raises:
        ReplyError: the body is not an object.
    """
    if not isinstance(document, dict):
        raise ReplyError("the service's reply holds no component", hint=_HINT)
    now = read_component(_lower(document))
    return component._replace(
        version=now.version,
        status=now.status,
        fail_detail=now.fail_detail,
        last_job_id=now.last_job_id,
        updated=now.updated,
    )


def read_component(fields: Fields) -> Component:
    """Return a component that v3 lists, or a component by itself."""
    component = Component(
        component_id=_read(fields, "id"),
        name=_read(fields, "name"),
        application_id=_read(fields, "application_id"),
        application_name=_read(fields, "application_name"),
        environment_id=_read(fields, "environment_id"),
        environment_name=_read(fields, "environment_name"),
        version=_read(fields, "version"),
    )
    return _add_status(component, fields.get("status"))


def read_overview(fields: Fields, application: Fields) -> list[Component]:
    """Return the instances of a component that v2 lists; without any, the component itself.

    Args:
        fields: the component, in an overview of the application's components.
        application: the application, in the list of applications.
    """
    component = Component(
        component_id=_read(fields, "id"),
        name=_read(fields, "name"),
        application_id=_read(application, "id"),
        application_name=_read(application, "name"),
        updated=read_time(fields.get("update_time")),
    )
    instances = [
        _add_status(
            component._replace(
                environment_id=_read(instance, "environment_id"),
                instance_id=_read(instance, "instance_id"),
                version=_read(instance, "version"),
                updated=read_time(instance.get("update_time")) or component.updated,
            ),
            instance.get("status_detail"),
        )
        for instance in _read_objects(fields.get("instances"))
    ]
    return instances or [component]


def read_deployment(fields: Fields) -> Deployment:
    """Return a deployment, in the list of a component's records."""
    jobs = sorted(_read_objects(fields.get("jobs")), key=_find_sequence)
    job_ids = (_read(job, "job_id") for job in jobs)
    return Deployment(
        version=_read(fields, "version"),
        status=_read(fields, "status"),
        deploy_type=_read(fields, "deploy_type"),
        is_in_use=read_flag(fields.get("current_used")),
        begin_time=_read(fields, "begin_time"),
        end_time=_read(fields, "end_time"),
        job_ids=tuple(filter(None, job_ids)),
    )


def read_time(value: JsonValue) -> datetime | None:
    """Return a time in UTC, from ISO 8601 or the milliseconds or seconds since 1970, or None."""
    number = read_whole_number(value)
    if number is None:
        return read_moment(value)
    try:
        return datetime.fromtimestamp(number / (1000 if number >= _LEAST_MILLISECONDS else 1), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def select_components(listing: Listing, *, only_failed: bool, limit: int | None) -> Listing:
    """Return the selected ones: the failed first, then by the time of the last change.

    Args:
        listing: all components.
        only_failed: only those whose status is a bad one.
        limit: the most components; None for all.
    """
    chosen = [
        component
        for component in sorted(listing.components, key=_rank)
        if component.health is Health.BAD or not only_failed
    ]
    return listing._replace(components=tuple(chosen[:limit]))


def sort_newest_first(deployments: Sequence[Deployment]) -> tuple[Deployment, ...]:
    """Return the deployments by their times; in the order sent if one can't be understood.

    The service sends the newest first, as far as is known.
    """
    times = {each: each.began for each in deployments}
    if None in times.values():
        return tuple(deployments)
    return tuple(sorted(deployments, key=lambda each: _age(times[each])))


def find_components(listing: Listing, name: str) -> list[Component]:
    """Return the components with a name or id; else those whose id has it as a prefix.

    Args:
        listing: the components to search.
        name: a prefix has at least 6 characters.
    """
    exact = [each for each in listing.components if name in {each.name, *each.ids}]
    if exact or len(name) < _SHORTEST_PREFIX:
        return exact
    return [each for each in listing.components if any(one.startswith(name) for one in each.ids)]


def _rank(component: Component) -> tuple[bool, float, str]:
    return component.health is not Health.BAD, _age(component.updated), component.label


def _age(moment: datetime | None) -> float:
    return float("inf") if moment is None else -moment.timestamp()


def _find_sequence(job: Fields) -> float:
    number = read_whole_number(job.get("sequence"))
    return float("inf") if number is None else number


def _add_status(component: Component, sent: JsonValue) -> Component:
    """Return the component with what v3 has under `status`, and v2 under `status_detail`."""
    if not isinstance(sent, dict):
        return component._replace(status=read_text(sent) or None)
    fields = _lower(sent)
    return component._replace(
        status=_read(fields, "component_status") or _read(fields, "status"),
        fail_detail=_read(fields, "fail_detail"),
        last_job_id=_read(fields, "last_job_id"),
        updated=read_time(fields.get("update_time")) or component.updated,
    )


def _read(fields: Fields, name: str) -> str | None:
    """Return a field as text; None if it is empty."""
    return read_text(fields.get(name)) or None


def _read_objects(sent: JsonValue) -> list[Fields]:
    """Return the objects in a list; none if it is anything else."""
    return (
        [_lower(each) for each in sent if isinstance(each, dict)] if isinstance(sent, list) else []
    )


def _lower(fields: Fields) -> Fields:
    return {name.lower(): value for name, value in fields.items()}
