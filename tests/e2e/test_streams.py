"""What the installed program does with streams that are closed, full or read in part."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.conftest import JOB_ID, Casjob
from tests.drawings import IN_A_PIPE
from tests.program import run_shell
from tests.samples import job, task
from tests.service import Service

SHOW = f"casjob show {JOB_ID}"
FULL = "casjob: can't write to stdout: No space left on device\n"

needs_full_disk = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="has no disk that is always full"
)


@pytest.mark.parametrize("program", ["casjob", f"{shlex.quote(sys.executable)} -m casjob"])
def test_the_program_and_the_module_are_the_same(
    program: str, clean_environ: dict[str, str], casjob: Casjob
) -> None:
    shown = run_shell(f"{program} show --demo; {program} nonsense", clean_environ)
    expected, failed = casjob("show", "--demo"), casjob("nonsense")

    assert shown == (2, expected.out, failed.err)


def test_a_pipe_gets_the_plain_report(environ: dict[str, str]) -> None:
    assert run_shell(f"{SHOW} | cat", {**environ, "COLUMNS": "20"}) == (0, IN_A_PIPE, "")


@pytest.mark.parametrize("options", ["", "--json", "--color always"])
def test_a_pipe_closed_early_ends_it_quietly(
    environ: dict[str, str], service: Service, options: str
) -> None:
    trace = "".join(f"at line {number}\n" for number in range(10_000))
    traces = json.dumps([{"trace": line} for line in trace.splitlines()])
    tasks = task(1, "FAILED", messages=trace), task(2, messages=traces)
    service.jobs[JOB_ID] = json.loads(json.dumps(job("FAILED", *tasks)))

    shown = run_shell(f"{{ {SHOW} {options}; echo $? >&2; }} | head -1", environ)

    assert (shown.status, len(shown.out.splitlines()), shown.err) == (0, 1, "0\n")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (SHOW, 0),
        (f"{SHOW} --exit-status", 1),
        (f"casjob tasks {JOB_ID}", 0),
        (f"casjob tasks {JOB_ID} --json", 0),
        (f"casjob watch {JOB_ID}", 1),
        (f"casjob watch {JOB_ID} --json", 1),
        (f"casjob wait {JOB_ID}", 1),
        (f"casjob wait {JOB_ID} --json", 1),
        ("casjob config", 0),
        ("casjob completion bash", 0),
        ("casjob", 0),
        ("casjob --version", 0),
        ("casjob --help", 0),
        ("casjob show --help", 0),
    ],
)
def test_a_pipe_without_a_reader_ends_it_quietly(
    environ: dict[str, str], line: str, status: int
) -> None:
    # The reader is gone before anything is written.
    piped = f"{{ sleep 0.1; {line}; echo $? >&2; }} | :"
    assert run_shell(piped, environ) == (0, "", f"{status}\n")


@pytest.mark.parametrize("options", ["", "--json"])
def test_a_closed_stdout_is_an_error(environ: dict[str, str], options: str) -> None:
    closed = (74, "", "casjob: stdout is closed\n")
    assert run_shell(f"{SHOW} {options} >&-", environ) == closed
    assert run_shell(f"{SHOW} {options} --exit-status >&-", environ) == closed


def test_without_stderr_the_output_and_the_exit_status_are_the_same(
    environ: dict[str, str],
) -> None:
    assert run_shell(f"{SHOW} 2>&-; casjob nonsense 2>&-", environ) == (2, IN_A_PIPE, "")


@needs_full_disk
@pytest.mark.parametrize("line", [SHOW, f"{SHOW} --json", "casjob --help"])
def test_a_full_disk_is_reported(environ: dict[str, str], line: str) -> None:
    assert run_shell(f"{line} >/dev/full", environ) == (74, "", FULL)


@needs_full_disk
def test_a_full_disk_for_stderr_changes_no_exit_status(environ: dict[str, str]) -> None:
    assert run_shell("casjob nonsense 2>/dev/full", environ) == (2, "", "")
