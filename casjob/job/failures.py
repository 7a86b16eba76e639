"""What a failed task or an error body says: its code, its message, and everything around them.

Facts: "Obtaining Job Details", v2, shows MESSAGES as a string that holds `Message` and `Detail`;
the other spellings are those of the vendor's error bodies and of Kubernetes.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import NamedTuple, TypeAlias

from casjob import json_text
from casjob.job.codes import find_code, is_code, is_vendor_code
from casjob.job.embedded_json import decode_messages, find_json
from casjob.json_text import JsonValue

# Keys in lower case and without `_` and `-`, the preferred ones first. `_find_keys` knows that
# Message is a code if the object also has Detail.
_CODE_KEYS = ("errorcode", "errcode", "code", "reason")
_DETAIL_KEYS = ("errormsg", "errormessage", "errmsg", "externalmessage", "message", "msg")
_TEXT_KEYS = ("errordescription", "errordesc", "detail", "details", "reason", "error", "code")
"""Keys of a detail, but only where they hold text."""

_MAX_TEXT = 256 * 1024
"""Characters of the longest text that is searched for JSON. Megabytes would take seconds."""

_EXCERPT = 300
"""Characters of the service's text that an error shows."""

_ESCAPED = re.compile(r'\\(["\\])')

_Path: TypeAlias = tuple[str | int, ...]


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


def read_failure(sent: JsonValue) -> Failure | None:
    """Return what MESSAGES or an error body says, or None if it says nothing.

    The deepest code with a detail is the cause; of several equally deep, the first. Without such
    a pair it is a detail alone, and else a code alone. JSON within the cause's detail is read
    too, well-formed or not, and what it says becomes the cause. Only a cause without a code gets
    one that its text names. A message of no known shape is its own detail, exactly as sent. No
    text is lost, and nothing is raised.
    """
    message = decode_messages(sent)
    if not _says_something(message):
        return None
    failure = _read(message) or Failure(code=None, detail=_show(sent))
    while within_detail := _read_detail(failure):
        failure = within_detail
    if failure.code is None and failure.detail:
        return failure._replace(code=find_code(failure.detail))
    return failure


def _read(message: JsonValue) -> Failure | None:
    """Return what a message says by the most specific shape that it has, or None."""
    candidates = list(_find_candidates(message))
    details = [each for each in candidates if each.detail_key]
    pairs = [each for each in details if each.code_key]
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
            inner = inner._replace(is_whole=False)
    if not inner or (outer.code and not inner.failure.detail):
        return None
    around = Pair(outer.code, None if inner.is_whole else text)
    return inner.failure._replace(
        within=(*inner.failure.within, *_drop_empty([around]), *outer.within),
        also=(*inner.failure.also, *outer.also),
        rest=(*inner.failure.rest, *outer.rest),
    )


class _Embedded(NamedTuple):
    """What JSON in a text says, and whether that is well-formed and the whole text."""

    failure: Failure
    is_exact: bool
    is_whole: bool


def _read_embedded(text: str) -> _Embedded | None:
    """Return what the JSON in a text says, or None without a code in it.

    Well-formed JSON is preferred, and then the last: programs put their own text in front.
    """
    readings: list[_Embedded] = []
    for sent, repaired in find_json(text):
        message = decode_messages(sent)
        is_exact = message != sent
        failure = _read(message if is_exact else decode_messages(repaired))
        # Repaired JSON is a guess, so its code must at least look like the vendor's.
        if failure and (failure.code if is_exact else is_vendor_code(failure.code)):
            readings.append(_Embedded(failure, is_exact, is_whole=sent == text.strip()))
    return max(reversed(readings), key=lambda reading: reading.is_exact, default=None)


class _Candidate(NamedTuple):
    """An object in a message with a code, a detail, or both, under these of its keys."""

    path: _Path
    fields: dict[str, JsonValue]
    code_key: str | None
    detail_key: str | None


def _read_deepest(
    message: JsonValue, candidates: list[_Candidate], wanted: list[_Candidate]
) -> Failure | None:
    if not wanted:
        return None
    cause = max(wanted, key=lambda candidate: len(candidate.path))
    ancestors = set(_prefixes(cause.path))
    within = [
        candidate
        for candidate in reversed(candidates)
        if candidate.path in ancestors and candidate is not cause
    ]
    also = [candidate for candidate in wanted if candidate.path not in ancestors]
    # A detail that holds a wanted pair is shown by that pair.
    opened = {prefix for candidate in wanted for prefix in _prefixes(candidate.path)}
    shown = {
        (*candidate.path, key)
        for candidate in (cause, *within, *also)
        for key in (candidate.code_key, candidate.detail_key)
        if key
    } - opened

    def pair(candidate: _Candidate) -> Pair:
        code, detail = (
            _show(candidate.fields[key]) if key and (*candidate.path, key) in shown else None
            for key in (candidate.code_key, candidate.detail_key)
        )
        return Pair(code, detail)

    main = pair(cause)
    return Failure(
        code=main.code,
        detail=main.detail,
        within=_drop_empty(map(pair, within)),
        also=_drop_empty(map(pair, also)),
        rest=tuple((_name(path), _show(leaf)) for path, leaf in _find_leaves(message, shown)),
    )


def _drop_empty(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(pair for pair in pairs if pair != Pair(None, None))


def _find_candidates(message: JsonValue) -> Iterator[_Candidate]:
    for path, value in _walk(message):
        if isinstance(value, dict):
            code_key, detail_key = _find_keys(value)
            if code_key or detail_key:
                yield _Candidate(path, value, code_key, detail_key)


def _find_keys(fields: dict[str, JsonValue]) -> tuple[str | None, str | None]:
    """Return the keys of the code and of the detail, as far as there are any."""
    spellings: dict[str, list[str]] = {}
    for key in fields:
        spellings.setdefault(key.lower().replace("_", "").replace("-", ""), []).append(key)

    def spelt(names: Iterable[str]) -> list[str]:
        return [key for name in names for key in spellings.get(name, ())]

    codes = spelt(_CODE_KEYS)
    details = [key for key in spelt(_DETAIL_KEYS) if isinstance(fields[key], str | dict | list)]
    if "Detail" in fields:
        details.insert(0, "Detail")
        if "Message" in fields:
            codes.insert(0, "Message")
    details += [key for key in spelt(_TEXT_KEYS) if isinstance(fields[key], str)]
    code_key = _choose_code([key for key in codes if is_code(fields[key])], details, fields)
    said = (key for key in details if key != code_key and _says_something(fields[key]))
    return code_key, next(said, None)


def _choose_code(
    codes: Iterable[str], details: Iterable[str], fields: dict[str, JsonValue]
) -> str | None:
    """Return the key of the best code.

    That is one of the vendor's, even where code and message are swapped; then a name, since
    Kubernetes has one in `reason` and the HTTP status in `code`; then a number.
    """
    vendor_codes = (key for key in (*codes, *details) if is_vendor_code(fields[key]))
    names = (key for key in codes if isinstance(fields[key], str))
    return next(chain(vendor_codes, names, codes), None)


def _walk(message: JsonValue, without: Collection[_Path] = ()) -> Iterator[tuple[_Path, JsonValue]]:
    """Yield every value with its path, in the message's order, to any depth."""
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
    """Return whether a value is neither empty nor a container."""
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
        # `json_text.decode` allows no such depth, but callers may pass any value.
        return "\n".join(_show(leaf) for _, leaf in _find_leaves(value))


def describe_failure(failure: Failure | None) -> str:
    """Return what an error says, the cause first, cut to what an error has room for."""
    if failure is None:
        return "(empty response)"
    pairs = (Pair(failure.code, failure.detail), *failure.within)
    return clip(", within ".join(map(_describe_pair, pairs)))


def _describe_pair(pair: Pair) -> str:
    if pair.code and pair.detail and pair.detail.startswith(pair.code):
        return pair.detail
    return " ".join(filter(None, pair))


def clip(text: str) -> str:
    """Return the text, cut to what an error has room for, with its length."""
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}… ({len(text)} characters)"
