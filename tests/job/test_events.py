from datetime import UTC, datetime

import pytest

from casjob.job.events import JobStatus, Stall, TaskStatus, find_changes
from casjob.job.report import Report, TaskKey, TaskReport
from casjob.job.statuses import Stage
from tests.samples import Fields, job, report_of, separator, task

TIME = datetime(2026, 11, 23, 8, 0, 12, tzinfo=UTC)
JUST_NOW, LONG_AGO = 119, -180
"""Seconds after START; the service answers 120 seconds after it."""


def running(*, heartbeat: float | None = JUST_NOW, owner: str | None = None) -> Report:
    return report_of(job("RUNNING", heard(heartbeat, owner=owner)))


def heard(heartbeat: float | None, *, start: float = LONG_AGO, owner: str | None = None) -> Fields:
    seconds = (heartbeat or start) - start
    fields = task(1, "RUNNING", start=start, seconds=seconds, OWNER_ID=owner)
    if heartbeat is None:
        del fields["LAST_HEALTH_CHECK"]
    return fields


def changes(before: Report | None, after: Report) -> list[JobStatus | TaskStatus | Stall]:
    seen: dict[TaskKey, TaskReport] = {}
    if before:
        list(find_changes(TIME, "JOB1", None, before, seen))
    return list(find_changes(TIME, "JOB1", before, after, seen))


def stalls(before: Report | None, after: Report) -> list[str]:
    return [each.message for each in changes(before, after) if isinstance(each, Stall)]


def test_the_first_report_yields_every_status() -> None:
    after = report_of(job("RUNNING", task(1), task(2, "RUNNING")))

    assert changes(None, after) == [
        JobStatus(TIME, "JOB1", None, "RUNNING"),
        TaskStatus(TIME, "JOB1", None, after.tasks[0], is_first_report=True),
        TaskStatus(TIME, "JOB1", None, after.tasks[1], is_first_report=True),
    ]


def test_a_job_without_a_status_is_reported_as_well() -> None:
    assert changes(None, report_of(job(None))) == [JobStatus(TIME, "JOB1", None, None)]


def test_nothing_is_reported_twice() -> None:
    report = report_of(job("RUNNING", task(1), task(2, "RUNNING")))

    assert changes(report, report) == []


def test_later_reports_yield_what_is_new_or_has_changed() -> None:
    before = report_of(job("RUNNING", separator(1, "BUILDING"), task(2, "RUNNING")))
    after = report_of(job("FAILED", separator(1, "BUILDING"), task(2, "FAILED"), task(3, None)))

    assert changes(before, after) == [
        JobStatus(TIME, "JOB1", "RUNNING", "FAILED"),
        TaskStatus(TIME, "JOB1", "RUNNING", after.tasks[1], is_first_report=False),
        TaskStatus(TIME, "JOB1", None, after.tasks[2], is_first_report=False),
    ]


@pytest.mark.parametrize(
    ("status", "stage"),
    [("running", Stage.UNDER_WAY), ("FROZEN", Stage.UNDECIDED), (None, Stage.UNDECIDED)],
)
def test_a_status_has_its_stage(status: str | None, stage: Stage) -> None:
    assert JobStatus(TIME, "JOB1", None, status).stage is stage


def test_tasks_without_ids_are_known_by_index_and_name() -> None:
    before = report_of(job("RUNNING", task(1, TASK_ID=None), task(2, "RUNNING", TASK_ID="")))
    after = report_of(job("RUNNING", task(1, TASK_ID=None), task(2, TASK_ID="")))

    assert [each.before for each in changes(before, after) if isinstance(each, TaskStatus)] == [
        "RUNNING"
    ]


def test_a_task_is_known_by_its_id_wherever_it_stands() -> None:
    first, second = task(None, "RUNNING", TASK_ID="a"), task(None, TASK_ID="b")
    orders = (first, second), (second, first)
    before, after = (report_of(job("RUNNING", *each)) for each in orders)

    assert changes(before, after) == []


def test_each_of_many_tasks_alike_is_one_of_its_own() -> None:
    report = report_of(job("RUNNING", *[task(1, TASK_ID="a")] * 3))

    assert len([each for each in changes(None, report) if isinstance(each, TaskStatus)]) == 3
    assert changes(report, report) == []


class TestStalls:
    def test_are_events_of_their_task(self) -> None:
        after = running(heartbeat=LONG_AGO)

        assert changes(running(), after) == [
            Stall(TIME, "JOB1", after.tasks[0], "no heartbeat for 5 minutes")
        ]

    @pytest.mark.parametrize(
        ("heartbeat", "silence"),
        [
            *((heartbeat, ["no heartbeat for 5 minutes"]) for heartbeat in (LONG_AGO, None)),
            *((heartbeat, []) for heartbeat in (LONG_AGO + 1, JUST_NOW)),
        ],
    )
    def test_begin_after_5_minutes_without_a_heartbeat_or_since_there_was_none(
        self, heartbeat: float | None, silence: list[str]
    ) -> None:
        assert stalls(None, running(heartbeat=heartbeat)) == silence
        assert stalls(running(), running(heartbeat=heartbeat)) == silence

    def test_are_reported_once_and_again_only_after_a_heartbeat(self) -> None:
        silent = running(heartbeat=LONG_AGO)

        assert stalls(silent, silent) == []
        assert stalls(silent, running()) == []
        assert stalls(running(), silent) == ["no heartbeat for 5 minutes"]

    def test_include_another_worker_taking_over(self) -> None:
        first, second = running(owner="a:1"), running(owner="b:2")

        assert stalls(first, second) == ["another worker took over: a:1, now b:2"]
        assert stalls(second, second) == []

    @pytest.mark.parametrize(("was", "now"), [("a:1", None), (None, "a:1"), ("", "a:1")])
    def test_ignore_a_worker_that_is_unknown(self, was: str | None, now: str | None) -> None:
        assert stalls(running(owner=was), running(owner=now)) == []

    @pytest.mark.parametrize("status", ["SUCCEEDED", "SUBMITTED", "UNKNOWN"])
    def test_are_those_of_running_tasks(self, status: str) -> None:
        silent = task(1, status, start=LONG_AGO, seconds=0, OWNER_ID="a")
        taken = task(1, status, start=LONG_AGO, seconds=0, OWNER_ID="b")

        assert stalls(report_of(job("RUNNING", silent)), report_of(job("RUNNING", taken))) == []

    def test_do_not_matter_in_a_job_that_has_ended(self) -> None:
        assert stalls(None, report_of(job("CANCELLED", heard(LONG_AGO)))) == []

    def test_are_none_of_a_task_without_times_or_just_begun(self) -> None:
        timeless = heard(None)
        del timeless["CREATED_AT"]

        assert stalls(None, report_of(job("RUNNING", timeless))) == []
        assert stalls(None, report_of(job("RUNNING", heard(None, start=0)))) == []
