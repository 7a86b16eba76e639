"""A setting as it was written, the source it is from, and what it was parsed into."""

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from casjob.errors import CasjobError

SETTINGS = (
    "profile",
    "region",
    "project_id",
    "endpoint",
    "iam_endpoint",
    "cloud",
    "api_version",
    "token",
    "access_key",
    "secret_key",
    "security_token",
    "user_name",
    "password",
    "domain_name",
    "credential_command",
    "ca_bundle",
    "request_timeout",
    "retries",
    "job_id",
    "history",
)
"""Every setting, in the order in which `casjob config` shows them."""

CASJOB_SETTINGS = frozenset(SETTINGS) - {"cloud", "credential_command"}
"""Settings with a CASJOB_* variable."""

SECRETS = frozenset({"token", "secret_key", "security_token", "password"})
"""Settings that are never shown."""

CREDENTIALS = SECRETS | {"access_key", "user_name", "domain_name", "credential_command"}
"""Settings that are taken from one source together, never mixed."""

NOT_SET = "not set"
"""The origin of a setting that no source has."""

DEFAULT_PROFILE = "default"
"""The profile that is used if none is chosen."""

T_co = TypeVar("T_co", covariant=True)


class Value(NamedTuple):
    """What a setting is set to: the text, and the option, variable or file that has it.

    `name` is the setting's name there, where the origin does not name it.
    """

    text: str
    origin: str
    name: str | None = None

    @property
    def label(self) -> str:
        """What an error calls it: `CASJOB_REGION`, `region from FILE`."""
        return f"{self.name} from {self.origin}" if self.name else self.origin


class Setting(NamedTuple, Generic[T_co]):
    """An effective setting: what it is set to, and its typed value or the error in it."""

    raw: Value | None
    parsed: T_co | CasjobError

    @property
    def origin(self) -> str:
        """Where it is set, as people name it."""
        return self.raw.origin if self.raw else NOT_SET

    @property
    def value(self) -> T_co:
        """The typed value.

        Raises:
            CasjobError: the setting is wrong, or missing though it is required.
        """
        if isinstance(self.parsed, CasjobError):
            raise self.parsed
        return self.parsed

    @property
    def problem(self) -> CasjobError | None:
        """What `value` raises, if it does."""
        return self.parsed if isinstance(self.parsed, CasjobError) else None


class Source(NamedTuple):
    """A source of settings, with its values by the settings' names.

    Where the user named it, what is missing there is an error. Of one that is not casjob's own,
    an IAM endpoint is for that source's own account only. `unusable` says why its credential can't
    be used, if it can't; `variables` has the variable of each setting, if they are variables.
    """

    name: str
    values: Mapping[str, Value]
    explicit: bool = False
    is_own: bool = False
    unusable: str | None = None
    warnings: tuple[str, ...] = ()
    variables: Mapping[str, str] | None = None


def mask(text: str) -> str:
    """Return what may be shown of a secret: its last 4 characters if it is long enough."""
    return f"****{text[-4:]}" if len(text) > 16 else "****"  # noqa: PLR2004


def summarize(error: CasjobError) -> str:
    """Return an error in one line, for a warning or a note."""
    steps = (step.strip() for step in error.steps[:1])
    return "; ".join(filter(None, (error.message, error.hint, *steps)))


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
