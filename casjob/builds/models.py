"""A build and its log as the API of builds names them, and which build belongs to a job.

Every field may be absent, null or of another type than documented, as in `casjob.job.models`.
Source: "Historical APIs / Build APIs" of the API reference.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, Protocol, TypeAlias

from pydantic import Field, PlainValidator

from casjob.builds.excerpt import find_end, find_excerpt
from casjob.builds.log_text import Phase
from casjob.durations import seconds_between
from casjob.job.models import ApiObject, Text, WholeNumber
from casjob.job.statuses import Outcome
from casjob.json_text import read_moment, read_text

_OUTCOMES = {
    "SUCCESSFUL": Outcome.SUCCEEDED,
    "FAILED": Outcome.FAILED,
    "TIMEOUT": Outcome.FAILED,
    "CANCEL": Outcome.FAILED,
    "DELETED": Outcome.FAILED,
    "NOTSTARTED": Outcome.RUNNING,
    "QUEUING": Outcome.RUNNING,
    "BUILDING": Outcome.RUNNING,
    "PUSHING": Outcome.RUNNING,
}
"""Of the documented states of builds and phases; it is an open set."""

_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})\b.*")
"""How the language Go writes a time: 2025-06-24 12:10:30 +0000 UTC."""


def outcome_of(state: str | None) -> Outcome:
    """Return what the state of a build or a phase means, in any case."""
    return _OUTCOMES.get((state or "").upper(), Outcome.UNKNOWN)


def _read_time(sent: object) -> datetime | None:
    """Return a time in UTC; None for one that can't be understood, or is not set."""
    text = read_text(sent) or ""
    written = _GO_TIME.fullmatch(text)
    return read_moment("{}T{}{}".format(*written.groups()) if written else text)


_Time: TypeAlias = Annotated[datetime | None, PlainValidator(_read_time)]


class Build(ApiObject):
    """A build: one run of a build job, whose name is that of a component.

    Its times are in UTC; it has no end before it has ended.
    """

    build_id: Text = None
    job_name: Text = None
    index: WholeNumber = None
    build_state: Text = None
    started: _Time = Field(default=None, alias="STARTED_AT")
    ended: _Time = Field(default=None, alias="ENDED_AT")
    branch: Text = None
    commit_id: Text = None
    commit_comment: Text = None

    @property
    def outcome(self) -> Outcome:
        """What its state means."""
        return outcome_of(self.build_state)

    @property
    def has_ended(self) -> bool:
        """Whether its log is final."""
        return self.outcome in {Outcome.SUCCEEDED, Outcome.FAILED} or self.ended is not None

    @property
    def elapsed_seconds(self) -> float | None:
        """How long it took; None before its end."""
        return seconds_between(self.started, self.ended)

    @property
    def label(self) -> str:
        """`build 7`, or its id where it has no number."""
        return f"build {self.build_id if self.index is None else self.index}"

    def overlaps(self, started: datetime, ended: datetime | None, *, is_newest: bool) -> bool:
        """Return whether it ran at some time in between; None is the end of what still runs.

        One without an end that began before is believed to run if none began since.
        """
        if self.started is None or (ended and self.started > ended):
            return False
        if self.ended is None:
            return self.started >= started or (is_newest and not self.has_ended)
        return self.ended >= started


class BuildJob(NamedTuple):
    """What builds a component, and the id of its newest build, if the service tells that."""

    job_id: str
    last_build_id: str | None


def find_failed_phase(phases: Iterable[Phase]) -> str | None:
    """Return the name of the first phase that failed; None if none did."""
    return next((each.name for each in phases if outcome_of(each.state) is Outcome.FAILED), None)


class BuildLog(NamedTuple):
    """A build's log, with what it belongs to.

    Args:
        job_id: the job within which the build ran; None if the build itself was named.
        component: the component's name.
        lines: the whole log.
        tail: how many of the last lines to show; None for all, or for what fits the screen.
        rows_above: rows of the terminal that are written already, and are to stay on the screen.
    """

    job_id: str | None
    component: str | None
    build: Build
    phases: tuple[Phase, ...]
    lines: Sequence[str]
    tail: int | None = None
    rows_above: int = 0

    @property
    def failed_phase(self) -> str | None:
        """The first phase that failed."""
        return find_failed_phase(self.phases)

    @property
    def first_shown(self) -> int:
        """The index of the first line that is to be shown."""
        return 0 if self.tail is None else max(0, len(self.lines) - self.tail)

    @property
    def excerpt(self) -> list[int]:
        """The indexes of the lines that say why it failed, or else the last ones."""
        has_succeeded = self.build.outcome is Outcome.SUCCEEDED
        return find_end(self.lines) if has_succeeded else find_excerpt(self.lines)


class BuildSource(Protocol):
    """Something that has builds. Each method raises a CasjobError that says what went wrong."""

    def find_jobs(self, name: str) -> list[BuildJob]:
        """Return the build jobs with this very name."""
        ...

    def list_builds(self, job_id: str) -> list[str]:
        """Return the ids of all builds of a build job, in the service's order."""
        ...

    def fetch_build(self, build_id: str) -> Build:
        """Return a build."""
        ...
