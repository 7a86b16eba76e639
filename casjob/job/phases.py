"""The phases of a job: its steps under the separators that name them."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from casjob.job.report import TaskReport, seconds_between
from casjob.job.statuses import Outcome

_BUILD_FAILED = "ECC00011"


class Phase(NamedTuple):
    """A part of a job: the separator that names it, and the steps after it.

    The steps before the first separator are a phase without one.
    """

    separator: TaskReport | None
    steps: tuple[TaskReport, ...]

    @property
    def name(self) -> str | None:
        """What the separator calls it."""
        return self.separator.phase if self.separator else None

    @property
    def tasks(self) -> tuple[TaskReport, ...]:
        """All tasks, the separator first."""
        return (self.separator, *self.steps) if self.separator else self.steps

    @property
    def done(self) -> int:
        """How many steps succeeded or were skipped."""
        return sum(each.stage.outcome is Outcome.SUCCEEDED for each in self.steps)

    @property
    def has_succeeded(self) -> bool:
        """Whether there are steps, and all tasks succeeded or were skipped."""
        return bool(self.steps) and all(
            each.stage.outcome is Outcome.SUCCEEDED for each in self.tasks
        )

    @property
    def elapsed_seconds(self) -> float | None:
        """From when its first task began to when its last one ended; None without times."""
        starts = (each.task.created_at for each in self.tasks)
        ends = (each.task.last_health_check for each in self.tasks)
        return seconds_between(
            min(filter(None, starts), default=None), max(filter(None, ends), default=None)
        )


def is_of_build(step: TaskReport) -> bool:
    """Return whether a step is of the build, by its phase, its title or the code of a failure."""
    codes = step.message.codes if step.message else ()
    has_title = re.search(r"\bbuild\b", step.title or "", re.IGNORECASE)
    return "BUILD" in (step.phase or "").upper() or bool(has_title) or _BUILD_FAILED in codes


def group_phases(tasks: Iterable[TaskReport]) -> Iterator[Phase]:
    """Yield the phases of tasks that are in order."""
    separator: TaskReport | None = None
    steps: list[TaskReport] = []
    for each in tasks:
        if not each.is_separator:
            steps.append(each)
            continue
        if separator or steps:
            yield Phase(separator, tuple(steps))
        separator, steps = each, []
    if separator or steps:
        yield Phase(separator, tuple(steps))
