"""What the statuses of jobs and tasks mean; the set is open: the service may send others."""

from enum import Enum, StrEnum

from casjob.errors import ExitStatus


class Outcome(StrEnum):
    """The state of a job or a task, in one word for programs."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RUNNING = "running"
    UNKNOWN = "unknown"

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of `--exit-status` for a job with this outcome."""
        return _EXIT_STATUSES[self]


_EXIT_STATUSES = {
    Outcome.SUCCEEDED: ExitStatus.SUCCESS,
    Outcome.FAILED: ExitStatus.ENDED_BADLY,
    Outcome.RUNNING: ExitStatus.UNFINISHED,
    Outcome.UNKNOWN: ExitStatus.UNFINISHED,
}


class Stage(Enum):
    """What a status means for someone waiting."""

    ENDED_WELL = "ended well"
    ENDED_BADLY = "ended badly"
    SKIPPED = "skipped"
    UNDER_WAY = "under way"
    NOT_BEGUN = "not begun"
    UNDECIDED = "undecided"

    @property
    def outcome(self) -> Outcome:
        """The outcome at this stage."""
        return _OUTCOMES[self]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is going to happen."""
        return self in {Stage.ENDED_WELL, Stage.ENDED_BADLY, Stage.SKIPPED}


_OUTCOMES = {
    Stage.ENDED_WELL: Outcome.SUCCEEDED,
    Stage.ENDED_BADLY: Outcome.FAILED,
    Stage.SKIPPED: Outcome.SUCCEEDED,
    Stage.UNDER_WAY: Outcome.RUNNING,
    Stage.NOT_BEGUN: Outcome.RUNNING,
    Stage.UNDECIDED: Outcome.UNKNOWN,
}

_STAGES = {
    "SUCCEEDED": Stage.ENDED_WELL,
    "FAILED": Stage.ENDED_BADLY,
    "PARTIALLY_FAILED": Stage.ENDED_BADLY,
    "CANCELLED": Stage.ENDED_BADLY,
    "ROLLBACKED": Stage.ENDED_BADLY,
    "SKIPPED": Stage.SKIPPED,
    "RUNNING": Stage.UNDER_WAY,
    "ROLLBACKING": Stage.UNDER_WAY,
    "SUBMITTED": Stage.NOT_BEGUN,
    "SCHEDULED": Stage.NOT_BEGUN,
}

STATUS_WORDS = (*_STAGES, "UNKNOWN")
"""The status words that the v2 and v3 pages document."""


def stage_of(status: str | None) -> Stage:
    """Return what a status word means, in any case; UNKNOWN and new words are undecided."""
    return _STAGES.get((status or "").upper(), Stage.UNDECIDED)
