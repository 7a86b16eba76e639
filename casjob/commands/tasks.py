"""casjob tasks: the task table alone, with the API's own paging, or filtered."""

from typing import NamedTuple

from casjob.answer import exit_status_of, write_answer
from casjob.errors import ExitStatus
from casjob.fetching import fetch_report
from casjob.formats import Display
from casjob.job.report import select_tasks
from casjob.job.source import Window
from casjob.session import Session


class Selection(NamedTuple):
    """Which tasks.

    Args:
        limit: how many at the most; None for all.
        offset: how many to leave out.
        desc: the last one first.
        instance_id: only those of this component instance.
        only_failed: only those that ended badly.
        statuses: only those with one of these status words, in any case; empty for all.
    """

    limit: int | None = None
    offset: int = 0
    desc: bool = False
    instance_id: str | None = None
    only_failed: bool = False
    statuses: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether it takes all tasks to know which ones are meant: the API can't filter."""
        return self.only_failed or bool(self.statuses)


def show_tasks(
    job_id: str | None,
    selection: Selection,
    session: Session,
    display: Display,
    *,
    with_exit_status: bool,
) -> ExitStatus:
    """Show the tasks of a job.

    Raises:
        CasjobError: what went wrong, as the exit status tells.
    """
    if selection.is_filtered:
        window = Window(instance_id=selection.instance_id)
        _, report = fetch_report(job_id, window, session)
        report = select_tasks(
            report,
            statuses=frozenset(status.upper() for status in selection.statuses),
            only_failed=selection.only_failed,
            desc=selection.desc,
            offset=selection.offset,
            limit=selection.limit,
        )
    else:
        window = Window(
            offset=selection.offset,
            limit=selection.limit,
            desc=selection.desc,
            instance_id=selection.instance_id,
        )
        _, report = fetch_report(job_id, window, session)
        report = select_tasks(report, desc=selection.desc)
    write_answer(report, display, session.environ)
    return exit_status_of(report.outcome) if with_exit_status else ExitStatus.SUCCESS
