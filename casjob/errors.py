"""All errors that casjob reports: one class for each kind, with its exit status.

    CasjobError
    ├── UsageError            2  invalid usage
    ├── SettingsError         3  a setting is missing or wrong
    │   └── NoSuchApiError    3  the endpoint does not have this API, or not in this version
    ├── AuthenticationError   4  not authenticated
    │   └── ForbiddenError    4  authenticated, but not allowed
    ├── NotFoundError         5  no such thing
    │   ├── JobNotFoundError  5  … job
    │   ├── ComponentNotFoundError 5 … component
    │   │   └── ComponentDeletedError 5 … any longer, as the service says
    │   └── BuildNotFoundError 5 … build, or no log of it
    ├── ServiceError          6  the service could not be reached, or failed
    │   ├── TransientError    6  … and a retry may help
    │   ├── ReplyTimeoutError 6  … since its response took too long
    │   └── NotTheServiceError 6 … since something else may have responded
    ├── ReplyError            7  the reply could not be understood
    │   └── ReplyTooLargeError 7  … since it is larger than casjob's limit
    ├── BugError             70  a bug in casjob
    ├── OutputError          74  the output could not be written
    └── TimedOutError       124  `--timeout` passed

None of them ever holds a secret.
"""

from enum import IntEnum
from typing import Any, ClassVar, NamedTuple


class ExitStatus(IntEnum):
    """The program's exit status; the same for every command. 70 and 74 are those of sysexits.h."""

    SUCCESS = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 3
    FORBIDDEN = 4
    NOT_FOUND = 5
    UNAVAILABLE = 6
    NOT_UNDERSTOOD = 7
    UNFINISHED = 8
    BUG = 70
    UNWRITABLE = 74
    TIMED_OUT = 124
    INTERRUPTED = 130


WRONG_ENDPOINT = "the endpoint may belong to another service; casjob config shows where it is set"
"""The hint where a reply is none of the service's."""


class CasjobError(Exception):
    """An error that a user sees as a few lines, and that ends the command.

    The message says what went wrong and where, and the hint what to do next; `steps` are lines of
    their own, such as commands to paste.
    """

    status: ClassVar[ExitStatus]

    def __init__(
        self,
        message: str,
        *,
        service_message: str | None = None,
        hint: str | None = None,
        steps: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.service_message = service_message
        self.hint = hint
        self.steps = steps


class UsageError(CasjobError):
    """The command line is not valid."""

    status = ExitStatus.USAGE


class SettingsError(CasjobError):
    """A setting is missing or wrong."""

    status = ExitStatus.SETTINGS


class NoSuchApiError(SettingsError):
    """The endpoint does not have this API, or not in this version."""


class AuthenticationError(CasjobError):
    """The service does not accept the credentials."""

    status = ExitStatus.FORBIDDEN


class ForbiddenError(AuthenticationError):
    """The service accepts the credentials, but does not allow the request."""


class NotFoundError(CasjobError):
    """There is no such thing."""

    status = ExitStatus.NOT_FOUND


class JobNotFoundError(NotFoundError):
    """The service has no such job."""


class ComponentNotFoundError(NotFoundError):
    """The service has no such component."""


class ComponentDeletedError(ComponentNotFoundError):
    """The service says that the component was deleted; it does so with HTTP 401, never retried."""


class BuildNotFoundError(NotFoundError):
    """There is no such build, or no log of it that can be shown."""


class ServiceError(CasjobError):
    """The service could not be reached, or failed."""

    status = ExitStatus.UNAVAILABLE


class TransientError(ServiceError):
    """A failure that a retry may fix: the network, throttling, or an error of the service.

    `retry_after` is the seconds that the service asks to wait before a retry, if it does.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class ReplyTimeoutError(ServiceError):
    """A response took too long. A retry may succeed, but would take as long again."""


class NotTheServiceError(ServiceError):
    """The response bears no sign of the service: another server or a proxy may have responded."""


class ReplyError(CasjobError):
    """The reply could not be understood."""

    status = ExitStatus.NOT_UNDERSTOOD


class ReplyTooLargeError(ReplyError):
    """The reply is larger than casjob's limit."""


class BugError(CasjobError):
    """A bug in casjob."""

    status = ExitStatus.BUG


class OutputError(CasjobError):
    """The output could not be written."""

    status = ExitStatus.UNWRITABLE


class TimedOutError(CasjobError):
    """`--timeout` passed."""

    status = ExitStatus.TIMED_OUT


class CheckResult(NamedTuple):
    """How one probe went, and what to do about a failure, which `status` stands for."""

    step: str
    status: ExitStatus
    message: str
    hint: str | None = None
    steps: tuple[str, ...] = ()

    @property
    def advice(self) -> str | None:
        """What to do about a failure; None if it went well."""
        return (self.hint or "\n".join(self.steps) or None) if self.status else None
