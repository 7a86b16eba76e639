"""Which job is meant, which of its tasks to fetch, and what was fetched."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    # Not at run time: pydantic takes 50 ms to load, and is not needed before the first reply.
    from collections.abc import Mapping

    from casjob.job.models import Job, Task
    from casjob.json_text import JsonValue

JOB_ID = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
"""What a job id may be: safe in an address, as a file's name, and as an argument."""

SHORTEST_PREFIX = 6
"""Characters of an id that are enough to name a recent job, if no other has them."""


class Window(NamedTuple):
    """The part of a job's tasks to fetch, in the API's own terms; all of them by default."""

    offset: int = 0
    limit: int | None = None
    desc: bool = False
    instance_id: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether this is every task of the job."""
        return self.offset == 0 and self.limit is None and self.instance_id is None

    @property
    def rows(self) -> slice:
        """The tasks of this part, among those that were selected."""
        return slice(self.offset, None if self.limit is None else self.offset + self.limit)


class ComponentName(NamedTuple):
    """A component whose last job is meant: its name, its id, or a prefix of that.

    Where `after` is given, not that job is meant, but the next one; it is empty for the first.
    """

    name: str
    application: str | None = None
    after: str | None = None

    @property
    def words(self) -> list[str]:
        """The arguments that name it in a suggested command, as they were given."""
        return [self.name, *(["--application", self.application] if self.application else [])]


class ComponentIdentity(NamedTuple):
    """What names the component that a job belongs to."""

    id: str | None
    name: str | None
    application_name: str | None
    environment_name: str | None


class Place(NamedTuple):
    """Where a job is, as far as that is known without a request for it.

    `good_run_of` names its component, if another of the component's jobs has succeeded.
    """

    region: str | None = None
    project_id: str | None = None
    component: ComponentIdentity | None = None
    good_run_of: str | None = None


class JobDetail(NamedTuple):
    """A job with its tasks, or with those that were requested.

    `rest` has the unknown fields beside job and tasks; `task_count` is the service's count of all
    tasks. `as_of` is the service's time, in UTC; without `has_clock`, the latest time of a task.
    `duplicates` are ids of tasks that came more than once. `next_status` is the job's status at the
    end, if it changed while the tasks were fetched.
    """

    job: "Job"
    tasks: "tuple[Task, ...]"
    rest: "Mapping[str, JsonValue]"
    task_count: int | None = None
    as_of: datetime | None = None
    duplicates: tuple[str, ...] = ()
    place: Place = Place()
    next_status: str | None = None
    has_clock: bool = True

    def merge_tasks(self) -> "JobDetail":
        """Return this with each task once, in its newest state: of equal heartbeats, the last."""
        tasks: dict[object, Task] = {}
        duplicates: list[str] = []
        for task in self.tasks:
            key = task.task_id or object()
            if other := tasks.get(key):
                duplicates.append(str(key))
            tasks[key] = max(task, other or task, key=_find_heartbeat)
        return self._replace(tasks=tuple(tasks.values()), duplicates=tuple(duplicates))

    def order_tasks(self, *, is_desc: bool = False) -> "list[Task]":
        """Return the tasks by TASK_INDEX; where one has none, as sent, or the reverse of that.

        Tasks of which nothing is known come last.
        """
        if any(task.sent and task.task_index is None for task in self.tasks):
            return list(reversed(self.tasks) if is_desc else self.tasks)
        return sorted(self.tasks, key=lambda task: (not task.sent, task.task_index or 0))


def _find_heartbeat(task: "Task") -> float:
    return task.last_health_check.timestamp() if task.last_health_check else 0.0
