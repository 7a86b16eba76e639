"""Which build ran within a job: nothing in the job names it, but their times overlap."""

from collections.abc import Callable, Iterator

from casjob.builds.models import Build, BuildJob, BuildSource
from casjob.errors import BuildNotFoundError
from casjob.job.failures import clip
from casjob.job.report import Report
from casjob.job.statuses import Outcome

MAX_SEARCHED = 50
"""Builds of a component that are searched for that of a job: each takes a request."""


def choose_build(
    name: str, job_id: str, report: Report, source: BuildSource, suggest: Callable[..., str]
) -> tuple[str, Build]:
    """Return the build of a component, by its name, that ran within a job; its id comes first.

    `suggest` makes commands of words.

    Raises:
        BuildNotFoundError: there is none, or which one it is can't be told.
        CasjobError: the service could not be asked.
    """
    jobs = source.find_jobs(name)
    if len(jobs) != 1:
        named = f"named {clip(name)}"
        raise BuildNotFoundError(
            f"there are {len(jobs)} build jobs {named}"
            if jobs
            else f"there is no build job {named}",
            hint="name the build with --build"
            if jobs
            else "only a component that is deployed from source code has builds",
            steps=tuple(
                f"  {suggest('logs', '--build', each.last_build_id)}"
                for each in jobs
                if each.last_build_id
            ),
        )
    started, ended = report.first_moment, report.last_moment
    if report.outcome is Outcome.RUNNING:
        ended = None
    newest: tuple[str, Build] | None = None
    count = 0
    for build_id, is_sorted in _list_newest_first(jobs[0], source):
        if count == MAX_SEARCHED:
            break
        build = source.fetch_build(build_id)
        newest = newest or (build_id, build)
        count += 1
        if started and build.overlaps(started, ended):
            return build_id, build
        if is_sorted and started and build.ended and build.ended < started:
            break
    raise _explain_none(name, job_id, report, newest, count, suggest)


def _list_newest_first(job: BuildJob, source: BuildSource) -> Iterator[tuple[str, bool]]:
    """Yield the ids of builds, and whether those after it are surely older.

    The service says which one is the newest, but not in which order it lists them.
    """
    last = job.last_build_id
    if last:
        yield last, True
    build_ids = source.list_builds(job.job_id)
    if build_ids[-1:] == [last]:
        build_ids.reverse()
    is_sorted = build_ids[:1] == [last]
    yield from ((each, is_sorted) for each in build_ids if each != last)


def _explain_none(
    name: str,
    job_id: str,
    report: Report,
    newest: tuple[str, Build] | None,
    count: int,
    suggest: Callable[..., str],
) -> BuildNotFoundError:
    if newest is None:
        return BuildNotFoundError(f"component {clip(name)} has not been built yet")
    build_id, build = newest
    state = clip(build.build_state or "(no state)")
    hint = f"its newest is {build.label}, {state}: {suggest('logs', '--build', build_id)}"
    if report.first_moment is None:
        what = f"job {job_id} has no times, by which its build would be found"
    elif count == MAX_SEARCHED:
        what = (
            f"none of the {count} newest builds of component {clip(name)} ran within job {job_id}"
        )
    else:
        what = f"no build of component {clip(name)} ran within job {job_id}"
        if report.outcome is Outcome.RUNNING:
            hint = f"it may not have started yet; {hint}"
    return BuildNotFoundError(what, hint=hint)
