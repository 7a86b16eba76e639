"""Durations as people write them: `90`, `90s`, `30m`, `1h30m`."""

import re

from casjob.errors import UsageError

_SECONDS = {"h": 3600, "m": 60, "s": 1}
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_PART = re.compile(rf"({_NUMBER})([hms])")
_WHOLE = re.compile(rf"(?:{_NUMBER}[hms])+")


def parse_duration(text: str, option: str) -> float:
    """Return seconds.

    Args:
        text: what was given.
        option: where, to be named if it is wrong.

    Raises:
        UsageError: it is no duration.
    """
    if re.fullmatch(_NUMBER, text):
        return float(text)
    if not _WHOLE.fullmatch(text):
        raise UsageError(
            f"{option} {text!r} is no duration", hint="durations are 90, 90s, 30m or 1h30m"
        )
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
