"""Text from strangers, made safe to show: nothing in it can drive a terminal or fake a line."""

import unicodedata

_UNSAFE_CATEGORIES = frozenset(
    {
        "Cc",  # C0, DEL and C1: escape sequences, carriage returns, line feeds, NUL
        "Cf",  # bidirectional overrides and marks, zero-width characters, soft hyphens
        "Co",  # private use: whatever the font says it is
        "Cs",  # lone surrogates, which no encoding takes
        "Zl",  # line separator
        "Zp",  # paragraph separator
    }
)

_JOINERS = frozenset("\u200c\u200d")
"""Zero-width (non-)joiner: Persian, Indic scripts and emoji are misspelt without them."""


def printable(text: str) -> str:
    r"""Return the text with every character that could drive a terminal as an escape.

    A line feed becomes `\n`, ESC `\x1b`, a right-to-left override `\u202e`. A backslash stays,
    so the result is for eyes; JSON is for programs.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_show, text))


def _show(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    return character.encode("unicode_escape").decode("ascii")
