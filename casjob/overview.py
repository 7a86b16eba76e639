"""The settings and the findings of probes, for any format."""

from typing import NamedTuple

from casjob.errors import ExitStatus


class Entry(NamedTuple):
    """One setting and where it is from; a secret is masked, and a value that is not set is None."""

    name: str
    value: str | None
    origin: str


class Overview(NamedTuple):
    """The effective settings, what else was found, and what is wrong or incomplete, in words."""

    settings: tuple[Entry, ...]
    overruled: tuple[Entry, ...]
    notes: tuple[str, ...]


class CheckResult(NamedTuple):
    """How one probe went, and what to do about a failure, which `status` stands for."""

    step: str
    status: ExitStatus
    message: str
    hint: str | None = None
    steps: tuple[str, ...] = ()
