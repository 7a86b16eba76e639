"""Reads a decoded reply: the shape that all versions share once the case of keys is aside."""

from datetime import datetime

from casjob.errors import ReplyError
from casjob.job.failures import describe_failure, read_failure
from casjob.job.models import Job, JobDetail, Task, read_whole_number
from casjob.json_text import JsonValue

_SHAPES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    type(None): "null",
}

_HINT = "the endpoint may belong to another service; casjob config shows where it is set"


def read_detail(
    document: JsonValue, *, as_of: datetime | None, name: str = "the service's reply"
) -> JobDetail:
    """Read a reply of the job API.

    Args:
        document: the decoded body.
        as_of: the service's clock when it replied; None if that is not known.
        name: names the reply in errors.

    Raises:
        ReplyError: the body has no job, or tasks that are no list of objects.
    """
    known, sent = _split_top_level(document, name)
    job = known.get("job")
    if job is None:
        said = describe_failure(read_failure(document))
        raise ReplyError(f"{name} holds no job", said=said, hint=_HINT)
    if not isinstance(job, dict):
        raise _not_understood("job", job, "an object", name)
    fields = dict(zip(_find_api_names(job), job.values(), strict=True))
    tasks = known.get("tasks")
    if tasks is not None and not isinstance(tasks, list):
        raise _not_understood("tasks", tasks, "a list", name)
    return JobDetail(
        job=Job(fields),
        tasks=_read_tasks(tasks or [], name),
        task_count=read_whole_number(known.get("task_count")),
        as_of=as_of,
        sent=sent,
    )


def _split_top_level(
    document: JsonValue, name: str
) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """Return what the API documents, under lower-case keys, and the rest as it was sent.

    Of keys that differ in case alone, the lower-case one is the API's, or else the first.
    """
    if not isinstance(document, dict):
        raise _not_understood("it", document, "an object", name)
    known: dict[str, JsonValue] = {}
    rest: dict[str, JsonValue] = {}
    for key, value in document.items():
        lower = key.lower()
        is_taken = lower in known or (key != lower and lower in document)
        if lower in {"job", "tasks", "task_count"} and not is_taken:
            known[lower] = value
        else:
            rest[key] = value
    return known, rest


def _read_tasks(tasks: list[JsonValue], name: str) -> tuple[Task, ...]:
    # Nearly all tasks have the same keys, which v2 sends in upper case already.
    api_names: dict[tuple[str, ...], tuple[str, ...]] = {}
    read = []
    for place, task in enumerate(tasks):
        if not isinstance(task, dict):
            raise _not_understood(f"tasks[{place}]", task, "an object", name)
        keys = tuple(task)
        if keys not in api_names:
            api_names[keys] = _find_api_names(task)
        names = api_names[keys]
        fields = task if names == keys else dict(zip(names, task.values(), strict=True))
        read.append(Task(fields))
    return tuple(read)


def _find_api_names(fields: dict[str, JsonValue]) -> tuple[str, ...]:
    """Return the keys in upper case; one that would clash with another keeps its own spelling."""
    names: dict[str, None] = {}
    for key in fields:
        upper = key.upper()
        is_taken = upper in names or (key != upper and upper in fields)
        names[key if is_taken else upper] = None
    return tuple(names)


def _not_understood(part: str, value: JsonValue, expected: str, name: str) -> ReplyError:
    shape = _SHAPES.get(type(value), "a number")
    message = f"{name} can't be understood: {part} is {shape}, not {expected}"
    return ReplyError(message, hint=_HINT)
