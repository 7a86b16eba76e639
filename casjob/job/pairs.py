"""Finds the codes of errors and their texts in a decoded message.

The spellings of their keys are those of the vendor's error bodies and of Kubernetes; `Message` for
a code, with `Detail`, is what tasks send.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import NamedTuple, TypeAlias

from casjob.job.codes import find_code, is_code, is_vendor_code
from casjob.json_text import JsonValue

Path: TypeAlias = tuple[str | int, ...]
"""Where in a message a value is: its keys and indexes, the outermost first."""

# In lower case and without `_` and `-`, the preferred ones first.
_ERRORS = ("error", "err", "fail", "failed", "failure")
_CODE_KEYS = (*(f"{error}code" for error in _ERRORS), "code", "reason")
_SENTENCE_KEYS = (
    *(f"{error}{noun}" for error in _ERRORS for noun in ("msg", "message", "reason")),
    *("externalmessage", "message", "msg"),
)
"""Keys of a text, which may also be an object with a pair of its own."""
_TEXT_KEYS = (*("errordescription", "errordesc", "detail", "details", "reason", "error", "code"),)
"""Keys of a text, but only where they hold a string."""
_ADDING_KEYS = ("errordetail", "errordetails")
"""Keys of a text, but only where there is no other, to which it adds."""

_NOUN = re.compile(r"(?i)(code|msg|message|reason|details?)\Z")
"""The end of a key that says what its value is; before it is the spelling of the pair."""


class Candidate(NamedTuple):
    """A pair of an object in a message: the keys of its code and its text; either may be None."""

    path: Path
    fields: dict[str, JsonValue]
    code: str | None
    text: str | None


def find_candidates(message: JsonValue) -> Iterator[Candidate]:
    """Yield the pairs of each object in a message, the outer objects first."""
    for path, value in _walk(message):
        if isinstance(value, dict):
            for code, text in _find_pairs(value):
                yield Candidate(path, value, code, text)


def find_sentence(path: Path, value: JsonValue) -> tuple[Path, JsonValue]:
    """Return the deepest text in the value of a text, or else the one leaf, or else the value."""
    if isinstance(value, str):
        return path, value
    texts = [
        ((*each.path, each.text), each.fields[each.text])
        for each in find_candidates(value)
        if each.text is not None and isinstance(each.fields[each.text], str)
    ]
    if not texts:
        leaves = list(find_leaves(value))
        texts = [] if len(leaves) > 1 or is_code(leaves[0][1]) else leaves
    inner, text = max(texts, key=lambda found: len(found[0]), default=((), value))
    return (*path, *inner), text


def _find_pairs(fields: dict[str, JsonValue]) -> Iterator[tuple[str | None, str | None]]:
    """Yield the keys of each code and its text, those of the cause first.

    A code's own text is in the same spelling: errorMessage for errorCode, error_msg for error_code.
    Such texts are general. A longer sentence that belongs to no code tells more, and is the text of
    the cause.
    """
    codes, sentences, texts = _group_keys(fields)
    cause = _choose_code(codes, texts, fields)
    texts = [key for key in texts if key != cause]
    own_texts = {_find_spelling(key): key for key in reversed(texts)}
    own = own_texts.get(_find_spelling(cause)) if cause else None
    own = own or next(iter(texts), None)
    others = [
        (code, text)
        for code in codes
        # Kubernetes' reason is only a category where there is another code.
        if code.lower() != "reason"
        and (text := own_texts.get(_find_spelling(code)))
        and code != text
        and {code, text}.isdisjoint({cause, own})
    ]
    if cause and own:
        taken = {cause, own, *chain(*others)}
        rivals = (key for key in sentences if key not in taken and isinstance(fields[key], str))
        own = _choose_sentence(own, rivals, fields)
    if cause or own:
        yield cause, own
    yield from others


def _choose_sentence(own: str, rivals: Iterable[str], fields: dict[str, JsonValue]) -> str:
    """Return the key of the longest sentence, which the text of a code is not: it is general."""
    if not isinstance(fields[own], str):
        return own
    lines = (key for key in rivals if "\n" not in str(fields[key]).strip())
    return max([own, *lines], key=lambda key: len(str(fields[key])))


def _find_spelling(key: str) -> tuple[str, bool]:
    return _NOUN.sub("", key), key[0].isupper()


def _group_keys(fields: dict[str, JsonValue]) -> tuple[list[str], list[str], list[str]]:
    """Return the keys of codes, of sentences, and of all texts, as far as they say something."""
    spellings: dict[str, list[str]] = {}
    for key in fields:
        spellings.setdefault(key.lower().replace("_", "").replace("-", ""), []).append(key)

    def spelt(names: Iterable[str]) -> list[str]:
        return [key for name in names for key in spellings.get(name, ())]

    codes, sentences = spelt(_CODE_KEYS), spelt(_SENTENCE_KEYS)
    if "Detail" in fields:
        sentences.insert(0, "Detail")
        if "Message" in fields:
            codes.insert(0, "Message")
    sentences = [key for key in sentences if isinstance(fields[key], str | dict | list)]

    def written(names: Iterable[str]) -> list[str]:
        return [key for key in spelt(names) if isinstance(fields[key], str)]

    texts = [key for key in [*sentences, *written(_TEXT_KEYS)] if says_something(fields[key])]
    if set(sentences).isdisjoint(texts):
        texts += (key for key in written(_ADDING_KEYS) if says_something(fields[key]))
    return [key for key in codes if is_code(fields[key])], sentences, texts


def _choose_code(
    codes: Iterable[str], texts: Iterable[str], fields: dict[str, JsonValue]
) -> str | None:
    """Return the key of the best code.

    That is one of the vendor's, even where code and message are swapped; then a name, since
    Kubernetes has one in `reason` and the HTTP status in `code`; then a number.
    """
    vendors = (key for key in codes if is_vendor_code(fields[key]))
    swapped = (key for key in texts if _is_code_alone(fields[key]))
    names = (key for key in codes if isinstance(fields[key], str))
    return next(chain(vendors, swapped, names, codes), None)


def _is_code_alone(text: JsonValue) -> bool:
    return isinstance(text, str) and is_vendor_code(text) and find_code(text) == text


def says_something(value: JsonValue) -> bool:
    """Return whether there is a leaf in a value."""
    return any(True for _ in find_leaves(value))


def find_leaves(
    message: JsonValue, without: Collection[Path] = ()
) -> Iterator[tuple[Path, JsonValue]]:
    """Yield each value that is neither empty nor a container, with its path."""
    for path, value in _walk(message, without):
        if value.strip() if isinstance(value, str) else not isinstance(value, dict | list | None):
            yield path, value


def _walk(message: JsonValue, without: Collection[Path] = ()) -> Iterator[tuple[Path, JsonValue]]:
    """Yield every value with its path, in the message's order, to any depth."""
    waiting: list[tuple[Path, JsonValue]] = [((), message)]
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
