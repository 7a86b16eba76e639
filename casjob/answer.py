"""Hands the answer over: to stdout, and to the shell as an exit status."""

from collections.abc import Mapping
from typing import assert_never

from casjob.errors import ExitStatus
from casjob.formats import Display, writer
from casjob.job.report import Report
from casjob.job.statuses import Outcome
from casjob.output import deliver


def write_answer(report: Report, display: Display, environ: Mapping[str, str]) -> None:
    """Write the report to stdout in the format asked for.

    Raises:
        UsageError: stdout can't be written.
    """
    write = writer(display.output)
    deliver(lambda out: write(report, out, display, environ))


def exit_status_of(outcome: Outcome) -> ExitStatus:
    """Return what `--exit-status` tells the shell of a job."""
    match outcome:
        case Outcome.SUCCEEDED:
            return ExitStatus.SUCCESS
        case Outcome.FAILED:
            return ExitStatus.ENDED_BADLY
        case Outcome.RUNNING | Outcome.UNKNOWN:
            return ExitStatus.UNFINISHED
        case _:
            assert_never(outcome)
