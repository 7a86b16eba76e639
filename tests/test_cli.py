import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Never

import pytest

from casjob import __version__
from tests.conftest import JOB_ID, Casjob, Finished
from tests.program import run_shell
from tests.service import Recorded, Reply, Service

BUG = (
    "casjob: this is a bug in casjob: ModuleNotFoundError\n"
    "  hint: report it with the command and the output of casjob --version; -v shows where it is\n"
)
HELP = """\
Usage: casjob [OPTIONS] COMMAND [ARGS]...

  Show what happened to a ServiceStage job, and why it failed.

Options:
  -V, --version  Show the version.
  -h, --help     Show this message and exit.

Commands:
  show        Show one job: the verdict, why it failed, then its tasks.
  tasks       Show the tasks of a job; page through or filter them.
  watch       Follow jobs until they end, live on a terminal.
  wait        Wait for jobs to end, and print only their verdicts.
  list        List components, or the deployments of one.
  logs        Show the log of a job's build, around what failed.
  stats       Show how long deployments take, and how often each step fails.
  recent      List the jobs viewed on this machine, newest first.
  diff        Compare two jobs; exit 1 if they differ.
  explain     Explain error codes, task names, statuses and other words.
  config      Show the effective settings, and where each comes from.
  completion  Print the completion script for a shell.
"""
COMMANDS = re.findall(r"^  ([a-z]+) ", HELP.partition("Commands:")[2], re.MULTILINE)


def test_the_version_is_a_line(casjob: Casjob) -> None:
    assert casjob("--version") == (0, f"casjob {__version__}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_comes_when_asked_for_and_without_a_command(casjob: Casjob, words: list[str]) -> None:
    assert casjob(*words, columns=80) == (0, HELP, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(casjob: Casjob, command: str) -> None:
    asked = casjob(command, "--help")
    assert asked == casjob(command, "-h")
    assert (asked.status, asked.err) == (0, "")
    assert asked.out.startswith(f"Usage: casjob {command} ")


@pytest.mark.parametrize(
    ("words", "message", "command"),
    [
        (["nonsense"], "No such command 'nonsense'.", "casjob"),
        (["shwo"], "No such command 'shwo'. Did you mean 'show'?", "casjob"),
        ([""], "No such command ''.", "casjob"),
        (["logns"], "No such command 'logns'. Did you mean 'logs'?", "casjob"),
        (["get"], "No such command 'get'.", "casjob"),
        (["--nonsense"], "No such option: --nonsense", "casjob"),
        (
            ["show", "--colr", "x"],
            "No such option: --colr (Possible options: --color)",
            "casjob show",
        ),
        (["show", "a", "b"], "show takes one job id, not also b", "casjob show"),
        (["diff", "a", "b", "c"], "diff takes one base and one job, not also c", "casjob diff"),
        (["recent", "a"], "recent takes no arguments, not also a", "casjob recent"),
        (["help", "shwo"], "No such command 'shwo'. Did you mean 'show'?", "casjob"),
        (["show", "--region"], "Option '--region' requires an argument.", "casjob show"),
        (["tasks", "--failed=x"], "Option '--failed' does not take a value.", "casjob tasks"),
        (
            ["completion"],
            "Missing argument 'SHELL'. Choose from: bash, zsh, fish",
            "casjob completion",
        ),
        (["a\x1b[31m\r\nb"], r"No such command 'a\x1b[31m\r\nb'.", "casjob"),
        (["--\u202ea"], r"No such option: --\u202ea", "casjob"),
        (["show", "--\x9bb\x00"], r"No such option: --\x9bb\x00", "casjob show"),
        (["\udcff"], r"No such command '\udcff'.", "casjob"),
    ],
)
def test_a_wrong_command_line_names_the_help_that_has_the_right_one(
    casjob: Casjob, words: list[str], message: str, command: str
) -> None:
    assert casjob(*words) == (2, "", f"casjob: {message}\n  see: {command} --help\n")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--region", "X", "show"], "casjob show --region X"),
        (
            ["--region", "a b", "--utc", "show", "J", "--full"],
            "casjob show J --full --region 'a b' --utc",
        ),
        (["--json", "list", "web"], "casjob list web --json"),
        (["-o", "json", "wait"], "casjob wait -o json"),
        (["--endpoint=x"], "casjob show --endpoint=x"),
        (["--after", "J", "show"], "casjob watch --after J"),
    ],
)
def test_an_option_before_the_command_is_told_where_it_goes(
    casjob: Casjob, words: list[str], right: str
) -> None:
    told = f"casjob: options go after the command\n  hint: as in {right}\n"
    assert casjob(*words) == (2, "", told)


def test_help_and_version_are_words_too(casjob: Casjob) -> None:
    assert casjob("help") == casjob("help", "help") == casjob("--help")
    assert casjob("help", "tasks") == casjob("tasks", "--help")
    assert casjob("version") == casjob("--version")


@pytest.mark.parametrize("words", [[], ["--help"], ["version"], ["show", "-h"]])
def test_help_that_can_not_be_written_is_an_error(
    words: list[str], clean_environ: dict[str, str]
) -> None:
    line = " ".join(["casjob", *words])
    closed = run_shell(f"{line} >&-", clean_environ)
    assert closed == (74, "", "casjob: stdout is closed\n")
    assert run_shell(f"{line} > /dev/full", clean_environ).status == 74
    assert run_shell(f"{line} | head -0", clean_environ).status == 0


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["list", ""], "COMPONENT"),
        (["show", ""], "JOB_ID"),
        (["wait", "JOB1", ""], "JOB_ID"),
        (["diff", "JOB1", " "], "JOB"),
        (["explain", "TN00097", " "], "CODE"),
        (["wait", "--component", "web", "--after", ""], "--after"),
        (["show", "--region="], "--region"),
    ],
)
def test_what_is_set_from_an_empty_variable_is_told_before_any_request(
    casjob: Casjob, service: Service, at_service: dict[str, str], words: list[str], name: str
) -> None:
    told = f"casjob: {name} is empty\n  hint: is it set from an empty variable?\n"
    assert casjob(*words, environ=at_service) == (2, "", told)
    assert service.requests == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("login", "there is no login: casjob config shows which credential is used"),
        ("status", "casjob show shows the status of a job"),
        ("ls", "casjob list lists components"),
    ],
)
def test_a_command_that_is_called_otherwise_is_pointed_to(
    casjob: Casjob, name: str, hint: str
) -> None:
    assert casjob(name) == (2, "", f"casjob: No such command '{name}'.\n  hint: {hint}\n")


ON_PAGING = "casjob tasks shows a part of the tasks, with --limit, --offset and --desc"
ON_SECRETS = "no option takes a secret, which others could read: set "


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["show", "--watch"], "casjob watch follows jobs until they end"),
        (["tasks", "--follow"], "casjob watch follows jobs until they end"),
        (
            ["show", "-f"],
            "casjob watch follows jobs until they end; --from reads a job from a file",
        ),
        (["tasks", "--all"], "all are shown, unless --limit is given"),
        (["show", "--no-color"], "--color never turns colour off"),
        (["show", "--wait"], "casjob wait blocks until jobs end"),
        (
            ["show", "--timeout", "5"],
            "only casjob wait and casjob watch have it; see --request-timeout",
        ),
        (["show", "--token", "x"], f"{ON_SECRETS}CASJOB_TOKEN"),
        (["config", "--password=x"], f"{ON_SECRETS}CASJOB_PASSWORD"),
        (["wait", "--access-key", "x"], f"{ON_SECRETS}CASJOB_ACCESS_KEY and CASJOB_SECRET_KEY"),
        (["watch", "--secret-key", "x"], f"{ON_SECRETS}CASJOB_ACCESS_KEY and CASJOB_SECRET_KEY"),
        (["show", "--format", "json"], "--output chooses the format"),
        (["show", "--id", "J"], "the job id is an argument, as in casjob show JOB_ID"),
        (["show", "--job-id=J"], "the job id is an argument, as in casjob show JOB_ID"),
        (["wait", "--job", "J"], "the job id is an argument, as in casjob show JOB_ID"),
        (["show", "--failed"], "casjob tasks --failed shows the failed tasks"),
        (["show", "--status", "failed"], "casjob tasks --status chooses tasks by status"),
        (["show", "--limit", "5"], ON_PAGING),
        (["watch", "--offset", "5"], ON_PAGING),
        (["show", "--desc"], ON_PAGING),
        (["show", "--version"], "casjob --version shows the version"),
    ],
)
def test_an_option_that_another_command_has_is_pointed_to(
    casjob: Casjob, words: list[str], hint: str
) -> None:
    status, out, err = casjob(*words)
    first, *others = err.splitlines()
    assert (status, out) == (2, "")
    assert first == f"casjob: No such option: {words[1].partition('=')[0]}"
    assert others == [f"  hint: {hint}", f"  see: casjob {words[0]} --help"]


@pytest.mark.parametrize(
    "words", [["--region", "x", "--token", "s3cret"], ["-X", "--token=s3cret"]]
)
def test_a_secret_on_the_command_line_is_not_repeated(casjob: Casjob, words: list[str]) -> None:
    told = f"casjob: No such option: --token\n  hint: {ON_SECRETS}CASJOB_TOKEN\n"
    assert casjob(*words, "show") == (2, "", f"{told}  see: casjob --help\n")


def test_no_option_takes_a_secret(casjob: Casjob) -> None:
    for command in COMMANDS:
        words = casjob(command, "--help").out.lower()
        assert not {"--token", "--password", "--secret-key", "--access-key"} & set(words.split())


def test_a_bug_shows_no_traceback(casjob: Casjob, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a broken installation: a file of it is missing.
    monkeypatch.setitem(sys.modules, "casjob.commands.show", None)
    assert casjob("show", "--demo") == (70, "", BUG)


def test_an_interruption_is_told_to_the_shell_alone(
    casjob: Casjob, at_service: dict[str, str], service: Service
) -> None:
    def interrupt(_: Recorded) -> Reply:
        os.kill(os.getpid(), signal.SIGINT)
        return Reply(delay=30)

    # Loads everything: while it is loaded, a signal ends the process at once, which is pytest's.
    casjob("show", JOB_ID, environ=at_service)
    service.handler = interrupt
    assert casjob("show", JOB_ID, environ=at_service) == (130, "", "")


def test_an_interruption_while_completing_is_no_traceback(
    casjob: Casjob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> Never:
        raise KeyboardInterrupt

    (tmp_path / "casjob" / "history" / "project").mkdir(parents=True)
    monkeypatch.setattr(os, "scandir", interrupt)
    environ = {
        "_CASJOB_COMPLETE": "complete_bash",
        "COMP_WORDS": "casjob show ''",
        "COMP_CWORD": "-1",
        "XDG_STATE_HOME": str(tmp_path),
    }
    assert casjob(environ=environ) == (130, "", "")


Ask = Callable[..., Finished]


@pytest.mark.parametrize("setting", [{"XDG_STATE_HOME": "/dev/null"}, {"HOME": "/dev/null"}])
def test_a_broken_home_changes_nothing(ask: Ask, setting: dict[str, str]) -> None:
    assert ask("show", JOB_ID, **setting) == ask("show", JOB_ID)


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_names_the_place_of_a_bug_without_the_values_of_variables(
    option: str, casjob: Casjob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "casjob.commands.show", None)
    shown = casjob("show", "JOB-in-a-variable", "--demo", option)
    assert (shown.status, shown.out) == (70, "")
    first, *_ = shown.err.splitlines()
    assert first == "casjob: this is a bug in casjob: ModuleNotFoundError"
    assert re.search(r"\ncasjob: at .*cli\.py:\d+ in show\n", shown.err)
    assert "JOB-in-a-variable" not in shown.err
