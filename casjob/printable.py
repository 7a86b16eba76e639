"""Escapes untrusted text, so that it can neither control a terminal nor fake a line of output."""

import unicodedata

_UNSAFE_CATEGORIES = frozenset(
    {
        "Cc",  # C0, DEL and C1: escape sequences, carriage returns, line feeds, NUL
        "Cf",  # bidirectional overrides and marks, zero-width characters, soft hyphens
        "Co",  # private use: shown as whatever the font has
        "Cs",  # lone surrogates, which can't be encoded
        "Zl",  # line separator
        "Zp",  # paragraph separator
    }
)

_JOINERS = frozenset("\u200c\u200d")
"""Zero-width (non-)joiners: Persian, Indic scripts and emoji need them."""


_UNMEASURED = dict.fromkeys(map(ord, "\u200c\u200d\ufe0e\ufe0f"))
"""Joiners, and selectors of an emoji's width: terminals and Rich disagree about both."""


def printable(text: str) -> str:
    r"""Return the text with every character that could control a terminal escaped.

    A line feed becomes `\n`, ESC `\x1b`, a right-to-left override `\u202e`. A backslash is not
    escaped, so the result is for people only.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_show, text))


def _show(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    return character.encode("unicode_escape").decode("ascii")


def measurable(text: str) -> str:
    """Return the text without what makes it wider on a terminal than Rich takes it for.

    Rich does not count the character after a joiner: letters joined in a long row would be drawn
    past the edge. Emoji that were joined are drawn side by side.
    """
    return text if text.isascii() else text.translate(_UNMEASURED)
