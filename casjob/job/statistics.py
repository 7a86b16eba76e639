"""What is normal for a component: how its deployments ended, and how long their steps take."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from casjob.durations import seconds_between
from casjob.errors import CasjobError, JobNotFoundError
from casjob.job.difference import merge_order
from casjob.job.report import Report, TaskKey, TaskReport, number_tasks
from casjob.job.statuses import Outcome, Stage

GONE = "gone"
"""The outcome of a deployment with a job that is no longer there."""
UNREADABLE = "unreadable"
"""The outcome of a deployment with a job that could not be fetched, or not be understood."""

_ENOUGH = 5
"""With fewer values, the 95th percentile would be no more than their maximum."""

_NOTICEABLE = 2.0
"""Seconds; a step that became slower by no more is nothing to look into."""

_RAN = frozenset({Stage.SUCCEEDED, Stage.FAILED})
_WORST_FIRST = (
    *(Outcome.FAILED, Outcome.RUNNING, UNREADABLE, GONE, Outcome.UNKNOWN),
    Outcome.SUCCEEDED,
)


class Run(NamedTuple):
    """A deployment of a version, in one job or in several, in the order in which they run.

    The `outcome` is an `Outcome`, `GONE` or `UNREADABLE`. The times are those of the first job and
    the last; where one is not known, those of the deployment.
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
        return seconds_between(self.started, self.ended)


class Figures(NamedTuple):
    """How long something took, in seconds, as far as that is known: `n` times.

    Percentiles are nearest-rank: values that occurred. Of fewer than 5 there is no `p95`.
    """

    n: int
    median: float | None
    p95: float | None
    last: float | None


class StepName(NamedTuple):
    """What is kept of a task to name it."""

    task_index: int | None
    task_name: str | None
    title: str | None
    phase: str | None


class StepFigures(NamedTuple):
    """A step over all runs, as the newest job names it that has it; each batch is a run.

    It is slow if it took longer the last time than in all but one in twenty of the runs before, and
    by more than 2 s; there must be 5 of those at least.
    """

    step: StepName
    runs: int
    failed: int
    elapsed: Figures
    is_slow: bool


class RepeatedFailure(NamedTuple):
    """Jobs that failed in the same step, if a task of theirs failed, with the same code.

    The `detail` and what it `means` are those of the newest job, which is the first in `job_ids`.
    It happened first and last at the times, in UTC, if they are known.
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
    """A component's deployments, newest first; the steps and failures of those that count.

    The steps are in their order, and the failure that happened last is the first. `notes` say
    which jobs, or tasks of them, are missing.
    """

    runs: tuple[Run, ...]
    steps: tuple[StepFigures, ...]
    failures: tuple[RepeatedFailure, ...]
    notes: tuple[str, ...] = ()

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
    """A deployment of a version, and its jobs by id in the order in which they run.

    In place of a job that could not be had is the error that says why. The deployment `began` and
    `ended` at these times, if both are known.
    """

    version: str | None
    jobs: Mapping[str, Report | CasjobError]
    began: datetime | None = None
    ended: datetime | None = None


def summarize(newest_first: Iterable[Deployed]) -> Statistics:
    """Work out what is normal; of each report, a few numbers are kept before the next is taken."""
    runs: list[Run] = []
    tallies: dict[TaskKey, _StepTally] = {}
    order: list[TaskKey] = []
    failures: dict[tuple[TaskKey | None, str | None], RepeatedFailure] = {}
    unreadable: list[str] = []
    incomplete: list[str] = []
    for deployed in newest_first:
        run = _judge(deployed)
        runs.append(run)
        for job_id, report in reversed(list(deployed.jobs.items())):
            if isinstance(report, CasjobError):
                if not isinstance(report, JobNotFoundError):
                    unreadable.append(f"{job_id}: {report.message}")
                continue
            incomplete += [f"{job_id}: {each}" for each in report.shortfalls]
            if not (run.is_counted and report.stage.has_ended):
                continue
            steps = {key: task for key, task in number_tasks(report.tasks) if task.stage in _RAN}
            order = merge_order(order, [key for key in steps if not steps[key].is_separator])
            for key, task in steps.items():
                tallies.setdefault(key, _StepTally(task)).add(task)
            if report.outcome is Outcome.FAILED:
                cause, failure = report.cause, _read_failure(job_id, report)
                step = next((key for key, task in steps.items() if task is cause), None)
                same = failures.get((step, failure.code))
                failures[step, failure.code] = _join(same, failure) if same else failure
    figures = (tallies[key].result for key in order)
    notes = [*_count_jobs(unreadable, "could not be read")]
    notes += _count_jobs(incomplete, "came incomplete")
    return Statistics(tuple(runs), tuple(figures), tuple(failures.values()), tuple(notes))


def _count_jobs(reasons: Sequence[str], what: str) -> Iterator[str]:
    """Yield how many jobs there are with a reason each, and the first."""
    if reasons:
        count = "1 job" if len(reasons) == 1 else f"{len(reasons)} jobs"
        yield f"{count} {what}: {reasons[0]}"


def _judge(deployed: Deployed) -> Run:
    outcomes = {_find_outcome(each) for each in deployed.jobs.values()}
    outcome = next((each for each in _WORST_FIRST if each in outcomes), Outcome.UNKNOWN)
    reports = [each if isinstance(each, Report) else None for each in deployed.jobs.values()]
    started = min(_if_all([each and each.started for each in reports]), default=None)
    ended = max(_if_all([each and each.ended for each in reports]), default=None)
    run = Run(tuple(deployed.jobs), deployed.version, outcome, started, ended)
    if run.is_counted and run.elapsed_seconds is None and deployed.began and deployed.ended:
        return run._replace(started=deployed.began, ended=deployed.ended)
    return run


def _find_outcome(job: Report | CasjobError) -> str:
    if isinstance(job, Report):
        return job.outcome
    return GONE if isinstance(job, JobNotFoundError) else UNREADABLE


def _if_all(moments: Sequence[datetime | None]) -> list[datetime]:
    known = [each for each in moments if each]
    return known if len(known) == len(moments) else []


class _StepTally:
    """Counts the runs of a step, newest first, at eight bytes a run."""

    def __init__(self, newest: TaskReport) -> None:
        self._step = _name(newest)
        self._runs = self._failed = 0
        self._times = array("d")

    def add(self, task: TaskReport) -> None:
        self._runs += 1
        self._failed += task.has_failed
        if task.elapsed_seconds is not None:
            self._times.append(task.elapsed_seconds)

    @property
    def result(self) -> StepFigures:
        usual = measure(self._times[1:]).p95
        # Rounded to the microsecond, as the times are.
        is_slow = usual is not None and round(self._times[0] - usual, 6) > _NOTICEABLE
        return StepFigures(self._step, self._runs, self._failed, measure(self._times), is_slow)


def measure(newest_first: Sequence[float]) -> Figures:
    """Return the figures of values in seconds."""
    n, in_order = len(newest_first), sorted(newest_first)
    if not n:
        return Figures(0, None, None, None)
    # The smallest value that so many percent of the values do not exceed.
    median, p95 = (in_order[-(-percent * n // 100) - 1] for percent in (50, 95))
    return Figures(n, median, p95 if n >= _ENOUGH else None, newest_first[0])


def _read_failure(job_id: str, report: Report) -> RepeatedFailure:
    cause = report.cause
    if cause is None:
        return RepeatedFailure(None, None, None, (), (job_id,), report.ended, report.ended)
    code, detail = (cause.message.code, cause.message.detail) if cause.message else (None, None)
    moment = cause.task.last_health_check
    return RepeatedFailure(_name(cause), code, detail, cause.means, (job_id,), moment, moment)


def _join(newer: RepeatedFailure, older: RepeatedFailure) -> RepeatedFailure:
    times = (newer.first, newer.last, older.first, older.last)
    moments = [each for each in times if each]
    return newer._replace(
        job_ids=newer.job_ids + older.job_ids,
        first=min(moments, default=None),
        last=max(moments, default=None),
    )


def _name(task: TaskReport) -> StepName:
    return StepName(task.task.task_index, task.task.task_name, task.title, task.phase)
