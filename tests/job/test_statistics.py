"""What is normal for a component, and an oracle that finds it in another way.

The oracle works on whole milliseconds, sorts nothing, and counts: a percentile is the smallest
value that occurred for which enough of the values are no larger.
"""

import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casjob.errors import JobNotFoundError
from casjob.job.report import Report
from casjob.job.statistics import (
    GONE,
    Deployed,
    Figures,
    RepeatedFailure,
    Run,
    Statistics,
    StepName,
    measure,
    summarize,
)
from tests.samples import START, job, report_of, separator, task

ECC = '{"Message": "ECC00011", "Detail": "Building failed."}'
NODE = '{"error_code": "CCE.01500001", "error_msg": "node not ready"}'


class Step(NamedTuple):
    """A task of a made-up job; one without milliseconds has no start."""

    name: str
    milliseconds: int | None
    status: str = "SUCCEEDED"
    messages: str = "{}"


class Job(NamedTuple):
    """A made-up job; each step begins when the one before it ended."""

    status: str
    steps: Sequence[Step]


DeployedJobs = Sequence[Job | None]
"""The jobs of a deployment; None for one that is gone."""


def make_report(made: Job, start: float = 0) -> Report:
    tasks = []
    for index, (name, milliseconds, status, messages) in enumerate(made.steps):
        seconds = (milliseconds or 0) / 1000
        fields = task(
            index, status, start=start, seconds=seconds, messages=messages, TASK_NAME=name
        )
        if milliseconds is None:
            del fields["CREATED_AT"]
        tasks.append(fields)
        start = round(start + seconds, 3)
    return report_of(job(made.status, *tasks))


def deploy(history: Sequence[DeployedJobs]) -> Iterator[Deployed]:
    """Yield deployments, newest first, of which each began an hour after the next one."""
    for age, jobs in enumerate(history):
        reports = {
            f"JOB{age}-{batch}": make_report(each, 600.0 * batch - 3600 * age)
            if each
            else JobNotFoundError("gone")
            for batch, each in enumerate(jobs)
        }
        yield Deployed(f"1.{age}", reports)


def count(*history: DeployedJobs) -> Statistics:
    return summarize(deploy(history))


def succeed(*milliseconds: int) -> Job:
    """Return a job with the steps A, B, … that took so long."""
    return Job("SUCCEEDED", [Step(*each) for each in zip("ABCD", milliseconds, strict=False)])


def fail(name: str, messages: str = "{}", milliseconds: int = 1000) -> Job:
    return Job("FAILED", [Step(name, milliseconds, "FAILED", messages)])


MILLISECONDS = st.sampled_from([0, 1, 999, 1000, 3000, 3001, 5000]) | st.integers(0, 9000)
STATUSES = ["SUCCEEDED"] * 6 + ["FAILED", "CANCELLED", "SKIPPED", "RUNNING", "SUBMITTED", "X"]
STEPS = st.builds(
    Step,
    st.sampled_from(["A", "B", "C", "SEPARATOR"]),
    st.none() | MILLISECONDS,
    st.sampled_from(STATUSES),
    st.sampled_from(["{}", ECC, NODE, "no code"]),
)
JOBS = st.builds(
    Job,
    st.sampled_from(["SUCCEEDED"] * 4 + ["FAILED"] * 3 + ["RUNNING", "X"]),
    st.lists(STEPS, max_size=5),
)
DEPLOYMENTS = st.lists(st.sampled_from([None]) | JOBS | JOBS | JOBS, max_size=2)


@given(history=st.lists(DEPLOYMENTS, max_size=25))
def test_an_oracle_finds_the_same(history: list[list[Job | None]]) -> None:
    found = count(*history)

    assert [run.outcome for run in found.runs] == [judge(jobs) for jobs in history]
    assert found.outcomes == Counter(map(judge, history))
    spans = [
        find_span(jobs, -3_600_000 * age)
        for age, jobs in enumerate(history)
        if judge(jobs) in {"succeeded", "failed"}
    ]
    assert in_milliseconds(found.elapsed) == observe([each for each in spans if each is not None])
    assert find_steps(found) == find_expected_steps(history)
    assert find_failures(found) == find_expected_failures(history)


def find_steps(found: Statistics) -> Counter[object]:
    return Counter(
        (
            (each.step.task_name, each.step.task_index),
            (each.runs, each.failed, in_milliseconds(each.elapsed), each.is_slow),
        )
        for each in found.steps
    )


def find_expected_steps(history: Sequence[DeployedJobs]) -> Counter[object]:
    runs: dict[tuple[str, int], list[Step]] = {}
    newest_place: dict[tuple[str, int], int] = {}
    for made in list_counted(history):
        for place, step in enumerate(made.steps):
            if step.status in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                before = [each.name for each in made.steps[:place]].count(step.name)
                runs.setdefault((step.name, before), []).append(step)
                newest_place.setdefault((step.name, before), place)
    expected: Counter[object] = Counter()
    for key, steps in runs.items():
        times = [each.milliseconds for each in steps if each.milliseconds is not None]
        failed = [each for each in steps if each.status != "SUCCEEDED"]
        figures = len(steps), len(failed), observe(times), has_become_slow(times)
        expected[(key[0], newest_place[key]), figures] += 1
    return expected


def find_failures(found: Statistics) -> Counter[object]:
    """Return how many jobs failed, by the name of the step and the code."""
    counts: Counter[object] = Counter()
    for each in found.failures:
        counts[each.step and each.step.task_name, each.code] += len(set(each.job_ids))
    return counts


def find_expected_failures(history: Sequence[DeployedJobs]) -> Counter[object]:
    codes = {ECC: "ECC00011", NODE: "CCE.01500001"}
    counts: Counter[object] = Counter()
    for made in list_counted(history):
        ended = {
            status: [step for step in made.steps if step.status == status]
            for status in ("FAILED", "CANCELLED")
        }
        if made.status == "FAILED":
            cause = next(iter(ended["FAILED"] + ended["CANCELLED"]), None)
            counts[cause and cause.name, cause and codes.get(cause.messages)] += 1
    return counts


def judge(jobs: DeployedJobs) -> str:
    statuses = [each.status if each else "gone" for each in jobs]
    if "FAILED" in statuses:
        return "failed"
    if "RUNNING" in statuses:
        return "running"
    if "gone" in statuses:
        return "gone"
    return "unknown" if "X" in statuses or not statuses else "succeeded"


def find_span(jobs: DeployedJobs, start: int) -> int | None:
    """Return the milliseconds from the first start to the last end, of which all are known."""
    starts, ends = [], []
    for batch, made in enumerate(jobs):
        if made is None or made.status not in {"SUCCEEDED", "FAILED"} or not made.steps:
            return None
        now, begun = start + 600_000 * batch, []
        for step in made.steps:
            begun += [now] if step.milliseconds is not None else []
            now += step.milliseconds or 0
        if not begun:
            return None
        starts.append(min(begun))
        ends.append(now)
    return max(ends) - min(starts)


def list_counted(history: Sequence[DeployedJobs]) -> list[Job]:
    """Return the jobs whose steps count, newest first."""
    return [
        made
        for jobs in history
        if judge(jobs) in {"succeeded", "failed"}
        for made in jobs[::-1]
        if made and made.status in {"SUCCEEDED", "FAILED"}
    ]


def observe(times: Sequence[int]) -> tuple[int, int | None, int | None, int | None]:
    def percentile(percent: int) -> int:
        return min(
            value
            for value in times
            if 100 * sum(other <= value for other in times) >= percent * len(times)
        )

    if not times:
        return 0, None, None, None
    return len(times), percentile(50), percentile(95) if len(times) >= 5 else None, times[0]


def has_become_slow(times: Sequence[int]) -> bool:
    last, before = times[:1], times[1:]
    not_slower = [each for each in before if last[0] <= each + 2000]
    return len(before) >= 5 and 20 * len(not_slower) <= len(before)


def in_milliseconds(figures: Figures) -> tuple[int | None, ...]:
    n, *seconds = figures
    return n, *(None if each is None else round(each * 1000) for each in seconds)


@pytest.mark.parametrize(
    ("newest_first", "figures"),
    [
        ([], (0, None, None, None)),
        ([3], (1, 3, None, 3)),
        ([3, 1], (2, 1, None, 3)),
        ([2, 3, 1], (3, 2, None, 2)),
        ([4, 3, 2, 1], (4, 2, None, 4)),
        ([1, 2, 3, 4, 5], (5, 3, 5, 1)),
        ([7] * 5, (5, 7, 7, 7)),
        (range(1, 20), (19, 10, 19, 1)),
        (range(1, 21), (20, 10, 19, 1)),
        (range(1, 22), (21, 11, 20, 1)),
        (range(100, 0, -1), (100, 50, 95, 100)),
    ],
)
def test_percentiles_are_values_that_occurred(
    newest_first: Sequence[float], figures: tuple[float | None, ...]
) -> None:
    assert measure(newest_first) == figures


@pytest.mark.parametrize(
    ("last", "before", "is_slow"),
    [
        (3001, [1000] * 5, True),
        (3000, [1000] * 5, False),
        (9000, [1000] * 4, False),
        (9000, [1000] * 18 + [7000], False),
        (9000, [1000] * 19 + [7000], True),
        (9000, [1000] * 18 + [7000] * 2, False),
        (9000, [1000] * 38 + [7000] * 2, True),
        (9001, [1000] * 18 + [7000], True),
        (12_101, [10_100] * 5, True),
        (12_100, [10_100] * 5, False),
        # As floating-point numbers, these two differ by more than 2 s.
        (4001, [2001] * 5, False),
    ],
)
def test_a_step_is_slow_if_it_took_over_2_s_longer_than_nearly_always(
    last: int, before: list[int], *, is_slow: bool
) -> None:
    (step,) = count([succeed(last)], *([succeed(each)] for each in before)).steps

    assert step.is_slow == is_slow


class TestNothing:
    def test_is_known_without_deployments(self) -> None:
        assert count() == Statistics((), (), ())
        assert count().elapsed == (0, None, None, None)

    def test_is_known_of_a_deployment_without_jobs(self) -> None:
        (run,) = count([]).runs
        assert run == Run((), "1.0", "unknown", None, None)
        assert (run.is_counted, run.elapsed_seconds) == (False, None)


def test_runs_that_all_failed_are_counted_with_their_times() -> None:
    found = count(*[[fail("A", ECC, 30_000)]] * 6)

    assert found.outcomes == {"failed": 6}
    assert found.elapsed == (6, 30, 30, 30)
    assert found.steps[0][1:] == (6, 6, (6, 30, 30, 30), False)


class TestSteps:
    def test_are_matched_by_name_and_occurrence_as_in_diff(self) -> None:
        def run(names: str) -> DeployedJobs:
            return [Job("SUCCEEDED", [Step(each, 1000) for each in names])]

        found = count(run("ABAC"), run("BXAAA"), run("YC"))

        assert "".join(str(each.step.task_name) for each in found.steps) == "YABXAAC"
        assert [each.runs for each in found.steps] == [1, 2, 2, 1, 2, 1, 2]

    def test_are_named_after_the_newest_job_that_has_them(self) -> None:
        older = report_of(job("SUCCEEDED", task(3, TASK_NAME="TN00097")))
        newer = report_of(job("SUCCEEDED", separator(1, "BUILDING"), task(9, TASK_NAME="TN00097")))
        found = summarize([Deployed("2", {"JOB2": newer}), Deployed("1", {"JOB1": older})])

        assert [each.step for each in found.steps] == [
            (9, "TN00097", "wait for the build to succeed", "BUILDING")
        ]

    @pytest.mark.parametrize("status", ["SKIPPED", "SUBMITTED", "RUNNING", "X"])
    def test_that_did_not_end_did_not_run(self, status: str) -> None:
        assert count([Job("SUCCEEDED", [Step("A", 1000, status)])]).steps == ()

    @pytest.mark.parametrize("other", [Job("RUNNING", [Step("A", 1)]), Job("X", []), None])
    def test_of_what_has_not_ended_or_is_gone_do_not_count(self, other: Job | None) -> None:
        found = count([other, succeed(1000)], [other], [succeed(3000)])

        assert [run.is_counted for run in found.runs] == [False, False, True]
        assert [each.runs for each in found.steps] == [1]


class TestADeployment:
    def test_of_batches_counts_once_from_the_first_start_to_the_last_end(self) -> None:
        (run,) = count([succeed(1000), succeed(2000), succeed(3000)]).runs

        job_ids = "JOB0-0", "JOB0-1", "JOB0-2"
        assert run == Run(job_ids, "1.0", "succeeded", START, START + timedelta(seconds=1203))
        assert run.elapsed_seconds == 1203

    @pytest.mark.parametrize(
        ("others", "elapsed"),
        [([succeed(1000)], 601), ([None], None), ([Job("RUNNING", [Step("A", 1)])], None)],
    )
    def test_failed_if_one_of_its_jobs_did(
        self, others: list[Job | None], elapsed: float | None
    ) -> None:
        found = count([*others, fail("A", ECC)])

        assert found.outcomes == {"failed": 1}
        assert found.runs[0].elapsed_seconds == elapsed
        assert [each.job_ids for each in found.failures] == [("JOB0-1",)]

    def test_that_ended_before_it_began_took_an_unknown_time(self) -> None:
        late, early = START, START - timedelta(seconds=1)
        assert Run(("JOB1",), None, "succeeded", late, early).elapsed_seconds is None

    def test_with_a_job_that_is_gone_is_counted_apart(self) -> None:
        found = count([None, succeed(1000)], [None])

        assert found.outcomes == {GONE: 2}
        assert (found.counted, found.elapsed.n) == ((), 0)


class TestFailures:
    def test_are_grouped_by_step_and_code_the_newest_first(self) -> None:
        found = count(
            [fail("A", ECC)],
            [fail("A", NODE)],
            [succeed(1000)],
            [fail("A", ECC.replace("Building", "Compiling"))],
            [fail("B", ECC)],
        )

        assert [
            (each.step and each.step.task_name, each.code, each.detail, each.job_ids)
            for each in found.failures
        ] == [
            ("A", "ECC00011", "Building failed.", ("JOB0-0", "JOB3-0")),
            ("A", "CCE.01500001", "node not ready", ("JOB1-0",)),
            ("B", "ECC00011", "Building failed.", ("JOB4-0",)),
        ]
        first = found.failures[0]
        assert first.means == ("the build of the application failed: read the build's log",)
        assert first.last == START + timedelta(seconds=1)
        assert first.first == START + timedelta(seconds=1, hours=-3)

    def test_happened_first_and_last_by_their_times_not_by_the_order_of_deployments(self) -> None:
        # The older deployment took longer, and failed last.
        newer, older = make_report(fail("A"), 10), make_report(fail("A"), 3600)
        found = summarize([Deployed("2", {"JOB2": newer}), Deployed("1", {"JOB1": older})])

        (failure,) = found.failures
        assert failure.job_ids == ("JOB2", "JOB1")
        assert failure.first == START + timedelta(seconds=11)
        assert failure.last == START + timedelta(seconds=3601)

    def test_are_those_of_each_jobs_cause(self) -> None:
        steps = [Step("A", 1, "CANCELLED"), Step("B", 1, "FAILED", NODE), Step("C", 1, "FAILED")]
        (failure,) = count([Job("FAILED", steps)]).failures

        assert failure.step
        assert (failure.step.task_name, failure.code) == ("B", "CCE.01500001")

    def test_may_be_in_no_step_without_a_code_or_a_time(self) -> None:
        found = count([Job("FAILED", [Step("A", 1000)])], [Job("FAILED", [])], [fail("A")])

        newer, older = (START + timedelta(seconds=1, hours=hours) for hours in (0, -2))
        step = StepName(0, "A", None, None)
        assert found.failures == (
            RepeatedFailure(None, None, None, (), ("JOB0-0", "JOB1-0"), newer, newer),
            RepeatedFailure(step, None, None, (), ("JOB2-0",), older, older),
        )
        assert count([Job("FAILED", [])]).failures[0].last is None


def test_a_hundred_deployments_are_reduced_as_they_come() -> None:
    alive: list[weakref.ref[Any]] = []

    def fetch() -> Iterator[Deployed]:
        for age in range(100):
            # One report is being taken, and one may still be at hand.
            assert sum(each() is not None for each in alive) <= 1
            steps = [Step(f"S{number}", 100 + age) for number in range(9)]
            report = make_report(Job("SUCCEEDED", steps), -3600.0 * age)
            alive.append(weakref.ref(report.job))
            yield Deployed(None, {f"JOB{age}": report})
            del report

    found = summarize(fetch())

    assert [each.elapsed for each in found.steps] == [(100, 0.149, 0.194, 0.1)] * 9
    assert found.elapsed.n == 100
