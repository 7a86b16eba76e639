import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casjob.printable import printable

TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Building failed.",
        r"C:\new [red]not markup[/red] \x1b",
        "构建失败",
        "Größe – ½\u00a0GiB",
        "e\u0301",
    ],
)
def test_text_of_any_script_is_unchanged(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("a\nb\r\n\tc", r"a\nb\r\n\tc"),
        ("\x00\x08\x7f", r"\x00\x08\x7f"),
        ("\x85\x9b31m", r"\x85\x9b31m"),
        ("\u202egnp.exe\u202c", r"\u202egnp.exe\u202c"),
        ("\u2066\u061c\u200e\u200f", r"\u2066\u061c\u200e\u200f"),
        ("\u200b\u2060\ufeff\u00ad", r"\u200b\u2060\ufeff\xad"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ue000\U0010fffd", r"\ue000\U0010fffd"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800构\udfff", r"\ud800构\udfff"),
        # Measured as narrower than it is drawn, and left out.
        ("\u200d".join("abc") + "می\u200cشود 👩\u200d💻 ❤\ufe0f\ufe0e", "abcمیشود 👩💻 ❤"),
    ],
)
def test_characters_that_control_a_terminal_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(TEXT)
def test_the_result_is_one_line_without_control_characters(text: str) -> None:
    shown = printable(text)

    assert len(shown.splitlines()) <= 1
    assert not {"Cc", "Co", "Cs"} & set(map(unicodedata.category, shown))
    assert shown.encode().decode() == shown


@given(TEXT)
def test_escaping_twice_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)
