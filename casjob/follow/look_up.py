"""Looks up what to follow: polls until the service responds well."""

import time
from collections.abc import Callable
from typing import TypeVar

from casjob.errors import CasjobError
from casjob.follow.failures import Failures
from casjob.follow.plan import Plan

_Value = TypeVar("_Value")


def look_up(
    what: str,
    call: Callable[[], _Value],
    plan: Plan,
    *,
    is_known: bool,
    on_failure: Callable[[str], None],
) -> _Value:
    """Return the result of a call, which is repeated while its failures may pass.

    Args:
        what: names what is looked up.
        call: asks the service, whose own retries are off.
        plan: at which interval to repeat it, and until when.
        is_known: whether the service has shown what is looked up before.
        on_failure: gets the message of each failure that may pass.

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
