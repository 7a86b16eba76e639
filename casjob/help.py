"""How the help of a command looks: options in groups, and examples as they are typed."""

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from casjob.conversion import convert_plain_values
from casjob.errors import UsageError

_WATCH = "casjob watch follows jobs until they end"
_PAGING = "casjob tasks shows a part of the tasks, with --limit, --offset and --desc"
_JOB_ID = "the job id is an argument, as in casjob show JOB_ID"
_SECRET = "no option takes a secret, which others could read: set"  # noqa: S105 - not one itself
_KEYS = f"{_SECRET} CASJOB_ACCESS_KEY and CASJOB_SECRET_KEY"
_ELSEWHERE = {
    "--watch": _WATCH,
    "--follow": _WATCH,
    "-f": _WATCH,
    "--wait": "casjob wait blocks until jobs end",
    "--timeout": "only casjob wait and casjob watch have it; see --request-timeout",
    "--failed": "casjob tasks --failed shows the failed tasks",
    "--status": "casjob tasks --status chooses tasks by status",
    "--limit": _PAGING,
    "--offset": _PAGING,
    "--desc": _PAGING,
    "--format": "--output chooses the format",
    "--id": _JOB_ID,
    "--job-id": _JOB_ID,
    "--job": _JOB_ID,
    "--token": f"{_SECRET} CASJOB_TOKEN",
    "--password": f"{_SECRET} CASJOB_PASSWORD",
    "--access-key": _KEYS,
    "--secret-key": _KEYS,
}
"""What to use in place of an unknown option."""

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

_TAKEN = {
    (): "no arguments",
    ("BASE", "JOB"): "two jobs",
    ("COMPONENT",): "one component",
    ("JOB_ID",): "one job id",
    ("SHELL",): "one shell",
}
"""What a command takes, by the names of its arguments, where it does not take any number."""

_MAY_BE_EMPTY = "after"
"""The option that is empty where there was no job before."""


def describe_usage_error(error: typer.TyperException) -> UsageError:
    """Return Typer's error in casjob's words, with the help to look at.

    For an option that another command has, the hint replaces Typer's guess.
    """
    # Only the error about an unknown option has these.
    is_unknown = hasattr(error, "possibilities")
    hint = _ELSEWHERE.get(getattr(error, "option_name", "")) if is_unknown else None
    message = error.message if hint else error.format_message()
    for pattern, words in _REWORDED.items():
        message = re.sub(pattern, words, message)
    context: typer.Context | None = getattr(error, "ctx", None)
    if context and (
        extra := re.search(r"unexpected extra argument\(s\) \((.*)\)", message, re.DOTALL)
    ):
        parameters: list[Any] = context.command.params
        names = [each.metavar for each in parameters if each.param_type_name == "argument"]
        message = f"{context.info_name} takes {_TAKEN[tuple(names)]}, not also {extra[1]}"
    steps = (f"  see: {context.command_path} --help",) if context else ()
    return UsageError(message, hint=hint, steps=steps)


def _refuse_empty(parameter: Any, value: Any) -> None:
    """Raise a `UsageError` for an option without a value, or with a list of none."""
    if parameter.param_type_name == "argument" or parameter.name == _MAY_BE_EMPTY:
        return
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and not text.strip(" \t\n,"):
            message = f"{parameter.opts[0]} is empty"
            raise UsageError(message, hint="is it set from an empty variable?")


class Command(TyperCommand):
    """A command whose options are grouped, and whose epilog holds examples."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the arguments and options, with `--help`."""
        return convert_plain_values(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command's name; each error knows the command.

        Raises:
            UsageError: an option is empty.
        """
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


class Commands(TyperGroup):
    """The commands, without Typer's two options that install completion scripts."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before a command; `casjob completion` prints the scripts."""
        installers = {"install_completion", "show_completion"}
        own = [each for each in super().get_params(ctx) if each.name not in installers]
        return convert_plain_values(own)
