"""casjob's own file: a table a profile, `[default]` for when none is chosen."""

import difflib
import shlex
import tomllib
from pathlib import Path

from casjob.errors import SettingsError
from casjob.settings.environment import CASJOB_SETTINGS
from casjob.settings.files import read_file
from casjob.settings.values import Source, Value

DEFAULT = "default"

_SETTINGS = (CASJOB_SETTINGS | {"credential_command"}) - {"profile", "job_id", "history"}
"""What a profile may hold."""


def read_profile(path: Path, chosen: Value | None) -> Source:
    """Return a profile's settings; those of `[default]`, if there is one, when none is chosen.

    Raises:
        SettingsError: the file can't be understood, or has no such profile.
    """
    profiles = _read_profiles(path)
    name = chosen.text if chosen else DEFAULT
    source = f"profile {name} in {path}"
    if chosen and name not in profiles:
        raise SettingsError(
            f"{path} has no profile {name!r}, which {chosen.origin} asks for",
            hint=f"it has {', '.join(profiles) or 'none at all'}",
        )
    fields = profiles.get(name, {})
    values = {key: _read_value(key, value, source) for key, value in fields.items()}
    return Source(source, values, is_asked_for=chosen is not None, is_own=True)


def read_profile_names(path: Path) -> list[str]:
    """Return the names of the profiles in the file.

    Raises:
        SettingsError: the file can't be understood.
    """
    return list(_read_profiles(path))


def _read_profiles(path: Path) -> dict[str, dict[str, object]]:
    try:
        document = tomllib.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    for name, profile in document.items():
        if not isinstance(profile, dict):
            raise SettingsError(
                f"{path}: {name} stands in no profile",
                hint=f"a line [{DEFAULT}] above it puts it into the one that is used by default",
            )
    return document


def _read_value(key: str, value: object, source: str) -> Value:
    if key not in _SETTINGS:
        near = difflib.get_close_matches(key, sorted(_SETTINGS), n=1)
        hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(sorted(_SETTINGS))}"
        raise SettingsError(f"{source}: there is no setting {key!r}", hint=hint)
    match value:
        case str() if value.strip():
            return Value(value.strip(), source)
        case bool():
            pass
        case int() | float():
            return Value(str(value), source)
        case [_, *_] if key == "credential_command" and all(isinstance(w, str) for w in value):
            return Value(shlex.join(map(str, value)), source)
    # What it is is not shown: it may be a secret.
    raise SettingsError(f"{source}: {key} is not text, or is empty")
