import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from casjob.commands.tasks import Selection
from casjob.formats.text.phrases import (
    describe_completeness,
    describe_heartbeat,
    describe_phase,
    describe_progress,
    describe_steps,
    describe_tally,
    describe_task,
    describe_verdict,
    format_clock,
    format_elapsed,
    format_moment,
)
from casjob.job.report import group_phases
from casjob.job.statuses import Outcome
from tests.samples import job, report_of, separator, task

TIMELESS = {"CREATED_AT": None, "LAST_HEALTH_CHECK": None}
NOON = datetime(2020, 2, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CST-8")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0s"),
        (0.036, "0.0s"),
        (0.05, "0.1s"),
        (35.631, "35.6s"),
        (59.94, "59.9s"),
        (59.96, "1m 00s"),
        (60, "1m 00s"),
        (119.6, "2m 00s"),
        (312, "5m 12s"),
        (3599.6, "1h 00m 00s"),
        (3723, "1h 02m 03s"),
        (86399, "23h 59m 59s"),
        (184000, "2d 03h"),
        (360000, "4d 04h"),
    ],
)
def test_elapsed_times_are_as_exact_as_they_are_short(seconds: float, words: str) -> None:
    assert format_elapsed(seconds) == words


@pytest.mark.usefixtures("in_shanghai")
def test_moments_are_local_ones_unless_asked_for_in_utc() -> None:
    assert format_moment(NOON, utc=False) == "2020-02-04 20:00:00+0800"
    assert format_moment(NOON, utc=True) == "2020-02-04 12:00:00Z"
    assert format_moment(datetime(1, 1, 1, tzinfo=UTC), utc=True) == "0001-01-01 00:00:00Z"


@pytest.mark.usefixtures("in_shanghai")
def test_a_clock_tells_the_day_where_another_one_began() -> None:
    evening = NOON.replace(hour=17)

    assert format_clock(NOON, NOON.date(), utc=False) == "20:00:00"
    assert format_clock(evening, NOON.date(), utc=True) == "17:00:00"
    assert format_clock(evening, NOON.date(), utc=False) == "02-05 01:00:00"
    assert format_clock(NOON, None, utc=True) == "02-04 12:00:00"


@pytest.mark.usefixtures("in_shanghai")
def test_where_the_calendar_ends_times_stay_in_utc() -> None:
    last = datetime.max.replace(tzinfo=UTC)

    assert format_moment(last, utc=False) == "9999-12-31 23:59:59Z"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (job("FAILED", task(1, "FAILED", seconds=35.6)), "FAILED after 35.6s"),
        (job("SUCCEEDED", task(1, seconds=312)), "SUCCEEDED after 5m 12s"),
        (job("RUNNING", task(1)), "has been RUNNING for 2m 00s"),
        (job("ROLLBACKING", task(1)), "has been ROLLBACKING for 2m 00s"),
        (job("SCHEDULED", task(1)), "SCHEDULED"),
        (job("FAILED"), "FAILED"),
        (job("UNKNOWN", task(1)), "UNKNOWN (it may or may not have ended)"),
        (job("PAUSED"), "PAUSED (it may or may not have ended)"),
        (job(None), "(no status) (it may or may not have ended)"),
    ],
)
def test_a_verdict_is_the_jobs_own_status_and_how_long_it_took(reply: object, words: str) -> None:
    assert describe_verdict(report_of(reply)) == words


@pytest.mark.parametrize(
    ("only", "words"),
    [
        (task(9, "FAILED", seconds=30), "task 9 TX00009: failed after 30.0s"),
        (task(9, "PARTIALLY_FAILED"), "task 9 TX00009: partially failed after 1.0s"),
        (task(9, "CANCELLED", LAST_HEALTH_CHECK=None), "task 9 TX00009: cancelled"),
        (
            task(9, "RUNNING", start=10, seconds=90),
            "task 9 TX00009: running for 1m 50s, last heartbeat 20.0s ago",
        ),
        (task(None, "SCHEDULED"), "task TX00000: scheduled"),
        (task(9, None), "task 9 TX00009: (no status)"),
        (separator(4, "BUILDING", TASK_STATUS="FAILED"), "task 4 SEPARATOR_BUILDING: failed"),
    ],
)
def test_a_task_is_told_in_one_line(only: dict[str, object], words: str) -> None:
    [report] = report_of(job("RUNNING", only)).tasks

    assert describe_task(report).removesuffix(" after 0.0s") == words


def test_a_task_is_told_with_its_phase() -> None:
    report = report_of(job("FAILED", separator(4, "BUILDING"), task(9, "FAILED")))

    assert describe_task(report.tasks[1]) == "task 9 TX00009: failed after 1.0s, in phase BUILDING"


def test_only_a_task_under_way_has_a_heartbeat() -> None:
    running, ended = report_of(job("RUNNING", task(1, "RUNNING"), task(2))).tasks

    assert describe_heartbeat(running) == "last heartbeat 1m 59s ago"
    assert describe_heartbeat(running, ", ") == ", last heartbeat 1m 59s ago"
    assert describe_heartbeat(ended, ", ") == ""


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (job("FAILED", separator(1, "A"), task(2), task(3, "FAILED")), "1 of 2 steps succeeded"),
        (
            job("SUCCEEDED", task(1), task(2, "SKIPPED"), task(3, "SKIPPED")),
            "1 of 3 steps succeeded, 2 skipped",
        ),
        (job("RUNNING", separator(1, "A")), "no steps yet"),
        (job("SCHEDULED"), "no steps yet"),
        (job("SUCCEEDED"), "no steps"),
    ],
)
def test_progress_counts_steps_and_not_separators(reply: object, words: str) -> None:
    assert describe_progress(report_of(reply)) == words


@pytest.mark.parametrize(
    ("reply", "hidden", "words"),
    [
        (job("RUNNING", separator(1, "A"), task(2), task(3, "RUNNING"), task(4, "SCHEDULED")), 0,
         "1 of 3 steps done, 1 running"),
        (job("RUNNING", task(1), task(2, "FAILED"), task(3, "RUNNING"), task(4, "RUNNING")), 3,
         "2 of 4 steps done, 1 failed, 2 running, 3 hidden"),
        (job("RUNNING", separator(1, "A")), 0, "no steps yet"),
        (job("RUNNING", task(1), task(2, "RUNNING"), task_count=7), 0,
         "2 of 7 tasks reported, 1 running"),
    ],
)  # fmt: skip
def test_steps_are_done_running_or_hidden(reply: object, hidden: int, words: str) -> None:
    assert describe_steps(report_of(reply), hidden) == words


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([separator(1, "A"), task(2, start=1), task(3, start=5, seconds=4)], "2 of 2  9.0s"),
        ([separator(1, "A"), task(2, start=1), task(3, "SKIPPED")], "2 of 2, 1 skipped  2.0s"),
        ([{**each, **TIMELESS} for each in (separator(1, "A"), task(2))], "1 of 1"),
    ],
)
def test_a_phase_is_its_steps_and_its_time(tasks: list[dict[str, object]], words: str) -> None:
    report = report_of(job("SUCCEEDED", *tasks))

    assert [describe_phase(phase) for phase in group_phases(report.tasks)] == [words]


def test_a_tally_counts_what_did_not_succeed_too() -> None:
    succeeded, failed = Outcome.SUCCEEDED, Outcome.FAILED

    assert describe_tally([succeeded, succeeded]) == "2 of 2 jobs succeeded"
    assert describe_tally([succeeded, failed, Outcome.RUNNING, failed, Outcome.UNKNOWN]) == (
        "1 of 5 jobs succeeded, 2 failed, 1 running, 1 unknown"
    )


def test_completeness_tells_what_is_not_there() -> None:
    whole = report_of(job("FAILED", *map(task, range(5))))
    running = report_of(job("RUNNING", task(1), task(2), task_count=7))
    part = report_of(job("FAILED", *map(task, range(5)), task_count=105), is_whole=False)

    assert describe_completeness(whole) is None
    assert describe_completeness(Selection(limit=2).select(whole)) == "2 of 5 tasks"
    assert describe_completeness(Selection(failed=True).select(whole)) == "0 of 5 tasks"
    assert describe_completeness(running) is None
    assert describe_progress(running) == "2 of 7 tasks reported"
    assert describe_completeness(Selection(limit=1).select(running)) == "1 of 7 tasks"
    assert describe_completeness(part) == "5 of 105 tasks"
