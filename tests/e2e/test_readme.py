import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import casjob
from casjob.errors import ExitStatus
from casjob.settings.sources import VARIABLES
from tests.components import component, record
from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.program import run_shell
from tests.service import Recorded, Service

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SESSIONS = [text for language, text in BLOCKS if language == "console"]
JQ_LINES = [
    line
    for language, text in BLOCKS
    for line in text.splitlines()
    if language == "sh" and "| jq" in line
]


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_goes_as_the_readme_shows(session: str, casjob: Casjob) -> None:
    command, _, shown = session.partition("\n")
    assert command.startswith("$ casjob ")
    status, out, err = casjob(*shlex.split(command.removeprefix("$ casjob ")))
    # The commands there whose status tells how a job ended, or that two differ.
    is_bad = command.startswith(("$ casjob wait --demo", "$ casjob diff"))
    assert status == (1 if is_bad else 0)
    # A line with an ellipsis stands for any number of lines.
    lines = re.escape(shown).replace("…\\\n", "(?:.*\n)*")
    assert re.fullmatch(lines, err + out)


def test_the_picture_is_the_drawing_of_the_demo(casjob: Casjob) -> None:
    picture = (ROOT / "tests" / "data" / "failed_job.svg").read_text(encoding="utf-8")
    assert "](tests/data/failed_job.svg)" in README
    assert casjob("show", "--demo", "--utc", "-o", "svg") == (0, picture, "")


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("line", JQ_LINES)
def test_a_jq_line_works_as_it_stands(line: str, clean_environ: dict[str, str]) -> None:
    done = run_shell(line, clean_environ)
    assert (done.status, done.out) == (0, JQ_OUTPUTS[line.partition("| jq -r ")[2]])


JQ_OUTPUTS = {
    """'.failure | "\\(.code): \\(.detail)"'""": "ECC00011: Building failed.\n",
    "'.tasks | sort_by(-(.elapsed_seconds // 0))[:3][] | [.TASK_NAME, .elapsed_seconds] | @tsv'": (
        "TN00097\t30.013\nTN00091\t5.578\nTN00094\t0.036\n"
    ),
    """'select(.event == "task_status" and .failure) | .failure.detail'""": "Building failed.\n",
}


PIPELINES = [
    line.strip()
    for line in [
        *(line for language, text in BLOCKS if language == "sh" for line in text.splitlines()),
        *re.findall(r"^ *(?:- run|script): (.*)$", README, re.MULTILINE),
        *re.findall(r"sh\(script: '(.*)', returnStatus", README),
    ]
    if "| casjob " in line
]
AFTER = [text for language, text in BLOCKS if language == "sh" and "--after" in text]
DEPLOY = """\
#!/bin/sh
case "$*" in
    *ShowJob*) echo '{"job": {"EXECUTION_STATUS": "SUCCEEDED"}, "tasks": [], "task_count": 0}' ;;
    web) touch deployed && echo '{"job_id": "JOB1"}' ;;
    *) echo '{"job_id": {"value": "JOB1"}}' ;;
esac
"""


@pytest.fixture
def run_lines(
    clean_environ: dict[str, str], at_service: dict[str, str], service: Service, tmp_path: Path
) -> Callable[[str], Finished]:
    """Return a way to run lines of shell beside programs that deploy the component web."""
    for program in ("terraform", "hcloud", "deploy"):
        (tmp_path / program).write_text(DEPLOY)
        (tmp_path / program).chmod(0o755)
    for job_id in ("JOB0", "JOB1"):
        service.jobs[job_id] = {
            "job": {"EXECUTION_STATUS": "SUCCEEDED"},
            "tasks": [],
            "task_count": 0,
        }

    def deploy(_: Recorded) -> None:
        job_ids = ["JOB1", "JOB0"] if (tmp_path / "deployed").exists() else ["JOB0"]
        records = [record(each) for each in job_ids]
        service.components[:] = [component(1, "web", *records, job_id=job_ids[0], status="FAILED")]

    service.handler = deploy
    path = f"{tmp_path}:{clean_environ['PATH']}"
    environ = {**clean_environ, **at_service, "PATH": path}
    return lambda lines: run_shell(lines, environ, cwd=tmp_path)


@pytest.mark.parametrize("line", PIPELINES)
def test_a_pipelines_line_works_as_it_stands(
    line: str, run_lines: Callable[[str], Finished], tmp_path: Path
) -> None:
    done = run_lines(line)
    assert (done.status, done.err) == (0, "")
    written = "".join(each.read_text() for each in tmp_path.glob("*.[jx][sm]*"))
    assert "SUCCEEDED" in done.out + written


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("lines", AFTER)
def test_the_next_job_of_a_component_is_waited_for_as_it_stands(
    lines: str, run_lines: Callable[[str], Finished]
) -> None:
    done = run_lines(lines)
    assert (done.status, done.err) == (0, "casjob: JOB1 (next job of component web)\n")
    assert done.out.endswith("JOB1 SUCCEEDED\n")


@pytest.mark.parametrize(
    ("failing", "ran"), [("list", ["list"]), ("jq", ["list", "jq"]), ("web", ["list", "jq", "web"])]
)
@pytest.mark.parametrize("lines", AFTER)
def test_nothing_is_waited_for_if_a_command_before_fails(
    lines: str, failing: str, ran: list[str], tmp_path: Path
) -> None:
    # Each program notes its first word, by which it fails; that of jq is an option.
    stand_in = (
        '#!/bin/sh\nword=${1#-r} && : "${word:=jq}"\necho "$word" >> ran\n[ "$word" != %s ]\n'
    )
    (tmp_path / "bin").mkdir()
    for program in (tmp_path / "deploy", tmp_path / "bin" / "jq", tmp_path / "bin" / "casjob"):
        program.write_text(stand_in % failing)
        program.chmod(0o755)
    words = ["/bin/sh", "-c", lines]
    done = subprocess.run(words, cwd=tmp_path, env={"PATH": f"{tmp_path}/bin"}, check=False)
    assert (done.returncode, (tmp_path / "ran").read_text().split()) == (1, ran)


def test_the_pipelines_are_those_of_the_readme() -> None:
    assert (len(PIPELINES), len(AFTER)) == (4, 1)


def test_the_profiles_are_read_as_they_stand(
    casjob: Casjob, clean_environ: dict[str, str], tmp_path: Path
) -> None:
    text = next(text for language, text in BLOCKS if language == "toml" and "[prod]" in text)
    config = tmp_path / ".config" / "casjob" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(text, encoding="utf-8")
    shown = casjob("config", "--profile", "prod", "--json", environ=clean_environ)
    values = {each["name"]: each["value"] for each in json.loads(shown.out)["settings"]}
    assert (values["region"], values["credential_command"]) == ("eu-west-101", "sh …")


SNIPPET = f"""\
import sys

url, token, project_id, job_id = sys.argv[1:]
{next(text for language, text in BLOCKS if language == "python")}
print(report.cause and report.cause.message)
print(report.detail.job.job_id)
"""


def test_the_lines_of_python_fetch_and_explain_a_job(
    service: Service, clean_environ: dict[str, str]
) -> None:
    words = [sys.executable, "-c", SNIPPET, service.url, "a-token", PROJECT_ID, JOB_ID]
    done = subprocess.run(words, env=clean_environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    cause, job_id = done.stdout.splitlines()
    assert "code='ECC00011', detail='Building failed.'" in cause
    assert job_id == JOB_ID
    assert service.requests[0].headers["X-Auth-Token"] == "a-token"


def test_the_lines_of_python_are_typed_for_users_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text(SNIPPET)
    # Away from the package, whose own configuration and sources are not to be found.
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "snippet.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("Success: no issues found in 1 source file\n", "")


def read_table(heading: str) -> Iterator[list[str]]:
    lines = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    for line in lines:
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_exit_statuses_is_the_programs() -> None:
    heading, *rows = read_table("Exit statuses")
    assert heading == ["status", "meaning"]
    assert [int(status) for status, _ in rows] == list(ExitStatus)


def test_the_table_of_settings_names_every_variable() -> None:
    named = set(re.findall(r"CASJOB_[A-Z_]+", " ".join(map(" ".join, read_table("Settings")))))
    assert named == VARIABLES["CASJOB_*"].keys()


def test_the_two_set_up_lines_are_single_lines() -> None:
    blocks = [text for language, text in BLOCKS if language == "sh"][:2]
    assert [text.count("\n") for text in blocks] == [1, 1]
    assert all(text.startswith("python3 -m venv .venv && .venv/bin/pip install") for text in blocks)


def test_it_is_short() -> None:
    assert len(README.encode()) <= 10_000


def test_the_newest_entry_of_the_changelog_is_of_this_version() -> None:
    changelog = README.partition("\n## Changelog\n")[2]
    assert re.findall(r"^### (\S+)", changelog, re.MULTILINE)[0] == casjob.__version__
    assert "\n## " not in changelog, "it is the last section"
