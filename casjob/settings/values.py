"""A setting's value, and the place it came from."""

from collections.abc import Mapping
from typing import NamedTuple

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
"""Every setting there is, in the order in which `casjob config` shows them."""

SECRETS = frozenset({"token", "secret_key", "security_token", "password"})
"""Those that are never shown."""

CREDENTIALS = SECRETS | {"access_key", "user_name", "domain_name", "credential_command"}
"""Those that are taken whole from one place, never mixed."""

_LONG_ENOUGH = 16


class Value(NamedTuple):
    """What a setting is set to.

    Args:
        text: as it was written.
        origin: where, as a person would name it: `--region`, `CASJOB_REGION`, a file.
    """

    text: str
    origin: str


class Source(NamedTuple):
    """One place that settings come from.

    Args:
        name: as a person would name it.
        values: what is set there, by the setting's name.
        is_asked_for: whether the user named this place, so that what is wrong with it is an
            error, not a warning.
        is_own: whether it is casjob's own; others' say where IAM is for their own accounts alone.
        unusable: why the credential that is there can't be used, if it can't.
    """

    name: str
    values: Mapping[str, Value]
    is_asked_for: bool = False
    is_own: bool = False
    unusable: str | None = None


def mask(text: str) -> str:
    """Return what may be shown of a secret: its last 4 characters if it is long enough."""
    return f"****{text[-4:]}" if len(text) > _LONG_ENOUGH else "****"
