"""Follow a log while half of the replies fail: `python -m tests.soak_logs --seconds 1200 --seed 1`.

The log grows all the time, and each reply ends anywhere in a line. Until its build ends, casjob
must print what was written, nothing twice and nothing left out, and its memory must stay flat.
"""

# ruff: noqa: S311 - random numbers that anybody can repeat are what is wanted

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import NamedTuple

from casjob.demo.replies import BuildDocument
from tests.conftest import PROJECT_ID, Finished
from tests.program import MEASURED, start
from tests.service import Recorded, Reply, Service
from tests.soak import (
    AFTERMATH,
    MOST_FAILURES,
    PROMPT_FAILURES,
    check_memory,
    find_median,
    read_memory,
)

BUILD_ID = "build-web-1"
RATE = 3000
"""Characters that are written in a second."""
FAILURES = [each for each in PROMPT_FAILURES if each.body != {"job": []}]
"""A reply that is no part of a log would end it."""


class Growing:
    """A build that writes its log for so many seconds, and a service that fails half the time."""

    def __init__(self, seed: int, seconds: float) -> None:
        self.text = "".join(list_lines(int(RATE * seconds)))
        self.requests = 0
        self.failures = 0
        self._seconds = seconds
        self._random = Random(seed)
        self._in_a_row = 0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def fail(self, _: Recorded) -> Reply | None:
        """Return a failure for half of the requests, but not for the first: it would be the end."""
        self.requests += 1
        may_fail = self.requests > 1 and self._in_a_row < MOST_FAILURES
        if may_fail and self._random.random() < 0.5:
            self._in_a_row += 1
            self.failures += 1
            return self._random.choice(FAILURES)
        self._in_a_row = 0
        return None

    def describe(self) -> BuildDocument:
        """Return the build with its log as far as that is written."""
        has_ended = self.seconds >= self._seconds
        state = "Successful" if has_ended else "Building"
        written = len(self.text) if has_ended else int(RATE * self.seconds)
        build = {"build_id": BUILD_ID, "job_id": "build-job", "job_name": "web", "index": 1}
        return {
            "build": {**build, "build_state": state},
            "phases": {"Build": state},
            "log": self.text[:written],
        }


def list_lines(length: int) -> Iterator[str]:
    """Yield lines, no two of them alike, of so many characters at least."""
    while length > 0:
        line = f"{length:09} [INFO] 构建 {'x' * (length % 90)}\n"
        yield line
        length -= len(line)


def check_log(written: str, shown: str) -> Iterator[str]:
    """Yield where the lines that were shown are not those that were written."""
    if shown == written:
        return
    pairs = zip(written.splitlines(), shown.splitlines(), strict=False)
    where = next((number for number, (one, other) in enumerate(pairs) if one != other), None)
    lines = written.count("\n"), shown.count("\n")
    yield f"{lines[1]} lines of {lines[0]}; the first that differs: {where}"


class Result(NamedTuple):
    """What was found, and the figures as lines of text."""

    findings: list[str]
    figures: list[str]


def follow(seconds: float, seed: int) -> Result:
    """Follow a log that grows for a number of seconds."""
    growing = Growing(seed, seconds)
    samples: list[float] = []
    with (
        Service() as service,
        tempfile.TemporaryDirectory() as home,
        ThreadPoolExecutor() as threads,
    ):

        def respond(request: Recorded) -> Reply | None:
            service.builds = [growing.describe()]
            return growing.fail(request)

        service.handler = respond
        environ = {
            **MEASURED,
            "HOME": home,
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "CASJOB_ENDPOINT": service.url,
            "CASJOB_HISTORY": "off",
            "CASJOB_PROJECT_ID": PROJECT_ID,
            "CASJOB_RETRIES": "0",
            "CASJOB_TOKEN": "a-token",
        }
        with start(["logs", "--build", BUILD_ID, "--follow"], environ) as process:
            streams = threads.submit(process.communicate)
            while process.poll() is None and growing.seconds < seconds + AFTERMATH:
                if growing.seconds < seconds:
                    samples.append(read_memory(process.pid))
                time.sleep(min(1.0, seconds / 20))
            process.kill()
            out, err = streams.result()
    finished = Finished(process.returncode, out.decode(), err.decode())
    findings = [*check_log(growing.text, finished.out), *check_memory("logs", samples, seconds)]
    if finished.status:
        findings.append(f"exit status {finished.status}: {finished.err[-2000:]}")
    words = (
        r"casjob: (build 1 .*|branch, commit .*|.*; retrying( \(\d+ more failures? since .*\))?)"
    )
    findings += [
        f"on stderr: {line}" for line in finished.err.splitlines() if not re.fullmatch(words, line)
    ]
    tenths = [f"{find_median(samples, part, part + 1):.1f}" for part in range(10)]
    figures = [
        f"{growing.seconds:.0f} s, {finished.out.count(chr(10))} lines, {len(out)} bytes",
        f"{growing.requests} requests, {growing.failures} of them failed",
        f"MB by tenths of the run: {' '.join(tenths)}",
    ]
    return Result(findings, figures)


def main(words: Sequence[str]) -> int:
    """Print the figures of a run, and what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1200, help="how long (default: 1200)")
    parser.add_argument("--seed", type=int, default=1, help="of the failures (default: 1)")
    given = parser.parse_args(words)
    result = follow(given.seconds, given.seed)
    sys.stdout.writelines(f"{line}\n" for line in [*result.figures, *result.findings])
    return int(bool(result.findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
