"""Which build ran within a job: nothing in the job names it, but their times overlap."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice

from casjob.builds.models import Build, BuildJob, BuildSource
from casjob.errors import BuildNotFoundError
from casjob.job.failures import clip
from casjob.job.report import Report
from casjob.job.statuses import Outcome

MAX_SEARCHED = 50
"""Builds of a component that are searched for those of a job: each takes a request."""
_PAST = 5
"""So many builds before the job, in order, show that a list has the newest ones first."""


def find_builds(
    name: str, job_id: str, report: Report, source: BuildSource, suggest: Callable[..., str]
) -> list[tuple[str, Build]]:
    """Return the builds of a component that ran within a job, and their ids; its own comes first.

    `suggest` makes commands of words.

    Raises:
        BuildNotFoundError: there is none, or which one it is can't be told.
        CasjobError: the service could not be asked.
    """
    jobs = source.find_jobs(name)
    if not jobs:
        raise BuildNotFoundError(
            f"there is no build job named {clip(name)}",
            hint="only a component that is deployed from source code has builds",
        )
    if len(jobs) > 1:
        newest = (each.last_build_id for each in jobs if each.last_build_id)
        raise BuildNotFoundError(
            f"there are {len(jobs)} build jobs named {clip(name)}",
            hint="name the build with --build",
            steps=tuple(f"  {suggest('logs', '--build', each)}" for each in newest),
        )
    builds: dict[str, Build] = {}
    missing = None
    # Without times the newest is only named.
    limit = MAX_SEARCHED if report.first_moment else 1
    for build_id in islice(_list_builds(jobs[0], source), limit):
        if _is_newest_first(builds) and _is_past(report, builds):
            break
        try:
            builds[build_id] = source.fetch_build(build_id)
        except BuildNotFoundError as error:
            # Of a list, an old one may be gone.
            missing = error
    found = _choose(builds, report)
    if not found:
        raise missing or _explain_none(name, job_id, report, builds, suggest)
    return found


def _list_builds(job: BuildJob, source: BuildSource) -> Iterator[str]:
    """Yield the ids of builds, the newest first where the list has it at either end.

    The service says which one is the newest, but not in which order it lists them.
    """
    last = job.last_build_id
    if last:
        yield last
    build_ids = source.list_builds(job.job_id)
    if build_ids[-1:] == [last]:
        build_ids.reverse()
    yield from (each for each in build_ids if each != last)


def _is_newest_first(builds: Mapping[str, Build]) -> bool:
    starts = [each.started for each in builds.values() if each.started]
    return starts == sorted(starts, reverse=True)


def _is_past(report: Report, builds: Mapping[str, Build]) -> bool:
    """Return whether the last builds that were read all ended before the job."""
    started = report.first_moment
    ends = [each.ended for each in builds.values()][-_PAST:]
    return len(ends) == _PAST and all(started and end and end < started for end in ends)


def _choose(builds: Mapping[str, Build], report: Report) -> list[tuple[str, Build]]:
    """Return the builds that ran within a job, that which tells most about it first."""
    started, cause = report.first_moment, report.cause
    if started is None:
        return []
    is_running = report.outcome is Outcome.RUNNING
    ended = None if is_running else report.last_moment
    newest = max(filter(None, (each.started for each in builds.values())), default=None)
    # A job that failed later has got past its build.
    is_later = report.outcome is Outcome.FAILED and cause and not cause.is_of_build
    likely = Outcome.SUCCEEDED if is_later else report.outcome

    def rank(found: tuple[str, Build]) -> tuple[bool, bool, datetime]:
        build = found[1]
        is_certain = build.ended is not None or is_running
        return is_certain, build.outcome is likely, build.started or started

    within = (
        (build_id, build)
        for build_id, build in builds.items()
        if build.overlaps(started, ended, is_newest=build.started == newest)
    )
    return sorted(within, key=rank, reverse=True)


def _explain_none(
    name: str,
    job_id: str,
    report: Report,
    builds: Mapping[str, Build],
    suggest: Callable[..., str],
) -> BuildNotFoundError:
    if not builds:
        return BuildNotFoundError(f"component {clip(name)} has not been built yet")
    build_id, build = next(iter(builds.items()))
    state = clip(build.build_state or "(no state)")
    hint = f"its newest is {build.label}, {state}: {suggest('logs', '--build', build_id)}"
    if report.first_moment is None:
        what = f"job {job_id} has no times, by which its build would be found"
    elif len(builds) == MAX_SEARCHED:
        which = "newest" if _is_newest_first(builds) else "searched"
        what = (
            f"none of the {len(builds)} {which} builds of component {clip(name)} ran within job"
            f" {job_id}"
        )
    else:
        what = f"no build of component {clip(name)} ran within job {job_id}"
        if report.outcome is Outcome.RUNNING:
            hint = f"it may not have started yet; {hint}"
    return BuildNotFoundError(what, hint=hint)
