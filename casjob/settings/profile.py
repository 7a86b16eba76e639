"""casjob's own file: a table a profile, `[default]` for when none is chosen."""

import difflib
import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

from casjob.errors import CasjobError, SettingsError
from casjob.settings.environment import CASJOB_SETTINGS
from casjob.settings.files import read_file
from casjob.settings.values import DEFAULT_PROFILE, Source, Value

_SETTINGS = (CASJOB_SETTINGS | {"credential_command"}) - {"profile", "job_id", "history"}
"""What a profile may hold."""

_POSITION = re.compile(r" \(at line (\d+), column \d+\)$")
"""At the end of tomllib's messages; its errors have no line number before Python 3.14."""


class _Profiles(NamedTuple):
    by_name: dict[str, dict[str, object]]
    problems: list[CasjobError]


def read_profile(path: Path, chosen: Value | None) -> Source:
    """Return a profile's settings; those of `[default]`, if it exists, when none is chosen.

    Raises:
        SettingsError: the file is broken, or has no such profile.
    """
    profiles, problems = _read_profiles(path)
    name = chosen.text if chosen else DEFAULT_PROFILE
    if chosen and name not in profiles:
        raise SettingsError(
            f"{path} has no profile {name!r}, which {chosen.origin} asks for",
            hint=f"it has {', '.join(profiles) or 'no profiles'}",
        )
    source = f"profile {name} in {path}"
    values = {}
    for key, field in profiles.get(name, {}).items():
        try:
            values[key] = _read_value(key, field, source)
        except SettingsError as error:
            problems.append(error)
    return Source(source, values, chosen is not None, is_own=True, problems=tuple(problems))


def read_profile_names(path: Path) -> list[str]:
    """Return the names of the profiles in the file.

    Raises:
        SettingsError: the file is broken.
    """
    return list(_read_profiles(path).by_name)


def _read_profiles(path: Path) -> _Profiles:
    text = read_file(path)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = str(error)
        position = _POSITION.search(message)
        where = f"{path}, line {position[1]}" if position else str(path)
        raise SettingsError(f"{where}: not TOML: {_POSITION.sub('', message)}") from None
    profiles = {name: table for name, table in document.items() if isinstance(table, dict)}
    problems: list[CasjobError] = [
        SettingsError(
            f"{path}: {name} is not in a profile",
            hint=f"put it under [{DEFAULT_PROFILE}], the profile used by default",
        )
        for name in document
        if name not in profiles
    ]
    return _Profiles(profiles, problems)


def _read_value(key: str, value: object, source: str) -> Value:
    if key not in _SETTINGS:
        near = difflib.get_close_matches(key, sorted(_SETTINGS), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(_SETTINGS))}"
        raise SettingsError(f"{source}: unknown setting {key!r}", hint=hint)
    match value:
        case str() if value.strip():
            return Value(value.strip(), source, key)
        case bool():
            pass
        case int() | float():
            return Value(str(value), source, key)
        case [_, *_] if key == "credential_command" and all(isinstance(w, str) for w in value):
            return Value(shlex.join(map(str, value)), source, key)
    # Its type only: the value may be a secret.
    raise SettingsError(f"{source}: {key} is not text, or is empty")
