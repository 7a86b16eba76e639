import json
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from casjob.demo.jobs import (
    FAILED_JOB_ID,
    FAILING_JOB_ID,
    MANY_TASKS_JOB_ID,
    RUNNING_JOB_ID,
    SAMPLE_JOBS,
)
from tests.components import component, record
from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.samples import as_document, job, task
from tests.service import Reply, Service, documented_job, many_tasks

Ask = Callable[..., Finished]


def next_command(shown: Finished) -> list[str]:
    line = shown.out.splitlines()[-1]
    assert line.startswith("next: casjob ")
    return shlex.split(line)[2:]


def test_a_failed_job_is_explained(ask: Ask, service: Service) -> None:
    assert ask("show", JOB_ID) == (
        0,
        f"""\
provision/provMain FAILED after 35.6s · PROVISION
  job {JOB_ID} · started 2020-02-04 04:01:03Z
  project 063a3158b1a34710b36ad208b9497d00 · instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52

task 9 TN00097 wait for the build to succeed: failed after 30.0s, in phase BUILDING
  ECC00011  Building failed.
  means     the build of the application failed: read the build's log

  #  TASK     STEP                           TYPE     STATUS     STARTED   ELAPSED
  1  PREPARE_RESOURCES
  4  BUILDING
  6  TN00091  run the build and follow it    restful  SUCCEEDED  04:01:03     5.6s
  7  TN00094  run the build and follow it    restful  SUCCEEDED  04:01:08     0.0s
  9  TN00097  wait for the build to succeed  restful  FAILED     04:01:08    30.0s

2 of 3 steps succeeded
next: casjob logs
""",
        "",
    )
    (request,) = service.requests
    assert request.path.startswith("/v2/")


def test_v3_is_explained_alike_but_for_the_name_that_it_does_not_send(
    ask: Ask, service: Service
) -> None:
    shown_v2, shown_v3 = ask("show", JOB_ID), ask("show", JOB_ID, "--api-version", "v3")
    assert (shown_v3.status, shown_v3.err) == (0, "")
    expected = shown_v2.out.replace("provision/provMain", JOB_ID, 1)
    line = f"  job {JOB_ID} · started 2020-02-04 04:01:03Z\n"
    expected = expected.replace(line, "  started 2020-02-04 04:01:03Z · rollback disabled\n", 1)
    assert shown_v3.out == expected.replace("casjob logs\n", "casjob logs --api-version v3\n")
    assert [request.path[:4] for request in service.requests] == ["/v2/", "/v3/"]


def test_a_reply_is_read_whose_spelling_times_and_bytes_are_odd(ask: Ask, service: Service) -> None:
    times: dict[str, Any] = {"CREATED_AT": 1580788863344, "LAST_HEALTH_CHECK": "1580788868"}
    messages = json.dumps({"error_code": "EVS.2024", "fail_reason": "volume caf@", "log": "a\nb"})
    sent = task(1, "CANCELED", messages=messages, **times)
    body = json.dumps(job("canceled", sent)).encode().replace(b"caf@", b"caf\xe9")
    service.script = [Reply(200, body)]

    shown = ask("show", JOB_ID, "--utc")

    assert shown.err.count("has bytes that are not UTF-8; they are shown as \ufffd\n") == 1
    assert shown.out.splitlines()[:9] == [
        "provision/provMain canceled after 4.7s · PROVISION",
        f"  job {JOB_ID} · started 2020-02-04 04:01:03Z",
        f"  project {PROJECT_ID}",
        "",
        "task 1 TX00001: canceled after 4.7s",
        "  EVS.2024  volume caf\ufffd",
        "  means     an error from Elastic Volume Service (disks)",
        "  log  a",
        "  │ b",
    ]
    assert ask("wait", JOB_ID, "--timeout", "20").status == 1


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_failure_in_the_last_of_many_tasks_comes_first(
    ask: Ask, service: Service, version: str
) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=105)
    shown = ask("show", JOB_ID, CASJOB_API_VERSION=version)
    lines = shown.out.splitlines()
    assert lines[4:6] == ["task 105 TX00105: failed after 1.0s", "  ECC00011  Building failed."]
    assert lines[-2] == "104 of 105 steps succeeded"


def test_a_job_of_a_component_says_so_and_a_file_keeps_it(
    ask: Ask, service: Service, tmp_path: Path
) -> None:
    service.components = [component(1, "web", job_id=JOB_ID)]
    saved, printed = tmp_path / "saved.json", tmp_path / "printed.json"
    place = f"  component web · application shop · cn-north-4, project {PROJECT_ID} · instance "

    shown = ask("show", "--component", "web", "--region", "cn-north-4", "--save", str(saved))
    ask(
        "show",
        "--component",
        "web",
        "--region",
        "cn-north-4",
        "-o",
        "json",
        "--output-file",
        str(printed),
    )

    assert shown.out.splitlines()[2].startswith(place)
    for file in (saved, printed):
        lines = ask("show", "--from", str(file)).out.splitlines()
        assert lines == shown.out.splitlines()[:-1]
    document = json.loads(printed.read_bytes())
    assert (document["region"], document["project_id"]) == ("cn-north-4", PROJECT_ID)
    assert document["component"] == {
        "id": "c0000001-0000-4000-8000-000000000000",
        "name": "web",
        "application_name": "shop",
        "environment_name": "prod",
    }


def test_the_next_command_works_in_the_demo(casjob: Casjob) -> None:
    suggested = next_command(casjob("show", FAILED_JOB_ID, "--demo"))
    assert suggested == ["logs", "--demo"]
    ran = casjob(*suggested, "--json")
    assert ran.status == 0
    assert ran.err.startswith(f"casjob: {FAILED_JOB_ID} (last viewed)\n")
    assert json.loads(ran.out)["schema_version"] == 1


def test_the_next_command_compares_where_a_good_run_is_known(ask: Ask, service: Service) -> None:
    service.jobs["JOB1"] = as_document(job("SUCCEEDED", task(9), JOB_ID="JOB1"))
    service.jobs[JOB_ID] = as_document(job("FAILED", task(9, "FAILED")))
    service.components = [component(1, "web", record("JOB1"), record(JOB_ID), job_id=JOB_ID)]
    assert "next:" not in ask("show", JOB_ID).out
    assert "next:" not in ask("show", "--component", "web").out
    # What runs was deployed by a job that succeeded.
    service.components = [
        component(1, "web", record("JOB1"), record(JOB_ID), job_id=JOB_ID, replicas=1)
    ]
    assert "next:" not in ask("show", "--component", "web", "--api-version", "v2").out
    suggested = next_command(ask("show", "--component", "web"))
    assert suggested == ["diff", "--component", "web"]
    assert "task 9 TX00009 is the first to differ" in ask(*suggested).out
    # Another of this name: only its id names it.
    service.components.append(component(2, "web", application="office"))
    suggested = next_command(ask("show", "--component", "web", "--application", "shop"))
    assert suggested == ["diff", "--component", "c0000001-0000-4000-8000-000000000000"]
    assert "task 9 TX00009 is the first to differ" in ask(*suggested).out


def test_the_next_command_shows_what_was_folded(
    casjob: Casjob, service: Service, at_service: dict[str, str]
) -> None:
    service.jobs[JOB_ID] = many_tasks(105)
    on_a_terminal = partial(casjob, environ={**at_service, "NO_COLOR": "1"}, columns=80)
    shown = on_a_terminal("show", JOB_ID).out.splitlines()
    assert shown[-2].endswith(" tasks folded")
    assert shown[-1] == "next: casjob show --full"
    assert len(on_a_terminal("show", "--full").out.splitlines()) > 105
    in_the_demo = casjob("show", MANY_TASKS_JOB_ID, "--demo", "--color", "never", columns=80)
    assert (
        in_the_demo.out.splitlines()[-1] == f"next: casjob show {MANY_TASKS_JOB_ID} --full --demo"
    )


@pytest.mark.parametrize("job_id", [RUNNING_JOB_ID, FAILING_JOB_ID])
def test_the_next_command_for_a_job_that_runs_is_watch(casjob: Casjob, job_id: str) -> None:
    watch = next_command(casjob("show", job_id, "--demo"))
    assert watch == ["watch", job_id, "--demo"]
    assert casjob(*watch, "--timeout", "0.01").status == 124
    on_a_terminal = casjob("show", job_id, "--demo", "--color", "never", columns=100)
    assert next_command(on_a_terminal) == ["watch", "--demo"]


@pytest.mark.parametrize("status", ["SUCCEEDED", "PAUSED", "FAILED"])
def test_no_command_is_suggested_that_would_not_help(
    ask: Ask, service: Service, status: str
) -> None:
    document = many_tasks(3)
    document["job"]["EXECUTION_STATUS"] = status
    service.jobs[JOB_ID] = document
    assert "next:" not in ask("show", JOB_ID).out


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"CASJOB_JOB_ID": JOB_ID}, ["logs"]),
        ({"CASJOB_JOB_ID": "JOB1"}, ["logs", JOB_ID]),
        ({"CASJOB_HISTORY": "off"}, ["logs", JOB_ID]),
    ],
)
def test_the_next_command_names_the_job_where_another_would_be_meant(
    ask: Ask, setting: dict[str, str], words: list[str]
) -> None:
    assert next_command(ask("show", JOB_ID, **setting)) == words


@pytest.mark.parametrize(("columns", "is_there"), [(17, True), (16, False)])
def test_the_next_command_never_wraps(
    casjob: Casjob, at_service: dict[str, str], columns: int, *, is_there: bool
) -> None:
    shown = casjob("show", JOB_ID, environ=at_service, columns=columns)
    assert ("casjob logs\n" in shown.out) is is_there


def test_the_next_command_keeps_the_connections_options(casjob: Casjob, service: Service) -> None:
    options = ["--project-id", "p", "--endpoint", service.url, "--retries", "0"]
    token = {"CASJOB_TOKEN": "t"}
    words = next_command(casjob("show", JOB_ID, *options, environ=token))
    assert words[:1] == ["logs"]
    assert sorted(words[1:]) == sorted(options)


@pytest.mark.parametrize("sent", [None, "", "$(reboot)", "--help", "JOB-other"])
def test_the_next_command_is_about_the_job_that_was_requested_whatever_came(
    ask: Ask, service: Service, sent: str | None
) -> None:
    document = documented_job()
    document["job"]["JOB_ID"] = sent
    service.jobs[JOB_ID] = document
    shown = ask("show", JOB_ID, CASJOB_HISTORY="off")
    assert next_command(shown) == ["logs", JOB_ID]


@pytest.mark.parametrize("command", ["show", "tasks"])
@pytest.mark.parametrize(
    ("status", "exit_status"),
    [
        ("SUCCEEDED", 0),
        ("FAILED", 1),
        ("PARTIALLY_FAILED", 1),
        ("CANCELLED", 1),
        ("ROLLBACKED", 1),
        ("SUBMITTED", 8),
        ("SCHEDULED", 8),
        ("RUNNING", 8),
        ("ROLLBACKING", 8),
        ("UNKNOWN", 8),
        ("A_NEW_WORD", 8),
        (None, 8),
    ],
)
def test_the_exit_status_tells_how_the_job_ended_only_if_asked(
    ask: Ask, service: Service, command: str, status: str | None, exit_status: int
) -> None:
    document = documented_job()
    document["job"]["EXECUTION_STATUS"] = status
    service.jobs[JOB_ID] = document
    assert ask(command, JOB_ID, "--exit-status").status == exit_status
    assert ask(command, JOB_ID).status == 0


def test_the_exit_status_changes_no_word_of_the_answer(ask: Ask) -> None:
    shown = ask("show", JOB_ID)
    assert ask("show", JOB_ID, "--exit-status") == (1, shown.out, shown.err)


@pytest.mark.parametrize("command", ["show", "tasks"])
def test_json_and_another_format_contradict(ask: Ask, service: Service, command: str) -> None:
    told = (2, "", "casjob: --json and --output table can't be used together\n")
    assert ask(command, JOB_ID, "--json", "--output", "table") == told
    assert service.requests == []


@pytest.mark.parametrize("words", [("--json",), ("-o", "json"), ("--json", "--output=json")])
def test_json_may_be_asked_for_in_each_way_and_in_both(ask: Ask, words: list[str]) -> None:
    shown = ask("show", JOB_ID, *words)
    assert (shown.status, shown.err) == (0, "")
    assert json.loads(shown.out)["outcome"] == "failed"


def test_a_job_that_the_demo_does_not_know_gets_those_it_knows(casjob: Casjob) -> None:
    finished = casjob("show", "JOB0", "--demo")

    assert finished.status == 5
    assert finished.err.splitlines()[2] == f"  hint: the demo has {', '.join(SAMPLE_JOBS)}"


@pytest.mark.parametrize("command", ["show", "tasks"])
def test_a_reply_about_another_job_has_no_outcome(ask: Ask, service: Service, command: str) -> None:
    document = documented_job()
    document["job"]["JOB_ID"] = "JOB2"
    service.jobs[JOB_ID] = document
    shown = ask(command, JOB_ID, "--exit-status")

    assert (shown.status, shown.err) == (7, "")
    assert f"note: The request was for {JOB_ID}, the reply is about JOB2.\n" in shown.out
    assert ask(command, JOB_ID).status == 0


@pytest.mark.parametrize("output", ["csv", "tsv", "jsonl", "markdown", "json"])
def test_tasks_that_are_missing_are_said_in_every_format(
    ask: Ask, service: Service, output: str
) -> None:
    service.jobs[JOB_ID] = many_tasks(2)
    service.task_count = 5
    told = "The service counts 5 tasks, but sent 2."

    for command in ("show", "tasks"):
        assert ask(command, JOB_ID, "-o", output).err == f"casjob: note: {told}\n"
        assert (ask(command, JOB_ID).err, told in ask(command, JOB_ID).out) == ("", True)
