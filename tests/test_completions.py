import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from casjob.cli import run
from casjob.formats.display import OutputFormat
from casjob.history import History
from tests.conftest import JOB_ID
from tests.service import Service
from tests.terminal import Terminal

ROOT = Path(__file__).parent.parent
COMPLETIONS = ROOT / "completions"
OTHER_JOB_ID = "JOB8f13d7c2-26ae-4b95-b0d8-71c5a9e6043f"


def test_one_command_writes_the_scripts_that_are_here(tmp_path: Path) -> None:
    generate = [sys.executable, str(COMPLETIONS / "generate.py"), str(tmp_path)]
    subprocess.run(generate, check=True)
    for written in ("casjob.bash", "_casjob", "casjob.fish"):
        assert (tmp_path / written).read_bytes() == (COMPLETIONS / written).read_bytes()


def test_the_wheel_takes_each_script_to_where_its_shell_looks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["shared-data"] == {
        "completions/casjob.bash": "share/bash-completion/completions/casjob",
        "completions/_casjob": "share/zsh/site-functions/_casjob",
        "completions/casjob.fish": "share/fish/vendor_completions.d/casjob.fish",
    }


Complete = Callable[..., list[str]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder with two jobs in its history."""
    history = History(tmp_path / "casjob" / "history", endpoint="https://one", project_id="p")
    for job_id in (JOB_ID, OTHER_JOB_ID):
        history.record(job_id, name=None, status="RUNNING")
    return tmp_path


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
        ("casjob show --out", ["--output"]),
        ("casjob show --output ''", list(OutputFormat)),
        ("casjob show -o ''", list(OutputFormat)),
        ("casjob show --output=", list(OutputFormat)),
        ("casjob show --output=tab", ["table"]),
        ("casjob show --color ''", ["auto", "always", "never"]),
        ("casjob show --api-version ''", ["v2", "v3"]),
        ("casjob tasks --status PART", ["PARTIALLY_FAILED"]),
        (
            "casjob tasks --status FAILED --status S",
            ["SUCCEEDED", "SKIPPED", "SUBMITTED", "SCHEDULED"],
        ),
        ("casjob show JOB4", [JOB_ID]),
        ("casjob tasks ''", [OTHER_JOB_ID, JOB_ID]),
        ("casjob tasks --desc --limit 5 J", [OTHER_JOB_ID, JOB_ID]),
        ("casjob show --endpoint https://one J", [OTHER_JOB_ID, JOB_ID]),
        ("casjob show --region ''", []),
        ("casjob show nothing", []),
    ],
)
def test_commands_options_values_and_recent_jobs_complete(
    complete: Complete, state: Path, line: str, completed: list[str]
) -> None:
    found = complete(line, XDG_STATE_HOME=str(state))
    assert found == completed


@pytest.mark.parametrize("history", ["off", "nonsense"])
def test_no_recent_job_completes_without_a_history(
    complete: Complete, state: Path, history: str
) -> None:
    assert complete("casjob show ''", XDG_STATE_HOME=str(state), CASJOB_HISTORY=history) == []


def test_nothing_completes_by_settings_that_can_not_be_read(
    complete: Complete, state: Path
) -> None:
    assert complete("casjob show ''", XDG_STATE_HOME=str(state), CASJOB_PROFILE="gone") == []


def test_options_that_install_completions_are_not_there(complete: Complete) -> None:
    assert complete("casjob --") == ["--version", "--help"]


def test_completing_needs_no_home_and_no_settings(complete: Complete) -> None:
    assert complete("casjob show ''") == []
    assert complete("casjob show ''", HOME="/nonexistent", CASJOB_HISTORY="off") == []


needs = {
    shell: pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    for shell in ("bash", "zsh", "fish")
}

# As bash-completion does it: the first Tab loads the file that is named as the program.
BASH_LOADED = """\
load() { . "$HOME/share/bash-completion/completions/$1" && return 124; }; complete -D -F load
"""
BASH_SOURCED = '. "$HOME/share/bash-completion/completions/casjob"\n'
ZSH_AUTOLOADED = """\
fpath=("$HOME/share/zsh/site-functions" $fpath); autoload -Uz compinit; compinit -u -D
"""
ZSH_SOURCED = """\
autoload -Uz compinit; compinit -u -D; source "$HOME/share/zsh/site-functions/_casjob"
"""
PROMPT = "READY>"
POSIX_PROMPT = f"PS1='{PROMPT} '\n"
FISH_PROMPT = f"""\
function fish_greeting; end
function fish_prompt; echo '{PROMPT} '; end
set fish_autosuggestion_enabled 0
"""

needs_bash, needs_zsh, needs_fish = (
    pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    for shell in ("bash", "zsh", "fish")
)
bash_loaded = pytest.param("bash", BASH_LOADED + POSIX_PROMPT, marks=needs_bash, id="bash loaded")
bash_sourced = pytest.param(
    "bash", BASH_SOURCED + POSIX_PROMPT, marks=needs_bash, id="bash sourced"
)
zsh_autoloaded = pytest.param(
    "zsh", ZSH_AUTOLOADED + POSIX_PROMPT, marks=needs_zsh, id="zsh autoloaded"
)
zsh_sourced = pytest.param("zsh", ZSH_SOURCED + POSIX_PROMPT, marks=needs_zsh, id="zsh sourced")
fish_vendor = pytest.param("fish", FISH_PROMPT, marks=needs_fish, id="fish")


@pytest.fixture
def environ(state: Path, tmp_path: Path, at_service: Mapping[str, str]) -> dict[str, str]:
    """Return what somebody has who installed casjob, the scripts where the wheel puts them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    for source, target in shared.items():
        (tmp_path / target).parent.mkdir(parents=True)
        shutil.copy(ROOT / source, tmp_path / target)
    program = Path(sys.executable).parent / "casjob"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "casjob").symlink_to(program)
    return {
        **at_service,
        "HOME": str(tmp_path),
        "ZDOTDIR": str(tmp_path),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(state),
        "XDG_DATA_DIRS": f"{tmp_path / 'share'}:/usr/local/share:/usr/share",
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
    }


@contextmanager
def at_prompt(shell: str, start: str, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a shell with what it is to do first, and wait for its prompt."""
    home = Path(environ["HOME"])
    (home / ".zshrc").write_text(start)
    words = {
        "bash": ["bash", "--noprofile", "--rcfile", f"{home}/.zshrc", "-i"],
        "zsh": ["zsh", "--no-global-rcs", "-i"],
        "fish": ["fish", "--init-command", start, "-i"],
    }
    with Terminal(words[shell], environ, cwd=str(home)) as terminal:
        terminal.wait_until(lambda lines: lines == [PROMPT])
        yield terminal


def press_tab(terminal: Terminal, keys: str, expected: str) -> None:
    """Type, press Tab, and wait until the line is as expected."""
    terminal.type(f"{keys}\t")
    terminal.wait_until(lambda lines: f"{PROMPT} {expected}" in lines)


@pytest.mark.parametrize(
    ("shell", "start"), [bash_loaded, bash_sourced, zsh_autoloaded, zsh_sourced, fish_vendor]
)
def test_the_first_tab_completes_and_so_do_all_others(
    shell: str, start: str, environ: dict[str, str], service: Service
) -> None:
    with at_prompt(shell, start, environ) as terminal:
        press_tab(terminal, "casjob ta", "casjob tasks")
        press_tab(terminal, "--sta", "casjob tasks --status")
        press_tab(terminal, "PART", "casjob tasks --status PARTIALLY_FAILED")
        press_tab(terminal, "JOB4", f"casjob tasks --status PARTIALLY_FAILED {JOB_ID}")
    assert service.requests == []


@pytest.mark.parametrize(("shell", "start"), [bash_sourced, zsh_autoloaded, fish_vendor])
def test_what_shells_part_or_expand_completes_too(
    shell: str, start: str, environ: dict[str, str]
) -> None:
    with at_prompt(shell, start, environ) as terminal:
        # = and : part words in bash, a program may be given by its path.
        press_tab(terminal, "~/bin/casjob show --output=tab", "~/bin/casjob show --output=table")
        terminal.type("\x15")
        line = f"./bin/casjob show --endpoint https://one {JOB_ID}"
        press_tab(terminal, line[:-30], line)
        terminal.type("\x15")
        line = "true && LC_ALL=C casjob show --ca-bundle=./bin/"
        press_tab(terminal, line[:-2], line)


@needs_bash
def test_bash_completes_values_where_words_are_not_parted_at_equals_signs(
    environ: dict[str, str],
) -> None:
    start = f"COMP_WORDBREAKS=' '\n{BASH_SOURCED}{POSIX_PROMPT}"
    with at_prompt("bash", start, environ) as terminal:
        press_tab(terminal, "casjob show --output=tab", "casjob show --output=table")


@pytest.mark.parametrize(("shell", "start"), [bash_sourced, zsh_autoloaded, fish_vendor])
def test_several_possibilities_are_listed_in_their_order(
    shell: str, start: str, environ: dict[str, str]
) -> None:
    with at_prompt(shell, start, environ) as terminal:
        press_tab(terminal, "casjob show --api-v", "casjob show --api-version")
        terminal.type("\t\t\t")
        terminal.wait_until(lambda lines: "v2  v3" in lines)
        terminal.type("\x15casjob tasks \t\t\t")
        terminal.wait_until(lambda lines: f"{OTHER_JOB_ID}  {JOB_ID}" in lines)
