import json

import pytest

from casjob.formats.display import Display, JobResult
from casjob.formats.text.endings import render_endings, verdict
from tests.formats.text.test_screens import TRACE
from tests.samples import job, report_of, separator, task

JOB_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee"
"""Without its last digit."""
BROKEN = json.dumps({"Message": "ECC00011", "Detail": "Building failed."})


def result(number: int, tasks: int = 5, *, failed: bool = True) -> JobResult:
    """Return the result of a job; every other one failed with a stack trace."""
    status = "FAILED" if failed else "SUCCEEDED"
    steps = [separator(1, "BUILDING"), *(task(each, start=each) for each in range(2, tasks))]
    messages = BROKEN if number % 2 else TRACE
    last = task(tasks, status, start=tasks, messages=messages if failed else "{}")
    job_id = f"{JOB_ID}{number:x}"
    report = report_of(job(status, *steps, last, JOB_ID=job_id))
    return JobResult(job_id, report, f"casjob logs {job_id}" if failed else None)


class Endings:
    """Draws how jobs ended as on a terminal of some size, without colour."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, *results: JobResult, rows: int, columns: int = 80) -> str:
        self._patch.setenv("COLUMNS", str(columns))
        self._patch.setenv("LINES", str(rows))
        display = Display(is_terminal=True, utc=True, environ={"NO_COLOR": "1"})
        return render_endings(results, display)


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch) -> Endings:
    return Endings(monkeypatch)


@pytest.mark.parametrize("tasks", [5, 105])
@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (20, 80), (24, 40), (20, 40)])
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_verdicts_of_a_few_failed_jobs_fit_the_screen(
    endings: Endings, count: int, rows: int, columns: int, tasks: int
) -> None:
    results = [result(each, tasks) for each in range(count)]
    drawn = endings(*results, rows=rows, columns=columns)

    assert len(drawn.splitlines()) < rows
    assert max(map(len, drawn.splitlines())) <= columns
    assert drawn.count(" FAILED after ") == count
    assert all(each.job_id in drawn for each in results)
    assert drawn.endswith(f"\n0 of {count} jobs succeeded, {count} failed\n")


def test_a_report_that_has_no_room_becomes_a_verdict_and_its_cause(endings: Endings) -> None:
    assert endings(result(0), result(1), rows=24) == (
        "✗ JOB474362ef-091d-429f-9b3e-c9246b37dee0 provision/provMain FAILED after 6.0s\n"
        "✗ task 5 TX00005: failed after 1.0s, in phase BUILDING\n"
        "  java.lang.IllegalStateException: deployment failed\n"
        "  │     at com.example.cas.Step0.run(Step0.java:0)\n"
        "  │     at com.example.cas.Step1.run(Step1.java:1)\n"
        "  │     at com.example.cas.Step2.run(Step2.java:2)\n"
        "  │ Caused by: java.io.IOException: the registry refused the layers\n"
        "  │ Caused by: java.net.ConnectException: Connection refused\n"
        "  … 27 more lines; casjob show --full shows all\n"
        "next: casjob logs JOB474362ef-091d-429f-9b3e-c9246b37dee0\n"
        "\n"
        "✗ JOB474362ef-091d-429f-9b3e-c9246b37dee1 provision/provMain FAILED after 6.0s\n"
        "✗ task 5 TX00005: failed after 1.0s, in phase BUILDING\n"
        "  ECC00011  Building failed.\n"
        "  means     the build of the application failed: read the build's log\n"
        "next: casjob logs JOB474362ef-091d-429f-9b3e-c9246b37dee1\n"
        "\n"
        "0 of 2 jobs succeeded, 2 failed\n"
    )


def test_a_verdict_that_has_no_room_for_its_cause_is_a_line(endings: Endings) -> None:
    verdict = "✗ JOB474362ef-091d-429f-9b3e-c9246b37dee1 provision/provMain FAILED after 6.0s:"
    drawn = endings(*[result(1)] * 5, rows=20).split("\n\n")
    assert drawn[0] == f"{verdict}\n  task 5 TX00005  ECC00011  Building failed."

    drawn = endings(*[result(1)] * 50, rows=20).split("\n\n")
    assert drawn[0] == f"{verdict}…"


def test_the_jobs_that_succeeded_scroll_off_before_a_report_does(endings: Endings) -> None:
    succeeded = [result(each, failed=False) for each in range(15)]
    few, many = (endings(*succeeded[:count], result(1), rows=30) for count in (3, 15))

    assert len(few.splitlines()) < 30
    assert few.split("\n\n", 1)[1] == many.split("\n\n", 1)[1].replace("15 of 16", "3 of 4")


def test_a_verdict_of_wait_leaves_room_for_others(endings: Endings) -> None:
    endings(result(0), rows=24)
    display = Display(is_terminal=True, environ={"NO_COLOR": "1"})

    lines = verdict(result(0)._replace(has_verdict=True), display).splitlines()

    assert len(lines) == 4
    assert lines[1].startswith(
        "  task 5 TX00005  java.lang.IllegalStateException: deployment failed"
    )
    assert lines[3].endswith("…")


def test_one_job_has_the_whole_screen(endings: Endings) -> None:
    assert endings(result(0), rows=16, columns=40) == (
        "✗ provision/provMain FAILED after 6.0s\n"
        "JOB474362ef-091d-429f-9b3e-c9246b37dee0\n"
        "\n"
        "✗ task 5 TX00005: failed after 1.0s, in\n"
        "  phase BUILDING\n"
        "  java.lang.IllegalStateException:\n"
        "  deployment failed\n"
        "  │ Caused by:\n"
        "    java.net.ConnectException:\n"
        "    Connection refused\n"
        "  … 31 more lines; casjob show --full\n"
        "\n"
        "3 of 4 steps succeeded\n"
        "5 tasks folded; casjob show --full shows\n"
        "all\n"
    )


def test_a_job_that_failed_without_a_failed_task_is_a_line_where_it_has_no_room(
    endings: Endings,
) -> None:
    report = report_of(job("FAILED", *(task(each) for each in range(9))))

    drawn = endings(*[JobResult(f"{JOB_ID}6", report)] * 5, rows=20).split("\n\n")

    assert drawn[0] == (
        "✗ JOB474362ef-091d-429f-9b3e-c9246b37dee6 provision/provMain FAILED after 1.0s"
    )
