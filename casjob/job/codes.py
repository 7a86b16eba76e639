"""What an error code looks like, as the value of a JSON field and in plain text.

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
"""

import re
from collections.abc import Iterator

from casjob.catalogue.meanings import find_service
from casjob.json_text import JsonValue

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


def is_code(value: JsonValue) -> bool:
    """Return whether the value of a field such as `code` is an error code.

    Prose, placeholders from documentation, ids, HTTP statuses and `success` are not.
    """
    if isinstance(value, str):
        return bool(_IS_CODE.fullmatch(value)) and not _IS_NO_CODE.fullmatch(value)
    return type(value) is int and value >= _SMALLEST_NUMBER


def is_vendor_code(value: JsonValue) -> bool:
    """Return whether the value of a field for codes has the form of Huawei Cloud's codes."""
    return isinstance(value, str) and bool(_IS_VENDOR_CODE.fullmatch(value))


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
        parts = word[0].split(":")
        is_first = True
        for part, after in zip(parts, [*parts[1:], ""], strict=True):
            code = part.rstrip(".-")
            if (
                _IS_VENDOR_CODE.fullmatch(code)
                and _may_be_in_prose(code, is_first=is_first)
                and not _PORT.fullmatch(after)
            ):
                yield code
            is_first &= not part


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
