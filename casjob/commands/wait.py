"""casjob wait: blocks until jobs end, silent but for their verdicts."""

from collections.abc import Sequence

from casjob.errors import ExitStatus
from casjob.follow.jobs import conclude, follow_jobs
from casjob.follow.loop import Following
from casjob.follow.plan import Plan
from casjob.follow.retry_notices import RetryNotices
from casjob.formats.event_json import document_of_verdicts
from casjob.formats.text.events import describe_ending
from casjob.job.events import Retry, Verdict
from casjob.json_text import encode_document
from casjob.output import write_text
from casjob.printable import printable
from casjob.session import Session


def wait(arguments: Sequence[str], plan: Plan, session: Session, *, as_json: bool) -> ExitStatus:
    """Wait for jobs, and say of each how it ended.

    Raises:
        CasjobError: a failure that waiting does not mend.
    """
    # A failed task can't be told from the job's status alone.
    plan = plan._replace(status_only=not plan.fail_fast)
    with follow_jobs(arguments, plan, session) as following:
        retries = RetryNotices(session.notices)
        try:
            for event in following.events():
                if isinstance(event, Retry):
                    retries.tell(event)
                elif isinstance(event, Verdict) and not as_json:
                    write_text(f"{printable(describe_ending(event.job_id, event.report))}\n")
        finally:
            # Also when one job's error ends it: what is known of the others is not lost.
            if as_json:
                write_text(_describe(following))
        return conclude(following, session)


def _describe(following: Following) -> str:
    reports = [(job.job_id, job.report) for job in following.jobs]
    document = document_of_verdicts(reports, timed_out=following.has_timed_out)
    return encode_document(document, indent=2) + "\n"
