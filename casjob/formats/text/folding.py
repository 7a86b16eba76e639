"""Which rows a table of tasks has where the terminal has fewer than there are tasks."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from casjob.job.phases import Phase, group_phases
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Stage


class Gap(NamedTuple):
    """A number of tasks that were left out here."""

    tasks: int


Row: TypeAlias = TaskReport | Phase | Gap


def fold_tasks(report: Report, max_rows: int | None) -> list[Row]:
    """Return the rows of the shown tasks.

    If they are too many, each phase that succeeded becomes one row. If they still are, tasks far
    from any that failed or runs are left out, and a gap counts them.
    """
    tasks: Sequence[TaskReport] = report.shown
    if max_rows is None or len(tasks) <= max_rows:
        return [*tasks]
    rows: list[TaskReport | Phase] = []
    for phase in group_phases(tasks):
        if phase.separator and phase.has_succeeded:
            rows.append(phase)
        else:
            rows += phase.tasks
    if len(rows) <= max_rows:
        return [*rows]
    ranked = _rank(rows, report.cause)
    for count in range(max_rows, 0, -1):
        folded = list(_close(rows, sorted(ranked[:count])))
        if len(folded) <= max_rows:
            return folded
    return [rows[ranked[0]]]


def is_heading(report: TaskReport) -> bool:
    """Return whether a task only heads a phase: a separator that succeeded did nothing else."""
    return report.is_separator and report.stage is Stage.ENDED_WELL


def _rank(rows: Sequence[TaskReport | Phase], cause: TaskReport | None) -> list[int]:
    """Return the indexes of the rows, the most important first."""
    focus = [place for place, row in enumerate(rows) if _matters(row)] or [len(rows) - 1]

    def rank(place: int) -> tuple[int, int]:
        row = rows[place]
        if isinstance(row, Phase) or is_heading(row):
            kind = 3
        elif row is cause:
            kind = 0
        elif row.has_failed:
            kind = 1
        else:
            kind = 2 if row.stage is Stage.UNDER_WAY else 4
        after = bisect_left(focus, place)
        return kind, min(abs(place - each) for each in focus[max(after - 1, 0) : after + 1])

    return sorted(range(len(rows)), key=rank)


def _matters(row: TaskReport | Phase) -> bool:
    return isinstance(row, TaskReport) and (row.has_failed or row.stage is Stage.UNDER_WAY)


def _close(rows: Sequence[TaskReport | Phase], kept: Sequence[int]) -> Iterator[Row]:
    """Yield the rows that are kept, and what stands for those in between."""
    begin = 0
    for end in [*kept, len(rows)]:
        between = rows[begin:end]
        if len(between) == 1:
            # A gap would take as much room.
            yield between[0]
        elif between:
            yield Gap(sum(len(row.tasks) if isinstance(row, Phase) else 1 for row in between))
        yield from rows[end : end + 1]
        begin = end + 1
