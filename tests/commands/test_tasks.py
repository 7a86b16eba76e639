import json
from collections.abc import Callable

import pytest

from tests.conftest import JOB_ID, Casjob, Finished
from tests.service import Service, many_tasks

Ask = Callable[..., Finished]
Version = pytest.mark.parametrize("version", ["v2", "v3"])


@pytest.fixture(autouse=True)
def many(service: Service) -> None:
    document = many_tasks(105, failing_index=105)
    for index, status in {40: "SKIPPED", 77: "CANCELLED", 90: "A_New_Word"}.items():
        document["tasks"][index - 1]["TASK_STATUS"] = status
    service.jobs[JOB_ID] = document


def indexes(shown: Finished) -> list[int]:
    assert (shown.status, shown.err) == (0, "")
    return [task["TASK_INDEX"] for task in json.loads(shown.out)["tasks"]]


def queries(service: Service) -> list[dict[str, str]]:
    return [
        {name: values[0] for name, values in request.query.items()} for request in service.requests
    ]


@Version
def test_the_last_five_of_many_are_said_to_be_five(
    ask: Ask, service: Service, version: str
) -> None:
    assert ask("tasks", JOB_ID, "--desc", "--limit", "5", CASJOB_API_VERSION=version) == (
        0,
        """\
  #  TASK     TYPE     STATUS     STARTED   ELAPSED  CODE      DETAIL
105  TX00105  restful  FAILED     04:02:48     1.0s  ECC00011  Building failed.
104  TX00104  restful  SUCCEEDED  04:02:47     1.0s
103  TX00103  restful  SUCCEEDED  04:02:46     1.0s
102  TX00102  restful  SUCCEEDED  04:02:45     1.0s
101  TX00101  restful  SUCCEEDED  04:02:44     1.0s

5 of 105 tasks
""",
        "",
    )
    (request,) = service.requests
    assert request.path.startswith(f"/{version}/")
    assert request.query == {"limit": ["5"], "offset": ["0"], "desc": ["true"]}


def test_show_and_then_tasks_just_works(ask: Ask) -> None:
    ask("show", JOB_ID)
    shown = ask("tasks", "--desc", "--limit", "5")
    assert (shown.status, shown.err) == (0, f"casjob: {JOB_ID} (last viewed)\n")
    assert shown.out.endswith("\n5 of 105 tasks\n")


def test_without_a_limit_all_tasks_come_and_nothing_is_said_of_their_number(ask: Ask) -> None:
    shown = ask("tasks", JOB_ID)
    assert (shown.status, shown.err) == (0, "")
    assert len(shown.out.splitlines()) == 106
    assert indexes(ask("tasks", JOB_ID, "--json")) == list(range(1, 106))
    assert indexes(ask("tasks", JOB_ID, "--json", "--desc")) == list(range(105, 0, -1))


@Version
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--limit", "3"], [1, 2, 3]),
        (["--limit", "3", "--offset", "3"], [4, 5, 6]),
        (["--limit", "3", "--offset", "3", "--desc"], [102, 101, 100]),
        (["--offset", "102"], [103, 104, 105]),
        (["--offset", "105"], []),
        (["--offset", "9999"], []),
        (["--limit", "9999", "--offset", "103"], [104, 105]),
        (["--limit", "75"], list(range(1, 76))),
        (["--limit", "75", "--desc", "--offset", "10"], list(range(95, 20, -1))),
    ],
)
def test_limit_offset_and_desc_choose_the_tasks(
    ask: Ask, service: Service, words: list[str], expected: list[int], version: str
) -> None:
    # The service gives fewer a page than are asked for.
    service.page_cap = 20
    shown = ask("tasks", JOB_ID, "--json", "--api-version", version, *words)
    document = json.loads(shown.out)
    assert [task["TASK_INDEX"] for task in document["tasks"]] == expected
    assert shown.err == (
        "" if expected else f"casjob: --offset {words[1]} skips all tasks: the job has 105 tasks\n"
    )
    assert (document["complete"], document["task_count"]) == (True, 105)


def test_instance_id_is_the_services_own_filter(ask: Ask, service: Service) -> None:
    assert indexes(ask("tasks", JOB_ID, "--json", "--instance-id", "other")) == []
    instance_id = str(service.jobs[JOB_ID]["job"]["SERVICE_INSTANCE_ID"])
    words = ["--json", "--limit", "2", "--instance-id", instance_id]
    assert indexes(ask("tasks", JOB_ID, *words)) == [1, 2]
    assert [query["instance_id"] for query in queries(service)] == ["other", instance_id]


@Version
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--failed"], [77, 105]),
        (["--failed", "--desc"], [105, 77]),
        (["--failed", "--limit", "1"], [77]),
        (["--failed", "--offset", "1"], [105]),
        (["--failed", "--offset", "2"], []),
        (["--failed", "--desc", "--limit", "1"], [105]),
        (["--status", "FAILED"], [105]),
        (["--status", "failed", "--status", "Skipped"], [40, 105]),
        (["--status", "canceled"], [77]),
        (["--status", "a_new_word"], [90]),
        (["--status", "succeeded", "--limit", "2", "--offset", "99"], [103, 104]),
        (["--failed", "--status", "CANCELLED", "--status", "SUCCEEDED"], [77]),
    ],
)
def test_filters_look_at_all_tasks(
    ask: Ask, service: Service, words: list[str], expected: list[int], version: str
) -> None:
    shown = ask("tasks", JOB_ID, "--json", *words, CASJOB_API_VERSION=version)
    assert indexes(shown) == expected
    assert json.loads(shown.out)["complete"] is True
    assert all("desc" not in query and query["limit"] == "50" for query in queries(service))


def test_a_filter_says_how_many_of_all_it_left(ask: Ask) -> None:
    assert ask("tasks", JOB_ID, "--failed") == (
        0,
        """\
  #  TASK     TYPE     STATUS     STARTED   ELAPSED  CODE      DETAIL
 77  TX00077  restful  CANCELLED  04:02:20     1.0s
105  TX00105  restful  FAILED     04:02:48     1.0s  ECC00011  Building failed.

2 of 105 tasks
""",
        "",
    )
    assert ask("tasks", JOB_ID, "--status", "RUNNING").out == "0 of 105 tasks\n"


@pytest.mark.parametrize("words", [["--failed"], ["--desc", "--limit", "1"], ["--offset", "200"]])
def test_the_exit_status_tells_of_the_job_and_not_of_the_tasks_shown(
    ask: Ask, words: list[str]
) -> None:
    assert ask("tasks", JOB_ID, "--exit-status", *words).status == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--limit", "0"],
        ["--limit", "-1"],
        ["--limit", "five"],
        ["--limit", "1.5"],
        ["--limit", ""],
        ["--limit"],
        ["--offset", "-1"],
        ["--offset", "x"],
        ["--output", "nonsense"],
        ["--api-version", "v4"],
        ["--color", "blue"],
    ],
)
def test_what_cannot_be_asked_for_is_not(ask: Ask, service: Service, words: list[str]) -> None:
    shown = ask("tasks", JOB_ID, *words)
    assert (shown.status, shown.out) == (2, "")
    first, second = shown.err.splitlines()
    assert first.startswith("casjob: ")
    assert words[0] in first
    assert second == "  see: casjob tasks --help"
    assert service.requests == []


@pytest.mark.parametrize(
    "words",
    [
        ["--status", ""],
        ["--status", "FAILED", "--status", " , "],
        ["--instance-id="],
        ["--component="],
        ["--from", " "],
        ["--save="],
        ["--output-file="],
        ["--region="],
        ["--project-id", " "],
    ],
)
def test_an_empty_option_is_an_error(ask: Ask, service: Service, words: list[str]) -> None:
    option = words[0].rstrip("=")
    hint = "  hint: is it set from an empty variable?\n"
    assert ask("tasks", JOB_ID, *words) == (2, "", f"casjob: {option} is empty\n{hint}")
    assert service.requests == []


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--limit", "0", "it must be at least 1"),
        ("--offset", "-1", "it must be at least 0"),
        ("--limit", "five", "it must be a whole number"),
        ("--offset", "1.5", "it must be a whole number"),
    ],
)
def test_a_wrong_number_is_told_which_it_may_be(
    ask: Ask, option: str, value: str, message: str
) -> None:
    told = f"casjob: Invalid value for '{option}': {message}\n  see: casjob tasks --help\n"
    assert ask("tasks", JOB_ID, option, value) == (2, "", told)


def test_statuses_may_be_a_list(ask: Ask, service: Service) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=77)
    apart = ask("tasks", JOB_ID, "--json", "--status", "failed", "--status", "CANCELLED")
    assert ask("tasks", JOB_ID, "--json", "--status", "failed, CANCELLED,") == apart
    assert indexes(apart) == [77]


def test_where_only_phases_begin_it_says_so(casjob: Casjob) -> None:
    assert casjob("tasks", "--demo", "--limit", "2").out == (
        "#  TASK  STATUS\n1  PREPARE_RESOURCES\n4  BUILDING\n\n2 of 5 tasks · no steps among them\n"
    )


@pytest.mark.parametrize("status", ["failled", "faild", "succeeded,FAILEDD"])
def test_a_mistyped_status_is_refused(ask: Ask, status: str) -> None:
    word = status.upper().split(",")[-1]
    refused = ask("tasks", JOB_ID, "--status", status)
    why = f"casjob: no task has the status {word}\n  hint: did you mean FAILED?\n"
    assert refused == (2, "", why)


@pytest.mark.parametrize("status", ["frozen", "FROZEN,paused"])
def test_a_status_that_no_task_has_is_said_with_those_there_are(
    ask: Ask, service: Service, status: str
) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=77)
    shown = ask("tasks", JOB_ID, "--status", status)
    named = "FROZEN or PAUSED" if "," in status else "FROZEN"
    assert (shown.status, shown.out) == (0, "0 of 105 tasks\n")
    told = f"casjob: no task has the status {named}; there are SUCCEEDED (104), FAILED (1)\n"
    assert shown.err == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--failed", "--status", "SUCCEEDED"],
            "no failed task has the status SUCCEEDED; there are FAILED (1)",
        ),
        (["--offset", "105"], "--offset 105 skips all tasks: the job has 105 tasks"),
    ],
)
def test_why_no_task_is_selected_is_said(
    ask: Ask, service: Service, words: list[str], told: str
) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=77)
    assert ask("tasks", JOB_ID, *words).err == f"casjob: {told}\n"


def test_of_a_job_without_tasks_no_status_is_there(ask: Ask, service: Service) -> None:
    service.jobs[JOB_ID] = many_tasks(0)
    shown = ask("tasks", JOB_ID, "--status", "FAILED")
    assert shown.err == "casjob: no task has the status FAILED; there are no tasks\n"
