"""What the user may want to run next."""

import shlex
from typing import assert_never

from casjob.job.statuses import Outcome
from casjob.session import Session


def suggest_next(job_id: str, outcome: Outcome, session: Session) -> str:
    """Return the command that most people want after a report; it can be pasted into a shell."""
    match outcome:
        case Outcome.FAILED:
            words = ["tasks", job_id, "--failed", "--json"]
        case Outcome.RUNNING:
            words = ["watch", job_id]
        case Outcome.SUCCEEDED | Outcome.UNKNOWN:
            words = ["tasks", job_id, "--json"]
        case _:
            assert_never(outcome)
    return shlex.join(["casjob", *words, *session.options()])
