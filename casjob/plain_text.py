"""The one reader of text that is handed in: in files, on stdin, and as arguments."""

import codecs
import re

_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""By the byte order mark; PowerShell writes UTF-16. The longer marks begin like the shorter."""

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)
"""ECMA-48: colours and the like; what follows `ESC ]`, such as a link, has an end of its own."""

_HYPHENS = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", "")
_LOOKALIKES = str.maketrans({**_HYPHENS, **_INVISIBLE, "\u00a0": " "})
"""What editors, chats and terminals put into an id in place of what was typed, or between it."""


def decode_text(content: bytes) -> str:
    """Return the text in bytes: of UTF-8, or of UTF-16 or UTF-32 with a byte order mark.

    Colours are dropped, and lines end in a line feed alone.

    Raises:
        UnicodeDecodeError: it is in another encoding.
    """
    marks = (encoding for mark, encoding in _ENCODINGS.items() if content.startswith(mark))
    return clean(content.decode(next(marks, "utf-8")))


def clean(text: str) -> str:
    """Return a text without the escape sequences in it, and with line feeds alone."""
    return _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n")


def straighten(text: str) -> str:
    """Return a text that holds ids with the characters that they had before they were typeset."""
    return clean(text).translate(_LOOKALIKES)


def guess_encoding(content: bytes) -> str:
    """Return the encoding that bytes may be in which are not UTF-8, by its usual name."""
    if b"\0" in content[:4]:
        return "UTF-16 without a byte order mark"
    try:
        # Of GBK, the common characters: two bytes over 0xa0, of which Western text has single ones.
        content.decode("gb2312")
    except UnicodeDecodeError:
        return "Windows-1252"
    return "GBK"
