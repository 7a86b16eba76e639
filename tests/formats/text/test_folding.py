import pytest

from casjob.formats.text.tasks import Gap, Row, fold_tasks
from casjob.job.report import Phase
from tests.samples import Fields, job, report_of, separator, task


def fold(most: int, *tasks: Fields, status: str = "FAILED") -> list[object]:
    """Return a task's number for its row, a phase's name, and a text for a gap."""
    return [_describe(row) for row in fold_tasks(report_of(job(status, *tasks)), most)]


def _describe(row: Row) -> object:
    match row:
        case Gap():
            return f"… {row.tasks}"
        case Phase():
            return row.name
        case _:
            return row.task.task_index


def succeeded(first: int, last: int) -> list[Fields]:
    return [task(index) for index in range(first, last + 1)]


@pytest.mark.parametrize("most", [5, 6])
def test_nothing_is_folded_where_there_is_room(most: int) -> None:
    assert fold(most, separator(1, "A"), *succeeded(2, 5)) == [1, 2, 3, 4, 5]


def test_phases_that_succeeded_become_a_row_each_first() -> None:
    tasks = [
        *succeeded(1, 2),
        separator(3, "A"),
        *succeeded(4, 9),
        separator(10, "B"),
        separator(11, "C"),
        task(12, "SKIPPED"),
        separator(13, "D"),
        task(14),
        task(15, "FAILED"),
    ]

    assert fold(14, *tasks) == [1, 2, "A", 10, "C", 13, 14, 15]
    assert fold(8, *tasks) == [1, 2, "A", 10, "C", 13, 14, 15]


@pytest.mark.parametrize(
    ("most", "rows"),
    [
        (7, ["A", 20, "… 36", 57, 58, 59, 60]),
        (6, ["A", 20, "… 37", 58, 59, 60]),
        (4, ["A", 20, "… 39", 60]),
        (3, ["… 60", 60]),
        (2, ["… 60", 60]),
        (1, [60]),
    ],
)
def test_then_tasks_far_from_a_failure_are_counted(most: int, rows: list[object]) -> None:
    tasks = [
        separator(0, "A"),
        *succeeded(1, 19),
        separator(20, "B"),
        *succeeded(21, 59),
        task(60, "FAILED"),
    ]

    assert fold(most, *tasks) == rows


def test_a_task_alone_takes_no_gap() -> None:
    tasks = [task(1, "FAILED"), task(2), task(3, "FAILED"), *succeeded(4, 9)]

    assert fold(4, *tasks) == [1, 2, 3, "… 6"]


def test_the_cause_stays_to_the_last() -> None:
    failures = [task(index, "FAILED") for index in range(4, 9)]
    tasks = [task(1, "CANCELLED"), *succeeded(2, 3), *failures, task(9, "RUNNING")]

    assert fold(5, *tasks) == [1, "… 2", 4, 5, "… 4"]
    assert fold(3, *tasks) == ["… 3", 4, "… 5"]
    assert fold(1, *tasks) == [4]


def test_of_a_job_that_runs_the_running_tasks_and_those_around_stay() -> None:
    tasks = [*succeeded(1, 20), task(21, "RUNNING"), *(task(each, None) for each in range(22, 30))]

    assert fold(6, *tasks, status="RUNNING") == ["… 18", 19, 20, 21, 22, "… 7"]


def test_of_a_job_that_succeeded_the_last_tasks_stay() -> None:
    assert fold(4, *succeeded(1, 20), status="SUCCEEDED") == ["… 17", 18, 19, 20]
