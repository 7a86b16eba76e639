import signal
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.program import MEASURED

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
# Loses a signal: Python ignores exceptions while a generator is closed by the way.
LOSING = """
import os, signal, sys

class Losing:
    def find_spec(self, name, path=None, target=None):
        if name == "casjob.formats.text.events":
            next(self.signal_when_closed())

    def signal_when_closed(self):
        try:
            yield
        finally:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Losing())
from casjob.__main__ import main
sys.argv[1:] = ["watch", "--demo", "JOBa2e94f60-5c3b-4d87-9e12-0b6f8d3c7e51"]
main()
"""
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATE = "casjob.formats.text.report"
"""Imported while a command runs; the others are at start-up."""


def run_signalled(
    module: str, number: int, environ: Mapping[str, str], *, ignored: bool = False
) -> tuple[int, str, str]:
    program = PROGRAM.replace("sys.argv[1]", repr(module)).replace("sys.argv[2]", str(int(number)))
    if ignored:
        program = f"import signal\nsignal.signal({int(number)}, signal.SIG_IGN)\n{program}"
    else:
        program = f"import signal\nsignal.signal({int(number)}, signal.SIG_DFL)\n{program}"
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
    "module", ["casjob.cli", "typer", "casjob.options", "casjob.commands.show", "httpx", LATE]
)
def test_a_signal_inside_an_import_ends_the_program_quietly(
    module: str, number: int, clean_environ: dict[str, str]
) -> None:
    assert run_signalled(module, number, clean_environ) == (128 + number, "", "")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_that_was_ignored_stays_so(number: int, clean_environ: dict[str, str]) -> None:
    status, out, err = run_signalled("httpx", number, clean_environ, ignored=True)
    assert (status, err) == (0, "")
    assert out.startswith("provision/provMain FAILED")


def test_a_signal_that_python_loses_still_ends_what_would_run_on(
    clean_environ: dict[str, str],
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOSING],
        env={**MEASURED, **clean_environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (ran.returncode, ran.stderr) == (130, "casjob: stopped watching; 1 job goes on\n")


def test_other_exceptions_that_python_ignores_are_reported(clean_environ: dict[str, str]) -> None:
    program = """
from casjob import process
process.start()

class Failing:
    def __del__(self):
        raise ValueError("\\x1b]0;OWNED\\x07")

Failing()
process.finish(0)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**MEASURED, **clean_environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (0, "ValueError")


def test_a_hidden_module_is_not_found_until_the_block_ends() -> None:
    program = """
import sys
from casjob.process import hide
with hide("colorsys"):
    try:
        import colorsys
    except ImportError:
        print("hidden", end=" ")
import colorsys
with hide("colorsys"):
    import colorsys
print("found", "colorsys" in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "hidden found True\n"
