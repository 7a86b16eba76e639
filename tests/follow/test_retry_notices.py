import io
from datetime import UTC, datetime

from casjob.follow.retry_notices import RetryNotices
from casjob.job.events import Retry
from casjob.notices import Notices


def retry(words: str) -> Retry:
    return Retry(datetime(2026, 11, 23, tzinfo=UTC), "JOB1", words, 1)


def test_the_first_failure_is_said_and_then_one_in_a_while() -> None:
    err = io.StringIO()
    now = 5.0
    notices = RetryNotices(Notices(err), clock=lambda: now)
    for now in (5.0, 6.0, 34.9, 35.0, 36.0, 100.0):
        notices.tell(retry(f"failed at {now}"))

    assert err.getvalue().splitlines() == [
        "casjob: failed at 5.0; retrying",
        "casjob: failed at 35.0; retrying (2 more failures since the last notice)",
        "casjob: failed at 100.0; retrying (1 more failure since the last notice)",
    ]
