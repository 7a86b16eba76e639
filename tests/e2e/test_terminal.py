import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.components import component, record
from tests.conftest import JOB_ID, OTHER_JOB_ID
from tests.drawings import AT_50_COLUMNS, AT_80_COLUMNS, IN_A_PIPE, ON_A_TERMINAL
from tests.program import CASJOB
from tests.samples import as_document, job, task
from tests.service import Recorded, Service, many_tasks
from tests.terminal import PATIENCE, Terminal

SHOW = [CASJOB, "show", JOB_ID]
PROGRESS = f"fetching {JOB_ID}"


class Gate:
    """Lets the first requests through, and holds the others until it is opened."""

    def __init__(self, *, first: int = 0) -> None:
        self._first = first
        self._open = threading.Event()
        self.reached = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, _: Recorded) -> None:
        with self._lock:
            self._first -= 1
            must_wait = self._first < 0
        if must_wait:
            self.reached.set()
            self._open.wait(PATIENCE)

    def open(self) -> None:
        self._open.set()


@contextmanager
def held(service: Service, *, first: int = 0) -> Iterator[Gate]:
    service.handler = gate = Gate(first=first)
    try:
        yield gate
    finally:
        gate.open()


@pytest.fixture
def environ(clean_environ: dict[str, str], at_service: dict[str, str]) -> dict[str, str]:
    return {**clean_environ, **at_service, "LANG": "C.UTF-8", "TERM": "xterm-256color"}


def on_screen(drawing: str, columns: int) -> list[str]:
    """Return the lines as a terminal shows them that is so wide, without blank ones."""
    return [
        line[start : start + columns]
        for line in drawing.splitlines()
        for start in range(0, len(line), columns)
    ]


class TestShow:
    @pytest.mark.parametrize(
        ("columns", "drawing"), [(100, ON_A_TERMINAL), (80, AT_80_COLUMNS), (50, AT_50_COLUMNS)]
    )
    def test_fits_the_terminal(self, environ: dict[str, str], columns: int, drawing: str) -> None:
        with Terminal(SHOW, environ, columns=columns) as terminal:
            assert terminal.finish() == (0, on_screen(drawing, columns))

    def test_fits_the_columns_that_the_user_set(self, environ: dict[str, str]) -> None:
        with Terminal(SHOW, {**environ, "COLUMNS": "50"}, columns=160) as terminal:
            assert terminal.finish() == (0, on_screen(AT_50_COLUMNS, 160))

    def test_fits_80_columns_where_the_terminal_does_not_tell(
        self, environ: dict[str, str]
    ) -> None:
        script = f"stty cols 0 rows 0; {shlex.join(SHOW)}"

        with Terminal(["bash", "-c", script], environ, columns=100) as terminal:
            assert terminal.finish() == (0, on_screen(AT_80_COLUMNS, 100))

    def test_is_colored(self, environ: dict[str, str]) -> None:
        with Terminal(SHOW, environ) as terminal:
            terminal.finish()

            assert terminal.color_of("SUCCEEDED") == "green"
            assert terminal.color_of("FAILED") == terminal.color_of("▇" * 12) == "red"
            assert terminal.color_of("TN00097 wait for the build to succeed: failed") == "default"

    @pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_is_not_colored_where_that_is_not_wanted(
        self, environ: dict[str, str], setting: dict[str, str]
    ) -> None:
        with Terminal(SHOW, {**environ, **setting}) as terminal:
            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))
            assert terminal.color_of("FAILED") == "default"

    def test_is_in_ascii_where_no_more_can_be_written(self, environ: dict[str, str]) -> None:
        drawing = ON_A_TERMINAL.translate(str.maketrans("✗✓·▇▏", "x+-=|"))

        with Terminal(SHOW, {**environ, "PYTHONIOENCODING": "ascii"}) as terminal:
            assert terminal.finish() == (0, on_screen(drawing, 100))

    def test_says_what_is_wrong(self, environ: dict[str, str]) -> None:
        with Terminal([CASJOB, "show", "JOB0"], environ, columns=160) as terminal:
            status, lines = terminal.finish()

        assert status == 5
        assert lines[0].startswith("casjob: job JOB0 was not found")

    @pytest.mark.parametrize(
        ("setting", "options", "color"),
        [
            ({}, [], "red"),
            ({"NO_COLOR": "1"}, [], "default"),
            ({"TERM": "dumb"}, [], "default"),
            ({}, ["--color", "never"], "default"),
            ({}, ["--color=never"], "default"),
        ],
    )
    def test_has_colour_in_an_error_where_that_is_wanted(
        self, environ: dict[str, str], setting: dict[str, str], options: list[str], color: str
    ) -> None:
        words = [CASJOB, "show", "web", *options]
        with Terminal(words, {**environ, **setting}) as terminal:
            assert terminal.finish()[0] == 2
            assert terminal.color_of("casjob:") == color
            assert terminal.color_of("web is not") == "default"


class TestProgress:
    def test_is_drawn_when_it_takes_long_and_erased_at_the_end(
        self, environ: dict[str, str], service: Service
    ) -> None:
        with held(service) as gate, Terminal(SHOW, environ) as terminal:
            terminal.wait_until(lambda lines: lines == [PROGRESS])
            gate.open()

            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))

    def test_counts_the_tasks_so_far(self, environ: dict[str, str], service: Service) -> None:
        service.jobs[JOB_ID] = many_tasks(105)

        with held(service, first=1) as gate, Terminal(SHOW, environ) as terminal:
            terminal.wait_until(lambda lines: lines == [f"{PROGRESS}: 50 of 105 tasks"])
            gate.open()
            status, lines = terminal.finish()

        counts = "105 of 105 steps succeeded · 85 tasks folded"
        assert (status, lines[-2:]) == (0, [counts, "next: casjob show --full"])
        assert not any("fetching" in line for line in lines)

    def test_is_on_stderr_while_stdout_goes_elsewhere(
        self, environ: dict[str, str], service: Service, tmp_path: Path
    ) -> None:
        script = f"{shlex.join(SHOW)} > {tmp_path / 'out'}"

        with held(service) as gate, Terminal(["bash", "-c", script], environ) as terminal:
            terminal.wait_until(lambda lines: lines == [PROGRESS])
            gate.open()

            assert terminal.finish() == (0, [])
        assert (tmp_path / "out").read_text() == IN_A_PIPE

    def test_never_wraps(self, environ: dict[str, str], service: Service) -> None:
        with held(service) as gate, Terminal(SHOW, environ, columns=30) as terminal:
            terminal.wait_until(lambda lines: lines == [PROGRESS[:29]])
            gate.open()
            _, lines = terminal.finish()

        assert lines[0] == "✗ provision/provMain FAILED"

    def test_is_not_drawn_on_a_dumb_terminal(
        self, environ: dict[str, str], service: Service
    ) -> None:
        dumb = {**environ, "TERM": "dumb"}

        with held(service) as gate, Terminal(SHOW, dumb) as terminal:
            assert gate.reached.wait(PATIENCE)
            gate.open()

            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))


class TestTextOfTheService:
    """Such as the name of a component that sets the title and clears the screen."""

    NAME = "\x1b]0;OWNED\x07\x1b[2J\r\n\x9b\u202e"
    SHOWN = r"\x1b]0;OWNED\x07\x1b[2J\r\n\x9b\u202e"

    def test_does_not_drive_the_terminal_from_the_progress_of_diff(
        self, environ: dict[str, str], service: Service
    ) -> None:
        service.components = [component(1, self.NAME, record(JOB_ID), record(OTHER_JOB_ID))]
        service.jobs[JOB_ID] = as_document(job("FAILED", task(1, "FAILED"), JOB_ID=JOB_ID))
        service.jobs[OTHER_JOB_ID] = service.jobs[JOB_ID]
        progress = f"listing the jobs of {self.SHOWN}"

        with (
            held(service, first=1) as gate,
            Terminal([CASJOB, "diff", "--component", "c0000001"], environ, columns=160) as terminal,
        ):
            # On a busy machine, the components are seen to be listed before.
            terminal.wait_until(lambda lines: lines == [progress])
            gate.open()
            finished = terminal.finish()

        assert finished == (
            5,
            [
                f"casjob: component {self.SHOWN} has no job that succeeded",
                "  hint: casjob list c0000001 shows them",
            ],
        )
        assert b"\x1b]" not in terminal.tail
        assert b"\x1b[2J" not in terminal.tail

    def test_does_not_drive_the_terminal_from_the_progress_of_wait(
        self, environ: dict[str, str], service: Service
    ) -> None:
        service.components = [component(1, self.NAME, job_id=OTHER_JOB_ID)]
        words = [CASJOB, "wait", "--component", "c0000001", "--after", OTHER_JOB_ID]
        progress = f"waiting for the next job of component {self.SHOWN} after {OTHER_JOB_ID}"

        with held(service, first=2) as gate, Terminal(words, environ, columns=160) as terminal:
            terminal.wait_until(lambda lines: lines == [progress])
            service.components = [component(1, self.NAME, job_id=JOB_ID)]
            gate.open()
            status, lines = terminal.finish()

        assert (status, lines[0]) == (1, f"casjob: {JOB_ID} (next job of component {self.SHOWN})")
        assert b"\x1b]" not in terminal.tail
        assert b"\x1b[2J" not in terminal.tail


class TestInterrupt:
    def test_before_anything_is_drawn_leaves_nothing(
        self, environ: dict[str, str], service: Service
    ) -> None:
        with held(service) as gate, Terminal(SHOW, environ) as terminal:
            assert gate.reached.wait(PATIENCE)
            terminal.type("\x03")
            status, lines = terminal.finish()

        assert status == 130
        assert lines in ([], ["^C"])

    @pytest.mark.parametrize(("tasks", "first"), [(5, 0), (250, 1)])
    def test_erases_the_progress_also_while_pages_are_fetched_side_by_side(
        self, environ: dict[str, str], service: Service, tasks: int, first: int
    ) -> None:
        service.jobs[JOB_ID] = many_tasks(tasks)

        with held(service, first=first), Terminal(SHOW, environ) as terminal:
            terminal.wait_until(bool)
            terminal.type("\x03")
            status, lines = terminal.finish()

        assert status == 130
        assert lines in ([], ["^C"])
