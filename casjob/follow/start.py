"""Starts to follow: from what the command line names to jobs that are polled."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from casjob import process
from casjob.api.pace import BURST, RATE, Pace
from casjob.errors import CasjobError, JobNotFoundError
from casjob.follow.job import Failures, Plan, grow
from casjob.follow.notices import FollowNotices
from casjob.follow.poller import Poller
from casjob.job.detail import JOB_ID, ComponentName, Window
from casjob.service import load_for_replies, open_service
from casjob.session import Session
from casjob.targets import (
    Target,
    choose_job,
    complete_id,
    find_component,
    find_last_job,
    list_deployments,
    read_targets,
)

if TYPE_CHECKING:
    from casjob.api.jobs import ServiceStage
    from casjob.components import Component

MANY_JOBS = 20
"""With up to this many jobs, polls respect the gateway's known limit from the start."""
FULL_SPEED_JOBS = 7
"""Jobs that the pace allows to be polled every 15 s, with some requests left to confirm an end."""

_LIST = "the list of components"
_Value = TypeVar("_Value")


@contextmanager
def follow_jobs(
    targets: Sequence[str] | ComponentName, plan: Plan, session: Session, *, doing: str
) -> Iterator[Poller]:
    """Open the service, follow the jobs, and record them in the history at the end.

    If a signal ends it, stderr says what that stops `doing`: the jobs themselves go on.

    Raises:
        CasjobError: a setting is missing or wrong, there is no job to follow, or the deadline
            passed before the first poll.
    """
    process.run_long()
    read = partial(read_targets, targets, sys.stdin, session)
    named = plan.deadline.wait_for("job ids on stdin", read) if "-" in targets else read()
    if not named:
        session.notices.say("no jobs to wait for: the list on stdin is empty")
    # Each of many jobs is polled as often as each of 20, until the service objects.
    load_factor = max(1.0, len(named) / MANY_JOBS)
    pace = _choose_pace(plan, load_factor)
    with open_service(session, pace=pace.wait, retries=0, deadline=plan.deadline) as service:
        history = session.history(service)
        job_ids = [_choose_job(each, service, plan, session) for each in named]
        # Nothing is imported any longer once polls run in threads of their own.
        load_for_replies(session)
        poller = Poller(
            service.fetch_job,
            dict.fromkeys(job_ids),
            plan._replace(is_named_by_service=isinstance(targets, ComponentName)),
            catalogue=session.catalogue,
            slow_down=pace.slow_down,
            full_speed_jobs=FULL_SPEED_JOBS * load_factor,
        )
        try:
            yield poller
        except process.Terminated:
            count = len(poller.unfinished)
            running = "the job is still" if count == 1 else f"{count} jobs are still"
            session.notices.say(f"stopped {doing}; {running} running", after_signal=True)
            raise
        finally:
            for job in poller.jobs:
                if job.report:
                    viewed = job.report.job
                    history.record(job.job_id, name=viewed.job_name, status=viewed.execution_status)


def _choose_pace(plan: Plan, load_factor: float) -> Pace:
    if plan.interval is None:
        return Pace(burst=BURST * load_factor, rate=RATE * load_factor)
    # A pinned interval is the user's choice, but 200 jobs are not polled all at once.
    return Pace(gap=min(0.05, plan.interval), burst=math.inf)


def _choose_job(named: Target, service: "ServiceStage", plan: Plan, session: Session) -> str:
    """Return the job that is meant; for that of a component, poll the service."""
    choose = partial(choose_job, named, service, session)
    if not isinstance(named, ComponentName):
        return choose()
    look_up = LookUp(plan, FollowNotices(session.notices))
    if named.after is None:
        return look_up(_LIST, choose, is_seen=False)
    return _await_next_job(named, named.after, service, session, look_up)


def _await_next_job(
    named: ComponentName, after: str, service: "ServiceStage", session: Session, look_up: "LookUp"
) -> str:
    """Return the first job that came after one of a component's, once it is there."""
    components = service.components

    def find() -> tuple["Component", str | None]:
        component = find_component(named, components, session)
        return component, find_last_job(component)

    def list_jobs() -> list[str] | None:
        """Return the jobs of its deployments, newest first; None if they are not listed."""
        history = list_deployments(component, components, session)
        is_listed = history.deployments is not None
        return [*filter(JOB_ID.fullmatch, history.job_ids)] if is_listed else None

    def find_again() -> tuple[str | None, list[str] | None]:
        last = find_last_job(components.fetch_component(component))
        # Read after it, they hold it, but for a job that deploys nothing.
        return last, None if jobs is None else list_jobs()

    component, last = look_up(_LIST, find, is_seen=False)
    what, old = f"the next job of component {component.label}", list[str]()
    jobs: list[str] | None = []
    # `jq -r` prints null for the last job of a component that has none.
    if after not in {"", "null"}:
        jobs = look_up(f"the jobs of component {component.label}", list_jobs, is_seen=True)
        known = [*filter(None, [last]), *(jobs or [])]
        before = complete_id(after, known)
        if before not in known:
            before = complete_id(after, session.history(service).job_ids())
        if before not in known:
            is_listed = jobs is not None
            _check_job(before, component, named, service, session, is_listed=is_listed)
        # Where it is not listed, all that are were there before it.
        old = jobs[jobs.index(before) :] if jobs and before in jobs else [before, *(jobs or [])]
        what += f" after {before}"
    with session.notices.progress(f"waiting for {what}"):
        while not (new := [each for each in [last, *(jobs or [])] if each and each not in old]):
            last, jobs = look_up.again(what, find_again)
    # There may be several by now: the first one is last in the list.
    job_id = new[-1]
    session.notices.say(f"{job_id} (next job of component {component.label})")
    return job_id


def _check_job(
    job_id: str,
    component: "Component",
    named: ComponentName,
    service: "ServiceStage",
    session: Session,
    *,
    is_listed: bool,
) -> None:
    """Raise a JobNotFoundError if a job is not one of a component's, as far as can be told."""
    if not is_listed:
        # v2 lists no jobs, but a job names its instance.
        instance_id = service.fetch_job(job_id, Window(limit=1)).job.service_instance_id
        if not (instance_id and component.instance_id) or instance_id == component.instance_id:
            return
    raise JobNotFoundError(
        f"{job_id} is not a job of component {component.label}",
        hint=f"{session.suggest('list', *named.words)} shows them;"
        " --after none means that there was none",
    )


class LookUp:
    """Makes requests, each repeated while its failures may pass, or what it finds may be missing.

    Raises:
        TimedOutError: the plan's deadline passed first.
        CasjobError: a failure that waiting does not fix, or the tenth in a row.
    """

    def __init__(self, plan: Plan, notices: FollowNotices) -> None:
        self._plan = plan
        self._notices = notices
        self._failures = Failures(plan, time.monotonic())
        self._interval = 0.0
        self._reminded_at = time.monotonic()

    def __call__(self, what: str, call: Callable[[], _Value], *, is_seen: bool) -> _Value:
        """Return the result of a request; `is_seen`: the service has shown it before."""
        failures, deadline = self._failures, self._plan.deadline
        failures.forget()
        while True:
            deadline.check(what)
            try:
                return deadline.wait_for(what, call)
            except CasjobError as error:
                wait = failures.add(error, time.monotonic(), is_seen=is_seen)
                if wait is None:
                    failures.explain(error, what)
                    raise
                if not failures.is_missing:
                    self._notices.write_retry(error.message)
            time.sleep(min(wait, deadline.left))

    def again(self, what: str, call: Callable[[], _Value]) -> _Value:
        """Return the result of a request once an interval has passed, which grows."""
        reminder, now = self._plan.reminder, time.monotonic()
        if reminder and now - self._reminded_at >= reminder:
            self._reminded_at = now
            self._notices.remind(what)
        self._interval = grow(self._interval)
        time.sleep(min(self._plan.interval or self._interval, self._plan.deadline.left))
        return self(what, call, is_seen=True)
