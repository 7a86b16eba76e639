"""What the statuses of jobs and tasks mean; the set is open: the service may send others."""

from enum import Enum, StrEnum
from functools import lru_cache

from casjob.catalogue.meanings import fold_spelling
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
    Outcome.FAILED: ExitStatus.FAILED,
    Outcome.RUNNING: ExitStatus.UNFINISHED,
    Outcome.UNKNOWN: ExitStatus.UNFINISHED,
}


class Stage(Enum):
    """What a status means for someone waiting: its outcome, and whether nothing more happens."""

    SUCCEEDED = "succeeded", Outcome.SUCCEEDED
    FAILED = "failed", Outcome.FAILED
    SKIPPED = "skipped", Outcome.SUCCEEDED
    UNDER_WAY = "under way", Outcome.RUNNING
    NOT_BEGUN = "not begun", Outcome.RUNNING
    UNDECIDED = "undecided", Outcome.UNKNOWN

    def __init__(self, _name: str, outcome: Outcome) -> None:
        self.outcome = outcome
        self.has_ended = outcome in {Outcome.SUCCEEDED, Outcome.FAILED}


_STAGES = {
    "SUCCEEDED": Stage.SUCCEEDED,
    "FAILED": Stage.FAILED,
    "PARTIALLY_FAILED": Stage.FAILED,
    "CANCELLED": Stage.FAILED,
    "ROLLBACKED": Stage.FAILED,
    "SKIPPED": Stage.SKIPPED,
    "RUNNING": Stage.UNDER_WAY,
    "ROLLBACKING": Stage.UNDER_WAY,
    "SUBMITTED": Stage.NOT_BEGUN,
    "SCHEDULED": Stage.NOT_BEGUN,
}

STATUS_WORDS = (*_STAGES, "UNKNOWN")
"""The status words that the v2 and v3 pages document."""

_DOCUMENTED = {fold_spelling(word): word for word in STATUS_WORDS}


@lru_cache(maxsize=128)  # the tasks of a job have two or three of them
def spell_status(status: str | None) -> str:
    """Return a status word in upper case, as documented: CANCELLED for `canceled`."""
    word = (status or "").strip()
    return _DOCUMENTED.get(fold_spelling(word), word.upper())


def stage_of(status: str | None) -> Stage:
    """Return what a status word means, in any spelling; UNKNOWN and new words are undecided."""
    return _STAGES.get(spell_status(status), Stage.UNDECIDED)
