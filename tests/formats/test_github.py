import json
import re
from collections.abc import Callable

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from casjob.demo.replies import Document
from tests.conftest import JOB_ID, Casjob, Finished
from tests.formats.conftest import Draw
from tests.formats.hostile import ATTACKS, hostile_job
from tests.samples import job, task
from tests.service import Service, documented_job

RUNNING: Document = {"job": {"EXECUTION_STATUS": "RUNNING"}, "tasks": [], "task_count": 0}
COMMAND = re.compile(r"::(error|warning|notice) title=((?:(?!::)[^\n,:])*)::([^\n]*)")


def read(finished: Finished) -> list[tuple[str, str, str]]:
    """Return kind, title and message of each command, as the runner reads them."""
    annotations = []
    for line in finished.out.removesuffix("\n").split("\n"):
        command = COMMAND.fullmatch(line)
        assert command, line
        title = command[2].replace("%3A", ":").replace("%2C", ",")
        annotations.append((command[1], _unescape(title), _unescape(command[3])))
    return annotations


def _unescape(text: str) -> str:
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def test_a_failed_job_has_an_error_a_failed_task_and_a_notice(draw: Draw) -> None:
    assert draw(documented_job(), "show", "-o", "github") == (
        0,
        (
            "::error title=task 9 TN00097 wait for the build to succeed%3A"
            " failed after 30.0s%2C in phase BUILDING::"
            "ECC00011  Building failed.%0A"
            "means  the build of the application failed: read the build's log\n"
            "::notice title=provision/provMain::FAILED after 35.6s: 2 of 3 steps succeeded\n"
        ),
        "",
    )


def test_tasks_has_no_notice(draw: Draw) -> None:
    assert [kind for kind, *_ in read(draw(documented_job(), "tasks", "-o", "github"))] == ["error"]
    assert draw(documented_job(), "tasks", "--limit", "3", "-o", "github").out == ""


def test_the_cause_comes_first(draw: Draw) -> None:
    document = job("FAILED", task(1, "CANCELLED"), task(2, "FAILED"), task(3, "FAILED"))

    titles = [title for _, title, _ in read(draw(document, "show", "-o", "github"))]

    assert titles == [
        "task 2 TX00002: failed after 1.0s",
        "task 3 TX00003: failed after 1.0s",
        "task 1 TX00001: cancelled after 1.0s",
        "provision/provMain",
    ]


def test_a_contradiction_is_a_warning(draw: Draw) -> None:
    document = job("SUCCEEDED", task(1), task_count=2)

    assert read(draw(document, "show", "-o", "github")) == [
        ("warning", "provision/provMain", "The service counts 2 tasks, but sent 1."),
        ("notice", "provision/provMain", "SUCCEEDED: 1 of 1 steps succeeded"),
    ]


def test_a_failed_job_without_a_failed_task_is_an_error(draw: Draw) -> None:
    annotations = read(draw(job("FAILED", task(1), JOB_NAME=None), "show", "-o", "github"))

    assert annotations[0] == ("error", JOB_ID, "FAILED after 1.0s: 1 of 1 steps succeeded")
    assert [kind for kind, *_ in annotations] == ["error", "warning"]


@pytest.mark.parametrize(("failed", "left_out"), [(10, None), (11, 2), (60, 51)])
def test_at_most_ten_of_a_kind_are_written(draw: Draw, failed: int, left_out: int | None) -> None:
    document = job("FAILED", *(task(index, "FAILED") for index in range(1, failed + 1)))

    errors = [each for each in read(draw(document, "show", "-o", "github")) if each[0] == "error"]

    assert len(errors) == 10
    more = ("error", "casjob", f"and {left_out} more; GitHub shows at most 10")
    assert (errors[-1] == more) is bool(left_out)


def test_no_text_becomes_a_command(draw: Draw) -> None:
    finished = draw(hostile_job(), "show", "-o", "github")

    assert [kind for kind, *_ in read(finished)] == [*["error"] * 10, "notice"]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", finished.out)


@pytest.mark.parametrize("text", [text for text in ATTACKS if text.strip()])
def test_texts_arrive(draw: Draw, text: str) -> None:
    document = job("FAILED", task(1, "FAILED", messages=text), JOB_NAME=text)

    (_, _, message), *_ = read(draw(document, "show", "-o", "github"))

    if text.isprintable():
        assert message == text


def test_a_message_has_what_is_around_the_cause_too(draw: Draw) -> None:
    text = 'A.0001: failed\n\tat a.B {"code": "B.0001", "message": "b\\nc"}'
    said = json.dumps({"error_msg": text, "more\nmeans": "1\r\nmeans  x"})
    document = job("FAILED", task(1, "FAILED", messages=said))

    (_, _, message), *_ = read(draw(document, "show", "-o", "github"))

    assert message == (
        "B.0001  b\nc\nwithin  A.0001: failed\n│     at a.B …\nmore\\nmeans  1\n│ means  x"
    )


def test_long_texts_are_cut(draw: Draw) -> None:
    document = job("FAILED", task(1, "FAILED", messages="x" * 100_000, TASK_NAME="y" * 1000))

    (_, title, message), *_ = read(draw(document, "show", "-o", "github"))

    assert (len(title), title[-2:]) == (255, "y…")
    assert (len(message), message[-2:]) == (4000, "x…")


def test_each_job_has_a_verdict(casjob: Casjob) -> None:
    finished = casjob("wait", "--demo", SUCCEEDED_JOB_ID, FAILED_JOB_ID, "-o", "github")

    failed, succeeded = finished.out.splitlines()
    assert failed == (
        "::error title=provision/provMain FAILED after 35.6s::"
        "task 9 TN00097 wait for the build to succeed  ECC00011  Building failed.%0A"
        f"job {FAILED_JOB_ID}"
    )
    assert succeeded.startswith("::notice title=provision/provMain SUCCEEDED")
    assert succeeded.endswith(f"::job {SUCCEEDED_JOB_ID}")


def test_a_job_that_did_not_end_is_a_warning(
    ask: Callable[..., Finished], service: Service
) -> None:
    service.jobs[JOB_ID] = RUNNING
    options = ("-o", "github", "--interval", "0.05", "--timeout", "0.5")

    assert ask("wait", JOB_ID, *options).out == (
        f"::warning title={JOB_ID} RUNNING::job {JOB_ID}\n"
    )
    del service.jobs[JOB_ID]
    assert ask("wait", JOB_ID, "--wait-for-job", "1h", *options).out == (
        f"::warning title={JOB_ID}::nothing is known about the job yet\n"
    )
