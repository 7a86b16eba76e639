# ruff: noqa: INP001 - a program, not a module of a package
"""Write the manual page, and copies of the completion scripts for packagers.

They go into the folder given, or beside this file.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter

from casjob import __version__
from casjob.cli import app
from casjob.completion import SCRIPTS
from casjob.files import cache_folder, config_folder, state_folder
from casjob.formats import documents
from casjob.settings import sources
from casjob.settings.values import CASJOB_SETTINGS, SETTINGS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")

SHARED_GROUPS = ("Following", "Output", "Connection")
"""Groups of options that mean the same in every command."""

PRECEDENCE = (
    "Options override environment variables, and CASJOB_* variables override files. All parts of"
    " a credential come from the same source. No option takes a secret."
)

VARIABLES = {
    "iam_endpoint": "URL of IAM; by default, the region's.",
    "token": "IAM token, valid for 24 hours.",
    "access_key": "Access key, with its secret key.",
    "secret_key": "Secret key of the access key.",
    "security_token": "Security token of a temporary access key.",
    "user_name": "User to log in to IAM as, with a password and a domain name.",
    "password": "Password of the user.",
    "domain_name": "Name of the account that the user belongs to.",
    "job_id": "Job to use if none is named.",
    "history": "Set to `off` to keep no list of the jobs viewed.",
}
"""What each variable sets that has no option of the same name."""

OTHER_VARIABLES = {
    ", ".join(list(sources.VARIABLES)[1:]): "Settings under the names that"
    " the vendor's SDKs, Terraform and OpenStack use; taken in this order, after casjob's own.",
    "HTTPS_PROXY, ALL_PROXY, NO_PROXY": "The proxy, and the hosts to reach directly.",
    "SSL_CERT_FILE": "CA certificates to trust, such as the system's, instead of certifi's.",
    "NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE": "The first turns colour off, the others on;"
    " --color overrides them.",
    "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME": "Used instead of ~/.config, ~/.local/state"
    " and ~/.cache.",
}

JSON = (
    "With --json, show and tasks print what the service sent, under the names of API v2, and these"
    " keys. Unknown values are null. The other commands print their own documents; JSON Schemas of"
    " all are in the folder casjob/schema of the package."
)

KEYS: Mapping[str, Any] = {
    "": documents.Report,
    "tasks[].": documents.Task,
    "failure.": documents.Cause,
}
"""The documents whose keys are explained, and what stands before each key."""

EVENTS = (
    "casjob watch --json prints one event per line. Each has time (in UTC), event, job_id and the"
    " keys"
    " below."
)

HOME = {"HOME": "/~"}
PATHS = {
    config_folder(HOME) / "config.toml": "Profiles. Each table is one; its keys are the names of"
    " the CASJOB_* variables, in lower case and without CASJOB_. credential_command lists a program"
    " and its arguments; the program prints a JSON object with token, or with access_key,"
    " secret_key and, for temporary keys, security_token; or what ECS metadata, IAM or STS respond"
    " with. It is run again before a credential expires.",
    config_folder(HOME) / "explain.toml": "Your own meanings of codes and names, which are shown"
    " first; a name may contain *.",
    state_folder(HOME) / "history": "Jobs that were viewed.",
    cache_folder(HOME): "Tokens, project ids and the names of components.",
    Path("/~/.huaweicloud/credentials"): "Settings of the vendor's SDKs.",
    Path("/~/.hcloud/config.json"): "KooCLI's settings, including SSO logins. Its secrets"
    " can be used only if they are not encrypted: hcloud configure set --cli-auth-encrypt=false.",
}


ESCAPES = str.maketrans({"\\": "\\e", "-": "\\-", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti"})
"""Characters that roff would replace with ones that a shell does not understand."""


def write_page() -> Iterator[str]:
    """Yield the lines of the manual page, in the macros of man(7)."""
    program: Any = typer.main.get_command(app)
    root = typer.Context(program, info_name="casjob", **program.context_settings)
    commands = [
        (command, typer.Context(command, info_name=name, parent=root))
        for name, command in program.commands.items()
    ]
    summary = (program.help or "").rstrip(".")
    # No date, so that the page changes only with the program.
    yield f'.TH CASJOB 1 "" "casjob {__version__}"'
    # No hyphenation, which would split options; so no justified lines either.
    yield from (".nh", ".ad l")
    yield from (".SH NAME", escape(f"casjob - {summary[0].lower()}{summary[1:]}"))
    yield from (".SH SYNOPSIS", ".nf")
    for command, context in commands:
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"{bold(context.command_path)} {escape(usage)}"
    yield from (".fi", ".SH DESCRIPTION", escape(f"{summary}."), ".SH COMMANDS")
    shared = {title: dict[str, str]() for title in SHARED_GROUPS}
    for command, context in commands:
        yield f'.SS "{context.command_path}"'
        yield from "\n.PP\n".join(map(escape, (command.help or "").split("\n\n"))).splitlines()
        elsewhere: list[str] = []
        for title, records in command.group_parameters(context).items():
            if title in shared:
                # Which formats there are depends on the command.
                own = [each for each in records if "--output " in each[0]]
                yield from write_list(own, mark_usage)
                alike = [each for each in records if each not in own]
                shared[title].update(alike)
                elsewhere += [re.findall(r"--[\w-]+", usage)[-1] for usage, _ in alike]
            else:
                yield from write_list(
                    (each for each in records if "--help" not in each[0]), mark_usage
                )
        if elsewhere:
            yield from (".PP", f"Also takes the shared options {', '.join(map(bold, elsewhere))}.")
    for title, texts in shared.items():
        yield f'.SH "{title.upper()} OPTIONS"'
        yield from write_list(texts.items(), mark_usage)
    yield ".SH GENERAL OPTIONS"
    records = [each.get_help_record(root) for each in program.get_params(root)]
    yield from write_list(filter(None, records), mark_usage)
    yield from (".SH ENVIRONMENT", escape(PRECEDENCE))
    yield from write_list(describe_variables(), bold)
    yield ".SH FILES"
    paths = ((str(path).removeprefix("/"), text) for path, text in PATHS.items())
    yield from write_list(paths, italic)
    yield ".SH EXIT STATUS"
    yield from write_list(re.findall(r"^\| (\d+) \| (.*) \|$", README, re.MULTILINE), bold)
    yield from (".SH JSON", escape(JSON))
    yield from write_list(describe_keys(), bold)
    yield from (".SH EVENTS", escape(EVENTS))
    yield from write_list(describe_events(), bold)
    yield from (".SH EXAMPLES", ".EX")
    for command, _ in commands:
        yield from map(escape, (command.epilog or "").splitlines())
    yield from (
        ".EE",
        ".SH SEE ALSO",
        f"{bold('casjob')} COMMAND {bold('--help')}, {bold('jq')}(1)",
    )


def describe_variables() -> Iterator[tuple[str, str]]:
    """Yield each variable with what it is for."""
    for name in SETTINGS:
        if name in CASJOB_SETTINGS:
            option = f"--{name.replace('_', '-')}"
            text = VARIABLES.get(name, f"Same as {option}.")
            yield f"CASJOB_{name.upper()}", text
    yield from OTHER_VARIABLES.items()


def describe_keys() -> Iterator[tuple[str, str]]:
    """Yield the keys of a report, each with what its JSON Schema says."""
    for prefix, document in KEYS.items():
        schema = TypeAdapter(document).json_schema(mode="serialization")
        for key, value in schema["properties"].items():
            named = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
            values = f"{', '.join(named.get('enum', ()))}."
            yield f"{prefix}{key}", value.get("description", values)


def describe_events() -> Iterator[tuple[str, str]]:
    """Yield the kinds of events, each with its keys."""
    schema = TypeAdapter(documents.AnyEvent).json_schema(mode="serialization")
    for name, reference in schema["discriminator"]["mapping"].items():
        event = schema["$defs"][reference.rpartition("/")[2]]
        keys = [key for key in event["properties"] if key not in {"time", "event", "job_id"}]
        yield name, f"{event['description']} Keys: {', '.join(keys)}."


def write_list(records: Iterable[tuple[str, str]], mark: Callable[[str], str]) -> Iterator[str]:
    """Yield a list of terms, marked as such, each with a text about it."""
    for term, text in records:
        yield from (".TP", mark(term), escape(text))


def mark_usage(usage: str) -> str:
    """Return options in bold, and what they take in italics."""
    words = usage.split(" ")
    return " ".join(bold(word) if word.startswith("-") else italic(word) for word in words)


def bold(text: str) -> str:
    """Return a text in bold."""
    return f"\\fB{escape(text)}\\fR"


def italic(text: str) -> str:
    """Return a text in italics."""
    return f"\\fI{escape(text)}\\fR"


def escape(text: str) -> str:
    """Return a text as roff shows it; words in Markdown's backquotes are in bold."""
    text = re.sub("`(.*?)`", r"\\fB\1\\fR", text.translate(ESCAPES))
    # At the start of a line, a full stop begins a macro.
    return f"\\&{text}" if text.startswith(".") else text


def main(folder: Path) -> None:
    """Write the files into a folder."""
    text = "".join(f"{line}\n" for line in write_page())
    (folder / "casjob.1").write_text(text, encoding="utf-8", newline="\n")
    for script in SCRIPTS.iterdir():
        shutil.copy(script, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
