"""Jobs drawn in place on a terminal, anew as they change; with table.py, all that knows Rich."""

import math
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from io import TextIOWrapper
from typing import Self, TypeVar

from rich.text import Text

from casjob.formats import Display
from casjob.formats.text.events import describe_cause, describe_stall
from casjob.formats.text.page import STAGE_STYLES, Page
from casjob.formats.text.phrases import describe_task, describe_verdict, format_clock
from casjob.formats.text.report import draw_report, wants_color
from casjob.job.events import Picture
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Outcome, Stage

_Item = TypeVar("_Item")

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronised output: a terminal that has it shows what is between them at once."""
_ERASE_TO_END_OF_LINE, _ERASE_BELOW = "\x1b[K", "\x1b[J"

_LEAST_ROOM = 4
"""Rows a job, below which none is drawn with a table."""
_MOST_STALLS = 3
"""Of a job's stalls, the last ones are enough."""


class LiveView:
    """A part of the terminal that is drawn over and over, while its `with` block runs.

    At the end of the block it is erased, so that something else can take its place; an
    exception, Ctrl-C too, leaves it.

    Args:
        out: the terminal.
        display: how the reports are to look.
        environ: the environment, for colours.
    """

    def __init__(self, out: TextIOWrapper, display: Display, environ: Mapping[str, str]) -> None:
        self._out = out
        self._display = display
        self._colored = wants_color(display.color, environ, is_terminal=True)
        self._shown: list[str] = []

    def __enter__(self) -> Self:
        self._restore_signals = _end_tidily()
        self._resume_echo = _stop_echo()
        self._out.write(_HIDE_CURSOR)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._paint([], shutil.get_terminal_size().columns)
            self._out.write(_SHOW_CURSOR)
            self._out.flush()
        finally:
            self._resume_echo()
            self._restore_signals()

    def draw(self, pictures: Sequence[Picture], footer: str) -> None:
        """Draw the jobs, and a line below them."""
        columns, rows = shutil.get_terminal_size()
        # One row for the footer, one for the cursor below it.
        lines = self._fit(pictures, columns, max(rows - 2, 1))
        page = self._open_page(columns)
        _print_cut(page, page.compose((footer, "dim")))
        self._paint([*lines, *page.content().splitlines()], columns)

    def _paint(self, lines: list[str], columns: int) -> None:
        # By now's width: after a resize, an old line may have come to take several rows.
        up = sum(_count_rows(line, columns) for line in self._shown)
        parts = [_BEGIN, f"\x1b[{up}A" if up else "", "\r"]
        for line in lines:
            # Behind a full row, the cursor is still on its last cell, and would erase that.
            is_full = line and _measure(line) % columns == 0
            parts += [line, "" if is_full else _ERASE_TO_END_OF_LINE, "\n"]
        parts += [_ERASE_BELOW, _END]
        self._out.write("".join(parts))
        self._out.flush()
        self._shown = lines

    def _open_page(self, columns: int) -> Page:
        return Page(width=columns, encoding=self._out.encoding, colored=self._colored)

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
        draw_report(page, report._replace(shown=tuple(shown)), self._display)
        phases = _describe_phases(report)
        if phases:
            page.print(*(page.compose((phase, "dim")) for phase in phases))
        for stall in picture.stalls[-_MOST_STALLS:]:
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


def _measure(line: str) -> int:
    return Text.from_ansi(line).cell_len


def _count_rows(line: str, columns: int) -> int:
    return max(1, math.ceil(_measure(line) / columns))


def _count_all(lines: Sequence[str], columns: int) -> int:
    return sum(_count_rows(line, columns) for line in lines)


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
        report.failure is not None,
        report.stage is Stage.UNDER_WAY,
        began.timestamp() if began else 0.0,
        index or 0,
    )


def _end_tidily() -> Callable[[], None]:
    """Let `kill` and a closed window end the program as Ctrl-C does: cursor and echo come back."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = [(number, signal.signal(number, end)) for number in numbers]

    def restore() -> None:
        for number, handler in before:
            signal.signal(number, handler)

    return restore


def _stop_echo() -> Callable[[], None]:
    """Keep keys that are typed off the screen, where they would shift what is drawn.

    Returns:
        What brings the echo back.
    """
    keys = sys.stdin
    if sys.platform == "win32" or keys is None or not keys.isatty() or not _is_ours(keys.fileno()):
        return lambda: None
    import termios  # noqa: PLC0415 - Windows has none

    terminal = keys.fileno()
    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] = before[3] & ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, silent)
    return lambda: termios.tcsetattr(terminal, termios.TCSANOW, before)


def _is_ours(terminal: int) -> bool:
    """Return whether the program is in a terminal's foreground: who is not is stopped there."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        # It controls another session.
        return False
