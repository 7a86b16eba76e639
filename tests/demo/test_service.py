import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from casjob.demo.jobs import (
    FAILED_JOB_ID,
    FAILING_JOB_ID,
    MANY_TASKS_JOB_ID,
    PROJECT_ID,
    RUNNING_JOB_ID,
    SAMPLE_JOBS,
    SUCCEEDED_JOB_ID,
)
from casjob.demo.service import ENDPOINT, SampleService
from tests.components import EARLIER_JOB_IDS, GATEWAY
from tests.service import documented_job

OPENED = datetime(2026, 11, 23, 8, 0, 12, 345_678, tzinfo=UTC)
INSTANCE_ID = "429a35a0-dee8-4648-86f6-d1f8bc74ba52"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 5_000.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return OPENED + timedelta(seconds=self.seconds - 5_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[httpx.Client]:
    transport = SampleService(clock=clock.monotonic, now=clock.now)
    with httpx.Client(transport=transport, base_url=ENDPOINT) as client:
        yield client


def get(client: httpx.Client, job_id: str, *, version: str = "v2", **query: Any) -> Any:
    response = client.get(f"/{version}/{PROJECT_ID}/cas/jobs/{job_id}", params=query)
    assert response.status_code == 200
    return response.json()


def get_whole(client: httpx.Client, job_id: str) -> Any:
    whole = get(client, job_id, limit=50)
    while len(whole["tasks"]) < whole["task_count"]:
        page = get(client, job_id, limit=50, offset=len(whole["tasks"]))
        whole["tasks"] += page["tasks"]
    return whole


def test_the_failed_job_is_the_documented_one(client: httpx.Client) -> None:
    assert get(client, FAILED_JOB_ID) == documented_job()


def test_v3_has_lower_case_names_and_other_fields(client: httpx.Client) -> None:
    reply = get(client, FAILED_JOB_ID, version="v3")
    assert reply["task_count"] == 5
    assert reply["job"] == {
        "rollback_enabled": False,
        "job_id": FAILED_JOB_ID,
        "job_type": "PROVISION",
        "service_instance_id": INSTANCE_ID,
        "project_id": PROJECT_ID,
        "order_id": "",
        "execution_status": "FAILED",
    }
    assert reply["tasks"][4] == {
        "messages": '{ "Message" : "ECC00011", "Detail" : "Building failed." }',
        "task_id": "Task-a72fe8d8-8cc1-42b5-a097-0cf9e29692a7",
        "task_type": "restful",
        "task_index": 9,
        "task_name": "TN00097",
        "task_status": "FAILED",
        "update_at": "2020-02-04T04:01:38.975Z",
        "created_at": "2020-02-04T04:01:08.962Z",
    }


def test_what_has_ended_has_ended_by_any_clock(clock: Clock) -> None:
    in_time = SampleService(clock=clock.monotonic, now=clock.now)
    behind = SampleService(clock=clock.monotonic, now=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    for path in ("components", f"jobs/{SUCCEEDED_JOB_ID}", f"jobs/{MANY_TASKS_JOB_ID}"):
        replies = []
        for service in (in_time, behind):
            with httpx.Client(transport=service, base_url=ENDPOINT) as client:
                response = client.get(f"/v3/{PROJECT_ID}/cas/{path}")
                assert response.status_code == 200
                replies.append(response.json())
        if path == "components":
            replies = [[each["name"] for each in reply["components"]] for reply in replies]
        assert replies[0] == replies[1]


@pytest.mark.parametrize("job_id", SAMPLE_JOBS)
def test_every_sample_job_has_real_timing(client: httpx.Client, clock: Clock, job_id: str) -> None:
    get(client, job_id)
    clock.seconds += 25
    tasks = get_whole(client, job_id)["tasks"]
    indexes = [task["TASK_INDEX"] for task in tasks]
    assert indexes == sorted(set(indexes)), "in order"
    assert indexes[-1] > len(indexes), "with gaps"
    assert len({task["TASK_ID"] for task in tasks}) == len(tasks)
    spans = [
        (
            datetime.fromisoformat(task["CREATED_AT"]),
            datetime.fromisoformat(task["LAST_HEALTH_CHECK"]),
        )
        for task in tasks
    ]
    for (_, end), (start, _) in pairwise(spans):
        assert timedelta() <= start - end <= timedelta(milliseconds=1)
    for task, (start, end) in zip(tasks, spans, strict=True):
        separator = task["TASK_NAME"].startswith("SEPARATOR_")
        assert separator == (task["TASK_TYPE"] == "echo")
        assert separator == (end - start <= timedelta(milliseconds=1))


def test_the_succeeded_job_goes_past_the_task_that_failed(client: httpx.Client) -> None:
    reply = get(client, SUCCEEDED_JOB_ID)
    assert reply["job"]["EXECUTION_STATUS"] == "SUCCEEDED"
    assert {task["TASK_STATUS"] for task in reply["tasks"]} == {"SUCCEEDED"}
    failed = [(task["TASK_INDEX"], task["TASK_NAME"]) for task in documented_job()["tasks"]]
    assert [(t["TASK_INDEX"], t["TASK_NAME"]) for t in reply["tasks"]] == [
        *failed,
        (12, "SEPARATOR_DEPLOYING"),
        (14, "TN00102"),
    ]


def test_the_last_of_many_tasks_failed_for_a_reason_three_strings_deep(
    client: httpx.Client,
) -> None:
    whole = get_whole(client, MANY_TASKS_JOB_ID)
    assert whole["task_count"] == len(whole["tasks"]) == 105
    assert whole["job"]["EXECUTION_STATUS"] == "FAILED"
    *others, last = whole["tasks"]
    assert {task["TASK_STATUS"] for task in others} == {"SUCCEEDED"}
    assert last["TASK_STATUS"] == "FAILED"
    outer = json.loads(last["MESSAGES"])
    middle = json.loads(outer["error_msg"])
    inner = json.loads(middle["error_msg"])
    assert [outer["error_code"], middle["error_code"]] == ["SVCSTG.00500404", "CCE.01500001"]
    assert inner == {
        "code": "VPC.0202",
        "message": "Query resource by id 7f0a4c1e-3b52-4d0c-9a86-5e21d8f7b934 fail.",
    }


def test_a_component_was_deployed_before_with_other_times_and_some_failures(
    client: httpx.Client,
) -> None:
    path = f"/v3/{PROJECT_ID}/cas/components"
    web = client.get(path).json()["components"][0]
    path = f"/v3/{PROJECT_ID}/cas/applications/{web['application_id']}/components/{web['id']}"
    records = client.get(f"{path}/records").json()["records"]

    assert web["name"] == "web"
    job_ids = (SUCCEEDED_JOB_ID, FAILED_JOB_ID, *EARLIER_JOB_IDS)
    assert tuple(each["jobs"][0]["job_id"] for each in records) == job_ids
    began = [each["begin_time"] for each in records]
    assert began == sorted(began, reverse=True)
    assert len({each["version"] for each in records}) == 24
    jobs = [get(client, job_id) for job_id in job_ids]
    assert [each["job"]["EXECUTION_STATUS"] for each in jobs] == [r["status"] for r in records]
    failed = [each["tasks"][-1] for each in jobs if each["job"]["EXECUTION_STATUS"] == "FAILED"]
    assert [(each["TASK_NAME"], each["TASK_STATUS"]) for each in failed] == [
        ("TN00097", "FAILED"),
        ("TN00097", "FAILED"),
        ("TN00102", "FAILED"),
        ("TN00097", "FAILED"),
    ]


def test_a_running_job_begins_with_the_first_request(client: httpx.Client, clock: Clock) -> None:
    clock.seconds += 3_600
    client.get("/")
    clock.seconds += 2
    first = get(client, RUNNING_JOB_ID)["tasks"][0]
    assert first["CREATED_AT"] == "2026-11-23T09:00:12.345Z"


def test_a_running_task_has_a_heartbeat_and_later_ones_are_not_reported(
    client: httpx.Client, clock: Clock
) -> None:
    get(client, RUNNING_JOB_ID)
    clock.seconds += 2.9
    reply = get(client, RUNNING_JOB_ID)
    assert reply["job"]["EXECUTION_STATUS"] == "RUNNING"
    assert reply["task_count"] == 7
    assert [task["TASK_STATUS"] for task in reply["tasks"]] == ["SUCCEEDED", "SUCCEEDED", "RUNNING"]
    task = reply["tasks"][2]
    assert task["CREATED_AT"] == "2026-11-23T08:00:12.348Z"
    assert task["LAST_HEALTH_CHECK"] == "2026-11-23T08:00:14.348Z"
    clock.seconds += 0.2
    task = get(client, RUNNING_JOB_ID)["tasks"][2]
    assert task["LAST_HEALTH_CHECK"] == "2026-11-23T08:00:15.348Z"


@pytest.mark.parametrize(
    ("job_id", "status", "messages"),
    [
        (RUNNING_JOB_ID, "SUCCEEDED", {}),
        (
            FAILING_JOB_ID,
            "FAILED",
            {
                "statusCode": 500,
                "jsonBody": {"error_code": "CCE.01500001", "error_msg": "node not ready"},
            },
        ),
    ],
)
def test_a_running_job_ends_after_20_seconds(
    client: httpx.Client, clock: Clock, job_id: str, status: str, messages: dict[str, Any]
) -> None:
    get(client, job_id)
    clock.seconds += 19.9
    before = get(client, job_id)
    assert before["job"]["EXECUTION_STATUS"] == before["tasks"][-1]["TASK_STATUS"] == "RUNNING"
    assert before["tasks"][-1]["MESSAGES"] == "{}"
    clock.seconds += 0.2
    after = get(client, job_id)
    assert after["job"]["EXECUTION_STATUS"] == after["tasks"][-1]["TASK_STATUS"] == status
    assert json.loads(after["tasks"][-1]["MESSAGES"]) == messages
    assert {task["TASK_STATUS"] for task in after["tasks"][:-1]} == {"SUCCEEDED"}


def test_the_service_runs_on_real_clocks() -> None:
    with httpx.Client(transport=SampleService(), base_url=ENDPOINT) as client:
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        first = get(client, RUNNING_JOB_ID)["tasks"][0]
    assert before <= datetime.fromisoformat(first["CREATED_AT"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ({}, range(20)),
        ({"limit": 3}, range(3)),
        ({"limit": 1000}, range(50)),
        ({"offset": 100}, range(100, 105)),
        ({"offset": 105}, range(0)),
        ({"limit": 2, "offset": 1}, range(1, 3)),
        ({"limit": 2, "desc": "false"}, range(2)),
        ({"limit": 2, "desc": "true"}, range(104, 102, -1)),
        ({"limit": 2, "offset": 2, "desc": "true"}, range(102, 100, -1)),
        ({"limit": 2, "instance_id": GATEWAY["instance_id"]}, range(2)),
    ],
)
def test_a_reply_holds_a_page_and_counts_all(
    client: httpx.Client, query: dict[str, Any], positions: range
) -> None:
    whole = get_whole(client, MANY_TASKS_JOB_ID)
    page = get(client, MANY_TASKS_JOB_ID, **query)
    assert page["tasks"] == [whole["tasks"][position] for position in positions]
    assert page["task_count"] == 105


def test_another_instance_has_no_tasks(client: httpx.Client) -> None:
    reply = get(client, FAILED_JOB_ID, instance_id="another")
    assert reply == {"job": documented_job()["job"], "tasks": [], "task_count": 0}


@pytest.mark.parametrize(
    "query",
    [
        "limit=",
        "limit=0",
        "limit=-1",
        "limit=%2B5",
        "limit=ten",
        "limit=" + "9" * 5000,
        "offset=",
        "offset=-1",
        "offset=1.5",
        "desc=",
        "desc=True",
    ],
)
def test_a_bad_parameter_is_named(client: httpx.Client, query: str) -> None:
    response = client.get(f"/v2/{PROJECT_ID}/cas/jobs/{FAILED_JOB_ID}?{query}")
    assert response.status_code == 400
    assert response.json() == {
        "error_code": "SVCSTG.00100400",
        "error_msg": f"invalid parameter: {query.partition('=')[0]}",
    }


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_an_unknown_job_is_not_found(client: httpx.Client, version: str) -> None:
    response = client.get(f"/{version}/{PROJECT_ID}/cas/jobs/JOB0")
    assert response.status_code == 404
    assert response.json() == {"error_code": "SVCSTG.00100429", "error_msg": "job not found"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/v1/{PROJECT_ID}/cas/jobs/{FAILED_JOB_ID}",
        f"/v2/{PROJECT_ID}/cas/jobs/",
        f"/v2/{PROJECT_ID}/cas/jobs/{FAILED_JOB_ID}/",
        f"/v2/cas/jobs/{FAILED_JOB_ID}",
    ],
)
def test_another_path_is_no_api(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json() == {
        "error_code": "APIGW.0101",
        "error_msg": "The API does not exist or has not been published in the environment",
        "request_id": response.headers["X-Request-Id"],
    }


@pytest.mark.parametrize("path", ["jobs/other", "builds/other", "builds/other/logs"])
def test_another_build_is_not_there(client: httpx.Client, path: str) -> None:
    response = client.get(f"/assembling/v1/{path}")
    assert response.status_code == 404
    assert response.json()["error_code"] == "SVCSTG.CPE.4040001"


@pytest.mark.parametrize("path", ["other", "other/records"])
def test_another_component_is_refused_as_documented(client: httpx.Client, path: str) -> None:
    response = client.get(f"/v3/{PROJECT_ID}/cas/applications/shop/components/{path}")
    assert response.status_code == 401
    assert response.json()["error_code"] == "SVCSTG.00100401"


def test_another_method_is_refused(client: httpx.Client) -> None:
    response = client.post(f"/v2/{PROJECT_ID}/cas/jobs/{FAILED_JOB_ID}")
    assert response.status_code == 405
    assert response.json()["error_code"] == "APIGW.0201"


@pytest.mark.parametrize("path", ["/", f"/v2/{PROJECT_ID}/cas/jobs/{FAILED_JOB_ID}"])
def test_every_reply_says_its_type_time_and_number(client: httpx.Client, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["Date"] == "Mon, 23 Nov 2026 08:00:12 GMT"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_credentials_are_not_looked_at(client: httpx.Client) -> None:
    path = f"/v2/{PROJECT_ID}/cas/jobs/{FAILED_JOB_ID}"
    assert client.get(path, headers={"X-Auth-Token": "anything"}).status_code == 200


@pytest.mark.parametrize("query", [{"limit": "101"}, {"limit": "x"}, {"offset": "-1"}])
def test_a_list_of_components_has_at_most_a_hundred(
    client: httpx.Client, query: dict[str, str]
) -> None:
    path = f"/v3/{PROJECT_ID}/cas/components"
    assert client.get(path, params={"limit": "100"}).json()["count"] == 3
    refused = client.get(path, params=query)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "SVCSTG.00100400")


def test_a_component_moves_on_with_its_last_job(client: httpx.Client, clock: Clock) -> None:
    path = f"/v3/{PROJECT_ID}/cas/components"
    standings = []
    for seconds in (0, 30):
        clock.seconds += seconds
        worker = client.get(path).json()["components"][2]
        standings.append((worker["name"], worker["status"]["component_status"]))
    assert standings == [("worker", "UPGRADING"), ("worker", "RUNNING")]
