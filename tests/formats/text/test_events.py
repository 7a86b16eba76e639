from datetime import UTC, datetime

import pytest

from casjob.formats.text.events import choose_arrow, describe_event
from casjob.formats.text.phrases import describe_cause, describe_ending
from casjob.job.events import Event, JobStatus, Retry, Stall, TaskStatus, Verdict, Waiting
from tests.samples import Fields, job, report_of, separator, task

TIME = datetime(2026, 11, 23, 8, 0, 12, 999_000, tzinfo=UTC)
FAILED = report_of(
    job("FAILED", task(6, seconds=5.578), task(9, "FAILED", messages='{"Message":"E1"}'))
)
NAMED = report_of(job("RUNNING", task(6, "RUNNING", TASK_NAME="TN00091"))).tasks[0]
BUILD_FAILED = job("FAILED", task(9, "FAILED", TASK_NAME="TN00097", messages='{"code": "E1"}'))


def change(before: str | None, *fields: Fields, first: bool = False) -> TaskStatus:
    report = report_of(job("RUNNING", *fields))
    return TaskStatus(TIME, "JOB1", before, report.tasks[-1], is_first_report=first)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (JobStatus(TIME, "JOB1", None, "RUNNING"), "RUNNING"),
        (JobStatus(TIME, "JOB1", None, None), "(no status)"),
        (JobStatus(TIME, "JOB1", "RUNNING", "SUCCEEDED"), "RUNNING → SUCCEEDED"),
        (JobStatus(TIME, "JOB1", "RUNNING", None), "RUNNING → (no status)"),
        (
            change("RUNNING", task(6, TASK_NAME="TN00091", seconds=5.578)),
            "task 6 TN00091 RUNNING → SUCCEEDED (5.6s)  run the build and follow it",
        ),
        (
            change("RUNNING", task(9, "FAILED", TASK_NAME="TN00097", messages="Broken.")),
            "task 9 TN00097 RUNNING → FAILED (1.0s)  wait for the build to succeed: Broken.",
        ),
        (change(None, task(7, "RUNNING")), "task 7 TX00007 → RUNNING"),
        (change("RUNNING", task(7, None)), "task 7 TX00007 RUNNING → (no status)"),
        (
            change("RUNNING", task(9, "FAILED", messages='{"Message":"E1","Detail":"Broken."}')),
            "task 9 TX00009 RUNNING → FAILED (1.0s): E1  Broken.",
        ),
        (change("RUNNING", task(9, "FAILED")), "task 9 TX00009 RUNNING → FAILED (1.0s)"),
        (
            Stall(TIME, "JOB1", FAILED.tasks[0], "no heartbeat for 5 minutes"),
            "task 6 TX00006: no heartbeat for 5 minutes",
        ),
        (
            Stall(TIME, "JOB1", NAMED, "no heartbeat for 5 minutes"),
            "task 6 TN00091 run the build and follow it: no heartbeat for 5 minutes",
        ),
        (Waiting(TIME, "JOB1", None), "nothing is known yet"),
        (Waiting(TIME, "JOB1", None, is_missing=True), "does not exist yet"),
        (
            Waiting(TIME, "JOB1", report_of(job("RUNNING", separator(1, "A"), task(2)))),
            "has been RUNNING for 2m 00s, 1 of 1 steps succeeded",
        ),
        (
            Waiting(TIME, "JOB1", report_of(job("UNKNOWN", task(1)), is_whole=False)),
            "still UNKNOWN (it may or may not have ended)",
        ),
    ],
)
def test_an_event_is_a_line(event: Event, words: str) -> None:
    assert describe_event(event, "→") == f"2026-11-23T08:00:12Z JOB1 {words}"


@pytest.mark.parametrize(
    "event",
    [
        change(None, task(1), first=True),
        Retry(TIME, "JOB1", "no connection", 1),
        Verdict(TIME, "JOB1", FAILED),
    ],
)
def test_what_is_told_elsewhere_is_no_line(event: Event) -> None:
    assert describe_event(event, "→") is None


@pytest.mark.parametrize(("encoding", "arrow"), [("utf-8", "→"), ("ascii", "->"), ("cp1252", "->")])
def test_the_arrow_is_one_that_can_be_written(encoding: str, arrow: str) -> None:
    assert choose_arrow(encoding) == arrow


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (job("SUCCEEDED", task(1)), "JOB1 provision/provMain SUCCEEDED after 1.0s"),
        (job("SUCCEEDED", task(1), JOB_NAME=None), "JOB1 SUCCEEDED after 1.0s"),
        (job("CANCELLED", task(1)), "JOB1 provision/provMain CANCELLED after 1.0s"),
        (
            job("FAILED", task(1, "ROLLBACKED"), task(2, "FAILED", messages="Broken.")),
            "JOB1 provision/provMain FAILED after 1.0s: task 2 TX00002  Broken.",
        ),
        (
            job("FAILED", task(1, "FAILED")),
            "JOB1 provision/provMain FAILED after 1.0s: task 1 TX00001",
        ),
        (
            job("FAILED", task(1, "FAILED", messages='{"code":"E1","message":"Broken."}')),
            "JOB1 provision/provMain FAILED after 1.0s: task 1 TX00001  E1  Broken.",
        ),
        (
            BUILD_FAILED,
            (
                "JOB1 provision/provMain FAILED after 1.0s:"
                " task 9 TN00097 wait for the build to succeed  E1"
            ),
        ),
    ],
)
def test_an_ending_names_the_cause(document: Fields, words: str) -> None:
    assert "".join(describe_ending("JOB1", report_of(document))) == words


def test_a_cause_may_be_told_in_brief_and_what_went_well_has_none() -> None:
    assert describe_cause(report_of(BUILD_FAILED), with_title=False) == "task 9 TN00097  E1"
    assert describe_cause(report_of(job("SUCCEEDED", task(1)))) is None
