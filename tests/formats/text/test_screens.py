"""Reports as they fit terminals of many sizes."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from casjob.formats.display import Display
from casjob.formats.text import report as report_text
from tests.formats.conftest import Draw
from tests.samples import Fields, job, report_of, separator, task

TRACE = "\n".join(
    [
        "java.lang.IllegalStateException: deployment failed",
        *(f"\tat com.example.cas.Step{line}.run(Step{line}.java:{line})" for line in range(20)),
        "Caused by: java.io.IOException: the registry refused the layers",
        *(f"\tat com.example.net.Http{line}.send(Http.java:{line})" for line in range(9)),
        "Caused by: java.net.ConnectException: Connection refused",
        "\t... 12 more",
    ]
)


@pytest.fixture
def in_rows(monkeypatch: pytest.MonkeyPatch) -> "InRows":
    return InRows(monkeypatch)


class InRows:
    """Draws a job as on a terminal of some size, without colour."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(
        self, document: Fields, rows: int = 24, columns: int = 80, *, full: bool = False
    ) -> list[str]:
        self._patch.setenv("COLUMNS", str(columns))
        self._patch.setenv("LINES", str(rows))
        display = Display(is_terminal=True, utc=True, full=full, environ={"NO_COLOR": "1"})
        command = "casjob diff --component web"
        return report_text.report(report_of(document), display, next_command=command).splitlines()


def phases(count: int, steps: int, messages: object) -> Fields:
    """Return a job of some phases, a second a step, with the last step failed."""
    tasks: list[Fields] = []
    for phase in range(count):
        tasks.append(separator(len(tasks) + 1, f"PHASE_{phase + 1}", start=len(tasks)))
        tasks += [task(len(tasks) + 1 + step, start=len(tasks) + step) for step in range(steps)]
    end = len(tasks)
    tasks[-1] = task(end, "FAILED", start=end - 1, messages=messages)
    return job("FAILED", *tasks)


def nested(depth: int) -> object:
    message: object = "Query fail."
    for level in range(depth):
        message = {"error_code": f"CODE.{level:04}", "error_msg": message}
    return message


SIXTY_FAILED = job(
    "FAILED", *(task(each, "FAILED", messages=f"no room in node {each}") for each in range(60))
)
SIXTY_FAILED_ALIKE = job(
    "FAILED", *(task(each, "FAILED", messages="no room") for each in range(60))
)
LONG_NAME = job(
    "FAILED", *(task(each) for each in range(50)), task(50, "FAILED"), JOB_NAME="x" * 5000
)
EXPLAINED = job(
    "FAILED",
    *(task(each, TASK_NAME="TN00097") for each in range(50)),
    task(
        50,
        "FAILED",
        TASK_NAME="TN00097",
        messages={"code": "CCE.01500001", "message": {"code": "VPC.0202", "message": TRACE}},
    ),
)
PLACE = {
    "PROJECT_ID": "063a3158b1a34710b36ad208b9497d00",
    "SERVICE_INSTANCE_ID": "429a35a0-dee8-4648-86f6-d1f8bc74ba52",
}
PLACED = job(
    "FAILED",
    *(task(each, TASK_NAME="TN00097") for each in range(9)),
    task(9, "FAILED", TASK_NAME="TN00097", messages='{"Message": "E1", "Detail": "Broken."}'),
    **PLACE,
)
DOCUMENTS = {
    "105 tasks in five phases": phases(5, 20, '{"Message": "E1", "Detail": "Broken."}'),
    "300 tasks in one phase": phases(1, 300, '{"Message": "E1", "Detail": "Broken."}'),
    "a stack trace": phases(5, 20, json.dumps({"code": "E1", "message": TRACE})),
    "a long message": phases(5, 20, json.dumps({"code": "E1", "message": "word " * 1200})),
    "one long word": phases(5, 20, json.dumps({"code": "E1", "message": "x" * 6000})),
    "60 that failed": SIXTY_FAILED,
    "60 that failed alike": SIXTY_FAILED_ALIKE,
    "deep nesting": phases(5, 20, nested(30)),
    "a long name": LONG_NAME,
    "titles and meanings": EXPLAINED,
    "a long place": PLACED,
    "what does not add up": job(
        "FAILED",
        *(task(each, "RUNNING", LAST_HEALTH_CHECK="2020-01-01T00:00:00Z") for each in range(99)),
    ),
}


@pytest.mark.parametrize("rows", [20, 24, 40])
@pytest.mark.parametrize("columns", [40, 60, 80, 160])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_report_fits_the_screen(
    in_rows: InRows, document: Fields, rows: int, columns: int
) -> None:
    lines = in_rows(document, rows, columns)

    assert len(lines) <= rows - 1
    assert max(map(len, lines)) <= columns
    assert "FAILED" in " ".join(lines[:5])
    cause = report_of(document).cause
    if cause:
        index = cause.task.task_index
        assert any(line.startswith(f"✗ task {index} ") for line in lines)
        assert any("✗ FAILED" in line and f" {index}  T" in line for line in lines)


def test_phases_that_went_well_are_a_line_each(in_rows: InRows) -> None:
    assert in_rows(DOCUMENTS["105 tasks in five phases"]) == [
        "✗ provision/provMain FAILED after 1m 45s · PROVISION",
        "  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:03Z",
        "",
        "✗ task 105 TX00105: failed after 1.0s, in phase PHASE_5",
        "  E1  Broken.",
        "",
        "    #  TASK     TYPE     STATUS       STARTED   ELAPSED  0s               1m 45s",
        "    1  ✓ PHASE_1  20 of 20  21.0s",
        "   22  ✓ PHASE_2  20 of 20  21.0s",
        "   43  ✓ PHASE_3  20 of 20  21.0s",
        "   64  ✓ PHASE_4  20 of 20  21.0s",
        "   85  PHASE_5",
        "       … 13 tasks, all succeeded",
        "   99  TX00099  restful  ✓ SUCCEEDED  04:02:41     1.0s                       ▏",
        "  100  TX00100  restful  ✓ SUCCEEDED  04:02:42     1.0s                        ▏",
        "  101  TX00101  restful  ✓ SUCCEEDED  04:02:43     1.0s                        ▏",
        "  102  TX00102  restful  ✓ SUCCEEDED  04:02:44     1.0s                        ▏",
        "  103  TX00103  restful  ✓ SUCCEEDED  04:02:45     1.0s                        ▏",
        "  104  TX00104  restful  ✓ SUCCEEDED  04:02:46     1.0s                        ▏",
        "  105  TX00105  restful  ✗ FAILED     04:02:47     1.0s                        ▏",
        "",
        "99 of 100 steps succeeded · 93 tasks folded; --full shows all",
        "next: casjob diff --component web",
    ]


def test_a_stack_trace_keeps_its_first_lines_and_its_causes(in_rows: InRows) -> None:
    lines = in_rows(DOCUMENTS["a stack trace"])

    assert lines[3:12] == [
        "✗ task 105 TX00105: failed after 1.0s, in phase PHASE_5",
        "  E1  java.lang.IllegalStateException: deployment failed",
        "  │     at com.example.cas.Step0.run(Step0.java:0)",
        "  │     at com.example.cas.Step1.run(Step1.java:1)",
        "  │     at com.example.cas.Step2.run(Step2.java:2)",
        "  │ Caused by: java.io.IOException: the registry refused the layers",
        "  │ Caused by: java.net.ConnectException: Connection refused",
        "  … 27 more lines; --full shows all",
        "",
    ]


def test_what_a_code_means_stays_with_the_cause(in_rows: InRows) -> None:
    assert in_rows(EXPLAINED)[3:12] == [
        "✗ task 50 TN00097 wait for the build to succeed: failed after 1.0s",
        "  VPC.0202  java.lang.IllegalStateException: deployment failed",
        "  │ Caused by: java.io.IOException: the registry refused the layers",
        "  │ Caused by: java.net.ConnectException: Connection refused",
        "  means     an error from Virtual Private Cloud (networks, subnets, security",
        "            groups)",
        "  means     CCE.01500001: the cluster service had an internal error: try again;…",
        "  … 31 more lines; --full shows all",
        "",
    ]


def test_with_full_titles_are_whole_or_left_out(in_rows: InRows) -> None:
    assert "STEP" not in "".join(in_rows(EXPLAINED, columns=40, full=True))
    wide = in_rows(EXPLAINED, columns=57, full=True)
    assert sum("TN00097  wait for the build to succeed  " in line for line in wide) == 51


def test_long_lines_are_cut_and_counted(in_rows: InRows) -> None:
    document = job("FAILED", task(1, "FAILED", messages="\n".join(["word " * 200] * 2)))

    assert in_rows(document)[4:11] == [
        "  " + "word " * 14 + "word",
        "  " + "word " * 14 + "word",
        "  " + "word " * 14 + "word…",
        "  │ " + "word " * 14 + "word",
        "    " + "word " * 14 + "word",
        "    " + "word " * 14 + "word…",
        "  … 2000 characters; --full shows all",
    ]


def test_ids_wider_than_the_screen_are_folded_like_other_lines(in_rows: InRows) -> None:
    ids = [f"pod-{number}-{'a' * 90}" for number in range(9)]
    lines = in_rows(job("FAILED", task(1, "FAILED", messages="\n".join(["lost:", *ids]))))

    assert [each for each in ids if each in lines] == ids[:7]
    assert "  … 2 more lines; --full shows all" in lines


def test_with_full_nothing_is_folded(in_rows: InRows) -> None:
    lines = in_rows(DOCUMENTS["a stack trace"], full=True)

    assert len(lines) == 4 + 33 + 1 + 106 + 3
    assert not any("…" in line or "--full" in line for line in lines)


def test_where_there_is_room_nothing_is_folded(in_rows: InRows) -> None:
    document = DOCUMENTS["a stack trace"]
    height = len(in_rows(document, 1000))

    assert height == 147
    assert in_rows(document, height + 1) == in_rows(document, full=True)
    assert len(in_rows(document, height)) < height


def test_of_many_failed_tasks_the_cause_has_its_message(in_rows: InRows) -> None:
    assert in_rows(SIXTY_FAILED)[3:11] == [
        "✗ task 0 TX00000: failed after 1.0s",
        "  no room in node 0",
        "✗ also task 1 TX00001: failed after 1.0s",
        "✗ also task 2 TX00002: failed after 1.0s",
        "✗ also task 3 TX00003: failed after 1.0s",
        "✗ also task 4 TX00004: failed after 1.0s",
        "✗ also task 5 TX00005: failed after 1.0s",
        "… 54 more tasks; --full shows all",
    ]


def test_the_root_cause_stays_where_followers_compete_for_rows(in_rows: InRows) -> None:
    failed = [task(each, "FAILED", messages=f"no room in node {each}") for each in range(3, 9)]
    cause = task(2, "FAILED", TASK_NAME="TN00097", messages={"code": "E1", "message": TRACE})
    document = job("FAILED", separator(1, "BUILDING"), cause, *failed, **PLACE)

    assert in_rows(document) == [
        "✗ provision/provMain FAILED after 1.0s · PROVISION",
        "  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:03Z",
        "  project 063a3158b1a34710b36ad208b9497d00",
        "  instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52",
        "",
        "✗ task 2 TN00097 wait for the build to succeed: failed after 1.0s, in phase",
        "  BUILDING",
        "  E1  java.lang.IllegalStateException: deployment failed",
        "  │ Caused by: java.io.IOException: the registry refused the layers",
        "  │ Caused by: java.net.ConnectException: Connection refused",
        "  … 30 more lines; --full shows all",
        "… 6 more tasks; --full shows all",
        "",
        "  #  TASK     STEP                           TYPE     STATUS    ELAPSED",
        "  1  BUILDING",
        "  2  TN00097  wait for the build to succeed  restful  ✗ FAILED     1.0s",
        "  3  TX00003                                 restful  ✗ FAILED     1.0s",
        "  4  TX00004                                 restful  ✗ FAILED     1.0s",
        "  5  TX00005                                 restful  ✗ FAILED     1.0s",
        "     … 3 tasks",
        "",
        "0 of 7 steps succeeded · 3 tasks folded; --full shows all",
        "next: casjob diff --component web",
    ]
    assert in_rows(document, rows=20, columns=40) == [
        "✗ provision/provMain FAILED after 1.0s",
        "JOB474362ef-091d-429f-9b3e-c9246b37dee6",
        "",
        "✗ task 2 TN00097: failed after 1.0s, in",
        "  phase BUILDING",
        "  E1  java.lang.IllegalStateException:",
        "  deployment failed",
        "  │     at…",
        "  │ Caused by: java.io.IOException: the",
        "    registry refused the layers",
        "  │ Caused by:",
        "    java.net.ConnectException:",
        "    Connection refused",
        "  … 29 more lines; --full shows all",
        "… 6 more tasks; --full shows all",
        "",
        "0 of 7 steps succeeded",
        "8 tasks folded; --full shows all",
        "next: casjob diff --component web",
    ]


def test_a_heading_keeps_its_id_and_its_status(in_rows: InRows) -> None:
    task_id = "Task-0a1b2c3d-0000-4000-8000-000000000001"
    tasks = [
        task(2, "FAILED", TASK_NAME=None, TASK_ID=task_id),
        task(3, "FAILED", messages="no room", TASK_NAME="TN" * 80),
    ]
    document = job("FAILED", separator(1, "PHASE_" * 40), *tasks)

    assert in_rows(document, rows=40, columns=30)[6:16] == [
        "✗ task 2",
        f"{task_id}:",
        "  failed after 1.0s",
        "  No reason given.",
        "",
        "✗ also task 3",
        "  TNTNTNTNTNTNTNTNTNTNTNTNTNTN",
        "  …TNTNTNTNTNTNTNTNTNTNTNTNTNT",
        "  N: failed after 1.0s",
        "  no room",
    ]
    assert "✗ also task 3 TNT…NTN: failed after 1.0s" in in_rows(document, columns=40)


def test_what_a_task_says_is_a_hint_where_none_failed(in_rows: InRows) -> None:
    message = {"code": "E1", "message": "the quota of nodes is used up"}

    assert in_rows(job("FAILED", task(1), task(2, messages=message)))[3:] == [
        "✓ task 2 TX00002: succeeded after 1.0s",
        "  E1  the quota of nodes is used up",
        "",
        "  #  TASK     TYPE     STATUS       STARTED   ELAPSED  0s                   1.0s",
        "  1  TX00001  restful  ✓ SUCCEEDED  04:01:03     1.0s  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇",
        "  2  TX00002  restful  ✓ SUCCEEDED  04:01:03     1.0s  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇",
        "",
        "2 of 2 steps succeeded",
        "note: The job is FAILED, but none of its tasks failed.",
        "next: casjob diff --component web",
    ]


def test_tasks_that_only_run_are_a_line_each(in_rows: InRows) -> None:
    document = job("RUNNING", task(1), task(2, "RUNNING"), task(3, "RUNNING", start=100))

    assert in_rows(document)[3:6] == [
        "● task 2 TX00002: running for 2m 00s, last heartbeat 1m 59s ago",
        "● task 3 TX00003: running for 20.0s, last heartbeat 19.0s ago",
        "",
    ]


odd_text = st.text(st.characters(codec="utf-8"), max_size=60) | st.just("x" * 300)


@st.composite
def odd_tasks(draw: st.DrawFn) -> Fields:
    index = draw(st.none() | st.integers(0, 10**18 - 1))
    fields: Fields = {
        "TASK_NAME": draw(st.none() | odd_text),
        "TASK_TYPE": draw(st.none() | odd_text),
    }
    if draw(st.booleans()):
        return separator(index, draw(odd_text))
    status = draw(st.sampled_from(["SUCCEEDED", "FAILED", "PARTIALLY_FAILED", "RUNNING"]))
    start, seconds = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
    message = {"code": "SVCSTG.00100429", "message": draw(odd_text)}
    return task(index, status, start=start, seconds=seconds, messages=message) | fields


@given(st.lists(odd_tasks(), max_size=8), st.integers(30, 160), st.integers(10, 60), st.booleans())
@settings(
    max_examples=75,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_is_wider_than_the_terminal_but_a_single_id(
    monkeypatch: pytest.MonkeyPatch,
    tasks: list[Fields],
    columns: int,
    rows: int,
    alone: bool,  # noqa: FBT001 - hypothesis passes it by name
) -> None:
    document = job("FAILED", *tasks)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(rows))
    display = Display(is_terminal=True, utc=True, environ={"NO_COLOR": "1"})

    out = report_text.report(
        report_of(document), display, tasks_only=alone, next_command="casjob x"
    )

    ids = {"JOB474362ef-091d-429f-9b3e-c9246b37dee6"}
    assert [line for line in out.splitlines() if cell_len(line) > columns and line not in ids] == []


def test_the_scale_of_a_timeline_is_left_out_where_it_does_not_fit(draw: Draw) -> None:
    document = job("FAILED", task(1, LAST_HEALTH_CHECK="9999-12-31T00:00:00Z"), task(2, "FAILED"))

    lines = draw(document, "show", "--color", "never", columns=74).out.splitlines()

    assert not [line for line in lines if cell_len(line) > 74]
    assert not [line for line in lines if "  0s" in line]
