"""Durations: between moments, and as people write them: `90`, `90s`, `30m`, `1h30m`."""

import re
from datetime import UTC, datetime, timedelta

_SECONDS = {"h": 3600, "m": 60, "s": 1}
_AGES = {"d": 86400, "h": 3600, "m": 60}
_LONGEST_HOURS = 1_000_000
"""More than a century. Far longer durations would lose precision when they are added up."""
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER})([hms])")
_DURATION = re.compile(rf"(?:{_NUMBER}[hms])+")


def parse_duration(text: str) -> float:
    """Return the seconds in a duration; a bare number is seconds.

    Raises:
        ValueError: the text is not a duration, or too long a one; says which, after "is".
    """
    if re.fullmatch(_NUMBER, text):
        text += "s"
    if not _DURATION.fullmatch(text):
        raise ValueError("not a duration")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > _LONGEST_HOURS * _SECONDS["h"]:
        raise ValueError(f"longer than {_LONGEST_HOURS}h")
    return seconds


def format_duration(seconds: float) -> str:
    """Return `90s` as `1m30s`: what `parse_duration` reads, in the largest units."""
    parts = []
    for unit, size in _SECONDS.items():
        count, seconds = divmod(seconds, size) if size > 1 else (seconds, 0.0)
        if count:
            parts.append(f"{count:.9g}{unit}")
    return "".join(parts) or "0s"


def format_age(seconds: float) -> str:
    """Return about how long ago something was, in one unit: `3d`, `5h`, `12m` or `40s`."""
    for unit, size in _AGES.items():
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return seconds, or None if a time is missing or the end lies before the start."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds()


def seconds_so_far(start: datetime | None, as_of: datetime | None) -> float | None:
    """Return the seconds until now, by the Date header, which leaves out fractions of a second."""
    if start and as_of and timedelta() < start - as_of < timedelta(seconds=1):
        return 0.0
    return seconds_between(start, as_of)


def is_ending(expires: datetime | None, within: timedelta = timedelta(minutes=1)) -> bool:
    """Return whether a credential has expired, or soon will; one without an end never does."""
    return expires is not None and expires <= datetime.now(UTC) + within
