import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casjob.job.difference import Change, Difference, compare
from tests.job.strategies import ANY_JSON
from tests.samples import Fields, job, report_of, separator, task


def name(text: str | None, status: str = "SUCCEEDED") -> Fields:
    """Return a task with a name, without an index."""
    return task(None, status, TASK_NAME=text)


def diff(base: Sequence[Fields], other: Sequence[Fields]) -> Difference:
    return compare(report_of(job("SUCCEEDED", *base)), report_of(job("SUCCEEDED", *other)))


def pairs(difference: Difference) -> list[str]:
    """Return each task as `A`, or `-A` and `+A` where it is only in the base or in the job."""
    signs = {Change.REMOVED: "-", Change.ADDED: "+"}
    return [
        f"{signs[each.change] if each.change else ''}{each.either.task.task_name}"
        for each in difference.tasks
    ]


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        ("", "", ""),
        ("ABC", "ABC", "A B C"),
        ("ABC", "AC", "A -B C"),
        ("ABC", "", "-A -B -C"),
        ("ABC", "AB", "A B -C"),
        ("AC", "ABC", "A +B C"),
        ("", "AB", "+A +B"),
        ("B", "AB", "+A B"),
        ("A", "ABC", "A +B +C"),
        ("ABC", "CBA", "A B C"),
        ("ABC", "CXAY", "A +Y -B C +X"),
        ("ABCD", "AXYD", "A +X +Y -B -C D"),
        ("AAB", "AB", "A -A B"),
        ("AB", "ABA", "A B +A"),
        ("AAA", "AAA", "A A A"),
        ("ABAB", "BABA", "A B A B"),
    ],
)
def test_tasks_are_matched_by_name_and_occurrence(base: str, other: str, expected: str) -> None:
    difference = diff([name(each) for each in base], [name(each) for each in other])

    assert " ".join(pairs(difference)) == expected
    assert difference.is_alike == (not {"-", "+"} & set(expected))


def test_tasks_without_a_name_are_matched_by_occurrence() -> None:
    difference = diff([name(None), name("A"), name(None)], [name(None), name("A")])

    assert [each.change for each in difference.tasks] == [None, None, Change.REMOVED]


def test_the_first_that_differs_is_the_first_in_the_order_of_the_base() -> None:
    difference = diff(
        [name("A"), name("B"), name("C")], [name("C", "FAILED"), name("B", "FAILED"), name("A")]
    )

    assert difference.first
    assert difference.first.name == "task B"


@pytest.mark.parametrize(
    ("base", "other", "change"),
    [
        (task(1), task(1), None),
        (task(1), task(1, "succeeded"), None),
        (task(1), task(1, "FAILED"), Change.STATUS),
        (task(1), task(1, None), Change.STATUS),
        (task(1, None), task(1, ""), None),
        (task(1), task(7, start=9, seconds=50, TASK_ID="other", TASK_NAME="TX00001"), None),
        (task(1, messages="a"), task(1, messages="b"), Change.MESSAGE),
        (task(1), task(1, messages='{"replicas": 3}'), Change.MESSAGE),
        (task(1), task(1, messages='{"replicas": 0}'), Change.MESSAGE),
        (task(1, messages='[{"host": "a"}]'), task(1, messages='[{"host": "b"}]'), None),
        (task(1), task(1, messages='{"time": 1}'), None),
        (task(1, "FAILED", messages="a\n b"), task(1, "FAILED", messages="a b "), None),
        (task(1, "FAILED", messages="a"), task(1, "FAILED", messages="b"), Change.MESSAGE),
        (task(1, "FAILED", messages="a"), task(1, "FAILED"), Change.MESSAGE),
        (task(1, "RUNNING"), task(1, "RUNNING", messages="slow"), Change.MESSAGE),
        (
            task(1, "FAILED", messages='{"error_code": "E.1", "error_msg": "no"}'),
            task(1, "FAILED", messages='{"error_code": "E.2", "error_msg": "no"}'),
            Change.MESSAGE,
        ),
        (
            task(1, "FAILED", messages='{"error_code": "E.1", "error_msg": "no"}'),
            task(1, "FAILED", messages='{"errorCode": "E.1", "errorMessage": "no"}'),
            None,
        ),
        (separator(1, "A"), separator(1, "A", TASK_STATUS="RUNNING"), None),
        (separator(1, "A"), separator(1, "A", TASK_STATUS="FAILED"), Change.STATUS),
    ],
)
def test_what_differs_in_a_task(base: Fields, other: Fields, change: Change | None) -> None:
    (compared,) = diff([base], [other]).tasks

    assert compared.change == change


@pytest.mark.parametrize(
    ("base", "other", "is_alike"),
    [
        (
            "Query resource by id 7f0a4c1e-3b52-4d0c-9a86-5e21d8f7b934 fail.",
            "Query resource by id 1b0a4c1e-3b52-4d0c-9a86-5e21d8f7b900 fail.",
            True,
        ),
        (
            "project 063a3158b1a34710b36ad208b9497d00",
            "project 163a3158b1a34710b36ad208b9497d01",
            True,
        ),
        (
            "id 7F0A4C1E-3B52-4D0C-9A86-5E21D8F7B934",
            "id 1B0A4C1E-3B52-4D0C-9A86-5E21D8F7B9AA",
            True,
        ),
        ("id 0123456789ABCDEF", "id FEDCBA9876543210", True),
        ("id 0123456789abcde", "id 1123456789abcde", False),
        ("id x0123456789abcdef", "id x1123456789abcdef", False),
        ("id 0123456789abcdefz", "id 1123456789abcdefz", False),
        ("x7f0a4c1e-3b52-4d0c-9a86-5e21d8f7b934", "x1b0a4c1e-3b52-4d0c-9a86-5e21d8f7b934", False),
        ("7f0a4c1e-3b52-4d0c-9a86-5e21d8f7b934z", "1b0a4c1e-3b52-4d0c-9a86-5e21d8f7b934z", False),
        ("on 2020-02-04: x", "on 2021-12-31: x", True),
        ("at 2020-02-04T04:01:03. x", "at 2020-02-04T04:01:03 x", False),
        ("at 04:01:03. x", "at 04:01:03 x", False),
        ("v14:01:03 x", "v15:01:03 x", False),
        ("14:01:03rc x", "15:01:03rc x", False),
        ("at 2020-02-04T04:01:03.344Z: x", "at 2021-12-31T23:59:59+08:00: x", True),
        ("at 2020-02-04 04:01:03,344 x", "at 2020-02-05 04:01 x", True),
        ("04:01:03 x", "14:01:03.5 x", True),
        ("exit status 1", "exit status 2", False),
        ("10.0.0.1 refused", "10.0.0.2 refused", False),
        ("deadbeefdeadbeef", "feedfacefeedface", False),
        ("1234567", "7654321", False),
    ],
)
def test_ids_and_times_in_a_message_are_no_difference(
    base: str, other: str, *, is_alike: bool
) -> None:
    difference = diff([task(1, "FAILED", messages=base)], [task(1, "FAILED", messages=other)])

    assert difference.is_alike == is_alike


PAIR = {"code": "E.1", "message": "no"}


@pytest.mark.parametrize(
    ("base", "other", "is_alike"),
    [
        ({"error_code": "A.1", "error_msg": PAIR}, {"error_code": "A.2", "error_msg": PAIR}, False),
        ([PAIR, {"code": "E.2", "message": "x"}], [PAIR, {"code": "E.2", "message": "y"}], False),
        ([PAIR, {"code": "E.2", "message": "x"}], [PAIR], False),
        ({**PAIR, "kind": "Pod"}, {**PAIR, "kind": "Node"}, False),
        ({**PAIR, "limit": 3}, {**PAIR, "limit": 4}, False),
        ({**PAIR, "valid": "no"}, {**PAIR, "valid": "yes"}, False),
        ({**PAIR, "request_id": "req-1"}, {**PAIR, "request_id": "req-2"}, True),
        ({**PAIR, "on": [{"hostIp": "10.0.0.1"}]}, {**PAIR, "on": [{"hostIp": "10.0.0.2"}]}, True),
        ({**PAIR, "START_TIME": 1}, {**PAIR, "START_TIME": 2}, True),
        ({**PAIR, "began": "04:01:03"}, {**PAIR, "began": "04:01:04"}, True),
        ({**PAIR, "": 1}, {**PAIR, "": 2}, False),
        ({**PAIR, "host": {"1": "a"}}, {**PAIR, "host": {"1": "b"}}, False),
        *(
            ({**PAIR, key: "x-1"}, {**PAIR, key: "x-2"}, True)
            for key in (
                *("createdAt", "end_date", "host", "hostname", "pod-id", "hostIP", "time"),
                *("lastTimestamp", "uid", "UUID"),
            )
        ),
    ],
)
def test_all_that_a_message_says_is_compared_but_ids_times_and_hosts(
    base: object, other: object, *, is_alike: bool
) -> None:
    one, two = (task(1, "FAILED", messages=json.dumps(each)) for each in (base, other))

    assert diff([one], [two]).is_alike == is_alike


@pytest.mark.parametrize(
    ("base", "other", "is_alike"),
    [
        ("FAILED", "FAILED", True),
        ("FAILED", "failed", True),
        ("SUCCEEDED", "FAILED", False),
        ("FAILED", "PARTIALLY_FAILED", False),
    ],
)
def test_jobs_with_the_same_tasks_may_differ_in_their_status(
    base: str, other: str, *, is_alike: bool
) -> None:
    difference = compare(report_of(job(base, task(1))), report_of(job(other, task(1))))

    assert (difference.is_alike, difference.first) == (is_alike, None)


QUICKER = [task(each, start=each) for each in range(4)]
SLOWER = [task(each, start=2 * each, seconds=2) for each in range(4)]


@pytest.mark.parametrize(
    ("base", "other", "change", "cause"),
    [
        # To the microsecond.
        ([task(1, seconds=0.1)], [task(1, seconds=0.3)], 0.2, 0),
        (
            [task(1, seconds=10), task(2, start=10, seconds=5)],
            [task(1, seconds=11), task(2, start=11, seconds=25)],
            21,
            1,
        ),
        # A task that is not there takes no time.
        ([task(1), task(2, start=1, seconds=30)], [task(1, seconds=2)], -29, 1),
        ([task(1)], [task(1), task(2, start=1, seconds=30)], 30, 1),
        # No task explains more than half of it.
        (QUICKER[:2], SLOWER[:2], 2, None),
        (QUICKER, SLOWER, 4, None),
        # None at all, or none that is known.
        ([task(1)], [task(1)], 0, None),
        ([task(1)], [task(1, CREATED_AT=None)], None, None),
        ([task(1)], [], None, None),
        # Between tasks.
        ([task(1), task(2, start=50)], [task(1), task(2, start=1)], -49, None),
        ([task(1), task(2, start=50)], [task(1), task(2, start=50.5)], 0.5, None),
        (
            [task(1), task(2, CREATED_AT=None)],
            [task(1, seconds=1.4), task(2, CREATED_AT=None)],
            0.4,
            0,
        ),
    ],
)
def test_a_change_of_the_elapsed_time_may_have_a_main_cause(
    base: list[Fields], other: list[Fields], change: float | None, cause: int | None
) -> None:
    difference = diff(base, other)
    main = None if cause is None else difference.tasks[cause]

    assert (difference.elapsed_change, difference.main_cause) == (change, main)


@pytest.mark.parametrize(
    ("base", "other", "change"), [(0.1, 0.3, 0.2), (30, None, -30), (None, 30, 30)]
)
def test_a_task_that_only_one_job_has_takes_no_time_in_the_other(
    base: float | None, other: float | None, change: float
) -> None:
    one, two = ([] if each is None else [task(1, seconds=each)] for each in (base, other))
    (compared,) = diff(one, two).tasks

    assert compared.elapsed_change == change


TASKS = st.lists(
    st.builds(
        lambda status, messages, more: {**task(1, status, messages=messages), **more},
        st.sampled_from(["SUCCEEDED", "FAILED", "RUNNING", "X", None]),
        ANY_JSON,
        st.dictionaries(st.sampled_from(["TASK_NAME", "TASK_INDEX", "CREATED_AT"]), ANY_JSON),
    ),
    max_size=6,
)
STATUSES = st.sampled_from(["SUCCEEDED", "FAILED", "RUNNING", None])


@given(tasks=TASKS, status=STATUSES)
def test_a_job_is_like_itself(tasks: list[dict[str, Any]], status: str | None) -> None:
    report = report_of(job(status, *tasks))
    difference = compare(report, report)

    assert difference.is_alike
    assert [each.base for each in difference.tasks] == list(report.tasks)
    assert difference.main_cause is None


@given(base=TASKS, other=TASKS)
def test_every_task_of_both_is_there_once(
    base: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    one, two = report_of(job("FAILED", *base)), report_of(job("FAILED", *other))
    difference = compare(one, two)

    assert [each.base for each in difference.tasks if each.base] == list(one.tasks)
    in_job = [id(each.job) for each in difference.tasks if each.job]
    assert sorted(in_job) == sorted(map(id, two.tasks))
    assert compare(two, one).is_alike == difference.is_alike
