import re
import time
from pathlib import Path

import pytest

from casjob.builds.excerpt import MAX_LINES, find_excerpt

TABLE = (Path(__file__).parent.parent / "data" / "build_logs.txt").read_text("utf-8")
"""Logs as the tools write them; `>` stands before the lines that say why they failed."""
CASES = re.findall(r"^=== (.*)\n((?:[> ] .*\n|[> ]\n)+)", TABLE, re.MULTILINE)


@pytest.mark.parametrize(("name", "marked"), CASES, ids=[name for name, _ in CASES])
def test_the_lines_that_say_why_are_found(name: str, marked: str) -> None:
    lines = marked.split("\n")[:-1]
    log = [line[2:] for line in lines]
    rest = [] if name.startswith("nothing") else ["[INFO] Cleaning up"] * 20

    found = find_excerpt([*log, *rest])

    assert [f"{'>' if each in found else ' '} {line}" for each, line in enumerate(log)] == lines


def test_every_log_of_the_table_is_read() -> None:
    assert len(CASES) == TABLE.count("=== ")


def test_of_many_lines_the_first_and_the_last_are_taken() -> None:
    log = [f"x.c:{number}:1: error: no" for number in range(50)]

    assert find_excerpt(log) == [*range(8), *range(38, 50)]
    assert len(find_excerpt(log)) == MAX_LINES


def test_of_many_lines_with_a_hint_the_first_and_the_last_300_are_read() -> None:
    log = ["exit: 0", "process killed by request"] * 500
    for index in (0, 299, 300, 699, 700, 999):
        log[index] = "npm ERR! exit killed"

    assert find_excerpt(log) == [0, 299, 700, 999]


def test_an_empty_log_has_none() -> None:
    assert find_excerpt([]) == []


@pytest.mark.parametrize(
    "line",
    [
        "[INFO] Downloaded from central: https://repo.example.com/spring-core-6.1.jar (12 kB)",
        "error fail fatal denied exit killed undefined cannot: nothing of it is a sign ",
        "Traceback (most recent call last)",
        ": " * 60 + "error",
        "x" * 40 + " exit" * 12,
    ],
)
def test_the_time_grows_with_the_number_of_lines(line: str) -> None:
    log = [line] * 200_000
    log[100_000] = "cart.c:3:10: fatal error: price.h: No such file or directory"
    start = time.process_time()

    found = find_excerpt(log)

    assert time.process_time() - start < 10  # a quadratic search takes minutes
    assert len(found) <= MAX_LINES
    if line.startswith("[INFO]"):
        assert found == [100_000]


def test_the_time_grows_with_the_length_of_a_line() -> None:
    log = ["error: " + "error " * (64 << 20 >> 2)]
    start = time.process_time()

    assert find_excerpt(log) == [0]
    assert time.process_time() - start < 10  # a quadratic search takes minutes
