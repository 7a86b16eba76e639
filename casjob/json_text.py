"""JSON from strangers: decoded within limits, encoded so that every reader takes it."""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import NoReturn, TypeAlias, cast

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
"""What JSON can hold. Pydantic's own name for it costs 10 ms of start-up."""

MAX_DEPTH = 200
"""Levels of nesting that are decoded. jq 1.6 reads no more than 256, and ours come on top."""


def decode(
    text: str,
    object_pairs_hook: Callable[[list[tuple[str, JsonValue]]], JsonValue] | None = None,
    *,
    max_depth: int = MAX_DEPTH,
) -> JsonValue:
    """Decode one JSON document.

    Args:
        text: the document.
        object_pairs_hook: makes an object of its pairs; without it, the last of equal keys wins.
        max_depth: how many levels of brackets are taken.

    Raises:
        ValueError: it is no JSON, or JSON that can't be written again: NaN, a number out of
            range, or more than `max_depth` levels of brackets.
    """
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
            object_pairs_hook=object_pairs_hook,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _is_too_deep(value, max_depth):
        raise ValueError("nested too deeply")
    return cast("JsonValue", value)


def encode(value: object, *, indent: int | None = None) -> str:
    """Encode a value as JSON, in its own script rather than in escapes.

    A lone surrogate stays one in the text: encode that as UTF-8 with `backslashreplace`, which
    writes it in JSON's own way.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def encode_document(value: object, *, indent: int | None = None) -> str:
    """Encode a document for stdout, which may be a terminal.

    It means exactly the same as what `encode` returns, but what could drive the terminal stands
    there as JSON's own escape: DEL, C1 and bidirectional overrides. C0 is always escaped in JSON.
    """
    text = encode(value, indent=indent)
    return _DRIVES_A_TERMINAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


_DRIVES_A_TERMINAL = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


def _is_too_deep(value: object, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def _children(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()
