"""Starts to follow: from what the command line names to jobs that are polled."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from casjob import process
from casjob.errors import CasjobError
from casjob.follow.job import Failures, Plan, grow
from casjob.follow.notices import FollowNotices
from casjob.follow.pace import BURST, RATE, Pace
from casjob.follow.poller import Poller
from casjob.job.source import ComponentName
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import Target, choose_job, find_component, find_last_job, read_targets

if TYPE_CHECKING:
    from casjob.components import Component, Source

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
        TimedOutError: the deadline passed before the first poll.
        CasjobError: a setting is missing or wrong, or there is no job to follow.
    """
    process.run_long()
    plan = plan._replace(is_named_by_service=isinstance(targets, ComponentName))
    read = partial(read_targets, targets, sys.stdin, session)
    named = plan.deadline.wait_for("job ids on stdin", read) if "-" in targets else read()
    if not named:
        session.notices.say("the list on stdin is empty: there are no jobs to wait for")
    # Each of many jobs is polled as often as each of 20, until the service objects.
    load_factor = max(1.0, len(named) / MANY_JOBS)
    pace = _choose_pace(plan, load_factor)
    with open_service(session, pace=pace.wait, retries=0, deadline=plan.deadline) as service:
        history = session.history(service)
        job_ids = [_choose_job(each, service, plan, session) for each in named]
        poller = Poller(
            service,
            dict.fromkeys(job_ids),
            plan,
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


def _choose_job(named: Target, source: "Source", plan: Plan, session: Session) -> str:
    """Return the job that is meant; for that of a component, poll the service."""
    if isinstance(named, ComponentName) and named.after is not None:
        return _await_next_job(named, named.after, source, plan, session)
    choose = partial(choose_job, named, source, session)
    if not isinstance(named, ComponentName):
        return choose()
    on_failure = FollowNotices(session.notices).write_retry
    return _look_up(_LIST, choose, plan, on_failure, is_known=False)


def _await_next_job(
    named: ComponentName, after: str, source: "Source", plan: Plan, session: Session
) -> str:
    """Return the component's last job once that is another one; a prefix of an id will do."""
    on_failure = FollowNotices(session.notices).write_retry

    def find() -> tuple["Component", str | None]:
        component = find_component(named, source.components, session)
        return component, find_last_job(component)

    def find_again() -> str | None:
        return find_last_job(source.components.fetch_component(component))

    component, job_id = _look_up(_LIST, find, plan, on_failure, is_known=False)
    name = component.label
    what = f"another job of component {name}" + (f" than {after}" if after else "")
    interval = 0.0
    with session.notices.progress(f"waiting for {what}"):
        while not job_id or (after and job_id.startswith(after)):
            interval = grow(interval)
            time.sleep(min(plan.interval or interval, plan.deadline.left))
            job_id = _look_up(what, find_again, plan, on_failure, is_known=True)
    session.notices.say(f"{job_id} (next job of component {name})")
    return job_id


def _look_up(
    what: str,
    call: Callable[[], _Value],
    plan: Plan,
    on_failure: Callable[[str], None],
    *,
    is_known: bool,
) -> _Value:
    """Return the result of a request, which is repeated while its failures may pass.

    `is_known` means that the service has shown it before.

    Raises:
        TimedOutError: the plan's deadline passed first.
        CasjobError: a failure that waiting does not fix, or the tenth in a row.
    """
    failures = Failures(plan.interval)
    while True:
        plan.deadline.check(what)
        try:
            return plan.deadline.wait_for(what, call)
        except CasjobError as error:
            wait = failures.add(error, is_known=is_known)
            if wait is None:
                failures.explain(error)
                raise
            on_failure(error.message)
        time.sleep(min(wait, plan.deadline.left))
