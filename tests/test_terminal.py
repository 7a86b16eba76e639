import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import JOB_ID
from tests.drawings import AT_50_COLUMNS, IN_A_PIPE, ON_A_TERMINAL
from tests.samples import job, task
from tests.service import Recorded, Service, many_tasks
from tests.terminal import PATIENCE, Terminal

CASJOB = str(Path(sys.executable).parent / "casjob")
SHOW = [CASJOB, "show", JOB_ID]
PROGRESS = f"fetching {JOB_ID}"


class Session(Terminal):
    """A program on a terminal, watched until it ends."""

    def finish(self) -> tuple[int, list[str]]:
        """Return its exit status, or the signal it died of as a negative number, and the lines."""
        try:
            while True:
                self._stream.feed(self._process.read(65536))
        except EOFError:
            status = self._process.wait()
        return (-self._process.signalstatus if status is None else status), self.lines()

    def color_of(self, word: str) -> str:
        """Return the colour of the first place on the screen with that word."""
        for row, line in enumerate(self._screen.display):
            if word in line:
                return str(self._screen.buffer[row][line.index(word)].fg)
        raise AssertionError(f"{word} is not on the screen")


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


def in_shell(script: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script],  # noqa: S607 - wherever it is installed
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


class TestShow:
    @pytest.mark.parametrize(
        ("columns", "drawing"),
        [(160, ON_A_TERMINAL), (100, ON_A_TERMINAL), (80, ON_A_TERMINAL), (50, AT_50_COLUMNS)],
    )
    def test_fits_the_terminal(self, environ: dict[str, str], columns: int, drawing: str) -> None:
        with Session(SHOW, environ, columns=columns) as terminal:
            assert terminal.finish() == (0, on_screen(drawing, columns))

    def test_fits_the_columns_that_the_user_set(self, environ: dict[str, str]) -> None:
        with Session(SHOW, {**environ, "COLUMNS": "50"}, columns=160) as terminal:
            assert terminal.finish() == (0, on_screen(AT_50_COLUMNS, 160))

    def test_fits_80_columns_where_the_terminal_does_not_tell(
        self, environ: dict[str, str]
    ) -> None:
        script = f"stty cols 0 rows 0; {shlex.join(SHOW)}"

        with Session(["bash", "-c", script], environ, columns=100) as terminal:
            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))

    def test_is_colored(self, environ: dict[str, str]) -> None:
        with Session(SHOW, environ) as terminal:
            terminal.finish()

            assert terminal.color_of("SUCCEEDED") == "green"
            assert terminal.color_of("FAILED") == terminal.color_of("▇▇▇") == "red"
            assert terminal.color_of("TN00097 failed") == "default"

    @pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_is_not_colored_where_that_is_not_wanted(
        self, environ: dict[str, str], setting: dict[str, str]
    ) -> None:
        with Session(SHOW, {**environ, **setting}) as terminal:
            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))
            assert terminal.color_of("FAILED") == "default"

    def test_is_in_ascii_where_no_more_can_be_written(self, environ: dict[str, str]) -> None:
        drawing = ON_A_TERMINAL.translate(str.maketrans("✗✓·▇", "x+-="))

        with Session(SHOW, {**environ, "PYTHONIOENCODING": "ascii"}) as terminal:
            assert terminal.finish() == (0, on_screen(drawing, 100))

    def test_says_what_is_wrong(self, environ: dict[str, str]) -> None:
        with Session([CASJOB, "show", "JOB0"], environ, columns=160) as terminal:
            status, lines = terminal.finish()

        assert status == 5
        assert lines[0].startswith("casjob: job JOB0 was not found")


class TestProgress:
    def test_is_drawn_when_it_takes_long_and_erased_at_the_end(
        self, environ: dict[str, str], service: Service
    ) -> None:
        with held(service) as gate, Session(SHOW, environ) as terminal:
            assert terminal.wait_until(bool) == [PROGRESS]
            gate.open()

            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))

    def test_counts_the_tasks_so_far(self, environ: dict[str, str], service: Service) -> None:
        service.jobs[JOB_ID] = many_tasks(105)

        with held(service, first=1) as gate, Session(SHOW, environ) as terminal:
            assert terminal.wait_until(bool) == [f"{PROGRESS}: 50 of 105 tasks"]
            gate.open()
            status, lines = terminal.finish()

        assert (status, lines[-2]) == (0, "105 of 105 steps succeeded · all 105 tasks shown")
        assert not any("fetching" in line for line in lines)

    def test_is_on_stderr_while_stdout_goes_elsewhere(
        self, environ: dict[str, str], service: Service, tmp_path: Path
    ) -> None:
        script = f"{shlex.join(SHOW)} > {tmp_path / 'out'}"

        with held(service) as gate, Session(["bash", "-c", script], environ) as terminal:
            terminal.wait_until(lambda lines: lines == [PROGRESS])
            gate.open()

            assert terminal.finish() == (0, [])
        assert (tmp_path / "out").read_text() == IN_A_PIPE

    def test_never_wraps(self, environ: dict[str, str], service: Service) -> None:
        with held(service) as gate, Session(SHOW, environ, columns=30) as terminal:
            assert terminal.wait_until(bool) == [PROGRESS[:29]]
            gate.open()
            _, lines = terminal.finish()

        assert lines[0] == "✗ provision/provMain FAILED"

    def test_is_not_drawn_on_a_dumb_terminal(
        self, environ: dict[str, str], service: Service
    ) -> None:
        dumb = {**environ, "TERM": "dumb"}

        with held(service) as gate, Session(SHOW, dumb) as terminal:
            assert gate.reached.wait(PATIENCE)
            gate.open()

            assert terminal.finish() == (0, on_screen(ON_A_TERMINAL, 100))


class TestInterrupt:
    def test_before_anything_is_drawn_leaves_nothing(
        self, environ: dict[str, str], service: Service
    ) -> None:
        with held(service) as gate, Session(SHOW, environ) as terminal:
            assert gate.reached.wait(PATIENCE)
            terminal.type("\x03")
            status, lines = terminal.finish()

        assert status == 130
        assert lines in ([], ["^C"])

    def test_erases_the_progress(self, environ: dict[str, str], service: Service) -> None:
        with held(service), Session(SHOW, environ) as terminal:
            terminal.wait_until(bool)
            terminal.type("\x03")
            status, lines = terminal.finish()

        assert status == 130
        assert lines in ([], ["^C"])

    def test_while_pages_are_fetched_side_by_side_ends_at_once(
        self, environ: dict[str, str], service: Service
    ) -> None:
        service.jobs[JOB_ID] = many_tasks(250)

        with held(service, first=1), Session(SHOW, environ) as terminal:
            terminal.wait_until(bool)
            terminal.type("\x03")
            status, lines = terminal.finish()

        assert status == 130
        assert lines in ([], ["^C"])


class TestPipe:
    def test_gets_the_plain_report(self, environ: dict[str, str]) -> None:
        done = in_shell(f"{shlex.join(SHOW)} | cat", {**environ, "COLUMNS": "20"})

        assert (done.stdout, done.stderr) == (IN_A_PIPE, "")

    @pytest.mark.parametrize("options", ["", "--json", "--color always"])
    def test_may_be_closed_early(
        self, environ: dict[str, str], service: Service, options: str
    ) -> None:
        trace = "".join(f"at line {number}\n" for number in range(10_000))
        messages = json.dumps([{"trace": line} for line in trace.splitlines()])
        service.jobs[JOB_ID] = json.loads(
            json.dumps(job("FAILED", task(1, "FAILED", messages=trace), task(2, messages=messages)))
        )

        done = in_shell(f"{shlex.join(SHOW)} {options} | head -1; echo ${{PIPESTATUS[0]}}", environ)

        assert done.stdout.splitlines()[1:] == ["0"]
        assert done.stderr == ""

    def test_may_have_nobody_at_its_end(self, environ: dict[str, str]) -> None:
        done = in_shell(f"{shlex.join(SHOW)} | true; echo ${{PIPESTATUS[0]}}", environ)

        assert (done.stdout, done.stderr) == ("0\n", "")

    @pytest.mark.parametrize("options", ["", "--json"])
    def test_that_is_closed_is_told(self, environ: dict[str, str], options: str) -> None:
        done = in_shell(f"{shlex.join(SHOW)} {options} >&-", environ)

        closed = (74, "", "casjob: stdout is closed\n")
        assert (done.returncode, done.stdout, done.stderr) == closed

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    @pytest.mark.parametrize("options", ["", "--json"])
    def test_to_a_full_disk_is_told(self, environ: dict[str, str], options: str) -> None:
        done = in_shell(f"{shlex.join(SHOW)} {options} > /dev/full", environ)

        assert done.returncode == 74
        assert done.stderr == "casjob: can't write to stdout: No space left on device\n"

    def test_of_stderr_may_be_missing(self, environ: dict[str, str]) -> None:
        done = in_shell(f"{shlex.join(SHOW)} 2>&-", environ)

        assert (done.returncode, done.stdout, done.stderr) == (0, IN_A_PIPE, "")
