import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from casjob.cli import app
from casjob.demo.jobs import SAMPLE_JOBS, SUCCEEDED_JOB_ID
from casjob.formats.display import OutputFormat
from casjob.program import run
from tests.components import component
from tests.conftest import JOB_ID, OTHER_JOB_ID, Casjob
from tests.service import Service

ROOT = Path(__file__).parent.parent
SCRIPTS = {"bash": "casjob.bash", "zsh": "_casjob", "fish": "casjob.fish"}


@pytest.mark.parametrize(("shell", "name"), SCRIPTS.items())
def test_the_program_prints_the_script(shell: str, name: str, casjob: Casjob) -> None:
    script = (ROOT / "casjob" / "completions" / name).read_text(encoding="utf-8")
    assert casjob("completion", shell) == (0, script, "")


def test_the_wheel_takes_each_file_to_where_it_is_looked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["shared-data"] == {
        "completions/casjob.bash": "share/bash-completion/completions/casjob",
        "completions/_casjob": "share/zsh/site-functions/_casjob",
        "completions/casjob.fish": "share/fish/vendor_completions.d/casjob.fish",
        "completions/casjob.1": "share/man/man1/casjob.1",
    }


Complete = Callable[..., list[str]]


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """Return a way to ask the program what completes a line."""

    def ask(line: str, **environ: str) -> list[str]:
        with monkeypatch.context() as patch:
            for name in list(os.environ):
                patch.delenv(name)
            patch.setenv("_CASJOB_COMPLETE", "complete_bash")
            patch.setenv("COMP_WORDS", line)
            patch.setenv("COMP_CWORD", "-1")
            for name, value in environ.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                run([])
        assert not ended.value.code
        told = capsys.readouterr()
        assert told.err == ""
        return told.out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("casjob sh", ["show"]),
        ("casjob --ver", ["--version"]),
        ("casjob --version sh", ["show"]),
        ("casjob show --out", ["--output", "--output-file"]),
        ("casjob show --output ''", list(OutputFormat)),
        ("casjob show -o ''", list(OutputFormat)),
        ("casjob show --output=", list(OutputFormat)),
        ("casjob show --output=tab", ["table"]),
        ("casjob watch --output ''", ["table", "json", "jsonl"]),
        ("casjob diff -o m", ["markdown"]),
        ("casjob show --color ''", ["auto", "always", "never"]),
        ("casjob show --api-version ''", ["auto", "v2", "v3"]),
        ("casjob show --region ru", ["ru-moscow-1"]),
        ("casjob tasks --status PART", ["PARTIALLY_FAILED"]),
        (
            "casjob tasks --status FAILED --status S",
            ["SUCCEEDED", "SKIPPED", "SUBMITTED", "SCHEDULED"],
        ),
        ("casjob explain ECC00011 ECC0000", [f"ECC0000{number}" for number in range(1, 10)]),
        ("casjob explain ecc00011", ["ecc00011"]),
        ("casjob explain provision/provM", ["provision/provMain"]),
        ("casjob explain PART", ["PARTIALLY_FAILED"]),
        ("casjob show JOB4", [JOB_ID]),
        ("casjob tasks ''", [OTHER_JOB_ID, JOB_ID]),
        ("casjob tasks --desc --limit 5 J", [OTHER_JOB_ID, JOB_ID]),
        ("casjob show --endpoint https://one J", [OTHER_JOB_ID, JOB_ID]),
        ("casjob show --project-id ''", []),
        ("casjob show nothing", []),
        ("casjob show --demo J", list(SAMPLE_JOBS)),
        ("casjob show --demo JOB5", [SUCCEEDED_JOB_ID]),
        ("casjob completion ''", ["bash", "zsh", "fish"]),
    ],
)
def test_commands_options_values_and_recent_jobs_complete(
    complete: Complete, state: Path, line: str, completed: list[str]
) -> None:
    found = complete(line, XDG_STATE_HOME=str(state))
    assert found == completed


def test_commands_complete_with_their_whole_summaries(complete: Complete) -> None:
    asked = {"_CASJOB_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    words = complete("", **asked, _TYPER_COMPLETE_ARGS="casjob ")
    commands: Any = typer.main.get_command(app)
    summaries = {name: each.help.splitlines()[0] for name, each in commands.commands.items()}
    assert " ".join(words) == " ".join(f"{name} {text}" for name, text in summaries.items())


@pytest.mark.parametrize(
    "environ",
    [
        {"CASJOB_HISTORY": "off"},
        {"CASJOB_HISTORY": "nonsense"},
        {"CASJOB_PROFILE": "gone"},
        {"XDG_STATE_HOME": ""},
        {"XDG_STATE_HOME": "", "HOME": "/dev/null"},
    ],
)
def test_no_job_completes_without_a_history_or_by_settings_that_can_not_be_read(
    complete: Complete, state: Path, environ: dict[str, str]
) -> None:
    assert complete("casjob show ''", **{"XDG_STATE_HOME": str(state), **environ}) == []


def test_components_listed_before_in_the_same_project_complete(
    complete: Complete, casjob: Casjob, at_service: dict[str, str], service: Service, tmp_path: Path
) -> None:
    service.components = [component(1, "web"), component(2, "worker"), component(3, "a\x1bb")]
    casjob("list", environ=at_service)
    casjob("list", "--demo")
    service.requests.clear()
    home = {"HOME": str(tmp_path)}

    for line in ("casjob list ''", "casjob stats ''", "casjob show --component ''"):
        assert complete(line, **home, **at_service) == ["web", "worker"]
        assert complete(f"{line[:-3]} w", **home, **at_service) == ["web", "worker"]
        demo = line.replace(" ''", " g").replace("casjob list", "casjob list --demo")
        demo = demo.replace("casjob stats", "casjob stats --demo")
        demo = demo.replace("casjob show", "casjob show --demo")
        assert complete(demo, **home) == ["gateway"]
        assert complete(line, **home, **{**at_service, "CASJOB_PROJECT_ID": "0" * 32}) == []
        # Without an endpoint there is no project.
        assert complete(line, **home) == []
    assert service.requests == []


@pytest.mark.parametrize("content", ["[", "{}", '[1, "web"]', "[" * 100_000])
def test_a_broken_cache_of_components_completes_what_it_can(
    complete: Complete, casjob: Casjob, tmp_path: Path, content: str
) -> None:
    casjob("list", "--demo")
    (file,) = (tmp_path / ".cache" / "casjob").glob("components-*")
    file.write_text(json.dumps({"names": content}))

    found = complete("casjob list --demo ''", HOME=str(tmp_path))
    assert found == (["web"] if "web" in content else [])


def test_options_that_install_completions_are_not_there(complete: Complete) -> None:
    assert complete("casjob --") == ["--version", "--help"]
