import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import casjob as package
from casjob.demo.jobs import MANY_TASKS_JOB_ID, SUCCEEDED_JOB_ID
from tests.conftest import JOB_ID, Casjob, Finished
from tests.samples import as_document, job, task
from tests.service import Service

SCHEMA = Draft202012Validator(
    json.loads((Path(package.__file__).parent / "schema" / "explain.json").read_bytes())
)

TIME = re.compile(r"^[0-9T:-]+Z ", re.MULTILINE)

CODE = """\
ECC00011  error code
  means       the build of the application failed
  what to do  read the build's log: casjob logs
  service     ServiceStage jobs (the job engine itself)
  source      job details page, example
"""
TASK = """\
TN00097  task
  does        wait for the build to succeed
  flow        build/assemCheckStatus
  source      2018 catalogue
"""
FLOW = """\
build/assemCheckStatus  flow
  does        wait for a build to end
  tasks       TN00096  ask how the build stands
              TN00097  wait for the build to succeed
              TN00098  create the VPC, if there is none
  source      2018 catalogue; what the flow does is inferred from its tasks
"""
FAILED = """\
FAILED  status
  means       the job or task ended with an error; the component failed
  source      API reference; meaning inferred
"""
FAIL_DETAIL = """\
cluster_deleted  fail detail
  means       the component's cluster was deleted
  source      API reference; meaning inferred
"""

Ask = Callable[..., Finished]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return where the team's own file is; the folder is there."""
    path = tmp_path / ".config" / "casjob" / "explain.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ECC00011", CODE),
        ("ecc00011", CODE),
        (" ECC00011\n", CODE),
        ("TN00097", TASK),
        ("tn00097", TASK),
        ("build/assemCheckStatus", FLOW),
        ("BUILD/ASSEMCHECKSTATUS", FLOW),
        ("FAILED", FAILED),
        ("failed", FAILED),
        ("cluster_deleted", FAIL_DETAIL),
    ],
)
def test_a_name_is_explained_in_any_case(casjob: Casjob, name: str, text: str) -> None:
    assert casjob("explain", name) == (0, text, "")


def test_several_names_are_explained_in_their_order_each_once(casjob: Casjob) -> None:
    finished = casjob("explain", "FAILED", "ECC00011", "FAILED")

    assert finished == (0, f"{FAILED}\n{CODE}", "")


def test_of_an_undocumented_code_the_service_is_named(casjob: Casjob) -> None:
    assert casjob("explain", "Vpc.9999").out == (
        "Vpc.9999  error code\n"
        "  means       not documented\n"
        "  service     Virtual Private Cloud (networks, subnets, security groups)\n"
    )


def test_an_undocumented_code_of_the_job_engine_is_named_as_its_own(casjob: Casjob) -> None:
    assert casjob("explain", "ECC99999") == (
        0,
        (
            "ECC99999  error code\n"
            "  means       not documented\n"
            "  service     ServiceStage jobs (the job engine itself)\n"
        ),
        "",
    )


def test_unknown_names_are_told_and_the_others_shown(casjob: Casjob, tmp_path: Path) -> None:
    assert casjob("explain", "TN99999", "ECC00011", "\x1bX") == (
        5,
        CODE,
        (
            "casjob: no explanation for TN99999, \\x1bX\n"
            f"  hint: you can add your own explanation to {tmp_path}/.config/casjob/explain.toml\n"
        ),
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ecc0011", "did you mean ECC00011? you can add"),
        ("provision/provMian", "did you mean provision/provMain? you can add"),
        # Another number is another code.
        ("TN00999", "you can add"),
        (JOB_ID, f"casjob show {JOB_ID} shows a job\n"),
    ],
)
def test_what_is_meant_by_an_unknown_name_is_asked(casjob: Casjob, name: str, hint: str) -> None:
    told = f"casjob: no explanation for {name}\n  hint: {hint}"
    assert casjob("explain", name).err.startswith(told)


def test_lines_are_wrapped_for_a_terminal(casjob: Casjob) -> None:
    assert casjob("explain", "provision/provMain", columns=50).out.startswith(
        "provision/provMain  flow\n"
        "  does        deploy a component: create what it\n"
        "              needs, build it, start it and bind\n"
        "              its domain\n"
    )
    narrow = casjob("explain", "TN00097", columns=40).out
    assert max(map(len, narrow.splitlines())) <= 40
    assert narrow.split() == TASK.split()


class TestJson:
    def test_has_every_name(self, casjob: Casjob) -> None:
        finished = casjob("explain", "ECC00011", "build/assemCheckStatus", "--json")
        document = json.loads(finished.out)

        SCHEMA.validate(document)
        assert finished.status == 0
        assert document == {
            "schema_version": 1,
            "explanations": [
                {
                    "name": "ECC00011",
                    "kind": "code",
                    "own": None,
                    "means": "the build of the application failed",
                    "advice": "read the build's log: casjob logs",
                    "service": "ServiceStage jobs",
                    "flow": None,
                    "tasks": [],
                    "source": "job details page, example",
                },
                {
                    "name": "build/assemCheckStatus",
                    "kind": "flow",
                    "own": None,
                    "means": "wait for a build to end",
                    "advice": None,
                    "service": None,
                    "flow": None,
                    "tasks": [
                        {"task_name": "TN00096", "title": "ask how the build stands"},
                        {"task_name": "TN00097", "title": "wait for the build to succeed"},
                        {"task_name": "TN00098", "title": "create the VPC, if there is none"},
                    ],
                    "source": "2018 catalogue; what the flow does is inferred from its tasks",
                },
            ],
        }

    def test_may_be_a_line_a_name(self, casjob: Casjob) -> None:
        finished = casjob("explain", "ECC00011", "FAILED", "-o", "jsonl")
        whole = casjob("explain", "ECC00011", "FAILED", "--json")

        lines = [json.loads(line) for line in finished.out.splitlines()]
        assert lines == json.loads(whole.out)["explanations"]

    def test_leaves_unknown_names_out(self, casjob: Casjob) -> None:
        finished = casjob("explain", "TN99999", "FAILED", "tn00097", "VPC.9999", "-o", "json")
        document = json.loads(finished.out)

        SCHEMA.validate(document)
        assert finished.status == 5
        assert [each["name"] for each in document["explanations"]] == [
            "FAILED",
            "TN00097",
            "VPC.9999",
        ]


class TestTheTeamsOwnFile:
    def test_is_shown_first(self, casjob: Casjob, own: Path) -> None:
        own.write_text('"ecc*" = "ask Ann\\nor Bob"\nX = "ours"\n', "utf-8")

        assert casjob("explain", "ECC00011", "x") == (
            0,
            CODE.replace("\n", "\n  team        ask Ann or Bob\n", 1)
            + "\nx  error code\n  team        ours\n  means       not documented\n",
            "",
        )

    @pytest.mark.parametrize("output", ["table", "json", "jsonl", "junit", "markdown", "github"])
    def test_comes_first_in_every_report(self, casjob: Casjob, own: Path, output: str) -> None:
        own.write_text('"ECC*" = "ask Ann"\n', "utf-8")

        out = casjob("show", "--demo", "-o", output).out

        assert 0 < out.index("ask Ann") < out.index("the build of the application failed")

    def test_that_is_broken_is_one_warning(self, casjob: Casjob, own: Path) -> None:
        own.write_text('"ECC00011 = 1', "utf-8")

        finished = casjob("explain", "ECC00011", "ECC00011", "--json")

        assert finished.status == 0
        assert finished.err.startswith(f"casjob: warning: {own} is not TOML: ")
        assert finished.err.count("\n") == 1

    @pytest.mark.parametrize("command", ["show", "tasks", "watch", "wait"])
    def test_that_is_broken_fails_no_command(self, casjob: Casjob, own: Path, command: str) -> None:
        well = casjob(command, SUCCEEDED_JOB_ID, "--demo")
        own.write_text("A = 1\n", "utf-8")

        finished = casjob(command, SUCCEEDED_JOB_ID, "--demo")

        assert well.err == ""
        assert finished.err == f"casjob: warning: {own}: 'A' is not text\n"
        assert finished.status == 0
        # A line of watch begins with the time.
        assert TIME.sub("", finished.out) == TIME.sub("", well.out)

    @pytest.mark.parametrize("words", [["config"], ["--version"], ["explain", "--help"]])
    def test_is_not_read_where_nothing_is_named(
        self, casjob: Casjob, own: Path, words: list[str]
    ) -> None:
        own.write_text("broken", "utf-8")

        assert casjob(*words).err == ""


class TestWithoutAName:
    def test_the_failure_of_the_job_last_viewed_is_explained(self, ask: Ask) -> None:
        ask("show", JOB_ID)

        assert ask("explain") == (0, f"{CODE}\n{TASK}", f"casjob: {JOB_ID} (last viewed)\n")

    def test_the_job_may_be_that_of_the_settings(self, ask: Ask, service: Service) -> None:
        messages = '{"code": "VPC.0202", "message": {"code": "ECC00011", "message": "No."}}'
        service.jobs["JOB1"] = as_document(
            job("FAILED", task(97, "FAILED", TASK_NAME="TN00097", messages=messages))
        )

        finished = ask("explain", "--json", CASJOB_JOB_ID="JOB1")

        assert (finished.status, finished.err) == (0, "")
        names = [each["name"] for each in json.loads(finished.out)["explanations"]]
        assert names == ["ECC00011", "VPC.0202", "TN00097"]

    def test_the_demo_has_a_failure(self, casjob: Casjob) -> None:
        assert casjob("explain", "--demo") == (0, f"{CODE}\n{TASK}", "")

    def test_unknown_names_in_a_failure_are_told_beside_the_known_ones(
        self, casjob: Casjob
    ) -> None:
        casjob("show", MANY_TASKS_JOB_ID, "--demo")

        finished = casjob("explain", "--demo")

        assert finished.status == 0
        assert finished.out.startswith("VPC.0202  error code\n")
        assert "no explanation for TN00368\n" in finished.err

    def test_a_failure_may_have_no_known_name(self, ask: Ask, service: Service) -> None:
        service.jobs["JOB1"] = as_document(job("FAILED", task(1, "FAILED", TASK_NAME="TN99999")))

        finished = ask("explain", CASJOB_JOB_ID="JOB1")

        assert (finished.status, finished.out) == (5, "")
        assert finished.err.startswith("casjob: no explanation for TN99999\n")

    @pytest.mark.parametrize("messages", ["{}", "Broken."])
    def test_a_task_without_a_name_is_explained_by_its_status(
        self, ask: Ask, service: Service, messages: str
    ) -> None:
        sent = task(1, "FAILED", TASK_NAME=None, messages=messages)
        service.jobs["JOB1"] = as_document(job("FAILED", sent))

        assert ask("explain", CASJOB_JOB_ID="JOB1") == (0, FAILED, "")

    def test_a_job_in_which_no_task_failed_is_explained_by_its_status(
        self, ask: Ask, service: Service
    ) -> None:
        service.jobs["JOB1"] = as_document(job("FAILED", task(1)))

        assert ask("explain", CASJOB_JOB_ID="JOB1") == (
            0,
            FAILED,
            "casjob: JOB1: no task failed; explaining the job's status\n",
        )

    def test_there_may_be_no_job(self, ask: Ask) -> None:
        finished = ask("explain")

        assert (finished.status, finished.out) == (2, "")
        assert finished.err.startswith("casjob: no job id is given, and no job was viewed")
