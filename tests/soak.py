"""Watch jobs while half of the replies fail: `tests/soak.py --seconds 3600 --seed 1`.

Two processes of `casjob watch` follow the same jobs side by side. One runs on a terminal that is
resized every few seconds, and is sometimes stopped by Ctrl-Z and continued. Its memory must stay
flat, nothing may hang, each picture must replace the one before, and the final screen and the
terminal's modes must be those of a fresh run. The other one writes its events into a pipe: one
for each change that a reply showed, one for each failed poll, and one verdict on each job.

Memory is read from /proc, which only Linux has.
"""

# ruff: noqa: S311 - random numbers that anybody can repeat are what is wanted

import argparse
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

# Run as a program, Python puts the folder of this file there and not the one above.
sys.path.insert(0, str(Path(__file__).parent.parent))

from casjob.demo.replies import PAGE_CAP, Document, Samples, answer
from tests.conftest import Finished
from tests.fuzz_following import check_events
from tests.program import CASJOB, MEASURED, start
from tests.samples import Fields, as_document, job, task
from tests.service import Recorded, Reply, Service
from tests.terminal import Terminal

# --- The jobs and their service -----------------------------------------------------------------

MOST_FAILURES = 6
"""The most polls of a job that fail in a row: casjob gives up after 10; a stop may add some."""
REQUEST_TIMEOUT = 10
PROMPT_FAILURES = [
    Reply(429, {"error_code": "APIGW.0308", "error_msg": "Throttled"}),
    Reply(429, {"error_code": "APIGW.0308"}, headers={"Retry-After": "0"}),
    Reply(500, {"error_code": "APIGW.0601", "error_msg": "Internal error"}),
    Reply(502, "<html><title>502 Bad Gateway</title></html>"),
    Reply(503, {"error_code": "APIGW.0613"}),
    Reply(reset=True),
    Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
    Reply(200, b"\x00\xff garbage"),
    Reply(200, {"job": []}),
    Reply(200, b'{"job": {"JOB_ID"', headers={"Content-Length": "4000"}, truncate=9),
]
SLOW_FAILURES = [
    Reply(429, {"error_code": "APIGW.0308"}, headers={"Retry-After": "1"}),
    Reply(429, headers={"Retry-After": "3"}),
    Reply(503, headers={"Retry-After": "2"}),
    Reply(503, delay=2),
    Reply(reset=True, delay=2),
    Reply(delay=REQUEST_TIMEOUT + 2),
    # Takes longer than the 4 request timeouts after which casjob gives a reply up.
    Reply(body=b" " * 200, drip=REQUEST_TIMEOUT / 40),
]
LONG = 600.0
"""Seconds: only a run of at least that has slow failures, and is checked for growing memory."""
FIRST_END = 0.85
"""When the first job ends, as a fraction of the run; the last one ends with the run."""

TERMINAL, PIPE = "terminal", "pipe"
"""The two processes. Each has its name as its token, by which the service tells them apart."""

Changes = dict[tuple[object, object], list[tuple[object, object]]]
"""Old and new status of each change, by job and task; None stands for the job itself."""


class Progress:
    """Jobs that progress with time, and a service that fails half of the requests.

    Args:
        seed: makes the failures.
        seconds: until the last job ends.
        count: how many jobs.

    Attributes:
        job_ids: the jobs.
        polls: the number of requests by process.
        failures: the number of requests that failed, by process and job.
        served: the changes that whole polls showed, by process.
        may_end: whether the last job may end.
        is_reliable: whether no reply fails any longer.
    """

    def __init__(self, seed: int, seconds: float, count: int) -> None:
        self.job_ids = [f"JOB{number:03}" for number in range(count)]
        self.polls: Counter[str] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self.served: dict[str, Changes] = defaultdict(lambda: defaultdict(list))
        self.may_end = False
        self.is_reliable = False
        self._seed = seed
        self._seconds = seconds
        self._began = datetime.now(UTC)
        self._randoms: dict[tuple[str, str], Random] = {}
        self._in_a_row: Counter[tuple[str, str]] = Counter()
        self._has_failed: dict[tuple[str, str], bool] = defaultdict(bool)
        self._statuses: dict[tuple[str, str], dict[object, object]] = defaultdict(dict)
        self._lock = threading.Lock()

    def respond(self, request: Recorded) -> Reply:
        """Return a failure, or the job as it is now."""
        client, job_id = request.headers["X-Auth-Token"], request.path.rpartition("/")[2]
        with self._lock:
            self.polls[client] += 1
            failure = None if self.is_reliable else self._choose(request, (client, job_id))
            if failure:
                self.failures[client, job_id] += 1
                return failure
            status, body = answer(
                request.method,
                request.path,
                {name: values[0] for name, values in request.query.items()},
                Samples(lambda _: self.find(job_id, datetime.now(UTC))),
                request.request_id,
            )
            self._note((client, job_id), as_document(body), request)
            return Reply(status, body)

    def find(self, job_id: str, now: datetime) -> Document:
        """Return a job as it is at that time."""
        number = self.job_ids.index(job_id)
        part = (number + 1) / len(self.job_ids)
        length = self._seconds * (FIRST_END + part * (1 - FIRST_END))
        passed = (now - self._began).total_seconds()
        if part == 1 and not self.may_end:
            passed = min(passed, length * 0.999)
        final = final_status(number)
        status = "SUBMITTED" if passed < length / 50 else "RUNNING"
        if final == "ROLLBACKED" and passed > length * 0.9:
            status = "ROLLBACKING"
        if passed >= length:
            status = final
        tasks = list(self._list_tasks(number, length, min(passed, length)))
        return as_document(job(status, *tasks, JOB_ID=job_id, JOB_NAME=f"provision/main{number}"))

    def _list_tasks(self, number: int, length: float, passed: float) -> Iterator[Fields]:
        """Yield the tasks that have begun; one is under way at any time."""
        count = count_tasks(number)
        for index in range(1, count + 1):
            begins = length * (index - 1) / count
            # Exactly with the job: rounding might make it later.
            ends = length if index == count else length * index / count
            if begins > passed:
                return
            status, messages = "RUNNING", "{}"
            if passed < begins + length / count / 10:
                status = "SCHEDULED"
            if passed >= ends:
                status = "SUCCEEDED"
            if passed >= length and final_status(number) != "SUCCEEDED" and index == count:
                status = "FAILED"
                messages = '{"Message": "ECC00011", "Detail": "Building failed."}'
            heartbeat = self._began + timedelta(seconds=min(ends, passed))
            yield task(
                index,
                status,
                messages=messages,
                TASK_ID=f"Task-{number}-{index}",
                CREATED_AT=(self._began + timedelta(seconds=begins)).isoformat(),
                LAST_HEALTH_CHECK=heartbeat.isoformat(),
            )

    def _choose(self, request: Recorded, key: tuple[str, str]) -> Reply | None:
        """Return a failure, or None; a poll of several pages fails if one of them does."""
        if request.query["offset"] == ["0"]:
            self._in_a_row[key] = self._in_a_row[key] + 1 if self._has_failed[key] else 0
            self._has_failed[key] = False
        random = self._randoms.setdefault(key, Random(f"{self._seed} {key}"))
        if self._in_a_row[key] >= MOST_FAILURES or random.random() < 0.5:
            return None
        self._has_failed[key] = True
        slow = SLOW_FAILURES if self._seconds >= LONG else []
        return random.choice([*PROMPT_FAILURES, *slow])

    def _note(self, key: tuple[str, str], document: Document, request: Recorded) -> None:
        """Note what a poll changes once all of its pages were served; casjob needs them all."""
        poll = self._statuses[key]
        # casjob takes the job from the first page.
        if request.query["offset"] == ["0"]:
            poll.clear()
            poll[None] = document["job"]["EXECUTION_STATUS"]
        poll |= {each["TASK_ID"]: each["TASK_STATUS"] for each in document["tasks"]}
        if self._has_failed[key] or len(poll) <= document["task_count"]:
            return
        client, job_id = key
        for task_id, status in poll.items():
            changes = self.served[client][job_id, task_id]
            before = changes[-1][1] if changes else None
            if status != before:
                changes.append((before, status))


def final_status(number: int) -> str:
    return {3: "FAILED", 8: "CANCELLED", 12: "ROLLBACKED", 17: "FAILED"}.get(number, "SUCCEEDED")


def count_tasks(number: int) -> int:
    """Return how many tasks a job has at its end; some take two or three pages."""
    return {4: 60, 9: 120}.get(number, 5 + number % 7)


# --- The terminal -------------------------------------------------------------------------------

SHELL = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
"""Has job control, but no line editor, which would set modes of its own."""
PROMPT = "status $? "
STOPPED = r"\[1\]\+ +Stopped *\$WATCH *status 148"
"""All that is on the screen after Ctrl-Z, wherever the lines are wrapped."""
SMALLEST, LARGEST = (20, 10), (200, 60)
"""Columns and rows."""
AT_THE_END = (120, 300)
"""Large enough for everything that is written at the end."""
LONGEST_PAUSE = 6.0
"""Seconds between two resizes."""
STOPS = 1 / 15
"""The fraction of resizes that Ctrl-Z follows."""
AFTERMATH = 300.0
"""Seconds after the end of the last job within which both processes must end."""


class Person:
    """Somebody who resizes the terminal, and stops and continues the program on it.

    Args:
        progress: what is watched.
        terminal: where it is watched.
        piped: the id of the process that writes into a pipe.
        random: makes sizes and pauses.

    Attributes:
        resizes: the number of resizes.
        stops: the number of times that the program was stopped.
        samples: measurements of the memory of both processes, in megabytes.
    """

    def __init__(self, progress: Progress, terminal: Terminal, piped: int, random: Random) -> None:
        self.resizes = 0
        self.stops = 0
        self.samples: dict[str, list[float]] = {TERMINAL: [], PIPE: []}
        self._progress = progress
        self._terminal = terminal
        self._piped = piped
        self._said = 0.0
        self._random = random
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def disturb(self, until: float) -> None:
        """Resize the terminal, and stop and continue the program; then let the last job end."""
        begin(self._terminal)
        self._check_picture()
        pause = min(LONGEST_PAUSE, until / 10)
        while self.seconds < until or not self.stops:
            self._resize()
            if self._random.random() < STOPS or not self.stops:
                self._stop(self._random.uniform(0, pause))
            self._wait(self._random.uniform(0, pause))
            self._check_picture()
            self._sample()
        self._progress.may_end = True

    def await_end(self, deadline: float) -> list[str]:
        """Return the lines on the screen once the program has ended; the shell still runs."""
        self._terminal.resize(*AT_THE_END)
        while not has_ended(lines := self._terminal.lines()):
            assert self.seconds < deadline, "\n".join(["still running:", *lines])
            self._wait(1)
        return lines

    def _resize(self) -> None:
        """Resize the terminal, sometimes twice at once."""
        for _ in range(self._random.choice([1, 1, 2])):
            columns, rows = map(self._random.randint, SMALLEST, LARGEST)
            self._terminal.resize(columns, rows)
            self.resizes += 1

    def _stop(self, seconds: float) -> None:
        self._terminal.type("\x1a")
        # Nothing of the picture is left.
        self._terminal.wait_until(lambda lines: bool(re.fullmatch(STOPPED, "".join(lines))))
        time.sleep(seconds)
        self._terminal.type("clear; fg\r")
        self.stops += 1

    def _sample(self) -> None:
        processes = {TERMINAL: self._terminal.foreground, PIPE: self._piped}
        for name, process in processes.items():
            self.samples[name].append(read_memory(process))
        if self.seconds - self._said >= 60:
            self._said = self.seconds
            memory = ", ".join(f"{each[-1]:.1f}" for each in self.samples.values())
            polls, failures = self._progress.polls.total(), self._progress.failures.total()
            sys.stdout.write(
                f"{self.seconds / 60:4.0f} min: {memory} MB, {polls} polls, {failures} failures,"
                f" {self.resizes} resizes, {self.stops} stops\n"
            )
            sys.stdout.flush()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._terminal.wait_until(lambda lines: time.monotonic() >= until or has_ended(lines))

    def _check_picture(self) -> None:
        """Check that the screen has nothing on it but the last picture."""
        # The next picture may have been drawn for the size before.
        self._await_picture()
        self._await_picture()
        lines, expected = self._terminal.lines(), self._terminal.draw_afresh(self._picture or b"")
        assert lines == expected, "\n".join(["the screen:", *lines, "drawn afresh:", *expected])

    def _await_picture(self) -> None:
        seen = self._terminal.tail
        self._terminal.wait_until(lambda _: self._terminal.tail != seen and bool(self._picture))

    @property
    def _picture(self) -> bytes | None:
        """The last picture, if it is complete and nothing was written after it."""
        _, _, picture = self._terminal.tail.rpartition(b"\x1b[?2026h")
        return picture if picture.endswith(b"\x1b[?2026l") else None


def read_memory(process: int) -> float:
    """Return the resident memory of a process in megabytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


# --- What must hold -----------------------------------------------------------------------------

ALLOWED_GROWTH = 4.0
"""Megabytes from the second tenth of the run to the last one.

The tasks that begin in between take about two, and fragmentation takes up to one. Each process
polls about 1,800 times in an hour: if each poll kept its reply, that would take far more.
"""


def read_events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def check_piped(finished: Finished, progress: Progress) -> Iterator[str]:
    """Yield what is wrong with what the process wrote into the pipe."""
    events = read_events(finished.out)
    yield from check_events(events)
    yield from check_changes(events, progress)
    for number, job_id in enumerate(progress.job_ids):
        own = [each for each in events if each["job_id"] == job_id]
        verdicts = [each["status"] for each in own if each["event"] == "verdict"]
        if verdicts != [final_status(number)]:
            yield f"verdicts on {job_id}: {verdicts}"
        retries = sum(each["event"] == "retry" for each in own)
        failures = progress.failures[PIPE, job_id]
        # Several pages, which are fetched side by side, may fail in one poll.
        if retries > failures or (retries < failures and count_tasks(number) <= PAGE_CAP):
            yield f"{retries} retries of {job_id}, and {failures} failures"
    yield from (f"nothing stalls, but: {each}" for each in events if each["event"] == "stall")
    if finished.status != 1:
        yield f"exit status {finished.status}: {finished.err[-2000:]}"
    for line in finished.err.splitlines():
        if not re.fullmatch(r"casjob: .*; retrying( \(\d+ more failures? since .*\))?", line):
            yield f"on stderr: {line}"


def check_changes(events: list[dict[str, object]], progress: Progress) -> Iterator[str]:
    """Yield where events and replies show different changes, and which tasks did not end."""
    told: Changes = defaultdict(list)
    for each in events:
        if "from" in each:
            told[each["job_id"], each.get("task_id")].append((each["from"], each["to"]))
    served = progress.served[PIPE]
    for key in sorted(served.keys() | told.keys(), key=str):
        if served[key] != told[key]:
            yield f"{key}: replies showed {served[key]}, events {told[key]}"
    for number, job_id in enumerate(progress.job_ids):
        for index in range(1, count_tasks(number) + 1):
            changes = served[job_id, f"Task-{number}-{index}"]
            if not changes or changes[-1][1] not in {"SUCCEEDED", "FAILED"}:
                yield f"task {index} of {job_id}: {changes}"


def check_memory(name: str, samples: Sequence[float], seconds: float) -> Iterator[str]:
    """Yield how much the memory grew, if that is too much; it may grow in a short run."""
    if seconds >= LONG:
        second, last = find_median(samples, 1, 2), find_median(samples, 9, 10)
        if last > second + ALLOWED_GROWTH:
            yield f"{name}: the memory grew from {second:.1f} to {last:.1f} MB"


def find_median(samples: Sequence[float], start: int, end: int) -> float:
    """Return the median of the samples between two tenths of the run."""
    part = samples[len(samples) * start // 10 : len(samples) * end // 10]
    # A short run has less than one sample in a tenth.
    return median(part or samples)


# --- The run ------------------------------------------------------------------------------------


class Result(NamedTuple):
    """What was found, the figures as lines of text, and what both are made of."""

    findings: list[str]
    figures: list[str]
    progress: Progress
    piped: Finished


def soak(seconds: float, seed: int, count: int, *options: str) -> Result:
    """Watch a number of jobs for a number of seconds."""
    progress = Progress(seed, seconds, count)
    words = ["watch", *progress.job_ids, *options]
    deadline = seconds + AFTERMATH
    with (
        Service() as service,
        tempfile.TemporaryDirectory() as home,
        ThreadPoolExecutor() as threads,
    ):
        service.handler = progress.respond

        def environ(client: str) -> dict[str, str]:
            return {
                **MEASURED,
                "HOME": home,
                "LANG": "C.UTF-8",
                "PATH": os.environ["PATH"],
                "TERM": "xterm-256color",
                "TZ": "UTC",
                "PS1": PROMPT,
                "WATCH": " ".join([CASJOB, *words]),
                "CASJOB_ENDPOINT": service.url,
                "CASJOB_HISTORY": "off",
                "CASJOB_PROJECT_ID": "0" * 32,
                "CASJOB_REQUEST_TIMEOUT": str(REQUEST_TIMEOUT),
                "CASJOB_TOKEN": client,
            }

        with (
            start([*words, "--json"], environ(PIPE)) as piped,
            Terminal(SHELL, environ(TERMINAL)) as terminal,
        ):
            streams = threads.submit(piped.communicate)
            person = Person(progress, terminal, piped.pid, Random(seed))
            try:
                person.disturb(seconds)
            except FileNotFoundError:
                # Its memory can't be read: the process is gone.
                raise AssertionError(streams.result()[1].decode()[-2000:]) from None
            screen, modes = person.await_end(deadline), terminal.modes
            out, err = streams.result(max(0, deadline - person.seconds))
        finished = Finished(piped.returncode, out.decode(), err.decode())
        # The same end on a terminal that was never resized.
        progress.is_reliable = True
        columns, rows = AT_THE_END
        with Terminal(SHELL, environ("fresh"), columns=columns, rows=rows) as fresh:
            expected_modes = begin(fresh)
            # It asks for each job twice, at the pace that the service allows.
            expected = fresh.wait_until(has_ended, AFTERMATH)
            # After fg, the shell restores the pty's modes itself.
            all_modes = [modes, fresh.modes]
    findings = [f"{each} and not {expected_modes}" for each in all_modes if each != expected_modes]
    if screen != expected:
        findings += ["the screen at the end:", *screen, "in a fresh run:", *expected]
    findings += [
        f"no {each} in the results" for each in progress.job_ids if each not in str(screen)
    ]
    if screen[-1] != "status 1":
        findings.append(f"on the terminal: {screen[-1]}")
    findings += check_piped(finished, progress)
    for name, samples in person.samples.items():
        findings += check_memory(name, samples, seconds)
    figures = list(describe(progress, person, finished))
    return Result(findings, figures, progress, finished)


def begin(terminal: Terminal) -> object:
    """Start the program in the shell, and return the terminal's modes before that."""
    terminal.wait_until(lambda lines: lines == ["status 0"])
    modes = terminal.modes
    terminal.type("$WATCH\r")
    terminal.wait_until(lambda lines: not has_ended(lines))
    return modes


def has_ended(lines: list[str]) -> bool:
    """Return whether the program has ended, and the shell prompts again."""
    return bool(lines) and bool(re.fullmatch(r"status \d+", lines[-1]))


def describe(progress: Progress, person: Person, piped: Finished) -> Iterator[str]:
    """Yield the figures of a run."""
    yield f"{person.seconds:.0f} s, {person.resizes} resizes, {person.stops} stops"
    for name, samples in person.samples.items():
        tenths = [find_median(samples, part, part + 1) for part in range(10)]
        failures = sum(progress.failures[name, each] for each in progress.job_ids)
        yield f"{name}: {progress.polls[name]} polls, {failures} of them failed"
        yield f"{name}: MB by tenths of the run: {' '.join(f'{each:.1f}' for each in tenths)}"
    kinds = Counter(str(each["event"]) for each in read_events(piped.out))
    yield "events: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def main(words: Sequence[str]) -> int:
    """Print the figures of a run, and what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3600, help="how long (default: 3600)")
    parser.add_argument("--seed", type=int, default=1, help="of failures and sizes (default: 1)")
    parser.add_argument("--jobs", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--interval", help="passed on to casjob watch")
    given = parser.parse_args(words)
    options = ["--interval", given.interval] if given.interval else []
    result = soak(given.seconds, given.seed, given.jobs, *options)
    sys.stdout.writelines(f"{line}\n" for line in [*result.figures, *result.findings])
    return int(bool(result.findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
