from pathlib import Path

import pytest

from tests import soak, soak_logs

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc")


@pytest.fixture(scope="module")
def result() -> soak.Result:
    return soak.soak(2, 8, 4, "--interval", "0.05")


def test_watch_keeps_its_promises_while_half_of_the_replies_fail(result: soak.Result) -> None:
    assert result.findings == []


def test_an_event_that_is_missing_or_comes_twice_is_found(result: soak.Result) -> None:
    lines = result.piped.out.splitlines()

    def find(lines: list[str]) -> list[str]:
        piped = result.piped._replace(out="\n".join(lines))
        return list(soak.check_piped(piped, result.progress))

    for place in range(len(lines)):
        assert find(lines[:place] + lines[place + 1 :]), lines[place]
        assert find([*lines[:place], lines[place], *lines[place:]]), lines[place]


def test_memory_that_grows_is_found() -> None:
    flat = [40.0 + each % 3 for each in range(200)]
    growing = [40 + each / 10 for each in range(200)]

    assert list(soak.check_memory("pipe", flat, 3600)) == []
    assert list(soak.check_memory("pipe", growing, 3600)) == [
        "pipe: the memory grew from 43.0 to 59.0 MB"
    ]


def test_a_log_is_followed_while_half_of_the_replies_fail() -> None:
    assert soak_logs.follow(0.2, 2).findings == []


def test_a_line_of_a_log_that_is_missing_is_found() -> None:
    lines = list(soak_logs.list_lines(9999))
    written = "".join(lines)

    assert list(soak_logs.check_log(written, written)) == []
    for shown in (lines[:7] + lines[8:], [*lines[:7], lines[7], *lines[7:]]):
        assert list(soak_logs.check_log(written, "".join(shown)))
