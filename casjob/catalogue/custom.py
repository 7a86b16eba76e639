"""Reads a team's own file of meanings: `"VPC.*" = "ask the network team"`."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_MAX_BYTES = 1024 * 1024
"""More than anybody writes; a device or a pipe in place of the file has no end."""


class CustomMeanings(NamedTuple):
    """A team's own meanings, by name or pattern, and what is wrong with the file, in sentences."""

    meanings: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_custom_meanings(path: Path) -> CustomMeanings:
    """Read a team's TOML file of names and texts, each of which becomes one line.

    A file that does not exist is no problem, and nothing is raised.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return CustomMeanings({})
    except (OSError, ValueError) as error:
        return _reject(f"{path} can't be read: {getattr(error, 'strerror', None) or error}")
    if len(content) > _MAX_BYTES:
        return _reject(f"{path} is larger than {_MAX_BYTES} bytes")
    # Most users have no such file.
    import tomllib

    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _reject(f"{path}, line {line}: not UTF-8")
    except (ValueError, RecursionError) as error:
        return _reject(f"{path} is not TOML: {error}")
    meanings: dict[str, str] = {}
    problems: list[str] = []
    for name, value in document.items():
        if isinstance(value, str) and value.strip():
            meanings[name] = " ".join(value.split())
        else:
            problems.append(f"{path}: {_describe(name, value)}")
    return CustomMeanings(meanings, tuple(problems))


def _reject(problem: str) -> CustomMeanings:
    return CustomMeanings({}, (problem,))


def _describe(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f'{name!r} is a table; a name with a dot needs quotes: "VPC.0202" = "…"'
    return f"{name!r} is empty" if isinstance(value, str) else f"{name!r} is not text"
