import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import casjob
from casjob.errors import JobNotFoundError
from casjob.formats.display import Display, JobResult
from casjob.formats.json import verdicts, view
from casjob.job.events import Event, JobStatus, NotFound, Retry, Stall, TaskStatus, Verdict, Waiting
from casjob.json_text import JsonValue
from tests.samples import job, report_of, task

SCHEMA = Draft202012Validator(
    json.loads((Path(casjob.__file__).parent / "schema" / "event.json").read_text())
)
TIME = datetime(2026, 11, 23, 8, 0, 12, tzinfo=UTC)
RUNNING = report_of(job("RUNNING", task(6), task(97, "RUNNING", TASK_NAME="TN00097")))
NO = '{"Message": "VPC.1234", "Detail": "No."}'
FAILED = report_of(job("FAILED", task(6), task(97, "FAILED", TASK_NAME="TN00097", messages=NO)))
SILENT = report_of(job("CANCELLED", task(1, "CANCELLED")))
SUCCEEDED = report_of(job("SUCCEEDED", task(6)))
FAILURE: dict[str, JsonValue] = {
    "code": "VPC.1234",
    "detail": "No.",
    "within": [],
    "means": "an error from Virtual Private Cloud (networks, subnets, security groups)",
}
NAMED: dict[str, JsonValue] = {
    "task_id": "Task-00097",
    "task_index": 97,
    "task_name": "TN00097",
    "title": "wait for the build to succeed",
}


def print_event(event: Event) -> dict[str, JsonValue]:
    """Return what stands in the line about an event."""
    lines: list[str | bytes] = []

    def write(line: str | bytes) -> bool:
        lines.append(line)
        return True

    with view(write, Display(), may_draw=False) as shown:
        assert shown.show_event(event)
    [line] = lines
    document = json.loads(line)
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (
            JobStatus(TIME, "JOB1", None, "RUNNING"),
            {"event": "job_status", "from": None, "to": "RUNNING"},
        ),
        (
            TaskStatus(TIME, "JOB1", None, RUNNING.tasks[1], is_first_report=True),
            {
                "event": "task_status",
                **NAMED,
                "from": None,
                "to": "RUNNING",
                "elapsed_seconds": 120.0,
                "failure": None,
            },
        ),
        (
            TaskStatus(TIME, "JOB1", "RUNNING", FAILED.tasks[1], is_first_report=False),
            {
                "event": "task_status",
                **NAMED,
                "from": "RUNNING",
                "to": "FAILED",
                "elapsed_seconds": 1.0,
                "failure": FAILURE,
            },
        ),
        (
            Stall(TIME, "JOB1", RUNNING.tasks[1], "no heartbeat for 5 minutes"),
            {"event": "stall", **NAMED, "message": "no heartbeat for 5 minutes"},
        ),
        (
            Waiting(TIME, "JOB1", RUNNING),
            {"event": "waiting", "status": "RUNNING", "elapsed_seconds": 120.0},
        ),
        (
            Waiting(TIME, "JOB1", None),
            {"event": "waiting", "status": None, "elapsed_seconds": None},
        ),
        (
            Retry(TIME, "JOB1", "no connection", 2),
            {"event": "retry", "message": "no connection", "failures": 2},
        ),
        (
            NotFound(TIME, "JOB1", JobNotFoundError("job JOB1 was not found")),
            {
                "event": "verdict",
                "outcome": "unknown",
                "status": None,
                "elapsed_seconds": None,
                "failure": None,
            },
        ),
        (
            Verdict(TIME, "JOB1", SUCCEEDED),
            {
                "event": "verdict",
                "outcome": "succeeded",
                "status": "SUCCEEDED",
                "elapsed_seconds": 1.0,
                "failure": None,
            },
        ),
        (
            Verdict(TIME, "JOB1", FAILED),
            {
                "event": "verdict",
                "outcome": "failed",
                "status": "FAILED",
                "elapsed_seconds": 1.0,
                "failure": {**NAMED, "phase": None, **FAILURE},
            },
        ),
        (
            Verdict(TIME, "JOB1", SILENT),
            {
                "event": "verdict",
                "outcome": "failed",
                "status": "CANCELLED",
                "elapsed_seconds": 1.0,
                "failure": {
                    "task_id": "Task-00001",
                    "task_index": 1,
                    "task_name": "TX00001",
                    "title": None,
                    "phase": None,
                    "code": None,
                    "detail": None,
                    "within": [],
                    "means": None,
                },
            },
        ),
    ],
)
def test_an_event_is_an_object_as_the_schema_has_it(
    event: Event, fields: dict[str, JsonValue]
) -> None:
    document = print_event(event)

    assert document == {"time": "2026-11-23T08:00:12.000000Z", "job_id": "JOB1", **fields}
    SCHEMA.validate(document)


def test_the_schema_takes_more_keys_but_none_less_and_no_other_event() -> None:
    document = print_event(JobStatus(TIME, "JOB1", None, "RUNNING"))

    assert not SCHEMA.is_valid({**document, "event": "other"})
    assert SCHEMA.is_valid({**document, "more": 1})
    assert not SCHEMA.is_valid({key: document[key] for key in document if key != "to"})


def test_all_verdicts_are_one_document() -> None:
    results = [JobResult("JOB1", SUCCEEDED), JobResult("JOB2", None)]
    document = json.loads(verdicts(results, Display(), timed_out=True))

    assert document == {
        "schema_version": 1,
        "timed_out": True,
        "verdicts": [
            {
                "job_id": "JOB1",
                "outcome": "succeeded",
                "status": "SUCCEEDED",
                "elapsed_seconds": 1.0,
                "failure": None,
            },
            {
                "job_id": "JOB2",
                "outcome": "unknown",
                "status": None,
                "elapsed_seconds": None,
                "failure": None,
            },
        ],
    }
