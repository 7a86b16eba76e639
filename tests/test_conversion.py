"""Values that casjob converts itself, and those that Typer converts, or refuses."""

from enum import StrEnum
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import typer

from casjob.help import Command, convert_plain_values


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


def parse(annotation: Any, *words: str, default: Any = None) -> object:
    """Return what a command gets for an option or, with an argument's annotation, for words."""
    app, found = typer.Typer(rich_markup_mode=None, add_completion=False), []

    def command(value: Any = default) -> None:
        found.append(value)

    command.__annotations__["value"] = annotation
    app.command(cls=Command, epilog="casjob")(command)
    app(words, standalone_mode=False)
    return found[0]


def option(kind: Any, **settings: Any) -> Any:
    return Annotated[kind, typer.Option("--value", **settings)]


@pytest.mark.parametrize(
    ("annotation", "words", "value"),
    [
        (option(str | None), [], None),
        (option(str | None), ["--value", "7"], "7"),
        (option(int | None, min=1), ["--value", "7"], 7),
        (option(int | None), ["--value", "007"], 7),
        (option(int | None, min=1, max=7), ["--value", "7"], 7),
        (option(int | None, min=1, max=7, clamp=True), ["--value", "8"], 7),
        # The next three only Typer converts.
        (option(int | None), ["--value", "-7"], -7),
        (option(int | None), ["--value", "+7"], 7),
        (option(float | None), ["--value", "7.5"], 7.5),
        (option(Size | None), ["--value", "large"], Size.LARGE),
        (option(list[str] | None), [], None),
        (option(list[str] | None), ["--value", "a", "--value", "b"], ["a", "b"]),
        (option(list[int] | None), ["--value", "1", "--value", "-2"], [1, -2]),
        (Annotated[list[str] | None, typer.Argument()], [], None),
        (Annotated[list[str] | None, typer.Argument()], ["a", "b"], ["a", "b"]),
    ],
)
def test_a_value_is_converted_to_its_type(annotation: Any, words: list[str], value: object) -> None:
    assert parse(annotation, *words) == value


def test_a_default_stays_as_it_is() -> None:
    assert parse(option(Size), default=Size.SMALL) is Size.SMALL
    assert parse(option(int, min=1), default=3) == 3


@pytest.mark.parametrize(
    ("annotation", "word", "message"),
    [
        (option(int | None, min=1), "0", "Input should be greater than or equal to 1"),
        (option(int | None, max=7), "8", "Input should be less than or equal to 7"),
        (option(int | None, max=0), "1", "Input should be less than or equal to 0"),
        (option(list[int] | None, max=7), "8", "Input should be less than or equal to 7"),
        (option(int | None, min=1), "x", "Input should be a valid integer"),
        (option(int | None), "9" * 5000, "Unable to parse input string as an integer"),
        (option(Size | None), "huge", "'huge' is not one of 'small', 'large'."),
        (option(list[Size] | None), "huge", "'huge' is not one of 'small', 'large'."),
    ],
)
def test_typer_says_what_is_wrong_with_a_value(annotation: Any, word: str, message: str) -> None:
    with pytest.raises(typer.TyperException) as refused:
        parse(annotation, "--value", word)
    assert message in refused.value.format_message()


@pytest.mark.parametrize("parameter", [SimpleNamespace(), SimpleNamespace(get_runtime_param=int)])
def test_a_typer_that_works_differently_is_left_alone(parameter: SimpleNamespace) -> None:
    before = dict(vars(parameter))
    assert convert_plain_values([parameter]) == [parameter]
    assert vars(parameter) == before
