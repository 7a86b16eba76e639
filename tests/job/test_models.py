import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casjob.demo.replies import Samples, answer
from casjob.errors import ReplyError
from casjob.job.detail import JobDetail
from casjob.job.models import ApiObject, Job, Task, read_detail
from casjob.json_text import JsonValue, read_text
from tests.conftest import JOB_ID, PROJECT_ID, Finished
from tests.job.strategies import ANY_JSON
from tests.service import Reply, Service, documented_job, many_tasks

Ask = Callable[..., Finished]

AS_OF = datetime(2026, 11, 23, 8, 0, 12, tzinfo=UTC)


def read(document: JsonValue) -> JobDetail:
    return read_detail(document, as_of=AS_OF)


def documented(version: str) -> JsonValue:
    path = f"/{version}/{PROJECT_ID}/cas/jobs/{JOB_ID}"
    reply = answer("GET", path, {}, Samples(lambda _: documented_job()))
    return cast("JsonValue", reply.body)


@pytest.fixture
def in_shanghai() -> Iterator[None]:
    """Make the machine's zone another than UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CST-8")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
def test_a_time_is_in_utc_wherever_it_is_read(zone: str) -> None:
    [task] = read({"job": {}, "tasks": [{"CREATED_AT": f"2020-02-04T04:01:03{zone}"}]}).tasks

    assert task.created_at
    assert task.created_at.isoformat() == "2020-02-04T04:01:03+00:00"


def test_each_task_may_have_keys_of_its_own() -> None:
    first: JsonValue = {"TASK_ID": "a", "TASK_NAME": "b"}
    second: JsonValue = {"task_name": "c", "TASK_ID": "d"}

    assert [
        (each.task_id, each.task_name, each.sent)
        for each in read({"job": {}, "tasks": [first, second]}).tasks
    ] == [("a", "b", first), ("d", "c", {"TASK_NAME": "c", "TASK_ID": "d"})]


def test_the_documented_reply_is_read() -> None:
    detail = read(documented("v2"))

    assert (detail.task_count, detail.as_of, detail.duplicates, detail.rest) == (5, AS_OF, (), {})
    assert {name: value for name, value in detail.job if name != "sent"} == {
        "job_id": JOB_ID,
        "job_name": "provision/provMain",
        "job_type": "PROVISION",
        "job_desc": "provision/provMain",
        "execution_status": "FAILED",
        "service_instance_id": "429a35a0-dee8-4648-86f6-d1f8bc74ba52",
        "project_id": PROJECT_ID,
        "order_id": "",
        "created_by": "585cc5c16cda4954b28d4eb460f06261",
        "rollback_enabled": None,
    }
    assert detail.job.sent == documented_job()["job"]
    assert [task.sent for task in detail.tasks] == documented_job()["tasks"]
    last = detail.tasks[-1]
    assert last.messages == '{ "Message" : "ECC00011", "Detail" : "Building failed." }'
    assert {name: value for name, value in last if name not in {"sent", "messages"}} == {
        "task_id": "Task-a72fe8d8-8cc1-42b5-a097-0cf9e29692a7",
        "task_index": 9,
        "task_name": "TN00097",
        "task_status": "FAILED",
        "task_type": "restful",
        "created_at": datetime(2020, 2, 4, 4, 1, 8, 962_000, UTC),
        "last_health_check": datetime(2020, 2, 4, 4, 1, 38, 975_000, UTC),
        "owner_id": "cas-mgr-69bb87d7c-wpqwb:30114",
    }


def test_v3_is_read_under_the_names_of_v2() -> None:
    detail = read(documented("v3"))

    assert detail.job.rollback_enabled is False
    assert detail.job.sent["ROLLBACK_ENABLED"] is False
    assert set(detail.tasks[-1].sent) == {
        *("CREATED_AT", "MESSAGES", "TASK_ID", "TASK_INDEX", "TASK_NAME", "TASK_STATUS"),
        *("TASK_TYPE", "UPDATE_AT"),
    }


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, str.swapcase])
@pytest.mark.parametrize("version", ["v2", "v3"])
def test_keys_of_any_case_mean_the_same(
    service: Service, ask: Ask, spell: "type[str]", version: str
) -> None:
    document = cast("dict[str, dict[str, str] | list[dict[str, str]]]", documented(version))
    plain = ask("show", JOB_ID, "--api-version", version, "--json")
    job, tasks = document["job"], document["tasks"]
    assert isinstance(job, dict)
    assert isinstance(tasks, list)
    service.script = [
        Reply(
            body={
                "Task_Count": 5,
                "JOB": {spell(key): value for key, value in job.items()},
                "tasks": [{spell(key): value for key, value in task.items()} for task in tasks],
            }
        )
    ]

    assert ask("show", JOB_ID, "--api-version", version, "--json") == plain
    assert plain.status == 0


def test_of_two_keys_that_differ_in_case_the_upper_one_is_the_api_s() -> None:
    job: JsonValue = {"job_id": "lower", "JOB_ID": "upper", "Order_Id": "first", "order_id": "2nd"}
    detail = read({"job": job, "Job": "beside", "tasks": [{"task_id": "a", "TASK_ID": "b"}]})

    assert detail.job.job_id == "upper"
    assert detail.job.order_id == "first"
    sent = {"JOB_ID": "upper", "job_id": "lower", "ORDER_ID": "first", "order_id": "2nd"}
    assert detail.job.sent == sent
    assert detail.tasks[0].task_id == "b"
    assert detail.rest == {"Job": "beside"}


def test_of_two_keys_at_the_top_that_differ_in_case_the_lower_one_is_the_api_s() -> None:
    detail = read({"JOB": "x", "Tasks": [{}], "job": {"JOB_ID": "J"}, "tasks": [], "TASKS": 2})

    assert (detail.job.job_id, detail.tasks) == ("J", ())
    assert detail.rest == {"JOB": "x", "Tasks": [{}], "TASKS": 2}


def test_unknown_fields_are_kept() -> None:
    unknown: dict[str, JsonValue] = {
        "request_id": "an id",
        "Page": {"Size": 1},
        "rest": "\ud800",
        "\ud800": 1,
    }
    detail = read(
        {
            "job": {"NEW": {"deep": [1]}, "SENT": 1, "sent": 2},
            "tasks": [{"new_field": None}],
            "task_count": 1,
            **unknown,
        }
    )

    assert detail.job.sent == {"NEW": {"deep": [1]}, "SENT": 1, "sent": 2}
    assert detail.tasks[0].sent == {"NEW_FIELD": None}
    assert detail.rest == unknown


def test_a_null_among_tasks_is_one_of_which_nothing_is_known() -> None:
    detail = read({"job": {}, "tasks": [{"TASK_ID": "a"}, None], "task_count": 2})

    assert [task.task_id for task in detail.tasks] == ["a", None]


@pytest.mark.parametrize("document", [{"job": {}}, {"job": {}, "tasks": None, "task_count": None}])
def test_a_job_may_say_nothing(document: JsonValue) -> None:
    detail = read(document)

    assert (detail.tasks, detail.task_count) == ((), None)
    assert detail.job.job_id is None


HINT = "the endpoint may belong to another service; casjob config shows where it is set"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (None, "it is null, not an object"),
        ([], "it is a list, not an object"),
        ("a job", "it is a string, not an object"),
        (True, "it is a boolean, not an object"),
        (5, "it is a number, not an object"),
        (5.5, "it is a number, not an object"),
        ({"job": []}, "job is a list, not an object"),
        ({"job": "x"}, "job is a string, not an object"),
        ({"job": False}, "job is a boolean, not an object"),
        ({"job": {}, "tasks": {}}, "tasks is an object, not a list"),
        ({"job": {}, "tasks": "x"}, "tasks is a string, not a list"),
        ({"job": {}, "tasks": 0}, "tasks is a number, not a list"),
        ({"job": {}, "tasks": [None, 5]}, "tasks[1] is a number, not an object"),
        ({"job": {}, "tasks": [{}, {}, []]}, "tasks[2] is a list, not an object"),
    ],
)
def test_another_shape_is_not_understood(document: JsonValue, what: str) -> None:
    with pytest.raises(ReplyError) as raised:
        read(document)

    error = raised.value
    assert error.message == f"the service's reply can't be understood: {what}"
    assert (error.service_message, error.hint) == (None, HINT)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "(empty response)"),
        ({"job": None, "task_count": 0}, '{"job": null, "task_count": 0}'),
        ({"error_code": "A.1", "error_msg": "m"}, "A.1 m"),
        ({"jobs": "x" * 1000}, '{"jobs": "' + "x" * 290 + "… (1012 characters)"),
    ],
)
def test_a_reply_without_a_job_is_not_understood(document: JsonValue, said: str) -> None:
    with pytest.raises(ReplyError) as raised:
        read(document)

    error = raised.value
    assert error.message == "the service's reply holds no job"
    assert (error.service_message, error.hint) == (said, HINT)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    ANY_JSON | st.fixed_dictionaries({"job": ANY_JSON, "tasks": ANY_JSON, "Task_Count": ANY_JSON})
)
def test_any_json_is_read_or_refused(document: JsonValue) -> None:
    with suppress(ReplyError):
        sent = read(document).job.sent
        assert isinstance(document, dict)
        assert list(sent.values()) == list(_job(document).values())


def _job(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    spelt = (value for key, value in document.items() if key.lower() == "job")
    job = document["job"] if "job" in document else next(spelt)
    assert isinstance(job, dict)
    return job


def test_a_reply_says_when_it_is_from(service: Service, ask: Ask) -> None:
    job = many_tasks(1)
    job["job"]["EXECUTION_STATUS"] = job["tasks"][0]["TASK_STATUS"] = "RUNNING"
    body = {**job, "task_count": 1}
    service.script = [
        Reply(body=body, headers={"Date": "Tue, 04 Feb 2020 04:01:14 GMT"}),
        Reply(body=body, headers={"Date": "Tue, 04 Feb 2020 04:01:14"}),
        Reply(body=body, headers={"Date": "today"}),
    ]

    elapsed = [json.loads(ask("show", JOB_ID, "--json").out)["elapsed_seconds"] for _ in range(3)]

    assert elapsed[:2] == [10.0, 10.0]
    assert elapsed[2] > 10**8, "by this machine's own clock"


@given(ANY_JSON)
def test_no_value_is_refused(value: JsonValue) -> None:
    task_fields, job_fields = (
        {name.upper(): value for name in model.model_fields if name != "sent"}
        for model in (Task, Job)
    )
    task = Task.model_validate(task_fields)
    job = Job.model_validate(job_fields)

    assert task.messages == value
    assert task.task_name == job.job_name == read_text(value)
    assert task.sent == task_fields
    assert job.sent == job_fields


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"LAST_HEALTH_CHECK": "2020-02-04"}, 4),
        ({"UPDATE_AT": "2020-02-05"}, 5),
        ({"UPDATE_AT": "2020-02-05", "LAST_HEALTH_CHECK": "2020-02-04"}, 4),
        ({"UPDATE_AT": "2020-02-05", "LAST_HEALTH_CHECK": None}, None),
    ],
)
def test_the_last_health_check_has_a_name_in_each_version_and_v2_s_is_first(
    fields: dict[str, str | None], day: int | None
) -> None:
    moment = Task.model_validate(fields).last_health_check

    assert (moment and moment.day) == day


@pytest.mark.parametrize("model", [Job, Task])
def test_what_is_absent_is_none(model: type[ApiObject]) -> None:
    values = dict(model.model_validate({}))

    assert values.pop("sent") == {}
    assert set(values.values()) == {None}
