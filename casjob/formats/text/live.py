"""Jobs drawn in place on a terminal, over and over as they change."""

import os
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple, Self

from rich.console import ConsoleDimensions
from rich.live import Live

from casjob.formats.display import Display, JobResult
from casjob.formats.text.endings import render_endings
from casjob.formats.text.events import describe_stall
from casjob.formats.text.page import Page
from casjob.formats.text.phrases import (
    describe_cause,
    describe_completeness,
    describe_steps,
    describe_verdict,
    to_zone,
)
from casjob.formats.text.report import draw_heading, draw_notes, draw_report
from casjob.formats.text.terminal import open_console, to_segments
from casjob.formats.text.words import (
    INDENT,
    STAGE_STYLES,
    Line,
    measure,
    replace_signs,
)
from casjob.job.events import Event, JobSnapshot, Stall
from casjob.job.report import Report, TaskReport, group_phases
from casjob.job.statuses import Outcome, Stage
from casjob.streams import RichStream

_MIN_ROWS = 4
"""Rows a job, below which none is drawn with a table."""
_MAX_STALLS = 3
"""Of a job's stalls, the last ones are enough."""
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""Cuts lines at the edge: a row that is wider than it was taken for must not move the others."""
_ERASE = "\x1b[H\x1b[J"
"""For a terminal that has one screen only."""
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronised output: a terminal that supports it shows what is in between at once."""


class _Block(NamedTuple):
    """One job as drawn; some of its tasks are not on the page."""

    page: Page
    hidden: int


class LiveView:
    """Draws the current state of the jobs; at the end, their reports replace the drawing.

    An exception, Ctrl-C too, leaves the last drawing.
    """

    is_live = True

    def __init__(self, write: Callable[[str | bytes], bool], display: Display) -> None:
        self._write = write
        self._display = display
        self._screen = _Screen(write, display)
        self._last: Page | None = None
        self._stalls: defaultdict[str, list[Stall]] = defaultdict(list)

    def __enter__(self) -> Self:
        self._screen.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.close()
        if self._last:
            self._write(self._last.content())

    def show_event(self, event: Event) -> bool:
        """Remember a stall; all else is seen in the drawing."""
        if isinstance(event, Stall):
            self._stalls[event.job_id].append(event)
        return True

    def draw(self, snapshots: Sequence[JobSnapshot]) -> None:
        """Draw the jobs, and what happens next."""
        # One row for the footer.
        blocks, more = self._fit(snapshots, max((self._display.height or 0) - 1, 1))
        page, footer = Page(self._display), Page(self._display)
        for block in blocks:
            page.add(block.page)
        if more:
            page.print(f"and {more} more jobs")
        hidden = sum(block.hidden for block in blocks)
        facts = footer.signs(" · ").join(_describe_next(snapshots, hidden))
        footer.print((facts, "dim"), max_rows=1)
        self._last = page
        self._screen.paint([*page.rows, *footer.rows])

    def show_results(self, results: Sequence[JobResult]) -> None:
        """Write how the jobs ended in place of the drawing."""
        self._last = None
        self._screen.close()
        self._write(render_endings(results, self._display))

    def _fit(self, snapshots: Sequence[JobSnapshot], rows: int) -> tuple[list[_Block], int]:
        """Return the jobs as drawn, folded as far as it takes, and how many are left out."""
        more = 0
        if len(snapshots) > rows:
            more = len(snapshots) - rows + 1
            # Failures stay to the last.
            by_weight = sorted(
                range(len(snapshots)), key=lambda index: _weigh_job(snapshots[index]), reverse=True
            )
            snapshots = [snapshots[index] for index in sorted(by_weight[: rows - 1])]
        if rows < len(snapshots) * _MIN_ROWS:
            room = rows - len(snapshots)
            blocks = [self._draw_brief(each, room) for each in snapshots]
        else:
            blocks = [self._draw(each, rows) for each in snapshots]
            if sum(block.page.height for block in blocks) > rows:
                # What went well needs the least room.
                blocks = [
                    self._draw_brief(each) if _has_succeeded(each) else block
                    for each, block in zip(snapshots, blocks, strict=True)
                ]
        rooms = _share([block.page.height for block in blocks], rows - (1 if more else 0))
        for index, room in enumerate(rooms):
            if room < blocks[index].page.height:
                blocks[index] = self._draw(snapshots[index], room)
                if room < blocks[index].page.height:
                    blocks[index] = self._draw_brief(snapshots[index], room - 1)
        return blocks, more

    def _draw(self, snapshot: JobSnapshot, room: int) -> _Block:
        """Draw a job as `show` does, in so many rows as far as folding can do it."""
        report, utc = snapshot.report, self._display.utc
        if report is None:
            return self._draw_brief(snapshot)

        def draw_end(page: Page, hidden: int) -> None:
            counts = (describe_steps(report, hidden), describe_completeness(report))
            page.print(*filter(None, counts))
            draw_notes(page, report.contradictions, room)
            page.print(*((phase, "dim") for phase in _describe_phases(report)))
            for stall in self._stalls[snapshot.job_id][-_MAX_STALLS:]:
                page.note(f"{to_zone(stall.time, utc=utc):%H:%M:%S} {describe_stall(stall)}")

        page = Page(self._display)
        hidden = draw_report(page, report, draw_end, utc=utc, max_rows=room - 1)
        page.gap()
        return _Block(page, hidden)

    def _draw_brief(self, snapshot: JobSnapshot, max_tasks: int = 0) -> _Block:
        """Draw a job in a line, and so many of its tasks in a line each, the heaviest first."""
        page, report = Page(self._display), snapshot.report
        if report is None:
            page.print(f"{snapshot.job_id}: nothing is known yet", max_rows=1)
            return _Block(page, 0)
        what = describe_cause(report, with_title=False) or report.job.job_name or ""
        # The verdict first, which is never cut.
        verdict = describe_verdict(report).removeprefix("has been ")
        words = f"{verdict}  {snapshot.job_id}"
        room = (page.width or 0) - len(page.sign(report.stage))
        has_own_row = measure(snapshot.job_id) <= (page.width or 0) and measure(words) > room
        if has_own_row and max_tasks > 0:
            words = verdict
            max_tasks -= 1
        style = STAGE_STYLES[Stage.FAILED if report.failed else report.stage]
        page.print([(words, style), f"  {what}"], margin=page.mark(report.stage), max_rows=1)
        if words == verdict:
            page.print_whole(snapshot.job_id, INDENT)
        listed = 0
        for each in sorted(report.steps, key=_weigh_task, reverse=True):
            heading = draw_heading(page, each, margin=INDENT, max_rows=1)
            max_tasks -= heading.height
            if max_tasks < 0:
                break
            page.add(heading)
            listed += 1
        return _Block(page, len(report.steps) - listed)


def _describe_next(snapshots: Sequence[JobSnapshot], hidden: int) -> Iterator[str]:
    """Yield when the next poll or retry is due, what is not seen, and what Ctrl-C does."""
    due = [each for each in snapshots if each.poll_in is not None]
    seconds = round(min((each.poll_in or 0.0 for each in due), default=0.0))
    soon = f"in {seconds}s" if seconds > 0 else "now"
    troubles = [each.trouble for each in due if each.trouble]
    yield f"{troubles[0]}; retrying {soon}" if troubles else f"next poll {soon}"
    if hidden:
        yield f"{hidden} hidden"
    jobs = "the job keeps" if len(snapshots) == 1 else "the jobs keep"
    yield f"Ctrl-C to stop watching ({jobs} running)"


def _describe_phases(report: Report) -> list[str]:
    """Return `BUILDING 2 of 3` for each phase that has begun."""
    phases = (phase for phase in group_phases(report.tasks) if phase.name and phase.steps)
    return [f"{phase.name} {phase.done} of {len(phase.steps)}" for phase in phases]


def _share(wanted: Sequence[int], rows: int) -> list[int]:
    """Return how many rows each gets, so that the smallest are the last to be cut."""
    rooms = [0] * len(wanted)
    for given, index in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        rooms[index] = min(wanted[index], rows // (len(wanted) - given))
        rows -= rooms[index]
    return rooms


def _has_succeeded(snapshot: JobSnapshot) -> bool:
    return snapshot.report is not None and snapshot.report.outcome is Outcome.SUCCEEDED


def _weigh_job(snapshot: JobSnapshot) -> tuple[float, ...]:
    """Failures matter most, then what goes on; else those named first."""
    report = snapshot.report
    return bool(report and report.failed), not _has_succeeded(snapshot)


def _weigh_task(report: TaskReport) -> tuple[float, ...]:
    """Failures matter most, then what is under way, then what came last."""
    began, index = report.task.created_at, report.task.task_index
    return (
        report.has_failed,
        report.stage is Stage.UNDER_WAY,
        began.timestamp() if began else 0.0,
        index or 0,
    )


class _Screen:
    """The whole terminal, painted over and over by Rich; in the background, nothing is painted.

    What was on the screen before is there again afterwards, as with a pager or an editor, and the
    alternate screen is never reflowed by a terminal that changes its size.
    """

    def __init__(self, write: Callable[[str], object], display: Display) -> None:
        self._write = write
        self._console = open_console(
            display.width or 0,
            is_colored=display.is_colored,
            file=RichStream(lambda text: write(replace_signs(text, display.encoding))),
        )
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._is_to_stop = False
        self._undo = ExitStack()

    def open(self) -> None:
        """Let the signal that stops the program give the terminal back first."""
        if sys.platform != "win32" and signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            handler = signal.signal(signal.SIGTSTP, self._note_stop)
            self._undo.callback(signal.signal, signal.SIGTSTP, handler)

    def close(self) -> None:
        """Give the terminal back."""
        with self._undo:
            self._leave()

    def paint(self, rows: Sequence[Line]) -> None:
        """Paint rows in place of those painted before."""
        if self._is_to_stop:
            self._stop()
        if _is_in_background():
            return
        # At present: it may have changed its size.
        self._console.size = ConsoleDimensions(*shutil.get_terminal_size())
        if not self._live.is_started:
            self._live.start()
            self._write(_NO_WRAP)
        self._write(_BEGIN)
        self._live.update(to_segments(rows), refresh=True)
        self._write(_END)

    def _leave(self) -> None:
        if self._live.is_started:
            self._write(f"{_ERASE}{_WRAP}")
            self._live.stop()

    def _note_stop(self, *_: object) -> None:
        # Not at once: a handler that takes long makes `SimpleQueue.get` forget its timeout.
        self._is_to_stop = True

    def _stop(self) -> None:
        """Stop until `fg` or `bg`, as if Ctrl-Z was not handled, with the terminal as it was."""
        self._is_to_stop = False
        self._leave()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)


def _is_in_background() -> bool:
    """Return whether another program has the terminal, and this one would be stopped."""
    try:
        terminal = sys.stdout  # noqa: TID251 - asked, not written to
        return os.tcgetpgrp(terminal.fileno()) != os.getpgrp()
    except OSError:
        # There is no terminal, or it controls another session.
        return False
