from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from casjob.catalogue.meanings import Catalogue
from casjob.commands.tasks import Selection
from casjob.job.detail import Window
from casjob.job.failures import Failure
from casjob.job.report import Report, TaskReport, group_phases, report_job
from casjob.job.statuses import STATUS_WORDS, Outcome, stage_of
from tests.samples import AS_OF, JOB_ID, START, Fields, in_v3, job, report_of, separator, task
from tests.service import documented_job

BAD_WORDS = ["FAILED", "PARTIALLY_FAILED", "CANCELLED", "ROLLBACKED"]
UNFINISHED = "task 1 TX00001, task 3 TX00003."


def names(tasks: tuple[TaskReport, ...]) -> list[str | None]:
    return [each.task.task_name for each in tasks]


def indexes(tasks: tuple[TaskReport, ...]) -> list[int | None]:
    return [each.task.task_index for each in tasks]


class TestTheDocumentedJob:
    @property
    def report(self) -> Report:
        return report_of(documented_job())

    def test_failed_after_35_seconds(self) -> None:
        assert self.report.outcome is Outcome.FAILED
        assert self.report.started == START + timedelta(milliseconds=344)
        assert self.report.elapsed_seconds == 35.631
        assert self.report.ended == START + timedelta(milliseconds=35_975)
        assert self.report.first_moment == self.report.started
        assert self.report.last_moment == self.report.ended

    def test_has_its_cause_in_its_last_task(self) -> None:
        report = self.report
        [cause] = report.failed

        assert report.cause is cause
        assert cause.task.label == "task 9 TN00097"
        assert cause.name == "task 9 TN00097 wait for the build to succeed"
        assert [each.means for each in report.tasks] == [
            (), (), (), (), ("the build of the application failed: read the build's log",),
        ]  # fmt: skip
        assert cause.phase == "BUILDING"
        assert cause.message == Failure(code="ECC00011", detail="Building failed.")

    def test_has_three_steps_of_which_two_succeeded(self) -> None:
        assert names(self.report.steps) == ["TN00091", "TN00094", "TN00097"]
        outcomes = [each.stage.outcome for each in self.report.steps]
        assert outcomes == [Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED]

    def test_tells_how_long_each_task_took(self) -> None:
        elapsed = [each.elapsed_seconds for each in self.report.tasks]
        assert elapsed == [0.0, 0.001, 5.578, 0.036, 30.013]

    def test_is_complete_and_adds_up(self) -> None:
        assert self.report.is_complete
        assert self.report.has_all
        assert self.report.contradictions == ()

    def test_means_the_same_from_version_3(self) -> None:
        v3 = report_of(in_v3(dict(documented_job())))

        assert v3.outcome is self.report.outcome
        assert v3.elapsed_seconds == self.report.elapsed_seconds
        assert v3.job.rollback_enabled is False
        assert v3.contradictions == ()
        for ours, theirs in zip(v3.tasks, self.report.tasks, strict=True):
            assert ours._replace(task=theirs.task) == theirs


def test_a_team_s_own_meanings_are_those_of_the_report() -> None:
    catalogue = Catalogue({"TN00097": "our build", "ECC*": "ask Ann"})
    cause = report_job(report_of(documented_job()).detail, catalogue=catalogue).cause

    assert cause
    assert (cause.title, cause.means[0]) == ("our build", "ask Ann")


@pytest.mark.parametrize("task_count", [0, None])
def test_a_job_may_have_no_tasks(task_count: int | None) -> None:
    report = report_of(job("SUCCEEDED", task_count=task_count))

    assert report.task_count == 0
    assert report_job(report.detail, Window(offset=5), catalogue=Catalogue()).is_complete


def test_a_job_in_which_no_task_failed_has_no_cause() -> None:
    assert report_of(job("FAILED", task(1))).cause is None


class TestOutcome:
    @pytest.mark.parametrize("word", [*STATUS_WORDS, "PAUSED", "", None])
    def test_is_what_the_jobs_own_status_says(self, word: str | None) -> None:
        report = report_of(job(word, task(1, "FAILED"), task(2)))

        assert report.outcome is stage_of(word).outcome


class TestOrder:
    @pytest.mark.parametrize(
        ("sent", "ordered"),
        [([9, -1, 10, 0], [-1, 0, 9, 10]), ([1, 0], [0, 1]), ([9, None, 4], [9, None, 4])],
    )
    def test_is_that_of_the_indexes_if_there_are_all(
        self, sent: list[int | None], ordered: list[int | None]
    ) -> None:
        report = report_of(job("SUCCEEDED", *map(task, sent)))

        assert indexes(report.tasks) == indexes(report.shown) == ordered

    def test_of_a_task_that_was_null_is_the_last(self) -> None:
        report = report_of({"job": {}, "tasks": [None, task(2), task(1)]})

        assert indexes(report.tasks) == [1, 2, None]

    def test_of_equal_indexes_is_as_sent(self) -> None:
        sent = [task(1, TASK_NAME=name) for name in ("c", "a", "b")]

        assert names(report_of(job("SUCCEEDED", *sent)).tasks) == ["c", "a", "b"]

    def test_without_indexes_goes_from_the_first_to_the_last_if_the_last_was_sent_first(
        self,
    ) -> None:
        sent = [
            task(None, "FAILED", TASK_NAME="third"),
            task(None, TASK_NAME="second"),
            separator(None, "BUILDING"),
        ]

        report = report_of(job("FAILED", *sent), is_desc=True, is_whole=False)

        assert names(report.tasks) == ["SEPARATOR_BUILDING", "second", "third"]
        assert report.tasks[-1].phase == "BUILDING"
        assert names(Selection(desc=True).select(report).shown)[0] == "third"


class TestPhases:
    def test_begin_at_their_separators(self) -> None:
        building, deploying = separator(2, "BUILDING"), separator(4, "DEPLOYING")
        report = report_of(
            job("SUCCEEDED", task(1), building, task(3), deploying, task(5), task(6))
        )

        phases = [None, "BUILDING", "BUILDING", "DEPLOYING", "DEPLOYING", "DEPLOYING"]
        assert [each.phase for each in report.tasks] == phases
        assert indexes(report.steps) == [1, 3, 5, 6]

    def test_have_names_tasks_and_times_of_their_own(self) -> None:
        report = report_of(
            job(
                "FAILED",
                task(1),
                separator(2, "BUILDING", start=1),
                task(3, start=2, seconds=3),
                task(4, "SKIPPED", start=5, seconds=0),
                separator(5, "WAITING", start=5),
                separator(6, "DEPLOYING", start=5),
                task(7, "FAILED", start=6, seconds=2),
                separator(8, "CLEANING", start=8),
            )
        )

        assert [
            (each.name, indexes(each.tasks), each.done, each.has_succeeded, each.elapsed_seconds)
            for each in group_phases(report.tasks)
        ] == [
            (None, [1], 1, True, 1.0),
            ("BUILDING", [2, 3, 4], 2, True, 4.0),
            ("WAITING", [5], 0, False, 0.0),
            ("DEPLOYING", [6, 7], 0, False, 3.0),
            ("CLEANING", [8], 0, False, 0.0),
        ]

    def test_may_have_no_times(self) -> None:
        timeless = task(1, CREATED_AT=None, LAST_HEALTH_CHECK=None)
        [phase] = group_phases(report_of(job("SUCCEEDED", timeless)).tasks)

        assert phase.elapsed_seconds is None

    def test_are_none_without_tasks(self) -> None:
        report = report_of(job("SUCCEEDED"))

        assert list(group_phases(report.tasks)) == []
        assert report.first_moment is None

    @pytest.mark.parametrize("name", ["TASK_TYPE", "TASK_NAME"])
    @pytest.mark.parametrize("value", ["BUILDING", None])
    def test_need_a_separator_by_name_and_type(self, name: str, value: str | None) -> None:
        other: dict[str, Any] = {name: value}
        report = report_of(job("SUCCEEDED", separator(1, "BUILDING", **other)))

        assert indexes(report.steps) == [1]
        assert report.tasks[0].phase is None

    def test_may_end_badly_themselves(self) -> None:
        report = report_of(job("FAILED", separator(1, "BUILDING", TASK_STATUS="FAILED")))

        assert report.steps == ()
        assert names(report.failed) == ["SEPARATOR_BUILDING"]


UNKNOWN = None, None, None


class TestElapsed:
    @pytest.mark.parametrize(
        ("status", "sent", "seconds"),
        [
            # From its creation to its last health check, once it has ended.
            *(
                ("FAILED", task(1, word, start=3, seconds=2.5), (2.5, None, 2.5))
                for word in ("SUCCEEDED", "SKIPPED", *BAD_WORDS)
            ),
            # Until now by the service's clock, while it is under way.
            ("RUNNING", task(1, "RUNNING", start=20, seconds=90), (100, 10, 100)),
            ("RUNNING", task(1, "ROLLBACKING", start=20, seconds=90), (100, 10, 100)),
            # None at all within the second that HTTP cuts off.
            ("RUNNING", task(1, "RUNNING", start=120.9, seconds=0), (0, 0, 0)),
            ("RUNNING", task(1, "RUNNING", start=121, seconds=0), UNKNOWN),
            # Until its last health check, where the job has ended.
            ("FAILED", task(1, "RUNNING", start=1, seconds=4), (4, 115, 4)),
            # Of no other task, and not without both times.
            *(
                (word, task(1, word), UNKNOWN)
                for word in ("SUBMITTED", "SCHEDULED", "UNKNOWN", "PAUSED", None)
            ),
            *(
                ("SUCCEEDED", task(1, CREATED_AT=created), UNKNOWN)
                for created in (None, "yesterday", 15807888)
            ),
            ("SUCCEEDED", task(1, LAST_HEALTH_CHECK=None), UNKNOWN),
        ],
    )
    def test_of_a_task_since_its_heartbeat_and_of_its_job(
        self, status: str, sent: Fields, seconds: tuple[float | None, ...]
    ) -> None:
        report = report_of(job(status, sent))
        [only] = report.tasks

        elapsed = only.elapsed_seconds, only.heartbeat_age_seconds, report.elapsed_seconds
        assert elapsed == seconds

    def test_goes_on_until_now(self) -> None:
        assert report_of(job("RUNNING", task(1, "RUNNING"))).last_moment == AS_OF

    def test_is_known_where_the_calendar_ends(self) -> None:
        end = "9999-12-31T23:59:59.999999Z"
        document = job("RUNNING", task(1, "RUNNING", CREATED_AT=end, LAST_HEALTH_CHECK=end))
        now = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

        report = report_job(report_of(document).detail._replace(as_of=now), catalogue=Catalogue())

        assert report.elapsed_seconds == 0.0
        assert report.tasks[0].elapsed_seconds == report.tasks[0].heartbeat_age_seconds == 0.0

    def test_is_never_negative(self) -> None:
        report = report_of(job("SUCCEEDED", task(1, start=5, seconds=-1)))

        assert report.tasks[0].elapsed_seconds is None
        assert report.contradictions == (
            "The last health check of task 1 TX00001 is before its creation.",
        )

    @pytest.mark.parametrize(
        ("reply", "is_whole", "is_started", "elapsed"),
        [
            (job("RUNNING", task(1, start=20), task_count=7), True, True, 100),
            (job("PAUSED", task(1, "PAUSED")), True, True, None),
            # Tasks are missing that may decide it.
            (job("FAILED", task(1, "FAILED"), task_count=7), True, False, None),
            (job("RUNNING", task(4), task_count=7), False, False, None),
            (job("SUCCEEDED"), True, False, None),
        ],
    )
    def test_of_a_job_is_known_if_no_task_is_missing_but_those_that_have_not_begun(
        self, reply: object, *, is_whole: bool, is_started: bool, elapsed: float | None
    ) -> None:
        report = report_of(reply, is_whole=is_whole)

        assert (report.started is not None, report.elapsed_seconds) == (is_started, elapsed)


class TestFailed:
    def test_has_the_first_by_index_as_the_cause_and_the_others_after_it(self) -> None:
        report = report_of(
            job("FAILED", task(5, "FAILED"), task(3, "PARTIALLY_FAILED"), task(4), task(1))
        )

        assert indexes(report.failed) == [3, 5]

    def test_has_what_was_given_up_after_what_failed_by_itself(self) -> None:
        words = ["ROLLBACKED", "CANCELLED", "FAILED", "FAILED"]
        report = report_of(
            job("FAILED", *(task(number, word) for number, word in enumerate(words)))
        )

        assert indexes(report.failed) == [2, 3, 0, 1]

    @pytest.mark.parametrize("word", BAD_WORDS)
    @pytest.mark.parametrize("messages", [None, "", "{}", " ", [], {"Message": "", "Detail": None}])
    def test_has_tasks_that_say_nothing_too(self, word: str, messages: object) -> None:
        report = report_of(job("FAILED", task(1, word, messages=messages)))

        assert [each.message for each in report.failed] == [None]

    @pytest.mark.parametrize("word", ["RUNNING", "SKIPPED", "SCHEDULED", "UNKNOWN", "PAUSED"])
    def test_has_no_task_that_only_says_something(self, word: str) -> None:
        report = report_of(job("RUNNING", task(1, word, messages="waiting for a node")))

        assert report.failed == ()
        assert report.tasks[0].message == Failure(code=None, detail="waiting for a node")

    def test_lets_a_task_that_succeeded_keep_its_words(self) -> None:
        report = report_of(job("SUCCEEDED", task(1, messages='{"Message": "E", "Detail": "d"}')))

        assert (report.tasks[0].has_failed, report.tasks[0].message) == (False, None)

    @pytest.mark.parametrize(
        ("status", "other", "is_whole", "is_told"),
        [
            ("FAILED", "SUCCEEDED", True, True),
            ("FAILED", "SUCCEEDED", False, False),
            ("FAILED", "FAILED", True, False),
            ("RUNNING", "SUCCEEDED", True, False),
        ],
    )
    def test_is_told_what_a_task_that_succeeded_says_only_where_none_failed(
        self, status: str, other: str, *, is_whole: bool, is_told: bool
    ) -> None:
        reply = job(status, task(1, messages="the quota is used up"), task(2, other))

        message = report_of(reply, is_whole=is_whole).tasks[0].message

        assert (message is not None) is is_told


class TestCompleteness:
    @pytest.mark.parametrize(
        ("task_count", "is_whole", "has_all", "counted"),
        [
            (2, True, True, 2),
            (2, False, True, 2),
            (3, True, False, 3),
            (3, False, False, 3),
            (1, True, True, 2),
            (None, True, True, 2),
            (None, False, False, 2),
            ("2", True, True, 2),
            ("two", True, True, 2),
        ],
    )
    def test_is_by_the_services_own_count(
        self, task_count: object, *, is_whole: bool, has_all: bool, counted: int
    ) -> None:
        reply = job("SUCCEEDED", task(1), task(2), task_count=task_count)

        report = report_of(reply, is_whole=is_whole)

        assert report.is_whole is is_whole
        assert report.has_all is has_all
        assert report.task_count == counted

    @pytest.mark.parametrize(
        ("task_count", "window", "is_complete"),
        [
            (2, Window(), True),
            (3, Window(), False),
            (None, Window(), True),
            (105, Window(limit=2), True),
            (105, Window(limit=3), False),
            (105, Window(limit=50, offset=103), True),
            (105, Window(limit=50, offset=102), False),
            (105, Window(offset=200), True),
            (105, Window(instance_id="i"), True),
            (None, Window(offset=2), True),
        ],
    )
    def test_is_of_what_was_requested(
        self, task_count: int | None, window: Window, *, is_complete: bool
    ) -> None:
        detail = report_of(job("SUCCEEDED", task(1), task(2), task_count=task_count)).detail

        assert report_job(detail, window, catalogue=Catalogue()).is_complete is is_complete

    def test_is_unknown_without_a_task_and_without_a_count(self) -> None:
        assert not report_of(job("FAILED", task_count=None)).is_complete
        assert report_of(job("FAILED")).is_complete

    def test_is_not_that_of_tasks_which_are_said_to_be_missing(self) -> None:
        detail = report_of(job("SUCCEEDED", task(1))).detail
        report = report_job(detail, catalogue=Catalogue(), missing="The file has one page only.")

        assert not report.is_whole
        assert report.contradictions == ("The file has one page only.",)

    def test_is_not_claimed_of_a_selection(self) -> None:
        report = Selection(limit=1).select(report_of(job("SUCCEEDED", task(1), task(2))))

        assert report.is_complete
        assert len(report.shown) < report.task_count


class TestContradictions:
    @pytest.mark.parametrize(
        ("reply", "sentences"),
        [
            (job("SUCCEEDED", task(1)), []),
            (job("FAILED", task(1)), ["The job is FAILED, but none of its tasks failed."]),
            (job("CANCELLED"), ["The job is CANCELLED, but the reply holds no tasks."]),
            (
                job("SUCCEEDED", task(1, "FAILED")),
                ["The job is SUCCEEDED, but one of its tasks failed."],
            ),
            (job("RUNNING", task(1, "FAILED")), []),
            (
                job("FAILED", task(1, "RUNNING"), task(2, "FAILED"), task(3, "SCHEDULED")),
                ["The job is FAILED, but not all of its tasks have ended: " + UNFINISHED],
            ),
            (job("SUCCEEDED", task(1, "UNKNOWN")), []),
            (
                job("SUCCEEDED", task(1), task_count=None),
                ["No task_count says how many tasks there are."],
            ),
            (
                job("SUCCEEDED", task(1), task_count=37),
                ["The service counts 37 tasks, but sent 1."],
            ),
            (
                job("RUNNING", task(1), task(2), task_count=1),
                ["The service counts 1 tasks, but sent 2."],
            ),
            (job("RUNNING", task(1), task_count=37), []),
            (job("SCHEDULED", task_count=37), []),
        ],
    )
    def test_are_told_in_sentences(self, reply: object, sentences: list[str]) -> None:
        assert list(report_of(reply).contradictions) == sentences

    @pytest.mark.parametrize(
        "reply", [job("FAILED", task(1), task_count=37), job("SUCCEEDED", task(1), task_count=37)]
    )
    def test_are_not_seen_in_what_was_not_asked_for(self, reply: object) -> None:
        assert report_of(reply, is_whole=False).contradictions == ()

    def test_tell_of_an_answer_about_another_job(self) -> None:
        reply = job("SUCCEEDED")

        assert report_of(reply, requested_job_id=JOB_ID).contradictions == ()
        assert report_of(reply, requested_job_id="JOB2").contradictions == (
            f"The request was for JOB2, the reply is about {JOB_ID}.",
        )
        unnamed = job("SUCCEEDED", JOB_ID=None)
        assert report_of(unnamed, requested_job_id="JOB2").contradictions == ()

    def test_tell_of_each_duplicate_once(self) -> None:
        duplicates = ("Task-1", "Task-2", "Task-1")

        assert report_of(job("SUCCEEDED"), duplicates=duplicates).contradictions == (
            "The service sent these tasks more than once; each is shown once: Task-1, Task-2.",
        )


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "task 9 TX00009"),
        ({"TASK_INDEX": None}, "task TX00009"),
        ({"TASK_NAME": ""}, "task 9 Task-00009"),
        ({"TASK_NAME": None, "TASK_ID": None, "TASK_INDEX": 0}, "task 0 (no name)"),
        ({"TASK_NAME": 5}, "task 9 5"),
    ],
)
def test_a_task_is_named_by_what_the_service_gave(more: dict[str, Any], name: str) -> None:
    [only] = report_of(job("SUCCEEDED", task(9, **more))).tasks

    assert only.task.label == name


class TestSelection:
    words = "SUCCEEDED", "CANCELLED", "FAILED", "failed", None
    report = report_of(job("FAILED", *(task(place, word) for place, word in enumerate(words, 1))))

    @pytest.mark.parametrize(
        ("selection", "shown"),
        [
            ({}, [1, 2, 3, 4, 5]),
            ({"desc": True}, [5, 4, 3, 2, 1]),
            ({"failed": True}, [2, 3, 4]),
            ({"failed": True, "desc": True}, [4, 3, 2]),
            ({"status": ["FAILED"]}, [3, 4]),
            ({"status": ["FAILED", "SUCCEEDED"]}, [1, 3, 4]),
            ({"status": ["FAILED"], "failed": True}, [3, 4]),
            ({"status": ["RUNNING"]}, []),
            ({"limit": 2}, [1, 2]),
            ({"offset": 3}, [4, 5]),
            ({"offset": 1, "limit": 2, "desc": True}, [4, 3]),
            ({"offset": 9, "limit": 2}, []),
        ],
    )
    def test_shows_what_was_asked_for_in_the_order_asked_for(
        self, selection: dict[str, Any], shown: list[int]
    ) -> None:
        selected = Selection(**selection).select(self.report)

        assert indexes(selected.shown) == shown
        assert selected.tasks == self.report.tasks
