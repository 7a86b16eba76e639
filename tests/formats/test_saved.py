"""--output-file: one format goes to a file, and the table to stdout."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from tests.conftest import JOB_ID, Casjob, Finished
from tests.program import CASJOB
from tests.service import Service

Ask = Callable[..., Finished]

FORMATS = ("json", "jsonl", "csv", "tsv", "markdown", "junit", "html", "svg", "github")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder / "report"


@pytest.mark.parametrize("command", ["show", "tasks"])
@pytest.mark.parametrize("output", FORMATS)
def test_the_file_has_the_format_and_stdout_the_table(
    ask: Ask, file: Path, command: str, output: str
) -> None:
    finished = ask(command, JOB_ID, "-o", output, "--output-file", str(file))

    assert finished == ask(command, JOB_ID)
    assert file.read_text("utf-8") == ask(command, JOB_ID, "-o", output).out
    assert list(file.parent.iterdir()) == [file]


def test_json_is_short_for_its_format(ask: Ask, file: Path) -> None:
    finished = ask("show", JOB_ID, "--json", "--output-file", str(file))

    assert finished == ask("show", JOB_ID)
    assert json.loads(file.read_bytes())["outcome"] == "failed"


@pytest.mark.parametrize(
    ("name", "output"),
    [
        *((f"r.{each}", each) for each in ("html", "svg", "json", "jsonl", "csv", "tsv")),
        ("R.MD", "markdown"),
        ("r.xml", "junit"),
        ("r.htm", "html"),
        ("r.NDJSON", "jsonl"),
    ],
)
def test_the_name_of_the_file_tells_the_format(
    ask: Ask, file: Path, name: str, output: str
) -> None:
    file = file.with_name(name)
    finished = ask("show", JOB_ID, "--output-file", str(file))

    assert finished == ask("show", JOB_ID)
    assert file.read_text("utf-8") == ask("show", JOB_ID, "-o", output).out
    ask("show", JOB_ID, "-o", "github", "--output-file", str(file))
    assert file.read_text("utf-8").startswith("::error")


def test_the_format_of_a_name_may_not_be_supported(casjob: Casjob, file: Path) -> None:
    file = file.with_name("differences.svg")
    finished = casjob("diff", "--component", "web", "--demo", "--output-file", str(file))

    assert finished == (
        2,
        "",
        (
            f"casjob: the format of {file}, svg, is not supported here\n"
            "  hint: --output chooses one of table, json, jsonl, markdown\n"
        ),
    )


@pytest.mark.parametrize("columns", [None, 80])
def test_a_table_in_a_file_is_plain(casjob: Casjob, file: Path, columns: int | None) -> None:
    words = ("show", FAILED_JOB_ID, "--demo", "--utc")
    finished = casjob(*words, "--output-file", str(file), columns=columns, encoding="ascii")

    plain = casjob(*words, columns=columns, encoding="ascii")
    told = f"casjob: {file} gets a table; use --output for another format\n"
    assert (finished.status, finished.out) == (plain.status, plain.out)
    assert re.sub(r"\n    ", " ", finished.err) == told
    assert file.read_text("utf-8") == casjob(*words).out


@pytest.mark.parametrize("output", ["json", "jsonl", "csv", "markdown", "junit", "github"])
def test_wait_has_the_verdicts_in_both(casjob: Casjob, file: Path, output: str) -> None:
    words = ("wait", "--demo", FAILED_JOB_ID, SUCCEEDED_JOB_ID)
    finished = casjob(*words, "-o", output, "--output-file", str(file))

    assert finished.status == 1
    assert sorted(finished.out.splitlines()) == sorted(casjob(*words).out.splitlines())
    lines = casjob(*words, "-o", output).out.splitlines()
    assert sorted(file.read_text("utf-8").splitlines()) == sorted(lines)


@pytest.mark.parametrize("options", [[], ["--check"]])
@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_config_has_its_checks_in_both(
    ask: Ask, file: Path, output: str, options: list[str]
) -> None:
    finished = ask("config", *options, "-o", output, "--output-file", str(file))

    assert finished.status == 0
    assert finished.out.startswith(("NAME", "settings"))
    written = [file.read_text("utf-8"), ask("config", *options, "-o", output).out]
    # Between the two runs, another second of the service's clock may begin.
    saved, printed = (
        re.sub(r"machine is \d+s \w+", "machine is 0s ahead", each) for each in written
    )
    assert saved == printed


@pytest.mark.parametrize("words", [("list", "--failed"), ("list", "web"), ("recent",)])
@pytest.mark.parametrize("output", ["json", "jsonl", "csv", "tsv", "markdown"])
def test_a_list_goes_to_both(
    casjob: Casjob, file: Path, output: str, words: tuple[str, ...]
) -> None:
    casjob("show", FAILED_JOB_ID, "--demo")
    if words[0] == "list":
        words = (*words, "--demo")
    finished = casjob(*words, "-o", output, "--output-file", str(file))

    assert finished == casjob(*words)
    assert file.read_text("utf-8") == casjob(*words, "-o", output).out


def test_the_exit_status_is_the_same(ask: Ask, file: Path) -> None:
    options = ("-o", "junit", "--output-file", str(file))

    assert ask("show", JOB_ID, "--exit-status", *options).status == 1


def test_a_file_that_was_there_is_replaced(ask: Ask, file: Path) -> None:
    file.write_text("x" * 1_000_000)

    ask("show", JOB_ID, "-o", "csv", "--output-file", str(file))

    assert file.read_text("utf-8") == ask("show", JOB_ID, "-o", "csv").out


def test_a_process_that_the_shell_gives_as_a_file_gets_it(
    clean_environ: dict[str, str], tmp_path: Path
) -> None:
    written = tmp_path / "written"
    os.mkfifo(written)
    line = f"{CASJOB} show --demo -o csv --output-file >(cat > {written}) > /dev/null"
    with subprocess.Popen(["/bin/bash", "-c", line], env=clean_environ):
        assert written.read_text("utf-8").startswith("task_index,")


def test_a_device_or_a_pipe_that_nobody_reads_any_longer_is_written_as_it_is(ask: Ask) -> None:
    table = ask("show", JOB_ID)
    assert ask("show", JOB_ID, "-o", "csv", "--output-file", os.devnull) == table
    reader, writer = os.pipe()
    os.close(reader)
    file = f"/dev/fd/{writer}"
    assert ask("show", JOB_ID, "-o", "csv", "--output-file", file) == table
    os.close(writer)


@pytest.mark.parametrize("option", ["--output-file", "--save"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "it is a folder"),
        ("missing/report", "{}/missing is not a writable folder"),
        ("n" * 256, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_a_file_that_can_not_be_written_is_an_error_before_anything_is_requested(
    ask: Ask, service: Service, file: Path, option: str, name: str, reason: str
) -> None:
    folder = file.parent
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    path = folder / name

    finished = ask("show", JOB_ID, option, str(path))

    shown = str(path).replace("\0", r"\x00")
    told = f"casjob: can't write to {shown}: {reason.format(folder)}\n"
    # Python 3.14 has other words.
    err = finished.err.replace("stat: embedded null character in path", "embedded null byte")
    assert (finished.status, finished.out, err) == (74, "", told)
    assert service.requests == []
    assert {each.name for each in folder.iterdir()} == {"folder", "loop"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_folder_that_takes_no_files_is_an_error_before_anything_is_requested(
    ask: Ask, service: Service
) -> None:
    for option in ("--output-file", "--save"):
        status, out, err = ask("show", JOB_ID, option, "/proc/x.json")
        assert (status, out) == (74, "")
        assert err.startswith("casjob: can't write to /proc/x.json: ")
        assert "/proc is not a writable folder" in err or "can be created in /proc: " in err
    assert service.requests == []


def test_watch_has_no_such_option(casjob: Casjob, file: Path) -> None:
    assert casjob("watch", "--demo", "--output-file", str(file)).status == 2
    assert not file.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--output-file", "-"],
            (
                "casjob: --output-file takes a file, not -\n"
                "  hint: without --output-file, output goes to stdout; --output sets its format\n"
            ),
        ),
        (
            ["--save", "-"],
            (
                "casjob: --save takes a file, not -\n"
                "  hint: --json writes the whole job to stdout; --from reads that too\n"
            ),
        ),
        (
            ["--save", "job.json", "--output-file", "./job.json"],
            "casjob: --save and --output-file can't both write job.json\n",
        ),
    ],
)
def test_a_file_that_stdout_or_another_option_takes_is_refused(
    casjob: Casjob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)

    finished = casjob("show", "--demo", *words)

    assert (finished.status, finished.out, finished.err) == (2, "", said)
    assert list(tmp_path.iterdir()) == []
