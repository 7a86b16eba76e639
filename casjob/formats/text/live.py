"""Jobs drawn in place on a terminal, over and over as they change."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from rich.text import Text

from casjob.formats.display import Display, Ending
from casjob.formats.text.events import describe_cause, describe_stall
from casjob.formats.text.page import STAGE_STYLES, Page
from casjob.formats.text.phrases import describe_task, describe_verdict, format_clock
from casjob.formats.text.report import draw_report, render_report
from casjob.formats.text.screen import Screen, count_rows
from casjob.job.events import Event, Picture, Stall
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Outcome, Stage

_Item = TypeVar("_Item")

_LEAST_ROOM = 4
"""Rows a job, below which none is drawn with a table."""
_MOST_STALLS = 3
"""Of a job's stalls, the last ones are enough."""


class LiveView:
    """Draws how the jobs stand by now; at the end their reports take the drawing's place.

    An exception, Ctrl-C too, leaves the last drawing.

    Args:
        write: writes to the terminal, and returns whether anybody still reads.
        display: what the drawing adapts to.
    """

    is_live = True

    def __init__(self, write: Callable[[str | bytes], bool], display: Display) -> None:
        self._write = write
        self._display = display
        self._screen = Screen(write)
        self._stalls: defaultdict[str, list[Stall]] = defaultdict(list)

    def __enter__(self) -> Self:
        self._screen.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.close()

    def show_event(self, event: Event) -> bool:
        """Remember a stall; all else is seen in the drawing."""
        if isinstance(event, Stall):
            self._stalls[event.job_id].append(event)
        return True

    def draw(self, pictures: Sequence[Picture]) -> None:
        """Draw the jobs, and what happens next."""
        columns, rows = self._screen.size()
        # One row for the footer, one for the cursor below it.
        lines = self._fit(pictures, columns, max(rows - 2, 1))
        page = self._open_page(columns)
        _print_cut(page, page.compose((_describe_next(pictures), "dim")))
        self._screen.paint([*lines, *page.content().splitlines()])

    def show_endings(self, endings: Sequence[Ending]) -> None:
        """Write the reports of the jobs in place of the drawing."""
        self._screen.paint([])
        reports = [
            render_report(ending.report, self._display, next_command=ending.next_command)
            for ending in endings
            if ending.report
        ]
        self._write("\n".join(reports))

    def _open_page(self, columns: int) -> Page:
        display = self._display
        return Page(width=columns, encoding=display.encoding, is_colored=display.is_colored)

    def _fit(self, pictures: Sequence[Picture], columns: int, rows: int) -> list[str]:
        """Return the jobs' lines, folded as far as it takes; failures stay to the last."""
        more: list[str] = []
        if len(pictures) > rows:
            more = [f"and {len(pictures) - rows + 1} more jobs"]
            pictures = _keep_heaviest(pictures, _weigh_job, rows - 1)
        are_brief = rows < len(pictures) * _LEAST_ROOM
        blocks = [
            self._draw_brief(each, columns, rows - len(pictures))
            if are_brief
            else self._draw(each, columns, rows)
            for each in pictures
        ]
        if not are_brief and sum(_count_all(block, columns) for block in blocks) > rows:
            # What went well needs the least room.
            blocks = [
                self._draw_brief(each, columns) if _has_succeeded(each) else block
                for each, block in zip(pictures, blocks, strict=True)
            ]
        heights = [_count_all(block, columns) for block in blocks]
        rooms = _share(heights, rows - len(more))
        for place, room in enumerate(rooms):
            if room < heights[place]:
                blocks[place] = self._fold(pictures[place], columns, room)
        return [*(line for block in blocks for line in block), *more]

    def _fold(self, picture: Picture, columns: int, room: int) -> list[str]:
        """Draw a job with as many tasks as there is room for, or in brief."""
        most = min(len(picture.report.tasks) if picture.report else 0, room)
        while most > 0:
            block = self._draw(picture, columns, most)
            excess = _count_all(block, columns) - room
            if excess <= 0:
                return block
            most -= excess
        return self._draw_brief(picture, columns, room - 1)

    def _draw(self, picture: Picture, columns: int, most: int) -> list[str]:
        """Draw a job as `show` does, with so many of its tasks at the most."""
        page, report = self._open_page(columns), picture.report
        if report is None:
            return self._draw_brief(picture, columns)
        shown = _keep_heaviest(report.tasks, _weigh_task, most)
        draw_report(page, report._replace(shown=tuple(shown)), utc=self._display.utc)
        phases = _describe_phases(report)
        if phases:
            page.print(*(page.compose((phase, "dim")) for phase in phases))
        for stall in self._stalls[picture.job_id][-_MOST_STALLS:]:
            clock = format_clock(stall.time, stall.time, utc=self._display.utc)
            page.print(page.compose(("note: ", "magenta"), f"{clock} {describe_stall(stall)}"))
        return [*page.content().splitlines(), ""]

    def _draw_brief(self, picture: Picture, columns: int, most: int = 0) -> list[str]:
        """Draw a job in a line, and so many of its tasks in a line each, the heaviest first."""
        page, report = self._open_page(columns), picture.report
        if report is None:
            _print_cut(page, page.compose(f"{picture.job_id}: nothing is known yet"))
            return page.content().splitlines()
        what = describe_cause(report) or report.job.job_name or ""
        # The verdict first, which is never cut.
        words = f"{describe_verdict(report)}  {picture.job_id}"
        style = STAGE_STYLES[Stage.ENDED_BADLY if report.failed else report.stage]
        title = page.compose((words, style), f"  {what}")
        _print_cut(page, Text.assemble(page.mark(report.stage), title))
        for each in sorted(report.steps, key=_weigh_task, reverse=True)[:most]:
            mark = Text.assemble("  ", page.mark(each.stage))
            _print_cut(page, Text.assemble(mark, page.compose(describe_task(each))))
        return page.content().splitlines()


def _describe_next(pictures: Sequence[Picture]) -> str:
    """Return when the next poll or retry is due."""
    due = [each for each in pictures if each.poll_in is not None]
    seconds = round(min((each.poll_in or 0.0 for each in due), default=0.0))
    soon = f"in {seconds}s" if seconds > 0 else "now"
    troubles = [each.trouble for each in due if each.trouble]
    return f"{troubles[0]}; retrying {soon}" if troubles else f"next poll {soon}, Ctrl-C to stop"


def _print_cut(page: Page, line: Text) -> None:
    line.truncate(page.width or 1)
    page.print(line, wraps=False)


def _describe_phases(report: Report) -> list[str]:
    """Return `BUILDING 2 of 3` for each phase that has begun."""
    steps = [each for each in report.steps if each.phase]
    all_steps = Counter(each.phase for each in steps)
    done = Counter(each.phase for each in steps if each.stage.outcome is Outcome.SUCCEEDED)
    return [f"{phase} {done[phase]} of {count}" for phase, count in all_steps.items()]


def _share(wanted: Sequence[int], rows: int) -> list[int]:
    """Return how many rows each gets, so that the smallest are the last to be cut."""
    rooms = [0] * len(wanted)
    for place, index in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        rooms[index] = min(wanted[index], rows // (len(wanted) - place))
        rows -= rooms[index]
    return rooms


def _count_all(lines: Sequence[str], columns: int) -> int:
    return sum(count_rows(line, columns) for line in lines)


def _keep_heaviest(
    items: Sequence[_Item], weigh: Callable[[_Item], tuple[float, ...]], most: int
) -> list[_Item]:
    """Return so many of the items at the most, in their order."""
    by_weight = sorted(range(len(items)), key=lambda place: weigh(items[place]), reverse=True)
    return [items[place] for place in sorted(by_weight[:most])]


def _has_succeeded(picture: Picture) -> bool:
    return picture.report is not None and picture.report.outcome is Outcome.SUCCEEDED


def _weigh_job(picture: Picture) -> tuple[float, ...]:
    """Failures matter most, then what goes on; else those named first."""
    report = picture.report
    return bool(report and report.failed), not _has_succeeded(picture)


def _weigh_task(report: TaskReport) -> tuple[float, ...]:
    """Failures matter most, then what is under way, then what came last."""
    began, index = report.task.created_at, report.task.task_index
    return (
        report.has_failed,
        report.stage is Stage.UNDER_WAY,
        began.timestamp() if began else 0.0,
        index or 0,
    )
