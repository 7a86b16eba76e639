"""A job in a file, in place of the service; and how a job gets into a file."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from casjob.errors import ReplyError, UsageError
from casjob.files import decode_text, guess_encoding, read_pieces, read_start
from casjob.job.codes import find_leaves
from casjob.job.detail import ComponentIdentity, JobDetail, Place, Window
from casjob.job.failures import clip, decode_messages, read_failure
from casjob.job.statuses import Outcome, Stage, stage_of
from casjob.json_text import (
    MAX_DEPTH,
    JsonValue,
    LimitError,
    decode,
    encode,
    encode_document,
    find_json,
    read_moment,
    read_text,
)
from casjob.streams import OutputFile

STDIN = "-"
"""Names stdin where a file may be named."""

_MAX_BYTES = 256 * 1024 * 1024
"""Bytes of a file: JSON that casjob has indented may be larger than the original reply."""

_MAX_DEPTH = MAX_DEPTH + 3
"""Levels of nesting: MESSAGES of `MAX_DEPTH` levels, decoded, in a task in a list in a document."""

SCHEMA_VERSION = 1
"""Of the JSON that casjob prints."""

_PACKED = {
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\0": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"PK\x03\x04": "a zip archive",
}
"""By the first bytes."""

_OTHER_TEXTS = {
    re.compile(r"<(?:!doctype html|html)\b", re.IGNORECASE): "a page of HTML",
    re.compile(r"<[?a-z]"): "XML",
    re.compile(r"[+|\u2500-\u257f]|(?:.*\n)*? *#  TASK "): "a table",
    re.compile(r"[\w ]+[,\t][\w ]+[,\t].*\n"): "a table with separated values",
    re.compile(r"(?:---\s*\n|[\w-]+:(?: .*)?\n(?:\s*- |\s*[\w-]+:))"): "YAML",
}
"""What a job is printed as that can't be read again, by how it begins."""

_END = "\x00"
"""Follows the text in which objects are looked for, so that one that is cut reaches it."""

_KINDS = (
    "expected a response of the job API, a file written by casjob show --save, or the output of"
    " casjob show --json"
)


class SavedJob(NamedTuple):
    """A job in a file that messages name; `missing` says so if not all of its tasks are there."""

    name: str
    detail: JobDetail
    missing: str | None

    def select(self, window: Window) -> JobDetail:
        """Return the job with the tasks in a window, as the service selects them."""
        detail = self.detail
        tasks, count = detail.order_tasks(), detail.task_count
        if window.instance_id is not None:
            own = detail.job.service_instance_id
            if not own:
                raise UsageError(
                    "--instance-id can't be applied to a saved job without SERVICE_INSTANCE_ID",
                    hint=f"leave it out to show all tasks in {self.name}",
                )
            if window.instance_id != own:
                tasks, count = [], 0
        if window.desc:
            tasks.reverse()
        return detail._replace(tasks=tuple(tasks[window.rows]), task_count=count)


def read_saved(file: str) -> SavedJob:
    """Read a job from a file or stdin: a reply of v2 or v3, a saved one, or casjob's JSON.

    Raises:
        UsageError: the file can't be read.
        ReplyError: there is no job in it.
    """
    name = "stdin" if file == STDIN else file
    documents = _find_documents(_read_text(file, name), name)
    document = _join(documents, name) if len(documents) > 1 else documents[0]
    try:
        saved = _read_job(document, name)
    except ReplyError as error:
        # It is not the service that said it, nor need it be an error that a file begins with.
        message = error.service_message
        what = f", but an error: {message}" if message and _is_error(document) else ""
        raise ReplyError(f"{error.message}{what}", hint=_KINDS) from None
    if len(documents) > 1:
        # A job that was polled has each task several times, which is no fault of the service.
        return saved._replace(detail=saved.detail._replace(duplicates=()))
    return saved


def _is_error(document: JsonValue) -> bool:
    """Return whether a document without a job is the body of an error: it has a code, no list."""
    failure = read_failure(document)
    steps = (step for path, _ in find_leaves(decode_messages(document)) for step in path)
    return bool(failure and failure.code) and not any(isinstance(step, int) for step in steps)


def save_job(file: OutputFile, detail: JobDetail) -> None:
    """Save a job with its tasks as the service sent them.

    The keys are those of the API, in its own case; `as_of` is added, when the service replied, and
    `place`, where the job is.
    """
    document: dict[str, JsonValue] = {
        "job": dict(detail.job.sent),
        "tasks": [dict(task.sent) for task in detail.tasks],
        "task_count": detail.task_count,
    }
    document |= {key: value for key, value in detail.rest.items() if key not in document}
    document["as_of"] = detail.as_of.isoformat() if detail.as_of else None
    region, project_id, component, _ = detail.place
    document["place"] = {
        "region": region,
        "project_id": project_id,
        "component": component and component._asdict(),
    }
    file.write(encode_document(document, indent=2))


def _read_text(file: str, name: str) -> str:
    try:
        if file != STDIN:
            content = read_start(Path(file), _MAX_BYTES + 1)
        elif sys.stdin is None:
            raise UsageError("can't read stdin: it is closed")
        else:
            content = read_pieces(sys.stdin.buffer, _MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"can't read {name}: {reason}") from None
    if len(content) > _MAX_BYTES:
        limit = f"casjob's limit of {_MAX_BYTES // 1024 // 1024} MiB"
        raise ReplyError(f"{name} is larger than {limit}", hint=_KINDS)
    for start, kind in _PACKED.items():
        if content.startswith(start):
            raise ReplyError(f"{name} is {kind}: unpack it first", hint=_KINDS)
    try:
        return decode_text(content).strip()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        encoding = guess_encoding(content)
        raise ReplyError(
            f"{name} is not in UTF-8: byte 0x{content[error.start]:02x} in line {line}",
            hint=f"it may be in {encoding}: convert it to UTF-8, or save it as UTF-8"
            if encoding
            else _KINDS,
        ) from None


def _find_documents(text: str, name: str) -> Sequence[Any]:
    """Return the documents about a job in a list, an object or words, or else the whole."""
    if not text:
        raise ReplyError(f"{name} is empty", hint="the command that wrote it may have failed")
    try:
        whole = decode(text, max_depth=_MAX_DEPTH)
    except LimitError as error:
        raise ReplyError(f"{name} exceeds a limit of casjob: {error}", hint=_KINDS) from None
    except ValueError as error:
        objects = list(_find_objects(text))
        if pages := _find_pages(objects):
            return pages
        if len(objects) == 1 and _is_error(objects[0]):
            return objects
        kind = next((kind for shape, kind in _OTHER_TEXTS.items() if shape.match(text)), None)
        start = clip(text.partition("\n")[0].rstrip())
        is_what = f"{kind}, not JSON" if kind else f"not JSON ({error}); it begins with {start}"
        raise ReplyError(f"{name} is {is_what}", hint=_KINDS) from None
    match whole:
        case {"log": {"entries": _}}:
            what = "is a browser's HTTP archive (HAR), not an API response"
            raise ReplyError(f"{name} {what}", hint=f"copy the response out of it; {_KINDS}")
        case {"schema_version": version} if version != SCHEMA_VERSION:
            what = f"has schema_version {encode(version)}, and this casjob reads {SCHEMA_VERSION}"
            raise ReplyError(f"{name} {clip(what)}", hint="a newer casjob may have written it")
    return _find_pages(whole) or [whole]


def _find_objects(text: str) -> Iterator[JsonValue]:
    """Yield the objects of JSON, or as Python prints them, in a text; none that is cut."""
    for sent, repaired in find_json(f"{text}\n{_END}"):
        for candidate in (sent, repaired):
            with suppress(ValueError):
                if not sent.endswith(_END):
                    yield decode(candidate, max_depth=_MAX_DEPTH)
                    break


def _find_pages(document: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the documents about a job in a list, or in an object that is not about one itself."""
    if isinstance(document, dict):
        document = [] if _get(document, "job") else list(document.values())
    items = document if isinstance(document, list) else []
    return [each for each in items if isinstance(each, dict) and _find_job_id(each)]


def _find_job_id(document: JsonValue) -> str | None:
    """Return the id of the job that a document is about; None if it is about none."""
    job_id = _get(_get(document, "job"), "job_id")
    return job_id if isinstance(job_id, str) else None


def _get(fields: JsonValue, name: str) -> JsonValue:
    if not isinstance(fields, dict):
        return None
    return next((value for key, value in fields.items() if key.lower() == name), None)


def _join(pages: Sequence[dict[str, JsonValue]], name: str) -> dict[str, JsonValue]:
    """Return the last of several documents about a job, with the tasks of all of them."""
    count = len(set(map(_find_job_id, pages)))
    if count > 1:
        raise ReplyError(f"{name} holds {count} jobs", hint="--from reads one job: keep that one")
    lists = (_get(page, "tasks") for page in pages)
    tasks = [task for each in lists if isinstance(each, list) for task in each]
    last = {key: value for key, value in pages[-1].items() if key.lower() != "tasks"}
    return {**last, "tasks": tasks}


def _read_job(document: JsonValue, name: str) -> SavedJob:
    # Saving a job does not need what reads one.
    from casjob.job.models import read_detail

    as_of, place, knows_start = None, Place(), True
    if isinstance(document, dict):
        as_of = read_moment(document.pop("as_of", None))
        if "schema_version" in document:
            if "base" in document:
                raise ReplyError(f"{name} is a comparison of two jobs, not a job")
            place = _read_place(document)
            # casjob's JSON of some tasks of a running job does not know when the first one began.
            knows_start = document.get("started_at", "") is not None
            document = _drop_additions(document)
        else:
            place = _read_place(document.pop("place", None))
    detail = read_detail(document, as_of=as_of, name=name).merge_tasks()
    times = (time for task in detail.tasks for time in (task.created_at, task.last_health_check))
    latest = max(filter(None, times), default=None)
    stage = stage_of(detail.job.execution_status)
    # While a job runs, the tasks that have not begun may be left out.
    is_excerpt = stage is Stage.UNDER_WAY and latest is not None and not knows_start
    received, count = len(detail.tasks), detail.task_count or 0
    missing = None
    if received < count and (is_excerpt or stage.outcome is not Outcome.RUNNING):
        missing = f"{name} holds {received} of the job's {count} tasks."
    # Without `as_of`, take the latest time in the file: a saved job does not run until today.
    detail = detail._replace(as_of=as_of or latest, place=place, has_clock=as_of is not None)
    return SavedJob(name, detail, missing)


def _drop_additions(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the service sent of a report that casjob printed."""
    from casjob.formats.documents import Report, Task

    added = Report.model_fields.keys() - {"job", "tasks", "task_count"}
    added_to_task = Task.__annotations__.keys() - {"MESSAGES"}
    reply = {key: value for key, value in document.items() if key not in added}
    tasks = reply.get("tasks")
    if isinstance(tasks, list):
        reply["tasks"] = [
            {key: value for key, value in each.items() if key not in added_to_task}
            if isinstance(each, dict)
            else each
            for each in tasks
        ]
    return reply


def _read_place(fields: JsonValue) -> Place:
    if not isinstance(fields, dict):
        return Place()
    component, identity = fields.get("component"), None
    if isinstance(component, dict):
        texts = (read_text(component.get(name)) for name in ComponentIdentity._fields)
        identity = ComponentIdentity(*texts)
    return Place(read_text(fields.get("region")), read_text(fields.get("project_id")), identity)
