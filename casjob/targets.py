"""Which jobs are meant: named in whole or by a prefix, on stdin, or the one last looked at."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from casjob.errors import UsageError
from casjob.history import JOB_ID
from casjob.job.source import JobSource
from casjob.json_text import JsonValue, decode
from casjob.session import Session

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WHOLE_JOB_ID = re.compile(rf"\bJOB{_UUID.pattern}\b")
_AROUND_AN_ID = " \t\r\n\"'`,;"
"""What is copied along with an id."""
_LONGEST_SHOWN = 200
_SHORTEST_PREFIX = 6
_MAX_STDIN = 64 * 1024 * 1024
"""Characters."""


def read_target(target: str | None, session: Session) -> str | None:
    """Return the job that is named: in whole or by a prefix; None if none is.

    Args:
        target: the argument, if there is one.
        session: its settings may name a job (CASJOB_JOB_ID), which the demo does not have.

    Raises:
        UsageError: it can't be a job id.
    """
    if target is None and not session.demo:
        target = session.settings.job_id.value
    return None if target is None else read_job_id(target)


def read_targets(
    targets: Sequence[str], stdin: TextIO | None, session: Session
) -> list[str | None]:
    """Return the jobs that are named, each once, in their order; one None if none is.

    Args:
        targets: the arguments; `-` stands for the ids on stdin.
        stdin: lines with an id each, or JSON with `job_id` in it.
        session: as for `read_target`.

    Raises:
        UsageError: something can't be a job id, or stdin has none.
    """
    job_ids = read_job_ids(targets, stdin)
    return [*job_ids] if job_ids else [read_target(None, session)]


def read_job_ids(targets: Iterable[str], stdin: TextIO | None) -> list[str]:
    """Return the ids that are named, each once, in their order; arguments as for `read_targets`."""
    ids: list[str] = []
    for target in dict.fromkeys(targets):
        ids += _read_stdin(stdin) if target == "-" else [target]
    return list(dict.fromkeys(map(read_job_id, ids)))


def read_job_id(text: str) -> str:
    """Return the job id in what a person pastes; it may become part of a path.

    That is an id, with quotes and blanks around it or without its `JOB`, or a line or an address
    with one id in it.

    Raises:
        UsageError: there is no job id in it, or several.
    """
    bare = text.strip(_AROUND_AN_ID)
    if _UUID.fullmatch(bare):
        return f"JOB{bare}"
    if JOB_ID.fullmatch(bare):
        return bare
    found: list[str] = list(dict.fromkeys(_WHOLE_JOB_ID.findall(text)))
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{_shorten(text)} has {len(found)} job ids in it", hint="give each apart")
    raise UsageError(
        f"{_shorten(text)} is not a job id",
        hint="a job id has 1 to 128 letters, digits, _ and -, as in"
        " JOB474362ef-091d-429f-9b3e-c9246b37dee6",
    )


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def choose_job(named: str | None, source: JobSource, session: Session) -> str:
    """Return the id of the job that is meant. A choice that was not spelled out is a notice.

    Args:
        named: what `read_target` returned.
        source: where the job is.
        session: has the history, and stderr.

    Raises:
        UsageError: no job is meant, or several are.
    """
    recent = session.history(source.endpoint, source.project_id).job_ids()
    if named is not None:
        chosen = _complete(named, [*recent, *source.sample_job_ids])
        if chosen != named:
            session.notices.say(f"{chosen} (recent job)")
        return chosen
    if not recent and source.sample_job_ids:
        return source.sample_job_ids[0]
    if not recent:
        raise UsageError(
            "no job is named, and none was looked at before in this project",
            hint="name it, as in casjob show JOB_ID, or set CASJOB_JOB_ID; without either, the job"
            " last looked at is meant",
        )
    session.notices.say(f"{recent[0]} (last looked at)")
    return recent[0]


def _complete(prefix: str, recent: Sequence[str]) -> str:
    """Return the recent job that has a prefix, or the prefix itself, as it may be a whole id."""
    if len(prefix) < _SHORTEST_PREFIX or _WHOLE_JOB_ID.fullmatch(prefix):
        return prefix
    matching = list(
        dict.fromkeys(job_id for job_id in recent if job_id.startswith((prefix, f"JOB{prefix}")))
    )
    if prefix in matching or not matching:
        return prefix
    if len(matching) > 1:
        raise UsageError(
            f"{prefix} is a prefix of {len(matching)} recent jobs",
            hint=f"such as {', '.join(matching[:5])}",
        )
    return matching[0]


def _read_stdin(stdin: TextIO | None) -> list[str]:
    try:
        text = stdin.read(_MAX_STDIN) if stdin else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read stdin: {error}") from None
    ids = list(find_job_ids(text.removeprefix("\ufeff").strip()))
    if not ids:
        raise UsageError(
            "there is no job id on stdin",
            hint="give a line for each id, or JSON with job_id in it",
        )
    return ids


def find_job_ids(text: str) -> Iterable[str]:
    """Return the ids in the output of a program: JSON, lines of JSON, other text, or an id a line.

    Of other text, whatever looks like a whole id is one.
    """
    documents = _decode_all(text)
    if documents:
        return (job_id for document in documents for job_id in _find_top(document))
    return _WHOLE_JOB_ID.findall(text) or filter(None, map(str.strip, text.splitlines()))


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


def _find_top(document: JsonValue) -> Iterator[str]:
    """Return the ids in a document, which may also be an id itself, or a list of them."""
    return _find_in(document) if isinstance(document, dict) else _find_under(document)


def _find_in(value: JsonValue) -> Iterator[str]:
    """Return what is under `job_id`, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from _find_in(each)
    if isinstance(value, dict):
        for key, each in _drop_type(value).items():
            if key.lower().replace("_", "") in {"jobid", "jobids"}:
                yield from _find_under(each)
            else:
                yield from _find_in(each)


def _find_under(value: JsonValue) -> Iterator[str]:
    """Return the ids under such a key: one, or several in a list or a map."""
    match value:
        case str() if value:
            yield value
        case list():
            for each in value:
                yield from _find_under(each) if isinstance(each, str) else _find_in(each)
        case {"value": inner}:
            yield from _find_under(inner)
        case dict():
            for each in value.values():
                yield from _find_under(each)


def _drop_type(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an object without the type that `terraform output -json` has beside the value.

    A type names the fields of objects, `job_id` among them, each with the word "string".
    """
    if {"type", "value"} <= value.keys():
        return {key: each for key, each in value.items() if key != "type"}
    return value
