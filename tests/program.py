"""The installed program, as users run it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import Finished

MEASURED = {name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")}
"""The variables by which coverage measures a program that a test starts."""

CASJOB = str(Path(sys.executable).parent / "casjob")


@contextmanager
def start(words: Sequence[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start casjob with pipes for stdout and stderr; it is ended with the block at the latest."""
    pipe = subprocess.PIPE
    with subprocess.Popen([CASJOB, *words], env=environ, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def run_shell(line: str, environ: Mapping[str, str], *, cwd: Path | None = None) -> Finished:
    """Run a line of shell in which `casjob` is the installed program, and measure its coverage."""
    path = f"{Path(CASJOB).parent}:{environ['PATH']}"
    ran = subprocess.run(
        ["/bin/sh", "-c", line],
        env={**MEASURED, **environ, "PATH": path},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    return Finished(ran.returncode, ran.stdout, ran.stderr)
