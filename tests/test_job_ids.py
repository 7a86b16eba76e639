import io
from collections.abc import Callable
from contextlib import suppress

import pytest

from casjob.errors import UsageError
from casjob.job_ids import read_job_ids
from tests.conftest import Finished
from tests.program import run_shell
from tests.service import Service


def collect(*arguments: str, stdin: str = "") -> list[str]:
    return read_job_ids(arguments, io.TextIOWrapper(io.BytesIO(stdin.encode())))


def test_arguments_are_taken_in_their_order_and_each_once() -> None:
    assert collect("JOB2", "JOB1", "JOB2") == ["JOB2", "JOB1"]


def test_a_dash_stands_for_what_stdin_has() -> None:
    assert collect("JOB1", "-", "JOB4", "-", stdin="JOB2\nJOB1\n") == ["JOB1", "JOB2", "JOB4"]


@pytest.mark.parametrize(
    ("printed", "ids"),
    [
        # Lines.
        ("JOB1", ["JOB1"]),
        ("JOB1\r\n\n  JOB2  \n", ["JOB1", "JOB2"]),
        ("\ufeffJOB1\n", ["JOB1"]),
        ("123\n", ["123"]),
        # KooCLI, with and without --cli-query.
        ('{\n  "component_id": "c",\n  "job_id": "JOB1"\n}', ["JOB1"]),
        ('"JOB1"', ["JOB1"]),
        # terraform output -json, with and without a name; its types name fields, too.
        ('{"job_id": {"sensitive": false, "type": "string", "value": "JOB1"}}', ["JOB1"]),
        (
            (
                '{"jobs": {"type": ["object", {"a": ["object", {"job_id": "string"}]}],'
                ' "value": {"a": {"job_id": "JOB1"}}}}'
            ),
            ["JOB1"],
        ),
        ('{"job_ids": {"type": ["list", "string"], "value": ["JOB1", "JOB2"]}}', ["JOB1", "JOB2"]),
        ('{"job_ids": {"a": "JOB1", "b": "JOB2"}}', ["JOB1", "JOB2"]),
        ('["JOB1", "JOB2"]', ["JOB1", "JOB2"]),
        ('["JOB1", {"job_id": "JOB2"}, []]', ["JOB1", "JOB2"]),
        # JSON lines, and the records of a component.
        ('{"job_id": "JOB1"}\n{"job_id": "JOB2"}\n', ["JOB1", "JOB2"]),
        (
            '{"records": [{"jobs": [{"job_id": "JOB1"}]}, {"jobs": [{"job_id": "JOB2"}]}]}',
            ["JOB1", "JOB2"],
        ),
        # Beside an id, other keys may be empty.
        ('{"last_job_id": "JOB1", "job_id": null, "spec": {"job_id": ""}}', ["JOB1"]),
        ('{"job_id": "JOB1", "error_code": "E1"}\n{"level": "info", "code": 200}', ["JOB1"]),
        ('{"job_id": "JOB1", "tasks": [{"error_code": "E1"}]}', ["JOB1"]),
        # casjob's own.
        ('{"name": "web", "last_job_id": null}\n{"last_job_id": "JOB1"}', ["JOB1"]),
        ('{"job": {"JOB_ID": "JOB1"}, "tasks": [{"TASK_ID": "Task-1"}]}', ["JOB1"]),
    ],
)
def test_stdin_may_hold_what_programs_print(printed: str, ids: list[str]) -> None:
    assert collect("-", stdin=printed) == ids


@pytest.mark.parametrize(
    ("printed", "ids"),
    [
        ('A new version is there.\n{\n  "job_id": "JOB1"\n}', ["JOB1"]),
        # terraform output, with and without a name.
        ('job_id = "JOB1"\nregion = "cn-north-4"\n', ["JOB1"]),
        ('job_ids = tolist([\n  "JOB1",\n  "JOB2",\n])\nregion = "r"\n', ["JOB1", "JOB2"]),
        # The SDKs' own notations, of Go, Java and Python.
        ('CreateComponentResponse {"component_id":"c","job_id":"JOB1"}', ["JOB1"]),
        ("class CreateComponentResponse {\n    componentId: c\n    jobId: JOB1\n}", ["JOB1"]),
        ("{'component_id': 'c', 'job_id': 'JOB1'}", ["JOB1"]),
        ("2026-11-24 the job JOB1 was created, after xJOB2", ["JOB1"]),
        ('{"level": "error", "error": "reset"}\n{broken\nstarted JOB1\ntook 5s\n', ["JOB1"]),
    ],
)
def test_of_other_text_whole_ids_are_read(printed: str, ids: list[str]) -> None:
    for number in "12":
        whole = f"JOB0000000{number}-0000-4000-8000-000000000000"
        printed = printed.replace(f"JOB{number}", whole)
        ids = [whole if job_id == f"JOB{number}" else job_id for job_id in ids]

    assert collect("-", stdin=printed) == ids


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "\n \n",
        "{}",
        "null",
        "[]",
        '{"job_id": null}',
        '{"job_id": ""}',
        '{"job_id": 5}',
        '{"jobs": []}',
        '{"components": [{"last_job_id": null}]}',
        '{"schema_version": 1, "components": [{"name": "web"}]}',
        '{"schema_version": 1, "component": {"name": "web"}, "deployments": []}',
    ],
)
def test_stdin_without_an_id_is_told(printed: str) -> None:
    with pytest.raises(UsageError) as caught:
        collect("-", stdin=printed)

    assert caught.value.message == "no job id on stdin"
    assert caught.value.hint == "write one id per line, or JSON with job_id or last_job_id in it"


@pytest.mark.parametrize(
    "printed",
    [
        '{"schema_version": 1, "complete": true, "components": []}',
        '{"schema_version": 1, "components": [{"name": "web", "last_job_id": null}]}',
        '{"schema_version": 1, "component": {"last_job_id": null}, "deployments": []}',
        '{"schema_version": 1, "component": {"last_job_id": null}, "deployments": null}',
        '{"schema_version": 1, "jobs": []}\n',
    ],
)
def test_a_list_of_casjobs_own_without_a_job_names_none(printed: str) -> None:
    assert collect("-", stdin=printed) == []
    assert collect("JOB1", "-", stdin=printed) == ["JOB1"]


WHOLE = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"


@pytest.mark.parametrize(
    "printed",
    [
        f"\ufeff{WHOLE}\r\n".encode(),
        # PowerShell's.
        f"{WHOLE}\r\n".encode("utf-16"),
        b"\xfe\xff" + f'{{"job_id": "{WHOLE}"}}'.encode("utf-16-be"),
        f"{WHOLE}\n".encode("utf-32"),
        # Logs of a CI, with colours and links.
        f"\x1b[32mstarted {WHOLE}\x1b[0m\n".encode(),
        f"\x1b[1;31m{WHOLE}\x1b[K\r\n".encode(),
        f"\x1b]8;;https://example.com\x07{WHOLE}\x1b]8;;\x1b\\\n".encode(),
        f'\x1b[1;39m{{\x1b[34;1m"job_id"\x1b[0m: \x1b[32m"{WHOLE}"\x1b[0m}}'.encode(),
        # Chats and editors.
        WHOLE.replace("-", "\u2011").encode(),
        WHOLE.replace("-", "\u2013").replace("JOB", "JOB\u200b").encode(),
        f"\u201c{WHOLE}\u201d\u00a0".encode(),
        f"部署 {WHOLE} 失败".encode("gbk"),
    ],
)
def test_an_id_is_read_from_any_encoding_and_from_what_is_typeset(printed: bytes) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(printed), encoding="ascii")
    assert read_job_ids(["-"], stdin) == [WHOLE]
    # So it is from an argument, which the system decodes.
    with suppress(UnicodeDecodeError):
        assert read_job_ids([printed.decode()], None) == [WHOLE]


ERROR = '{"error_code": "SVCSTG.00100400", "error_msg": "bad request"}'


@pytest.mark.parametrize("printed", [ERROR, f"\x1b[31m{ERROR}\n", f"error: {ERROR}\nfailed\n"])
def test_an_error_of_the_program_before_the_pipe_is_quoted(printed: str) -> None:
    with pytest.raises(UsageError) as caught:
        collect("-", stdin=printed)

    said = "no job id on stdin: the program before the pipe said SVCSTG.00100400 bad request"
    assert caught.value.message.startswith(said)


GOOD = f'{{"job_id": "{WHOLE}"}}'
UNNAMED = '{"job_id": null, "name": "b"}'
SAID = ": the program before the pipe said SVCSTG.00100400 bad request"


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (f"{GOOD}\n{ERROR}\n", f"1 of 2 on stdin has no job id{SAID}"),
        (f"{ERROR}\n{GOOD}\n", f"1 of 2 on stdin has no job id{SAID}"),
        (f"[{GOOD}, {ERROR}]", f"1 of 2 on stdin has no job id{SAID}"),
        (f'{{"results": [{GOOD}, {ERROR}, {ERROR}]}}', f"2 of 3 on stdin have no job id{SAID}"),
        (f"Deploying.\n{GOOD}\n{ERROR}\n", f"1 of 2 on stdin has no job id{SAID}"),
        (f"started {WHOLE}\n{ERROR}\n", f"1 of 2 on stdin has no job id{SAID}"),
        (f'{GOOD}\n{{"code": "APIGW.0301"}}', "1 of 2 on stdin has no job id"),
        (f'{GOOD}\n{{"error": {{"code": 401}}}}', "1 of 2 on stdin has no job id"),
        (f'{GOOD}\n{{"error_msg": "bad request"}}', "1 of 2 on stdin has no job id"),
        (f"[{GOOD}, {UNNAMED}]", "1 of 2 on stdin has no job id"),
        (f"{GOOD}\n{UNNAMED}\n", "1 of 2 on stdin has no job id"),
        (f"Deploying.\n{GOOD}\n{UNNAMED}\n", "1 of 2 on stdin has no job id"),
        (f'{GOOD}\n{{"job_id": ""}}\n{{"jobId": 5}}\n', "2 of 3 on stdin have no job id"),
        (f'{{"records": [{{"jobs": [{GOOD}]}}, {{"jobs": [{UNNAMED}]}}]}}', None),
        (f'{{"job_ids": {{"type": "map", "value": {{"a": "{WHOLE}", "b": null}}}}}}', None),
        (f'["{WHOLE}", null]', None),
        # jq, with and without -r.
        (f'"{WHOLE}"\nnull\n', None),
        (f"{WHOLE}\nnull\n", None),
    ],
)
def test_what_has_no_id_beside_what_has_one_is_told(printed: str, told: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        collect("-", stdin=printed)

    assert caught.value.message.startswith(told or "1 of 2 on stdin has no job id")


def test_a_stdin_that_can_not_be_read_is_told(clean_environ: dict[str, str]) -> None:
    told = "casjob: can't read stdin: Bad file descriptor\n"
    assert run_shell("casjob wait --demo - 0> /dev/null", clean_environ) == (2, "", told)


def test_there_may_be_no_stdin() -> None:
    with pytest.raises(UsageError, match="no job id on stdin"):
        read_job_ids(["-"], None)


def test_stdin_that_is_no_text_is_told() -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"JOB1\xff"), encoding="utf-8")

    with pytest.raises(UsageError, match="can't read stdin: 'utf-8' codec can't decode"):
        read_job_ids(["-"], stdin)


class TestALongStdin:
    LIMIT = 64 * 1024 * 1024

    def pad(self, length: int) -> io.TextIOWrapper:
        """Return a stdin of so many characters, with an id at its end."""
        return io.TextIOWrapper(io.BytesIO(b"\nJOB1".rjust(length)), encoding="utf-8")

    def test_is_read_to_its_end(self) -> None:
        assert read_job_ids(["-"], self.pad(self.LIMIT)) == ["JOB1"]

    def test_is_refused_rather_than_read_in_part(
        self, ask: Callable[..., Finished], service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", self.pad(self.LIMIT + 1))

        told = "casjob: stdin is longer than casjob's limit of 67108864 characters\n"
        hint = "  hint: write only the job ids, one per line\n"
        assert ask("wait", "-") == (2, "", told + hint)
        assert not service.requests


def test_what_can_be_no_id_on_stdin_is_told() -> None:
    with pytest.raises(UsageError, match="'jobId: null' is not a job id"):
        collect("-", stdin="jobId: null")
