"""What `casjob explain` shows about a name of any kind."""

from enum import StrEnum
from typing import NamedTuple

from casjob.catalogue.meanings import Catalogue, Service, TaskMeaning

_TASK_SOURCE = "2018 catalogue"
_FLOW_SOURCE = "2018 catalogue; what the flow does is inferred from its tasks"
_STATUS_SOURCE = "API reference; how a job goes on is inferred"


class Kind(StrEnum):
    """The kinds of names."""

    CODE = "code"
    TASK = "task"
    FLOW = "flow"
    STATUS = "status"


class Explanation(NamedTuple):
    """Everything that is known about a name; None and empty where nothing is.

    Args:
        custom: what the team's own file says.
        means: what the error means, what the task or flow does, or what the status says.
        service: the service that a code's prefix names.
        flow: the flow that a task belongs to.
        tasks: the tasks of a flow, in the catalogue's order.
        source: where all but `custom` is from.
    """

    name: str
    kind: Kind
    custom: str | None
    means: str | None = None
    advice: str | None = None
    service: Service | None = None
    flow: str | None = None
    tasks: tuple[TaskMeaning, ...] = ()
    source: str | None = None


def explain_name(name: str, catalogue: Catalogue) -> Explanation | None:
    """Return what is known about a name in any case, or None for an unknown name."""
    custom = catalogue.find_custom(name)
    if task := catalogue.describe_task(name):
        return Explanation(
            task.name, Kind.TASK, custom, task.title, flow=task.flow, source=_TASK_SOURCE
        )
    if flow := catalogue.describe_flow(name):
        return Explanation(
            flow.name, Kind.FLOW, custom, flow.title, tasks=flow.tasks, source=_FLOW_SOURCE
        )
    if status := catalogue.describe_status(name):
        means = "; ".join(filter(None, (status.job, status.component)))
        return Explanation(status.word, Kind.STATUS, custom, means, source=_STATUS_SOURCE)
    if code := catalogue.describe_code(name):
        return Explanation(
            code.code, Kind.CODE, custom, code.means, code.advice, code.service, source=code.source
        )
    return None
