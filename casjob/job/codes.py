"""What an error code looks like, as the value of a JSON field and in plain text."""

import re

from casjob.json_text import JsonValue

_VENDOR_CODE = r"(?:[A-Za-z]\w{0,29}(?:\.[A-Za-z]\w{0,29}){0,3}\.[A-Z]?\d{4,12}|ECC\d{5})"
"""`SVCSTG.00100429`, `SVCSTG.REPO.0400`, `Ecs.0005`, `E.CFE.4000001`; `ECC00011`."""

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

# What follows a code. A colon with a digit after it would make it a host and its port.
_END = r"(?![\w/]|[.-]\w|:\d)"

_IN_TEXT = (
    # A labelled one: error_code=ces.0014, "code":"VPC.0202", <Code>VPC.0202</Code>.
    re.compile(rf"(?i:code)[\"'\\]*\s?[:=>]\s?[\[(\"'\\]*({_VENDOR_CODE}){_END}", re.ASCII),
    # One by itself. It begins with a capital, unlike the names of hosts, files and packages.
    re.compile(rf"(?=[A-Z])(?<![\w./@:$-])({_VENDOR_CODE}){_END}", re.ASCII),
    # A name, only between tags or before a labelled message: <Code>NoSuchBucket</Code>.
    re.compile(r"<(?i:code)>([A-Z]\w{2,99})</(?i:code)>", re.ASCII),
    re.compile(
        r"(?i:code)\s?[:=]\s?([A-Z][A-Za-z]\w{1,99})[,;]\s?(?i:(?:error_?)?(?:message|msg))\s?[:=]",
        re.ASCII,
    ),
)


def is_code(value: JsonValue) -> bool:
    """Return whether the value of a field such as `code` is an error code.

    Prose, placeholders from documentation, ids, HTTP statuses and `success` are not.
    """
    if isinstance(value, str):
        return bool(_IS_CODE.fullmatch(value)) and not _IS_NO_CODE.fullmatch(value)
    return type(value) is int and value >= _SMALLEST_NUMBER


def is_vendor_code(value: JsonValue) -> bool:
    """Return whether a value has the form of Huawei Cloud's codes, whatever its key is."""
    return isinstance(value, str) and bool(_IS_VENDOR_CODE.fullmatch(value))


def find_code(text: str) -> str | None:
    """Return the error code that plain text names, or None.

    Of several, it is the last: each program that passes an error on puts its own text in front.
    """
    for pattern in _IN_TEXT:
        codes = [found[1] for found in pattern.finditer(text) if not _may_be_cut(found, 1)]
        if codes:
            return codes[-1]
    return None


def _may_be_cut(found: re.Match[str], group: int) -> bool:
    """Return whether the text ends within a quoted string, and so perhaps within the code."""
    start, end = found.span(group)
    return end == len(found.string) and found.string[start - 1 : start] in {'"', "'"}
