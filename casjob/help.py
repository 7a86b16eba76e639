"""What casjob changes in Typer: how help looks, what errors say, and how values are converted."""

import difflib
import re
import shlex
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from casjob import __version__
from casjob.errors import UsageError
from casjob.streams import Output

_SECRET = "no option takes a secret, which others could read: set"  # noqa: S105 - not one itself
_ELSEWHERE = {
    "--watch --follow": "casjob watch follows jobs until they end",
    "-f": "casjob watch follows jobs until they end; --from reads a job from a file",
    "--wait": "casjob wait blocks until jobs end",
    "--timeout": "only casjob wait and casjob watch have it; see --request-timeout",
    "--failed": "casjob tasks --failed shows the failed tasks",
    "--status": "casjob tasks --status chooses tasks by status",
    "--limit --offset --desc": "casjob tasks shows a part of the tasks, with --limit, --offset and"
    " --desc",
    "--version -V": "casjob --version shows the version",
    "--format": "--output chooses the format",
    "--all -a": "all are shown, unless --limit is given",
    "--no-color --no-colour": "--color never turns colour off",
    "--id --job-id --job": "the job id is an argument, as in casjob show JOB_ID",
    "--token": f"{_SECRET} CASJOB_TOKEN",
    "--password": f"{_SECRET} CASJOB_PASSWORD",
    "--access-key --secret-key": f"{_SECRET} CASJOB_ACCESS_KEY and CASJOB_SECRET_KEY",
}
"""What to use in place of unknown options."""

_OTHER_COMMANDS = {
    "login": "there is no login: casjob config shows which credential is used",
    "status": "casjob show shows the status of a job",
    "ls": "casjob list lists components",
}
"""What to use in place of an unknown command."""

_CLOSE = 0.7
"""How like a command a mistyped one is; 1 is the same. Typer's own 0.6 takes login for logs."""

_REWORDED = {
    # What pydantic says, which Typer uses.
    "Value error, ": "",
    "Input should be greater than or equal to": "it must be at least",
    "Input should be less than or equal to": "it must be at most",
    "Input should be a valid integer.*": "it must be a whole number",
    # The breaks in Typer's list of choices.
    r"\n\t": " ",
}
"""Patterns in Typer's messages, and what casjob says instead."""


def describe_usage_error(error: typer.TyperException, words: list[str]) -> UsageError:
    """Return Typer's error about a command line in casjob's words, with the help to look at."""
    context: Any = getattr(error, "ctx", None)
    steps = (f"  see: {context.command_path} --help",) if context else ()
    # Only the error about an unknown option has these.
    if not hasattr(error, "possibilities"):
        return UsageError(_reword(error, context), steps=steps)
    # A secret first: no example may repeat it.
    given = (word.partition("=")[0] for word in words)
    secret = next((each for each in given if _find_hint(each).startswith(_SECRET)), None)
    option = secret or str(getattr(error, "option_name", ""))
    commands = getattr(context.command, "commands", {})
    having = [name for name, each in commands.items() if _has_option(each, option)]
    if having:
        place = next((place for place, word in enumerate(words) if word in having), None)
        if place is None:
            moved = [having[0], *(word for word in words if word not in commands)]
        else:
            moved = [*words[place:], *words[:place]]
        example = f"as in {shlex.join(['casjob', *moved])}"
        return UsageError("options go after the command", hint=example)
    hint = _find_hint(option)
    message = f"No such option: {option}" if hint else error.format_message()
    return UsageError(message, hint=hint, steps=steps)


def _find_hint(option: str) -> str:
    return next((hint for options, hint in _ELSEWHERE.items() if option in options.split()), "")


def _has_option(command: Any, option: str) -> bool:
    return any(option in parameter.opts for parameter in command.params)


def _reword(error: typer.TyperException, context: Any) -> str:
    message = error.format_message()
    if extra := re.search(r"unexpected extra argument\(s\) \((.*)\)", message, re.DOTALL):
        taken = [
            f"one {each.metavar.lower().replace('_', ' ')}"
            for each in context.command.params
            if each.param_type_name == "argument"
        ]
        takes = " and ".join(taken) or "no arguments"
        return f"{context.info_name} takes {takes}, not also {extra[1]}"
    for pattern, words in _REWORDED.items():
        message = re.sub(pattern, words, message)
    return message


def _refuse_empty(parameter: Any, value: Any) -> None:
    """Raise a `UsageError` for an option or an argument without a value, or with a list of none."""
    is_argument = parameter.param_type_name == "argument"
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and not text.strip(" \t\n,"):
            name = parameter.metavar if is_argument else parameter.opts[0]
            raise UsageError(f"{name} is empty", hint="is it set from an empty variable?")


def _show_help(context: typer.Context, _parameter: object, asked: bool) -> None:  # noqa: FBT001 - how Typer calls it
    if asked and not context.resilient_parsing:
        Output.on_stdout().write(f"{context.get_help()}\n")
        raise typer.Exit


def show_version(context: typer.Context, asked: bool) -> None:  # noqa: FBT001 - how Typer calls it
    """Show the version and exit, unless the command line is only being completed."""
    if asked and not context.resilient_parsing:
        Output.on_stdout().write(f"casjob {__version__}\n")
        raise typer.Exit


Version = Annotated[
    bool,
    # Eager, so that nothing else is parsed, which would load pydantic.
    typer.Option("--version", "-V", help="Show the version.", callback=show_version, is_eager=True),
]


class _WithHelp:
    """A command whose help is written like all output: Typer would not tell a closed stdout."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`."""
        option: Any = super().get_help_option(ctx)  # type: ignore[misc] # that of what it is mixed with
        option.callback = _show_help
        return option


class Command(_WithHelp, TyperCommand):
    """A command whose options are grouped, and whose epilog holds examples."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the arguments and options, with `--help`."""
        return convert_plain_values(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command's name; each error knows the command."""
        try:
            rest = super().parse_args(ctx, args)
        except typer.TyperException as error:
            # Typer leaves it out where an option lacks its value, or has one too many.
            error.ctx = ctx  # type: ignore[attr-defined] # most kinds of error have it
            raise
        if not ctx.resilient_parsing:
            for each in self.params:
                _refuse_empty(each, ctx.params[each.name])
        return rest

    def get_short_help_str(self, limit: int = 80) -> str:
        """Return the first sentence of the help; for completions, Typer would cut it at 45."""
        return super().get_short_help_str(limit)

    def group_parameters(self, ctx: Any) -> dict[str, list[tuple[str, str]]]:
        """Return the usage and help of each argument, then of the options, by group."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            usage, text = parameter.get_help_record(ctx)
            title = getattr(parameter, "rich_help_panel", None) or "Options"
            if parameter.param_type_name == "argument":
                title = "Arguments"
                # Its metavar alone: Typer adds the type.
                usage = parameter.metavar + ("" if parameter.nargs == 1 else "...")
            groups.setdefault(title, []).append((usage, text))
        return {title: records for title, records in groups.items() if records}

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options group by group."""
        for title, records in self.group_parameters(ctx).items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples, a line each."""
        del ctx
        with formatter.section("Examples"):
            for line in (self.epilog or "").splitlines():
                formatter.write(f"  {line}\n")


class Commands(_WithHelp, TyperGroup):
    """The commands, without Typer's two options that install completion scripts."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before a command; `casjob completion` prints the scripts."""
        installers = {"install_completion", "show_completion"}
        own = [each for each in super().get_params(ctx) if each.name not in installers]
        return convert_plain_values(own)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse a command line; `casjob help show` and `casjob version` are read as options."""
        match args:
            case ["help", *words]:
                args = [*(word for word in words if word != "help"), "--help"]
            case ["version", *_]:
                args = ["--version"]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is named, and the words after it.

        Raises:
            UsageError: another command is meant.
        """
        name = args[0]
        if name in _OTHER_COMMANDS and not ctx.resilient_parsing:
            raise UsageError(f"No such command {name!r}.", hint=_OTHER_COMMANDS[name])
        self.suggest_commands = bool(difflib.get_close_matches(name, self.commands, cutoff=_CLOSE))
        return super().resolve_command(ctx, args)


def convert_plain_values(parameters: list[Any]) -> list[Any]:
    """Let Typer's parameters convert plain values without pydantic, and return them.

    Typer converts every value with pydantic, which takes 50 ms to load: a quarter of a run. A value
    that is plainly valid is converted here. Typer gets all others, and tells what is wrong with
    them.
    """
    for each in parameters:
        # Typer has no option for this. A version that works differently converts all by itself.
        is_known = hasattr(each, "get_runtime_param") and hasattr(each, "type_descriptor")
        if is_known and "get_runtime_param" not in vars(each):
            coerce = partial(_coerce, each.get_runtime_param)
            each.get_runtime_param = partial(SimpleNamespace, coerce=coerce)
    return parameters


def _coerce(get_typers: Callable[[], Any], value: Any, *, param: Any, ctx: Any) -> Any:
    """Return the converted value of a parameter, if need be converted by what Typer has for it."""
    is_list = param.multiple or param.nargs != 1
    if value is None:
        return () if is_list else None
    annotation = param.type_descriptor.annotation
    # For a list, the type of its items.
    (kind,) = get_args(annotation) or (annotation,)
    converted = [_convert(each, kind, param) for each in (value if is_list else [value])]
    if None in converted:
        return get_typers().coerce(value, param=param, ctx=ctx)
    return converted if is_list else converted[0]


def _convert(value: Any, kind: type, param: Any) -> Any:
    """Return the converted value, or None if it is not plain."""
    if isinstance(value, kind):
        return value
    if issubclass(kind, Enum):
        with suppress(ValueError):
            return kind(value)
        return None
    if kind is int and re.fullmatch("[0-9]{1,18}", value):
        number = int(value)
        is_too_low = param.min is not None and number < param.min
        is_too_high = param.max is not None and number > param.max
        return None if is_too_low or is_too_high else number
    return None
