import json
from collections.abc import Callable

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from casjob.demo.replies import Document
from tests.conftest import JOB_ID, Casjob, Finished
from tests.formats.conftest import Draw
from tests.formats.hostile import hostile_job
from tests.samples import job
from tests.service import Service, documented_job

RUNNING: Document = {"job": {"EXECUTION_STATUS": "RUNNING"}, "tasks": [], "task_count": 0}


def read(finished: Finished) -> list[object]:
    assert (finished.status, finished.err) == (0, "")
    return [json.loads(line) for line in finished.out.splitlines()]


@pytest.mark.parametrize("command", ["show", "tasks"])
@pytest.mark.parametrize("document", [documented_job(), hostile_job(), job("SUCCEEDED")])
def test_each_line_is_a_task_as_json_has_it(draw: Draw, command: str, document: object) -> None:
    assert isinstance(document, dict)
    whole = json.loads(draw(document, command, "--json").out)

    assert read(draw(document, command, "-o", "jsonl")) == whole["tasks"]


def test_a_failed_job_has_a_line_a_task(draw: Draw) -> None:
    lines = draw(documented_job(), "tasks", "--failed", "-o", "jsonl").out.splitlines()

    assert lines == [
        (
            '{"MESSAGES": {"Message": "ECC00011", "Detail": "Building failed."},'
            ' "TASK_ID": "Task-a72fe8d8-8cc1-42b5-a097-0cf9e29692a7", "TASK_TYPE": "restful",'
            ' "TASK_INDEX": 9, "TASK_NAME": "TN00097", "TASK_STATUS": "FAILED",'
            ' "LAST_HEALTH_CHECK": "2020-02-04T04:01:38.975Z",'
            ' "CREATED_AT": "2020-02-04T04:01:08.962Z",'
            ' "OWNER_ID": "cas-mgr-69bb87d7c-wpqwb:30114",'
            ' "outcome": "failed", "phase": "BUILDING",'
            ' "title": "wait for the build to succeed", "elapsed_seconds": 30.013,'
            ' "failure": {"code": "ECC00011", "detail": "Building failed.", "within": [],'
            ' "means": "the build of the application failed: read the build\'s log"}}'
        )
    ]


def test_each_job_has_one_verdict(casjob: Casjob) -> None:
    finished = casjob("wait", "--demo", FAILED_JOB_ID, SUCCEEDED_JOB_ID, "-o", "jsonl")
    verdicts = [json.loads(line) for line in finished.out.splitlines()]

    whole = casjob("wait", "--demo", FAILED_JOB_ID, SUCCEEDED_JOB_ID, "--json")
    assert sorted(verdicts, key=json.dumps) == sorted(
        json.loads(whole.out)["verdicts"], key=json.dumps
    )


def test_a_job_that_did_not_end_has_a_verdict_too(
    ask: Callable[..., Finished], service: Service
) -> None:
    service.jobs[JOB_ID] = RUNNING
    finished = ask("wait", JOB_ID, "-o", "jsonl", "--timeout", "0.5s")

    assert finished.status == 124
    assert finished.out == (
        f'{{"job_id": "{JOB_ID}", "outcome": "running", "status": "RUNNING",'
        ' "elapsed_seconds": null, "failure": null}\n'
    )


def test_watch_writes_the_same_as_with_json(casjob: Casjob) -> None:
    def events(*options: str) -> list[object]:
        finished = casjob("watch", "--demo", FAILED_JOB_ID, *options)
        return [{**json.loads(line), "time": ""} for line in finished.out.splitlines()]

    assert events("-o", "jsonl") == events("--json")


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_config_has_a_line_a_setting_or_a_check(casjob: Casjob, options: list[str]) -> None:
    environ = {"CASJOB_REGION": "cn-north-4", "CASJOB_ENDPOINT": "nowhere"}
    finished = casjob("config", *options, "-o", "jsonl", environ=environ)

    whole = json.loads(casjob("config", *options, "--json", environ=environ).out)
    array = whole["checks"] if options else whole["settings"]
    assert array
    assert [json.loads(line) for line in finished.out.splitlines()] == array
