import io
import os
import select
import termios
import threading
import time
from collections.abc import Iterator

import pyte
import pytest

from casjob import streams
from casjob.errors import JobNotFoundError, OutputError, UsageError
from casjob.streams import Notices, Output
from tests.terminal import PATIENCE

SHOW_CURSOR = "\x1b[?25h"


class Screen(io.StringIO):
    """A terminal that keeps what is drawn, and that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            written = super().write(text)
            self._changed.notify_all()
        return written

    def wait_for(self, text: str) -> list[str]:
        """Return what is seen once the text was drawn."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.getvalue(), timeout=10)
        return self.see()

    def see(self) -> list[str]:
        return [line.rstrip() for line in draw(self.getvalue()).display if line.strip()]


def draw(written: str, columns: int = 80) -> pyte.Screen:
    screen = pyte.Screen(columns, 5)
    pyte.Stream(screen).feed(written.replace("\n", "\r\n"))
    return screen


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PROGRESS_AFTER", 0.0)


def test_notices_are_lines_and_errors_say_what_and_what_to_do(screen: Screen) -> None:
    told = Notices(screen)
    told.say("JOB-1 (last viewed)")
    told.explain(UsageError("no such thing"))
    told.explain(JobNotFoundError("no job", service_message="job not found", hint="look elsewhere"))
    assert screen.getvalue() == (
        "casjob: JOB-1 (last viewed)\ncasjob: no such thing\n"
        "casjob: no job\n  the service said: job not found\n  hint: look elsewhere\n"
    )


def test_nothing_that_is_said_drives_the_terminal_or_fakes_a_line(screen: Screen) -> None:
    bad = "a\x1b[2J\r\nb\x00\x9b\u202e\u2028[red]"
    seen = r"a\x1b[2J\r\nb\x00\x9b\u202e\u2028[red]"
    Notices(screen).say(bad)
    Notices(screen).explain(UsageError(bad, service_message=bad, hint=bad))
    assert screen.getvalue() == (
        f"casjob: {seen}\ncasjob: {seen}\n  the service said: {seen}\n  hint: {seen}\n"
    )


def test_what_is_too_long_to_read_is_cut_in_the_middle(screen: Screen) -> None:
    long = "a" * 999_985
    Notices(screen).explain(UsageError(f"{long} is bad", steps=("a" * 500, "a" * 501)))
    assert screen.getvalue() == (
        f"casjob: {'a' * 242}… (1000000 characters) …{'a' * 243} is bad\n"
        f"{'a' * 500}\n{'a' * 250}… (501 characters) …{'a' * 250}\n"
    )


@pytest.mark.usefixtures("at_once")
def test_without_a_stderr_nothing_is_said_and_nothing_fails() -> None:
    told = Notices(None, draws_progress=True)
    told.say("a word")
    told.explain(UsageError("a word"))
    with told.progress("fetching"):
        pass


@pytest.mark.usefixtures("at_once")
def test_a_closed_stderr_fails_nothing(screen: Screen) -> None:
    screen.close()
    told = Notices(screen, draws_progress=True)
    told.say("a word")
    with told.progress("fetching"):
        pass


def test_a_stderr_that_nobody_reads_fails_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        Notices(stream).say("a word")
        Notices(stream).say("another")


@pytest.mark.usefixtures("at_once")
def test_progress_is_drawn_in_place_and_erased(screen: Screen) -> None:
    with Notices(screen, draws_progress=True).progress("fetching JOB-1") as progress:
        assert screen.wait_for("fetching JOB-1") == ["fetching JOB-1"]
        # Ctrl-Z leaves the shell with a cursor.
        assert screen.wait_for(SHOW_CURSOR)
        progress.count(50, 105)
        assert screen.wait_for("50 of 105") == ["fetching JOB-1: 50 of 105 tasks"]
        progress.count(70, None)
        assert screen.wait_for(": 70") == ["fetching JOB-1: 70 tasks"]
    assert screen.see() == []
    cursor = draw(screen.getvalue()).cursor
    assert (cursor.x, cursor.y, cursor.hidden) == (0, 0, False)


@pytest.mark.usefixtures("at_once")
def test_progress_neither_drives_the_terminal_nor_fakes_a_line(screen: Screen) -> None:
    with Notices(screen, draws_progress=True).progress("a\x1b]0;b\x07\n", "\r") as progress:
        assert screen.wait_for(r"\n") == [r"a\x1b]0;b\x07\n"]
        progress.count(1, None)
        assert screen.wait_for(": 1") == [r"a\x1b]0;b\x07\n: 1 \r"]


@pytest.mark.usefixtures("at_once")
def test_progress_is_erased_when_something_goes_wrong(screen: Screen) -> None:
    def fail() -> None:
        with Notices(screen, draws_progress=True).progress("fetching"):
            screen.wait_for("fetching")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert screen.see() == []


@pytest.mark.usefixtures("at_once")
def test_a_notice_comes_above_the_progress(screen: Screen) -> None:
    told = Notices(screen, draws_progress=True)
    with told.progress("fetching"):
        screen.wait_for("fetching")
        told.say("trying [red]again[/] " + "x" * 100)
        assert screen.see() == ["casjob: trying [red]again[/] " + "x" * 51, "x" * 49, "fetching"]
    assert screen.see()[:1] == ["casjob: trying [red]again[/] " + "x" * 51]


def test_what_is_soon_done_draws_nothing(screen: Screen) -> None:
    with Notices(screen, draws_progress=True).progress("fetching"):
        pass
    assert screen.getvalue() == ""


def test_what_takes_half_a_second_is_drawn(screen: Screen) -> None:
    start = time.monotonic()
    with Notices(screen, draws_progress=True).progress("fetching"):
        screen.wait_for("fetching")
        assert time.monotonic() - start >= 0.5


@pytest.mark.usefixtures("at_once")
def test_where_no_progress_is_wanted_none_is_drawn(screen: Screen) -> None:
    threads = threading.active_count()
    with Notices(screen).progress("fetching") as progress:
        progress.count(1, 2)
        assert threading.active_count() == threads
    assert screen.getvalue() == ""


@pytest.fixture
def narrow() -> Iterator[tuple[io.TextIOWrapper, int]]:
    """Return a terminal, and the side that a person looks at."""
    outer, inner = os.openpty()
    with os.fdopen(inner, "w") as stream:
        yield stream, outer
    os.close(outer)


def read(outer: int, end: str) -> str:
    """Return what is written up to some text."""
    seen = b""
    while end.encode() not in seen:
        assert select.select([outer], [], [], PATIENCE)[0], seen
        seen += os.read(outer, 1000)
    return seen.decode()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("columns", "drawn"), [(20, 19), (0, 79)])
def test_progress_never_fills_a_line_so_that_it_can_be_erased(
    narrow: tuple[io.TextIOWrapper, int], columns: int, drawn: int
) -> None:
    stream, outer = narrow
    termios.tcsetwinsize(stream, (24, columns))
    with Notices(stream, draws_progress=True).progress("0123456789" * 10):
        seen = read(outer, SHOW_CURSOR)
    assert draw(seen, columns or 80).display[0] == ("0123456789" * 10)[:drawn] + " "


def test_a_terminal_gets_lines_that_are_wrapped_at_words(
    narrow: tuple[io.TextIOWrapper, int],
) -> None:
    stream, outer = narrow
    termios.tcsetwinsize(stream, (24, 40))
    error = JobNotFoundError(
        "job JOB474362ef-091d-429f-9b3e-c9246b37dee6 was not found in project p",
        service_message="SVCSTG.00100429 job not found",
        hint="the endpoint may be wrong; casjob config --check shows it, and"
        " to wait longer, use --request-timeout SECONDS",
        steps=("  export CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…",),
    )
    expected = (
        "casjob: job\r\n"
        "JOB474362ef-091d-429f-9b3e-c9246b37dee6\r\n"
        "    was not found in project p\r\n"
        "  the service said: SVCSTG.00100429 job\r\n"
        "    not found\r\n"
        "  hint: the endpoint may be wrong;\r\n"
        "    casjob config --check shows it, and\r\n"
        "    to wait longer, use\r\n"
        "    --request-timeout SECONDS\r\n"
        "  export CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…\r\n"
        "casjob: JOB1 RUNNING; see\r\n"
        "https://example.com/a-long-address/of-a-page\r\n"
    )
    told = Notices(stream)
    told.explain(error)
    told.say("JOB1 RUNNING; see https://example.com/a-long-address/of-a-page")

    assert read(outer, expected[-20:]) == expected


def test_an_error_has_coloured_labels_and_a_notice_has_none(
    narrow: tuple[io.TextIOWrapper, int],
) -> None:
    stream, outer = narrow
    told = Notices(stream, is_colored=True)
    told.explain(UsageError("hint: a", hint="b", steps=("casjob: c",)))
    told.say("d")

    assert read(outer, "d\r\n") == (
        "\x1b[1;31mcasjob:\x1b[0m hint: a\r\n\x1b[36m  hint:\x1b[0m b\r\ncasjob: c\r\ncasjob: d\r\n"
    )


def test_a_reader_that_has_gone_is_no_error_whatever_stdout_is() -> None:
    Output(None).handle_write_error(BrokenPipeError())
    with pytest.raises(OutputError, match="can't write to stdout: No space left on device"):
        Output(None).handle_write_error(OSError(28, "No space left on device"))
