import io
import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from threading import Thread
from unittest.mock import patch

import pytest

from casjob.demo.jobs import SUCCEEDED_JOB_ID
from casjob.program import run
from casjob.storage import History
from tests.components import component
from tests.conftest import JOB_ID, OTHER_JOB_ID, run_here
from tests.program import CASJOB
from tests.service import Service
from tests.terminal import Terminal

ROOT = Path(__file__).parent.parent.parent

# As bash-completion does it: the first Tab loads the file that is named as the program.
BASH_LOADED = """\
load() { . "$HOME/share/bash-completion/completions/$1" && return 124; }; complete -D -F load
"""
BASH_SOURCED = '. "$HOME/share/bash-completion/completions/casjob"\n'
# zsh reads all completions that it finds at once: spare it those of other programs.
COMPINIT = """\
all=($fpath); fpath=(${fpath:#*/(Unix|Linux|X|Debian)}); autoload -Uz compinit; compinit -u -D
fpath=($all); autoload -Uz _{,path_,list_}files _have_glob_qual
"""
ZSH_AUTOLOADED = f'fpath=("$HOME/share/zsh/site-functions" $fpath); {COMPINIT}'
ZSH_SOURCED = f'{COMPINIT}source "$HOME/share/zsh/site-functions/_casjob"\n'
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
    program = Path(CASJOB)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "casjob").symlink_to(program)
    # Without it, fish makes completions of all manual pages.
    (tmp_path / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True)
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


@pytest.fixture(
    params=[
        pytest.param(each.values, marks=each.marks, id=each.id)
        for each in (bash_sourced, zsh_autoloaded, fish_vendor)
    ]
)
def terminal(request: pytest.FixtureRequest, environ: dict[str, str]) -> Iterator[Terminal]:
    """Return each shell in turn, at its prompt; what changes `environ` comes before it."""
    shell, start = request.param
    with at_prompt(shell, start, environ) as terminal:
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


def test_what_shells_part_or_expand_completes_too(terminal: Terminal) -> None:
    # = and : part words in bash, a program may be given by its path.
    press_tab(terminal, "~/bin/casjob show --output=tab", "~/bin/casjob show --output=table")
    terminal.type("\x15")
    line = f"./bin/casjob show --endpoint https://one {JOB_ID}"
    press_tab(terminal, line[:-30], line)
    terminal.type("\x15")
    line = "true && LC_ALL=C casjob show --ca-bundle=./bin/"
    press_tab(terminal, line[:-2], line)
    terminal.type("\x15")
    for option in ("--from", "--output-file", "--save"):
        line = f"casjob show {option} ./bin/"
        press_tab(terminal, line[:-2], line)
        terminal.type("\x15")


def test_diff_completes_jobs_and_files(terminal: Terminal) -> None:
    press_tab(terminal, "casjob diff JOB4", f"casjob diff {JOB_ID}")
    press_tab(terminal, "./bi", f"casjob diff {JOB_ID} ./bin/")


@needs_bash
def test_bash_completes_values_where_words_are_not_parted_at_equals_signs(
    environ: dict[str, str],
) -> None:
    start = f"COMP_WORDBREAKS=' '\n{BASH_SOURCED}{POSIX_PROMPT}"
    with at_prompt("bash", start, environ) as terminal:
        press_tab(terminal, "casjob show --output=tab", "casjob show --output=table")


def test_several_possibilities_are_listed_in_their_order(terminal: Terminal) -> None:
    press_tab(terminal, "casjob show --api-v", "casjob show --api-version")
    terminal.type("\t\t\t")
    terminal.wait_until(lambda lines: ["auto", "v2", "v3"] in map(str.split, lines))


@pytest.mark.parametrize(
    ("shell", "start", "listed"),
    [
        pytest.param(*bash_sourced.values, rf"{OTHER_JOB_ID}  {JOB_ID}", marks=needs_bash),
        pytest.param(
            *zsh_autoloaded.values,
            rf"{OTHER_JOB_ID}  -- RUNNING, \d+s ago\n{JOB_ID}  -- provMain, FAILED, \d+s ago",
            marks=needs_zsh,
        ),
        pytest.param(
            *fish_vendor.values,
            rf"{OTHER_JOB_ID} +\(RUNNING, \d+s ago\)\n{JOB_ID} +\(provMain, FAILED, \d+s ago\)",
            marks=needs_fish,
        ),
    ],
    ids=["bash", "zsh", "fish"],
)
def test_recent_jobs_are_listed_newest_first_with_what_is_known_of_them(
    shell: str, start: str, listed: str, environ: dict[str, str]
) -> None:
    history = History(
        Path(environ["XDG_STATE_HOME"]) / "casjob" / "history",
        endpoint="https://one",
        project_id="p",
    )
    history.record(JOB_ID, name="provMain", status="FAILED")
    history.record(OTHER_JOB_ID, name=None, status="RUNNING")
    with at_prompt(shell, start, environ) as terminal:
        terminal.type("casjob tasks \t\t\t")
        terminal.wait_until(lambda lines: bool(re.search(listed, "\n".join(lines))))


@pytest.mark.parametrize(("shell", "start"), [zsh_autoloaded, fish_vendor])
def test_recent_jobs_of_several_locations_are_listed_with_them(
    shell: str, start: str, environ: dict[str, str]
) -> None:
    folder = Path(environ["XDG_STATE_HOME"]) / "casjob" / "history"
    for job_id, location in ((JOB_ID, "the demo"), (OTHER_JOB_ID, "cn-north-4")):
        history = History(folder, endpoint=location, project_id="p", location=location)
        history.record(job_id, name=None, status="FAILED")
    with at_prompt(shell, start, environ) as terminal:
        terminal.type("casjob tasks \t\t\t")
        listed = r"s ago, cn-north-4\b(.|\n)*s ago, the demo\b"
        terminal.wait_until(lambda lines: bool(re.search(listed, "\n".join(lines))))


def test_the_demo_completes_its_own_jobs(terminal: Terminal) -> None:
    press_tab(terminal, "casjob show --demo JOB5", f"casjob show --demo {SUCCEEDED_JOB_ID}")


@pytest.fixture
def received(environ: dict[str, str]) -> Iterator[Path]:
    """Return the file that gets the words of each command line, instead of casjob.

    At a Tab, this process offers what casjob does: what the shells make of that is tested here.
    """
    home = Path(environ["HOME"])
    folder, file, asked, offered = (
        home / each for each in ("first", "received", "asked", "offered")
    )
    folder.mkdir()
    for fifo in (asked, offered):
        os.mkfifo(fifo)
    (folder / "casjob").write_text(f"""\
#!/bin/sh
[ "$_CASJOB_COMPLETE" ] && env -0 >{asked} && exec cat {offered}
printf '%s\\0' "$@" >{file}.new && mv {file}.new {file}
""")
    (folder / "casjob").chmod(0o755)
    environ["PATH"] = f"{folder}:{environ['PATH']}"

    def offer() -> None:
        while said := asked.read_text():
            got = dict(each.split("=", 1) for each in said.split("\0")[:-1])
            out = io.StringIO()
            with (
                patch.dict(os.environ, got, clear=True),
                redirect_stdout(out),
                suppress(SystemExit),
            ):
                run([])
            offered.write_text(out.getvalue())

    offering = Thread(target=offer)
    offering.start()
    yield file
    asked.write_text("")
    offering.join()


def list_components(service: Service, names: Sequence[str], environ: Mapping[str, str]) -> None:
    """Let casjob see the components of these names."""
    service.components = [component(number, name) for number, name in enumerate(names)]
    assert run_here(["list"], environ).status == 0


def press_tab_and_enter(terminal: Terminal, keys: str, received: Path) -> list[str]:
    """Type, press Tab and Enter, and return the words that casjob was run with."""
    terminal.type(f"\x15clear\r{keys}\t\r")
    terminal.wait_until(lambda lines: received.exists() and lines[-1:] == [PROMPT])
    words = received.read_text().split("\0")[:-1]
    received.unlink()
    return words


HOSTILE_NAMES = [
    "a;touch${IFS}pwned",
    "b$(touch pwned)",
    "c`touch pwned`",
    "d'touch pwned'",
    'e";touch pwned;"',
    "f & touch pwned & ",
    "g > pwned # a  comment",
    "h*?[a-z]{1,2}~",
    "i!!:\\t\\\\ü",
    "j' \"$(touch pwned)",
    "k|touch pwned",
    "l:a;touch pwned",
]


def test_a_hostile_name_completes_to_one_word_and_runs_nothing(
    environ: dict[str, str], service: Service, received: Path, terminal: Terminal
) -> None:
    list_components(service, HOSTILE_NAMES, environ)
    for name in HOSTILE_NAMES:
        got = press_tab_and_enter(terminal, f"casjob list {name[0]}", received)
        assert got == ["list", name]
    for name in HOSTILE_NAMES[::3]:
        got = press_tab_and_enter(terminal, f"casjob show --component={name[0]}", received)
        assert got == ["show", f"--component={name}"]
    assert not (received.parent / "pwned").exists()


def test_what_is_special_at_the_start_of_a_word_completes_as_it_is(
    environ: dict[str, str],
    service: Service,
    received: Path,
    terminal: Terminal,
    request: pytest.FixtureRequest,
) -> None:
    for name in ("~", "#x", "=ls", "*", ";touch pwned", " x", "!!", ":x y"):
        list_components(service, [name], environ)
        # fish would replace the ~, which is not offered then.
        expected = [] if name == "~" and request.node.callspec.id == "fish" else [name]
        got = press_tab_and_enter(terminal, "casjob list ", received)
        assert got == ["list", *expected]
    assert not (received.parent / "pwned").exists()


def test_a_name_that_is_an_option_or_has_several_lines_is_not_offered(
    environ: dict[str, str], service: Service, received: Path, terminal: Terminal
) -> None:
    names = ["--output-file=pwned", "-x", "a\ntouch pwned", "b\ttouch pwned", "\x15touch pwned\r"]
    list_components(service, names, environ)
    assert press_tab_and_enter(terminal, "casjob list ", received) == ["list"]
    assert press_tab_and_enter(terminal, "casjob list a", received) == ["list", "a"]
    assert press_tab_and_enter(terminal, "casjob list -- -", received) == ["list", "--", "-"]
    assert not (received.parent / "pwned").exists()


def test_a_word_that_is_quoted_already_completes(
    environ: dict[str, str], service: Service, received: Path, terminal: Terminal
) -> None:
    words = {
        "'a": "a;touch pwned",
        "'b ": "b $(touch pwned)",
        '"c': "c;touch pwned",
        '"d ': "d 'b'; touch pwned",
        "e\\ ": "e ;touch pwned",
        "f\\ b:": "f b:;touch pwned",
        "g\\;": "g;touch pwned",
        "h' 'b": "h b;touch pwned #",
        "''i": "i;touch pwned #",
        "'j'": "j;touch pwned #",
    }
    list_components(service, [*words.values()], environ)
    for begun, name in words.items():
        got = press_tab_and_enter(terminal, f"casjob list {begun}", received)
        assert got == ["list", name]
    assert not (received.parent / "pwned").exists()


@needs_bash
def test_bash_completes_no_word_that_would_end_what_it_stands_in(
    environ: dict[str, str], service: Service, received: Path
) -> None:
    words = {
        "'a": "a' ;touch pwned #'",
        '"b': 'b" ;touch pwned #"',
        '"c': "c$(touch pwned)",
        '"d': "d`touch pwned`",
        '"e': "e!touch pwned",
        '"f': "f\\",
        "`casjob list g": "g`touch pwned`",
    }
    list_components(service, [*words.values()], environ)
    with at_prompt("bash", BASH_SOURCED + POSIX_PROMPT, environ) as terminal:
        for begun in words:
            terminal.type(f"\x15clear\rcasjob list {begun}\t{begun[0]}\r")
            terminal.wait_until(lambda lines: received.exists() and lines[-1:] == [PROMPT])
            received.unlink()
    assert not (received.parent / "pwned").exists()


def test_what_stands_before_a_colon_is_not_repeated(
    environ: dict[str, str], received: Path, terminal: Terminal
) -> None:
    config = Path(environ["HOME"]) / ".config" / "casjob" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('["prod:eu west"]\n["a b:c"]\n["test:*"]\n')
    for keys, words in {
        "--profile prod:": ["--profile", "prod:eu west"],
        "--profile=prod:": ["--profile=prod:eu west"],
        "--profile prod:e": ["--profile", "prod:eu west"],
        "--profile 'prod:e": ["--profile", "prod:eu west"],
        "--profile a": ["--profile", "a b:c"],
        "--profile te": ["--profile", "test:*"],
    }.items():
        got = press_tab_and_enter(terminal, f"casjob show {keys}", received)
        assert got == ["show", *words]


SOURCED = {
    "bash": f"{POSIX_PROMPT}. <(casjob completion bash)\n",
    "zsh": f"{COMPINIT}{POSIX_PROMPT}. <(casjob completion zsh)\n",
}


@pytest.mark.parametrize(
    "shell", [pytest.param("bash", marks=needs_bash), pytest.param("zsh", marks=needs_zsh)]
)
def test_what_the_program_prints_completes(
    shell: str, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["XDG_DATA_DIRS"] = str(tmp_path / "nothing")
    with at_prompt(shell, SOURCED[shell], environ) as terminal:
        press_tab(terminal, "casjob ta", "casjob tasks")


@needs_fish
@pytest.mark.parametrize("installed", ["by the wheel", "by hand"])
def test_fish_prefers_the_script_to_what_it_generates_from_the_manual_page(
    installed: str, environ: dict[str, str], tmp_path: Path
) -> None:
    generated = tmp_path / ".local" / "share" / "fish" / "generated_completions" / "casjob.fish"
    generated.write_text("complete --command casjob --long-option command\n")
    with at_prompt("fish", FISH_PROMPT, environ) as terminal:
        if installed == "by hand":
            (tmp_path / "share" / "fish" / "vendor_completions.d" / "casjob.fish").unlink()
            # At its first prompt, fish has made the folder.
            terminal.type("casjob completion fish > ~/.config/fish/completions/casjob.fish\r")
            terminal.wait_until(lambda lines: len(lines) > 1 and lines[-1] == PROMPT)
        # With the --command that was generated, it would not be the only one.
        press_tab(terminal, "casjob show --com", "casjob show --component")
