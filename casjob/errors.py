"""Everything that can go wrong, one class a kind, one exit status each.

    CasjobError
    ├── UsageError            2  the command line asks for something that can't be
    ├── SettingsError         3  a setting is missing or wrong
    ├── AuthenticationError   4  not authenticated
    │   └── ForbiddenError    4  authenticated, but not allowed
    ├── JobNotFoundError      5  no such job
    ├── ServiceError          6  the service could not be reached, or failed
    │   └── TransientError    6  … in a way that another try may mend
    └── ReplyError            7  the reply could not be understood

A message says what went wrong and where, `said` what the service had to say about it, and the
hint what to do next. None of them ever holds a secret.
"""

from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What the program tells the shell; the same for every command."""

    SUCCESS = 0
    ENDED_BADLY = 1
    USAGE = 2
    SETTINGS = 3
    FORBIDDEN = 4
    NOT_FOUND = 5
    UNAVAILABLE = 6
    NOT_UNDERSTOOD = 7
    UNFINISHED = 8
    TIMED_OUT = 124
    INTERRUPTED = 130


EXIT_STATUS_MEANINGS = {
    ExitStatus.SUCCESS: "shown; for `wait` and `watch`: every job succeeded",
    ExitStatus.ENDED_BADLY: "a job ended badly (`wait`, `watch`; others only with `--exit-status`)",
    ExitStatus.USAGE: "the command line asks for something that can't be",
    ExitStatus.SETTINGS: "a setting is missing or wrong",
    ExitStatus.FORBIDDEN: "not authenticated, or forbidden",
    ExitStatus.NOT_FOUND: "no such job",
    ExitStatus.UNAVAILABLE: "the service could not be reached, or failed, after retries",
    ExitStatus.NOT_UNDERSTOOD: "the reply could not be understood",
    ExitStatus.UNFINISHED: "not finished yet (`show` and `tasks` with `--exit-status`)",
    ExitStatus.TIMED_OUT: "`--timeout` passed first",
    ExitStatus.INTERRUPTED: "interrupted",
}
"""The words of the README's table, which a test compares with this."""


class CasjobError(Exception):
    """Something that a user is told in a few lines, and that ends the command.

    Args:
        message: what went wrong, and where.
        said: what the service said, if it did.
        hint: what to do next.
    """

    status: ClassVar[ExitStatus]

    def __init__(self, message: str, *, said: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.said = said
        self.hint = hint


class UsageError(CasjobError):
    """The command line asks for something that can't be."""

    status = ExitStatus.USAGE


class SettingsError(CasjobError):
    """A setting is missing or wrong."""

    status = ExitStatus.SETTINGS


class AuthenticationError(CasjobError):
    """The service does not know who is asking."""

    status = ExitStatus.FORBIDDEN


class ForbiddenError(AuthenticationError):
    """The service knows who is asking, and does not allow it."""


class JobNotFoundError(CasjobError):
    """The service knows no such job."""

    status = ExitStatus.NOT_FOUND


class ServiceError(CasjobError):
    """The service could not be reached, or failed."""

    status = ExitStatus.UNAVAILABLE


class TransientError(ServiceError):
    """A failure that another try may mend: the network, throttling, or the service's own.

    Args:
        retry_after: seconds the service asks to wait before the next try, if it does.
    """

    def __init__(
        self,
        message: str,
        *,
        said: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, said=said, hint=hint)
        self.retry_after = retry_after


class ReplyError(CasjobError):
    """The reply could not be understood."""

    status = ExitStatus.NOT_UNDERSTOOD
