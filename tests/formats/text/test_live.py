import copy
import io
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import pyte
import pytest
from rich.cells import cell_len

from casjob.formats.display import Display, JobResult
from casjob.formats.text.live import LiveView
from casjob.job.events import JobSnapshot, Stall
from tests.conftest import JOB_ID
from tests.samples import Fields, job, report_of, separator, task

if TYPE_CHECKING:
    from casjob.job.report import Report


class TwoScreens(pyte.Screen):
    """A terminal with an alternate screen, which pyte has not."""

    def __init__(self, columns: int, lines: int) -> None:
        self.first: tuple[Any, Any] | None = None
        super().__init__(columns, lines)

    def set_mode(self, *modes: int, **more: Any) -> None:
        super().set_mode(*modes, **more)
        if 1049 in modes:
            self.first = (copy.deepcopy(self.buffer), copy.copy(self.cursor))
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **more: Any) -> None:
        super().reset_mode(*modes, **more)
        if 1049 in modes and self.first:
            buffer, cursor = self.first
            self.first = None
            self.buffer.clear()
            self.buffer.update(buffer)
            self.cursor.x, self.cursor.y = cursor.x, cursor.y


class Tty:
    """A terminal's screen, and the stream that leads to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8") -> None:
        self._patch = monkeypatch
        self._bytes = io.BytesIO()
        self._fed = 0
        self.screen = TwoScreens(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.out = io.TextIOWrapper(self._bytes, encoding=encoding, newline="\r\n")
        self.resize(80, 24)

    def resize(self, columns: int, rows: int) -> None:
        self._patch.setenv("COLUMNS", str(columns))
        self._patch.setenv("LINES", str(rows))
        self.screen.resize(rows, columns)

    def written(self) -> str:
        return self._bytes.getvalue().decode()

    def frames(self) -> Iterator[list[str]]:
        """Yield what is seen after each line that was written since."""
        written = self._bytes.getvalue()[self._fed :]
        self._fed += len(written)
        for part in written.splitlines(keepends=True):
            self._stream.feed(part)
            yield self.lines()

    def see(self) -> list[str]:
        """Return what is seen at last."""
        for _ in self.frames():
            pass
        return self.lines()

    def lines(self) -> list[str]:
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines


@pytest.fixture
def tty(monkeypatch: pytest.MonkeyPatch) -> Tty:
    return Tty(monkeypatch)


def view(tty: Tty) -> LiveView:
    def write(content: str | bytes) -> bool:
        assert isinstance(content, str)
        tty.out.write(content)
        tty.out.flush()
        return True

    return LiveView(write, Display(is_terminal=True, encoding=tty.out.encoding, utc=True))


def picture(number: int, status: str, *tasks: Fields) -> JobSnapshot:
    job_id = f"JOB{number}"
    return JobSnapshot(job_id, report_of(job(status, *tasks, JOB_ID=job_id)), poll_in=2.0)


def running(number: int = 1, tasks: int = 1) -> JobSnapshot:
    done = [task(each, start=each) for each in range(1, tasks)]
    return picture(number, "RUNNING", *done, task(tasks, "RUNNING", start=tasks, seconds=100))


def failed(number: int = 1, tasks: int = 1) -> JobSnapshot:
    done = [task(each + 1, start=each) for each in range(1, tasks)]
    cause = task(1, "FAILED", messages='{"Message": "E1", "Detail": "Broken."}')
    return picture(number, "FAILED", cause, *done)


FOOTER = "next poll in 2s · Ctrl-C to stop watching (the job keeps running)"


class TestOneJob:
    def test_is_drawn_as_show_does_with_its_phases_below(self, tty: Tty) -> None:
        building = [separator(1, "BUILDING"), task(2), task(3, "RUNNING", start=1, seconds=116)]
        with view(tty) as live:
            live.draw([picture(1, "RUNNING", *building)])

            assert tty.see() == [
                "● provision/provMain has been RUNNING for 2m 00s · PROVISION",
                "  job JOB1 · started 2020-02-04 04:01:03Z",
                "",
                "● task 3 TX00003: running for 1m 59s, in phase BUILDING, last heartbeat 3.0s ago",
                "",
                "  #  TASK     TYPE     STATUS       STARTED   ELAPSED  0s                 2m 00s",
                "  1  BUILDING",
                "  2  TX00002  restful  ✓ SUCCEEDED  04:01:03     1.0s  ▏",
                "  3  TX00003  restful  ● RUNNING    04:01:04   1m 59s  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇",
                "",
                "1 of 2 steps done, 1 running",
                "BUILDING 1 of 2",
                "",
                FOOTER,
            ]

    def test_shows_the_last_stalls(self, tty: Tty) -> None:
        report = running().report
        assert report
        stalls = tuple(
            Stall(datetime(2026, 11, 23, 8, minute, tzinfo=UTC), "JOB1", report.tasks[0], "slow")
            for minute in range(5)
        )
        with view(tty) as live:
            for stall in stalls:
                live.show_event(stall)
            live.draw([running()])

            assert [line for line in tty.see() if line.startswith("note: ")] == [
                f"note: 08:0{minute}:00 task 1 TX00001: slow" for minute in (2, 3, 4)
            ]

    def test_never_flickers_nor_doubles_as_it_grows_and_shrinks(self, tty: Tty) -> None:
        with view(tty) as live:
            live.draw([running(tasks=2)])
            tty.see()
            for tasks in (3, 9, 8, 2, 12):
                live.draw([running(tasks=tasks)])
                for lines in tty.frames():
                    assert sum("provMain" in line for line in lines) == 1
                assert sum(FOOTER in line for line in tty.lines()) == 1

    def test_gives_back_what_was_on_the_screen_before(self, tty: Tty) -> None:
        tty.out.write("$ casjob watch\n")
        with view(tty) as live:
            for _ in range(3):
                live.draw([running()])

            lines = tty.see()
            assert tty.screen.cursor.hidden
            live.show_results([JobResult("JOB1", report_of(job("SCHEDULED")), "casjob watch")])
        assert lines[0] == "● provision/provMain has been RUNNING for 1m 59s · PROVISION"
        assert lines[-1] == FOOTER
        assert tty.see() == [
            "$ casjob watch",
            "○ provision/provMain SCHEDULED · PROVISION",
            "  job JOB474362ef-091d-429f-9b3e-c9246b37dee6",
            "",
            "no steps yet",
            "next: casjob watch",
        ]
        assert not tty.screen.cursor.hidden

    def test_may_take_rows_to_their_last_cell(self, tty: Tty) -> None:
        with view(tty) as live:
            for _ in range(2):
                live.draw([JobSnapshot("J" * 100, None, poll_in=2.0, trouble="x" * 100)])

            assert tty.see() == ["J" * 79 + "…", "x" * 79 + "…"]


class TestTheScreen:
    def test_is_never_written_past(self, tty: Tty) -> None:
        with view(tty) as live:
            for columns in (100, 20):
                for rows in (40, 15, 5, 2):
                    tty.resize(columns, rows)
                    for _ in range(2):
                        live.draw([failed(1, 30), running(2, 20), running(3, 3)])
                        lines = tty.see()
                        assert sum("JOB1" in line for line in lines) <= 1
                        assert len(lines) <= rows

    def test_shows_as_many_tasks_as_it_has_room_for(self, tty: Tty) -> None:
        with view(tty) as live:
            live.draw([running(tasks=60)])
            lines = tty.see()

        assert len(lines) == 24
        assert lines[6] == "      … 47 tasks, all succeeded"
        assert lines[7].startswith("  48  TX00048  restful  ✓ SUCCEEDED")
        assert lines[19].startswith("  60  TX00060  restful  ● RUNNING")
        assert lines[20:] == [
            "",
            "59 of 60 steps done, 1 running, 47 hidden",
            "",
            "next poll in 2s · 47 hidden · Ctrl-C to stop watching (the job keeps running)",
        ]

    def test_folds_what_went_well_first(self, tty: Tty) -> None:
        with view(tty) as live:
            live.draw(
                [
                    picture(1, "SUCCEEDED", *(task(each) for each in range(1, 16))),
                    running(2, 4),
                ],
            )
            lines = tty.see()

        assert lines[0] == "✓ SUCCEEDED after 1.0s  JOB1  provision/provMain"
        assert lines[1].startswith("● provision/provMain has been RUNNING")
        assert lines[-3] == "3 of 4 steps done, 1 running"

    def test_has_failures_on_it_however_small(self, tty: Tty) -> None:
        pictures = [*(running(each, 5) for each in range(1, 9)), failed(9, 30), failed(10)]
        with view(tty) as live:
            for rows in (4, 5, 10, 14, 22, 40):
                tty.resize(80, rows)
                live.draw(pictures)
                lines = tty.see()
                assert any("JOB9" in line for line in lines)
                assert any("E1  Broken." in line for line in lines)

    def test_says_how_many_jobs_are_not_on_it(self, tty: Tty) -> None:
        pictures = [
            picture(1, "SUCCEEDED", task(1)),
            JobSnapshot("JOB2", None),
            running(3),
            failed(4),
        ]
        tty.resize(80, 4)
        with view(tty) as live:
            live.draw(pictures)

            assert tty.see() == [
                "JOB2: nothing is known yet",
                "✗ FAILED after 1.0s  JOB4  task 1 TX00001  E1  Broken.",
                "and 2 more jobs",
                "next poll in 2s · 1 hidden · Ctrl-C to stop watching (the jobs keep running)",
            ]

    def test_has_many_jobs_in_brief(self, tty: Tty) -> None:
        tty.resize(80, 11)
        with view(tty) as live:
            live.draw([running(1, 2), failed(2, 3), running(3, 9)])

            assert tty.see() == [
                "● RUNNING for 1m 59s  JOB1  provision/provMain",
                "  ● task 2 TX00002: running for 1m 58s, last heartbeat 18.0s ago",
                "  ✓ task 1 TX00001: succeeded after 1.0s",
                "✗ FAILED after 3.0s  JOB2  task 1 TX00001  E1  Broken.",
                "  ✗ task 1 TX00001: failed after 1.0s",
                "  ✓ task 3 TX00003: succeeded after 1.0s",
                "● RUNNING for 1m 59s  JOB3  provision/provMain",
                "  ● task 9 TX00009: running for 1m 51s, last heartbeat 11.0s ago",
                "  ✓ task 8 TX00008: succeeded after 1.0s",
                "  ✓ task 7 TX00007: succeeded after 1.0s",
                "next poll in 2s · 7 hidden · Ctrl-C to stop watching (the jobs keep running)",
            ]

    def test_in_brief_has_its_id_in_a_row_of_its_own_where_it_takes_that(self, tty: Tty) -> None:
        steps = [separator(1, "BUILDING"), *(task(each) for each in range(2, 6))]
        shown = picture(1, "RUNNING", *steps)._replace(job_id=JOB_ID)
        tty.resize(41, 6)
        with view(tty) as live:
            live.draw([shown])
            assert tty.see() == [
                "● RUNNING for 2m 00s  provision/provMain",
                f"  {JOB_ID}",
                "  ✓ task 5 TX00005: succeeded after 1.0s",
                "  ✓ task 4 TX00004: succeeded after 1.0s",
                "  ✓ task 3 TX00003: succeeded after 1.0s",
                "next poll in 2s · 1 hidden · Ctrl-C to…",
            ]

    def test_in_brief_leaves_out_what_tasks_do_rather_than_their_status(self, tty: Tty) -> None:
        titled = picture(1, "RUNNING", task(9, "FAILED", TASK_NAME="TN00097"))
        jobs = [titled, running(2), running(3)]
        for columns, line in (
            (70, "  ✗ task 9 TN00097 wait for the build to succeed: failed after 1.0s"),
            (50, "  ✗ task 9 TN00097: failed after 1.0s"),
        ):
            tty.resize(columns, 11)
            with view(tty) as live:
                live.draw(jobs)
                assert line in tty.see()

    @pytest.mark.parametrize(("columns", "rows"), [(60, 24), (120, 24), (80, 12), (80, 40)])
    def test_may_change_its_size(self, tty: Tty, columns: int, rows: int) -> None:
        with view(tty) as live:
            live.draw([running(tasks=9)])
            tty.see()
            tty.resize(columns, rows)
            for _ in range(2):
                live.draw([running(tasks=9)])
                lines = tty.see()
            assert sum("provMain" in line for line in lines) == 1
            assert lines[-1].startswith("next poll in 2s")


class TestTheEnd:
    def test_of_several_jobs_is_a_line_or_a_report_each_and_a_tally(self, tty: Tty) -> None:
        pictures = [picture(1, "SUCCEEDED", task(1)), failed(2), JobSnapshot("JOB3", None)]
        results = [JobResult(each.job_id, each.report, None) for each in pictures]
        with view(tty) as live:
            live.draw(pictures)
            live.show_results(results)

        assert tty.see() == [
            "✓ JOB1 provision/provMain SUCCEEDED after 1.0s",
            "JOB3: nothing is known about the job yet",
            "",
            "✗ provision/provMain FAILED after 1.0s · PROVISION",
            "  job JOB2 · started 2020-02-04 04:01:03Z",
            "",
            "✗ task 1 TX00001: failed after 1.0s",
            "  E1  Broken.",
            "",
            "  #  TASK     TYPE     STATUS    STARTED   ELAPSED  0s                      1.0s",
            "  1  TX00001  restful  ✗ FAILED  04:01:03     1.0s  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇",
            "",
            "0 of 1 steps succeeded",
            "",
            "1 of 3 jobs succeeded, 1 failed, 1 unknown",
        ]

    def test_after_an_interruption_leaves_the_last_picture(self, tty: Tty) -> None:
        def draw_until_interrupted() -> NoReturn:
            with view(tty) as live:
                live.draw([running()])
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            draw_until_interrupted()
        lines = tty.see()
        assert lines[0] == "● provision/provMain has been RUNNING for 1m 59s · PROVISION"
        assert lines[-1] == "0 of 1 steps done, 1 running"
        assert not tty.screen.cursor.hidden
        assert tty.screen.cursor.x == 0


def test_ctrl_z_stays_ignored_where_it_was(tty: Tty) -> None:
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        with view(tty):
            assert signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTSTP, before)


def test_a_narrow_encoding_gets_narrow_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = Tty(monkeypatch, encoding="ascii")
    with view(tty) as live:
        live.draw([failed()])

        assert tty.see()[0] == "x provision/provMain FAILED after 1.0s - PROVISION"


def test_text_from_the_service_does_not_drive_the_terminal(tty: Tty) -> None:
    report: Report = report_of(
        job("RUNNING\x1b[2J", task(1, "RUNNING", TASK_NAME="\x1b[H"), JOB_NAME="\x9b2J")
    )
    with view(tty) as live:
        for rows in (24, 4):
            tty.resize(80, rows)
            live.draw([JobSnapshot("JOB1", report)])
            assert "\\x1b[2J" in tty.see()[0]


def test_frames_are_synchronised_where_the_terminal_can(tty: Tty) -> None:
    with view(tty) as live:
        live.draw([running()])
        live.show_results([JobResult("JOB1", None)])
    written = tty.written()

    assert written.count("\x1b[?2026h") == written.count("\x1b[?2026l") == 1
    assert written.startswith("\x1b[?1049h\x1b[H\x1b[?25l\x1b[?7l\x1b[?2026h")
    assert written.endswith("\x1b[?2026l\x1b[H\x1b[J\x1b[?7h\x1b[?25h\x1b[?1049l")


def test_an_emoji_of_two_cells_makes_no_line_wider_than_the_terminal(tty: Tty) -> None:
    tty.resize(40, 24)
    with view(tty) as live:
        live.draw([running()._replace(trouble="]]>\N{HEAVY BLACK HEART}\ufe0f")])

    written = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", tty.written())
    footer = written[written.index("]]>") : written.index("…", written.index("]]>")) + 1]
    assert cell_len(footer) <= 40
