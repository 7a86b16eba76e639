"""Decodes untrusted JSON within limits, finds it in text, and encodes what every parser accepts.

A value that is not of the type it is read as is None, or its JSON text; nothing is raised.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NoReturn, TypeAlias, cast

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
"""A value of JSON."""

MAX_DEPTH = 200
"""Levels of nesting that are decoded. jq 1.6 reads at most 256, and casjob's output adds some."""

MAX_VALUES = 1_000_000
"""Commas and opening brackets that are decoded: those of 60,000 tasks. 180 MB of `[[]],` would take
7 GB."""

_UP_TO_A_VALUE = re.compile(
    r"""(?:[^"\[{,]++|"(?:[^"\\]|\\.)*+(?:"|\Z))*+(?:[\[{,]|\Z)""", re.DOTALL
)

_DIGITS = 18
"""Digits that surely fit 64 bits; a longer number is no count and no index."""

_EPOCH = re.compile(r"(?!\d{8}\Z)[1-9]\d{0,18}(?:\.\d{1,9})?", re.ASCII)
"""Eight digits are a date of ISO 8601, and 0 is a time that is not set."""

_MIN_MILLISECONDS = 10**11
"""From here on a number is a time in a smaller unit than seconds: 1973 and the year 5138."""

_EPOCH_START = datetime.fromtimestamp(0, UTC)
"""A time is not set unless it is later: Go's zero is in the year 1."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_CONTROLS_A_TERMINAL = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)

# An object with a key, or an array of objects: other brackets are common in prose.
_START = re.compile(r"""\{\s*+["']|\[\s*+(?=\{\s*+["'])""")

_TOKEN = re.compile(r"""\s*+([{}\[\],:"']|[^\s{}\[\],:"']++)""")

# The quote that ends a string is followed by punctuation; others were not escaped.
_CLOSING_QUOTES = {
    quote: re.compile(rf"(?<!\\)(?:\\\\)*+{quote}(?=\s*+(?:[,:}}\]]|\Z))") for quote in "\"'"
}

# An object that was put between quotes without escaping its own: "{"code": …
_QUOTED_OBJECT = re.compile(r'[{\[]\s*+(?:\{\s*+)?"\w')

_TO_ESCAPE = re.compile(r'(\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})|["\\\x00-\x1f]')

_CLOSING_BRACKETS = {"{": "}", "[": "]"}
_LITERALS = {"None": "null", "True": "true", "False": "false"}
_CUT = "…"


class LimitError(ValueError):
    """JSON is beyond casjob's own limits, which is not the fault of who wrote it."""


class TooManyValuesError(LimitError):
    """JSON is larger than casjob reads."""


def decode(
    text: str,
    object_pairs_hook: Callable[[list[tuple[str, JsonValue]]], JsonValue] | None = None,
    *,
    max_depth: int = MAX_DEPTH,
) -> JsonValue:
    """Decode one JSON document; of equal keys, the last one wins unless the hook decides.

    Raises:
        ValueError: the text is not JSON, or is JSON that can't be encoded again: NaN, or a number
            out of range.
        LimitError: it has more values, more levels, or a number more digits, than casjob reads.
    """
    # Counting characters takes next to no time.
    if sum(map(text.count, "[{,")) > MAX_VALUES and _has_too_many_values(text):
        raise TooManyValuesError(f"more than {MAX_VALUES} commas and opening brackets")
    too_deep = LimitError(f"nested more than {min(max_depth, MAX_DEPTH)} levels deep")
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
            object_pairs_hook=object_pairs_hook,
        )
    except RecursionError:
        raise too_deep from None
    except json.JSONDecodeError as error:
        # Of a text that does not end, the position is where it starts.
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise ValueError("it ends too early") from None
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"error at {where}") from None
    except ValueError as error:
        # Python's own limit, against numbers that take minutes.
        if str(error).startswith("Exceeds the limit"):
            digits = sys.get_int_max_str_digits()
            raise LimitError(f"a number of more than {digits} digits") from None
        raise
    # There are no more levels than brackets.
    if text.count("{") + text.count("[") > max_depth and is_too_deep(value, max_depth):
        raise too_deep
    return cast("JsonValue", value)


def encode(value: object) -> str:
    """Encode a value as JSON, without escaping characters outside ASCII."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def encode_document(
    value: object, *, indent: int | None, default: Callable[[Any], object] | None = None
) -> bytes:
    """Encode a document in UTF-8, with a line feed at its end.

    A lone surrogate, which is no character and stops jq, becomes U+FFFD.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, default=default)
    return _LONE_SURROGATE.sub("\ufffd", f"{escape_controls(text)}\n").encode()


def escape_controls(text: str) -> str:
    """Escape what controls a terminal in JSON, but C0, which always is: DEL, C1, bidi overrides."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _CONTROLS_A_TERMINAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def map_texts(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    """Return a value in which each text, keys too, is changed."""
    match value:
        case str():
            return change(value)
        case list():
            return [map_texts(each, change) for each in value]
        case dict():
            return {change(key): map_texts(each, change) for key, each in value.items()}
        case _:
            return value


def read_text(value: object) -> str | None:
    """Return a string as it is, and anything else that is not null as its JSON text."""
    if value is None or isinstance(value, str):
        return value
    return encode(value)


def read_whole_number(value: object) -> int | None:
    """Return a whole number of 64 bits, also one sent as digits or as 9.0; None for others."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_DIGITS:
        return value
    return None


def read_flag(value: object) -> bool | None:
    """Return a boolean; None for anything else."""
    return value if isinstance(value, bool) else None


def read_moment(value: object) -> datetime | None:
    """Return a time in UTC, or None: from ISO 8601, or from seconds to nanoseconds since 1970.

    A time without a zone is taken to be in UTC. One that is not later than the start of 1970 is not
    set.
    """
    try:
        text = str(value)
        if _EPOCH.fullmatch(text):
            seconds = float(text)
            while seconds >= _MIN_MILLISECONDS:
                seconds /= 1000
            return datetime.fromtimestamp(seconds, UTC)
        if not isinstance(value, str):
            return None
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not UTC:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment > _EPOCH_START else None


def format_utc(moment: datetime | None, timespec: str = "milliseconds") -> str | None:
    """Return `2020-02-04T04:01:03.123Z`, in UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _has_too_many_values(text: str) -> bool:
    pieces = _UP_TO_A_VALUE.finditer(text)
    last = next(islice(pieces, MAX_VALUES, None), None)
    return last is not None and last[0].endswith(("[", "{", ","))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


def is_too_deep(value: object, max_depth: int = MAX_DEPTH) -> bool:
    """Return whether a value has more levels than `max_depth`; the value itself is the first."""
    level: list[dict[str, object] | list[object]] = [[value]]
    for _ in range(max_depth + 1):
        children = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for some in children for child in some if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def find_json(text: str) -> Iterator[tuple[str, str]]:
    """Yield each object and each array of objects in a text, as sent and repaired, in linear time.

    Programs quote the body of a response in their own errors (`… got 409 instead {"code": …}`),
    build JSON without escaping what they put into it, and cut messages at a maximum length. So a
    trailing comma is dropped; quotes and control characters in strings are escaped; an object
    between quotes is taken out of them; Python's notation becomes JSON's. Where the text ends too
    early, the open brackets are closed, and the last value gets an ellipsis, since it may be cut.
    The repaired text may still not be JSON.
    """
    position = 0
    while start := _START.search(text, position):
        repaired, position = _repair(text, start.start())
        yield text[start.start() : position], repaired


def _repair(text: str, position: int) -> tuple[str, int]:
    """Return the JSON that begins at a position, repaired, and where it ends."""
    pieces: list[str] = []
    open_brackets: list[str] = []  # each by what closes it: }" for an object between quotes
    while token := _TOKEN.match(text, position):
        piece, position = token[1], token.end()
        if piece == '"' and _QUOTED_OBJECT.match(text, position):
            piece, position = text[position], position + 1
            open_brackets.append(_CLOSING_BRACKETS[piece] + '"')
        elif piece in _CLOSING_BRACKETS:
            open_brackets.append(_CLOSING_BRACKETS[piece])
        elif piece in _CLOSING_QUOTES:
            piece, position = _read_string(text, position, piece)
        elif piece in {"}", "]"}:
            _drop_trailing_comma(pieces)
            closing = open_brackets.pop()
            if closing == piece + '"' and text.startswith('"', position):
                position += 1
            if not (open_brackets and closing.startswith(piece)):
                return "".join([*pieces, piece]), position
        elif piece not in {",", ":"}:
            piece = _quote(piece + _CUT) if position == len(text) else _LITERALS.get(piece, piece)
        pieces.append(piece)
    _complete(pieces, open_brackets)
    return "".join(pieces), len(text)


def _read_string(text: str, start: int, quote: str) -> tuple[str, int]:
    """Return the string whose opening quote is before `start` as JSON, and where it ends."""
    closing = _CLOSING_QUOTES[quote].search(text, start)
    if not closing:
        return _quote(text[start:].removesuffix(_CUT) + _CUT), len(text)
    return _quote(text[start : closing.end() - 1]), closing.end()


def _complete(pieces: list[str], open_brackets: list[str]) -> None:
    """Append what JSON that was cut is missing: a value, and the closing brackets."""
    _drop_trailing_comma(pieces)
    if pieces[-1] == ":":
        pieces.append(_quote(_CUT))
    elif open_brackets[-1].startswith("}") and pieces[-2] in {"{", ","}:
        pieces.append(":" + _quote(_CUT))
    pieces += (closing[0] for closing in reversed(open_brackets))


def _quote(content: str) -> str:
    escaped = _TO_ESCAPE.sub(lambda found: found[1] or f"\\u{ord(found[0]):04x}", content)
    return f'"{escaped}"'


def _drop_trailing_comma(pieces: list[str]) -> None:
    if pieces[-1] == ",":
        pieces.pop()
