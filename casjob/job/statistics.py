"""What is normal for a component: how its deployments ended, and how long their steps take."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from casjob.job.difference import StepKey, merge_order, number_tasks
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Outcome, Stage

GONE = "gone"
"""The outcome of a deployment with a job that is no longer there."""

_ENOUGH = 5
"""With fewer values, the 95th percentile would be no more than their maximum."""

_NOTICEABLE = 2.0
"""Seconds; a step that became slower by no more is nothing to look into."""

_RAN = frozenset({Stage.ENDED_WELL, Stage.ENDED_BADLY})


class Run(NamedTuple):
    """A deployment: a run of the component's steps, in one job or in several batches.

    Args:
        job_ids: its jobs, in the order in which they run.
        version: what was deployed.
        outcome: an `Outcome`, or `GONE`; failed if one of the jobs failed.
        started: when the first job started, in UTC; None if that is not known.
        ended: when the last job ended.
    """

    job_ids: tuple[str, ...]
    version: str | None
    outcome: str
    started: datetime | None
    ended: datetime | None

    @property
    def is_counted(self) -> bool:
        """Whether it has ended, and how is known."""
        return self.outcome in {Outcome.SUCCEEDED, Outcome.FAILED}

    @property
    def elapsed_seconds(self) -> float | None:
        """From the first job's start to the last one's end."""
        if self.started is None or self.ended is None or self.ended < self.started:
            return None
        return (self.ended - self.started).total_seconds()


class Figures(NamedTuple):
    """How long something took, in seconds; percentiles are nearest-rank: values that occurred.

    Args:
        n: how often that is known.
        median: None if it is never known.
        p95: the 95th percentile; None if n is less than 5.
        last: how long it took the last time.
    """

    n: int
    median: float | None
    p95: float | None
    last: float | None


class StepFigures(NamedTuple):
    """A step over all runs.

    Args:
        newest: the step in the newest job that has it.
        runs: how often it ran, in each of several batches.
        failed: how often it failed.
        elapsed: how long it took, failed or not.
        is_slow: whether it took longer the last time than in all but one in twenty of the runs
            before, and by more than 2 s; there must be 5 of those at least.
    """

    newest: "StepName"
    runs: int
    failed: int
    elapsed: Figures
    is_slow: bool

    @property
    def step(self) -> "StepName":
        """The step."""
        return self.newest


class StepName(NamedTuple):
    """What is kept of a task to name it."""

    task_index: int | None
    task_name: str | None
    title: str | None
    phase: str | None


class RepeatedFailure(NamedTuple):
    """Jobs that failed in the same step with the same code.

    Args:
        step: None if no task of the jobs failed.
        code: None if the message had none.
        detail: the message of the newest.
        means: what is known about the code, in lines.
        job_ids: the jobs, newest first.
        first: when it happened first, in UTC; None if that is not known.
        last: when it happened last.
    """

    step: StepName | None
    code: str | None
    detail: str | None
    means: tuple[str, ...]
    job_ids: tuple[str, ...]
    first: datetime | None
    last: datetime | None

    @property
    def failed(self) -> int:
        """How many jobs failed so."""
        return len(self.job_ids)


class Statistics(NamedTuple):
    """A component's deployments over time.

    Args:
        runs: newest first.
        steps: of the runs that are counted, in their order.
        failures: of those runs, the one that happened last first.
    """

    runs: tuple[Run, ...]
    steps: tuple[StepFigures, ...]
    failures: tuple[RepeatedFailure, ...]

    @property
    def counted(self) -> tuple[Run, ...]:
        """The runs that succeeded or failed, newest first."""
        return tuple(run for run in self.runs if run.is_counted)

    @property
    def outcomes(self) -> Counter[str]:
        """How many runs have each outcome."""
        return Counter(run.outcome for run in self.runs)

    @property
    def elapsed(self) -> Figures:
        """How long a deployment takes."""
        times = (run.elapsed_seconds for run in self.counted)
        return measure([each for each in times if each is not None])


class Deployed(NamedTuple):
    """A deployment and its jobs by their ids, in the order in which they run.

    Args:
        version: what was deployed.
        jobs: None for a job that is gone.
    """

    version: str | None
    jobs: dict[str, Report | None]


def summarize(newest_first: Iterable[Deployed]) -> Statistics:
    """Work out what is normal; of each report, a few numbers are kept before the next is taken."""
    runs = []
    tallies: dict[StepKey, _StepTally] = {}
    order: list[StepKey] = []
    failures: dict[tuple[StepKey | None, str | None], _FailureTally] = {}
    for deployed in newest_first:
        run = _judge(deployed)
        runs.append(run)
        for job_id, report in reversed(deployed.jobs.items()):
            if not (run.is_counted and report and report.stage.has_ended):
                continue
            steps = {key: task for key, task in number_tasks(report.tasks) if task.stage in _RAN}
            order = merge_order(order, [key for key in steps if not steps[key].is_separator])
            for key, task in steps.items():
                tallies.setdefault(key, _StepTally(task)).add(task)
            if report.outcome is Outcome.FAILED:
                cause = report.cause
                step = next((key for key, task in steps.items() if task is cause), None)
                code = cause.message.code if cause and cause.message else None
                failures.setdefault((step, code), _FailureTally(cause)).add(job_id, report)
    return Statistics(
        tuple(runs),
        tuple(tallies[key].result for key in order),
        tuple(tally.result for tally in failures.values()),
    )


def measure(newest_first: Sequence[float]) -> Figures:
    """Return the figures of values in seconds."""
    if not newest_first:
        return Figures(0, None, None, None)
    in_order, n = sorted(newest_first), len(newest_first)
    p95 = _find_percentile(in_order, 95) if n >= _ENOUGH else None
    return Figures(n, _find_percentile(in_order, 50), p95, newest_first[0])


def _find_percentile(in_order: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    rank = -(-percent * len(in_order) // 100)
    return in_order[rank - 1]


def _is_slow(newest_first: Sequence[float]) -> bool:
    usual = measure(newest_first[1:]).p95
    # Rounded to the microsecond, as the times are.
    return usual is not None and round(newest_first[0] - usual, 6) > _NOTICEABLE


def _judge(deployed: Deployed) -> Run:
    reports = deployed.jobs.values()
    outcomes = {report.outcome if report else GONE for report in reports}
    worst_first = (Outcome.FAILED, Outcome.RUNNING, GONE, Outcome.UNKNOWN, Outcome.SUCCEEDED)
    started = [report.started if report else None for report in reports]
    ended = [report.ended if report else None for report in reports]
    return Run(
        tuple(deployed.jobs),
        deployed.version,
        next((each for each in worst_first if each in outcomes), Outcome.UNKNOWN),
        min(_if_all(started), default=None),
        max(_if_all(ended), default=None),
    )


def _if_all(moments: Sequence[datetime | None]) -> list[datetime]:
    known = [each for each in moments if each]
    return known if len(known) == len(moments) else []


class _StepTally:
    """Counts the runs of a step, newest first, at eight bytes a run."""

    def __init__(self, newest: TaskReport) -> None:
        self._newest = _name(newest)
        self._runs = self._failed = 0
        self._times = array("d")

    def add(self, task: TaskReport) -> None:
        self._runs += 1
        self._failed += task.has_failed
        if task.elapsed_seconds is not None:
            self._times.append(task.elapsed_seconds)

    @property
    def result(self) -> StepFigures:
        times = self._times
        return StepFigures(self._newest, self._runs, self._failed, measure(times), _is_slow(times))


class _FailureTally:
    """Collects the jobs that failed in the same way, newest first."""

    def __init__(self, newest: TaskReport | None) -> None:
        self._newest = newest
        self._job_ids: list[str] = []
        self._moments: list[datetime] = []

    def add(self, job_id: str, report: Report) -> None:
        moment = report.cause.task.last_health_check if report.cause else report.ended
        self._job_ids.append(job_id)
        if moment:
            self._moments.append(moment)

    @property
    def result(self) -> RepeatedFailure:
        newest = self._newest
        message = newest.message if newest else None
        return RepeatedFailure(
            _name(newest) if newest else None,
            message.code if message else None,
            message.detail if message else None,
            newest.means if newest else (),
            tuple(self._job_ids),
            min(self._moments, default=None),
            max(self._moments, default=None),
        )


def _name(task: TaskReport) -> StepName:
    return StepName(task.task.task_index, task.task.task_name, task.title, task.phase)
