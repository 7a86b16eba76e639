"""The settings and the findings of probes, for any format."""

from typing import NamedTuple

from casjob.errors import ExitStatus


class Entry(NamedTuple):
    """One setting; a secret is masked.

    Args:
        name: the setting.
        value: what it is set to; None if it is not set.
        origin: where that is from.
    """

    name: str
    value: str | None
    origin: str


class Overview(NamedTuple):
    """Every setting, and where it came from.

    Args:
        settings: the effective settings.
        overruled: what else was found.
        notes: what is wrong or incomplete, in words.
    """

    settings: tuple[Entry, ...]
    overruled: tuple[Entry, ...]
    notes: tuple[str, ...]


class CheckResult(NamedTuple):
    """How one probe went.

    Args:
        step: what was probed.
        status: success, or the exit status that the failure stands for.
        message: what was found.
        hint: what to do about a failure.
        steps: the same as lines of their own.
    """

    step: str
    status: ExitStatus
    message: str
    hint: str | None = None
    steps: tuple[str, ...] = ()
