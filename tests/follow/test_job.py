"""One followed job, polled whenever it is due: time passes only between its polls."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casjob.catalogue.meanings import Catalogue
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ForbiddenError,
    JobNotFoundError,
    NoSuchApiError,
    ReplyError,
    ReplyTimeoutError,
    ReplyTooLargeError,
    ServiceError,
    SettingsError,
    TransientError,
)
from casjob.follow.job import FollowedJob, Now, Plan
from casjob.job.detail import JobDetail, Window
from casjob.job.events import (
    Event,
    JobStatus,
    NotFound,
    Retry,
    Stall,
    TaskStatus,
    Verdict,
    Waiting,
)
from casjob.job.models import read_detail
from casjob.job.statuses import STATUS_WORDS, Outcome, stage_of
from tests.samples import START, job, task

WALL = datetime(2026, 11, 23, 8, tzinfo=UTC)
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

Result = JobDetail | CasjobError
Play = Callable[[float], Result]
"""What a poll brings at so many seconds since the beginning."""


class Run:
    """A job that is followed from second 0 on, and what became of it."""

    def __init__(self, play: Play, **plan: Any) -> None:
        self.job = FollowedJob("JOB1", Plan(**plan), Catalogue(), 0.0)
        self.events: list[Event] = []
        self.polls: list[tuple[float, Window]] = []
        self._play = play

    @property
    def moments(self) -> list[float]:
        return [round(moment, 1) for moment, _ in self.polls]

    @property
    def limits(self) -> list[int | None]:
        return [window.limit for _, window in self.polls]

    @property
    def statuses(self) -> list[tuple[str | None, str | None]]:
        return [(each.before, each.after) for each in self.events if isinstance(each, JobStatus)]

    @property
    def verdicts(self) -> list[Outcome]:
        return [each.report.outcome for each in self.events if isinstance(each, Verdict)]

    def poll(self) -> list[Event]:
        seconds = self.job.due
        self.polls.append((seconds, self.job.window))
        result = self._play(seconds)
        if isinstance(result, JobDetail):
            events = self.job.on_reply(result, at(seconds))
        else:
            events = self.job.on_error(result, at(seconds))
        self.events += events
        return events

    def until(self, seconds: float = float("inf")) -> "Run":
        while not self.job.has_ended and self.job.due <= seconds:
            self.poll()
        return self


def at(seconds: float) -> Now:
    return Now(seconds, WALL + timedelta(seconds=seconds))


def stands(
    status: str | None, *tasks: dict[str, object], as_of: datetime = START, **more: Any
) -> JobDetail:
    # Without an id, it may be any job that is asked for.
    document = job(status, *(tasks or (task(1, status),)), **{"JOB_ID": None, **more})
    return read_detail(json.loads(json.dumps(document)), as_of=as_of)


def in_turn(*results: Result | str | None) -> Play:
    """Bring each of the statuses and errors in turn, and then always the last."""
    coming = [each if isinstance(each, Result) else stands(each) for each in results]
    return lambda _: coming.pop(0) if len(coming) > 1 else coming[0]


def fails() -> TransientError:
    return TransientError("the service failed")


def not_found() -> JobNotFoundError:
    return JobNotFoundError("job JOB1 was not found")


class TestInterval:
    def test_grows_while_nothing_changes(self) -> None:
        run = Run(in_turn("RUNNING"), status_only=True).until(75)

        moments = [moment for moment, _ in run.polls]
        gaps = [round(after - before, 1) for before, after in itertools.pairwise(moments)]
        assert gaps == [2, 3, 4.5, 6.8, 10.1, 15, 15, 15]

    def test_is_short_again_after_a_change(self) -> None:
        run = Run(lambda now: stands("SUBMITTED" if now < 10 else "RUNNING")).until(24)

        assert run.moments == [0, 2, 5, 9.5, 16.2, 18.2, 21.2]

    def test_is_kept_where_it_is_given(self) -> None:
        run = Run(in_turn("RUNNING", fails(), "RUNNING"), interval=7).until(30)

        assert run.moments == [0, 7, 14, 21, 28]

    @pytest.mark.parametrize(("interval", "due"), [(None, 6), (7, 7)])
    def test_may_be_stretched_unless_it_is_given(self, interval: float | None, due: float) -> None:
        followed = FollowedJob("JOB1", Plan(interval=interval), Catalogue(), 0.0)
        followed.on_reply(stands("RUNNING"), at(0), interval_factor=3)

        assert followed.due == due

    def test_does_not_grow_without_end(self) -> None:
        run = Run(in_turn("RUNNING")).until(86400)

        assert run.moments[-1] - run.moments[-2] == pytest.approx(15)


class TestEnd:
    @pytest.mark.parametrize("status", [*STATUS_WORDS, "PAUSED", None])
    @pytest.mark.parametrize("status_only", [True, False])
    def test_is_where_the_status_means_one(self, status: str | None, *, status_only: bool) -> None:
        run = Run(in_turn("RUNNING", status), status_only=status_only).until(100)

        stage = stage_of(status)
        assert run.job.has_ended is stage.has_ended
        assert run.verdicts == ([stage.outcome] if stage.has_ended else [])
        if status != "RUNNING":
            assert run.statuses == [(None, "RUNNING"), ("RUNNING", status)]

    @pytest.mark.parametrize(
        ("status", "status_only", "limits"),
        [
            ("SUCCEEDED", True, [1, 1, None]),
            ("FAILED", True, [1, 1, None]),
            ("FAILED", False, [None, None, None]),
            # A success that was seen with all tasks needs no confirmation.
            ("SUCCEEDED", False, [None, None]),
        ],
    )
    def test_is_confirmed_at_once_by_a_poll_of_the_whole_job(
        self, status: str, limits: list[int | None], *, status_only: bool
    ) -> None:
        run = Run(in_turn("RUNNING", status), status_only=status_only).until()

        assert run.limits == limits
        assert run.moments == [0, 2, 2][: len(limits)]

    def test_has_its_times_and_its_cause(self) -> None:
        tasks = task(1), task(2, "FAILED", start=1, messages="Broken.")
        run = Run(lambda _: stands("FAILED", *tasks), status_only=True).until()

        [verdict] = [each for each in run.events if isinstance(each, Verdict)]
        assert (verdict.time, verdict.job_id) == (WALL, "JOB1")
        assert verdict.report.elapsed_seconds == 2
        assert [each.task.task_name for each in verdict.report.failed] == ["TX00002"]

    @pytest.mark.parametrize("status_only", [True, False])
    @pytest.mark.parametrize(
        ("statuses", "outcome"),
        [
            (["FAILED", "RUNNING", "FAILED", "ROLLBACKING", "ROLLBACKED"], Outcome.FAILED),
            (["FAILED", "RUNNING", "SUCCEEDED"], Outcome.SUCCEEDED),
        ],
    )
    def test_that_is_taken_back_is_not_an_end(
        self, statuses: list[str], outcome: Outcome, *, status_only: bool
    ) -> None:
        run = Run(in_turn(*statuses), status_only=status_only).until()

        assert [after for _, after in run.statuses] == statuses
        assert run.verdicts == [outcome]

    @pytest.mark.parametrize(
        "error", [AuthenticationError("no"), not_found(), SettingsError("no"), fails()]
    )
    @pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
    def test_that_was_seen_is_not_lost_to_an_error(self, error: CasjobError, status: str) -> None:
        run = Run(in_turn("RUNNING", status, error), status_only=True).until()

        assert run.verdicts == [stage_of(status).outcome]
        assert not run.job.not_found

    def test_may_be_called_by_others(self) -> None:
        run = Run(in_turn("RUNNING"))
        assert run.job.end(at(0)) == []

        run.poll()
        assert [type(each) for each in run.job.end(at(1))] == [Verdict]
        assert run.job.has_ended


class TestTasks:
    def test_are_reported_as_they_change(self) -> None:
        words = ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]
        play = in_turn(*(stands("RUNNING", task(1, word)) for word in words))
        run = Run(play, interval=1).until(3)

        assert [
            (each.before, each.report.task.task_status)
            for each in run.events
            if isinstance(each, TaskStatus)
        ] == [
            (None, "RUNNING"),
            ("RUNNING", "FAILED"),
            ("FAILED", "RUNNING"),
            ("RUNNING", "SUCCEEDED"),
        ]

    def test_are_reported_with_the_job_and_the_time_of_the_poll(self) -> None:
        run = Run(lambda now: stands("RUNNING", task(1, "RUNNING" if now < 1 else "FAILED")))
        first, then = run.poll(), run.poll()

        assert run.job.report
        [failed] = run.job.report.tasks
        assert then == [TaskStatus(at(2).time, "JOB1", "RUNNING", failed, is_first_report=False)]
        assert first[0] == JobStatus(WALL, "JOB1", None, "RUNNING")
        assert [each.time for each in first] == [WALL, WALL]
        assert [each.is_first_report for each in first if isinstance(each, TaskStatus)] == [True]

    def test_of_another_job_are_an_error_but_not_for_another_spelling(self) -> None:
        assert Run(in_turn(stands("SUCCEEDED", JOB_ID="job1"))).until().job.has_ended
        with pytest.raises(ReplyError):
            Run(in_turn(stands("SUCCEEDED", JOB_ID="JOB2"))).until()

    def test_are_no_changes_where_the_status_is_enough(self) -> None:
        play = in_turn(stands("RUNNING", task(1, "RUNNING")), stands("RUNNING", task(1)))

        assert Run(play, status_only=True).until(5).moments == [0, 2, 5]

    def test_that_a_reply_leaves_out_are_not_new_when_they_are_back(self) -> None:
        both = stands("RUNNING", task(1, "RUNNING"), task(2, "RUNNING"))
        one = stands("RUNNING", task(1, "RUNNING"))
        ended = stands("SUCCEEDED", task(1), task(2))
        run = Run(in_turn(both, one, both, one, ended)).until()

        assert [
            (each.report.task.task_index, each.before)
            for each in run.events
            if isinstance(each, TaskStatus)
        ] == [(1, None), (2, None), (1, "RUNNING"), (2, "RUNNING")]


class TestFailures:
    def test_of_a_reply_that_is_too_large_are_not_retried(self) -> None:
        run = Run(lambda _: ReplyTooLargeError("too large"))
        with pytest.raises(ReplyTooLargeError):
            run.until()
        assert len(run.polls) == 1

    def test_are_retried_more_and_more_slowly_ten_times(self) -> None:
        run = Run(lambda _: fails())

        with pytest.raises(TransientError) as raised:
            run.until()

        tried = "gave up on JOB1 after 10 failures in a row"
        assert raised.value.message == f"{tried}: the service failed"
        assert run.moments == [0, 2, 5, 9.5, 16.2, 26.4, 41.4, 56.4, 71.4, 86.4]
        assert run.events == [
            Retry(at(moment).time, "JOB1", "the service failed", failures)
            for failures, (moment, _) in enumerate(run.polls[:-1], 1)
        ]

    def test_count_only_in_a_row(self) -> None:
        results: list[Result] = [*[fails()] * 9, stands("RUNNING")]
        play = itertools.cycle(results)
        run = Run(lambda _: next(play), interval=1).until(60)

        assert {each.failures for each in run.events if isinstance(each, Retry)} == {*range(1, 10)}

    def test_of_half_of_the_polls_lose_and_repeat_nothing(self) -> None:
        turn = itertools.count()

        def play(now: float) -> Result:
            if next(turn) % 2:
                return fails()
            step = int(now / 30)
            if step > 4:
                return stands("SUCCEEDED", *(task(each) for each in range(1, step + 1)))
            ended = [task(each) for each in range(1, step + 1)]
            return stands("RUNNING", *ended, task(step + 1, "RUNNING"))

        run = Run(play).until()

        assert run.statuses == [(None, "RUNNING"), ("RUNNING", "SUCCEEDED")]
        assert [
            (each.report.task.task_index, each.before, each.report.task.task_status)
            for each in run.events
            if isinstance(each, TaskStatus)
        ] == [
            (1, None, "RUNNING"),
            *(
                change
                for index in range(1, 6)
                for change in (
                    (index, "RUNNING", "SUCCEEDED"),
                    *([(index + 1, None, "RUNNING")] if index < 5 else []),
                )
            ),
        ]
        assert run.verdicts == [Outcome.SUCCEEDED]
        assert {each.failures for each in run.events if isinstance(each, Retry)} == {1}

    @pytest.mark.parametrize(
        ("asked", "interval", "waited"),
        [
            (7, None, 7),
            (1, None, 2),
            (86400, None, 300),
            (0, None, 2),
            (7, 1, 7),
            (7, 9, 9),
            (0, 0.5, 0.5),
        ],
    )
    def test_wait_as_long_as_the_service_asks_within_reason(
        self, asked: float, interval: float | None, waited: float
    ) -> None:
        busy = TransientError("busy", retry_after=asked)
        run = Run(in_turn(busy, "SUCCEEDED"), interval=interval).until()

        assert run.moments == [0, waited]

    @pytest.mark.parametrize("error", [AuthenticationError, ForbiddenError, SettingsError])
    @pytest.mark.parametrize("seen", [True, False])
    def test_that_waiting_does_not_mend_are_raised_at_once(
        self, error: type[CasjobError], *, seen: bool
    ) -> None:
        run = Run(in_turn("RUNNING", error("no")) if seen else in_turn(error("no")))

        with pytest.raises(error, match=r"^no$"):
            run.until()

        assert len(run.polls) == 1 + seen

    @pytest.mark.parametrize("error", [ReplyTimeoutError("slow"), ReplyError("garbage"), fails()])
    def test_of_the_first_poll_may_pass(self, error: CasjobError) -> None:
        assert Run(in_turn(error, "SUCCEEDED")).until().verdicts == [Outcome.SUCCEEDED]

    def test_that_point_at_a_wrong_address_may_pass_once_the_job_was_seen(self) -> None:
        refused = ServiceError("HTTP 400")
        with pytest.raises(ServiceError):
            Run(in_turn(refused)).until()

        run = Run(in_turn("RUNNING", refused, "SUCCEEDED")).until()
        assert run.verdicts == [Outcome.SUCCEEDED]


class TestMissingJob:
    def test_is_not_found(self) -> None:
        error = not_found()
        run = Run(in_turn(error)).until()

        assert run.events == [NotFound(WALL, "JOB1", error)]
        assert (run.job.has_ended, run.job.not_found, run.job.report) == (True, error, None)

    def test_is_waited_for(self) -> None:
        play = in_turn(*[not_found()] * 20, "SUCCEEDED")
        run = Run(play, wait_for_job=100).until()

        assert run.verdicts == [Outcome.SUCCEEDED]
        assert run.moments == [2 * each for each in range(21)]

    def test_is_an_error_at_the_end_of_that_time(self) -> None:
        run = Run(in_turn(not_found()), wait_for_job=9, interval=4).until()

        assert [type(each) for each in run.events] == [NotFound]
        assert run.moments == [0, 4, 8, 9]

    def test_does_not_add_to_failures_in_a_row(self) -> None:
        turn = itertools.cycle([*[fails()] * 8, not_found()])
        run = Run(lambda _: next(turn), wait_for_job=1000).until()

        assert isinstance(run.events[-1], NotFound)
        assert run.moments[-1] >= 1000
        failures = [each.failures for each in run.events if isinstance(each, Retry)]
        assert failures[:16] == [*range(1, 9)] * 2

    @pytest.mark.parametrize("error", [not_found(), NoSuchApiError("no such API")])
    @pytest.mark.parametrize(
        ("seen", "plan"),
        [(["RUNNING"], {"wait_for_job": 100}), ([], {"is_named_by_service": True})],
    )
    def test_that_was_there_or_was_just_named_is_a_failure_like_others(
        self, seen: list[str], plan: dict[str, Any], error: CasjobError
    ) -> None:
        run = Run(in_turn(*seen, error, error, "SUCCEEDED"), **plan).until()

        assert [each.failures for each in run.events if isinstance(each, Retry)] == [1, 2]
        assert run.moments[-3:] == ([2, 4, 7] if seen else [0, 2, 5])
        assert run.verdicts == [Outcome.SUCCEEDED]

    def test_that_was_there_is_given_up_after_ten_failures_in_a_row(self) -> None:
        run = Run(in_turn("RUNNING", not_found()), wait_for_job=100, interval=1).until()

        assert run.moments == [*range(11)]
        [gone] = [each.error for each in run.events if isinstance(each, NotFound)]
        assert gone.message == "gave up on JOB1 after 10 failures in a row: job JOB1 was not found"
        assert gone.hint == "an earlier poll found it: it may have been deleted since"

    def test_of_an_api_that_was_never_there_ends_at_once(self) -> None:
        with pytest.raises(NoSuchApiError):
            Run(in_turn(NoSuchApiError("no such API"))).until()


class TestReminders:
    def reminders(self, run: Run, end: float) -> Iterator[tuple[float, Waiting]]:
        for seconds in map(float, range(int(end) + 1)):
            run.until(seconds)
            for event in run.job.on_time(at(seconds)):
                assert isinstance(event, Waiting)
                yield seconds, event

    def test_come_after_each_minute_without_a_change(self) -> None:
        run = Run(lambda now: stands("RUNNING" if now < 70 else "ROLLBACKING"))
        reminders = list(self.reminders(run, 200))

        [changed] = [seconds for seconds in run.moments if seconds >= 70][:1]
        assert [seconds for seconds, _ in reminders] == [60, *(int(changed) + n for n in (61, 121))]
        assert [each.report.job.execution_status for _, each in reminders if each.report] == [
            "RUNNING", "ROLLBACKING", "ROLLBACKING",
        ]  # fmt: skip

    def test_say_that_a_job_is_missing_until_it_is_there(self) -> None:
        run = Run(lambda now: not_found() if now < 70 else stands("RUNNING"), wait_for_job=1000)
        (first, missing), (_, there) = self.reminders(run, 140)

        assert (first, missing) == (60, Waiting(at(60).time, "JOB1", None, is_missing=True))
        assert there.report
        assert not there.is_missing

    def test_say_that_nothing_is_known(self) -> None:
        followed = FollowedJob("JOB1", Plan(), Catalogue(), 0.0)

        assert followed.on_time(at(59.9)) == []
        assert followed.on_time(at(60)) == [Waiting(at(60).time, "JOB1", None)]

    def test_end_with_the_job(self) -> None:
        assert list(self.reminders(Run(in_turn("SUCCEEDED")), 200)) == []


class TestPicture:
    def test_has_the_trouble_of_the_last_poll_and_the_time_to_the_next(self) -> None:
        run = Run(in_turn("RUNNING", fails(), "RUNNING", fails(), "SUCCEEDED"), interval=4)
        pictures = []
        while not run.job.has_ended:
            run.poll()
            pictures.append(run.job.snapshot_at(run.polls[-1][0] + 1))

        trouble = "the service failed"
        assert [each.trouble for each in pictures] == [None, trouble, None, trouble, None]
        assert [each.poll_in for each in pictures] == [3, 3, 3, 3, None]
        assert {each.job_id for each in pictures} == {"JOB1"}


class TestTimes:
    def elapsed(self, followed: FollowedJob, seconds: float) -> float | None:
        report = followed.report_at(seconds)
        return report.elapsed_seconds if report else None

    def test_are_unknown_before_the_first_poll(self) -> None:
        assert FollowedJob("JOB1", Plan(), Catalogue(), 0.0).report_at(1) is None

    def test_run_on_between_polls_by_the_services_clock(self) -> None:
        def play(now: float) -> Result:
            return stands("RUNNING", task(1, "RUNNING"), as_of=START + timedelta(seconds=now + 5))

        run = Run(play, interval=4)
        run.poll()
        assert self.elapsed(run.job, 1.5) == 6.5
        run.poll()
        assert self.elapsed(run.job, 5.5) == 10.5

    def test_never_run_backwards(self) -> None:
        # The Date header has whole seconds only, cut off.
        dates = {0.0: 10, 2.0: 11, 5.0: 14}
        run = Run(
            lambda now: stands(
                "RUNNING", task(1, "RUNNING"), as_of=START + timedelta(seconds=dates[now])
            )
        ).until(5)

        assert self.elapsed(run.job, 6) == 16

    def test_that_run_on_claim_no_more_tasks_than_were_requested(self) -> None:
        run = Run(in_turn("RUNNING"), status_only=True)
        run.poll()
        report = run.job.report_at(1)

        assert report
        assert not report.is_whole

    @pytest.mark.parametrize("reply", [stands("SUCCEEDED"), stands("RUNNING")._replace(as_of=None)])
    def test_stand_still_after_the_end_and_without_the_services_clock(
        self, reply: JobDetail
    ) -> None:
        run = Run(lambda _: reply)
        run.poll()

        assert run.job.report_at(1000) is run.job.report

    @pytest.mark.parametrize("year", [1, 9999])
    def test_may_be_at_an_end_of_the_calendar(self, year: int) -> None:
        end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        run = Run(in_turn(stands("RUNNING", as_of=end)))
        run.poll()
        report = run.job.report_at(60)

        assert report
        assert report.detail.as_of == (end if year == 9999 else end + timedelta(seconds=60))

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
    @pytest.mark.parametrize("as_of", [START, EARLIEST, LATEST])
    def test_of_tasks_may_be_at_the_ends_of_the_calendar(
        self, moment: str, as_of: datetime
    ) -> None:
        running, ended = (
            stands(
                status,
                task(1, status, CREATED_AT=moment, LAST_HEALTH_CHECK=moment),
                as_of=as_of,
            )
            for status in ("RUNNING", "FAILED")
        )
        run = Run(in_turn(running, running, ended))
        run.poll()
        run.job.report_at(60)
        run.job.on_time(at(60))
        run.until()

        assert run.verdicts == [Outcome.FAILED]
        assert {type(each) for each in run.events} <= {JobStatus, TaskStatus, Stall, Verdict}
