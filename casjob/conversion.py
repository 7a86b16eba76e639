"""Converts plain values of options and arguments without pydantic.

Typer converts every value with pydantic, which takes 50 ms to load: a quarter of a run. A value
that is plainly valid is converted here. Typer gets all others, and reports what is wrong with them.
"""

import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, get_args

_DIGITS = re.compile(r"[0-9]{1,18}")


def convert_plain_values(parameters: list[Any]) -> list[Any]:
    """Let Typer's parameters convert plain values without pydantic, and return them."""
    for each in parameters:
        # Typer has no option for this. A version that works differently converts all by itself.
        is_known = hasattr(each, "get_runtime_param") and hasattr(each, "type_descriptor")
        if is_known and "get_runtime_param" not in vars(each):
            each.get_runtime_param = partial(_Conversion, each, each.get_runtime_param)
    return parameters


class _Conversion:
    """Converts the values of a parameter.

    Args:
        parameter: one of Typer's.
        get_typers: returns what Typer converts its values with.
    """

    def __init__(self, parameter: Any, get_typers: Callable[[], Any]) -> None:
        described = parameter.type_descriptor
        # Of a list, the type of its items.
        (self._kind,) = get_args(described.annotation) or (described.annotation,)
        self._least: int | None = described.parameter_info.min
        self._is_several = parameter.multiple or parameter.nargs != 1
        self._get_typers = get_typers

    def coerce(self, value: Any, **context: Any) -> Any:
        """Return the converted value; `context` is for Typer."""
        if value is None:
            return () if self._is_several else None
        converted = [self._convert(each) for each in (value if self._is_several else [value])]
        if None in converted:
            return self._coerce_by_typer(value, context)
        return converted if self._is_several else converted[0]

    def _coerce_by_typer(self, value: Any, context: dict[str, Any]) -> Any:
        return self._get_typers().coerce(value, **context)

    def _convert(self, value: Any) -> Any:
        """Return the converted value, or None if it is not plain."""
        kind = self._kind
        if isinstance(value, kind):
            return value
        if issubclass(kind, Enum):
            return next((each for each in kind if each.value == value), None)
        if kind is int and _DIGITS.fullmatch(value) and int(value) >= (self._least or 0):
            return int(value)
        return None
