"""Feed casjob mutated replies, and check what users are promised: `tests/fuzz.py SEED COUNT`.

Each case has its own random numbers, made of seed and number, so that `--case K` repeats it alone.
A reply is handled as a real one: bytes, JSON, JobDetail, Report, and then what a format makes of
it. Some are saved to a file, or compared; others are lists of components or deployments.
Output formats are taken from `OutputFormat`, so that a new one needs no line here.
"""

# ruff: noqa: S311 - random numbers that anybody can repeat are what is wanted

import argparse
import json
import os
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeAlias

import httpx
from jsonschema import Draft202012Validator
from rich.cells import cell_len

import casjob
from casjob.api.client import Client
from casjob.api.components import Components
from casjob.api.jobs import Versions
from casjob.api.pace import RetryPolicy
from casjob.api.redact import Redactor
from casjob.catalogue.meanings import Catalogue
from casjob.commands.tasks import Selection
from casjob.components import Component
from casjob.errors import CasjobError, ExitStatus
from casjob.formats import json as json_format
from casjob.formats.display import (
    FORMATS,
    Color,
    Content,
    Display,
    JobResult,
    OutputFormat,
    load_format,
)
from casjob.job.detail import JobDetail, Window
from casjob.job.difference import Difference, compare
from casjob.job.events import (
    Event,
    JobSnapshot,
    Retry,
    Verdict,
    Waiting,
    find_changes,
)
from casjob.job.models import read_detail
from casjob.job.report import Report, TaskKey, TaskReport, report_job
from casjob.job.statuses import STATUS_WORDS
from casjob.json_text import decode, encode, map_texts
from casjob.printable import printable
from casjob.saved import read_saved, save_job
from casjob.streams import OutputFile

Json: TypeAlias = Any
"""A document that may have any shape, as that is the point."""

JOB_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"
START = datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC)

# --- What the service may send ------------------------------------------------------------------

_TIMES: list[Any] = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
    "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2020-02-30T00:00:00Z",
    "2020-02-04T04:01:03",
    "2020-02-04T04:01:03+14:00",
    "2020-02-04T04:01:03.1234567Z",
    "2020-02-04",
    "2020-W06-2",
    "1580788863344",
    1580788863344,
    "",
]
_NUMBERS = [0, -0.0, -1, 1, 7, 20, 0.5, 1e308, -1e-320, 2**31, 2**53 + 1, 10**17, 10**18, -(2**63)]
_INDEXES = [*_NUMBERS, "12345678901", 12345678901, "7", "-7", "\uff10", "9" * 30]
TEXTS = [
    *("", " ", "\n", "\t", "\r\n", "a\nb\r\nc\td", "  in blanks  ", "trailing\n\n\n", "x" * 300),
    *("\x00", "\x07\x08\x0b\x0c", "\x7f", "\x85", "\x9b5;47m", "\x1b[5;47mblink", "\x1b[2J\x1b[H"),
    *("\x1b]0;title\x07", "\x1b]8;;http://evil\x1b\\link", "\x1bP$q\x1b\\", "\r casjob: done"),
    *("\u202eabc", "\u2066abc\u2069", "\u200e\u200f\u061c", "\u2028\u2029", "\ufeff", "\u200b"),
    *("\ud800", "\udfff\udc00", "\ue000", "\U000e0001", "\ufffe", "\u0378", "\xad", "\U0010ffff"),
    *("e\u0301", "z" + "\u0335\u0321" * 30, "\u0301", "👩\u200d💻", "🇨🇭", "❤\ufe0f"),
    *("构建失败", "构" * 50, "\uff46\uff55\uff4c\uff4c", "שלום", "می\u200cشود"),
    *("[bold]markup[/bold]", "[/]", "[link=x]", ":smile:", "a" * 37 + " " + "b" * 38),
    *("1234567890", "9" * 30, "-12345678901", "%s {} \\n", "=1+1", "@SUM(A1)", "|cell|", "`code`"),
    *("<script>alert(1)</script>", "]]>", "--", "::error::", "null", "{}", "[1]"),
    *("SEPARATOR_", "SEPARATOR_BUILDING", "echo", "Task-1", "TN00097", JOB_ID),
]
_STATUSES = [*STATUS_WORDS, "running", "Failed", "PENDING", ""]
_HEALTHS = ["RUNNING", "FAILED", "UPGRADING", "STOPPED", "PARTIALLY_FAILED", "running", "BUSY", ""]
_MESSAGES = [
    *("", "{}", "[]", "null", '""', "Building failed.", "Error: out\n\tat a.B.c(B.java:7)\n"),
    '{ "Message" : "ECC00011", "Detail" : "Building failed." }',
    '{"statusCode": 500, "jsonBody": {"error_code": "CCE.01500001", "error_msg": "not ready"}}',
    '{"error_code":"SVCSTG.00500404","error_message":"{"code":"VPC.0202","message":"Query…"}"}',
    '{"kind": "Status", "code": 404, "reason": "NotFound", "message": "pods \\"a\\" not found"}',
    '{"errors": [{"code": "A.1", "message": "first"}, {"code": "B.2", "message": "second"}]}',
    '{"code": 1, "code": 2}',
    '{"Detail": {"a": [1, true, null, "deep"]}, "Message": "M"}',
    '{"message": NaN}',
    "[" * 500 + "]" * 500,
]
_MESSAGE_KEYS = [
    *("Message", "Detail", "error_code", "error_msg", "errorCode", "errorMessage", "code"),
    *("message", "reason", "MESSAGE", "jsonBody", "error", "a.b", "[0]", ""),
]
_PLAUSIBLE: dict[str, list[Any]] = {
    "CREATED_AT": _TIMES,
    "LAST_HEALTH_CHECK": _TIMES,
    "UPDATE_AT": _TIMES,
    "TASK_INDEX": _INDEXES,
    "TASK_COUNT": _INDEXES,
    "TASK_STATUS": _STATUSES,
    "EXECUTION_STATUS": _STATUSES,
    "COUNT": _INDEXES,
    "SEQUENCE": _INDEXES,
    "COMPONENT_STATUS": _HEALTHS,
    "UPDATE_TIME": _TIMES,
    "BEGIN_TIME": _TIMES,
    "END_TIME": _TIMES,
}
"""What a field may hold to be taken for what it is."""
_SPELLINGS: list[Callable[[str], str]] = [str.upper, str.lower, str.title, str.swapcase]
_UNUSUAL_VALUES = ["NaN", "-Infinity", "1e999", "-0", "1e-999", "9" * 400, "9" * 5000, "[" * 300]
_SPLICES = [
    *(b"\xff", b"\xed\xa0\x80", b"\x00", b"\xef\xbb\xbf", b"\\ud800", b'{"a":' * 99),
    *(b'"', b"}", b"]", b",", b"\\", b""),
]
_DOCUMENTED_JOB = Path(__file__).parent / "data" / "job_failed_v2.json"


def make_body(random: Random) -> bytes:
    """Return a reply: a job of either version, mutated a few times or not at all."""
    document = make_document(random)
    for _ in range(random.choice([0, 0, 1, 1, 2, 3, 5, 9])):
        mutate(document, random)
    return write(document, random)


def make_list(name: str, random: Random) -> bytes:
    """Return a list of components, deployments or v2's applications, mutated or not."""
    count = random.choice([0, 1, 1, 2, 3, 7])
    make_item = {"components": _make_component, "records": _make_record}.get(name, _make_overview)
    document = {
        "count": random.choice([count, count, count, count + 3, 0]),
        name: [make_item(number, random) for number in range(count)],
    }
    for _ in range(random.choice([0, 0, 1, 1, 2, 3, 5, 9])):
        mutate(document, random)
    return write(document, random)


def change_body(body: bytes, random: Random) -> bytes:
    """Return what the next poll may bring after a reply."""
    try:
        document = json.loads(body)
    except ValueError:
        return make_body(random)
    for _ in range(random.choice([0, 1, 2, 5])):
        mutate(document, random)
    return write(document, random)


def make_document(random: Random, *, can_be_v3: bool = True) -> Json:
    """Return a job that the service might send, of either version."""
    if random.random() < 0.1:
        return json.loads(_DOCUMENTED_JOB.read_bytes())
    count = random.choice([0, 1, 1, 2, 2, 3, 3, 4, 7] if random.random() < 0.995 else [25, 60])
    document = {
        "job": {
            "JOB_ID": JOB_ID,
            "JOB_NAME": "provision/provMain",
            "JOB_TYPE": random.choice(["PROVISION", "DEPROVISION", "DAILY_OPERATION"]),
            "EXECUTION_STATUS": random.choice(_STATUSES),
        },
        "tasks": [_make_task(index, random) for index in range(1, count + 1)],
        "task_count": count,
    }
    return _in_v3(document) if can_be_v3 and random.random() < 0.3 else document


def _make_task(index: int, random: Random) -> Json:
    is_separator = random.random() < 0.2
    began = START + timedelta(seconds=random.uniform(0, 900))
    ended = began + timedelta(seconds=random.choice([0, 0.001, 5.578, 61, 3700]))
    times = [moment.isoformat(timespec="milliseconds") for moment in (began, ended)]
    if random.random() < 0.2:
        times = random.choices([*_TIMES[:4], *times], k=2)
    return {
        "TASK_ID": f"Task-{index:08}-091d-429f-9b3e-c9246b37dee6",
        "TASK_INDEX": index,
        "TASK_NAME": "SEPARATOR_PHASE" if is_separator else f"TN{index:05}",
        "TASK_TYPE": "echo" if is_separator else "restful",
        "TASK_STATUS": "SUCCEEDED" if is_separator else random.choice(_STATUSES),
        "CREATED_AT": times[0],
        "LAST_HEALTH_CHECK": times[1],
        "MESSAGES": _make_messages(random),
        "OWNER_ID": random.choice(["10.0.0.1:80", "10.0.0.2:80"]),
    }


def _make_component(number: int, random: Random) -> Json:
    """Return a component with what v3 sends of one, and v2 in an overview."""
    job_id = random.choice([JOB_ID, f"JOB{number}", "", None, make_text(random)])
    updated = 1_580_788_863_000 + random.randrange(10**9)
    status = {
        "component_status": random.choice(_HEALTHS),
        "fail_detail": random.choice([None, "cluster_deleted"]),
        "last_job_id": job_id,
        "update_time": updated,
    }
    instance = {"instance_id": f"i{number}", "version": "1.0.0", "status_detail": status}
    return {
        "id": f"c{number:07}-0000-4000-8000-000000000000",
        "name": random.choice(["web", "api", make_text(random)]),
        "application_id": "application-1",
        "application_name": "shop",
        "environment_name": "prod",
        "version": "1.0.0",
        "status": status,
        "instances": [instance] * random.choice([0, 1, 2]),
    }


def _make_overview(number: int, _: Random) -> Json:
    return {"id": f"application-{number}", "name": "shop", "component_count": 1}


def _make_record(number: int, random: Random) -> Json:
    jobs = [{"sequence": each, "job_id": f"JOB{number}{each}"} for each in range(number % 4)]
    return {
        "version": "1.0.0",
        "status": random.choice(_STATUSES),
        "deploy_type": "RollingRelease",
        "current_used": random.choice([True, False, "true"]),
        "begin_time": random.choice(["2020-02-04T04:01:03Z", random.choice(_TIMES)]),
        "end_time": random.choice(["2020-02-04T04:05:03Z", random.choice(_TIMES)]),
        "jobs": jobs,
    }


def _in_v3(document: Json) -> Json:
    def lower(fields: dict[str, Any]) -> dict[str, Any]:
        renamed = {**fields, "UPDATE_AT": fields.get("LAST_HEALTH_CHECK")}
        for name in ("JOB_NAME", "TASK_INDEX", "OWNER_ID", "LAST_HEALTH_CHECK"):
            renamed.pop(name, None)
        return {name.lower(): value for name, value in renamed.items()}

    return {**document, "job": lower(document["job"]), "tasks": [*map(lower, document["tasks"])]}


def _make_messages(random: Random, depth: int = 0) -> Json:
    """Return MESSAGES: a known shape, an odd text, or JSON in a string, over and over."""
    chance = random.random()
    if chance < 0.5 or depth > 4:
        return random.choice(_MESSAGES)
    if chance < 0.7:
        return make_text(random)
    inner = {
        random.choice(_MESSAGE_KEYS): _make_messages(random, depth + 1)
        for _ in range(random.randint(1, 3))
    }
    value = inner if chance < 0.9 else [inner, make_text(random)]
    if chance < 0.75:
        return value
    text = json.dumps(value, ensure_ascii=random.random() < 0.5)
    # Servers forget to escape what they put inside, and cut what is too long.
    if random.random() < 0.1:
        text = text.replace('\\"', '"')
    return text[: random.randrange(len(text))] if random.random() < 0.1 else text


def make_text(random: Random) -> str:
    """Return a text, most of which nobody expects."""
    return "".join(random.choices(TEXTS, k=random.choice([1, 1, 2, 4])))


def _make_value(random: Random) -> Json:
    match random.randrange(9):
        case 0:
            return random.choice([None, True, False, [], {}])
        case 1 | 2:
            return random.choice(_NUMBERS)
        case 3:
            return random.choice([*_TIMES, *_STATUSES])
        case 4:
            return [make_text(random), [None], {random.choice(_MESSAGE_KEYS): make_text(random)}]
        case 5:
            return _make_messages(random)
        case 6:
            levels = random.choice([1, 150])
            return json.loads("[" * levels + "]" * levels)
        case _:
            return make_text(random)


def mutate(document: Json, random: Random) -> None:
    """Change one thing somewhere."""
    place = document
    while random.random() < 0.7:
        inner = place.values() if isinstance(place, dict) else place
        place = random.choice([each for each in inner if _holds_values(each)] or [place])
    if _holds_values(place):
        (_mutate_object if isinstance(place, dict) else _mutate_list)(place, random)


def _holds_values(value: Json) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _mutate_object(fields: dict[str, Any], random: Random) -> None:
    key = random.choice(list(fields))
    match random.randrange(10):
        case 0:
            del fields[key]
        case 1:
            fields[random.choice(_SPELLINGS)(key)] = fields.pop(key)
        case 2:
            fields[random.choice(_SPELLINGS)(key)] = _make_value(random)
        case 3:
            fields[make_text(random)] = _make_value(random)
        case 4:
            fields[key] = make_text(random)
        case 5:
            fields[key] = _make_value(random)
        case _ if key.upper() == "MESSAGES":
            fields[key] = _make_messages(random)
        case _:
            plausible = _PLAUSIBLE.get(key.upper())
            fields[key] = random.choice(plausible) if plausible else make_text(random)


def _mutate_list(items: list[Any], random: Random) -> None:
    index = random.randrange(len(items))
    match random.randrange(6):
        case 0:
            del items[index]
        case 1:
            items[index] = _make_value(random)
        case 2:
            random.shuffle(items)
        case 3:
            items.reverse()
        case _:
            # The same again, perhaps in another state, or without what identifies it.
            twin = json.loads(json.dumps(items[index]))
            if _holds_values(twin) and isinstance(twin, dict):
                _mutate_object(twin, random)
            items.insert(random.randrange(len(items) + 1), twin)


def write(document: Json, random: Random) -> bytes:
    """Return a document as the bytes of a reply, some of them broken."""
    text = json.dumps(document, ensure_ascii=random.random() < 0.7)
    if random.random() < 0.05:
        # The same key twice, in the same spelling.
        text = re.sub(r'("\w+": )', r'\g<1>"double", \g<1>', text, count=random.randint(1, 9))
    if random.random() < 0.05 and (values := list(re.finditer(r'(?<=": )("[^"\\]*"|\d+)', text))):
        start, end = random.choice(values).span()
        text = text[:start] + random.choice(_UNUSUAL_VALUES) + text[end:]
    body = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.9:
        return body
    for _ in range(random.choice([1, 1, 2, 4])):
        start = random.randrange(len(body) + 1)
        end = min(start + random.choice([0, 0, 1, 2, 50]), len(body))
        body = body[:start] + random.choice([*_SPLICES, body[start // 2 : end]]) + body[end:]
    return body[: random.randrange(len(body) + 1)] if random.random() < 0.1 else body


# --- What the user chose -----------------------------------------------------------------------


class Setting(NamedTuple):
    """What a case does with its replies."""

    as_of: datetime
    window: Window
    requested_job_id: str | None
    duplicates: tuple[str, ...]
    selection: dict[str, Any]
    action: str
    output: OutputFormat
    columns: int | None
    rows: int
    encoding: str
    color: Color
    utc: bool
    zone: str
    trouble: str | None


def make_setting(random: Random) -> Setting:
    """Return choices, each of which a user, a terminal or a clock could have made."""
    part = Window(random.choice([0, 1, 50, 10**12]), random.choice([None, 1, 5, 10**12]))
    return Setting(
        as_of=random.choice(
            [
                START + timedelta(minutes=10),
                START + timedelta(minutes=10),
                START - timedelta(days=400),
                datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
                datetime.max.replace(tzinfo=UTC),
                datetime.min.replace(tzinfo=UTC),
                datetime(1970, 1, 1, tzinfo=UTC),
            ]
        ),
        window=random.choice(
            [Window(), Window(), Window(), part, part._replace(desc=True), Window(instance_id="i")]
        ),
        requested_job_id=random.choice([None, JOB_ID, "JOB-other"]),
        duplicates=random.choice([(), (), ("Task-1", make_text(random))]),
        selection=random.choice(
            [
                {},
                {"desc": True},
                {"failed": True, "limit": 2},
                {"status": ["failed,running"], "offset": 1},
                {"offset": 10**12},
                {"limit": 0},
            ]
        ),
        action=random.choice(
            [
                *("report", "report", "report", "tasks", "tasks", "follow", "follow"),
                *("diff", "saved", "saved", "components", "components in v2", "deployments"),
            ]
        ),
        output=random.choice([OutputFormat.TABLE, random.choice(list(OutputFormat))]),
        columns=random.choice([None, None, 30, 40, 60, 80, 80, 100, 160]),
        rows=random.choice([3, 8, 24, 24, 50]),
        encoding=random.choice(["utf-8", "utf-8", "ascii"]),
        color=random.choice([Color.NEVER, Color.ALWAYS]),
        utc=random.random() < 0.5,
        zone=random.choice(["UTC", "<+14>-14", "<-12>12"]),
        trouble=random.choice([None, make_text(random)]),
    )


# --- What must hold ----------------------------------------------------------------------------


class Finding(NamedTuple):
    """A promise that was broken; `invariant` and `where` are the same for the same defect."""

    invariant: str
    where: str
    detail: str


OWN_STYLES = re.compile(r"\x1b\[(?:0|1|2|1;3[1-6]|3[1-6])m")
OWN_MOVES = re.compile(r"\x1b\[(?:\?(?:7|25|1049|2026)[hl]|\d+A|H|J|2?K)|\r")
DRIVES_A_TERMINAL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff]"
)
_ADDED_TO_A_JOB = {
    *("schema_version", "job_id", "status", "outcome", "complete", "started_at", "ended_at"),
    *("elapsed_seconds", "failure"),
}
_ADDED_TO_A_TASK = {"outcome", "phase", "elapsed_seconds", "failure", "title"}
_LISTS = ("components", "deployments")
"""Actions on lists, not on jobs."""
_ID = re.compile(
    r"\b(?:Task-|[A-Z]*)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\A(?=.*\d)[\w-]{1,128}\Z",
    re.ASCII,
)
"""Of a job or a task, or of anything that a message names or is."""
_LONGEST_ERROR = 2000
"""Characters, which is a few lines."""
_MARGIN = 4
"""Cells of indent and sign before a word."""


def check(bodies: Sequence[bytes], setting: Setting) -> list[Finding]:
    """Return the promises that a case breaks."""
    findings: list[Finding] = []
    reports: list[Report] = []
    with environment(setting):
        if setting.action.startswith(_LISTS):
            return collect(partial(_check_list, bodies, setting))
        read = _check_saved if setting.action == "saved" else _check_reply
        for body in bodies:
            findings += collect(partial(read, body, setting, reports))
        if reports and setting.action == "follow":
            findings += collect(partial(_check_following, reports, setting))
        elif reports and setting.action == "diff":
            findings += collect(partial(_check_difference, reports, setting))
        elif reports:
            findings += collect(partial(_check_drawing, reports[-1], setting))
    return findings


def collect(step: Callable[[], Iterable[Finding]]) -> list[Finding]:
    findings: list[Finding] = []
    try:
        findings.extend(step())
    except CasjobError as error:
        findings += _check_error(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, that is the finding
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if f"{os.sep}casjob{os.sep}" in frame.filename] or frames
        where = f"{type(error).__name__} at {Path(own[-1].filename).name}:{own[-1].lineno}"
        findings.append(Finding("only CasjobError", where, traceback.format_exc()))
    return findings


def _check_error(error: CasjobError) -> Iterator[Finding]:
    if error.status not in {ExitStatus.NOT_UNDERSTOOD, ExitStatus.USAGE}:
        yield Finding("exit status", type(error).__name__, repr(error.status))
    length = sum(len(text or "") for text in (error.message, error.service_message, error.hint))
    if length > _LONGEST_ERROR:
        yield Finding("short errors", type(error).__name__, f"{length} characters")


def _check_reply(body: bytes, setting: Setting, reports: list[Report]) -> Iterator[Finding]:
    """Read a reply, add its report, and check that and its JSON."""
    try:
        document = decode(body.decode("utf-8-sig", "replace"))
    except ValueError:
        # The client makes a ReplyError of it.
        return
    detail = read_detail(document, as_of=setting.as_of)
    detail = detail._replace(duplicates=setting.duplicates)
    report = report_job(
        detail,
        setting.window,
        catalogue=Catalogue(),
        requested_job_id=setting.requested_job_id,
    )
    reports.append(report)
    if report.outcome.exit_status not in {0, 1, 8}:
        yield Finding("exit status", "report", repr(report.outcome.exit_status))
    indexes = [each.task.task_index for each in report.tasks]
    known = [index for index in indexes if index is not None]
    if len(known) == len(indexes) and known != sorted(known):
        yield Finding("order", "report", repr(indexes))
    sent = json.loads(body.decode("utf-8-sig", "replace"))
    yield from _check_json(_as_printed(sent), report)


# JSON


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = Path(casjob.__file__).parent / "schema" / f"{name}.json"
    return Draft202012Validator(json.loads(schema.read_bytes()))


def check_document(content: str | bytes, schema: str) -> Iterator[Finding]:
    text = content if isinstance(content, str) else content.decode()
    if found := DRIVES_A_TERMINAL.search(text):
        yield Finding("safe", f"json {schema}", repr(found[0]))
    document = json.loads(text, parse_constant=_refuse)
    if not _validator(schema).is_valid(document):
        error = next(_validator(schema).iter_errors(document))
        yield Finding("schema", f"{schema} {error.json_path}", error.message[:300])


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _as_printed(value: Any) -> Any:
    """Return a value as casjob prints it: without lone surrogates."""
    return map_texts(value, partial(re.sub, "[\ud800-\udfff]", "\ufffd"))


def _check_json(sent: dict[str, Any], report: Report) -> Iterator[Finding]:
    """Check that JSON holds every field of job and tasks as it was sent.

    A task that was null has none.
    """
    content = json_format.report(report, Display())
    yield from check_document(content, "report")
    shown = json.loads(content)
    known = {name: _find_key(sent, name) for name in ("job", "tasks", "task_count")}
    job, tasks = (sent.get(known[name]) or {} for name in ("job", "tasks"))
    unknown = {key: sent[key] for key in sent if key not in {*known.values(), *_ADDED_TO_A_JOB}}
    for where, fields, all_fields in (("top", unknown, shown), ("job", job, shown["job"])):
        if missing := _find_missing(fields, all_fields):
            yield Finding("json equal", where, missing)
    tasks = [each or {} for each in tasks]
    if len(shown["tasks"]) != len(tasks):
        yield Finding("json equal", "tasks", f"{len(shown['tasks'])} of {len(tasks)} tasks")
    # The one with the most fields first: one with few of them would take the place of another.
    for task in sorted(tasks, key=len, reverse=True):
        twin = next((each for each in shown["tasks"] if not _find_missing(task, each)), None)
        if twin is None:
            yield Finding("json equal", "task", json.dumps(task))
        else:
            shown["tasks"].remove(twin)


def _find_key(sent: dict[str, Any], name: str) -> str:
    """Return the key that is spelt as the API does, or else the first in another case."""
    spelt = (key for key in sent if key.lower() == name)
    return name if name in sent else next(spelt, name)


def _find_missing(sent: dict[str, Any], shown: dict[str, Any]) -> str | None:
    """Return a field that is not there as it was sent, under either of its names."""
    for key, value in sent.items():
        names = {key.upper(), key} & set(shown)
        if key in _ADDED_TO_A_TASK and key.upper() in sent:
            # A field that came twice, in one spelling that is casjob's own.
            continue
        if not any(_is_same(value, shown[name], decodes=name == "MESSAGES") for name in names):
            return f"{key!r} of {shown}"
    return None


def _is_same(sent: Json, shown: Json, *, decodes: bool) -> bool:
    # As texts, 1 is neither 1.0 nor true.
    if not decodes or not isinstance(shown, dict | list):
        return json.dumps(sent) == json.dumps(shown)
    while isinstance(sent, str):
        try:
            sent = _as_printed(decode(sent.lstrip("\ufeff"), _make_object))
        except ValueError:
            return False
    if isinstance(sent, dict) and isinstance(shown, dict):
        return list(sent) == list(shown) and all(
            _is_same(sent[key], shown[key], decodes=True) for key in sent
        )
    return (
        isinstance(sent, list)
        and isinstance(shown, list)
        and len(sent) == len(shown)
        and all(_is_same(*pair, decodes=True) for pair in zip(sent, shown, strict=True))
    )


def _make_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key comes twice")
    return fields


# Text


def _render(setting: Setting, content: Content, *documents: Any, **options: Any) -> str | bytes:
    """Return what the format makes of documents; nothing if it does not present them."""
    render = getattr(load_format(setting.output, content), content, None)
    rendered = render(*documents, _display(setting), **options) if render else ""
    assert isinstance(rendered, str | bytes)
    return rendered


def _display(setting: Setting) -> Display:
    return Display(
        is_terminal=setting.columns is not None,
        encoding=setting.encoding,
        color=setting.color,
        utc=setting.utc,
        environ={"TERM": "xterm"},
    )


def _check_drawing(report: Report, setting: Setting) -> Iterator[Finding]:
    tasks_only = setting.action == "tasks"
    if tasks_only:
        report = Selection(**setting.selection).select(report)
    where = f"{setting.output} {setting.action}"
    options = {"tasks_only": tasks_only, "next_command": "casjob"}
    content = _render(setting, "report", report, **options)
    yield from _check_content(content, "report", where, setting, _find_uncut(report))
    if setting.output is not OutputFormat.TABLE:
        return
    text = OWN_STYLES.sub("", str(content))
    if setting.color is Color.ALWAYS and setting.columns == 80:
        plain = _render(setting._replace(color=Color.NEVER), "report", report, **options)
        if plain != text:
            yield Finding("colour changes no layout", where, text)
    if setting.columns is None and not tasks_only:
        for lost in _find_lost(report, text, setting.encoding):
            yield Finding("no text lost", where, f"{lost!r} in\n{text}")


def _check_content(
    content: str | bytes,
    schema: str,
    where: str,
    setting: Setting,
    uncut: Iterable[str | None],
) -> Iterator[Finding]:
    """Check that what a format made of anything is safe, and fits the terminal.

    Args:
        content: what it made.
        schema: of its JSON.
        where: names it in findings.
        setting: the format, and what it is drawn for.
        uncut: what takes as much width as it needs.
    """
    if setting.output is OutputFormat.JSON:
        yield from check_document(content, schema)
        return
    text = content if isinstance(content, str) else content.decode()
    yield from _check_text(text, where, setting)
    if setting.output is not OutputFormat.TABLE:
        return
    if not _can_encode(text, setting.encoding):
        # Other texts are escaped when they are written, which would shift the columns of tables.
        yield Finding("encoding", where, text)
    yield from _check_width(OWN_STYLES.sub("", text), uncut, where, setting)


def _check_text(text: str, where: str, setting: Setting) -> Iterator[Finding]:
    """Check that nothing in a text drives a terminal but what casjob itself put there."""
    bare = OWN_STYLES.sub("", text) if setting.color is Color.ALWAYS else text
    if setting.output is not OutputFormat.TABLE:
        # Tables for programs have tabs between their cells, or CR LF after their rows.
        bare = bare.translate({ord("\t"): None, ord("\r"): None})
    if found := DRIVES_A_TERMINAL.search(bare):
        around = bare[max(found.start() - 40, 0) : found.end() + 40]
        yield Finding("safe", where, repr(around))


def _can_encode(text: str, encoding: str) -> bool:
    return text.encode(encoding, "replace").decode(encoding) == text


def _check_width(
    text: str, uncut: Iterable[str | None], where: str, setting: Setting
) -> Iterator[Finding]:
    """Check that no line is wider than the terminal, unless one id, status or code is."""
    columns = setting.columns
    if columns is None:
        return
    uncut = list(uncut)
    for line in text.split("\n"):
        width = cell_len(line)
        if width > columns and not _fills(line, uncut, setting):
            yield Finding("width", f"{where} at {columns}", f"{width} cells: {line!r}")
            return


def _find_uncut(report: Report) -> Iterator[str | None]:
    """Yield the ids, statuses and codes of a job, which are never cut."""
    job = report.job
    yield from (job.job_id, job.execution_status, job.project_id, job.service_instance_id)
    for each in report.tasks:
        yield from (each.task.task_id, each.task.task_status, each.message and each.message.code)


def _fills(line: str, uncut: Iterable[str | None], setting: Setting) -> bool:
    """Return whether a line holds an id, status or code that takes the whole width by itself."""
    least = (setting.columns or 0) - _MARGIN
    shown = [_spell(word, setting.encoding) for word in uncut if word]
    # One with blanks in it is broken there.
    pieces = [piece for word in shown for piece in (word.rstrip(), *word.split())]
    pieces += _ID.findall(line.strip())
    return any(cell_len(piece) > least and piece in line for piece in pieces)


def _find_lost(report: Report, text: str, encoding: str) -> Iterator[str]:
    """Yield what the messages of failed tasks say and the text does not."""
    squeezed = _squeeze(text)

    def is_shown(words: str) -> bool:
        lines = words.replace("\r\n", "\n").replace("\t", " ").split("\n")
        in_json = [json.dumps(words, ensure_ascii=each)[1:-1] for each in (True, False)]
        spellings = [lines, [words], *([each] for each in in_json)]
        return any(
            all(_squeeze(_spell(line, encoding)) in squeezed for line in spelling)
            for spelling in spellings
        )

    def is_repaired(leaf: str) -> bool:
        """Return whether a text holds broken JSON, all words of which are shown but for keys."""
        plain = re.sub(r"\\+(u[0-9a-f]{4}|.)", " ", leaf)
        keys = set(re.findall(r'(\w+)[\\"\s]*:', leaf))
        words = set(re.findall(r"\w+", plain)) - keys - {"null", "None", "nil"}
        return "{" in leaf and all(_spell(word, encoding) in squeezed for word in words)

    for each in report.failed:
        sent = each.task.messages
        if is_shown(sent if isinstance(sent, str) else encode(sent)):
            continue
        for leaf in _find_texts(_decode_all(sent)):
            word = leaf.strip().strip("\"' \t\r\n\ufeff")
            if word in {"", "null", "None", "<nil>"}:
                continue
            if not is_shown(leaf) and not is_repaired(leaf):
                yield leaf


def _decode_all(value: Json) -> Json:
    """Return a message with all JSON in its strings decoded."""
    if isinstance(value, str):
        try:
            inner = decode(value, _make_object)
        except ValueError:
            return value
        return _decode_all(inner) if isinstance(inner, dict | list | str) else value
    if isinstance(value, dict):
        return {key: _decode_all(each) for key, each in value.items()}
    return [_decode_all(each) for each in value] if isinstance(value, list) else value


def _find_texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _find_texts(child)


def _spell(text: str, encoding: str) -> str:
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


# Two jobs, jobs in files, and lists


def _check_difference(reports: Sequence[Report], setting: Setting) -> Iterator[Finding]:
    base, job = reports[0], reports[-1]
    for each in (base, job):
        if compare(each, each).is_alike is False:
            yield Finding("a job differs from itself", "diff", repr(compare(each, each).first))
    difference = compare(base, job)
    if compare(job, base).is_alike != difference.is_alike:
        yield Finding("a difference has two sides", "diff", repr(difference.first))
    yield from _check_counts(difference)
    if setting.output not in FORMATS["difference"]:
        return
    content = _render(setting, "difference", difference)
    uncut = [*_find_uncut(base), *_find_uncut(job)]
    yield from _check_content(content, "difference", f"{setting.output} diff", setting, uncut)


def _check_counts(difference: Difference) -> Iterator[Finding]:
    """Check that each task of both jobs is in a difference once."""
    for name in ("base", "job"):
        tasks = [getattr(each, name) for each in difference.tasks if getattr(each, name)]
        expected = getattr(difference, name).tasks
        if sorted(map(id, tasks)) != sorted(map(id, expected)):
            yield Finding("all tasks", "diff", f"{len(tasks)} of {len(expected)} in {name}")


def _check_saved(body: bytes, setting: Setting, reports: list[Report]) -> Iterator[Finding]:
    """Read a reply from a file, add its report, and check that saving it changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        file.write_bytes(body)
        saved = read_saved(str(file))
        save_job(OutputFile(file), saved.detail)
        again = read_saved(str(file)).detail
        detail = saved.select(setting.window)
        report = report_job(detail, setting.window, catalogue=Catalogue())
        reports.append(report)
        content = json_format.report(report, Display())
        file.write_bytes(content)
        from_json = read_saved(str(file)).detail
    for where, read, sent in (("saved", again, saved.detail), ("json", from_json, detail)):
        tasks = [[_as_printed([*each.sent]) for each in every.tasks] for every in (read, sent)]
        if len(tasks[0]) != len(tasks[1]):
            yield Finding("read again", where, f"{len(tasks[0])} of {len(tasks[1])} tasks")
    if json.dumps(_list_sent(again)) != json.dumps(_as_printed(_list_sent(saved.detail))):
        yield Finding("read again", "saved", json.dumps(_list_sent(again)))


def _list_sent(detail: JobDetail) -> list[Json]:
    return [dict(detail.job.sent), *(dict(each.sent) for each in detail.tasks)]


def _check_list(bodies: Sequence[bytes], setting: Setting) -> Iterator[Finding]:
    name = setting.action.partition(" ")[0]
    content: Content = "components" if name == "components" else "deployments"
    where = f"{setting.output} {name}"
    version = "v2" if setting.action.endswith("v2") else "v3"
    with _open_components(bodies, version) as source:
        listing = source.list_components(on_progress=lambda *_: None)
        if content == "components":
            chosen = listing.select(
                only_failed="failed" in setting.selection,
                limit=setting.selection.get("limit"),
            )
            uncut = [text for each in chosen.shown for text in _find_uncut_of(each)]
            written = _render(setting, content, chosen)
        else:
            first, *_ = (*listing.components, Component())
            component = first.model_copy(update={"component_id": "c", "application_id": "a"})
            history = source.fetch_history(component, on_progress=lambda *_: None)
            uncut = _find_uncut_of(component)
            for each in history.deployments or ():
                uncut += [each.version, each.status, *each.job_ids]
            written = _render(setting, content, history)
    if setting.output not in FORMATS[content]:
        return
    yield from _check_content(written, name, where, setting, uncut)
    if setting.output is OutputFormat.TABLE and setting.columns is None:
        plain = OWN_STYLES.sub("", str(written))
        lost = [
            each for each in uncut if each and _spell(each, setting.encoding).strip() not in plain
        ]
        if lost:
            yield Finding("no text lost", where, f"{lost!r} in\n{plain}")


def _find_uncut_of(component: Component) -> list[str | None]:
    return [component.name, component.status, component.last_job_id]


@contextmanager
def _open_components(bodies: Sequence[bytes], version: str) -> Iterator[Components]:
    """Open components: the first reply is the list of all, the second belongs to one of them."""

    def respond(request: httpx.Request) -> httpx.Response:
        is_inner = request.url.path.endswith(("/overviews", "/records"))
        return httpx.Response(200, stream=httpx.ByteStream(bodies[is_inner]))

    client = Client(
        "http://127.0.0.1",
        name="the service",
        project_id="p",
        timeout=60,
        retry=RetryPolicy(retries=0),
        notify=lambda _: None,
        redactor=Redactor(),
        transport=httpx.MockTransport(respond),
    )
    try:
        yield Components(client, versions=Versions(version), where="here")
    finally:
        client.close()


# Following


def _find_changes(now: datetime, before: Report | None, after: Report) -> Iterator[Event]:
    seen: dict[TaskKey, TaskReport] = {}
    if before:
        list(find_changes(now, JOB_ID, None, before, seen))
    yield from find_changes(now, JOB_ID, before, after, seen)


def _check_following(reports: Sequence[Report], setting: Setting) -> Iterator[Finding]:
    before, after = (reports[0], reports[-1]) if len(reports) > 1 else (None, reports[0])
    now = datetime.now(UTC)
    for change in _find_changes(now, after, after):
        yield Finding("no change, no event", type(change).__name__, repr(change))
    events: list[Event] = [
        *_find_changes(now, None, reports[0]),
        *_find_changes(now, before, after),
        Waiting(now, JOB_ID, after),
        Waiting(now, JOB_ID, None, is_missing=True),
        Retry(now, JOB_ID, setting.trouble or "", 1),
        Verdict(now, JOB_ID, after),
    ]
    pictures = [
        JobSnapshot(JOB_ID, after, poll_in=1.0, trouble=setting.trouble),
        *([JobSnapshot("JOB2", before), JobSnapshot("JOB3", None, 0.0)] if before else ()),
    ]
    results = [JobResult(JOB_ID, after, "casjob tasks", has_verdict=True), JobResult("JOB3", None)]
    where = f"{setting.output} follow"
    written: list[str | bytes] = []
    drawings: list[str] = []
    if setting.output in FORMATS["view"]:
        written, drawings = _view(events, pictures, results, setting)
    verdicts = _render(setting, "verdicts", results, timed_out=False)
    if setting.output is OutputFormat.JSON:
        json.loads(verdicts)
        for content in written:
            yield from check_document(content, "event")
        return
    for content in [*written, verdicts]:
        text = content if isinstance(content, str) else content.decode()
        yield from _check_text(OWN_MOVES.sub("", text), where, setting)
    for drawing in drawings:
        yield from _check_screen(drawing, setting)


def _view(
    events: Iterable[Event],
    pictures: Sequence[JobSnapshot],
    results: Sequence[JobResult],
    setting: Setting,
) -> tuple[list[str | bytes], list[str]]:
    """Return all that a view writes, and its drawings among that."""
    written: list[str | bytes] = []
    drawings: list[str] = []

    def write(content: str | bytes) -> bool:
        written.append(content)
        return True

    view_of = load_format(setting.output, "view").view
    with view_of(write, _display(setting), may_draw=setting.rows != 8) as view:
        for event in events:
            view.show_event(event)
        count = len(written)
        if view.is_live:
            view.draw(pictures[:1])
            view.draw(pictures)
            drawings = [each for each in written[count:] if isinstance(each, str)]
        view.show_results(results)
    return written, drawings


def _check_screen(drawing: str, setting: Setting) -> Iterator[Finding]:
    """Check that a drawing fits the screen, with the cursor's own row if that is below it."""
    columns = setting.columns or 80
    bare = OWN_MOVES.sub("", OWN_STYLES.sub("", drawing))
    rows = sum(max(1, -(-cell_len(line) // columns)) for line in bare.split("\n"))
    if rows > setting.rows:
        size = f"{columns}x{setting.rows}"
        yield Finding("live fits", setting.output, f"{rows} rows at {size}:\n{bare}")


@contextmanager
def environment(setting: Setting) -> Iterator[None]:
    names = {"COLUMNS": str(setting.columns or 80), "LINES": str(setting.rows), "TZ": setting.zone}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    time.tzset()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})
        time.tzset()


# --- Running -----------------------------------------------------------------------------------

_MOST_TRIES = 600
"""Smaller replies to try, so that shrinking one takes a second or two."""
_PART = 500
"""Cases that a process runs at a time."""
RunPart: TypeAlias = Callable[[int, range], list[tuple[int, Finding]]]


def make_case(seed: int, number: int) -> tuple[list[bytes], Setting]:
    """Return the replies of a case, and what is done with them."""
    random = Random(f"{seed} {number}")
    setting = make_setting(random)
    match setting.action:
        case "components" | "deployments":
            return [make_list("components", random), make_list("records", random)], setting
        case "components in v2":
            return [make_list("applications", random), make_list("components", random)], setting
        case "follow" | "diff":
            first = make_body(random)
            return [first, change_body(first, random)], setting
        case _:
            return [make_body(random)], setting


def run_cases(seed: int, numbers: range) -> Iterator[tuple[int, Finding]]:
    """Yield what is found, with the number of the case."""
    for number in numbers:
        for finding in check(*make_case(seed, number)):
            yield number, finding


def shrink(bodies: list[bytes], fails: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Return replies that still fail, with as much left out as a few tries allow."""
    tries = _MOST_TRIES
    for place in range(len(bodies)):
        candidates = _simplify(bodies[place])
        while (candidate := next(candidates, None)) is not None and tries:
            tries -= 1
            smaller = [*bodies[:place], candidate, *bodies[place + 1 :]]
            if fails(smaller):
                bodies, candidates = smaller, _simplify(candidate)
    return bodies


def _simplify(body: bytes) -> Iterator[bytes]:
    """Yield the reply with one value left out, the outermost first, or one text cut in half."""
    try:
        document = json.loads(body)
    except ValueError:
        return
    for path in sorted(_find_paths(document), key=len):
        for cuts in (False, True):
            smaller = json.loads(body)
            place = smaller
            for step in path[:-1]:
                place = place[step]
            value = place[path[-1]]
            if cuts and isinstance(value, str) and len(value) > 1:
                place[path[-1]] = value[: len(value) // 2]
            elif cuts:
                continue
            else:
                del place[path[-1]]
            yield json.dumps(smaller).encode()


def _find_paths(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    children: Iterable[tuple[str | int, Json]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield from _find_paths(child, (*path, key))


def main(
    words: Sequence[str],
    run_part: RunPart | None = None,
    tell: Callable[[int, int, Finding], None] | None = None,
) -> int:
    """Run so many cases, and write a line with what repeats it for each kind of failure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seed", type=int, help="any number; the same one makes the same cases")
    parser.add_argument("count", type=int, help="how many cases")
    parser.add_argument("--case", type=int, metavar="K", help="run this case alone")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: 1)")
    given = parser.parse_args(words)
    began = time.monotonic()
    numbers = range(given.count) if given.case is None else range(given.case, given.case + 1)
    failures = 0
    seen: Counter[tuple[str, str]] = Counter()
    for number, finding in _run_parts(run_part or _run_part, given.seed, numbers, given.jobs):
        failures += 1
        seen[finding[:2]] += 1
        if seen[finding[:2]] == 1:
            (tell or _tell)(given.seed, number, finding)
    for (invariant, where), count in seen.most_common():
        sys.stdout.write(f"{count:6} x {invariant}: {where}\n")
    seconds = time.monotonic() - began
    sys.stdout.write(f"{len(numbers)} replies, {failures} failures, {seconds:.1f} seconds\n")
    return int(failures > 0)


def _run_parts(
    run_part: RunPart, seed: int, numbers: range, jobs: int
) -> Iterator[tuple[int, Finding]]:
    parts = [numbers[start : start + _PART] for start in range(0, len(numbers), _PART)]
    if jobs == 1:
        for part in parts:
            yield from run_part(seed, part)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(run_part, [seed] * len(parts), parts):
            yield from found


def _run_part(seed: int, numbers: range) -> list[tuple[int, Finding]]:
    return list(run_cases(seed, numbers))


def _tell(seed: int, number: int, finding: Finding) -> None:
    bodies, setting = make_case(seed, number)

    def fails(smaller: list[bytes]) -> bool:
        return any(each[:2] == finding[:2] for each in check(smaller, setting))

    lines = [
        f"seed {seed} case {number}: {finding.invariant}: {finding.where}",
        *(f"  {line}" for line in finding.detail.rstrip().split("\n")[-30:]),
        f"  {setting}",
        *(f"  {body!r}" for body in shrink(bodies, fails)),
    ]
    # It goes to a terminal too, so that what was found must not drive that.
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
