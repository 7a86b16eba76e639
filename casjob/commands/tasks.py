"""casjob tasks: the table of tasks alone, with the API's own paging, or filtered."""

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from casjob.errors import ExitStatus, UsageError
from casjob.formats.display import Presentation
from casjob.job.detail import Window
from casjob.job.report import Report
from casjob.job.statuses import STATUS_WORDS, spell_status
from casjob.saved import save_job
from casjob.session import Session
from casjob.streams import OutputFile
from casjob.targets import Target, fetch_target, read_report, refuse_service

_MOST_NAMED = 10
"""Status words named in a notice; a job has two or three."""
_CLOSE = 0.8
"""How like a status word a mistyped one is; 1 is the same."""


class Selection(NamedTuple):
    """Which tasks to show: by the API's own paging, of one component instance, or filtered."""

    limit: int | None = None
    offset: int = 0
    desc: bool = False
    instance_id: str | None = None
    failed: bool = False
    status: Sequence[str] | None = None

    @property
    def statuses(self) -> frozenset[str]:
        """The status words in one spelling; empty for all."""
        words = ",".join(self.status or ()).split(",")
        return frozenset(spell_status(word.strip()) for word in words if word.strip())

    @property
    def window(self) -> Window:
        """The tasks to fetch: all of them to select from, since the API can't filter."""
        if self.failed or self.statuses:
            return Window(instance_id=self.instance_id)
        return Window(self.offset, self.limit, self.desc, self.instance_id)

    def select(self, report: Report) -> Report:
        """Return the report with only the selected tasks shown."""
        matching = [
            each
            for each in report.tasks
            if (not self.statuses or spell_status(each.task.task_status) in self.statuses)
            and (each.has_failed or not self.failed)
        ]
        if self.desc:
            matching.reverse()
        # What the service has paged is not paged again.
        is_paged = report.window.limit is not None or report.window.offset > 0
        part = Window() if is_paged else Window(self.offset, self.limit)
        return report._replace(shown=tuple(matching[part.rows]))


def run(
    target: Target,
    selection: Selection,
    session: Session,
    presentation: Presentation,
    *,
    file: str | None,
    save: OutputFile | None,
    with_exit_status: bool,
) -> ExitStatus:
    """Show the tasks of a job at the service, or in a file; `save` names a file for all of it."""
    window = selection.window
    if save is not None:
        if selection.instance_id is not None:
            raise UsageError("--save writes the whole job: it can't be used with --instance-id")
        window = Window()
    if file is None:
        _, report = fetch_target(target, window, session)
    else:
        refuse_service(session, target)
        report = read_report(file, window, session)
    if save is not None:
        save_job(save, report.detail)
    _check_selection(selection, report, session)
    report = selection.select(report)
    presentation.show(report, tasks_only=True, notes=report.shortfalls)
    return report.exit_status if with_exit_status else ExitStatus.SUCCESS


def _check_selection(selection: Selection, report: Report, session: Session) -> None:
    """Say on stderr if the selection leaves no task, and which there are."""
    count = report.detail.task_count
    if count and selection.offset >= count:
        session.notices.say(
            f"--offset {selection.offset} skips all tasks: the job has {count} tasks"
        )
    statuses = selection.statuses
    there = Counter(
        spell_status(each.task.task_status) or "(none)"
        for each in report.tasks
        if each.has_failed or not selection.failed
    )
    for status in sorted(statuses - there.keys() - {*STATUS_WORDS}):
        # The service may have other words, but hardly one that is almost the same.
        if near := difflib.get_close_matches(status, STATUS_WORDS, n=1, cutoff=_CLOSE):
            raise UsageError(f"no task has the status {status}", hint=f"did you mean {near[0]}?")
    if not statuses or not statuses.isdisjoint(there):
        return
    tasks = "failed task" if selection.failed else "task"
    wanted = " or ".join(sorted(statuses))
    named = ", ".join(f"{status} ({count})" for status, count in there.most_common(_MOST_NAMED))
    session.notices.say(f"no {tasks} has the status {wanted}; there are {named or f'no {tasks}s'}")
