"""Polling jobs with real threads and clocks, from a source that a test plays."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from casjob.background import Deadline
from casjob.catalogue.meanings import Catalogue
from casjob.errors import AuthenticationError, JobNotFoundError, ReplyError, TransientError
from casjob.errors import ExitStatus as Status
from casjob.follow.job import FollowedJob, Plan
from casjob.follow.poller import Poller, choose_due
from casjob.job.detail import JobDetail, Window
from casjob.job.events import Event, Retry, StillWaiting, TaskStatus, Verdict
from casjob.job.statuses import Outcome
from tests.follow.test_job import at, in_turn, not_found, stands
from tests.samples import task
from tests.terminal import PATIENCE

Play = Callable[[str, Window], JobDetail]


def follow(
    play: Play,
    *job_ids: str,
    slow_down: Callable[[], None] = lambda: None,
    timeout: float | None = None,
    **plan: Any,
) -> Poller:
    plan = {"interval": 0.001, "deadline": Deadline(timeout), **plan}
    jobs = job_ids or ["JOB1"]
    return Poller(
        play,
        jobs,
        Plan(**plan),
        catalogue=Catalogue(),
        slow_down=slow_down,
        full_speed_jobs=2,
    )


def in_turns(**results: list[Any]) -> Play:
    """Bring each job's statuses and errors in turn, and then always the last."""
    plays = {job_id: in_turn(*each) for job_id, each in results.items()}

    def play(job_id: str, _window: Window) -> JobDetail:
        result = plays[job_id](0)
        if isinstance(result, Exception):
            raise result
        return result

    return play


def all_events(poller: Poller) -> list[Event | StillWaiting]:
    return [event for event in poller.events() if event]


def verdicts_of(poller: Poller) -> list[tuple[str, Outcome]]:
    return [
        (each.job_id, each.report.outcome)
        for each in all_events(poller)
        if isinstance(each, Verdict)
    ]


class TestJobs:
    def test_are_polled_side_by_side(self) -> None:
        others_ended = threading.Event()

        def play(job_id: str, _window: Window) -> JobDetail:
            if job_id == "JOB1":
                assert others_ended.wait(PATIENCE)
            return stands("SUCCEEDED")

        poller = follow(play, "JOB1", "JOB2", "JOB3")
        ended = []
        for event in poller.events():
            if isinstance(event, Verdict):
                ended.append(event.job_id)
                if len(ended) == 2:
                    others_ended.set()

        assert sorted(ended[:2]) == ["JOB2", "JOB3"]
        assert ended[2:] == ["JOB1"]
        assert poller.exit_status is Status.SUCCESS

    def test_are_polled_eight_at_a_time_at_most(self) -> None:
        eight = threading.Barrier(8)
        lock = threading.Lock()
        running, most = 0, 0

        def play(_job_id: str, _window: Window) -> JobDetail:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            eight.wait(PATIENCE)
            with lock:
                running -= 1
            return stands("SUCCEEDED")

        job_ids = [f"JOB{number}" for number in range(16)]
        assert sorted(job for job, _ in verdicts_of(follow(play, *job_ids))) == sorted(job_ids)
        assert most == 8

    def test_are_polled_no_more_than_eight_at_a_time_while_some_polls_hang(self) -> None:
        is_over = threading.Event()
        polled: list[str] = []

        def play(job_id: str, _window: Window) -> JobDetail:
            polled.append(job_id)
            if job_id != "JOB0":
                assert is_over.wait(PATIENCE)
            return stands("SUCCEEDED")

        events = follow(play, *(f"JOB{number}" for number in range(16)), tick=0.001).events()
        while len(polled) < 9:
            next(events)
        for _ in range(50):
            next(events)
        assert len(polled) == 9
        is_over.set()
        assert sum(isinstance(event, Verdict) for event in events) == 15

    def test_about_to_end_are_polled_first_and_then_those_longest_due(self) -> None:
        plan, catalogue = Plan(status_only=True), Catalogue()
        jobs = {due: FollowedJob(f"JOB{due}", plan, catalogue, due) for due in (1, 2, 3, 9)}
        ending = FollowedJob("JOB0", plan, catalogue, 0)
        ending.on_reply(stands("FAILED"), at(4))

        chosen = choose_due([jobs[3], jobs[9], jobs[1], ending, jobs[2]], 5)
        assert chosen == [ending, jobs[1], jobs[2], jobs[3]]

    @pytest.mark.parametrize(("jobs", "interval"), [(1, 2), (2, 2), (6, 6)])
    def test_are_polled_less_often_if_they_are_many(self, jobs: int, interval: float) -> None:
        job_ids = [f"JOB{number}" for number in range(jobs)]
        play = in_turns(**{job_id: ["RUNNING"] for job_id in job_ids})
        began = time.monotonic()
        poller = follow(play, *job_ids, interval=None)
        events = poller.events()
        while not all(job.report for job in poller.jobs):
            next(events)

        assert all(interval <= job.due - began < interval + 1 for job in poller.jobs)

    def test_are_polled_for_their_status_and_once_for_the_whole(self) -> None:
        windows = []
        play = in_turns(JOB1=["RUNNING", "FAILED"])

        def note(job_id: str, window: Window) -> JobDetail:
            windows.append(window)
            return play(job_id, window)

        assert verdicts_of(follow(note, status_only=True)) == [("JOB1", Outcome.FAILED)]
        assert windows == [Window(limit=1), Window(limit=1), Window()]


class TestErrors:
    def test_that_waiting_does_not_mend_end_it(self) -> None:
        poller = follow(in_turns(JOB1=["RUNNING", AuthenticationError("no")]))

        with pytest.raises(AuthenticationError):
            all_events(poller)

        assert [job.job_id for job in poller.unfinished] == ["JOB1"]

    def test_of_one_job_keep_the_verdicts_of_those_that_were_seen_to_end(self) -> None:
        has_ended, is_over = threading.Event(), threading.Event()

        def play(job_id: str, window: Window) -> JobDetail:
            if job_id == "JOB2":
                assert has_ended.wait(PATIENCE)
                raise AuthenticationError("no")
            if window.is_whole:
                assert is_over.wait(PATIENCE)
            return stands("FAILED")

        poller = follow(play, "JOB1", "JOB2", status_only=True)
        ended = []

        def read() -> None:
            for event in poller.events():
                has_ended.set()
                if isinstance(event, Verdict):
                    ended.append(event.job_id)

        with pytest.raises(AuthenticationError):
            read()
        is_over.set()

        assert ended == ["JOB1"]

    def test_of_casjob_itself_are_raised_as_they_are(self) -> None:
        def play(_job_id: str, _window: Window) -> JobDetail:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            all_events(follow(play))

    def test_of_a_job_that_is_not_found_leave_the_others(self) -> None:
        poller = follow(in_turns(JOB1=["RUNNING", "SUCCEEDED"], JOB2=[not_found()]), "JOB1", "JOB2")

        assert verdicts_of(poller) == [("JOB1", Outcome.SUCCEEDED)]
        assert poller.unfinished == []
        assert [type(job.not_found) for job in poller.jobs] == [type(None), JobNotFoundError]

    @pytest.mark.parametrize(
        ("error", "interval", "times"),
        [
            (TransientError("busy", retry_after=0.0), None, 1),
            (TransientError("busy"), None, 0),
            (ReplyError("garbage"), None, 0),
            (TransientError("busy", retry_after=0.0), 0.001, 0),
        ],
    )
    def test_that_ask_for_fewer_requests_slow_it_down(
        self, error: Exception, interval: float | None, times: int
    ) -> None:
        slowed: list[int] = []
        poller = follow(
            in_turns(JOB1=[error]), slow_down=lambda: slowed.append(1), interval=interval
        )
        events = poller.events()
        while not isinstance(next(events), Retry):
            pass

        assert len(slowed) == times


class TestTimeout:
    def test_passes_while_a_poll_hangs(self) -> None:
        is_over = threading.Event()

        def play(_job_id: str, _window: Window) -> JobDetail:
            assert is_over.wait(PATIENCE)
            return stands("RUNNING")

        poller = follow(play, timeout=0.05)
        assert all_events(poller) == []
        is_over.set()

        assert poller.exit_status is Status.TIMED_OUT

    def test_passes_before_an_end_is_confirmed(self) -> None:
        is_over = threading.Event()

        def play(job_id: str, window: Window) -> JobDetail:
            if window.is_whole:
                assert is_over.wait(PATIENCE)
            return stands("FAILED" if job_id == "JOB1" else "RUNNING")

        for job_ids, status in (
            (["JOB1"], Status.FAILED),
            (["JOB1", "JOB2"], Status.TIMED_OUT),
        ):
            poller = follow(play, *job_ids, status_only=True, timeout=0.1)
            assert verdicts_of(poller) == [("JOB1", Outcome.FAILED)]
            assert poller.exit_status is status
        is_over.set()


class TestFailFast:
    def test_stops_at_the_first_failed_task(self) -> None:
        play = in_turns(
            JOB1=[
                stands("RUNNING", task(1), task(2, "RUNNING")),
                stands("RUNNING", task(1), task(2, "FAILED"), task(3, "RUNNING")),
            ]
        )
        poller = follow(play, fail_fast=True)
        events = all_events(poller)

        # Everything in this reply is reported, the verdict last.
        assert [type(each) for each in events[-3:]] == [TaskStatus, TaskStatus, Verdict]
        assert poller.exit_status is Status.FAILED

    @pytest.mark.parametrize("failed", ["FAILED", stands("CANCELLED", task(1))])
    def test_stops_at_the_first_failed_job_also_without_a_failed_task(self, failed: Any) -> None:
        play = in_turns(JOB1=["RUNNING"], JOB2=["RUNNING", failed], JOB3=["RUNNING"])
        poller = follow(play, "JOB1", "JOB2", "JOB3", fail_fast=True)

        assert verdicts_of(poller) == [("JOB2", Outcome.FAILED)]
        assert [job.job_id for job in poller.unfinished] == ["JOB1", "JOB3"]

    def test_does_not_matter_where_all_goes_well(self) -> None:
        poller = follow(in_turns(JOB1=["RUNNING", "SUCCEEDED"]), fail_fast=True)

        assert verdicts_of(poller) == [("JOB1", Outcome.SUCCEEDED)]
        assert poller.exit_status is Status.SUCCESS


class TestExitStatus:
    @pytest.mark.parametrize(
        ("last", "status"),
        [
            (["SUCCEEDED", "SKIPPED"], Status.SUCCESS),
            (["SUCCEEDED", "ROLLBACKED"], Status.FAILED),
            (["SUCCEEDED", not_found()], Status.NOT_FOUND),
            ([not_found(), "FAILED"], Status.NOT_FOUND),
            ([not_found(), "FAILED", "RUNNING"], Status.TIMED_OUT),
        ],
    )
    def test_is_the_worst_of_what_became_of_the_jobs(self, last: list[Any], status: Status) -> None:
        jobs = {f"JOB{number}": [each] for number, each in enumerate(last)}
        poller = follow(in_turns(**jobs), *jobs, timeout=0.3)
        all_events(poller)

        assert poller.exit_status is status


class TestChancesToDraw:
    def test_come_at_every_tick(self) -> None:
        is_over = threading.Event()

        def play(_job_id: str, _window: Window) -> JobDetail:
            assert is_over.wait(PATIENCE)
            return stands("SUCCEEDED")

        events = follow(play, tick=0.001).events()
        assert [next(events) for _ in range(3)] == [None] * 3
        is_over.set()
        assert any(isinstance(each, Verdict) for each in events)


class TestReminders:
    def test_name_the_jobs_that_have_not_ended(self) -> None:
        play = in_turns(JOB1=["SUCCEEDED"], JOB2=["RUNNING"], JOB3=["RUNNING"])
        moments = [time.monotonic()]
        events = follow(play, "JOB1", "JOB2", "JOB3", reminder=0.05, tick=0.01).events()
        reminders: list[StillWaiting] = []
        while len(reminders) < 2:
            event = next(events)
            if isinstance(event, StillWaiting):
                reminders.append(event)
                moments.append(time.monotonic())

        last = reminders[-1]
        assert last.jobs == 3
        assert [each.job_id for each in last.unfinished] == ["JOB2", "JOB3"]
        assert all(later - sooner >= 0.04 for sooner, later in pairwise(moments))
        assert all(each.report for each in last.unfinished)
