import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import casjob
from tests.conftest import JOB_ID, Casjob, Finished
from tests.formats.conftest import Draw
from tests.samples import in_v3, job, separator, task
from tests.service import Service, documented_job, many_tasks

SCHEMA = json.loads((Path(casjob.__file__).parent / "schema" / "report.json").read_bytes())

MEANS = "the build of the application failed: read the build's log"

Ask = Callable[..., Finished]


def read(result: Finished) -> Any:
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("\n")
    return json.loads(result.out)


def nested(levels: int) -> str:
    text = json.dumps({"code": "VPC.0202", "message": "Query fail."})
    for level in range(levels):
        text = json.dumps({"error_code": f"E{level}", "error_msg": text})
    return text


MESSAGES = {
    "absent": (None, None),
    "empty": ("", None),
    "an empty object": ("{}", None),
    "Message and Detail": (
        '{ "Message" : "ECC00011", "Detail" : "Building failed." }',
        "Building failed.",
    ),
    "a pair inside": (
        '{"statusCode": 500, "jsonBody": {"error_code": "C", "error_msg": "node not ready"}}',
        "node not ready",
    ),
    "a string in a string": (nested(1), "Query fail."),
    "strings three deep": (nested(3), "Query fail."),
    "an object, not a string": ({"code": "C", "message": "as sent"}, "as sent"),
    "unescaped quotes": (
        '{"error_code":"S.1","error_message":"{"code":"VPC.0202"}"}',
        '{"error_code":"S.1","error_message":"{"code":"VPC.0202"}"}',
    ),
    "plain text": ("Building failed.", "Building failed."),
    "a stack trace": ("Error: out\n\tat a.B.c(B.java:7)\n", "Error: out\n\tat a.B.c(B.java:7)\n"),
    "Chinese": ("构建失败", "构建失败"),
    "100 kB": ("x" * 100_000, "x" * 100_000),
    "controls": ("\x1b[2J\x00\x9b\u202e\r\n", "\x1b[2J\x00\x9b\u202e\r\n"),
    "a number": (7, "7"),
    "10,000 brackets": ("[" * 10_000 + "]" * 10_000, "[" * 10_000 + "]" * 10_000),
    "a code alone": ('{"reason": "Evicted"}', None),
}
"""Each shape of message, as sent, with the detail that is made of it."""


class TestTheDocumentedJob:
    def test_has_exactly_these_keys(self, draw: Draw) -> None:
        document = read(draw(documented_job(), "show", "--json"))

        assert list(document) == [
            "schema_version",
            "job_id",
            "status",
            "outcome",
            "complete",
            "as_of",
            "started_at",
            "ended_at",
            "elapsed_seconds",
            "task_count",
            "component",
            "region",
            "project_id",
            "failure",
            "job",
            "tasks",
        ]
        assert list(document["job"]) == [
            "JOB_ID",
            "JOB_NAME",
            "JOB_TYPE",
            "SERVICE_INSTANCE_ID",
            "PROJECT_ID",
            "ORDER_ID",
            "JOB_DESC",
            "EXECUTION_STATUS",
            "CREATED_BY",
        ]
        for each in document["tasks"]:
            assert list(each) == [
                "MESSAGES",
                "TASK_ID",
                "TASK_TYPE",
                "TASK_INDEX",
                "TASK_NAME",
                "TASK_STATUS",
                "LAST_HEALTH_CHECK",
                "CREATED_AT",
                "OWNER_ID",
                "outcome",
                "phase",
                "title",
                "elapsed_seconds",
                "failure",
            ]

    def test_is_what_was_sent_and_what_it_means(self, draw: Draw) -> None:
        sent = json.loads(json.dumps(documented_job()))

        document = read(draw(documented_job(), "show", "--json"))

        assert {name: document[name] for name in list(document)[:14]} == {
            "schema_version": 1,
            "job_id": JOB_ID,
            "status": "FAILED",
            "outcome": "failed",
            "complete": True,
            "as_of": None,
            "started_at": "2020-02-04T04:01:03.344Z",
            "ended_at": "2020-02-04T04:01:38.975Z",
            "elapsed_seconds": 35.631,
            "task_count": 5,
            "component": None,
            "region": None,
            "project_id": sent["job"]["PROJECT_ID"],
            "failure": {
                "task_id": sent["tasks"][-1]["TASK_ID"],
                "task_index": 9,
                "task_name": "TN00097",
                "title": "wait for the build to succeed",
                "phase": "BUILDING",
                "code": "ECC00011",
                "detail": "Building failed.",
                "within": [],
                "means": MEANS,
            },
        }
        assert document["job"] == sent["job"]
        assert document["tasks"][-1] == {
            **sent["tasks"][-1],
            "MESSAGES": {"Message": "ECC00011", "Detail": "Building failed."},
            "outcome": "failed",
            "phase": "BUILDING",
            "title": "wait for the build to succeed",
            "elapsed_seconds": 30.013,
            "failure": {
                "code": "ECC00011",
                "detail": "Building failed.",
                "within": [],
                "means": MEANS,
            },
        }
        assert document["tasks"][2] == {
            **sent["tasks"][2],
            "MESSAGES": {},
            "outcome": "succeeded",
            "phase": "BUILDING",
            "title": "run the build and follow it",
            "elapsed_seconds": 5.578,
            "failure": None,
        }

    def test_is_the_same_for_both_commands_on_a_terminal_or_not(self, draw: Draw) -> None:
        shown = draw(documented_job(), "show", "--json")

        assert draw(documented_job(), "tasks", "-o", "json") == shown
        on_a_terminal = draw(documented_job(), "show", "--json", "--color", "always", columns=20)
        assert on_a_terminal == shown

    def test_has_the_same_names_from_version_3(self, draw: Draw) -> None:
        v2 = read(draw(documented_job(), "show", "--json"))
        v3 = read(draw(in_v3(dict(documented_job())), "show", "--json", "--api-version", "v3"))

        for name in ("schema_version", "outcome", "complete", "elapsed_seconds", "task_count"):
            assert v3[name] == v2[name]
        assert v3["job"]["JOB_ID"] == JOB_ID
        assert v3["job"]["ROLLBACK_ENABLED"] is False
        for ours, theirs in zip(v3["tasks"], v2["tasks"], strict=True):
            theirs["UPDATE_AT"] = theirs.pop("LAST_HEALTH_CHECK")
            del theirs["TASK_INDEX"], theirs["OWNER_ID"]
            assert ours == theirs


class TestTasks:
    def test_are_in_the_tables_order(self, draw: Draw) -> None:
        document = job("SUCCEEDED", task(9), task(4), task(6))

        def order(*options: str) -> list[int]:
            tasks = read(draw(document, "tasks", "--json", *options))["tasks"]
            return [each["TASK_INDEX"] for each in tasks]

        assert order() == [4, 6, 9]
        assert order("--desc") == [9, 6, 4]

    def test_may_be_a_part_which_is_complete_as_such(self, ask: Ask, service: Service) -> None:
        service.jobs[JOB_ID] = many_tasks(105, failing_index=105)

        part = read(ask("tasks", JOB_ID, "--json", "--desc", "--limit", "5"))
        failed = read(ask("tasks", JOB_ID, "--json", "--failed"))
        whole = read(ask("show", JOB_ID, "--json"))

        assert (part["complete"], part["task_count"]) == (True, 105)
        assert [each["TASK_INDEX"] for each in part["tasks"]] == [105, 104, 103, 102, 101]
        assert part["elapsed_seconds"] is None
        assert (failed["complete"], len(failed["tasks"])) == (True, 1)
        assert (whole["complete"], len(whole["tasks"])) == (True, 105)

    def test_are_complete_if_all_came_that_the_service_counts(self, ask: Ask) -> None:
        answer = read(ask("tasks", JOB_ID, "--json", "--limit", "10"))

        assert (answer["complete"], len(answer["tasks"])) == (True, 5)
        assert answer["elapsed_seconds"] == 35.631

    @pytest.mark.parametrize(("messages", "detail"), MESSAGES.values(), ids=MESSAGES)
    def test_have_a_failure_exactly_if_they_failed(
        self, draw: Draw, messages: object, detail: str | None
    ) -> None:
        document = job(
            "FAILED",
            task(1, "FAILED", messages=messages),
            task(2, "SUCCEEDED", messages=messages),
            task(3, "RUNNING", messages=messages),
        )

        failed, *others = read(draw(document, "show", "--json"))["tasks"]

        assert failed["failure"]["detail"] == detail
        assert [each["failure"] for each in others] == [None, None]

    def test_have_their_messages_decoded_at_every_depth(self, draw: Draw) -> None:
        document = job("FAILED", task(1, "FAILED", messages=nested(3)))

        [only] = read(draw(document, "show", "--json"))["tasks"]

        assert only["MESSAGES"] == {
            "error_code": "E2",
            "error_msg": {
                "error_code": "E1",
                "error_msg": {
                    "error_code": "E0",
                    "error_msg": {"code": "VPC.0202", "message": "Query fail."},
                },
            },
        }
        assert only["failure"] == {
            "code": "VPC.0202",
            "detail": "Query fail.",
            "within": [{"code": f"E{level}", "detail": None} for level in range(3)],
            "means": "an error from Virtual Private Cloud (networks, subnets, security groups)",
        }

    @pytest.mark.parametrize(
        ("sent", "decoded"),
        [
            ('[1, "{}"]', [1, {}]),
            ("7", "7"),
            ("true", "true"),
            ('"text"', '"text"'),
            ("{", "{"),
            ("NaN", "NaN"),
            ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
            (["x", "[]"], ["x", []]),
        ],
    )
    def test_keep_messages_as_sent_that_are_no_objects_and_no_arrays(
        self, draw: Draw, sent: object, decoded: object
    ) -> None:
        document = job("SUCCEEDED", task(1, messages=sent))

        assert read(draw(document, "show", "--json"))["tasks"][0]["MESSAGES"] == decoded

    def test_without_messages_get_none(self, draw: Draw) -> None:
        document = job("SUCCEEDED", task(1, messages=None))

        assert "MESSAGES" not in read(draw(document, "show", "--json"))["tasks"][0]


def test_names_without_a_known_meaning_have_none(draw: Draw) -> None:
    messages = '{"Message": "E1", "Detail": "Broken."}'
    document = job("FAILED", task(1, "FAILED", messages=messages))

    answer = read(draw(document, "show", "--json"))

    [only] = answer["tasks"]
    assert only["title"] is answer["failure"]["title"] is None
    assert only["failure"]["means"] is answer["failure"]["means"] is None


def test_a_teams_own_meanings_come_first(draw: Draw, tmp_path: Path) -> None:
    own = tmp_path / "casjob" / "explain.toml"
    own.parent.mkdir()
    own.write_text('"ecc*" = "ask Ann"\nTN00097 = "our build"\n', "utf-8")

    finished = draw(documented_job(), "show", "--json", environ={"XDG_CONFIG_HOME": str(tmp_path)})

    failure = read(finished)["failure"]
    assert (failure["title"], failure["means"]) == ("our build", f"ask Ann\n{MEANS}")


def test_unknown_fields_are_kept(draw: Draw) -> None:
    document = {
        **job("SUCCEEDED", task(1, TASK_LABELS=["a"], retryCount=0), JOB_OWNER={"id": 7}),
        "request_id": "req-1",
        "outcome": "the service's own",
    }

    answer = read(draw(document, "show", "--json"))

    assert answer["request_id"] == "req-1"
    assert answer["outcome"] == "succeeded"
    assert answer["job"]["JOB_OWNER"] == {"id": 7}
    assert answer["tasks"][0]["TASK_LABELS"] == ["a"]
    assert answer["tasks"][0]["RETRYCOUNT"] == 0


def test_text_is_exact(draw: Draw) -> None:
    text = "构建 \x1b[31m \u202e [red]x[/red] \u2028 \x00 é 🔥"
    document = job(text, task(1, text, TASK_NAME=text, messages=text), JOB_NAME=text)

    result = draw(document, "show", "--json")
    answer = read(result)

    assert answer["job"]["JOB_NAME"] == answer["tasks"][0]["MESSAGES"] == text
    assert "\x1b" not in result.out
    assert "构建" in result.out


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_it_is_utf_8_whatever_stdout_is_set_to(draw: Draw, encoding: str) -> None:
    document = job("FAILED", task(1, "FAILED", messages="构建 \ud800"))

    result = draw(document, "show", "--json", encoding=encoding)

    assert (result.status, result.err) == (0, "")
    # A lone surrogate is no character, and jq 1.6 stops at its escape.
    assert '"detail": "构建 \ufffd"' in result.out


@pytest.mark.parametrize("options", [["show", "--json"], ["show", "-o", "jsonl"]])
def test_a_lone_surrogate_in_a_key_is_replaced_too(draw: Draw, options: list[str]) -> None:
    fields: dict[str, Any] = {"A\udfff\udc00": "\U0001f525"}
    result = draw(job("FAILED", task(1, **fields), **fields), *options)

    assert '"A\ufffd\ufffd": "\U0001f525"' in result.out
    assert not re.search("[\ud800-\udfff]|ud[8-f]", result.out)


class TestSchema:
    @pytest.mark.parametrize(
        "document",
        [
            documented_job(),
            in_v3(dict(documented_job())),
            many_tasks(105, failing_index=105),
            job(None, task_count=None),
            job("PAUSED", task_count="many"),
            job("RUNNING", task(1, "RUNNING"), task_count=7),
            job("FAILED", task(1, "FAILED", start=9, seconds=-5)),
            job("FAILED", separator(1, "\x1b"), task(2, "FAILED", messages=7)),
            {"job": {}, "tasks": [{}, {}]},
            {"JOB": {"job_id": 5}, "extra": [None]},
            *(job("FAILED", task(1, "FAILED", messages=sent)) for sent, _ in MESSAGES.values()),
        ],
    )
    @pytest.mark.parametrize("version", ["v2", "v3"])
    def test_holds_for_every_reply(
        self, draw: Draw, document: Mapping[str, Any], version: str
    ) -> None:
        answer = read(draw(document, "show", "--json", "--api-version", version))

        Draft202012Validator(SCHEMA).validate(answer)

    @pytest.mark.parametrize("name", SCHEMA["required"])
    def test_misses_what_is_left_out(self, draw: Draw, name: str) -> None:
        answer = read(draw(documented_job(), "show", "--json"))
        del answer[name]

        assert not Draft202012Validator(SCHEMA).is_valid(answer)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
class TestJq:
    @staticmethod
    def jq(program: str, document: str) -> list[str]:
        done = subprocess.run(
            ["jq", "--raw-output", program],  # noqa: S607 - wherever it is installed
            input=document.encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().split("\n")[:-1]

    @pytest.mark.parametrize(("messages", "detail"), MESSAGES.values(), ids=MESSAGES)
    def test_tells_the_detail_of_every_shape_of_message(
        self, draw: Draw, messages: object, detail: str | None
    ) -> None:
        document = job("FAILED", task(1), task(2, "FAILED", messages=messages))

        answer = draw(document, "show", "--json").out

        details = self.jq(".tasks[] | select(.failure) | .failure.detail", answer)
        assert "\n".join(details) == ("null" if detail is None else detail)

    def test_sees_what_was_not_finished(self, casjob: Casjob) -> None:
        answer = casjob("show", "--demo", "--json").out

        assert self.jq(".outcome, .complete, (.tasks | length)", answer) == ["failed", "true", "5"]


def test_what_could_drive_a_terminal_stands_there_as_an_escape(draw: Draw) -> None:
    said = "\x1b[2J\x7f\x9b31m\u202eabc\u2066\u200b\ufeff\u2028 构建 👩\u200d💻 \x00"
    finished = draw(job("FAILED", task(1, "FAILED", messages=said)), "show", "--json")

    assert read(finished)["tasks"][0]["MESSAGES"] == said
    assert "构建 👩\u200d💻" in finished.out
    drives = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff]"
    assert not re.search(drives, finished.out)
