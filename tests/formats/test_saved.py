"""--output-file: one format goes to a file, and the table to stdout."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from tests.conftest import JOB_ID, Casjob, Finished
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


@pytest.mark.parametrize("columns", [None, 80])
def test_a_table_in_a_file_is_plain(casjob: Casjob, file: Path, columns: int | None) -> None:
    words = ("show", FAILED_JOB_ID, "--demo", "--utc")
    finished = casjob(*words, "--output-file", str(file), columns=columns, encoding="ascii")

    assert finished == casjob(*words, columns=columns, encoding="ascii")
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
def test_config_has_its_findings_in_both(
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


def test_others_may_read_it_if_the_umask_allows(ask: Ask, file: Path) -> None:
    before = os.umask(0o022)
    try:
        ask("show", JOB_ID, "-o", "html", "--output-file", str(file))
    finally:
        os.umask(before)

    assert file.stat().st_mode & 0o777 == 0o644


class TestAFileThatCannotBeWritten:
    def test_is_an_error_before_anything_is_requested(
        self, ask: Ask, service: Service, file: Path
    ) -> None:
        missing = file.parent / "missing" / "report"
        assert ask("show", JOB_ID, "-o", "csv", "--output-file", str(missing)) == (
            74,
            "",
            f"casjob: can't write to {missing}: {missing.parent} is not a writable folder\n",
        )
        assert service.requests == []

    @pytest.mark.parametrize(
        ("name", "reason"), [("n" * 300, "File name too long"), ("folder", "Not a regular file")]
    )
    def test_leaves_nothing_behind(self, ask: Ask, file: Path, name: str, reason: str) -> None:
        file.with_name("folder").mkdir()
        path = file.with_name(name)

        finished = ask("show", JOB_ID, "-o", "csv", "--output-file", str(path))

        assert (finished.status, finished.out) == (74, "")
        assert finished.err == f"casjob: can't write to {path}: {reason}\n"
        assert [each.name for each in file.parent.iterdir()] == ["folder"]


def test_watch_has_no_such_option(casjob: Casjob, file: Path) -> None:
    assert casjob("watch", "--demo", "--output-file", str(file)).status == 2
    assert not file.exists()
