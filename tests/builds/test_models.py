from datetime import UTC, datetime

import pytest

from casjob.builds.models import Build, BuildLog
from casjob.job.statuses import Outcome


def build(started: str | None, ended: str | None, state: str = "Successful") -> Build:
    """Return a build that ran between two times of 2020-02-04."""
    started, ended = (each and f"2020-02-04 {each} +0000 UTC" for each in (started, ended))
    sent = {"started_at": started, "ended_at": ended, "build_state": state}
    return Build.model_validate(sent)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("Successful", Outcome.SUCCEEDED),
        *((each, Outcome.FAILED) for each in ("Failed", "Timeout", "Cancel", "Deleted")),
        *((each, Outcome.RUNNING) for each in ("NotStarted", "Queuing", "Building", "Pushing")),
        *((each, Outcome.UNKNOWN) for each in ("Odd", "", None)),
    ],
)
def test_a_state_says_how_a_build_ended(state: str | None, outcome: Outcome) -> None:
    assert Build.model_validate({"build_state": state}).outcome is outcome


@pytest.mark.parametrize(
    ("sent", "time"),
    [
        ("2020-02-04 04:01:03 +0000 UTC", datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC)),
        ("2020-02-04 12:01:03.5 +0800 CST", datetime(2020, 2, 4, 4, 1, 3, 500_000, tzinfo=UTC)),
        # Go's zero.
        ("0001-01-01 00:00:00 +0000 UTC", None),
        ("2020-02-30 04:01:03 +0000 UTC", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_are_written_as_go_does(sent: str, time: datetime | None) -> None:
    assert Build.model_validate({"started_at": sent}).started == time


@pytest.mark.parametrize(("index", "label"), [(7, "build 7"), (0, "build 0"), (None, "build b7")])
def test_a_build_without_a_number_is_called_by_its_id(index: int | None, label: str) -> None:
    assert Build.model_validate({"build_id": "b7", "index": index}).label == label


@pytest.mark.parametrize(
    ("state", "excerpt"), [("Failed", [0]), ("Building", [0]), ("Successful", [*range(1, 11)])]
)
def test_only_of_a_build_that_succeeded_the_last_lines_say_most(
    state: str, excerpt: list[int]
) -> None:
    lines = ["ERROR: no such file", *["fine"] * 10]
    log = BuildLog(None, "web", build("04:00:00", "04:01:00", state), (), lines)

    assert log.excerpt == excerpt


JOB = (datetime(2020, 2, 4, 4, 0, tzinfo=UTC), datetime(2020, 2, 4, 5, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("started", "ended", "is_within"),
    [
        ("04:10:00", "04:20:00", True),
        ("03:50:00", "04:00:00", True),
        ("03:50:00", "03:59:59", False),
        ("05:00:00", "05:10:00", True),
        ("05:00:01", "05:10:00", False),
        (None, "04:20:00", False),
    ],
)
def test_a_build_ran_within_a_job_if_their_times_touch(
    started: str | None, ended: str | None, *, is_within: bool
) -> None:
    assert build(started, ended).overlaps(*JOB, is_newest=False) == is_within


@pytest.mark.parametrize(
    ("started", "state", "is_newest", "is_within"),
    [
        ("04:00:00", "Building", False, True),
        ("03:59:59", "Building", False, False),
        # Only the newest can still run.
        ("03:59:59", "Building", True, True),
        ("03:59:59", "Failed", True, False),
    ],
)
def test_a_build_without_an_end_is_taken_by_its_start(
    started: str, state: str, *, is_newest: bool, is_within: bool
) -> None:
    assert build(started, None, state).overlaps(*JOB, is_newest=is_newest) == is_within
