"""What the tests share: a service on loopback, and a way to run casjob against it."""

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol
from unittest.mock import patch

import pytest
import typer.main
from hypothesis import HealthCheck, settings

from casjob import streams
from casjob.api.pace import Pace
from casjob.program import run
from casjob.storage import History
from tests.service import Service, documented_job
from tests.terminal import PATIENCE

JOB_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"
OTHER_JOB_ID = "JOB8f13d7c2-26ae-4b95-b0d8-71c5a9e6043f"
ROOT = Path(__file__).parents[1]
PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"


class Finished(NamedTuple):
    """What a run left behind."""

    status: int
    out: str
    err: str


class Casjob(Protocol):
    """Runs one command line in this process, with streams and an environment of its own."""

    def __call__(
        self,
        *words: str,
        environ: Mapping[str, str] | None = None,
        columns: int | None = None,
        encoding: str = "utf-8",
    ) -> Finished:
        """Run it; with `columns`, stdout and stderr are a terminal as wide as that."""
        ...


class _Stream(io.TextIOWrapper):
    def __init__(self, encoding: str, *, is_terminal: bool) -> None:
        self.bytes = io.BytesIO()
        self._is_terminal = is_terminal
        errors = "strict" if encoding == "utf-8" else "backslashreplace"
        super().__init__(self.bytes, encoding=encoding, errors=errors, newline="\n")

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        self.flush()
        content = self.bytes.getvalue()
        try:
            return content.decode()
        except UnicodeDecodeError:
            # Text is in the stream's own encoding, JSON is always in UTF-8.
            return content.decode(self.encoding)


# Typer would build the tree of commands anew for each run, which takes longer than most runs.
patch.object(typer.main, "get_command", cache(typer.main.get_command)).start()

# Requests in this process need not keep the pace that the gateway allows.
patch.dict(Pace.__init__.__kwdefaults__, sleep=lambda _: None).start()

# A busy machine is slow to make examples and to run them.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def run_here(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    columns: int | None = None,
    encoding: str = "utf-8",
) -> Finished:
    """Run a command line in this process; with `columns`, its streams are a terminal.

    No progress is drawn there: whether one is would depend on how busy the machine is.
    """
    is_terminal = columns is not None
    out = _Stream(encoding, is_terminal=is_terminal)
    err = _Stream("utf-8", is_terminal=is_terminal)
    size = {"COLUMNS": str(columns)} if columns else {}
    with (
        patch.dict(os.environ, {**environ, **size}, clear=True),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
        patch.object(streams, "PROGRESS_AFTER", PATIENCE),
    ):
        time.tzset()
        status = run(list(words))
    return Finished(int(status), out.text(), err.text())


@pytest.fixture(scope="session", autouse=True)
def _signals() -> None:
    """Handle signals that `nohup` and background jobs of scripts have the suite ignore.

    A program inherits what its parent ignores, but not its parent's handlers: without this, no
    Ctrl-C and no hangup would ever end what a test starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(autouse=True)
def _signals_after() -> Iterator[None]:
    """Undo what a run in this process does to signals, and what it remembers of them."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def clean_environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a home of its own, in UTC, and no settings."""
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TZ": "UTC", "TERM": "xterm"}


@pytest.fixture
def casjob(clean_environ: dict[str, str]) -> Iterator[Casjob]:
    """Return a way to run casjob in this process."""

    def run_casjob(
        *words: str,
        environ: Mapping[str, str] | None = None,
        columns: int | None = None,
        encoding: str = "utf-8",
    ) -> Finished:
        environ = {**clean_environ, **(environ or {})}
        return run_here(words, environ, columns=columns, encoding=encoding)

    yield run_casjob
    time.tzset()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder with two jobs in its history."""
    history = History(tmp_path / "casjob" / "history", endpoint="https://one", project_id="p")
    for job_id in (JOB_ID, OTHER_JOB_ID):
        history.record(job_id, name=None, status="RUNNING")
    return tmp_path


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a service on loopback that knows the documented job."""
    with Service() as running:
        running.jobs[JOB_ID] = documented_job()
        yield running


@pytest.fixture
def at_service(service: Service) -> dict[str, str]:
    """Return the settings that lead to the service; no failed request is tried again."""
    return {
        "CASJOB_ENDPOINT": service.url,
        "CASJOB_PROJECT_ID": PROJECT_ID,
        "CASJOB_TOKEN": "a-token",
        "CASJOB_RETRIES": "0",
    }


@pytest.fixture
def environ(clean_environ: dict[str, str], at_service: dict[str, str]) -> dict[str, str]:
    """Return the whole environment of a program that is started to ask the service."""
    return {**clean_environ, **at_service}


@pytest.fixture
def ask(casjob: Casjob, at_service: dict[str, str]) -> Callable[..., Finished]:
    """Return a way to run casjob against the service."""

    def run_at_service(*words: str, **settings: str) -> Finished:
        return casjob(*words, environ={**at_service, **settings})

    return run_at_service


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-faults", action="store_true", help="write tests/data/faults.txt anew")


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Run two workers a core: tests wait half of the time, some for what never comes."""
    return 2 * (yield)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each of xdist's workers compile a part of the tests, which the others then load.

    Compiling takes as long as a tenth of the tests, and each worker would compile them all.
    """
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not number or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    sys.dont_write_bytecode = False
    paths = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    for path in paths[int(number) :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]:
        # The collection reports what can't be imported.
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.with_suffix("").parts))
