import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import fuzz, fuzz_commands, fuzz_following
from tests.conftest import Finished

ROOT = Path(__file__).parents[1]


def test_mutated_replies_break_no_promise() -> None:
    assert list(fuzz.run_cases(8, range(300))) == []


def test_commands_break_no_promise_whatever_is_replied() -> None:
    assert fuzz_commands.run_part(8, range(40)) == []


def test_a_command_that_breaks_a_promise_is_written_with_what_repeats_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fuzz_commands.tell(8, 5, fuzz.Finding("safe", "json show", "'\\x1b'"))

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["seed 8 case 5: safe: json show", "  '\\x1b'"]
    assert lines[2].startswith("  casjob ")


def test_a_seed_makes_the_same_cases_again() -> None:
    cases = [fuzz.make_case(8, number) for number in range(20)]

    assert cases == [fuzz.make_case(8, number) for number in range(20)]
    assert cases != [fuzz.make_case(9, number) for number in range(20)]


def test_a_failure_is_shrunk_to_what_it_needs() -> None:
    body = b'{"job": {"JOB_ID": "J"}, "tasks": [{"TASK_ID": "Task"}, {}], "task_count": 12}'

    smallest = fuzz.shrink([body], lambda bodies: b'"TASK_ID": "T' in bodies[0])

    assert smallest == [b'{"tasks": [{"TASK_ID": "T"}]}']


def test_a_failure_is_written_with_what_repeats_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = fuzz.Finding("safe", "table report", "'\\x1b'\nis there")
    monkeypatch.setattr(fuzz, "check", lambda *_: [finding])

    status = fuzz.main(["8", "1", "--case", "5"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["seed 8 case 5: safe: table report", "  '\\x1b'", "  is there"]
    assert lines[-3:-1] == ["  b'{}'", "     1 x safe: table report"]
    assert lines[-1].startswith("1 replies, 1 failures, ")
    assert status == 1


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_each_of_many_jobs_with_random_replies_gets_its_verdict(
    ask: Callable[..., Finished], command: str
) -> None:
    assert list(fuzz_following.follow(command, 8, 60, ask)) == []


@pytest.mark.parametrize(
    "program", [["-m", "tests.fuzz"], ["tests/fuzz.py"], ["-m", "tests.fuzz_commands"]]
)
def test_runs_as_a_program(program: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *program, "8", "3"], cwd=ROOT, capture_output=True, check=False
    )

    assert done.stderr == b""
    assert done.stdout.startswith(b"3 replies, 0 failures, ")
    assert done.returncode == 0
