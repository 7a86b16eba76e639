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

_NONCHARACTERS = frozenset("\ufffe\uffff")
"""Forbidden in XML 1.0."""

_UNMEASURED = dict.fromkeys(map(ord, "\u200c\u200d\ufe0e\ufe0f"))
"""Joiners, and selectors of an emoji's width: terminals and Rich disagree about both.

Rich does not count the character after a joiner: letters joined in a long row would be drawn past
the edge. Emoji that were joined are drawn side by side.
"""


def printable(text: str) -> str:
    r"""Return the text with every character that could control a terminal escaped.

    A line feed becomes `\n`, ESC `\x1b`, a right-to-left override `\u202e`. A backslash is not
    escaped, so the result is for people only. What makes it wider on a terminal than it is measured
    is left out.
    """
    return text if is_plain(text) else text.translate(_SHOWN)


def is_plain(text: str) -> bool:
    """Return whether the text is ASCII without control characters, as nearly all texts are."""
    return text.isascii() and text.isprintable()


class _Shown(dict[int, str | None]):
    """How each character is shown, worked out once: the log of a build has millions of them."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        is_safe = unicodedata.category(character) not in _UNSAFE_CATEGORIES
        if not is_safe or character in _NONCHARACTERS:
            character = character.encode("unicode_escape").decode("ascii")
        self[point] = character
        return character


_SHOWN = _Shown(_UNMEASURED)
