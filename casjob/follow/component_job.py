"""Finds the job of a component that is to be followed: its last one, or its next one."""

import time
from collections.abc import Callable
from functools import partial

from casjob.component_name import ComponentName
from casjob.components import Component, Source
from casjob.follow.intervals import grow
from casjob.follow.look_up import look_up
from casjob.follow.plan import Plan
from casjob.job.failures import clip
from casjob.session import Session
from casjob.targets import choose_job, find_component, find_last_job

_LIST = "the list of components"


def find_component_job(
    named: ComponentName,
    source: Source,
    plan: Plan,
    session: Session,
    on_failure: Callable[[str], None],
) -> str:
    """Return the id of a component's last job; with `after`, wait until there is another one.

    Args:
        named: the component.
        source: where it is.
        plan: at which interval to poll, and until when.
        session: has stderr, and the cache.
        on_failure: gets the message of each failure that may pass.

    Raises:
        TimedOutError: the plan's deadline passed first.
        CasjobError: a failure that waiting does not fix, or the tenth in a row.
    """
    if named.after is None:
        choose = partial(choose_job, named, source, session)
        return look_up(_LIST, choose, plan, is_known=False, on_failure=on_failure)
    return _await_next_job(named, named.after, source, plan, session, on_failure)


def _await_next_job(
    named: ComponentName,
    after: str,
    source: Source,
    plan: Plan,
    session: Session,
    on_failure: Callable[[str], None],
) -> str:
    def find() -> tuple[Component, str | None]:
        component = find_component(named, source.components, session)
        return component, find_last_job(component)

    def find_again() -> str | None:
        return find_last_job(source.components.fetch_component(component))

    component, job_id = look_up(_LIST, find, plan, is_known=False, on_failure=on_failure)
    name = clip(component.label)
    what = f"another job of component {name}" + (f" than {after}" if after else "")
    interval = 0.0
    with session.notices.progress(f"waiting for {what}"):
        # A prefix of an id means that job, too.
        while not job_id or (after and job_id.startswith(after)):
            interval = grow(interval)
            time.sleep(min(plan.interval or interval, plan.deadline.left))
            job_id = look_up(what, find_again, plan, is_known=True, on_failure=on_failure)
    session.notices.say(f"{job_id} (next job of component {name})")
    return job_id
