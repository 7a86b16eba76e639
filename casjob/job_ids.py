"""Job ids in text: what a person pastes, and what a program prints."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TextIO

from casjob.errors import UsageError
from casjob.files import clean, decode_text, read_pieces
from casjob.job.codes import is_code, is_vendor_code
from casjob.job.detail import JOB_ID
from casjob.job.failures import describe_failure, read_failure
from casjob.json_text import JsonValue, decode

STDIN = "-"
"""Stands for the job ids on stdin."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
WHOLE_JOB_ID = re.compile(rf"\bJOB{_UUID.pattern}\b", re.IGNORECASE)
"""An id as the service makes them, in any case, as people paste it."""

_FILE = re.compile(r"(?![a-z]+://)[^\s?#%]*[./][^\s?#%]*\w", re.IGNORECASE)
"""What may name a file, unlike an address or one of the folders `.` and `..`."""

AROUND_AN_ID = " \t\r\n\"'`,;<>()[]\u2018\u2019\u201c\u201d"
"""What is copied along with an id."""
_HYPHENS = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", "")
_LOOKALIKES = str.maketrans({**_HYPHENS, **_INVISIBLE, "\u00a0": " "})
"""What editors, chats and terminals put into an id in place of what was typed, or between it."""

_LONGEST_SHOWN = 200
_MAX_STDIN = 64 * 1024 * 1024
"""Characters of a list of jobs: a program may never stop printing."""


def read_job_ids(targets: Iterable[str], stdin: TextIO | None) -> list[str]:
    """Return the ids that are named, each once, in their order; `-` stands for those on stdin.

    Raises:
        UsageError: something can't be a job id; or stdin has neither one nor an empty list, or is
            longer than casjob's limit.
    """
    ids: list[str] = []
    for target in dict.fromkeys(targets):
        ids += _read_stdin(stdin) if target == STDIN else [target]
    return list(dict.fromkeys(map(read_job_id, ids)))


def read_job_id(text: str) -> str:
    """Return the job id in what a person pastes; it may become part of a path.

    That is an id, with quotes and blanks around it or without its `JOB`, or a line or an address
    with one id in it.

    Raises:
        UsageError: there is no job id in it, or several.
    """
    typed = straighten(text)
    bare = typed.strip(AROUND_AN_ID)
    if _UUID.fullmatch(bare):
        return f"JOB{bare.lower()}"
    if JOB_ID.fullmatch(bare) and not WHOLE_JOB_ID.fullmatch(bare):
        return bare
    found = list(dict.fromkeys(f"JOB{each[3:].lower()}" for each in WHOLE_JOB_ID.findall(typed)))
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{quote_start(text)} contains {len(found)} job ids"
        raise UsageError(message, hint="give each id separately")
    hint = "a job id has 1 to 128 letters, digits, _ and -, as in"
    hint += " JOB474362ef-091d-429f-9b3e-c9246b37dee6"
    if text == STDIN:
        hint = "--from - reads a job from stdin"
    elif _FILE.fullmatch(bare):
        hint = "a job in a file is read with --from, as in casjob show --from FILE"
    elif (joined := "".join(bare.split())).startswith("JOB") and JOB_ID.fullmatch(joined):
        hint = f"a job id has no blanks: did you mean {joined}?"
    raise UsageError(f"{quote_start(text)} is not a job id", hint=hint)


def straighten(text: str) -> str:
    """Return a text that holds ids with the characters that they had before they were typeset."""
    return clean(text).translate(_LOOKALIKES)


def quote_start(text: str) -> str:
    """Return a text quoted, or its start if it is long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def _read_stdin(stdin: TextIO | None) -> list[str]:
    text = _read_text(stdin)
    documents = _decode_all(text)
    found = list(_find_job_ids(text, documents))
    problem = "no job id on stdin"
    hint = "write one id per line, or JSON with job_id or last_job_id in it"
    refused: UsageError | None = None
    if missing := any(found) and found.count(""):
        has = "has" if missing == 1 else "have"
        problem = f"{missing} of {len(found)} on stdin {has} no job id"
        hint = "leave out what has none, as with jq 'select(.job_id)', if the others are enough"
    elif any(found) or _is_empty_list(documents):
        try:
            return list(map(read_job_id, found))
        except UsageError as error:
            refused = error
    # What was meant to print a job id may have printed why it could not.
    failures = filter(None, map(read_failure, documents or [text]))
    if said := next((describe_failure(each) for each in failures if each.code), None):
        raise UsageError(f"{problem}: the program before the pipe said {said}")
    raise refused or UsageError(problem, hint=hint)


def _read_text(stdin: TextIO | None) -> str:
    if stdin is None:
        return ""
    try:
        # The bytes, whatever the encoding of the locale is.
        content = read_pieces(stdin.buffer, _MAX_STDIN + 1)
    except OSError as error:
        raise UsageError(f"can't read stdin: {error.strerror}") from None
    if len(content) > _MAX_STDIN:
        raise UsageError(
            f"stdin is longer than casjob's limit of {_MAX_STDIN} characters",
            hint="write only the job ids, one per line",
        )
    try:
        text = decode_text(content)
    except UnicodeDecodeError as error:
        # Ids are ASCII, whatever the language of a log is.
        text = content.decode("ascii", "replace")
        if not WHOLE_JOB_ID.search(clean(text)):
            raise UsageError(f"can't read stdin: {error}") from None
    return straighten(text).strip()


def _is_empty_list(documents: Sequence[JsonValue]) -> bool:
    """Return whether JSON without an id is what `casjob list` or `recent` prints."""
    match documents:
        case [{"schema_version": _, "components": list(components)}]:
            return all(isinstance(each, dict) and "last_job_id" in each for each in components)
        case [{"schema_version": _, "component": {"last_job_id": None}, "deployments": _}]:
            return True
        case [{"schema_version": _, "jobs": []}]:
            return True
    return False


def _find_job_ids(text: str, documents: list[JsonValue]) -> Iterator[str]:
    """Yield the ids in the output of a program: JSON, lines of JSON, other text, or an id a line.

    In other text, only whole ids are recognized. Where an id is missing, it is empty.
    """
    if documents:
        # A document may also be an id itself, or a list of them.
        yield from _find_in(documents, is_id=True)
    elif whole := WHOLE_JOB_ID.findall(text):
        yield from whole
        # A line of a log needs no id, but a result in JSON does.
        results = [each for line in text.splitlines() for each in _decode_result(line)]
        yield from (each for each in _find_in([whole, *results], is_id=True) if not each)
    else:
        yield from filter(None, map(str.strip, text.splitlines()))


def _decode_all(text: str) -> list[JsonValue]:
    """Return the one document, or one a line; nothing if it is neither."""
    for documents in ([text], text.splitlines()):
        try:
            return [_decode(each) for each in documents if each.strip()]
        except ValueError:
            continue
    return []


def _decode(text: str) -> JsonValue:
    """Decode what may hold an id, or nothing, as `jq` prints it; a bare number may be an id."""
    if not text.lstrip().startswith(("{", "[", '"', "null")):
        raise ValueError("not JSON that holds a string")
    return decode(text)


def _decode_result(line: str) -> Iterator[JsonValue]:
    with suppress(ValueError):
        if line.startswith(("{", "[{")) or line.strip() == "null":
            yield decode(line)


def _find_in(value: JsonValue, *, is_id: bool) -> Iterator[str]:
    """Yield the ids in JSON, at any depth: those under a `job_id` or `last_job_id` key.

    `is_id` means that the value is what is under such a key: an id, or several in a list or map.
    Where it is none, and for an error beside objects that have one, the id is empty.
    """
    match value:
        case list():
            found = [
                list(_find_in(each, is_id=is_id and not isinstance(each, dict))) for each in value
            ]
            has_ids = any(map(any, found))
            for each, ids in zip(value, found, strict=True):
                yield from ids or ([""] if has_ids and _is_error(each) else [])
        case {"value": inner} if is_id:
            yield from _find_in(inner, is_id=True)
        case dict():
            # terraform output -json has the type beside the value, and a type names the fields of
            # objects, `job_id` among them, each with the word "string".
            has_type = {"type", "value"} <= value.keys()
            own = [each for key, each in value.items() if _names_job(key)]
            # Beside its own id, others may be empty.
            has_own = any(each and isinstance(each, str) for each in own)
            for key, each in value.items():
                # A component may have no job yet.
                is_none_yet = _squash(key) == "lastjobid" and not each
                if not (has_type and key == "type") and not is_none_yet:
                    inside = _find_in(each, is_id=is_id or _names_job(key))
                    yield from filter(None, inside) if has_own else inside
        case _ if is_id:
            yield value if isinstance(value, str) else ""


def _is_error(value: JsonValue) -> bool:
    """Return whether this is the body of an error, and not just a line of a log that has one."""
    if not isinstance(value, dict):
        return False
    fields = {_squash(key): each for key, each in value.items()}
    return (
        is_code(fields.get("errorcode"))
        or is_vendor_code(fields.get("code"))
        or bool(fields.get("errormsg"))
        or isinstance(fields.get("error") or fields.get("errors"), dict | list)
    )


def _names_job(key: str) -> bool:
    return _squash(key) in {"jobid", "jobids", "lastjobid"}


def _squash(key: str) -> str:
    return key.lower().replace("_", "")
