import io
from datetime import UTC, datetime, timedelta

import pytest

from casjob.errors import JobNotFoundError
from casjob.follow.notices import FollowNotices
from casjob.job.events import Event, JobSnapshot, JobStatus, NotFound, Retry, StillWaiting, Verdict
from casjob.streams import Notices
from tests.samples import job, report_of, task

TIME = datetime(2026, 11, 23, tzinfo=UTC)
RUNNING = report_of(job("RUNNING", task(1, "RUNNING", start=-182)))
FIRST_TASK = report_of(job("RUNNING", task(1, start=-182), task_count=7), is_whole=False)
WITHOUT_A_CLOCK = RUNNING._replace(detail=RUNNING.detail._replace(as_of=None))


def written(*events: Event | StillWaiting | None) -> list[str]:
    err = io.StringIO()
    notices = FollowNotices(Notices(err))
    for event in events:
        notices.write(event)
    return err.getvalue().splitlines()


def retry(seconds: float) -> Retry:
    return Retry(TIME + timedelta(seconds=seconds), "JOB1", f"failed at {seconds:g}", 1)


class TestRetries:
    def test_are_written_once_in_a_while(self) -> None:
        assert written(*map(retry, (5, 6, 34.9, 35, 36, 100))) == [
            "casjob: failed at 5; retrying",
            "casjob: failed at 35; retrying (2 more failures since the last notice)",
            "casjob: failed at 100; retrying (1 more failure since the last notice)",
        ]

    def test_are_written_also_after_the_clock_was_set_back(self) -> None:
        assert written(retry(7200), retry(0)) == [
            "casjob: failed at 7200; retrying",
            "casjob: failed at 0; retrying",
        ]


def test_a_job_that_is_not_found_is_an_error() -> None:
    error = JobNotFoundError(
        "job JOB1 was not found", service_message="no such job", hint="check the id"
    )

    assert written(NotFound(TIME, "JOB1", error)) == [
        "casjob: job JOB1 was not found",
        "  the service said: no such job",
        "  hint: check the id",
    ]


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        ("RUNNING", []),
        (
            "FROZEN",
            ["casjob: JOB1 has the status FROZEN, which casjob does not know; still waiting"],
        ),
        ("unknown", ["casjob: JOB1 has the status unknown; still waiting"]),
        ("", ["casjob: JOB1 has no status; still waiting"]),
        (None, ["casjob: JOB1 has no status; still waiting"]),
    ],
)
def test_a_status_that_casjob_does_not_know_is_pointed_out(
    status: str | None, lines: list[str]
) -> None:
    assert written(JobStatus(TIME, "JOB1", "RUNNING", status)) == lines


def test_what_belongs_to_stdout_is_not_written() -> None:
    assert written(None, Verdict(TIME, "JOB1", RUNNING)) == []


class TestReminders:
    @pytest.mark.parametrize(
        ("pictures", "jobs", "text"),
        [
            ([JobSnapshot("JOB1", RUNNING)], 1, "1 job: JOB1 has been RUNNING for 5m 02s"),
            (
                [JobSnapshot("JOB1", RUNNING), JobSnapshot("JOB3", None)],
                3,
                "2 of 3 jobs: JOB1 has been RUNNING for 5m 02s, JOB3 (nothing known yet)",
            ),
            # Only the first task was fetched.
            ([JobSnapshot("JOB1", FIRST_TASK)], 1, "1 job: JOB1 has been RUNNING for 5m 02s"),
            ([JobSnapshot("JOB1", WITHOUT_A_CLOCK)], 1, "1 job: JOB1 RUNNING"),
            ([JobSnapshot("JOB1", report_of(job("SUBMITTED")))], 1, "1 job: JOB1 SUBMITTED"),
            ([JobSnapshot("JOB1", report_of(job(None)))], 1, "1 job: JOB1 (no status)"),
            (
                [JobSnapshot("JOB1", report_of(job("RUNNING", task(1, "RUNNING", start=900))))],
                1,
                "1 job: JOB1 RUNNING",
            ),
            (
                [JobSnapshot(f"JOB{number}", None) for number in range(200)],
                200,
                "200 of 200 jobs: "
                + ", ".join(f"JOB{number} (nothing known yet)" for number in range(5))
                + ", and 195 more",
            ),
        ],
    )
    def test_name_the_jobs_and_their_times(
        self, pictures: list[JobSnapshot], jobs: int, text: str
    ) -> None:
        assert written(StillWaiting(tuple(pictures), jobs)) == [f"casjob: waiting for {text}"]
