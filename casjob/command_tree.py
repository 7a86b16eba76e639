"""The commands below `casjob`, each built when it is first looked up.

Typer builds all commands of a program on each run, which takes longer than parsing the words.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import typer

from casjob.help import Command, Commands
from casjob.options import spread

_SETTINGS: Mapping[str, Any] = {
    # Help without markup takes half the time; errors without local variables reveal no secret.
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Declared(NamedTuple):
    function: Callable[..., int]
    examples: str


class CommandTree(Mapping[str, Any]):
    """Commands by their names."""

    def __init__(self) -> None:
        self._declared: dict[str, _Declared] = {}
        self._built: dict[str, Any] = {}

    def declare(
        self, name: str | None = None, *, examples: str
    ) -> Callable[[Callable[..., int]], Callable[..., int]]:
        """Return a decorator that adds a command, which runs the decorated function.

        Args:
            name: the command's name; by default, that of the function.
            examples: command lines for its help, one per line.
        """

        def add(function: Callable[..., int]) -> Callable[..., int]:
            self._declared[name or function.__name__] = _Declared(function, examples)
            return function

        return add

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            function, examples = self._declared[name]
            alone = typer.Typer(add_completion=False, **_SETTINGS)
            alone.command(name, cls=Command, epilog=examples)(spread(function))
            self._built[name] = typer.main.get_command(alone)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)


def build_program(callback: Callable[..., None], commands: CommandTree) -> Any:
    """Return the program, to be called with a command line.

    Args:
        callback: declares the options before a command, and runs if there is none.
        commands: the commands.
    """
    # Completion is loaded only when a shell asks for it.
    is_completing = "_CASJOB_COMPLETE" in os.environ
    app = typer.Typer(name="casjob", cls=Commands, add_completion=is_completing, **_SETTINGS)
    app.callback(invoke_without_command=True)(callback)
    program = typer.main.get_command(app)
    program.commands = commands  # type: ignore[attr-defined] # a program with a callback has some
    return program
