import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import casjob
from casjob.demo.jobs import SAMPLE_JOBS
from casjob.errors import EXIT_STATUS_MEANINGS
from casjob.settings.environment import read_casjob_variables
from casjob.settings.values import SETTINGS
from tests.conftest import Casjob
from tests.program import run_shell
from tests.service import Service

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SESSIONS = [text for language, text in BLOCKS if language == "console"]
JQ_LINES = [
    line
    for language, text in BLOCKS
    for line in text.splitlines()
    if language == "sh" and "jq" in line
]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_goes_as_the_readme_shows(session: str, casjob: Casjob) -> None:
    command, _, shown = session.partition("\n")
    assert command.startswith("$ casjob ")
    finished = casjob(*shlex.split(command.removeprefix("$ casjob ")))
    # The commands there whose status tells how a job ended, or that two differ.
    is_bad = command.startswith(("$ casjob wait --demo", "$ casjob diff JOB"))
    assert finished == (1 if is_bad else 0, shown, "")


def test_every_command_shows_its_help() -> None:
    commands = {session.partition("\n")[0] for session in SESSIONS}
    names = re.findall(
        r"^  ([a-z]+)  ", README.partition("Commands:\n")[2].partition("```")[0], re.MULTILINE
    )
    assert {f"$ casjob {name} --help" for name in names} <= commands


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("line", JQ_LINES)
def test_a_jq_line_works_as_it_stands(line: str, clean_environ: dict[str, str]) -> None:
    # jq -e exits 1 if what it prints is false.
    status = 1 if " -e " in line else 0
    assert run_shell(line, clean_environ) == (status, JQ_OUTPUTS[line.partition("| jq")[2]], "")


JQ_OUTPUTS = {
    " -r '.tasks[] | select(.failure) | .failure.detail'": "Building failed.\n",
    " -r '.tasks[] | [.TASK_INDEX, .TASK_NAME, .TASK_STATUS] | @tsv'": (
        "1\tSEPARATOR_PREPARE_RESOURCES\tSUCCEEDED\n"
        "4\tSEPARATOR_BUILDING\tSUCCEEDED\n"
        "6\tTN00091\tSUCCEEDED\n"
        "7\tTN00094\tSUCCEEDED\n"
        "9\tTN00097\tFAILED\n"
    ),
    " -e '.outcome == \"succeeded\"'": "false\n",
    """ -r 'select(.event == "task_status" and .failure) | .failure.detail'""": (
        "Building failed.\n"
    ),
}


PIPELINES = [
    *(line for language, text in BLOCKS if language == "sh" for line in text.splitlines()),
    *re.findall(r"^ *(?:run:|-) (.*casjob.*)$", README, re.MULTILINE),
    *re.findall(r"sh\(script: '(.*)', returnStatus", README),
]


@pytest.mark.parametrize("line", [line for line in PIPELINES if "| casjob " in line])
def test_a_pipelines_line_works_as_it_stands(
    line: str,
    clean_environ: dict[str, str],
    at_service: dict[str, str],
    service: Service,
    tmp_path: Path,
) -> None:
    service.jobs["JOB1"] = {"job": {"EXECUTION_STATUS": "SUCCEEDED"}, "tasks": [], "task_count": 0}
    prints = """\
#!/bin/sh
case "$*" in
    *-raw*) echo JOB1 ;;
    *ShowJob*) echo '{"job": {"EXECUTION_STATUS": "SUCCEEDED"}, "tasks": [], "task_count": 0}' ;;
    *) echo '{"job_id": {"value": "JOB1"}}' ;;
esac
"""
    for program in ("terraform", "hcloud"):
        (tmp_path / program).write_text(prints)
        (tmp_path / program).chmod(0o755)
    path = f"{tmp_path}:{clean_environ['PATH']}"
    done = run_shell(line, {**clean_environ, **at_service, "PATH": path}, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert "SUCCEEDED" in done.out or "SUCCEEDED" in (tmp_path / "verdicts.json").read_text()


def test_the_pipelines_are_those_of_the_readme() -> None:
    assert sum("| casjob " in line for line in PIPELINES) == 8


def test_the_profiles_are_read_as_they_stand(
    casjob: Casjob, clean_environ: dict[str, str], tmp_path: Path
) -> None:
    (text,) = (text for language, text in BLOCKS if language == "toml")
    config = tmp_path / ".config" / "casjob" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(text, encoding="utf-8")
    shown = casjob("config", "--profile", "prod", "--json", environ=clean_environ)
    values = {each["name"]: each["value"] for each in json.loads(shown.out)["settings"]}
    assert (values["region"], values["credential_command"]) == ("eu-west-101", "sh …")


def test_the_table_of_events_is_that_of_their_schema() -> None:
    schema = json.loads((Path(casjob.__file__).parent / "schema" / "event.json").read_bytes())
    named = {cells[0].strip("`") for cells in read_table("Events")} - {"event"}
    assert named == set(re.findall(r'"const": "([a-z_]+)"', json.dumps(schema)))


def read_table(heading: str) -> Iterator[list[str]]:
    lines = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    for line in lines:
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_exit_statuses_is_the_programs() -> None:
    assert list(read_table("Exit statuses")) == [
        ["status", "meaning"],
        *([str(int(status)), meaning] for status, meaning in EXIT_STATUS_MEANINGS.items()),
    ]


def test_the_table_of_sample_jobs_is_the_demos() -> None:
    jobs = {job.strip("`"): words for job, words in read_table("A session")}
    assert jobs == {"job": "what it shows", **SAMPLE_JOBS}


def test_the_table_of_settings_names_every_variable() -> None:
    named = set(re.findall(r"CASJOB_[A-Z_]+", " ".join(map(" ".join, read_table("Settings")))))
    known = read_casjob_variables({f"CASJOB_{name.upper()}": "x" for name in SETTINGS})
    variables = {value.origin for value in known.values.values()}
    assert named == variables


def test_the_json_keys_in_the_table_are_those_of_a_document(casjob: Casjob) -> None:
    document = json.loads(casjob("show", "--demo", "--json").out)
    named = {name for key, *_ in read_table("JSON") for name in re.findall("`(.*?)`", key)}
    added = ("MESSAGES", "outcome", "phase", "title", "elapsed_seconds", "failure")
    task = {f"tasks[].{key}" for key in added}
    assert named == (document.keys() - {"tasks"}) | {"tasks[]"} | task


def test_the_two_set_up_lines_are_single_lines() -> None:
    blocks = [text for language, text in BLOCKS if language == "sh"][:2]
    assert [text.count("\n") for text in blocks] == [1, 1]
    assert all(text.startswith("python3 -m venv .venv && .venv/bin/pip install") for text in blocks)


def test_the_newest_entry_of_the_changelog_is_of_this_version() -> None:
    changelog = README.partition("\n## Changelog\n")[2]
    assert re.findall(r"^### (\S+)", changelog, re.MULTILINE)[0] == casjob.__version__
    assert "\n## " not in changelog, "it is the last section"
