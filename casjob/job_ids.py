"""Which jobs to follow: arguments, or `-` for what another program printed."""

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from casjob.errors import UsageError
from casjob.json_text import JsonValue, decode
from casjob.targets import check_job_id

_MAX_CHARACTERS = 64 * 1024 * 1024

_NAME = r"\bjob_?ids?\b[\"']?[^\S\n]*[:=][^\S\n]*"
_PAIR = re.compile(rf"{_NAME}(?:\w+\()?(\[[^]]*\]|[\"']?(?!null\b)[\w-]+)", re.IGNORECASE)
"""`job_id = "JOB…"`, `jobId: JOB…`, `job_ids = tolist(["JOB…", "JOB…"])` in any other text."""
_LIST = re.compile(r"(?:\w+\()?\[[^][]*\]\)?")
"""`tolist(["JOB…", "JOB…",])`."""
_WORD = re.compile(r"[\w-]+")


def collect_job_ids(arguments: Iterable[str], stdin: TextIO | None) -> list[str]:
    """Return the ids given, each once, in their order.

    Args:
        arguments: ids; `-` stands for those on stdin.
        stdin: lines with an id each, or JSON with `job_id` anywhere in it, as Terraform, the
            vendor's SDKs and KooCLI print it.

    Raises:
        UsageError: something is no id, or stdin has none.
    """
    ids: list[str] = []
    for argument in dict.fromkeys(arguments):
        ids += _read_ids(stdin) if argument == "-" else [argument]
    return [check_job_id(job_id) for job_id in dict.fromkeys(ids)]


def _read_ids(stdin: TextIO | None) -> list[str]:
    try:
        text = stdin.read(_MAX_CHARACTERS) if stdin else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"stdin can't be read: {error}") from None
    ids = list(find_job_ids(text.removeprefix("\ufeff").strip()))
    if not ids:
        raise UsageError(
            "stdin has no job id",
            hint="it takes lines with an id each, or JSON with job_id in it",
        )
    return ids


def find_job_ids(text: str) -> Iterable[str]:
    """Return the ids in a program's output.

    JSON, or lines of JSON, as they are; else what text says of job ids, as HCL and the SDKs'
    own notations do; else each line as an id.
    """
    documents = _decode_all(text)
    if documents:
        return (job_id for document in documents for job_id in _find_top(document))
    pairs = _PAIR.findall(text)
    if pairs or _LIST.fullmatch(text):
        quoted = " ".join(pairs) if pairs else text[text.index("[") :]
        return _WORD.findall(quoted)
    return filter(None, map(str.strip, text.splitlines()))


def _decode_all(text: str) -> list[JsonValue]:
    """Return the one document, or one a line; nothing if it is neither."""
    for documents in ([text], text.splitlines()):
        try:
            return [_decode(each) for each in documents if each.strip()]
        except ValueError:
            continue
    return []


def _decode(text: str) -> JsonValue:
    """Decode what may hold an id, or nothing, as `jq` prints it; a number is taken for an id."""
    if not text.lstrip().startswith(("{", "[", '"', "null")):
        raise ValueError("no JSON that holds a string")
    return decode(text)


def _find_top(document: JsonValue) -> Iterator[str]:
    """Return the ids in a document, which may also be an id itself, or a list of them."""
    return _find_in(document) if isinstance(document, dict) else _find_under(document)


def _find_in(value: JsonValue) -> Iterator[str]:
    """Return what stands under `job_id`, however deep."""
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
    """Return the ids that stand where ids are to be: one, or several in a list or a map."""
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
    """Return an object without the type that `terraform output -json` gives beside the value.

    A type names the fields of objects, `job_id` among them, each with the word "string".
    """
    if {"type", "value"} <= value.keys():
        return {key: each for key, each in value.items() if key != "type"}
    return value
