"""casjob's own file: a table a profile, `[default]` for when none is chosen."""

import difflib
import os
import re
import shlex
import tomllib
from pathlib import Path

from casjob.errors import SettingsError
from casjob.settings.values import (
    CASJOB_SETTINGS,
    DEFAULT_PROFILE,
    SECRETS,
    Source,
    Value,
    summarize,
)

_SETTINGS = (CASJOB_SETTINGS | {"credential_command"}) - {"profile", "job_id", "history"}
"""What a profile may hold."""

_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
"""At the end of tomllib's messages; its errors have no line number before Python 3.14."""


def read_profile(path: Path, text: str | None, chosen: Value | None) -> Source:
    """Return a profile's settings; those of `[default]`, if it exists, when none is chosen.

    The text is None if there is no such file.

    Raises:
        SettingsError: the file is broken, or what was chosen is not there or is wrong.
    """
    if chosen and text is None:
        raise SettingsError(
            f"no profile {chosen.text!r}, given by {chosen.origin}: {path} does not exist",
            hint=f"create it, with a table [{chosen.text}] that has region, project_id, …",
        )
    profiles, problems = read_profiles(path, text or "")
    name = chosen.text if chosen else DEFAULT_PROFILE
    if chosen and name not in profiles:
        raise SettingsError(
            f"{path} has no profile {name!r}, given by {chosen.origin}",
            hint=f"it has {', '.join(profiles) or 'no profiles'}",
        )
    source = f"profile {name} in {path}"
    values = {}
    for key, field in profiles.get(name, {}).items():
        try:
            values[key] = Value(_read_value(key, field, source), source, key)
        except SettingsError as error:
            problems.append(error)
    if chosen and problems:
        raise problems[0]
    warnings = list(map(summarize, problems))
    # On Windows its mode does not say who may read it.
    is_open = os.name == "posix" and path.stat().st_mode & 0o044
    if SECRETS & values.keys() and is_open:
        mend = f"chmod 600 {shlex.quote(str(path))}"
        warnings.append(f"{path} has a secret that other users can read: {mend}")
    return Source(
        source, values, explicit=chosen is not None, is_own=True, warnings=tuple(warnings)
    )


def read_profiles(
    path: Path, text: str
) -> tuple[dict[str, dict[str, object]], list[SettingsError]]:
    """Return the file's tables by their names, and what is wrong beside them.

    Raises:
        SettingsError: the file is broken.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = str(error)
        position = _POSITION.search(message)
        line = f"line {position[1]}" if position and position[1] else "at the end of the file"
        where = f"{path}, {line}" if position else str(path)
        raise SettingsError(f"{where}: not TOML: {_POSITION.sub('', message)}") from None
    profiles = {name: table for name, table in document.items() if isinstance(table, dict)}
    hint = f"put it under [{DEFAULT_PROFILE}], the profile used by default"
    return profiles, [
        SettingsError(f"{path}: {name} is not in a profile", hint=hint)
        for name in document
        if name not in profiles
    ]


def _read_value(key: str, value: object, source: str) -> str:
    if key not in _SETTINGS:
        near = difflib.get_close_matches(key, sorted(_SETTINGS), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(_SETTINGS))}"
        raise SettingsError(f"{source}: unknown setting {key!r}", hint=hint)
    match value:
        case str() if value.strip():
            return value.strip()
        case int() | float() if not isinstance(value, bool):
            return str(value)
        case [_, *_] if key == "credential_command" and all(isinstance(w, str) for w in value):
            return shlex.join(map(str, value))
    # Its type only: the value may be a secret.
    raise SettingsError(f"{source}: {key} must be text, and not empty")
