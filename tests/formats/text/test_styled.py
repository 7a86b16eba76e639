import sys

import pytest
from rich.cells import cell_len

from casjob.formats.text.styled import Text, measure
from casjob.formats.text.terminal import color, wrap
from casjob.printable import printable


def test_every_character_is_as_wide_as_rich_has_it() -> None:
    printables = filter(lambda each: printable(each) == each, map(chr, range(sys.maxunicode + 1)))
    assert [each for each in printables if measure(each) != cell_len(each)] == []


def test_text_that_rich_measures_as_a_whole_is_left_to_it() -> None:
    assert measure("\u270c\ufe0f") == cell_len("\u270c\ufe0f") == 2


@pytest.mark.parametrize(
    ("part", "runs"),
    [
        (slice(None), [("a", ""), ("bcd", "dim"), ("ef", "bold red")]),
        (slice(2), [("a", ""), ("b", "dim")]),
        (slice(2, 4), [("cd", "dim")]),
        (slice(3, 5), [("d", "dim"), ("e", "bold red")]),
        (slice(-1, None), [("f", "bold red")]),
        (slice(6, 9), []),
    ],
)
def test_a_part_keeps_its_styles(part: slice, runs: list[tuple[str, str]]) -> None:
    text = Text.assemble("a", Text("bcd", "dim"), "", Text(), Text("ef", "bold red"))
    assert list(text[part].runs) == runs
    assert text[part].plain == "abcdef"[part]
    assert len(text) == text.cell_len == 6


def test_only_blanks_at_the_end_are_stripped() -> None:
    text = Text.assemble(" a ", Text(" b", "dim"), Text("  ", "red"))
    assert list(text.rstrip().runs) == [(" a ", ""), (" b", "dim")]


def test_rows_of_wrapped_text_keep_their_styles() -> None:
    text = Text.assemble("one ", Text("two three", "dim"), " four")
    assert [list(row.runs) for row in wrap(text, 8)] == [
        [("one ", ""), ("two ", "dim")],
        [("three", "dim"), (" ", "")],
        [("four", "")],
    ]


def test_colour_is_in_escapes_around_the_words() -> None:
    lines = [Text.assemble(Text("ok", "green"), " [red]x[/red]"), Text(), Text("no", "bold red")]
    assert color(lines) == ["\x1b[32mok\x1b[0m [red]x[/red]", "", "\x1b[1;31mno\x1b[0m"]
