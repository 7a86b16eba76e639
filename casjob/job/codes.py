"""Finds error codes and their texts, in plain text and in decoded messages.

The vendor's codes are the names of a service and its parts, and a number:

    VPC.0202  Ecs.0005  DRS.M00100  CCE_CM.0004  SVCSTG.CCE-ADDONMGR.4030302  SVCSTG_AMS_4000001

and the job engine's are ECC and five digits. Versions, hosts and files look like that too:
Release.2024, RFC.2616, BUILD.20260301. So a word of a text is a code only if

- it begins with a capital, and the catalogue knows its service: VPC.0202, Ecs.0005; or
- its number is one that only codes have, with a zero in front, or of seven digits or more that are
  no date; and it is in capitals, or its service is known: XYZ.0123, ces.0014.

With underscores alone, its service must be known; after a colon in a word, as the tag of an image
is, too, or its number be a long one: `failed:VPC.0202`, `failed:XYZ.00100458`. A path or an address
has no code in it, and before a port is a host.

The spellings of the keys of codes and texts are those of the vendor's error bodies and of
Kubernetes; `Message` for a code, with `Detail`, is what tasks send.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import NamedTuple, TypeAlias, TypeGuard

from casjob.catalogue.meanings import find_service
from casjob.json_text import JsonValue

Path: TypeAlias = tuple[str | int, ...]
"""Where in a message a value is: its keys and indexes, the outermost first."""

_PART = r"[A-Za-z][\w-]{0,29}"
_VENDOR_CODE = (
    rf"(?:{_PART}(?:\.{_PART}){{0,3}}\.[A-Z]?\d{{4,12}}|[A-Z]+(?:_[A-Z]+)*_\d{{7,12}}|ECC\d{{5}})"
)
_IS_VENDOR_CODE = re.compile(_VENDOR_CODE, re.ASCII)

_IS_CODE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][\w.:-]{0,99}|(?=0*[1-9])\d{4,100}", re.ASCII)
"""A name such as `NotFound`, or a number. An HTTP status or a flag has fewer than four digits."""

_IS_NO_CODE = re.compile(
    r"string|(?:error_?)?code|null|none|ok|success"  # schema examples and success
    r"|.*x{3}.*"  # placeholders: CSMS.XXXX
    r"|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}",  # the id of a request or a trace
    re.IGNORECASE,
)

_SMALLEST_NUMBER = 1000
"""Numbers below are HTTP statuses, exit statuses and flags."""

_LABELLED = re.compile(
    # error_code=ces.0014, "code":"VPC.0202", <Code>VPC.0202</Code>
    rf"(?i:code)[\"'\\]*\s?[:=>]\s?[\[(\"'\\]*({_VENDOR_CODE})(?![\w/]|[.-]\w|:\d)",
    re.ASCII,
)
_WORD = re.compile(r"[\w.:/@$-]++", re.ASCII)
_PORT = re.compile(r"\d{2,5}", re.ASCII)
_CODES_NUMBER = re.compile(
    r"\D(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d\d){0,3}\Z)(0\d+|\d{7,})\Z"
)
_LONG_NUMBER = 7
_CAPITALS = re.compile(r"[A-Z_-]+\.[A-Z0-9._-]+\Z")
_NAMED = (
    # Only between tags or before a labelled message: <Code>NoSuchBucket</Code>.
    re.compile(r"<(?i:code)>([A-Z]\w{2,99})</(?i:code)>", re.ASCII),
    re.compile(
        r"(?i:code)\s?[:=]\s?([A-Z][A-Za-z]\w{1,99})[,;]\s?(?i:(?:error_?)?(?:message|msg))\s?[:=]",
        re.ASCII,
    ),
)
_TOOLS = (
    re.compile(r"\bnpm (?:ERR!|error) code (E[A-Z0-9_]+)\b"),
    re.compile(r"\b(ORA-\d{5}):"),
    re.compile(r"\[(ERR[-_][A-Z0-9_-]+)\]"),  # [ERR-10008], Node's [ERR_MODULE_NOT_FOUND]
    re.compile(r"\berror(?: |\[)([A-Z]{1,6}\d{4,5})\]?:"),  # error TS2304:, error[E0432]:
)
"""What the tools of builds and databases call an error; the first is the one that stopped them."""

# In lower case and without `_` and `-`, the preferred ones first.
_ERRORS = ("error", "err", "fail", "failed", "failure")
_CODE_KEYS = (*(f"{error}code" for error in _ERRORS), "code", "reason")
_SENTENCE_KEYS = (
    *(f"{error}{noun}" for error in _ERRORS for noun in ("msg", "message", "reason")),
    *("externalmessage", "message", "msg"),
)
"""Keys of a text, which may also be an object with a pair of its own."""
_TEXT_KEYS = ("errordescription", "errordesc", "detail", "details", "reason", "error", "code")
"""Keys of a text, but only where they hold a string."""
_ADDING_KEYS = ("errordetail", "errordetails")
"""Keys of a text, but only where there is no other, to which it adds."""

_NOUN = re.compile(r"(?i)(code|msg|message|reason|details?)\Z")
"""The end of a key that says what its value is; before it is the spelling of the pair."""

_SAYS_NO_MORE = re.compile(
    r"(?i)(?:err|error|exception|fail|failure|msg|message|reason|detail|desc|description|cause|text"
    r"|body|data|result|response|value|output)s?\Z"
)
"""The end of a key that only says that its value is a text: NeutronError, but not a pod's name."""

_NOTHING = frozenset({"", "null", "None", "<nil>"})
"""What programs write where they have no text."""


class Candidate(NamedTuple):
    """A pair of an object in a message: the keys of its code and its text; either may be None."""

    path: Path
    fields: dict[str, JsonValue]
    code: str | None
    text: str | None


def is_code(value: JsonValue) -> bool:
    """Return whether the value of a field such as `code` is an error code.

    Prose, placeholders from documentation, ids, HTTP statuses and `success` are not.
    """
    if isinstance(value, str):
        word = value.strip()
        return bool(_IS_CODE.fullmatch(word)) and not _IS_NO_CODE.fullmatch(word)
    return type(value) is int and value >= _SMALLEST_NUMBER


def is_vendor_code(value: JsonValue) -> TypeGuard[str]:
    """Return whether the value of a field for codes has the form of Huawei Cloud's codes."""
    return isinstance(value, str) and bool(_IS_VENDOR_CODE.fullmatch(value.strip()))


def find_code(text: str) -> str | None:
    """Return the error code that plain text names, or None.

    Of several, it is the last: each program that passes an error on puts its own text in front.
    """
    labelled = [found[1] for found in _LABELLED.finditer(text) if not _may_be_cut(found, 1)]
    if codes := labelled or [*_find_words(text)]:
        return codes[-1]
    for pattern in _NAMED:
        if names := pattern.findall(text):
            return str(names[-1])
    return next((found[1] for pattern in _TOOLS if (found := pattern.search(text))), None)


def _find_words(text: str) -> Iterator[str]:
    """Yield the words of a text, or the parts between their colons, that are codes."""
    for word in _WORD.finditer(text):
        if "/" in word[0] or "@" in word[0] or _may_be_cut(word):
            continue
        parts = word[0].lstrip(":").split(":")
        for index, (part, after) in enumerate(zip(parts, [*parts[1:], ""], strict=True)):
            code = part.rstrip(".-")
            has_form = _IS_VENDOR_CODE.fullmatch(code) and not _PORT.fullmatch(after)
            if has_form and _may_be_in_prose(code, is_first=index == 0):
                yield code


def _may_be_in_prose(code: str, *, is_first: bool) -> bool:
    number = _CODES_NUMBER.search(code)
    is_underscored = "_" in code and "." not in code
    if find_service(code):
        return bool(number) or (code[0].isupper() and not is_underscored)
    if is_underscored or not number:
        return False
    return bool(_CAPITALS.match(code)) and (is_first or len(number[1]) >= _LONG_NUMBER)


def _may_be_cut(found: re.Match[str], group: int = 0) -> bool:
    """Return whether the text ends within a quoted string, and so perhaps within the code."""
    start, end = found.span(group)
    return end == len(found.string) and found.string[start - 1 : start] in {'"', "'"}


def find_candidates(message: JsonValue) -> Iterator[Candidate]:
    """Yield the pairs of each object in a message, the outer objects first."""
    for path, value in _walk(message):
        if isinstance(value, dict):
            for code, text in _find_pairs(value):
                yield Candidate(path, value, code, text)


def find_sentence(path: Path, value: JsonValue) -> tuple[Path, JsonValue]:
    """Return the deepest text in the value of a text, or else the one leaf, or else the value.

    A leaf keeps a key that says more than that it is a text: `{"web-6f9c": "gone"}`.
    """
    if isinstance(value, str):
        return path, value
    texts = [
        ((*each.path, each.text), each.fields[each.text])
        for each in find_candidates(value)
        if each.text is not None and isinstance(each.fields[each.text], str)
    ]
    if not texts:
        leaves = list(find_leaves(value))
        keys = [key for key in leaves[0][0] if isinstance(key, str)]
        is_plain = len(leaves) == 1 and all(map(_SAYS_NO_MORE.search, keys))
        texts = leaves if is_plain and not is_code(leaves[0][1]) else []
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
    if cause and not own:
        # A number or a flag is the text only where there is no other.
        keys = (key for key in fields if key in sentences or key.lower() == "detail")
        own = next((key for key in keys if isinstance(fields[key], int | float)), None)
    others = [
        (code, text)
        for code in codes
        # Kubernetes' reason is only a category where there is another code.
        if code.lower() != "reason"
        and (text := own_texts.get(_find_spelling(code)))
        and code != text
        and {code, text}.isdisjoint({cause, own})
    ]
    if cause and own and isinstance(fields[own], str):
        taken = {cause, own, *chain(*others)}
        rivals = (key for key in sentences if key not in taken and _is_line(fields[key]))
        own = max([own, *rivals], key=lambda key: len(str(fields[key])))
    if cause or own:
        yield cause, own
    yield from others


def _is_line(value: JsonValue) -> bool:
    return isinstance(value, str) and "\n" not in value.strip()


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
    sentences = [key for key in sentences if fields[key] is not None]
    objects = [key for key in sentences if isinstance(fields[key], str | dict | list)]

    def written(names: Iterable[str]) -> list[str]:
        return [key for key in spelt(names) if isinstance(fields[key], str)]

    texts = [key for key in [*objects, *written(_TEXT_KEYS)] if says_something(fields[key])]
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
    swapped = (
        key
        for key in texts
        if is_vendor_code(text := fields[key]) and find_code(text) == text.strip()
    )
    names = (key for key in codes if isinstance(fields[key], str))
    return next(chain(vendors, swapped, names, codes), None)


def says_something(value: JsonValue) -> bool:
    """Return whether there is a leaf in a value."""
    return any(True for _ in find_leaves(value))


def find_leaves(
    message: JsonValue, without: Collection[Path] = ()
) -> Iterator[tuple[Path, JsonValue]]:
    """Yield each value that is neither empty nor a container, with its path."""
    for path, value in _walk(message, without):
        if isinstance(value, str):
            is_leaf = value.strip().strip("\"' \t\r\n\ufeff") not in _NOTHING
        else:
            is_leaf = not isinstance(value, dict | list | None)
        if is_leaf:
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
        if isinstance(value, dict | list):
            children = value.items() if isinstance(value, dict) else enumerate(value)
        waiting.extend(reversed([((*path, key), child) for key, child in children]))
