"""Converts plain values of options and arguments without pydantic.

Typer converts every value with pydantic, which takes 50 ms to load: a quarter of a run. A value
that is plainly valid is converted here. Typer gets all others, and reports what is wrong with them.
"""

import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, get_args


def convert_plain_values(parameters: list[Any]) -> list[Any]:
    """Let Typer's parameters convert plain values without pydantic, and return them."""
    for each in parameters:
        # Typer has no option for this. A version that works differently converts all by itself.
        is_known = hasattr(each, "get_runtime_param") and hasattr(each, "type_descriptor")
        if is_known and "get_runtime_param" not in vars(each):
            each.get_runtime_param = partial(_PlainValues, each.get_runtime_param)
    return parameters


class _PlainValues:
    """Stands in for what Typer converts the values of a parameter with."""

    def __init__(self, get_typers: Callable[[], Any]) -> None:
        self._get_typers = get_typers

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        """Return the converted value."""
        is_list = param.multiple or param.nargs != 1
        if value is None:
            return () if is_list else None
        annotation = param.type_descriptor.annotation
        # For a list, the type of its items.
        (kind,) = get_args(annotation) or (annotation,)
        converted = [_convert(each, kind, param) for each in (value if is_list else [value])]
        if None in converted:
            return self._get_typers().coerce(value, param=param, ctx=ctx)
        return converted if is_list else converted[0]


def _convert(value: Any, kind: type, param: Any) -> Any:
    """Return the converted value, or None if it is not plain."""
    if isinstance(value, kind):
        return value
    if issubclass(kind, Enum):
        return next((each for each in kind if each.value == value), None)
    if kind is int and re.fullmatch("[0-9]{1,18}", value):
        number = int(value)
        is_too_low = param.min is not None and number < param.min
        is_too_high = param.max is not None and number > param.max
        return None if is_too_low or is_too_high else number
    return None
