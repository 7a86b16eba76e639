import csv
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from casjob.demo.replies import Document
from tests.components import EARLIER_JOB_IDS, component, record, without_v3
from tests.conftest import Casjob, Finished
from tests.program import run_shell
from tests.samples import Fields, as_document, job, moment, task
from tests.service import Recorded, Reply, Service

Ask = Callable[..., Finished]
ECC = '{"Message": "ECC00011", "Detail": "Building failed."}'

DEMO = f"""\
web · 16 of 20 deployments succeeded, 4 failed
  application shop · environment prod · newest 20 of 25
  ✓✓✓✗✓✓✓✓✓✗✓✓✓✓✗✓✓✓✗✓ · oldest to newest; ✓ succeeded, ✗ failed
  elapsed: median 43.3s · p95 50.0s · last 1m 15s · 20 runs

 #  TASK     STEP                           RUNS  FAILED  MEDIAN    P95   LAST
 6  TN00091  run the build and follow it      20       0    5.7s   6.2s   5.6s
 7  TN00094  run the build and follow it      20       0    0.0s   0.0s   0.0s
 9  TN00097  wait for the build to succeed    20       3   26.9s  29.6s  28.4s
14  TN00102  create a secret                  17       1   11.7s  41.2s  41.2s  slower

task 9 TN00097 wait for the build to succeed: failed 3 times since 2020-01-20
  ECC00011 Building failed.
  last 2020-02-04 04:01:38Z in {FAILED_JOB_ID}
task 14 TN00102 create a secret: failed once
  CCE.01500001 node not ready
  last 2020-01-26 01:25:31Z in {EARLIER_JOB_IDS[8]}
"""
FOLDED = f"""\
web · 16 of 20 deployments succeeded, 4 failed
  application shop · environment prod · newest 20 of 25
  ✓✓✓✗✓✓✓✓✓✗✓✓✓✓✗✓✓✓✗✓ · oldest to newest; ✓ succeeded, ✗ failed
  elapsed: median 43.3s · p95 50.0s · last 1m 15s · 20 runs

 #  TASK     STEP             RUNS  FAILED  MEDIAN    P95   LAST
14  TN00102  create a secret    17       1   11.7s  41.2s  41.2s  slower
… 3 more steps; --full shows all

✗ task 9 TN00097 wait for the build to succeed: failed 3 times since 2020-01-20
  ECC00011 Building failed.
  last 2020-02-04 04:01:38Z in {FAILED_JOB_ID}
… 1 more failure; --full shows all
"""


def succeed(*seconds: float, start: float = 0) -> Document:
    """Return a job of steps that took so long, one after the other."""
    tasks: list[Fields] = []
    for index, each in enumerate(seconds, start=1):
        tasks.append(task(index, start=start, seconds=each))
        start += each
    return as_document(job("SUCCEEDED", *tasks))


def fail(messages: str = ECC, **more: Any) -> Document:
    return as_document(job("FAILED", task(1, "FAILED", messages=messages, **more)))


def run(status: str) -> Document:
    return as_document(job(status, task(1, status)))


@pytest.fixture
def deploy(service: Service) -> Callable[..., None]:
    """Return a way to give the component `web` deployments, newest first, of some jobs each."""

    def deploy(*deployments: dict[str, Document | None]) -> None:
        service.jobs = {
            job_id: document
            for jobs in deployments
            for job_id, document in jobs.items()
            if document
        }
        records = [record(*jobs, begin=moment(-3600 * age)) for age, jobs in enumerate(deployments)]
        service.components = [component(1, "web", *records)]

    return deploy


def read(finished: Finished) -> dict[str, Any]:
    assert (finished.status, finished.err) == (0, "")
    document: dict[str, Any] = json.loads(finished.out)
    return document


class TestAPerson:
    def test_sees_outcomes_times_steps_and_failures(self, casjob: Casjob) -> None:
        assert casjob("stats", "web", "--demo") == (0, DEMO, "")

    @pytest.mark.parametrize(
        ("rows", "columns", "options", "drawn"),
        [
            (24, 90, [], DEMO.replace("\ntask", "\n✗ task")),
            (12, 90, ["--full"], DEMO.replace("\ntask", "\n✗ task")),
            (14, 80, [], FOLDED),
        ],
    )
    def test_sees_as_much_as_the_screen_has_room_for(
        self, casjob: Casjob, rows: int, columns: int, options: list[str], drawn: str
    ) -> None:
        environ = {"LINES": str(rows), "NO_COLOR": "1"}
        words = ["stats", "web", "--demo", *options]
        assert casjob(*words, environ=environ, columns=columns).out == drawn

    @pytest.mark.parametrize("columns", [200, 80, 40, 20])
    def test_sees_one_screen_however_much_there_is(
        self, casjob: Casjob, at_service: dict[str, str], deploy: Any, columns: int
    ) -> None:
        messages = [
            json.dumps({"error_code": f"ECC{n:05}", "error_msg": "x " * 99}) for n in range(9)
        ]
        failed = {f"JOB{n}": fail(each, TASK_NAME="N" * 99) for n, each in enumerate(messages)}
        deploy({"JOB": succeed(*[1] * 90)}, failed)
        environ = {**at_service, "LINES": "24", "NO_COLOR": "1"}
        drawn = casjob("stats", "web", environ=environ, columns=columns)

        assert drawn.status == 0
        lines = drawn.out.splitlines()
        assert sum(max(1, -(-len(line) // columns)) for line in lines) <= 23
        assert sum(line.endswith("--full") or "--full shows all" in line for line in lines) == 2

    def test_reads_it_in_ascii_too(self, casjob: Casjob) -> None:
        drawn = casjob("stats", "web", "--demo", "--last", "3", encoding="ascii").out
        assert "\n  +x+ - oldest to newest; + succeeded, x failed\n" in drawn


class TestFormats:
    def test_json_has_every_figure_with_its_n_and_the_job_ids(self, casjob: Casjob) -> None:
        found = read(casjob("stats", "web", "--demo", "--last", "25", "--json"))

        assert (found["complete"], found["deployment_count"]) == (True, 25)
        assert found["component"]["name"] == "web"
        assert found["outcomes"] == {
            "succeeded": 21,
            "failed": 4,
            "running": 0,
            "unknown": 0,
            "gone": 0,
            "unreadable": 0,
        }
        assert found["elapsed"] == {
            "n": 25,
            "median_seconds": 43.727,
            "p95_seconds": 49.994,
            "last_seconds": 75.24,
        }
        job_ids = [job_id for each in found["deployments"] for job_id in each["jobs"]]
        assert job_ids == [SUCCEEDED_JOB_ID, FAILED_JOB_ID, *EARLIER_JOB_IDS]
        assert found["deployments"][0] == {
            "version": "1.0.1",
            "outcome": "succeeded",
            "started_at": "2020-02-04T04:31:12.108Z",
            "ended_at": "2020-02-04T04:32:27.348Z",
            "elapsed_seconds": 75.24,
            "jobs": [SUCCEEDED_JOB_ID],
        }
        assert found["steps"][-1] == {
            "kind": "step",
            "task_index": 14,
            "task_name": "TN00102",
            "title": "create a secret",
            "phase": "DEPLOYING",
            "runs": 22,
            "failed": 1,
            "slow": True,
            "elapsed": {
                "n": 22,
                "median_seconds": 11.614,
                "p95_seconds": 17.233,
                "last_seconds": 41.207,
            },
        }
        assert found["failures"][0] == {
            "kind": "failure",
            "task_index": 9,
            "task_name": "TN00097",
            "title": "wait for the build to succeed",
            "phase": "BUILDING",
            "code": "ECC00011",
            "detail": "Building failed.",
            "means": "the build of the application failed: read the build's log",
            "failed": 3,
            "first_at": "2020-01-20T00:13:31.018Z",
            "last_at": "2020-02-04T04:01:38.975Z",
            "jobs": [FAILED_JOB_ID, EARLIER_JOB_IDS[3], EARLIER_JOB_IDS[14]],
        }

    def test_jsonl_has_a_line_a_step_and_a_line_a_failure(self, casjob: Casjob) -> None:
        document = read(casjob("stats", "web", "--demo", "--json"))
        lines = casjob("stats", "web", "--demo", "-o", "jsonl").out.splitlines()
        assert [json.loads(line) for line in lines] == document["steps"] + document["failures"]

    @pytest.mark.parametrize(("output", "delimiter"), [("csv", ","), ("tsv", "\t")])
    def test_a_sheet_has_a_row_a_step_and_a_row_a_failure(
        self, casjob: Casjob, output: str, delimiter: str
    ) -> None:
        sheet = casjob("stats", "web", "--demo", "-o", output).out.splitlines()
        rows = list(csv.DictReader(sheet, delimiter=delimiter))

        assert [(row["kind"], row["task_name"]) for row in rows] == [
            ("step", "TN00091"),
            ("step", "TN00094"),
            ("step", "TN00097"),
            ("step", "TN00102"),
            ("failure", "TN00097"),
            ("failure", "TN00102"),
        ]
        step = {name: value for name, value in rows[3].items() if value}
        assert step == {
            "kind": "step",
            "task_index": "14",
            "task_name": "TN00102",
            "title": "create a secret",
            "phase": "DEPLOYING",
            "runs": "17",
            "failed": "1",
            "n": "17",
            "median_seconds": "11.69",
            "p95_seconds": "41.207",
            "last_seconds": "41.207",
            "slow": "yes",
        }
        failure = {name: value for name, value in rows[5].items() if value}
        assert failure == {
            "kind": "failure",
            "task_index": "14",
            "task_name": "TN00102",
            "title": "create a secret",
            "phase": "DEPLOYING",
            "failed": "1",
            "code": "CCE.01500001",
            "detail": "node not ready",
            "first_at": "2020-01-26T01:25:31.075Z",
            "last_at": "2020-01-26T01:25:31.075Z",
            "jobs": EARLIER_JOB_IDS[8],
        }

    def test_markdown_has_a_table_of_each(self, casjob: Casjob) -> None:
        assert (
            casjob("stats", "web", "--demo", "--last", "3", "-o", "markdown").out
            == f"""\
## `web` 2 of 3 deployments succeeded, 1 failed

✓✗✓ · elapsed: median 50.0s · last 1m 15s · 3 runs

| # | Task | Runs | Failed | Median | Last |
| --- | --- | --- | --- | --- | --- |
| 6 | `TN00091` `run the build and follow it` | 3 | 0 | 5.6s | 5.6s |
| 7 | `TN00094` `run the build and follow it` | 3 | 0 | 0.0s | 0.0s |
| 9 | `TN00097` `wait for the build to succeed` | 3 | 1 | 28.4s | 28.4s |
| 14 | `TN00102` `create a secret` | 2 | 0 | 17.2s | 41.2s |

| Failure | Code | Detail | Last |
| --- | --- | --- | --- |
| `task 9 TN00097 wait for the build to succeed: failed once` | `ECC00011` | `Building failed.` \
| `last 2020-02-04 04:01:38Z in {FAILED_JOB_ID}` |
"""
        )


class TestDeployments:
    def test_of_batches_count_once_and_those_gone_or_running_apart(
        self, ask: Ask, deploy: Any
    ) -> None:
        deploy(
            {"JOB1": run("RUNNING")},
            {"JOB2": succeed(1), "JOB3": succeed(2, 7, start=10)},
            {"JOB4": succeed(4), "JOB5": fail()},
            {"JOB6": None},
            {"JOB7": run("WHATEVER")},
            {},
        )
        assert ask("stats", "web") == (
            0,
            """\
web · 1 of 2 deployments succeeded, 1 failed; not counted: 1 running, 2 unknown, 1 gone
  application shop · environment prod
  ??–✗✓● · oldest to newest; ✓ succeeded, ✗ failed, ● running, ? unknown, – gone
  elapsed: median 4.0s · last 19.0s · 2 runs

#  TASK     RUNS  FAILED  MEDIAN  LAST
1  TX00001     4       1    1.0s  2.0s
2  TX00002     1       0    7.0s  7.0s

task 1 TX00001: failed once
  ECC00011 Building failed.
  last 2020-02-04 04:01:04Z in JOB5
""",
            "",
        )

    def test_are_the_newest_and_no_other_job_is_fetched(
        self, ask: Ask, service: Service, deploy: Any
    ) -> None:
        deploy(*({f"JOB{age}": succeed(1)} for age in range(4)))
        found = read(ask("stats", "web", "--last", "2", "--json"))

        assert [each["jobs"] for each in found["deployments"]] == [["JOB0"], ["JOB1"]]
        assert found["deployment_count"] == 4
        asked = {request.path.rpartition("/")[2] for request in service.requests}
        assert asked == {"components", "records", "JOB0", "JOB1"}

    def test_that_the_service_did_not_send_are_said(
        self, ask: Ask, service: Service, deploy: Any
    ) -> None:
        deploy({"JOB0": succeed(1)})
        reply = Reply(200, {"count": 9, "records": [record("JOB0")]})
        service.handler = lambda request: reply if request.path.endswith("/records") else None

        assert "\nnote: the service counts 8 more than it sent\n" in ask("stats", "web").out
        shown = ask("stats", "web", "--json")
        assert shown.err == "casjob: note: the service counts 8 more than it sent\n"
        found = read(shown._replace(err=""))
        assert (found["complete"], found["deployment_count"]) == (False, 9)

    def test_of_which_tasks_are_missing_take_the_time_of_the_deployment(
        self, ask: Ask, service: Service, deploy: Any
    ) -> None:
        short = job("SUCCEEDED", *(task(each) for each in range(5)), task_count=99)
        deploy(*({f"JOB{age}": as_document(short)} for age in range(3)))
        for age, each in enumerate(service.components[0]["records"]):
            each["end_time"] = moment(30 - 3600 * age)
        shown = ask("stats", "web", "--json")

        why = "JOB0: The service counts 99 tasks, but sent 5."
        assert shown.err == f"casjob: note: 3 jobs came incomplete: {why}\n"
        found = read(shown._replace(err=""))
        assert (found["complete"], found["elapsed"]["n"]) == (False, 3)
        assert found["deployments"][0]["elapsed_seconds"] == 30
        assert f"\nnote: 3 jobs came incomplete: {why}\n" in ask("stats", "web").out

    def test_without_a_time_are_said_to_have_none(self, ask: Ask, deploy: Any) -> None:
        nameless = task(None, TASK_NAME=None, CREATED_AT=None, LAST_HEALTH_CHECK=None)
        deploy({"JOB0": as_document(job("FAILED", nameless))})
        assert ask("stats", "web").out.endswith(
            """
  elapsed: not known

TASK       RUNS  FAILED  TIMED
(no name)     1       0      0

no task failed, but the job failed once
  in JOB0
"""
        )


class TestFetching:
    def test_is_side_by_side_at_four_requests_a_second(
        self, environ: dict[str, str], service: Service, deploy: Any
    ) -> None:
        deploy(*({f"JOB{age}": succeed(1)} for age in range(6)))
        pairs = threading.Barrier(2)

        def await_another(request: Recorded) -> None:
            if "/cas/jobs/" in request.path:
                pairs.wait(10)

        service.handler = await_another
        assert run_shell("casjob stats web", environ).status == 0
        times = [request.time for request in service.requests]
        assert len(times) == 8
        # Two may pass at once.
        assert times[-1] - times[0] > 5 * 0.25

    def test_repeats_what_failed(self, ask: Ask, service: Service, deploy: Any) -> None:
        deploy({"JOB0": succeed(1)})
        replies = [Reply(429, headers={"Retry-After": "0"})]

        def throttle(request: Recorded) -> Reply | None:
            return replies.pop() if replies and "/cas/jobs/" in request.path else None

        service.handler = throttle
        shown = ask("stats", "web", "--retries", "1")
        assert (shown.status, shown.out[:33]) == (0, "web · 1 of 1 deployment succeeded")
        assert "(HTTP 429); retrying in" in shown.err

    @pytest.mark.parametrize(
        ("reply", "status", "why"),
        [
            (Reply(500, {}), 6, "(HTTP 500)"),
            (Reply(403, {}), 4, "not allowed to see job JOB1"),
            (Reply(404, b"<html>"), 6, "(HTTP 404) has no error code of the service"),
            (Reply(200, b"<html>"), 7, "JSON"),
            (Reply(200, as_document(job("FAILED", JOB_ID="JOB9"))), 7, "another job, JOB9"),
        ],
    )
    def test_goes_on_after_a_job_that_can_not_be_read(
        self, ask: Ask, service: Service, deploy: Any, reply: Reply, status: int, why: str
    ) -> None:
        deploy(*({f"JOB{age}": succeed(1)} for age in range(2)))
        service.handler = lambda request: reply if request.path.endswith("JOB1") else None
        shown = ask("stats", "web", "--json", "--retries", "0")

        assert shown.err.startswith("casjob: note: 1 job could not be read: JOB1: ")
        assert why in shown.err
        found = read(shown._replace(err=""))
        assert (found["complete"], found["outcomes"]["succeeded"]) == (False, 1)
        assert found["outcomes"]["unreadable"] == 1

        service.handler = lambda request: reply if "/jobs/" in request.path else None
        failed = ask("stats", "web", "--retries", "0")
        assert (failed.status, failed.out) == (status, "")
        assert why.replace("JOB1", "JOB0") in failed.err

    def test_ends_with_the_first_error_where_the_newest_jobs_all_have_one(
        self, ask: Ask, service: Service, deploy: Any
    ) -> None:
        deploy(*({f"JOB{age}": succeed(1)} for age in range(17)))
        service.handler = lambda request: Reply(403, {}) if "/jobs/" in request.path else None
        failed = ask("stats", "web")

        assert (failed.status, failed.out) == (4, "")
        assert "JOB0" in failed.err
        assert not any(request.path.endswith("JOB16") for request in service.requests)


class TestNothing:
    def test_is_known_without_v3(self, ask: Ask, service: Service, deploy: Any) -> None:
        deploy({"JOB0": succeed(1)})
        service.handler = without_v3
        refused = ask("stats", "web")
        assert (refused.status, refused.out) == (5, "")
        assert refused.err == (
            "casjob: only v3 of the API lists the deployments of a component\n"
            "  hint: casjob list shows each component's last job\n"
        )

    def test_is_known_without_deployments(self, ask: Ask, deploy: Any) -> None:
        deploy()
        assert ask("stats", "web") == (5, "", "casjob: component web has no deployments\n")

    def test_is_known_of_another_component(self, ask: Ask, deploy: Any) -> None:
        deploy({"JOB0": succeed(1)})
        assert ask("stats", "api").status == 5
        assert ask("stats", "web", "--application", "office").status == 5

    def test_is_asked_for_with_what_is_no_job_id(
        self, ask: Ask, service: Service, deploy: Any
    ) -> None:
        deploy({"JOB0": succeed(1), "../JOB": None})
        assert ask("stats", "web") == (
            7,
            "",
            "casjob: the service sent '../JOB' as a job of component web, which is not a job id\n",
        )
        assert not [each for each in service.requests if "/jobs/" in each.path]

    @pytest.mark.parametrize(("last", "bound"), [("0", "least 1"), ("101", "most 100")])
    def test_is_shown_of_too_many_or_none(self, casjob: Casjob, last: str, bound: str) -> None:
        refused = casjob("stats", "web", "--demo", "--last", last)
        assert (refused.status, refused.out) == (2, "")
        assert refused.err == (
            f"casjob: Invalid value for '--last': it must be at {bound}\n"
            "  see: casjob stats --help\n"
        )
