"""What a failed task, or an error body, says: its code, its words, and what came around them.

Facts: "Obtaining Job Details", v2, shows MESSAGES as a string that holds `Message` and `Detail`;
the other spellings are those of the vendor's error bodies and of Kubernetes. No page says what
the codes mean, so they are passed on and never explained.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from casjob import json_text
from casjob.json_text import JsonValue

# Keys in lower case, to be preferred in this order; `_find_keys` knows Message and Detail.
_CODE_KEYS = ("error_code", "errorcode", "code", "reason")
_DETAIL_KEYS = ("error_msg", "error_message", "errormsg", "errormessage", "message")

_Path: TypeAlias = tuple[str | int, ...]


class Pair(NamedTuple):
    """A code with its words. Either may be missing; the words may be a pair of their own."""

    code: str | None
    detail: str | None


class Failure(NamedTuple):
    """A failure's cause, and all else that was said about it.

    `code` and `detail` are the cause's, as sent. `within` are the pairs around it, innermost
    first. `also` are the pairs elsewhere in the message, in its order. `rest` are all other
    values that aren't empty, as path and text: `("jsonBody.items[0].kind", "Pod")`.
    """

    code: str | None
    detail: str | None
    within: tuple[Pair, ...] = ()
    also: tuple[Pair, ...] = ()
    rest: tuple[tuple[str, str], ...] = ()


def decode_messages(sent: JsonValue) -> JsonValue:
    """Return MESSAGES with each string that holds a JSON object or array replaced by that.

    Strings inside are decoded too, at any depth. A string stays as sent if it holds anything
    else, if one of two equal keys would be lost, or if the whole would nest more than
    `json_text.MAX_DEPTH` levels deep. Nothing is raised.
    """
    return _decode(sent, json_text.MAX_DEPTH)


def read_failure(sent: JsonValue) -> Failure | None:
    """Return what MESSAGES or an error body says, or None if it says nothing.

    The deepest code with words is the cause; of several equally deep, the first. Where no code
    has words, words alone are taken, and else a code alone. A message of no known shape is its
    own detail, exactly as sent. No text is lost, and nothing is raised.
    """
    message = decode_messages(sent)
    if not _says_something(message):
        return None
    readings = (read(message) for read in READERS)
    return next(filter(None, readings), None) or Failure(code=None, detail=_show(sent))


def _read_pair(message: JsonValue) -> Failure | None:
    return _read_deepest(message, lambda place: bool(place.code_key and place.detail_key))


def _read_lone_detail(message: JsonValue) -> Failure | None:
    return _read_deepest(message, lambda place: bool(place.detail_key))


def _read_lone_code(message: JsonValue) -> Failure | None:
    return _read_deepest(message, lambda place: bool(place.code_key))


READERS = (_read_pair, _read_lone_detail, _read_lone_code)
"""One a shape, the most specific first. What none of them can read is shown as sent."""


class _Place(NamedTuple):
    """An object in a message with a code, words, or both, under these of its keys."""

    path: _Path
    fields: dict[str, JsonValue]
    code_key: str | None
    detail_key: str | None


def _read_deepest(message: JsonValue, is_wanted: Callable[[_Place], bool]) -> Failure | None:
    places = list(_find_places(message))
    wanted = [place for place in places if is_wanted(place)]
    if not wanted:
        return None
    cause = max(wanted, key=lambda place: len(place.path))
    way = set(_prefixes(cause.path))
    within = [place for place in reversed(places) if place.path in way and place is not cause]
    also = [place for place in wanted if place.path not in way]
    # Words with a wanted pair inside them are told by that pair.
    opened = {prefix for place in wanted for prefix in _prefixes(place.path)}
    told = {
        (*place.path, key)
        for place in (cause, *within, *also)
        for key in (place.code_key, place.detail_key)
        if key
    } - opened

    def pair(place: _Place) -> Pair:
        code, detail = (
            _show(place.fields[key]) if key and (*place.path, key) in told else None
            for key in (place.code_key, place.detail_key)
        )
        return Pair(code, detail)

    def pairs(places: Iterable[_Place]) -> tuple[Pair, ...]:
        return tuple(each for each in map(pair, places) if each != Pair(None, None))

    headline = pair(cause)
    return Failure(
        code=headline.code,
        detail=headline.detail,
        within=pairs(within),
        also=pairs(also),
        rest=tuple((_name(path), _show(leaf)) for path, leaf in _find_leaves(message, told)),
    )


def _find_places(message: JsonValue) -> Iterator[_Place]:
    for path, value in _walk(message):
        if isinstance(value, dict):
            code_key, detail_key = _find_keys(value)
            if code_key or detail_key:
                yield _Place(path, value, code_key, detail_key)


def _find_keys(fields: dict[str, JsonValue]) -> tuple[str | None, str | None]:
    """Return the keys of the code and of the words, as far as there are any."""

    def spelt(names: Iterable[str]) -> list[str]:
        return [key for name in names for key in fields if key.lower() == name]

    codes, details = spelt(_CODE_KEYS), spelt(_DETAIL_KEYS)
    if "Detail" in fields:
        details.insert(0, "Detail")
        if "Message" in fields:
            # Next to Detail, and only there, Message is a code.
            details.remove("Message")
            codes.insert(0, "Message")
    # Kubernetes has a name in `reason`, and the HTTP status in `code`: a name says more.
    names = [key for key in codes if isinstance(fields[key], str) and _is_leaf(fields[key])]
    numbers = [key for key in codes if type(fields[key]) is int]
    words = [
        key
        for key in details
        if isinstance(fields[key], str | dict | list) and _says_something(fields[key])
    ]
    return next(iter(names + numbers), None), next(iter(words), None)


def _decode(value: JsonValue, room: int) -> JsonValue:
    # It calls itself at most `room` times deep; brackets below that are left alone.
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
        raise ValueError("a key comes twice")
    return fields


def _walk(message: JsonValue, without: Collection[_Path] = ()) -> Iterator[tuple[_Path, JsonValue]]:
    """Yield every value with its path, in the message's order; an own stack bears any depth."""
    waiting: list[tuple[_Path, JsonValue]] = [((), message)]
    while waiting:
        path, value = waiting.pop()
        if path in without:
            continue
        yield path, value
        children: Iterable[tuple[str | int, JsonValue]] = ()
        if isinstance(value, dict):
            children = value.items()
        elif isinstance(value, list):
            children = enumerate(value)
        waiting.extend(reversed([((*path, key), child) for key, child in children]))


def _find_leaves(
    message: JsonValue, without: Collection[_Path] = ()
) -> Iterator[tuple[_Path, JsonValue]]:
    return (found for found in _walk(message, without) if _is_leaf(found[1]))


def _is_leaf(value: JsonValue) -> bool:
    """Whether a value says something by itself."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and not isinstance(value, dict | list)


def _says_something(value: JsonValue) -> bool:
    return any(True for _ in _find_leaves(value))


def _prefixes(path: _Path) -> Iterator[_Path]:
    return (path[:end] for end in range(len(path) + 1))


def _name(path: _Path) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _show(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    try:
        return json_text.encode(value)
    except RecursionError:
        # `json_text.decode` makes nothing so deep, but a caller could.
        return "\n".join(_show(leaf) for _, leaf in _find_leaves(value))


_EXCERPT = 300
"""Characters of what the service says in an error that are shown."""


def describe_failure(failure: Failure | None) -> str:
    """Return what an error says, the innermost first, cut where it becomes too long to read."""
    if failure is None:
        return "nothing"
    pairs = (Pair(failure.code, failure.detail), *failure.within)
    return clip(", within ".join(" ".join(filter(None, pair)) for pair in pairs))


def clip(text: str) -> str:
    """Return the text, cut where it becomes too long for an error, with its length."""
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}… ({len(text)} characters)"
