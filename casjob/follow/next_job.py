"""Waits until a component has another job than the one before."""

import time
from functools import partial

from casjob.components import Component, ComponentSource
from casjob.errors import ReplyError, ServiceError, TransientError
from casjob.follow.job import GROWTH, MAX_FAILURES, MAX_INTERVAL, MAX_RETRY_AFTER, MIN_INTERVAL
from casjob.follow.plan import Plan
from casjob.job.failures import clip
from casjob.notices import Notices
from casjob.targets import find_last_job


def await_next_job(
    component: Component, after: str, source: ComponentSource, plan: Plan, notices: Notices
) -> str:
    """Wait until the last job of a component is another one, and return its id.

    Args:
        component: as it was just listed.
        after: the id of the job before; empty if the component had none.
        source: where the component is.
        plan: at which interval to poll, and until when.
        notices: says which job it is, and what goes wrong meanwhile.

    Raises:
        TimedOutError: the plan's deadline passed first.
        CasjobError: a failure that waiting does not fix, or the tenth in a row.
    """
    name = clip(component.label)
    what = f"another job of component {name}" + (f" than {after}" if after else "")
    interval, failures, asked = MIN_INTERVAL, 0, 0.0
    with notices.progress(f"waiting for {what}"):
        # A prefix of an id means that job, too.
        while not (job_id := find_last_job(component)) or (after and job_id.startswith(after)):
            plan.deadline.check(what)
            time.sleep(min(max(plan.interval or interval, asked), plan.deadline.left))
            interval = min(interval * GROWTH, MAX_INTERVAL)
            try:
                fetch = partial(source.fetch_component, component)
                component = plan.deadline.wait_for(what, fetch)
                failures, asked = 0, 0.0
            except (ServiceError, ReplyError) as error:
                failures += 1
                if failures == MAX_FAILURES:
                    error.message = f"gave up after {failures} failures in a row: {error.message}"
                    raise
                if failures == 1:
                    notices.say(f"{error.message}; retrying")
                wanted = error.retry_after if isinstance(error, TransientError) else None
                asked = min(wanted or 0.0, MAX_RETRY_AFTER)
    notices.say(f"{job_id} (next job of component {name})")
    return job_id
