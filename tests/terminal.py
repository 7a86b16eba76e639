"""A terminal with a person at it: types into a program on a real pty, and looks at the screen."""

import select
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import pyte
from ptyprocess import PtyProcess

PATIENCE = 20.0
"""Seconds until what was to be seen is not there: a machine may be busy."""


class Terminal:
    """A program on a pty, up while its `with` block runs, and the screen that it draws."""

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        cwd: str | None = None,
        columns: int = 100,
        rows: int = 30,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._process = PtyProcess.spawn(
            list(words), env=dict(environ), cwd=cwd, dimensions=(rows, columns)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close(force=True)

    def type(self, keys: str) -> None:
        self._process.write(keys.encode())

    def lines(self) -> list[str]:
        """Return what is on the screen, without blank lines."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def wait_until(self, is_seen: Callable[[list[str]], bool]) -> list[str]:
        """Return the screen's lines once they are as wanted."""
        end = time.monotonic() + PATIENCE
        while not is_seen(self.lines()):
            readable, _, _ = select.select([self._process.fd], [], [], end - time.monotonic())
            assert readable, "\n".join(["not seen in time; the screen:", *self.lines()])
            self._stream.feed(self._process.read(65536))
        return self.lines()
