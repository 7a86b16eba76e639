"""What wait and watch share: the jobs, the service at an easy pace, and the exit status."""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from casjob import process
from casjob.api.pace import BURST, RATE, Pace
from casjob.errors import ExitStatus
from casjob.follow.loop import FollowedJob, Following
from casjob.follow.plan import Plan
from casjob.formats.text.phrases import format_elapsed
from casjob.job.report import Report
from casjob.job.statuses import Outcome, Stage
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import choose_job, read_targets

_MANY = 20
"""Jobs up to which the gateway's known limit is kept from the start."""


@contextmanager
def follow_jobs(arguments: Sequence[str], plan: Plan, session: Session) -> Iterator[Following]:
    """Open the service and follow the jobs; they are remembered as looked at in the end.

    Raises:
        CasjobError: a setting is missing or wrong, or no job is meant.
    """
    process.run_long()
    named = read_targets(arguments, sys.stdin, session)
    pace = _choose_pace(plan, len(named))
    with open_service(session, pace=pace) as service:
        history = session.history(service.endpoint, service.project_id)
        job_ids = [choose_job(each, service, session) for each in named]
        following = Following(service, pace, dict.fromkeys(job_ids), plan)
        try:
            yield following
        finally:
            for job in following.jobs:
                if job.report:
                    seen = job.report.job
                    history.record(job.job_id, name=seen.job_name, status=seen.execution_status)


def _choose_pace(plan: Plan, jobs: int) -> Pace:
    if plan.interval is None:
        # Of many jobs, each is looked at as often as one of few, until the service minds.
        crowd = max(1.0, jobs / _MANY)
        return Pace(burst=BURST * crowd, rate=RATE * crowd)
    # Who pins the interval answers for the rate; yet 200 jobs are not asked about at once.
    return Pace(gap=min(0.05, plan.interval), burst=math.inf)


def conclude(following: Following, session: Session) -> ExitStatus:
    """Say which jobs have not ended, if not all have, and return the exit status."""
    for job in following.jobs:
        if not job.has_ended:
            session.notices.say(_describe_unfinished(job, following))
    if following.has_timed_out:
        return ExitStatus.TIMED_OUT
    outcomes = {job.report.outcome for job in following.jobs if job.report}
    has_failed = following.has_met_failure or Outcome.FAILED in outcomes
    return ExitStatus.ENDED_BADLY if has_failed else ExitStatus.SUCCESS


def _describe_unfinished(job: FollowedJob, following: Following) -> str:
    timeout = following.plan.timeout
    within = f" within {format_elapsed(timeout)}" if following.has_timed_out and timeout else ""
    return f"{job.job_id} has not ended{within}: {_describe_standing(job.report)}"


def _describe_standing(report: Report | None) -> str:
    if report is None:
        return "the service has said nothing of it yet"
    status = f"it is {report.job.execution_status or 'without a status'}"
    if report.stage is Stage.UNDECIDED:
        return f"{status}, a word that may or may not mean that it has ended"
    return status
