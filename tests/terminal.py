"""A terminal with a person at it: types into a program on a real pty, and reads the screen."""

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

import pyte

PATIENCE = 20.0
"""Seconds until an expected event counts as missing: the machine may be busy."""

# Runs in the session that Popen starts: makes the pty its controlling terminal, then becomes the
# program. Not pty.fork(): Python warns of a fork in a process with threads, as services have here.
# Python ignores SIGPIPE; a login shell does not.
ON_THE_PTY = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


TAIL = 1 << 17
"""More bytes than a picture has."""


class _Screen(pyte.Screen):
    """A screen that responds to the program's questions about the terminal."""

    def __init__(self, columns: int, rows: int, respond: Callable[[str], None]) -> None:
        super().__init__(columns, rows)
        self._respond = respond

    def write_process_input(self, data: str) -> None:
        self._respond(data)


class Terminal:
    """A program on a pty, up while its `with` block runs, and the screen that it draws.

    Attributes:
        tail: the bytes that were written last.
    """

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        cwd: str | None = None,
        columns: int = 100,
        rows: int = 30,
    ) -> None:
        self.tail = b""
        # fish asks what the terminal is, and waits for a response.
        self._screen = _Screen(columns, rows, self.type)
        self._stream = pyte.ByteStream(self._screen)
        self._pty, inner = os.openpty()
        self._set_size(columns, rows)
        self._process = subprocess.Popen(
            [sys.executable, "-ISc", ON_THE_PTY, *words],
            env=dict(environ),
            cwd=cwd,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing it sends SIGHUP to what runs in the foreground.
        os.close(self._pty)
        self._process.kill()
        self._process.wait(PATIENCE)

    @property
    def cursor_is_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)

    @property
    def foreground(self) -> int:
        """The process group that has the terminal."""
        return os.tcgetpgrp(self._pty)

    @property
    def modes(self) -> tuple[list[object], set[int]]:
        """What programs may set and must restore, of the pty and of the screen."""
        return termios.tcgetattr(self._pty), set(self._screen.mode)

    def type(self, keys: str) -> None:
        os.write(self._pty, keys.encode())

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def lines(self) -> list[str]:
        """Return what is on the screen, without blank lines."""
        return _read(self._screen)

    def draw_afresh(self, written: bytes) -> list[str]:
        """Return the lines that this makes on an empty screen of the same size and modes."""
        screen = pyte.Screen(self._screen.columns, self._screen.lines)
        screen.mode = set(self._screen.mode)
        pyte.ByteStream(screen).feed(written)
        return _read(screen)

    def color_of(self, word: str) -> str:
        """Return the colour of the word where it first stands on the screen."""
        for row, line in enumerate(self._screen.display):
            if word in line:
                return str(self._screen.buffer[row][line.index(word)].fg)
        raise AssertionError(f"{word} is not on the screen")

    def wait_until(
        self, is_seen: Callable[[list[str]], bool], patience: float = PATIENCE
    ) -> list[str]:
        """Return the screen's lines once they are as wanted."""
        deadline = time.monotonic() + patience
        while not is_seen(self.lines()):
            assert self._draw_more(deadline), self._describe("the program ended")
        return self.lines()

    def finish(self) -> tuple[int, list[str]]:
        """Return the exit status, or minus the signal that ended the program, and the lines."""
        deadline = time.monotonic() + PATIENCE
        while self._draw_more(deadline):
            pass
        return self._process.wait(PATIENCE), self.lines()

    def _draw_more(self, deadline: float) -> bool:
        """Draw what the program writes next; return False if no program has the pty any more."""
        left = max(0, deadline - time.monotonic())
        readable, _, _ = select.select([self._pty], [], [], left)
        assert readable, self._describe(f"nothing more within {PATIENCE} s")
        written = b""
        # Linux reports the end of a pty as an error.
        with suppress(OSError):
            written = os.read(self._pty, 65536)
        self._stream.feed(written)
        self.tail = (self.tail + written)[-TAIL:]
        return bool(written)

    def _describe(self, problem: str) -> str:
        return "\n".join([f"{problem}; the screen:", *self.lines()])

    def _set_size(self, columns: int, rows: int) -> None:
        termios.tcsetwinsize(self._pty, (rows, columns))


def _read(screen: pyte.Screen) -> list[str]:
    return [line.rstrip() for line in screen.display if line.strip()]
