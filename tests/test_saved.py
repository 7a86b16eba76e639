"""Jobs in files: `--from`, `--save`, and casjob's own JSON read again."""

import bz2
import gzip
import json
import lzma
import shlex
import shutil
import stat
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casjob.catalogue.meanings import Catalogue
from casjob.demo.replies import Samples, answer
from casjob.errors import CasjobError
from casjob.formats import json as json_format
from casjob.formats.display import Display
from casjob.formats.documents import Report, Task
from casjob.job.detail import Window
from casjob.job.failures import decode_messages
from casjob.job.report import report_job
from casjob.json_text import JsonValue
from casjob.saved import read_saved, save_job
from casjob.streams import OutputFile
from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.job.strategies import ANY_JSON
from tests.program import run_shell
from tests.samples import job, report_of, task
from tests.service import Reply, Service, documented_job, many_tasks

Ask = Callable[..., Finished]
Read = Callable[..., Finished]

HINT = (
    "  hint: expected a response of the job API, a file written by casjob show --save, or the"
    " output of casjob show --json\n"
)

ADDED_KEYS = sorted(Report.model_fields.keys() - {"job", "tasks", "task_count"})

NULL_IN_PATH = (
    "lstat: embedded null character in path"
    if sys.version_info >= (3, 13)
    else "embedded null byte"
)
"""What Python says of a NUL where a path is resolved."""


def reply(version: str, query: Mapping[str, str] | None = None, count: int = 5) -> str:
    """Return the body of a reply as curl and hcloud print it."""
    document = documented_job() if count == 5 else many_tasks(count, failing_index=count)
    path = f"/{version}/{PROJECT_ID}/cas/jobs/{JOB_ID}"
    sent = answer("GET", path, query or {}, Samples(lambda _: document))
    return json.dumps(sent.body, indent=4)


PAGES = ({"limit": "3"}, {"limit": "3", "offset": "3"})


@pytest.fixture
def job_json(tmp_path: Path) -> Path:
    return tmp_path / "job.json"


@pytest.fixture
def read(casjob: Casjob, job_json: Path) -> Read:
    """Return a way to show a job, or its tasks, from a file with some content."""

    def show(content: object, *words: str, command: str = "show") -> Finished:
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        job_json.write_bytes(content)
        return casjob(command, "--from", str(job_json), *words)

    return show


class TestAFile:
    @pytest.mark.parametrize("version", ["v2", "v3"])
    @pytest.mark.parametrize(
        ("command", "options"), [("show", []), ("tasks", []), ("show", ["--json"])]
    )
    def test_is_shown_as_the_service_would_be(
        self, read: Read, ask: Ask, version: str, command: str, options: list[str]
    ) -> None:
        shown = read(reply(version), *options, command=command)
        served = ask(command, JOB_ID, *options, "--api-version", version)

        expected = "".join(
            line for line in served.out.splitlines(keepends=True) if not line.startswith("next: ")
        )
        assert shown == (0, expected, "")

    @pytest.mark.parametrize("version", ["v2", "v3"])
    @pytest.mark.parametrize(
        "options",
        [
            ["--limit", "2"],
            ["--offset", "3"],
            ["--offset", "1", "--limit", "3"],
            ["--desc", "--limit", "2"],
            ["--desc", "--offset", "4"],
            ["--offset", "9"],
            ["--failed"],
            ["--status", "succeeded", "--limit", "1"],
        ],
    )
    def test_is_paged_as_the_service_is(
        self, ask: Ask, casjob: Casjob, job_json: Path, version: str, options: list[str]
    ) -> None:
        job_json.write_text(reply(version), encoding="utf-8")

        served = ask("tasks", JOB_ID, "--json", "--api-version", version, *options)
        assert casjob("tasks", "--from", str(job_json), "--json", *options) == served

    def test_is_filtered_by_the_jobs_instance(self, casjob: Casjob, job_json: Path) -> None:
        job_json.write_text(reply("v2"), encoding="utf-8")
        own = str(documented_job()["job"]["SERVICE_INSTANCE_ID"])

        def count(instance_id: str) -> int:
            words = ["--from", str(job_json), "--instance-id", instance_id, "--json"]
            return len(json.loads(casjob("tasks", *words).out)["tasks"])

        assert (count(own), count("another")) == (5, 0)

    def test_without_an_instance_is_not_filtered_by_one(self, read: Read, job_json: Path) -> None:
        assert read(job("FAILED", task(1)), "--instance-id", "i", command="tasks") == (
            2,
            "",
            (
                "casjob: --instance-id can't be applied to a saved job without"
                " SERVICE_INSTANCE_ID\n"
                f"  hint: leave it out to show all tasks in {job_json}\n"
            ),
        )

    def test_needs_no_settings_and_leaves_no_trace(
        self, casjob: Casjob, job_json: Path, tmp_path: Path
    ) -> None:
        job_json.write_text(reply("v2"), encoding="utf-8")
        config = tmp_path / ".config" / "casjob" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text("[default\n", encoding="utf-8")

        shown = casjob("show", "--from", str(job_json), environ={"CASJOB_PROFILE": "none"})

        assert (shown.status, shown.err) == (0, "")
        assert sorted(path.name for path in tmp_path.iterdir()) == [".config", "job.json"]

    @pytest.mark.parametrize("options", [["--exit-status"], ["--exit-status", "--json"]])
    def test_has_an_exit_status_if_asked_for(self, read: Read, options: list[str]) -> None:
        assert read(reply("v2"), *options).status == 1

    @pytest.mark.parametrize("command", ["show", "tasks"])
    @pytest.mark.parametrize(
        ("words", "message", "hint"),
        [
            (
                [JOB_ID],
                "a job id and --from can't be used together: the file holds one job",
                "leave out the job id",
            ),
            (
                ["--demo"],
                "--demo can't be used with a file: no request is sent",
                "leave out --demo",
            ),
            (
                ["--api-version", "v3", "--retries", "1"],
                "--api-version can't be used with a file: no request is sent",
                "leave out --api-version, --retries",
            ),
        ],
    )
    def test_leaves_nothing_to_ask_a_service(
        self, casjob: Casjob, command: str, words: list[str], message: str, hint: str
    ) -> None:
        shown = casjob(command, "--from", "job.json", *words)

        assert shown == (2, "", f"casjob: {message}\n  hint: {hint}\n")


class TestAPage:
    """A reply that a program got without paging: 20 tasks of more."""

    def test_is_said_to_be_one_without_blaming_the_service(
        self, read: Read, casjob: Casjob, job_json: Path
    ) -> None:
        shown = read(reply("v2", count=37))

        lines = shown.out.splitlines()
        assert lines[0] == "provision/provMain FAILED · PROVISION"
        assert lines[-2:] == [
            "20 of 20 steps succeeded · 20 of 37 tasks",
            f"note: {job_json} holds 20 of the job's 37 tasks.",
        ]
        document = json.loads(casjob("show", "--from", str(job_json), "--json").out)
        assert (document["complete"], document["elapsed_seconds"]) == (False, None)

    def test_that_has_all_tasks_is_the_whole(self, read: Read) -> None:
        shown = read(reply("v2", {"limit": "50"}, count=37))

        assert shown.out.splitlines()[-1] == "36 of 37 steps succeeded"

    def test_of_casjobs_own_is_one_too(self, read: Read, ask: Ask, job_json: Path) -> None:
        shown = read(ask("tasks", JOB_ID, "--failed", "--json").out)

        assert shown.out.splitlines()[-2:] == [
            "0 of 1 steps succeeded · 1 of 5 tasks",
            f"note: {job_json} holds 1 of the job's 5 tasks.",
        ]


RUNNING = job("RUNNING", task(1, seconds=5), task(4, "RUNNING", start=5, seconds=2), task_count=3)


class TestAJobThatRuns:
    def test_runs_until_the_files_latest_time_and_not_until_today(self, read: Read) -> None:
        shown = read(RUNNING)

        lines = shown.out.splitlines()
        assert lines[0] == "provision/provMain has been RUNNING for 7.0s · PROVISION"
        # Nothing says how long ago its last heartbeat was.
        assert lines[3] == "task 4 TX00004: running for 2.0s"
        assert lines[-1] == "2 of 3 tasks reported"

    def test_without_any_time_runs_for_no_known_time(self, read: Read) -> None:
        shown = read('{"job": {"EXECUTION_STATUS": "RUNNING"}}')

        assert shown.out.splitlines()[0] == "(no name) RUNNING"

    @pytest.mark.parametrize("keep", ["--save", "--json"])
    def test_is_kept_as_it_was_at_the_time_of_the_reply(
        self, read: Read, ask: Ask, service: Service, job_json: Path, keep: str
    ) -> None:
        date = format_datetime(datetime(2020, 2, 4, 4, 1, 20, tzinfo=UTC), usegmt=True)
        service.handler = lambda request: Reply(
            body=RUNNING if request.query["offset"] == ["0"] else {**RUNNING, "tasks": []},
            headers={"Date": date},
        )
        served = ask("show", JOB_ID)
        kept = ask("show", JOB_ID, *([keep, str(job_json)] if keep == "--save" else [keep]))
        content = kept.out if keep == "--json" else job_json.read_bytes()

        shown = read(content)

        assert shown.out.splitlines() == served.out.splitlines()[:-1]
        assert shown.out.startswith("provision/provMain has been RUNNING for 17.0s")

    def test_does_not_begin_with_the_first_task_of_an_excerpt(
        self, read: Read, casjob: Casjob, job_json: Path
    ) -> None:
        job_json.write_text(json.dumps(RUNNING), encoding="utf-8")
        last = casjob("tasks", "--from", str(job_json), "--desc", "--limit", "1", "--json")
        shown = read(last.out)

        lines = shown.out.splitlines()
        assert lines[0] == "provision/provMain RUNNING · PROVISION"
        assert lines[-1] == f"note: {job_json} holds 1 of the job's 3 tasks."

    def test_that_has_not_begun_lacks_nothing(self, read: Read) -> None:
        document = job("SUBMITTED", task_count=5)
        shown = read(json_format.report(report_of(document), Display()))

        assert shown.out.splitlines()[-1] == "0 of 5 tasks reported"


UTF_16 = "it may be in UTF-16 without a byte order mark: convert it to UTF-8, or save it as UTF-8"


class TestWhatItHolds:
    @pytest.mark.parametrize(
        "encode",
        [
            lambda text: b"\xef\xbb\xbf" + text.encode(),
            lambda text: text.replace("\n", "\r\n").encode(),
            lambda text: f"\n\n  {text}\n\n\n".encode(),
            lambda text: text.encode("utf-16"),
            lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
        ],
        ids=["BOM", "CRLF", "blank lines", "UTF-16", "UTF-16 big-endian"],
    )
    def test_may_be_as_programs_write_it(self, read: Read, encode: Callable[[str], bytes]) -> None:
        expected = read(reply("v2"))
        assert read(encode(reply("v2"))) == expected

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (
                '{"error_code": "SVCSTG.00100429", "error_msg": "job not found"}',
                "{} holds no job, but an error: SVCSTG.00100429 job not found",
            ),
            (
                'HTTP/1.1 404 Not Found\r\n\r\n{"error_code": "SVCSTG.00100429"}',
                "{} holds no job, but an error: SVCSTG.00100429",
            ),
            ('{"verdicts": []}', "{} holds no job"),
            (
                '{"schema_version": 1, "base": {}, "job": {}, "tasks": []}',
                "{} is a comparison of two jobs, not a job",
            ),
            (
                '[{"schema_version": 1, "base": {}, "job": {"job_id": "JOB1"}, "tasks": []}]',
                "{} is a comparison of two jobs, not a job",
            ),
            (f'{{"data": {{"result": {json.dumps(documented_job())}}}}}', "{} holds no job"),
            # The message is the job's, and not an answer in its place.
            (f'{{"jobs": [{json.dumps(documented_job())}]}}', "{} holds no job"),
            (
                "\n".join(["[" * 99] * 9 + ["]" * 99] * 9),
                "{} exceeds a limit of casjob: nested more than 200 levels deep",
            ),
            (
                f'{{"job": {{"a": {"9" * 5000}}}}}',
                "{} exceeds a limit of casjob: a number of more than 4300 digits",
            ),
            (
                json.dumps({"job": {}, "tasks": [{}] * 600_000}),
                "{} exceeds a limit of casjob: more than 1000000 commas and opening brackets",
            ),
            ("<!DOCTYPE html>\n<title>Sign in</title>", "{} is a page of HTML, not JSON"),
            ('<?xml version="1.0"?><testsuite/>', "{} is XML, not JSON"),
            ("job:\n  JOB_ID: JOB1\n", "{} is YAML, not JSON"),
            ("---\njob:\n", "{} is YAML, not JSON"),
            ("+----+\n| a  |\n", "{} is a table, not JSON"),
            ("x FAILED\n\n  #  TASK  STEP\n  1  A\n", "{} is a table, not JSON"),
            (
                "TASK_ID,TASK_INDEX,TASK_NAME\nTask-1,1,A\n",
                "{} is a table with separated values, not JSON",
            ),
            ("[]", "{} can't be understood: it is a list, not an object"),
            ('{"job": 1}', "{} can't be understood: job is a number, not an object"),
            (
                '{"schema_version": 1, "job": {}, "tasks": [1]}',
                "{} can't be understood: tasks[0] is a number, not an object",
            ),
            (
                '{"schema_version": 1, "job": {}, "tasks": {}}',
                "{} can't be understood: tasks is an object, not a list",
            ),
            (
                "HTTP/1.1 200 OK\r\nDate: x\r\n\r\n{}",
                ("{} is not JSON (error at line 1, column 1); it begins with HTTP/1.1 200 OK"),
            ),
            (
                '{"job": {}}200',
                ('{} is not JSON (error at line 1, column 12); it begins with {{"job": {{}}}}200'),
            ),
            (
                '{"job": {"a": "\x00\xff',
                (
                    "{} is not JSON (error at line 1, column 16);"
                    ' it begins with {{"job": {{"a": "\\x00\xff'
                ),
            ),
        ],
    )
    def test_is_explained_if_it_is_no_job(
        self, read: Read, job_json: Path, content: str, message: str
    ) -> None:
        shown = read(content)

        assert shown == (7, "", f"casjob: {message.format(job_json)}\n{HINT}")

    @pytest.mark.parametrize(
        "content",
        [
            f"HTTP/2 200\r\ndate: now\r\ncontent-type: application/json\r\n\r\n{reply('v2')}",
            f"[{reply('v2')}]",
            f'{{"status": 200, "data": {reply("v2")}}}',
            f"{reply('v2')}200\n",
            f'12:00 INFO {{it}} sent:\n{reply("v3")} in 3ms\n12:01 INFO {{"a": 1}}\n',
            f"\x1b[1;39m{reply('v2')}\x1b[0m\n",
            f"Response: {json.loads(reply('v2'))!r}\n",
            # A page a line, as a list of pages, and a job that was polled.
            "".join(f"{json.dumps(json.loads(reply('v2', each)))}\n" for each in PAGES),
            f"[{','.join(reply('v2', each) for each in PAGES)}]",
            f"{reply('v2', PAGES[0])}\n{reply('v2')}",
        ],
        ids=[
            "curl -i",
            "list",
            "object",
            "curl -w",
            "log",
            "colour",
            "Python",
            "lines",
            "pages",
            "polls",
        ],
    )
    def test_may_be_within_other_text(self, read: Read, content: str) -> None:
        whole = read(reply("v2"), "--json", command="tasks")
        shown = read(content, "--json", command="tasks")

        assert shown.err == ""
        for document in (shown, whole):
            assert document.status == 0
        assert [task["TASK_ID"] for task in json.loads(shown.out)["tasks"]] == [
            task["TASK_ID"] for task in json.loads(whole.out)["tasks"]
        ]

    @pytest.mark.parametrize("cut", [10, 100])
    def test_within_other_text_is_not_completed_if_it_is_cut(
        self, read: Read, job_json: Path, cut: int
    ) -> None:
        shown = read(f"got {reply('v2')[:-cut]}")

        assert shown.status == 7
        assert shown.err.startswith(f"casjob: {job_json} is not JSON (error at line 1, ")

    def test_has_a_task_once_as_the_service_is_read(
        self, read: Read, ask: Ask, service: Service
    ) -> None:
        twice = [task(1), task(2, "RUNNING"), task(2, "FAILED")]
        document = job("FAILED", *twice, task_count=2)
        service.handler = lambda _: Reply(body=document)

        served = ask("tasks", JOB_ID, "--json")
        shown = read(document, "--json", command="tasks")

        tasks = json.loads(shown.out)["tasks"]
        assert [each["TASK_STATUS"] for each in tasks] == ["SUCCEEDED", "FAILED"]
        assert tasks == json.loads(served.out)["tasks"]
        note = "note: The service sent these tasks more than once; each is shown once: Task-00002."
        whole = read(document).out.splitlines()
        assert whole[-2:] == ["1 of 2 steps succeeded", note]
        # A job that was polled has each task several times.
        polled = read("\n".join(json.dumps({**document, "tasks": [each]}) for each in twice))
        assert polled.out.splitlines() == whole[:-1]

    def test_are_not_several_jobs(self, read: Read, job_json: Path) -> None:
        one = json.dumps(json.loads(reply("v2")))
        assert read(f"{one}\n{one.replace('JOB4', 'JOB5')}\n") == (
            7,
            "",
            f"casjob: {job_json} holds 2 jobs\n  hint: --from reads one job: keep that one\n",
        )

    @pytest.mark.parametrize(
        ("content", "message", "hint"),
        [
            (
                '{"x": "构建失败"}'.encode("gbk"),
                "is not in UTF-8: byte 0xb9 in line 1",
                "it may be in GBK: convert it to UTF-8, or save it as UTF-8",
            ),
            (
                '{"x":\n"Gebäude"}'.encode("cp1252"),
                "is not in UTF-8: byte 0xe4 in line 2",
                "it may be in Windows-1252: convert it to UTF-8, or save it as UTF-8",
            ),
            ('{"x": "ä"}'.encode("utf-16-le"), "is not in UTF-8: byte 0xe4 in line 1", UTF_16),
            ("\r\n[]ä".encode("utf-16-be") * 2, "is not in UTF-8: byte 0xe4 in line 2", UTF_16),
            # No encoding makes all of it a text.
            ('{"x": "Straße"}'.encode() + b"\xff", "is not in UTF-8: byte 0xff in line 1", None),
            (b'{"x": "\xff"}', "is not in UTF-8: byte 0xff in line 1", None),
            ('{"x": "ß"}'.encode() + b"\xe4", "is not in UTF-8: byte 0xe4 in line 1", None),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not in UTF-8: byte 0x89 in line 1", None),
            (b"\x80\0\0\0\x81\x82", "is not in UTF-8: byte 0x80 in line 1", None),
            *(
                (content, f"is {kind}: unpack it first", None)
                for content, kind in (
                    (gzip.compress(b"{}", mtime=0), "compressed with gzip"),
                    (bz2.compress(b"{}"), "compressed with bzip2"),
                    (lzma.compress(b"{}"), "compressed with xz"),
                    (b"\x28\xb5\x2f\xfd\x04\x00", "compressed with zstd"),
                    (b"PK\x03\x04", "a zip archive"),
                )
            ),
            (
                b'{"log": {"version": "1.2", "entries": []}}',
                "is a browser's HTTP archive (HAR), not an API response",
                f"copy the response out of it; {HINT[8:-1]}",
            ),
            (
                b'{"schema_version": 99, "job": {}}',
                "has schema_version 99, and this casjob reads 1",
                "a newer casjob may have written it",
            ),
        ],
    )
    def test_is_named_if_it_is_something_else(
        self, read: Read, job_json: Path, content: bytes, message: str, hint: str | None
    ) -> None:
        shown = read(content)

        hint = f"  hint: {hint}\n" if hint else HINT
        assert shown == (7, "", f"casjob: {job_json} {message}\n{hint}")

    def test_may_be_more_than_the_memory_takes(self, clean_environ: dict[str, str]) -> None:
        shown = run_shell("ulimit -v 300000; casjob show --from /dev/zero", clean_environ)

        assert shown == (7, "", "casjob: there is not enough memory for so large a job\n")

    def test_takes_no_more_memory_than_it_has(self, job_json: Path) -> None:
        job_json.write_text(reply("v2"), encoding="utf-8")
        tracemalloc.start()
        try:
            read_saved(str(job_json))
            assert tracemalloc.get_traced_memory()[1] < 50_000_000
        finally:
            tracemalloc.stop()

    def test_may_be_nothing(self, read: Read, job_json: Path) -> None:
        assert read("\n") == (
            7,
            "",
            f"casjob: {job_json} is empty\n  hint: the command that wrote it may have failed\n",
        )

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("none.json", "No such file or directory"),
            (".", "Is a directory"),
            ("x" * 256, "File name too long"),
            ("a\0b", "embedded null byte"),
        ],
    )
    def test_may_be_nowhere(self, casjob: Casjob, tmp_path: Path, name: str, reason: str) -> None:
        file = f"{tmp_path}/{name}"
        shown = casjob("show", "--from", file)

        printed = file.replace("\0", r"\x00")
        assert shown == (2, "", f"casjob: can't read {printed}: {reason}\n")

    def test_may_have_no_end(self, casjob: Casjob) -> None:
        shown = casjob("show", "--from", "/dev/zero")

        message = "casjob: /dev/zero is larger than casjob's limit of 256 MiB\n"
        assert shown == (7, "", message + HINT)

    @given(content=st.binary())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_may_be_any_bytes(self, job_json: Path, content: bytes) -> None:
        job_json.write_bytes(content)
        with pytest.raises(CasjobError):
            read_saved(str(job_json))

    @given(
        fields=st.dictionaries(st.sampled_from([*ADDED_KEYS, "job", "tasks"]), ANY_JSON),
        own_job=st.dictionaries(st.text(), ANY_JSON),
        own_tasks=st.lists(
            st.dictionaries(st.sampled_from([*Task.__annotations__, "CREATED_AT", "x"]), ANY_JSON)
        ),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_may_be_any_json(
        self,
        job_json: Path,
        fields: dict[str, JsonValue],
        own_job: dict[str, JsonValue],
        own_tasks: list[JsonValue],
    ) -> None:
        document = {"job": own_job, "tasks": own_tasks, **fields}
        job_json.write_text(json.dumps(document), encoding="utf-8")
        try:
            saved = read_saved(str(job_json))
        except CasjobError:
            return
        assert report_job(saved.select(Window()), catalogue=Catalogue())


class TestAPipe:
    @pytest.mark.parametrize("version", ["v2", "v3"])
    def test_from_curl_is_read(
        self, version: str, clean_environ: dict[str, str], service: Service
    ) -> None:
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        url = f"{service.url}/{version}/{PROJECT_ID}/cas/jobs/{JOB_ID}"

        shown = run_shell(
            f"curl -sS -H 'X-Auth-Token: t' {url} | casjob show --from -", clean_environ
        )

        assert (shown.status, shown.err) == (0, "")
        assert "  ECC00011  Building failed.\n" in shown.out
        (request,) = service.requests
        assert request.headers["X-Auth-Token"] == "t"

    def test_from_hcloud_is_read(self, clean_environ: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "reply").write_text(reply("v2"), encoding="utf-8")
        program = tmp_path / "hcloud"
        program.write_text(f"#!/bin/sh\ncat {shlex.quote(str(tmp_path))}/reply\n")
        program.chmod(0o755)
        line = "hcloud ServiceStage ShowJobInfo --job_id=JOB1 | casjob tasks --from - --failed"
        path = f"{tmp_path}:{clean_environ['PATH']}"

        shown = run_shell(line, {**clean_environ, "PATH": path})

        assert shown == (
            0,
            (
                "#  TASK     STEP                           TYPE     STATUS  STARTED   ELAPSED"
                "  CODE      DETAIL\n"
                "9  TN00097  wait for the build to succeed  restful  FAILED  04:01:08    30.0s"
                "  ECC00011  Building failed.\n"
                "\n"
                "1 of 5 tasks\n"
            ),
            "",
        )

    def test_from_casjob_is_a_fixed_point(self, clean_environ: dict[str, str]) -> None:
        again = "casjob show --from - --json"
        line = (
            f"casjob show --demo --json | tee a | {again} | tee b | {again} > c; cmp a b && cmp b c"
        )
        folder = Path(clean_environ["HOME"])

        assert run_shell(line, clean_environ, cwd=folder) == (0, "", "")
        assert (folder / "a").stat().st_size > 1000

    def test_is_named_in_errors(self, clean_environ: dict[str, str]) -> None:
        shown = run_shell("echo no | casjob show --from -", clean_environ)

        assert shown.status == 7
        assert shown.err.startswith("casjob: stdin is not JSON (")

    def test_may_be_closed(self, clean_environ: dict[str, str]) -> None:
        shown = run_shell("casjob show --from - <&-", clean_environ)

        assert shown == (2, "", "casjob: can't read stdin: it is closed\n")

    def test_may_have_a_name(self, clean_environ: dict[str, str], tmp_path: Path) -> None:
        line = "mkfifo pipe; casjob show --demo --json > pipe & casjob show --from pipe | head -1"

        shown = run_shell(line, clean_environ, cwd=tmp_path)

        assert shown == (0, "provision/provMain FAILED after 35.6s · PROVISION\n", "")


MESSAGES = st.one_of(
    st.text(),
    ANY_JSON,
    ANY_JSON.map(lambda value: json.dumps(value, indent=1)),
    ANY_JSON.map(lambda value: json.dumps({"Message": "ECC00011", "Detail": json.dumps(value)})),
    ANY_JSON.map(lambda value: f"got {json.dumps(value)}"),
    st.sampled_from(
        [
            '{ "a":[1, "{}"] }',
            '{"error_code":"S.1","error_message":"{"code":"VPC.0202","message":"Query"}"}',
            '{"a": 1.0e5, "b": 1e-7, "a": 2}',
            '{"x":  "got {\\"code\\": \\"VPC.0202\\", \\"message\\": \\"q\\"}"}',
            "[" * 199 + "]" * 199,
            "[" * 201 + "]" * 201,
        ]
    ),
)


class TestCasjobsOwnJson:
    @given(
        status=st.sampled_from(
            ["FAILED", "SUCCEEDED", "RUNNING", "SUBMITTED", "UNKNOWN", "X", None]
        ),
        tasks=st.lists(
            st.tuples(
                st.sampled_from(["FAILED", "SUCCEEDED", "RUNNING", "CANCELLED", None]),
                MESSAGES,
                st.dictionaries(st.text(max_size=3), ANY_JSON, max_size=2),
                st.none() | st.integers(0, 9),
            ),
            max_size=4,
        ),
        count=st.sampled_from([..., None, 2, 5, "3", -1]),
        rest=st.dictionaries(st.text(max_size=3) | st.sampled_from(ADDED_KEYS), ANY_JSON),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_is_read_as_what_was_sent(
        self, job_json: Path, status: str | None, tasks: list[Any], count: object, rest: Any
    ) -> None:
        sent = job(
            status,
            *(
                {
                    **task(index, state, start=place, messages=messages, TASK_ID=f"Task-{place}"),
                    **more,
                }
                for place, (state, messages, more, index) in enumerate(tasks)
            ),
            task_count=count,
        )
        first = json_format.report(report_of({**rest, **sent}), Display())
        job_json.write_bytes(first)

        saved = read_saved(str(job_json))
        detail = saved.select(Window())
        report = report_job(detail, catalogue=Catalogue(), missing=saved.missing)
        second = json_format.report(report, Display())

        # JSON of no known shape is a detail as it was sent, but only until it was decoded.
        assert decode_messages(json.loads(second)) == decode_messages(json.loads(first))


class TestSave:
    def test_keeps_what_the_service_sent(self, ask: Ask, service: Service, job_json: Path) -> None:
        date = "Tue, 04 Feb 2020 04:02:03 GMT"
        body = {**documented_job(), "next": None}
        service.script = [Reply(body=body, headers={"Date": date})]

        shown = ask("show", JOB_ID, "--save", str(job_json))

        saved = json.loads(job_json.read_bytes())
        assert (shown.status, shown.err) == (0, "")
        place = {"region": None, "project_id": PROJECT_ID, "component": None}
        assert saved == {**body, "as_of": "2020-02-04T04:02:03+00:00", "place": place}
        assert stat.S_IMODE(job_json.stat().st_mode) == 0o600
        assert "a-token" not in job_json.read_text(encoding="utf-8")

    @pytest.mark.parametrize("version", ["v2", "v3"])
    @pytest.mark.parametrize(
        "options", [[], ["--limit", "3"], ["--desc", "--offset", "40"], ["--failed"]]
    )
    def test_keeps_all_tasks_whichever_are_shown(
        self,
        ask: Ask,
        casjob: Casjob,
        service: Service,
        job_json: Path,
        version: str,
        options: list[str],
    ) -> None:
        service.jobs[JOB_ID] = many_tasks(105, failing_index=105)
        words = ["tasks", JOB_ID, "--api-version", version, *options]

        plain = ask(*words)
        shown = ask(*words, "--save", str(job_json))

        assert shown == plain
        from_file = casjob("tasks", "--from", str(job_json), *options)
        assert from_file == plain
        whole = casjob("show", "--from", str(job_json))
        assert whole.out.splitlines()[-1] == "104 of 105 steps succeeded"

    def test_of_a_file_is_the_same_again(self, casjob: Casjob, job_json: Path) -> None:
        casjob("show", "--demo", "--save", str(job_json))
        content = job_json.read_bytes()

        casjob("show", "--from", str(job_json), "--save", str(job_json))

        assert job_json.read_bytes() == content

    def test_of_a_job_without_any_time_has_none(self, job_json: Path) -> None:
        job_json.write_text('{"job": {}}', encoding="utf-8")
        saved = read_saved(str(job_json))
        save_job(OutputFile(job_json), saved.select(Window()))

        assert json.loads(job_json.read_bytes()) == {
            "job": {},
            "tasks": [],
            "task_count": None,
            "as_of": None,
            "place": {"region": None, "project_id": None, "component": None},
        }

    def test_needs_the_whole_job(self, ask: Ask, service: Service) -> None:
        assert ask("tasks", JOB_ID, "--save", "x", "--instance-id", "i") == (
            2,
            "",
            "casjob: --save writes the whole job: it can't be used with --instance-id\n",
        )
        assert service.requests == []
