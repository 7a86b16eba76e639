"""A job in a file, in place of the service; and how a job gets into a file."""

import codecs
import sys
from pathlib import Path
from typing import NamedTuple

from casjob.errors import ReplyError, UsageError
from casjob.files import read_start
from casjob.job.failures import clip
from casjob.job.report import order_tasks
from casjob.job.source import JobDetail, Window
from casjob.job.statuses import Outcome, Stage, stage_of
from casjob.json_text import MAX_DEPTH, JsonValue, decode, encode_document, read_moment
from casjob.output import OutputFile

STDIN = "-"
"""Names stdin where a file may be named."""

_MAX_BYTES = 256 * 1024 * 1024
"""Bytes of a file: JSON that casjob has indented may be larger than the original reply."""

_MAX_DEPTH = MAX_DEPTH + 3
"""Levels of nesting: MESSAGES of `MAX_DEPTH` levels, decoded, in a task in a list in a document."""

_KINDS = (
    "expected a response of the job API, a file written by casjob show --save, or the output of"
    " casjob show --json"
)


class SavedJob(NamedTuple):
    """A job in a file.

    Args:
        name: names the file in messages.
        detail: the job with the tasks that are in the file.
        missing: says that the file does not hold all tasks of the job; None if it does.
    """

    name: str
    detail: JobDetail
    missing: str | None

    def select(self, window: Window) -> JobDetail:
        """Return the job with the tasks in a window, as the service selects them.

        Raises:
            UsageError: the window is of a component instance, and the job does not name its own.
        """
        detail = self.detail
        tasks, count = order_tasks(detail.tasks, is_desc=False), detail.task_count
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
        stop = None if window.limit is None else window.offset + window.limit
        selected = tuple(tasks[window.offset : stop])
        return detail._replace(tasks=selected, task_count=count)


def read_saved(file: str) -> SavedJob:
    """Read a job from a file or stdin: a reply of v2 or v3, a saved one, or casjob's JSON.

    Raises:
        UsageError: the file can't be read.
        ReplyError: there is no job in it.
    """
    name = "stdin" if file == STDIN else file
    document = _decode(_read_text(file, name), name)
    try:
        return _read_job(document, name)
    except ReplyError as error:
        error.hint = _KINDS
        raise


def save_job(file: OutputFile, detail: JobDetail) -> None:
    """Save a job with its tasks as the service sent them.

    The keys are those of the API, in its own case; `as_of` is added: when the service replied.

    Raises:
        OutputError: the file can't be written.
    """
    document: dict[str, JsonValue] = {
        "job": dict(detail.job.sent),
        "tasks": [dict(task.sent) for task in detail.tasks],
        "task_count": detail.task_count,
    }
    document |= {key: value for key, value in detail.sent.items() if key not in document}
    document["as_of"] = detail.as_of.isoformat() if detail.as_of else None
    file.write(f"{encode_document(document, indent=2)}\n".encode("utf-8", "backslashreplace"))


def _read_text(file: str, name: str) -> str:
    try:
        if file != STDIN:
            content = read_start(Path(file), _MAX_BYTES + 1)
        elif sys.stdin is None:
            raise UsageError("can't read stdin: it is closed")
        else:
            content = sys.stdin.buffer.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"can't read {name}: {reason}") from None
    if len(content) > _MAX_BYTES:
        raise ReplyError(
            f"{name} is larger than casjob's limit of {_MAX_BYTES // 1024 // 1024} MiB",
            hint=_KINDS,
        )
    # PowerShell writes UTF-16.
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", "backslashreplace").strip()


def _decode(text: str, name: str) -> JsonValue:
    if not text:
        raise ReplyError(f"{name} is empty", hint="the command that wrote it may have failed")
    try:
        return decode(text, max_depth=_MAX_DEPTH)
    except ValueError as error:
        start = clip(text.partition("\n")[0].rstrip())
        raise ReplyError(
            f"{name} is not JSON ({error}); it begins with {start}",
            hint=_KINDS,
        ) from None


def _read_job(document: JsonValue, name: str) -> SavedJob:
    # Saving a job does not need what reads one.
    from casjob.formats.documents import drop_additions
    from casjob.job.models import read_detail

    as_of, knows_start = None, True
    if isinstance(document, dict):
        as_of = read_moment(document.pop("as_of", None))
        if "schema_version" in document:
            # casjob's JSON of some tasks of a running job does not know when the first one began.
            knows_start = document.get("started_at", "") is not None
            document = drop_additions(document)
    detail = read_detail(document, as_of=as_of, name=name)
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
    return SavedJob(name, detail._replace(as_of=as_of or latest), missing)
