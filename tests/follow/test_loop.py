"""Following by a clock of its own: time passes only while it waits."""

import itertools
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

import httpx
import pytest

import casjob.api.v2
from casjob.api.client import ServiceStage
from casjob.api.endpoint import Wire
from casjob.api.pace import BURST, RATE, Pace
from casjob.api.retry import RetryPolicy
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    JobNotFoundError,
    ReplyError,
    ServiceError,
    TransientError,
)
from casjob.follow.loop import Following
from casjob.follow.plan import Plan
from casjob.job.events import JobStatus, Retry, TaskStatus, Verdict, Waiting
from casjob.job.models import JobDetail
from casjob.job.statuses import STATUS_WORDS, Outcome, stage_of
from tests.samples import START, job, task

Play = Callable[[str, float], httpx.Response]
"""Answers a request for a job at so many seconds since the beginning."""


class _Looks(queue.SimpleQueue[Any]):
    """Instead of waiting for a look, passes the time."""

    def __init__(self, scene: "Scene") -> None:
        self._scene = scene

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - queue's own
        if self.empty():
            assert block
            self._scene.pass_time(timeout or 0.0)
        return super().get(block=False)


class Scene:
    """Jobs that are followed, and the service that they are at."""

    def __init__(
        self, play: Play, *job_ids: str, burst: float = BURST, rate: float = RATE, **plan: Any
    ) -> None:
        self.now = 0.0
        self.ends = float("inf")
        self.requests: list[tuple[float, str, str]] = []
        self._play = play
        pace = Pace(burst=burst, rate=rate, clock=self._clock, sleep=self.pass_time)
        wire = Wire(
            "http://service.test",
            timeout=30,
            retry=RetryPolicy(tries=0),
            tell=lambda _: None,
            pace=pace.wait,
            transport=httpx.MockTransport(self._answer),
        )
        service = ServiceStage(
            wire, auth=None, version=casjob.api.v2, project_id="p", place="a test"
        )
        self.following = Following(
            service,
            pace,
            job_ids or ["JOB1"],
            Plan(**plan),
            clock=self._clock,
            begin=_begin,
            looks=_Looks(self),
        )

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def events(self) -> list[object]:
        """Return all that happens, without the moments to draw."""
        return [event for event in self._until_the_end() if event]

    def _until_the_end(self) -> Iterator[object]:
        for event in self.following.events():
            yield event
            if self.now >= self.ends:
                return

    def _clock(self) -> float:
        return self.now

    def _answer(self, request: httpx.Request) -> httpx.Response:
        job_id = request.url.path.rpartition("/")[2]
        self.requests.append((self.now, job_id, request.url.params["limit"]))
        response = self._play(job_id, self.now)
        date = format_datetime(START + timedelta(seconds=self.now), usegmt=True)
        response.headers.setdefault("Date", date)
        return response


def _begin(look: Callable[[], JobDetail]) -> "Future[JobDetail]":
    future: Future[JobDetail] = Future()
    try:
        future.set_result(look())
    except CasjobError as error:
        future.set_exception(error)
    return future


def stands(status: str | None, *tasks: dict[str, object], **more: Any) -> httpx.Response:
    return httpx.Response(200, json=job(status, *(tasks or (task(1, status),)), **more))


def fails(status: int = 503, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers)


def at_last(*statuses: str | None) -> Play:
    """Answer each request for a job with the next of its statuses, and then with the last."""
    left: dict[str, list[str | None]] = {}

    def play(job_id: str, _: float) -> httpx.Response:
        coming = left.setdefault(job_id, list(statuses))
        return stands(coming.pop(0) if len(coming) > 1 else coming[0], JOB_ID=job_id)

    return play


def statuses_in(events: list[object]) -> list[tuple[str | None, str | None]]:
    return [(each.before, each.after) for each in events if isinstance(each, JobStatus)]


def verdicts_in(events: list[object]) -> list[tuple[str, Outcome]]:
    return [(each.job_id, each.report.outcome) for each in events if isinstance(each, Verdict)]


class TestPolling:
    def test_slows_down_while_nothing_changes(self) -> None:
        scene = Scene(lambda *_: stands("RUNNING"), status_only=True)
        scene.ends = 75
        scene.events()

        moments = [moment for moment, _, _ in scene.requests]
        gaps = [round(b - a, 2) for a, b in itertools.pairwise(moments)]
        assert gaps == [2, 3, 4.5, 6.75, 10.12, 15, 15, 15]

    def test_is_quick_again_after_a_change(self) -> None:
        scene = Scene(lambda _, now: stands("SUBMITTED" if now < 10 else "RUNNING"))
        scene.ends = 24
        scene.events()

        assert [round(moment, 2) for moment, _, _ in scene.requests] == [
            0, 2, 5, 9.5, 16.25, 18.25, 21.25,
        ]  # fmt: skip

    def test_keeps_to_the_interval_that_is_given(self) -> None:
        scene = Scene(lambda *_: stands("RUNNING"), interval=7)
        scene.ends = 30
        scene.events()

        assert [moment for moment, _, _ in scene.requests] == [0, 7, 14, 21, 28]

    @pytest.mark.parametrize("status_only", [True, False])
    def test_of_twenty_jobs_stays_within_200_requests_in_5_minutes(
        self, *, status_only: bool
    ) -> None:
        ids = [f"JOB{number}" for number in range(20)]
        # Something changes in each job every 20 seconds, so that all want to be looked at often.
        words = ("RUNNING", "ROLLBACKING")
        scene = Scene(
            lambda _, now: stands(words[int(now / 20) % 2]), *ids, status_only=status_only
        )
        scene.ends = 620
        scene.events()

        moments = [moment for moment, _, _ in scene.requests]
        assert max(sum(a <= b < a + 300 for b in moments) for a in moments) <= 200
        assert max(sum(a <= b < a + 1 for b in moments) for a in moments) <= 5
        # Nobody is forgotten over it.
        for job_id in ids:
            own = [moment for moment, asked, _ in scene.requests if asked == job_id]
            assert max(b - a for a, b in itertools.pairwise(own)) < 60

    def test_asks_for_the_status_alone_where_that_is_enough(self) -> None:
        scene = Scene(at_last("RUNNING", "SUCCEEDED"), status_only=True)

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.SUCCEEDED)]
        assert [limit for _, _, limit in scene.requests] == ["1", "1"]

    def test_asks_for_the_whole_of_a_job_that_ended_badly(self) -> None:
        scene = Scene(at_last("RUNNING", "FAILED"), status_only=True)

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.FAILED)]
        assert [limit for _, _, limit in scene.requests] == ["1", "1", "50"]

    def test_of_a_job_that_was_over_before_takes_no_time(self) -> None:
        scene = Scene(at_last("FAILED"), status_only=True)

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.FAILED)]
        assert scene.now < 1

    def test_looks_at_the_job_that_waits_longest_first(self) -> None:
        ids = [f"JOB{number}" for number in range(30)]
        scene = Scene(at_last("RUNNING", "RUNNING", "SUCCEEDED"), *ids, status_only=True)
        scene.events()

        assert [asked for _, asked, _ in scene.requests[:30]] == ids
        assert len(scene.requests) == 90


class TestStatuses:
    @pytest.mark.parametrize("status", [*STATUS_WORDS, "PAUSED", None])
    @pytest.mark.parametrize("status_only", [True, False])
    def test_end_or_go_on_as_they_mean(self, status: str | None, *, status_only: bool) -> None:
        scene = Scene(at_last("RUNNING", status), timeout=100, status_only=status_only)
        events = scene.events()

        stage = stage_of(status)
        assert scene.following.has_timed_out is not stage.has_ended
        assert verdicts_in(events) == ([("JOB1", stage.outcome)] if stage.has_ended else [])
        if status != "RUNNING":
            assert statuses_in(events) == [(None, "RUNNING"), ("RUNNING", status)]

    @pytest.mark.parametrize("status_only", [True, False])
    def test_that_go_back_are_followed(self, *, status_only: bool) -> None:
        play = at_last(
            "RUNNING", "FAILED", "RUNNING", "FAILED", "ROLLBACKING", "ROLLBACKED", "ROLLBACKED"
        )
        scene = Scene(play, status_only=status_only)
        events = scene.events()

        assert [after for _, after in statuses_in(events)] == [
            "RUNNING", "FAILED", "RUNNING", "FAILED", "ROLLBACKING", "ROLLBACKED",
        ]  # fmt: skip
        assert verdicts_in(events) == [("JOB1", Outcome.FAILED)]

    def test_that_go_back_and_end_well_are_a_success(self) -> None:
        scene = Scene(at_last("FAILED", "RUNNING", "SUCCEEDED"))

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.SUCCEEDED)]

    def test_of_tasks_that_go_back_are_told(self) -> None:
        words = ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]
        scene = Scene(lambda _, now: stands("RUNNING", task(1, words[int(now)])), interval=1)
        scene.ends = 3.1
        events = scene.events()

        assert [
            (each.before, each.report.task.task_status)
            for each in events
            if isinstance(each, TaskStatus)
        ] == [
            (None, "RUNNING"),
            ("RUNNING", "FAILED"),
            ("FAILED", "RUNNING"),
            ("RUNNING", "SUCCEEDED"),
        ]


class TestFailures:
    def test_are_told_and_tried_again_more_and_more_slowly(self) -> None:
        scene = Scene(lambda *_: fails())

        with pytest.raises(TransientError, match=r"the service in a test failed \(HTTP 503\)"):
            scene.events()

        moments = [round(moment, 1) for moment, _, _ in scene.requests]
        assert moments == [0, 2, 5, 9.5, 16.2, 26.4, 41.4, 56.4, 71.4, 86.4]

    def test_count_only_in_a_row(self) -> None:
        replies = iter([*(["bad"] * 9), "good"] * 3)
        scene = Scene(
            lambda *_: fails() if next(replies) == "bad" else stands("RUNNING"), interval=1
        )
        scene.ends = 29.1
        scene.events()

        assert len(scene.requests) == 30

    def test_of_half_of_the_replies_lose_and_repeat_nothing(self) -> None:
        def spoil() -> Iterator[httpx.Response]:
            while True:
                yield fails(503)
                yield fails(429)
                yield httpx.Response(200, text="<html>")
                yield httpx.Response(200, json={"jobs": []})
                yield fails(500)

        spoiled, turn = spoil(), iter(range(10_000))

        def play(_: str, now: float) -> httpx.Response:
            if next(turn) % 2:
                return next(spoiled)
            step = int(now / 30)
            status = "SUCCEEDED" if step > 4 else "RUNNING"
            return stands(
                status,
                *(task(each, "SUCCEEDED") for each in range(1, step + 1)),
                *([] if status == "SUCCEEDED" else [task(step + 1, "RUNNING")]),
            )

        scene = Scene(play)
        events = scene.events()

        told = [event for event in events if not isinstance(event, Retry | Waiting)]
        assert statuses_in(told) == [(None, "RUNNING"), ("RUNNING", "SUCCEEDED")]
        assert [
            (each.report.task.task_index, each.before, each.report.task.task_status)
            for each in told
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
        assert verdicts_in(told) == [("JOB1", Outcome.SUCCEEDED)]
        assert {each.failures for each in events if isinstance(each, Retry)} == {1}

    @pytest.mark.parametrize(
        ("asked", "waited"), [("7", 7.0), ("1", 2.0), ("86400", 300.0), ("0", 2.0)]
    )
    def test_wait_as_long_as_the_service_asks_within_reason(
        self, asked: str, waited: float
    ) -> None:
        replies = iter([fails(429, **{"Retry-After": asked}), stands("SUCCEEDED")])
        scene = Scene(lambda *_: next(replies))
        scene.events()

        assert scene.requests[1][0] == pytest.approx(waited, abs=0.01)

    def test_slow_many_jobs_down_when_the_service_asks_for_it(self) -> None:
        ids = [f"JOB{number}" for number in range(200)]

        def play(_: str, now: float) -> httpx.Response:
            return fails(429) if 40 < now < 300 else stands("RUNNING")

        scene = Scene(play, *ids, burst=400, rate=5, status_only=True)
        scene.ends = 600
        events = scene.events()

        moments = [moment for moment, _, _ in scene.requests]
        assert sum(moment < 41 for moment in moments) >= 155
        assert sum(60 <= moment < 360 for moment in moments) <= 151
        assert max(each.failures for each in events if isinstance(each, Retry)) < 5

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (fails(401), AuthenticationError),
            (fails(403), AuthenticationError),
            (fails(404), JobNotFoundError),
        ],
    )
    @pytest.mark.parametrize("seen", [True, False])
    def test_that_waiting_does_not_mend_end_it_at_once(
        self, reply: httpx.Response, error: type[CasjobError], *, seen: bool
    ) -> None:
        replies = iter([stands("RUNNING"), reply] if seen else [reply])
        scene = Scene(lambda *_: next(replies))

        with pytest.raises(error):
            scene.events()

        assert len(scene.requests) == 1 + seen

    def test_that_leave_out_a_task_do_not_make_it_new_again(self) -> None:
        both = stands("RUNNING", task(1, "RUNNING"), task(2, "RUNNING"))
        one = stands("RUNNING", task(1, "RUNNING"))
        replies = iter([both, one, both, one, stands("SUCCEEDED", task(1), task(2))])
        events = Scene(lambda *_: next(replies)).events()

        told = [
            (each.report.task.task_index, each.before)
            for each in events
            if isinstance(each, TaskStatus)
        ]
        assert told == [(1, None), (2, None), (1, "RUNNING"), (2, "RUNNING")]

    @pytest.mark.parametrize("reply", [fails(401), fails(404)])
    def test_after_the_end_was_seen_take_nothing_from_it(self, reply: httpx.Response) -> None:
        replies = iter([stands("RUNNING"), stands("FAILED"), reply])

        assert verdicts_in(Scene(lambda *_: next(replies)).events()) == [("JOB1", Outcome.FAILED)]

    def test_of_one_page_do_not_throw_away_the_others(self) -> None:
        def count(document: dict[str, Any]) -> httpx.Response:
            return httpx.Response(200, json=document)

        replies = iter(
            [
                count(job("SUCCEEDED", task(1), task_count=2)),
                fails(),
                count(job("SUCCEEDED", task(2), task_count=2)),
            ]
        )
        scene = Scene(lambda *_: next(replies))

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.SUCCEEDED)]
        assert len(scene.requests) == 3

    @pytest.mark.parametrize("reply", [fails(400), fails(302, Location="http://login.test")])
    def test_that_mean_a_wrong_address_at_the_start_may_pass_later(
        self, reply: httpx.Response
    ) -> None:
        with pytest.raises(ServiceError):
            Scene(lambda *_: reply).events()

        replies = iter([stands("RUNNING"), reply, stands("SUCCEEDED")])
        assert verdicts_in(Scene(lambda *_: next(replies)).events()) == [
            ("JOB1", Outcome.SUCCEEDED)
        ]

    def test_to_understand_ten_replies_end_it(self) -> None:
        scene = Scene(lambda *_: httpx.Response(200, text="garbage"))

        with pytest.raises(ReplyError):
            scene.events()

        assert len(scene.requests) == 10

    def test_of_casjob_itself_are_not_tried_again(self) -> None:
        scene = Scene(lambda *_: stands("RUNNING"))

        def look(_: Callable[[], JobDetail]) -> "Future[JobDetail]":
            future: Future[JobDetail] = Future()
            future.set_exception(ZeroDivisionError())
            return future

        scene.following._begin = look  # noqa: SLF001 - such a bug can't be had otherwise

        with pytest.raises(ZeroDivisionError):
            scene.events()


class TestJobThatIsNotThereYet:
    def test_is_waited_for(self) -> None:
        scene = Scene(
            lambda _, now: fails(404) if now < 70 else stands("SUCCEEDED"), wait_for_job=100
        )
        events = scene.events()

        assert verdicts_in(events) == [("JOB1", Outcome.SUCCEEDED)]
        assert [each.report for each in events if isinstance(each, Waiting)] == [None]
        assert scene.now == pytest.approx(70, abs=2)

    def test_is_an_error_at_the_end_of_that_time(self) -> None:
        scene = Scene(lambda *_: fails(404), wait_for_job=10)

        with pytest.raises(JobNotFoundError):
            scene.events()

        assert scene.now == 10

    def test_does_not_add_to_failures_in_a_row(self) -> None:
        turn = iter(range(1000))
        scene = Scene(lambda *_: fails(404 if next(turn) % 9 == 8 else 503), wait_for_job=100)

        with pytest.raises(JobNotFoundError):
            scene.events()

    def test_is_not_waited_for_once_it_was_there(self) -> None:
        replies = iter([stands("RUNNING"), fails(404)])
        scene = Scene(lambda *_: next(replies), wait_for_job=100)

        with pytest.raises(JobNotFoundError):
            scene.events()


class TestTime:
    def test_is_up_to_the_moment(self) -> None:
        scene = Scene(lambda *_: stands("RUNNING"), timeout=33)

        assert verdicts_in(scene.events()) == []
        assert (scene.following.has_timed_out, scene.now) == (True, 33)

    def test_is_up_before_a_failure_is_confirmed(self) -> None:
        scene = Scene(at_last("RUNNING", "FAILED"), "JOB1", timeout=3, status_only=True)

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.FAILED)]
        assert not scene.following.has_timed_out

    def test_without_change_is_told_once_a_minute(self) -> None:
        scene = Scene(lambda *_: stands("RUNNING"))
        scene.ends = 200
        events = scene.events()

        waiting = [event for event in events if isinstance(event, Waiting)]
        assert len(waiting) == 3
        assert all(
            each.report and each.report.job.execution_status == "RUNNING" for each in waiting
        )

    def test_that_jumps_goes_on(self) -> None:
        scene = Scene(lambda _, now: stands("RUNNING" if now < 30 else "SUCCEEDED"))
        moments = iter(scene.following.events())
        while scene.now < 10:
            next(moments)
        scene.now += 8 * 3600

        assert verdicts_in(list(moments)) == [("JOB1", Outcome.SUCCEEDED)]

    def test_to_draw_comes_at_every_tick(self) -> None:
        scene = Scene(lambda *_: stands("RUNNING"), tick=0.5, timeout=10)
        moments = [scene.now for event in scene.following.events() if event is None]

        assert max(b - a for a, b in itertools.pairwise(moments)) == 0.5

    def test_runs_on_between_looks_by_the_services_clock(self) -> None:
        began = START.isoformat()
        scene = Scene(
            lambda *_: stands("RUNNING", task(1, "RUNNING", CREATED_AT=began)), interval=4
        )
        [followed] = scene.following.jobs
        assert followed.report_at(0) is None
        events = scene.following.events()
        elapsed = []
        while scene.now < 9:
            next(events)
            report = followed.report_at(scene.now + 1.5)
            assert report
            elapsed.append(report.elapsed_seconds)

        assert elapsed[0] == 1.5
        assert elapsed[-1] == scene.now + 1.5

    def test_never_runs_backwards(self) -> None:
        # The header Date has whole seconds only, cut off.
        dates = {0.0: 10, 2.0: 11, 5.0: 14}

        def play(_: str, now: float) -> httpx.Response:
            date = START + timedelta(seconds=dates[now])
            reply = stands("RUNNING", task(1, "RUNNING", CREATED_AT=START.isoformat()))
            reply.headers["Date"] = format_datetime(date, usegmt=True)
            return reply

        scene = Scene(play)
        scene.ends = 5
        scene.events()
        [followed] = scene.following.jobs
        report = followed.report_at(6)

        assert report
        assert report.elapsed_seconds == 16

    def test_may_be_at_the_end_of_the_calendar(self) -> None:
        def play(*_: object) -> httpx.Response:
            reply = stands("RUNNING")
            reply.headers["Date"] = "Fri, 31 Dec 9999 23:59:59 GMT"
            return reply

        scene = Scene(play, timeout=1)
        scene.events()
        [followed] = scene.following.jobs

        assert followed.report_at(60) is followed.report
        assert followed.report
        assert followed.report.detail.as_of == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class TestFailFast:
    def test_ends_at_the_first_failed_task(self) -> None:
        replies = iter(
            [
                stands("RUNNING", task(1), task(2, "RUNNING")),
                stands("RUNNING", task(1), task(2, "FAILED"), task(3, "RUNNING")),
            ]
        )
        scene = Scene(lambda *_: next(replies), fail_fast=True)
        events = scene.events()

        assert scene.following.has_met_failure
        # All that this look brought is told, the verdict at last.
        assert [type(each) for each in events[-3:]] == [TaskStatus, TaskStatus, Verdict]
        assert verdicts_in(events) == [("JOB1", Outcome.RUNNING)]

    def test_ends_at_the_first_failed_job(self) -> None:
        def play(job_id: str, now: float) -> httpx.Response:
            has_failed = job_id == "JOB2" and now > 3
            return stands("FAILED" if has_failed else "RUNNING", task(1), JOB_ID=job_id)

        scene = Scene(play, "JOB1", "JOB2", "JOB3", fail_fast=True)

        assert verdicts_in(scene.events()) == [("JOB2", Outcome.FAILED)]
        assert [each.has_ended for each in scene.following.jobs] == [False, True, False]

    def test_is_no_matter_to_what_goes_well(self) -> None:
        scene = Scene(at_last("RUNNING", "SUCCEEDED"), fail_fast=True)

        assert verdicts_in(scene.events()) == [("JOB1", Outcome.SUCCEEDED)]
        assert not scene.following.has_met_failure


def test_a_reply_that_says_nothing_but_http_is_no_success() -> None:
    with pytest.raises(ReplyError):
        Scene(lambda *_: httpx.Response(HTTPStatus.NO_CONTENT)).events()
