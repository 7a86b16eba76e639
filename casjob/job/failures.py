"""What a failed task or an error body says: its code, its message, and everything around them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from typing import NamedTuple

from casjob.job.codes import (
    Candidate,
    Path,
    find_candidates,
    find_code,
    find_leaves,
    find_sentence,
    is_vendor_code,
    says_something,
)
from casjob.json_text import MAX_DEPTH, JsonValue, decode, encode, find_json, is_too_deep

_MAX_TEXT = 256 * 1024
"""Characters of the longest text that is searched for JSON. Megabytes would take seconds."""

_EXCERPT = 300
"""Characters of the service's text that an error shows."""

_ADDS = re.compile(r"(?i)error_?details?(?![\w-])")
"""A path to what an error body adds to its message."""

_NAMES_A_THING = re.compile(r"[\d./:-]")
"""Found in a key that names a thing, such as web-6f9c-x2k or 10.0.0.1, not in a field's name."""

_ESCAPED = re.compile(r'\\(["\\])')


class Pair(NamedTuple):
    """A code with its detail. Either may be missing; the detail may be a pair of its own."""

    code: str | None
    detail: str | None


class Failure(NamedTuple):
    """A failure's cause, and everything else in its message.

    Around the cause are the pairs in `within`, innermost first; elsewhere in the message are those
    in `also`, in its order. `rest` has all other values that aren't empty, as path and text:
    `("jsonBody.items[0].kind", "Pod")`.
    """

    code: str | None
    detail: str | None
    within: tuple[Pair, ...] = ()
    also: tuple[Pair, ...] = ()
    rest: tuple[tuple[str, str], ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The cause's code, and those around it, innermost first."""
        return tuple(filter(None, (self.code, *(pair.code for pair in self.within))))


def decode_messages(sent: JsonValue) -> JsonValue:
    """Return MESSAGES with each string that holds a JSON object or array replaced by that.

    Strings inside are decoded too, at any depth. A string stays as sent if it holds anything
    else, if one of two equal keys would be lost, or if the whole would nest more than
    `MAX_DEPTH` levels deep. Nothing is repaired, and nothing is raised.
    """
    # The MESSAGES of most tasks.
    return {} if sent == "{}" else _decode(sent, MAX_DEPTH)


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
            value = decode(value.lstrip("\ufeff"), _make_object, max_depth=room)
        except ValueError:
            return text
    return value if isinstance(value, dict | list) else text


def _make_object(pairs: list[tuple[str, JsonValue]]) -> JsonValue:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("duplicate key")
    return fields


def read_failure(sent: JsonValue) -> Failure | None:
    """Return what MESSAGES or an error body says, or None if it says nothing.

    The deepest code with a detail is the cause; of several equally deep, the first. Without such
    a pair it is a detail alone, and else a code alone. JSON within the cause's detail is read
    too, well-formed or not, and what it says becomes the cause. Only a cause without a code gets
    one that its text names, or else one elsewhere in the message. A message of no known shape is
    its own detail, exactly as sent. No text is lost, and nothing is raised.
    """
    message = decode_messages(sent)
    if not says_something(message):
        return None
    failure = _read(message) or Failure(code=None, detail=_show(sent))
    while within_detail := _read_detail(failure):
        failure = within_detail
    if failure.code is None and failure.detail:
        code = find_code(failure.detail) or next(
            filter(None, starmap(_find_code_beside, failure.rest)), None
        )
        rest = tuple(each for each in failure.rest if each[1].strip() != code)
        return failure._replace(code=code, rest=rest)
    return failure


def _find_code_beside(path: str, text: str) -> str | None:
    """Return the code that a text beside the detail is, or that a message there names."""
    code = find_code(text)
    return code if code == text.strip() or path.lower().endswith("message") else None


def read_message(sent: JsonValue) -> Failure | None:
    """Return what MESSAGES say of any task; an object of no known shape has all in `rest`."""
    failure, message = read_failure(sent), decode_messages(sent)
    if failure and failure.detail == _show(sent) and isinstance(message, dict | list):
        rest = ((_name(path), _show(leaf)) for path, leaf in find_leaves(message))
        return Failure(None, None, rest=tuple(rest))
    return failure


def _read(message: JsonValue) -> Failure | None:
    """Return what a message says by the most specific shape that it has, or None."""
    candidates = list(find_candidates(message))
    details = [each for each in candidates if each.text]
    pairs = [each for each in details if each.code]
    failure = _read_deepest(message, candidates, pairs or details or candidates)
    match failure:
        case Failure(code=None, within=(Pair(code=code, detail=None), *outer)):
            # The code of an object around it that has no detail of its own.
            return failure._replace(code=code, within=tuple(outer))
    return failure


def _read_detail(outer: Failure) -> Failure | None:
    """Return the failure with the cause that JSON in its detail names, or None."""
    text = outer.detail or ""
    if len(text) > _MAX_TEXT:
        return None
    inner = _read_embedded(text)
    if not inner and '\\"' in text:
        inner = _read_embedded(_ESCAPED.sub(r"\1", text))
        if inner and not inner.is_exact:
            # That took two guesses, so the text is shown as well.
            inner = inner._replace(around=text)
    if not inner or (outer.code and not inner.failure.detail):
        return None
    found = inner.failure
    around = Pair(outer.code if found.code else None, inner.around)
    return found._replace(
        code=found.code or outer.code or find_code(text),
        within=(*found.within, *_drop_empty([around]), *outer.within),
        also=(*found.also, *outer.also),
        rest=(*found.rest, *outer.rest),
    )


class _Embedded(NamedTuple):
    """What JSON in a text says, whether that is well-formed, and the text around it, if any."""

    failure: Failure
    is_exact: bool
    around: str | None


def _read_embedded(text: str) -> _Embedded | None:
    """Return what the JSON in a text says, or None if that is nothing.

    JSON with a code is preferred, then well-formed JSON, and then the last: programs put their own
    text in front. JSON that is repaired is a guess, so its code must at least look like the
    vendor's; JSON without a code must end the text, but for punctuation.
    """
    stripped = text.strip()
    end = stripped.rstrip(".,;)'\"")
    readings: list[_Embedded] = []
    for sent, repaired in find_json(text):
        message = decode_messages(sent)
        is_exact = message != sent
        failure = _read(message if is_exact else decode_messages(repaired))
        if failure is None:
            continue
        code, detail = failure.code, failure.detail
        if is_vendor_code(code) or (is_exact and (code or (detail and end.endswith(sent)))):
            # What was read exactly need not be shown again; what was guessed may be wrong.
            around = stripped.replace(sent, "…", 1) if is_exact else text
            readings.append(_Embedded(failure, is_exact, None if sent == stripped else around))
    return max(
        reversed(readings),
        key=lambda reading: (reading.failure.code is not None, reading.is_exact),
        default=None,
    )


def _read_deepest(
    message: JsonValue, candidates: Sequence[Candidate], wanted: Sequence[Candidate]
) -> Failure | None:
    if not wanted:
        return None
    cause = max(wanted, key=_depth)
    ancestors = set(_prefixes(cause.path[:-1])) if cause.path else set()
    within = [each for each in candidates if each.path in ancestors]
    also = [each for each in wanted if each is not cause and each.path not in ancestors]
    # A text that holds a wanted pair is shown by that pair.
    opened = {prefix for each in wanted for prefix in _prefixes(each.path)}
    shown: set[Path] = set()
    things: dict[str, str] = {}

    def show(candidate: Candidate) -> Pair:
        texts: list[str | None] = []
        for key in (candidate.code, candidate.text):
            path = (*candidate.path, key or "")
            if key is None or path in opened:
                texts.append(None)
                continue
            path, value = find_sentence(path, candidate.fields[key])
            shown.add(path)
            text = _show(value)
            texts.append(text)
            if thing := _find_thing(path):
                things.setdefault(_name(thing), text)
        code, detail = texts
        return Pair(code and code.strip(), detail)

    code, detail = show(cause)
    outer = _drop_empty(map(show, sorted(within, key=_depth, reverse=True)))
    beside = _drop_empty(map(show, also))
    rest = ((_name(path), _show(leaf)) for path, leaf in find_leaves(message, shown))
    return Failure(code, detail, outer, beside, (*things.items(), *rest))


def _find_thing(path: Path) -> Path | None:
    """Return the part of a path up to the last key that names a thing, such as a pod, or None."""
    ends = (end for end in range(len(path) - 1, 0, -1) if _NAMES_A_THING.search(str(path[end - 1])))
    return next((path[:end] for end in ends if isinstance(path[end - 1], str)), None)


def _depth(candidate: Candidate) -> int:
    return len(candidate.path)


def _drop_empty(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(pair for pair in pairs if pair != Pair(None, None))


def _prefixes(path: Path) -> Iterator[Path]:
    return (path[:end] for end in range(len(path) + 1))


def _name(path: Path) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _show(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    # `decode` allows no such depth, but callers may pass any value.
    if is_too_deep(value):
        return "\n".join(_show(leaf) for _, leaf in find_leaves(value))
    return encode(value)


def describe_failure(failure: Failure | None) -> str:
    """Return what an error says, the cause first, cut to what an error has room for."""
    if failure is None:
        return "(empty response)"
    pairs = (Pair(failure.code, failure.detail), *failure.within)
    said = ", within ".join(map(_describe_pair, pairs))
    more = (text for path, text in failure.rest if _ADDS.search(path) and text not in said)
    return clip("; ".join([said, *more]))


def _describe_pair(pair: Pair) -> str:
    if pair.code and pair.detail and pair.detail.startswith(pair.code):
        return pair.detail
    return " ".join(filter(None, pair))


def clip(text: str, longest: int = _EXCERPT) -> str:
    """Return the text, by default cut to what an error has room for, with its length."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"
