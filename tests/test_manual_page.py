import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import casjob
from casjob.completion import SCRIPTS
from casjob.settings.values import CASJOB_SETTINGS
from tests.conftest import Casjob

FILE = Path(__file__).parent.parent / "completions" / "casjob.1"
PAGE = re.sub(r"\\f[BIR]", "", FILE.read_text(encoding="utf-8")).replace("\\-", "-")
"""Without fonts."""
SECTIONS = {
    title.strip('"'): text
    for title, text in re.findall(r"^\.SH (.*)\n((?:(?!\.SH ).*\n)*)", PAGE, re.MULTILINE)
}
COMMANDS = dict(re.findall(r'^\.SS "casjob (.*)"\n((?:(?!\.S[HS] ).*\n)*)', PAGE, re.MULTILINE))


def test_one_command_writes_the_page_and_copies_the_completion_scripts(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FILE.parent / "generate.py"), str(tmp_path)], check=True)
    written, committed, scripts = (
        {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.is_file()}
        for folder in (tmp_path, FILE.parent, SCRIPTS)
    )
    del committed["generate.py"]
    assert written == committed
    assert written == {FILE.name: written[FILE.name], **scripts}


def find_options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def test_the_sections_are_those_of_a_manual() -> None:
    assert list(SECTIONS) == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "COMMANDS",
        "FOLLOWING OPTIONS",
        "OUTPUT OPTIONS",
        "CONNECTION OPTIONS",
        "GENERAL OPTIONS",
        "ENVIRONMENT",
        "FILES",
        "EXIT STATUS",
        "JSON",
        "EVENTS",
        "EXAMPLES",
        "SEE ALSO",
    ]


def test_every_command_is_there_with_its_options(casjob: Casjob) -> None:
    help_text = casjob("--help").out
    assert list(COMMANDS) == re.findall(
        r"^  ([a-z]+)  ", help_text.partition("Commands:")[2], re.MULTILINE
    )
    for name, text in COMMANDS.items():
        options = casjob(name, "--help").out.partition("Examples:")[0]
        assert find_options(text) == find_options(options) - {"--help"}, name
        assert f"\ncasjob {name}" in SECTIONS["EXAMPLES"]
        assert f"\ncasjob {name} [OPTIONS]" in SECTIONS["SYNOPSIS"]


def test_an_option_that_commands_share_has_one_help(casjob: Casjob) -> None:
    found: dict[str, set[str]] = {}
    groups = re.compile(r"\n(?:Output|Connection|Following):\n((?:  .*\n)+)")
    for command in COMMANDS:
        for group in groups.findall(casjob(command, "--help").out):
            for usage in re.findall(r"^  (-.*(?:\n   .*)*)", group, re.MULTILINE):
                # Which formats there are depends on the command.
                text = re.sub(r"(--output <)[\w|]+", r"\1…", " ".join(usage.split()))
                found.setdefault(text.split()[0], set()).add(text)
    assert {option: texts for option, texts in found.items() if len(texts) > 1} == {}


def test_every_option_that_a_command_only_names_has_its_help() -> None:
    explained = {
        option
        for usage in re.findall(r"^\.TP\n(.*)", PAGE, re.MULTILINE)
        for option in find_options(usage)
    }
    assert find_options(PAGE) - {"--cli-auth-encrypt"} == explained


def test_every_variable_is_there() -> None:
    variables = set(re.findall(r"^(CASJOB_[A-Z_]+)$", SECTIONS["ENVIRONMENT"], re.MULTILINE))
    assert variables == {f"CASJOB_{name.upper()}" for name in CASJOB_SETTINGS}


def test_every_key_of_a_report_is_there(casjob: Casjob) -> None:
    document = json.loads(casjob("show", "--demo", "--json").out)
    added = ("MESSAGES", "outcome", "phase", "title", "elapsed_seconds", "failure")
    assert re.findall(r"^\.TP\n(.*)", SECTIONS["JSON"], re.MULTILINE) == [
        *document,
        *(f"tasks[].{key}" for key in added),
        *(f"failure.{key}" for key in document["failure"]),
    ]


def test_every_event_is_there() -> None:
    schema = json.loads((Path(casjob.__file__).parent / "schema" / "event.json").read_bytes())
    named = re.findall(r"^\.TP\n(.*)", SECTIONS["EVENTS"], re.MULTILINE)
    assert named == [*schema["discriminator"]["mapping"]]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(
            [program, *options],
            marks=pytest.mark.skipif(
                shutil.which(program) is None, reason=f"{program} is not installed"
            ),
            id=program,
        )
        for program, options in (
            ("groff", ["-man", "-ww", "-Tutf8", "-z"]),
            ("mandoc", ["-T", "lint", "-W", "warning"]),
        )
    ],
)
def test_it_renders_without_a_warning(words: list[str]) -> None:
    done = subprocess.run([*words, str(FILE)], capture_output=True, text=True, check=False)
    # It has no date on purpose.
    warnings = [
        line
        for line in done.stderr.splitlines() + done.stdout.splitlines()
        if "missing date" not in line
    ]
    assert warnings == []
