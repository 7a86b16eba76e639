"""Compares casjob with the vendor's SDK, `curl | jq` and its own libraries, in one run.

Run it with the Python of an environment that has casjob and the SDK, but not what tests need:

    python3 -m venv /tmp/bench && /tmp/bench/bin/pip install '.[vendor]'
    /tmp/bench/bin/python tests/benchmark.py

The commands of a table take turns, each as a whole process, against a service on a loopback
socket that has no work of its own. Figures are medians. This is not a test: a machine's
noise must not decide whether a change may land.
"""

import argparse
import asyncio
import json
import os
import pty
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

_Key = TypeVar("_Key")

PYTHON = sys.executable
CASJOB = str(Path(PYTHON).parent / "casjob")
PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"
KEY = {"CASJOB_ACCESS_KEY": "AKEXAMPLE", "CASJOB_SECRET_KEY": "SKEXAMPLE"}
LATENCY = 0.05
"""Seconds until each response: a region of the same continent."""

LIBRARIES = "import typer, httpx, rich.table, rich.console, pydantic; pydantic.TypeAdapter(int)"

SDK = """
import json, os, sys
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkservicestage.v2 import ServiceStageClient, ShowJobDetailRequest
names = ("CASJOB_ACCESS_KEY", "CASJOB_SECRET_KEY", "CASJOB_PROJECT_ID")
credentials = BasicCredentials(*(os.environ[name] for name in names))
builder = ServiceStageClient.new_builder().with_credentials(credentials)
client = builder.with_endpoints([os.environ["CASJOB_ENDPOINT"]]).build()
tasks, count = [], 1
while len(tasks) < count:
    request = ShowJobDetailRequest(job_id=sys.argv[1], limit=50, offset=len(tasks))
    reply = client.show_job_detail(request)
    tasks, count = tasks + reply.tasks, reply.task_count
print(json.dumps([task.to_dict() for task in tasks]))
"""
"""What a script would do without casjob: page through a job, and print its tasks."""

CURL = """
for offset in $(seq 0 50 $(($2 - 1))); do
    curl -sS "$CASJOB_ENDPOINT/v2/$CASJOB_PROJECT_ID/cas/jobs/$1?limit=50&offset=$offset"
done | jq .tasks
"""


class Connection(asyncio.Protocol):
    """A connection to the service.

    Args:
        latency: seconds before each response.
    """

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            response = respond(request.split(b" ", 2)[1].decode())
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency, self._transport.write, response)


@cache
def respond(target: str) -> bytes:
    """Return the response to a request; it is made once."""
    url = urlsplit(target)
    query = parse_qs(url.query)
    name = url.path.rstrip("/").rpartition("/")[2]
    if name == "components":
        document: Mapping[str, object] = {"count": 1, "components": [{"id": "c", "name": "web"}]}
    else:
        offset, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["20"])[0])
        document = make_job(name, offset, limit)
    body = json.dumps(document).encode()
    headers = {
        "Content-Length": len(body),
        "Content-Type": "application/json",
        "Date": formatdate(usegmt=True),
        "X-Request-Id": "request",
    }
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def make_job(job_id: str, offset: int, limit: int) -> Mapping[str, object]:
    """Return a page of a job; its id says how many tasks it has: `JOB20`, `JOB20-7`."""
    count = int(job_id.removeprefix("JOB").partition("-")[0])
    job = {
        "CREATED_BY": "585cc5c16cda4954b28d4eb460f06261",
        "EXECUTION_STATUS": "FAILED",
        "JOB_ID": job_id,
        "JOB_NAME": "provision/provMain",
        "JOB_TYPE": "PROVISION",
        "PROJECT_ID": PROJECT_ID,
    }
    indexes = range(offset, min(offset + limit, count))
    return {"task_count": count, "job": job, "tasks": [make_task(each, count) for each in indexes]}


def make_task(index: int, count: int) -> Mapping[str, object]:
    """Return a task: every 25th is a separator, and the last one failed."""
    began = datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC) + timedelta(seconds=index)
    is_separator, has_failed = index % 25 == 0, index == count - 1
    failure = '{ "Message" : "ECC00011", "Detail" : "Building failed." }'
    return {
        "CREATED_AT": f"{began:%Y-%m-%dT%H:%M:%S}.120Z",
        "LAST_HEALTH_CHECK": f"{began:%Y-%m-%dT%H:%M:%S}.983Z",
        "MESSAGES": failure if has_failed else "{}",
        "OWNER_ID": "cas-mgr-69bb87d7c-wpqwb:30114",
        "TASK_ID": f"Task-00000000-0000-4000-8000-{index:012}",
        "TASK_INDEX": index + 1,
        "TASK_NAME": f"SEPARATOR_{index}" if is_separator else f"TN{91 + index % 90:05}",
        "TASK_STATUS": "FAILED" if has_failed else "SUCCEEDED",
        "TASK_TYPE": "echo" if is_separator else "restful",
    }


async def serve(latency: float) -> None:
    """Serve until the process is ended; the port is printed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def run_service(latency: float) -> Iterator[str]:
    """Run the service in a process of its own, and return its URL."""
    words = [PYTHON, __file__, "--serve", str(latency)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


class Command(NamedTuple):
    """A command to measure."""

    words: Sequence[str]
    environ: Mapping[str, str]
    on_terminal: bool = False


class Measured(NamedTuple):
    """What a process took: seconds by the clock and of CPU, and its memory in MB at its peak."""

    seconds: float
    cpu: float
    megabytes: float


def measure(command: Command) -> Measured:
    """Run a command to its end, and drop what it prints."""
    reader, writer = pty.openpty() if command.on_terminal else os.pipe()
    devnull = os.open(os.devnull, os.O_WRONLY)
    streams = [(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_DUP2, devnull, 2)]
    began = time.perf_counter()
    words, environ, _ = command
    pid = os.posix_spawn(words[0], [*words], environ, file_actions=streams)
    os.close(writer)
    os.close(devnull)
    # On Linux, a terminal that no program has open is an error.
    with suppress(OSError):
        while os.read(reader, 1 << 16):
            pass
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    os.close(reader)
    # 1: the job that was waited for failed.
    if os.waitstatus_to_exitcode(status) > 1:
        raise SystemExit(f"failed: {words}")
    kilobyte = 1 if sys.platform == "linux" else 1 << 10
    return Measured(
        seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / kilobyte / (1 << 10)
    )


def measure_in_turns(commands: Mapping[_Key, Command], runs: int) -> dict[_Key, list[Measured]]:
    """Measure all commands once, then again, and so on, so that each meets the same noise."""
    found: dict[_Key, list[Measured]] = {key: [] for key in commands}
    for turn in range(runs + 1):
        for key, command in commands.items():
            measured = measure(command)
            if turn:  # the first one fills caches
                found[key].append(measured)
    return found


def print_table(title: str, found: Mapping[str, list[Measured]]) -> None:
    """Print the medians of commands; ratios are to the first one."""
    medians = {name: pick(median, measured) for name, measured in found.items()}
    base = next(iter(medians.values()))
    print(f"{title:40}      ms  ratio  CPU ms  ratio    MB")
    for name, (seconds, cpu, megabytes) in medians.items():
        print(
            f"{name:40}{seconds * 1000:8.0f}{seconds / base.seconds:7.2f}"
            f"{cpu * 1000:8.0f}{cpu / base.cpu:7.2f}{megabytes:6.0f}"
        )
    print(flush=True)


def pick(choose: Callable[[Sequence[float]], float], measured: Iterable[Measured]) -> Measured:
    """Return what is chosen of each figure."""
    return Measured(*map(choose, zip(*measured, strict=True)))


def compare(title: str, commands: Mapping[str, Command], runs: int) -> None:
    """Measure commands, and print a table."""
    print_table(title, measure_in_turns(commands, runs))


class Benchmark:
    """The tables, against a service nearby and one far away.

    Args:
        runs: how often each command runs.
        near: the environment with the service nearby.
        far: the environment with the one far away.
    """

    def __init__(self, runs: int, near: Mapping[str, str], far: Mapping[str, str]) -> None:
        self._runs = runs
        self._near = near
        self._far = far
        self._libraries = {"its libraries (L)": Command([PYTHON, "-c", LIBRARIES], near)}

    def _casjob(self, *words: str, on_terminal: bool = False) -> Command:
        return Command([CASJOB, *words], self._near, on_terminal)

    def _others(self, count: int, environ: Mapping[str, str]) -> dict[str, Command]:
        job_id = f"JOB{count}"
        return {
            "SDK": Command([PYTHON, "-c", SDK, job_id], environ),
            "curl | jq": Command(["/bin/sh", "-c", CURL, "sh", job_id, str(count)], environ),
        }

    def compare_start_up(self) -> None:
        """Compare every command with the libraries, and a Tab with Typer alone."""
        commands = ("show", "tasks", "wait", "watch", "list", "recent", "explain", "config")
        options = {"recent": [], "list": [], "config": [], "explain": ["ECC00011"]}
        names = {name: [name, *options.get(name, ["JOB20"])] for name in commands}
        names["diff"] = ["diff", "JOB20-1", "JOB20-2"]
        words = [["--version"], ["--help"], ["show", "--help"], *names.values()]
        words += [["completion", "bash"], ["show", "--demo"]]
        lines = {" ".join(["casjob", *each]): self._casjob(*each) for each in words}
        compare("start-up", self._libraries | lines, self._runs)
        line = {"_CASJOB_COMPLETE": "complete_bash", "COMP_CWORD": "-1"}
        typer = {"import typer": Command([PYTHON, "-c", "import typer"], self._near)}
        tabs = {
            f"Tab after {begun!r}": Command([CASJOB], {**self._near, **line, "COMP_WORDS": begun})
            for begun in ("casjob ''", "casjob show --", "casjob show JOB", "casjob show -o j")
        }
        compare("completion", typer | tabs, self._runs)

    def compare_job(self) -> None:
        """Compare a job of 20 tasks with the SDK."""
        lines = {
            "casjob show": self._casjob("show", "JOB20"),
            "casjob show, on a terminal": self._casjob("show", "JOB20", on_terminal=True),
            "casjob tasks --desc --limit 5": self._casjob(
                "tasks", "JOB20", "--desc", "--limit", "5"
            ),
            "casjob show --json": self._casjob("show", "JOB20", "--json"),
        }
        others = self._others(20, self._near)
        compare("20 tasks", others | self._libraries | lines, self._runs)
        distant = {name: line._replace(environ=self._far) for name, line in lines.items()}
        others = self._others(20, self._far)
        title = f"20 tasks, {LATENCY * 1000:.0f} ms of latency"
        compare(title, others | self._libraries | distant, self._runs)

    def compare_growth(self) -> None:
        """Compare jobs of up to 9,900 tasks, and what each more task takes."""
        counts = (20, 1000, 9900)
        commands = {
            (count, name): command
            for count in counts
            for name, command in self._show_in_formats(count).items()
        }
        found = measure_in_turns(commands, self._runs)
        names = dict.fromkeys(name for _, name in commands)
        for count in counts:
            print_table(f"{count} tasks", {name: found[count, name] for name in names})
        # Of the least figures, which have the least noise in them.
        print("a task, from 20 tasks to             1,000   9,900  ratio")
        for name in names:
            few, some, many = (pick(min, found[count, name]) for count in counts)
            for unit, field, factor in (("µs CPU", 1, 1e6), ("kB", 2, 1e3)):
                first = (some[field] - few[field]) / 980 * factor
                last = (many[field] - few[field]) / 9880 * factor
                ratio = f"{last / first:.2f}" if first > 0 else "-"
                print(f"{name:29}{unit:6}{first:8.1f}{last:8.1f}{ratio:>7}")
        print()

    def _show_in_formats(self, count: int) -> dict[str, Command]:
        job_id = f"JOB{count}"
        formats = {"table": [], "json": ["--json"], "csv": ["-o", "csv"]}
        lines = {
            f"casjob show, {name}": self._casjob("show", job_id, *options)
            for name, options in formats.items()
        }
        terminal = self._casjob("show", job_id, on_terminal=True)
        return {
            **self._others(count, self._near),
            **lines,
            "casjob show, on a terminal": terminal,
        }

    def compare_wait(self) -> None:
        """Compare waits for jobs that have ended; the pace of polls takes most of the time."""
        lines = {
            f"casjob wait, {count} jobs": self._casjob(
                "wait", *(f"JOB5-{number}" for number in range(count))
            )
            for count in (1, 20, 200)
        }
        compare("wait", lines, 3)


def main(runs: int) -> None:
    """Print all tables."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        environ = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm-256color", **KEY}
        environ["CASJOB_PROJECT_ID"] = PROJECT_ID
        near, far = (
            environ | {"CASJOB_ENDPOINT": stack.enter_context(run_service(latency))}
            for latency in (0.0, LATENCY)
        )
        benchmark = Benchmark(runs, near, far)
        benchmark.compare_start_up()
        benchmark.compare_job()
        benchmark.compare_growth()
        benchmark.compare_wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15, help="how often each command runs")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is None:
        main(options.runs)
    else:
        asyncio.run(serve(options.serve))
