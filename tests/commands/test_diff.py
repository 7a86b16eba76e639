import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import casjob as package
from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from tests.components import component, record
from tests.conftest import JOB_ID, OTHER_JOB_ID, Casjob, Finished
from tests.program import run_shell
from tests.samples import Fields, as_document, job, separator, task
from tests.service import Service, documented_job

SCHEMA = json.loads((Path(package.__file__).parent / "schema" / "difference.json").read_bytes())
DEMO = (SUCCEEDED_JOB_ID, FAILED_JOB_ID, "--demo", "--utc")
HEAD = f"""\
BASE provision/provMain SUCCEEDED after 1m 15s · {SUCCEEDED_JOB_ID} · started 2020-02-04 04:31:12Z
JOB  provision/provMain FAILED after 35.6s · {FAILED_JOB_ID} · started 2020-02-04 04:01:03Z
"""

POD = {"error_code": "E.1", "error_msg": "same"}

Ask = Callable[..., Finished]
Diff = Callable[..., Finished]


@pytest.fixture
def diff(casjob: Casjob, tmp_path: Path) -> Diff:
    """Return a way to compare two made-up jobs in files."""

    def run_diff(
        base: object, other: object, *words: str, columns: int | None = None, rows: int = 1000
    ) -> Finished:
        files = [tmp_path / "base.json", tmp_path / "job.json"]
        for file, document in zip(files, (base, other), strict=True):
            file.write_text(json.dumps(document), encoding="utf-8")
        environ = {"LINES": str(rows)}
        return casjob("diff", *map(str, files), "--utc", *words, columns=columns, environ=environ)

    return run_diff


def told(result: Finished) -> list[str]:
    """Return what is between the two jobs and the table, without notes."""
    lines = result.out.split("\n\n")[1].splitlines()
    return [line for line in lines if not line.startswith("note: ")]


def test_the_first_difference_comes_first_and_then_all_of_them(casjob: Casjob) -> None:
    assert casjob("diff", *DEMO) == (
        1,
        f"""\
{HEAD}
task 9 TN00097 is the first to differ: SUCCEEDED in BASE, FAILED in JOB
  JOB  ECC00011  Building failed.
JOB stopped at task 9 TN00097 wait for the build to succeed; BASE ran 1 more step
in the steps that both ran, JOB took 1.6s longer, mostly because of task 9 TN00097: 28.4s in BASE,\
 30.0s in JOB

 #  TASK     STEP                           BASE              JOB                  CHANGE  DIFFERS
 9  TN00097  wait for the build to succeed  SUCCEEDED  28.4s  FAILED        30.0s   +1.6s  status
14  TN00102  create a secret                SUCCEEDED  41.2s  not reported                 only\
 in BASE

2 of 7 tasks differ · 5 matching not shown
""",
        "",
    )


def test_a_narrow_terminal_has_no_times_but_their_change(casjob: Casjob) -> None:
    shown = casjob("diff", *DEMO, "--color", "never", columns=72)

    assert shown.out.split("\n\n")[2].splitlines() == [
        " #  TASK     BASE       JOB           CHANGE  DIFFERS",
        " 9  TN00097  SUCCEEDED  FAILED         +1.6s  status",
        "14  TN00102  SUCCEEDED  not reported          only in BASE",
    ]
    assert shown.out.startswith("✓ BASE provision/provMain SUCCEEDED after 1m 15s\n  JOB5b0c")


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        (50, ["#", "TASK", "BASE", "JOB", "CHANGE"]),
        (42, ["#", "TASK", "BASE", "JOB"]),
        (34, ["TASK", "BASE", "JOB"]),
    ],
)
def test_a_narrower_terminal_has_fewer_columns(
    casjob: Casjob, columns: int, headings: list[str]
) -> None:
    lines = casjob("diff", *DEMO, "--color", "never", columns=columns).out.splitlines()

    assert headings in [line.split() for line in lines]
    # An id is never broken, even where it is wider than the terminal.
    assert max(len(line) for line in lines if not line.startswith("JOB")) <= columns


def test_colour_changes_no_word(casjob: Casjob) -> None:
    plain = casjob("diff", *DEMO)
    colored = casjob("diff", *DEMO, "--color", "always")

    assert "\x1b[1;31mFAILED\x1b[0m" in colored.out
    assert re.sub("\x1b\\[[0-9;]*m", "", colored.out) == plain.out


def test_a_job_is_like_itself(casjob: Casjob) -> None:
    shown = casjob("diff", FAILED_JOB_ID, FAILED_JOB_ID, "--demo", "--utc")

    assert (shown.status, shown.err) == (0, "")
    assert shown.out.split("\n\n")[1:] == ["the jobs match: 5 tasks, none differs\n"]


def test_elapsed_times_are_shown_but_are_no_difference(diff: Diff) -> None:
    base = job("SUCCEEDED", task(1), task(2, start=1), JOB_ID="JOB1")
    other = job("SUCCEEDED", task(1, start=9), task(2, start=10, seconds=100), JOB_ID="JOB2")

    assert diff(base, other) == (
        0,
        """\
BASE provision/provMain SUCCEEDED after 2.0s · JOB1 · started 2020-02-04 04:01:03Z
JOB  provision/provMain SUCCEEDED after 1m 41s · JOB2 · started 2020-02-04 04:01:12Z

the jobs match: 2 tasks, none differs
JOB took 1m 39s longer, mostly because of task 2 TX00002: 1.0s in BASE, 1m 40s in JOB

#  TASK     BASE             JOB                 CHANGE  DIFFERS
2  TX00002  SUCCEEDED  1.0s  SUCCEEDED  1m 40s  +1m 39s

0 of 2 tasks differ · 1 matching not shown
""",
        "",
    )


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        (
            job("SUCCEEDED", task(1)),
            job("FAILED", task(1)),
            ["the tasks match, but the jobs differ: SUCCEEDED in BASE, FAILED in JOB"],
        ),
        (
            job(None),
            job("FAILED"),
            ["the tasks match, but the jobs differ: (no status) in BASE, FAILED in JOB"],
        ),
        (job("FAILED", task(1)), job("FAILED", task(1)), ["the jobs match: 1 task, none differs"]),
        (
            job("FAILED", task(1, "FAILED", messages="a")),
            job("FAILED", task(1, "FAILED", messages="b\nc")),
            [
                (
                    "task 1 TX00001 is the first to differ: FAILED with another message in"
                    " BASE, FAILED with another message in JOB"
                ),
                "  BASE a",
                "  JOB  b c",
            ],
        ),
        (
            job("FAILED", task(1, "FAILED", messages='{"code": "E.1", "message": "no"}')),
            job("FAILED", task(1, "FAILED")),
            [
                (
                    "task 1 TX00001 is the first to differ: FAILED with E.1 in BASE,"
                    " FAILED without a message in JOB"
                ),
                "  BASE E.1  no",
            ],
        ),
        *(
            (
                job("FAILED", task(1, "FAILED", messages=json.dumps(one))),
                job("FAILED", task(1, "FAILED", messages=json.dumps(two))),
                [
                    (
                        f"task 1 TX00001 is the first to differ: FAILED with {code} in BASE,"
                        f" FAILED with {code} in JOB"
                    ),
                    f"  BASE {base}",
                    f"  JOB  {other}",
                ],
            )
            for one, two, code, base, other in (
                (POD | {"x": "pod 1"}, POD | {"x": "pod 2"}, "E.1", "x  pod 1", "x  pod 2"),
                (POD | {"statusCode": 5}, POD, "E.1", "statusCode  5", "statusCode  (none)"),
                (POD, POD | {"a": [{"b": 5}]}, "E.1", "a[0].b  (none)", "a[0].b  5"),
                (
                    {"error_code": "A.1", "error_msg": POD},
                    {"error_code": "A.2", "error_msg": POD},
                    *("E.1", "within  A.1", "within  A.2"),
                ),
                (
                    [POD, {"code": "E.2", "message": "x"}],
                    [POD, {"code": "E.2", "message": "y"}],
                    *("E.1", "also  E.2  x", "also  E.2  y"),
                ),
            )
        ),
        (
            job("SUCCEEDED", task(1)),
            job("SUCCEEDED", task(1, messages='{"replicas": 3}')),
            [
                (
                    "task 1 TX00001 is the first to differ: SUCCEEDED without a message in BASE,"
                    " SUCCEEDED with another message in JOB"
                ),
                "  BASE replicas  (none)",
                "  JOB  replicas  3",
            ],
        ),
        (
            job("SUCCEEDED", task(1), task_count=9),
            job("FAILED", task(1), task_count=9),
            [
                (
                    "the tasks that are known match, but the jobs differ: SUCCEEDED in BASE,"
                    " FAILED in JOB"
                )
            ],
        ),
        (
            job("SUCCEEDED", task_count=9),
            job("FAILED", task(1), task_count=9),
            ["the jobs differ: SUCCEEDED in BASE, FAILED in JOB"],
        ),
        (
            job("SUCCEEDED"),
            job("SUCCEEDED", task(1, None, CREATED_AT=None)),
            ["task 1 TX00001 is the first to differ: not reported in BASE, (no status) in JOB"],
        ),
        (
            job("SUCCEEDED", *(task(each, start=each) for each in range(4))),
            job("SUCCEEDED", *(task(each, start=2 * each, seconds=2) for each in range(4))),
            ["the jobs match: 4 tasks, none differs", "JOB took 4.0s longer"],
        ),
    ],
)
def test_what_differs_first_is_a_sentence(
    diff: Diff, base: Fields, other: Fields, expected: list[str]
) -> None:
    assert told(diff(base, other)) == expected


@pytest.mark.parametrize("turn", [1, -1])
def test_what_is_missing_can_not_be_told(diff: Diff, turn: int) -> None:
    whole = job("SUCCEEDED", task(1), task(2))
    for lacking, count in (
        (job("SUCCEEDED", task(1), task_count=2), "1 of 2 tasks"),
        (job("SUCCEEDED", task(1), task(2), task_count=30), "2 of 30 tasks"),
    ):
        compared = diff(*[lacking, whole][::turn])
        side = ["BASE", "JOB"][::turn][0]

        assert compared.status == 7
        assert told(compared) == [f"can't tell whether the jobs match: {count} of {side} are known"]
        in_json = diff(*[lacking, whole][::turn], "--json")
        assert (in_json.status, json.loads(in_json.out)["alike"]) == (7, None)
        assert in_json.err.startswith(f"casjob: note: {side}: ")
        assert diff(lacking, lacking).status == 7
        sides = f"{count} of BASE are known and {count} of JOB are known"
        assert told(diff(lacking, lacking)) == [f"can't tell whether the jobs match: {sides}"]
        failed = job("FAILED", task(1, "FAILED"), task(2))
        assert diff(*[lacking, failed][::turn]).status == 1


def test_of_jobs_without_tasks_or_their_count_nothing_can_be_told(diff: Diff) -> None:
    unknown = job("FAILED", task_count=None)
    shown = diff(unknown, unknown)
    lacking = "no tasks of BASE are known and no tasks of JOB are known"
    assert (shown.status, told(shown)) == (7, [f"can't tell whether the jobs match: {lacking}"])

    shown = diff(unknown, unknown, "--json")
    document = json.loads(shown.out)
    assert (shown.status, document["alike"], document["base"]["complete"]) == (7, None, False)
    why = "No task was sent, and no task_count says how many there are.\n"
    assert shown.err == f"casjob: note: BASE: {why}casjob: note: JOB: {why}"
    # A task of one of them only may be among those that the other did not send.
    known = job("FAILED", task(1, "FAILED", CREATED_AT=None))
    assert diff(unknown, known).status == 7


def test_what_is_in_one_job_only_is_not_said_to_match(diff: Diff) -> None:
    base = job("FAILED", task(1, "FAILED"), task(2), task(3), task_count=9)
    shown = diff(base, job("FAILED", task(1), task(2), task_count=9))
    assert "\n1 of 3 tasks differs · 2 not shown\n" in shown.out


def test_messages_that_begin_alike_are_shown_from_where_they_differ(diff: Diff) -> None:
    one, two = (job("FAILED", task(1, "FAILED", messages="x" * 9999 + each)) for each in "ab")
    shown = diff(one, two, columns=100).out
    lines = [line.strip() for line in shown.split("\n\n")[1].split("BASE ")[-1].splitlines()]
    assert "xa" in "".join(lines)
    assert "xb" in "".join(lines)


STOPPED_EARLY = (
    job("SUCCEEDED", *(task(each, start=each) for each in range(300))),
    job(
        "FAILED",
        *(task(each, start=each, seconds=5) for each in range(99)),
        task(99, "FAILED", start=99, messages="word " * 400),
    ),
)


@pytest.mark.parametrize(("columns", "rows"), [(40, 20), (80, 24), (120, 40), (200, 50)])
def test_a_difference_fits_the_screen(diff: Diff, columns: int, rows: int) -> None:
    def compare(*words: str) -> list[str]:
        options = ["--color", "never", *words]
        return diff(*STOPPED_EARLY, *options, columns=columns, rows=rows).out.splitlines()

    lines = compare()
    assert len(lines) <= rows - 1
    assert lines[0].startswith("✓ BASE ")
    assert any("99  TX00099  SUCCEEDED" in line for line in lines)
    assert "    … 99 tasks, all slower or faster" in [line.rstrip()[1:] for line in lines]
    assert any(line.endswith(" tasks, all only in BASE") for line in lines)
    assert any(line.endswith(" tasks folded; --full shows all") for line in lines)
    assert len(compare("--full")) > 300


def test_a_task_that_failed_in_one_job_is_not_folded(diff: Diff) -> None:
    base = job("SUCCEEDED", *(task(each) for each in range(5)))
    other = job("FAILED", *(task(each) for each in range(99)), task(99, "FAILED"))
    shown = diff(base, other, "--color", "never", columns=80, rows=24).out
    assert "99  TX00099  not reported    FAILED " in shown
    assert " tasks, all only in JOB" in shown


def test_a_gap_in_a_difference_says_what_it_hides(diff: Diff) -> None:
    base, other = (
        job("FAILED", *(task(each, status, messages=text) for each, text in enumerate(texts)))
        for status, texts in (("FAILED", "aaaaaaaaa"), ("FAILED", "bbbbbbbbb"))
    )
    lines = diff(base, other, "--color", "never", columns=60, rows=14).out.splitlines()
    assert "   … 8 tasks, all with another message" in lines
    failed = job("FAILED", *(task(each, "CANCELLED") for each in range(9)))
    lines = diff(base, failed, "--color", "never", columns=60, rows=14).out.splitlines()
    assert "   … 8 tasks, all of another status" in lines
    mixed = job("FAILED", *(task(each, "CANCELLED", messages="a") for each in range(5)))
    lines = diff(base, mixed, "--color", "never", columns=60, rows=14).out.splitlines()
    assert "   … 8 tasks" in lines


def test_types_of_jobs_that_differ_are_noted(diff: Diff) -> None:
    shown = diff(job("FAILED"), job("FAILED", JOB_TYPE="UPGRADE"))
    why = "The types of the jobs differ: PROVISION in BASE, UPGRADE in JOB."
    assert shown.status == 0
    assert shown.out.endswith(f"\nnote: {why}\n")
    assert f"note: {why}" in diff(job("FAILED"), job("FAILED", JOB_TYPE="UPGRADE"), "--json").err
    assert "The types" not in diff(job("FAILED"), job("FAILED", JOB_TYPE="provision")).out


def test_a_reply_about_another_job_is_not_compared(ask: Ask, service: Service) -> None:
    service.jobs["JOB1"] = as_document(job("SUCCEEDED", task(1), JOB_ID="JOB3"))
    for words in (("JOB1", JOB_ID), (JOB_ID, "JOB1")):
        assert ask("diff", *words) == (
            7,
            "",
            "casjob: the service's reply about JOB1 is about another job, JOB3\n",
        )


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        # It stopped, but is not less for that.
        (
            job("SUCCEEDED", task(1), task(2, start=1, seconds=30), task(3, start=31)),
            job("FAILED", task(1, seconds=3), task(2, "FAILED", start=3, seconds=2)),
            [
                "JOB stopped at task 2 TX00002; BASE ran 1 more step",
                (
                    "in the steps that both ran, JOB took 2.0s longer, mostly because of task 1"
                    " TX00001: 1.0s in BASE, 3.0s in JOB"
                ),
            ],
        ),
        (
            job("FAILED", task(1, "FAILED", seconds=0.5)),
            job("RUNNING", task(1), task(2), task(3, "RUNNING", start=1, seconds=30)),
            ["BASE stopped at task 1 TX00001; JOB ran 2 more steps"],
        ),
        (
            job("SUCCEEDED", task(1), task(2), separator(3, "END"), task(4, "SKIPPED")),
            job("RUNNING", task(1, "RUNNING", seconds=0.2)),
            ["JOB is at task 1 TX00001; BASE ran 1 more step"],
        ),
        (
            job("SUCCEEDED", task(1)),
            job("CANCELLED"),
            ["JOB stopped before its first step; BASE ran 1 more step"],
        ),
    ],
)
def test_where_a_job_stopped_is_told_and_what_both_ran_is_compared(
    diff: Diff, base: Fields, other: Fields, expected: list[str]
) -> None:
    lines = told(diff(base, other))

    assert [line for line in lines if "ran" in line] == expected
    assert not any(" took " in line for line in lines if line not in expected)


def test_what_does_not_add_up_in_a_job_is_noted(diff: Diff) -> None:
    shown = diff(job("FAILED", task(1), task_count=30), job("FAILED", task(1)))

    lines = shown.out.splitlines()
    assert lines[-2].startswith("note: BASE: ")
    assert lines[-2].endswith("base.json holds 1 of the job's 30 tasks.")
    assert lines[-1] == "note: JOB: The job is FAILED, but none of its tasks failed."


def test_text_of_the_service_can_not_drive_the_terminal(diff: Diff) -> None:
    base = job("SUCCEEDED", task(1, TASK_NAME="\x1b[2J"), JOB_NAME="\x9b", JOB_ID="\x07")
    other = job("\x1b", task(1, "\x1b", TASK_NAME="[red]"), task(2, "FAILED", messages="\x1b]0;"))

    for shown in (diff(base, other), diff(base, other, columns=40), diff(base, other, "--json")):
        assert shown.status == 1
        assert not {"\x9b", "\x07"} & set(shown.out)
        assert "\x1b[2J" not in shown.out
        assert "\x1b]" not in shown.out


class TestJson:
    def test_holds_both_side_by_side(self, casjob: Casjob) -> None:
        shown = casjob("diff", *DEMO, "--json")
        document = json.loads(shown.out)

        assert shown.status == 1
        failed = document["tasks"][4]
        assert failed["base"].pop("task_id").startswith("Task-")
        assert failed["job"].pop("task_id") == "Task-a72fe8d8-8cc1-42b5-a097-0cf9e29692a7"
        assert failed == {
            "task_name": "TN00097",
            "difference": "status",
            "elapsed_change_seconds": 1.601,
            "base": {
                "task_index": 9,
                "task_name": "TN00097",
                "title": "wait for the build to succeed",
                "status": "SUCCEEDED",
                "outcome": "succeeded",
                "phase": "BUILDING",
                "elapsed_seconds": 28.412,
                "failure": None,
            },
            "job": {
                "task_index": 9,
                "task_name": "TN00097",
                "title": "wait for the build to succeed",
                "status": "FAILED",
                "outcome": "failed",
                "phase": "BUILDING",
                "elapsed_seconds": 30.013,
                "failure": {
                    "code": "ECC00011",
                    "detail": "Building failed.",
                    "within": [],
                    "means": "the build of the application failed: read the build's log",
                },
            },
        }
        assert document["first_difference"]["task_name"] == "TN00097"
        assert document["main_elapsed_change"] == document["first_difference"]
        missing = document["tasks"][6]
        assert (missing["difference"], missing["job"]) == ("removed", None)
        assert missing["elapsed_change_seconds"] is None
        assert {key: document[key] for key in list(document)[:4]} == {
            "schema_version": 1,
            "alike": False,
            "elapsed_change_seconds": 1.601,
            "base": {
                "job_id": SUCCEEDED_JOB_ID,
                "complete": True,
                "outcome": "succeeded",
                "status": "SUCCEEDED",
                "elapsed_seconds": 75.24,
                "failure": None,
            },
        }
        assert document["job"]["failure"]["task_name"] == "TN00097"

    @pytest.mark.parametrize(
        ("base", "other"),
        [
            (job(None), job(None)),
            (job("FAILED", task(1, None), task(2, "FAILED")), job("RUNNING", task(7, "RUNNING"))),
            (documented_job(), {"job": {}, "tasks": [{}]}),
        ],
    )
    def test_follows_its_schema(self, diff: Diff, base: Any, other: Any) -> None:
        Draft202012Validator.check_schema(SCHEMA)
        for words in ((base, other), (other, base), (base, base)):
            Draft202012Validator(SCHEMA).validate(json.loads(diff(*words, "--json").out))

    @pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
    def test_is_read_by_jq(self, clean_environ: dict[str, str]) -> None:
        line = f"casjob diff {SUCCEEDED_JOB_ID} {FAILED_JOB_ID} --demo --json"
        name = "jq -r .first_difference.task_name"

        assert run_shell(f"{line} | {name}", clean_environ) == (0, "TN00097\n", "")


class TestOtherFormats:
    def test_markdown_has_the_same_in_tables(self, casjob: Casjob) -> None:
        assert casjob("diff", *DEMO, "-o", "markdown") == (
            1,
            f"""\
|  | Job | Name | Verdict |
| --- | --- | --- | --- |
| BASE | `{SUCCEEDED_JOB_ID}` | `provision/provMain` | ✅ `SUCCEEDED after 1m 15s` |
| JOB | `{FAILED_JOB_ID}` | `provision/provMain` | ❌ `FAILED after 35.6s` |

`task 9 TN00097 is the first to differ: SUCCEEDED in BASE, FAILED in JOB`

`JOB stopped at task 9 TN00097 wait for the build to succeed; BASE ran 1 more step`

`in the steps that both ran, JOB took 1.6s longer, mostly because of task 9 TN00097: 28.4s in\
 BASE, 30.0s in JOB`

| # | Task | BASE | Elapsed | JOB | Elapsed | Change | Differs |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 9 | `TN00097` `wait for the build to succeed` | ✅ `SUCCEEDED` | 28.4s | ❌ `FAILED` | 30.0s |\
 +1.6s | status |
| 14 | `TN00102` `create a secret` | ✅ `SUCCEEDED` | 41.2s | `not reported` |  |  | only in BASE |

2 of 7 tasks differ
""",
            "",
        )

    def test_jsonl_has_a_line_a_task(self, casjob: Casjob) -> None:
        lines = casjob("diff", *DEMO, "-o", "jsonl").out.splitlines()

        document = json.loads(casjob("diff", *DEMO, "--json").out)
        assert [json.loads(line) for line in lines] == document["tasks"]

    def test_markdown_has_notes(self, diff: Diff) -> None:
        shown = diff(job("FAILED", task(1, CREATED_AT=None)), job("FAILED"), "-o", "markdown")

        assert shown.out.endswith(
            "- `BASE: The job is FAILED, but none of its tasks failed.`\n"
            "- `JOB: The job is FAILED, but the reply holds no tasks.`\n"
        )

    def test_a_file_gets_it_whole(self, casjob: Casjob, tmp_path: Path) -> None:
        file = tmp_path / "difference.json"
        shown = casjob("diff", *DEMO, "--json", "--output-file", str(file))

        assert shown == casjob("diff", *DEMO)
        assert file.read_text(encoding="utf-8") == casjob("diff", *DEMO, "--json").out

    def test_others_are_refused(self, ask: Ask, service: Service) -> None:
        assert ask("diff", JOB_ID, JOB_ID, "-o", "csv") == (
            2,
            "",
            (
                "casjob: --output csv is not supported here\n"
                "  hint: supported formats: table, json, jsonl, markdown\n"
            ),
        )
        assert service.requests == []


class TestWhatIsCompared:
    def test_may_be_two_jobs_at_the_service(self, ask: Ask, service: Service) -> None:
        good = job("SUCCEEDED", task(9, TASK_NAME="TN00097"), JOB_ID=OTHER_JOB_ID)
        service.jobs[OTHER_JOB_ID] = as_document(good)

        shown = ask("diff", OTHER_JOB_ID, JOB_ID, "--json")

        document = json.loads(shown.out)
        assert (shown.status, shown.err) == (1, "")
        assert [document[side]["job_id"] for side in ("base", "job")] == [OTHER_JOB_ID, JOB_ID]
        asked = [request.path.rpartition("/")[2] for request in service.requests]
        assert asked == [OTHER_JOB_ID, JOB_ID]
        assert ask("show").err == f"casjob: {JOB_ID} (last viewed)\n"

    def test_may_be_a_prefix_of_a_recent_job(self, ask: Ask) -> None:
        ask("show", JOB_ID)

        shown = ask("diff", JOB_ID[:9], JOB_ID)

        assert (shown.status, shown.err) == (0, f"casjob: {JOB_ID} (recent job)\n")

    @pytest.mark.parametrize("turn", [1, -1])
    def test_may_be_a_file_and_a_job(
        self, ask: Ask, service: Service, tmp_path: Path, turn: int
    ) -> None:
        ask("show", JOB_ID, "--save", str(tmp_path / "good.json"))
        service.requests.clear()

        words = [str(tmp_path / "good.json"), JOB_ID][::turn]
        shown = ask("diff", *words, "--api-version", "v3")

        assert (shown.status, shown.err) == (0, "")
        assert len(service.requests) == 1

    def test_may_be_stdin_once(self, clean_environ: dict[str, str], tmp_path: Path) -> None:
        line = (
            f"casjob show {SUCCEEDED_JOB_ID} --demo --json > good.json;"
            f" casjob show {FAILED_JOB_ID} --demo --json | casjob diff good.json - --utc"
        )
        shown = run_shell(line, clean_environ, cwd=tmp_path)

        assert (shown.status, shown.err) == (1, "")
        assert shown.out.startswith(HEAD)

    def test_is_not_stdin_twice(self, casjob: Casjob) -> None:
        assert casjob("diff", "-", "-") == (
            2,
            "",
            "casjob: stdin holds one job, not two\n  hint: name a file or an id for the other\n",
        )

    def test_in_two_files_leaves_nothing_to_ask_a_service(self, diff: Diff) -> None:
        assert diff(job("FAILED"), job("FAILED"), "--demo") == (
            2,
            "",
            (
                "casjob: --demo can't be used with a file: no request is sent\n"
                "  hint: leave out --demo\n"
            ),
        )

    @pytest.mark.parametrize("words", [("web",), ("web", JOB_ID), (JOB_ID, "web")])
    def test_is_no_component(self, ask: Ask, service: Service, words: tuple[str, ...]) -> None:
        told = "casjob: web is not a job id: did you mean --component web?\n"
        assert ask("diff", *words) == (2, "", told)
        assert service.requests == []

    @pytest.mark.parametrize("target", ["good.json", ".", "x" * 300])
    def test_is_a_file_or_an_id(self, ask: Ask, service: Service, target: str) -> None:
        shown = ask("diff", JOB_ID, target)

        assert shown.status == 2
        assert "is not a job id, and there is no such file\n" in shown.err
        assert service.requests == []


class TestComponent:
    def test_compares_its_last_job_that_failed_with_its_last_that_succeeded(
        self, casjob: Casjob
    ) -> None:
        compared = casjob("diff", "--component", "web", "--demo", "--utc")
        by_id = casjob("diff", SUCCEEDED_JOB_ID, FAILED_JOB_ID, "--demo", "--utc", "--json")
        headed = casjob("diff", SUCCEEDED_JOB_ID, FAILED_JOB_ID, "--demo", "--utc").out

        assert casjob("diff", "--component", "web", "--demo", "--json") == by_id
        words = re.sub(r"\bJOB\b ?", "BAD ", headed).replace("BASE", "GOOD").split()
        assert (compared.status, compared.err) == (1, "")
        assert (
            re.sub(r"[,;]", "", compared.out).split() == re.sub("[,;]", "", " ".join(words)).split()
        )

    def test_on_a_service_without_v3_has_no_list_of_jobs(self, ask: Ask, service: Service) -> None:
        service.components = [component(1, "web", job_id=JOB_ID)]
        compared = ask("diff", "--component", "web", "--api-version", "v2")
        assert compared == (
            5,
            "",
            (
                "casjob: only v3 of the API lists the deployments of a component\n"
                "  hint: name both jobs, as in casjob diff GOOD_JOB_ID BAD_JOB_ID\n"
            ),
        )

    def test_without_both_is_told_which_is_missing(self, casjob: Casjob) -> None:
        compared = casjob("diff", "--component", "gateway", "--demo")
        assert (compared.status, compared.out) == (5, "")
        assert compared.err == (
            "casjob: component gateway has no job that succeeded\n"
            "  hint: casjob list gateway --demo shows them\n"
        )

    def test_is_named_in_the_hint_as_it_was_named(self, ask: Ask, service: Service) -> None:
        service.components = [
            component(1, "web", record(JOB_ID), job_id=JOB_ID),
            component(2, "web", application="office"),
        ]
        compared = ask("diff", "--component", "web", "--application", "shop")
        assert compared == (
            5,
            "",
            (
                "casjob: component web has no job that succeeded\n"
                "  hint: casjob list web --application shop shows them\n"
            ),
        )

    def test_whose_jobs_are_gone_has_none(self, ask: Ask, service: Service) -> None:
        job_ids = [f"JOB{number}" for number in range(21)]
        service.components.append(component(1, "web", record(*job_ids, "no id!")))
        compared = ask("diff", "--component", "web")
        assert (compared.status, compared.out) == (5, "")
        assert compared.err.startswith(
            "casjob: component web has no job that succeeded or failed among its last 20\n"
        )

    def test_with_a_name_of_a_megabyte_is_an_error_of_a_few_lines(
        self, ask: Ask, service: Service
    ) -> None:
        service.components = [component(1, "n" * 1_000_000)]

        told = (
            f"casjob: component {'n' * 232}… (1000054 characters) …{'n' * 214}"
            " has no job that succeeded or failed\n"
            "  hint: casjob list c0000001 shows them\n"
        )
        assert ask("diff", "--component", "c0000001") == (5, "", told)

    @pytest.mark.parametrize("words", [[], ["JOB1"]])
    def test_is_needed_where_two_jobs_are_not_named(self, casjob: Casjob, words: list[str]) -> None:
        compared = casjob("diff", *words)
        assert (compared.status, compared.out) == (2, "")
        assert compared.err.startswith(
            "casjob: diff compares two jobs\n  hint: name both, or use --component\n"
        )
