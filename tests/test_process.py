import signal
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.program import MEASURED
from tests.terminal import Terminal

# Sends itself a signal when a module is about to be imported.
PROGRAM = """
import os, sys

class Signalling:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), int(sys.argv[2]))

sys.meta_path.insert(0, Signalling())
from casjob.__main__ import main
sys.argv[1:] = ["show", "--demo"]
main()
"""
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATE = "casjob.formats.text.report"
"""Imported while a command runs; the others are at start-up."""


def run_signalled(
    module: str, number: int, environ: Mapping[str, str], *, ignored: bool = False
) -> tuple[int, str, str]:
    program = PROGRAM.replace("sys.argv[1]", repr(module)).replace("sys.argv[2]", str(int(number)))
    handler = "SIG_IGN" if ignored else "SIG_DFL"
    program = f"import signal\nsignal.signal({int(number)}, signal.{handler})\n{program}"
    return run_program(program, environ)


def run_program(program: str, environ: Mapping[str, str]) -> tuple[int, str, str]:
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**MEASURED, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "module", ["casjob.program", "typer", "casjob.options", "casjob.commands.show", "httpx", LATE]
)
def test_a_signal_inside_an_import_ends_the_program_quietly(
    module: str, number: int, clean_environ: dict[str, str]
) -> None:
    assert run_signalled(module, number, clean_environ) == (128 + number, "", "")


def test_a_signal_inside_an_import_leaves_no_progress(clean_environ: dict[str, str]) -> None:
    # It waits inside an import that the reply needs.
    waiting = "__import__('threading').Event().wait()"
    program = PROGRAM.replace("os.kill(os.getpid(), int(sys.argv[2]))", waiting)
    program = program.replace("sys.argv[1]", "'pydantic'")
    words = [sys.executable, "-c", program]
    with Terminal(words, {**MEASURED, **clean_environ}) as terminal:
        terminal.wait_until(lambda lines: any("fetching JOB" in line for line in lines))
        terminal.send_signal(signal.SIGTERM)
        assert terminal.finish() == (128 + signal.SIGTERM, [])


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_that_was_ignored_stays_so(number: int, clean_environ: dict[str, str]) -> None:
    status, out, err = run_signalled("httpx", number, clean_environ, ignored=True)
    assert (status, err) == (0, "")
    assert out.startswith("provision/provMain FAILED")


def test_an_exception_that_python_ignores_is_reported_without_its_text(
    clean_environ: dict[str, str],
) -> None:
    program = """
from casjob import process
process.start()

class Failing:
    def __del__(self):
        raise ValueError("\\x1b]0;OWNED\\x07")

Failing()
process.finish(0)
"""
    status, _, err = run_program(program, clean_environ)
    assert (status, err.splitlines()[-1]) == (0, "ValueError")
