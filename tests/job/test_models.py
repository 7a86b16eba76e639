from datetime import UTC, datetime

import pytest
from hypothesis import given

from casjob.job.models import (
    Job,
    Task,
    read_flag,
    read_moment,
    read_text,
    read_whole_number,
)
from casjob.json_text import JsonValue
from tests.job.strategies import ANY_JSON


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        ("构建 [b]", "构建 [b]"),
        (5, "5"),
        (False, "false"),
        (1.5, "1.5"),
        ([1, "构"], '[1, "构"]'),
        ({"a": None}, '{"a": null}'),
    ],
)
def test_text_of_another_type_is_its_json(value: JsonValue, text: str | None) -> None:
    assert read_text(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (9, 9),
        (-1, -1),
        ("9", 9),
        ("007", 7),
        (10**18 - 1, 10**18 - 1),
        ("9" * 18, 10**18 - 1),
        (10**18, None),
        (-(10**18), None),
        ("9" * 19, None),
        ("9" * 10_000, None),
        (None, None),
        (True, None),
        (9.0, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("٣", None),
        ("²", None),
        ("nine", None),
        ([], None),
    ],
)
def test_a_whole_number_fits_64_bits_and_may_be_digits(
    value: JsonValue, number: int | None
) -> None:
    assert read_whole_number(value) == number


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), (None, None), (1, None), ("true", None), ([], None)],
)
def test_a_flag_is_a_boolean(value: JsonValue, *, flag: bool | None) -> None:
    assert read_flag(value) is flag


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020-02-04T04:01:03.344Z", datetime(2020, 2, 4, 4, 1, 3, 344_000, UTC)),
        ("2020-02-04T04:01:03.344567Z", datetime(2020, 2, 4, 4, 1, 3, 344_567, UTC)),
        ("2020-02-04T04:01:03.3445Z", datetime(2020, 2, 4, 4, 1, 3, 344_500, UTC)),
        ("2020-02-04T04:01:03.344567899Z", datetime(2020, 2, 4, 4, 1, 3, 344_567, UTC)),
        ("2020-02-04T04:01:03Z", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("2020-02-04 04:01:03", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("2020-02-04T12:01:03+08:00", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, 0, UTC)),
        ("9999-12-31T23:59:59-01:00", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("2020-02-30T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        ("\ud800", None),
        (None, None),
        (1580788863, None),
        ({}, None),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(
    value: JsonValue, moment: datetime | None
) -> None:
    assert read_moment(value) == moment


@given(ANY_JSON)
def test_no_value_is_refused(value: JsonValue) -> None:
    task_names = [
        "TASK_ID",
        "TASK_INDEX",
        "TASK_NAME",
        "TASK_STATUS",
        "TASK_TYPE",
        "CREATED_AT",
        "LAST_HEALTH_CHECK",
        "OWNER_ID",
        "MESSAGES",
    ]
    job_names = [
        "JOB_ID",
        "JOB_NAME",
        "JOB_TYPE",
        "JOB_DESC",
        "EXECUTION_STATUS",
        "SERVICE_INSTANCE_ID",
        "PROJECT_ID",
        "ORDER_ID",
        "CREATED_BY",
        "ROLLBACK_ENABLED",
    ]
    task_fields = dict.fromkeys(task_names, value)
    job_fields = dict.fromkeys(job_names, value)

    task = Task(task_fields)
    job = Job(job_fields)

    assert task.messages == value
    assert task.task_name == job.job_name == read_text(value)
    assert task.sent is task_fields
    assert job.sent is job_fields


@pytest.mark.parametrize("name", ["LAST_HEALTH_CHECK", "UPDATE_AT"])
def test_the_last_health_check_has_a_name_in_each_version(name: str) -> None:
    task = Task({name: "2020-02-04T04:01:03Z"})

    assert task.last_health_check == datetime(2020, 2, 4, 4, 1, 3, 0, UTC)


def test_v2_s_name_comes_first_even_without_a_time() -> None:
    task = Task({"LAST_HEALTH_CHECK": None, "UPDATE_AT": "2020-02-04T04:01:03Z"})

    assert task.last_health_check is None


def test_what_is_absent_is_none() -> None:
    task = Task({})
    job = Job({})

    assert {getattr(task, name) for name in Task.__slots__ if name != "sent"} == {None}
    assert {value for name, value in vars(job).items() if name != "sent"} == {None}
    assert task.messages is None
