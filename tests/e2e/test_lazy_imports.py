import pkgutil
import shlex
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

import casjob.job
from casjob.formats.display import OutputFormat
from tests.conftest import JOB_ID
from tests.service import Reply, Service
from tests.terminal import PATIENCE

REPLY = str(Path(__file__).parents[1] / "data" / "job_failed_v2.json")
HEAVY = {"httpx", "pydantic", "rich"}
DRAWN = {OutputFormat.HTML, OutputFormat.SVG}

# Where it finds click, as here with what checks the code, httpx loads a program of its own.
PROGRAM = """
import shlex, sys
sys.modules["click"] = None
from casjob.program import run
statuses = {run(shlex.split(line)) for line in sys.argv[1:]}
print(statuses or {0}, *sys.modules, file=sys.stderr)
"""


def load(environ: Mapping[str, str], *lines: str) -> set[str]:
    """Return which of the heavy libraries a fresh interpreter loads for command lines."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *lines],
        env=dict(environ),
        capture_output=True,
        text=True,
        check=True,
    )
    status, *modules = ran.stderr.splitlines()[-1].split()
    assert status == "{0}"
    assert bool(ran.stdout) == bool(lines)
    return HEAVY & set(modules)


@pytest.mark.parametrize("lines", [[], ["--version", "--help", "explain ECC00011"]])
def test_the_command_line_itself_loads_no_library_but_its_own(
    lines: list[str], clean_environ: dict[str, str]
) -> None:
    assert load(clean_environ, *lines) == set()


def test_json_never_loads_rich(service: Service, environ: dict[str, str]) -> None:
    lines = [f"{command} {JOB_ID} --json" for command in ("show", "tasks")]
    assert load(environ, *lines) == {"httpx", "pydantic"}
    assert len(service.requests) == 2


def test_no_format_loads_rich_but_those_that_are_drawn(clean_environ: dict[str, str]) -> None:
    lines = [f"show --demo -o {each}" for each in OutputFormat if each not in DRAWN]
    assert load(clean_environ, *lines) == {"httpx", "pydantic"}


def test_a_file_needs_nothing_that_speaks_http(clean_environ: dict[str, str]) -> None:
    file = shlex.quote(REPLY)
    lines = [f"{command} --from {file}" for command in ("show", "tasks")]
    lines += [f"{line} --json" for line in lines]
    assert load(clean_environ, *lines, f"diff {file} {file} --json") == {"pydantic"}


def test_what_a_job_means_is_worked_out_without_a_network_or_a_screen() -> None:
    modules = [each.name for each in pkgutil.iter_modules(casjob.job.__path__, "casjob.job.")]
    assert "casjob.job.report" in modules
    program = "import sys\nfor name in ('httpx', 'rich', 'typer'): sys.modules[name] = None\n"
    program += f"import {', '.join(modules)}"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_that_only_a_reply_needs_is_loaded_before_the_request() -> None:
    program = "import sys; sys.modules['click'] = None\n"
    program += "import casjob.service, casjob.commands.show\n"
    program += "from casjob.formats.display import Display, OutputFormat, Presentation\n"
    program += "from casjob.streams import Output\n"
    program += "for each in OutputFormat:\n"
    program += "  Presentation('report', each, Display(), Output(None))\n"
    program += "print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(ran.stdout.split()) == {"httpx"}


LOADING = """
import sys
sys.modules["click"] = None

def tell(event, arguments):
    if event == "import" and arguments[0] == "pydantic":
        print("loading", file=sys.stderr, flush=True)

sys.addaudithook(tell)
from casjob.program import run
sys.exit(run(sys.argv[1:]))
"""


def test_what_a_reply_needs_is_loaded_while_it_is_on_its_way(
    service: Service, environ: dict[str, str]
) -> None:
    is_loading = threading.Event()
    service.handler = lambda _: None if is_loading.wait(PATIENCE) else Reply(500)

    with subprocess.Popen(
        [sys.executable, "-c", LOADING, "show", JOB_ID, "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stderr
        assert program.stderr.readline() == b"loading\n"
        is_loading.set()
        program.communicate(timeout=PATIENCE)

    assert program.returncode == 0
