"""Decodes JSON in strings, finds it in text that is not JSON as a whole, and repairs it.

Programs quote the body of a response in their own errors (`… got 409 instead {"code": …}`),
build JSON without escaping what they put into it, and cut messages at a maximum length.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from casjob import json_text
from casjob.json_text import JsonValue

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


class Embedded(NamedTuple):
    """A piece of a text that looks like JSON, as sent and repaired. It may still not be JSON."""

    sent: str
    repaired: str


def decode_messages(sent: JsonValue) -> JsonValue:
    """Return MESSAGES with each string that holds a JSON object or array replaced by that.

    Strings inside are decoded too, at any depth. A string stays as sent if it holds anything
    else, if one of two equal keys would be lost, or if the whole would nest more than
    `json_text.MAX_DEPTH` levels deep. Nothing is repaired, and nothing is raised.
    """
    # The MESSAGES of most tasks.
    return {} if sent == "{}" else _decode(sent, json_text.MAX_DEPTH)


def _decode(value: JsonValue, room: int) -> JsonValue:
    # Recursion is at most `room` levels deep; deeper brackets are not decoded.
    match _open(value, room) if isinstance(value, str) else value:
        case dict(fields) if room:
            return {key: _decode(child, room - 1) for key, child in fields.items()}
        case list(items) if room:
            return [_decode(child, room - 1) for child in items]
        case as_it_is:
            return as_it_is


def _open(text: str, room: int) -> JsonValue:
    """Return the object or array in a text, however often it was made a string; or the text."""
    value: JsonValue = text
    while isinstance(value, str):
        try:
            value = json_text.decode(value, _make_object, max_depth=room)
        except ValueError:
            return text
    return value if isinstance(value, dict | list) else text


def _make_object(pairs: list[tuple[str, JsonValue]]) -> JsonValue:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("duplicate key")
    return fields


def find_json(text: str) -> Iterator[Embedded]:
    """Yield each object and each array of objects in a text, in linear time.

    A trailing comma is dropped; quotes and control characters in strings are escaped; an object
    between quotes is taken out of them; Python's notation becomes JSON's. Where the text ends too
    early, the open brackets are closed, and the last value gets an ellipsis, since it may be cut.
    """
    position = 0
    while start := _START.search(text, position):
        repaired, position = _repair(text, start.start())
        yield Embedded(text[start.start() : position], repaired)


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
