import re
from collections.abc import Iterator

import pytest

from casjob import errors
from casjob.errors import CasjobError, CheckResult, ExitStatus, TransientError


def find_kinds(kind: type[CasjobError], depth: int = 0) -> Iterator[tuple[int, str, int]]:
    for each in kind.__subclasses__():
        yield depth, each.__name__, each.status
        yield from find_kinds(each, depth + 1)


def test_the_tree_of_errors_is_the_documented_one() -> None:
    rows = re.findall(r"^    ([│├└─ ]*)(\w+Error) +(\d+) ", errors.__doc__ or "", re.MULTILINE)

    documented = {(len(branch) // 4 - 1, name, int(status)) for branch, name, status in rows}
    assert documented == set(find_kinds(CasjobError))


def test_the_exit_statuses_that_scripts_rely_on_stay_as_they_are() -> None:
    assert {each.name: each.value for each in ExitStatus} == {
        "SUCCESS": 0,
        "FAILED": 1,
        "USAGE": 2,
        "SETTINGS": 3,
        "FORBIDDEN": 4,
        "NOT_FOUND": 5,
        "UNAVAILABLE": 6,
        "NOT_UNDERSTOOD": 7,
        "UNFINISHED": 8,
        "BUG": 70,
        "UNWRITABLE": 74,
        "TIMED_OUT": 124,
        "INTERRUPTED": 130,
    }


def test_a_transient_error_keeps_all_it_is_told() -> None:
    error = TransientError("busy", service_message="wait", hint="try later", retry_after=7)

    assert (str(error), error.message, error.steps) == ("busy", "busy", ())
    assert (error.service_message, error.hint, error.retry_after) == ("wait", "try later", 7)


@pytest.mark.parametrize(
    ("result", "advice"),
    [
        (CheckResult("TCP", ExitStatus.UNAVAILABLE, "no", "mend it", ("so",)), "mend it"),
        (CheckResult("TCP", ExitStatus.UNAVAILABLE, "no", steps=("so", "and so")), "so\nand so"),
        (CheckResult("TCP", ExitStatus.UNAVAILABLE, "no"), None),
        (CheckResult("TCP", ExitStatus.SUCCESS, "yes", "mend it"), None),
    ],
)
def test_a_probe_that_failed_has_advice(result: CheckResult, advice: str | None) -> None:
    assert result.advice == advice
