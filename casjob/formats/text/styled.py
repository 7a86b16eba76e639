"""Styled text, of which lines and cells are made.

It is casjob's own, as loading Rich takes longer than drawing a report for a pipe, which needs
neither wrapping nor colours.
"""

import re

_NARROW = re.compile("[ -~\xa0-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc✓✗]*")
"""Letters of the Latin script, and signs: characters of one cell each."""


class Text:
    """Printable text on one line, in runs of one style each. It never changes.

    Args:
        plain: the text.
        style: the style of all of it, by Rich's name, such as `bold red`; empty for none.

    Attributes:
        plain: the text without styles.
    """

    __slots__ = ("_cell_len", "_parts", "_style", "plain")

    def __init__(self, plain: str = "", style: str = "") -> None:
        self.plain = plain
        self._style = style
        self._parts: tuple[str | Text, ...] = ()
        self._cell_len: int | None = None

    @classmethod
    def assemble(cls, *parts: "str | Text") -> "Text":
        """Return texts one after the other."""
        text = cls("".join([each if isinstance(each, str) else each.plain for each in parts]))
        text._parts = parts
        return text

    @property
    def runs(self) -> list[tuple[str, str]]:
        """Each run of one style, with the style. A pipe has no use for them."""
        if not self._parts:
            return [(self.plain, self._style)] if self.plain else []
        texts = (Text(each) if isinstance(each, str) else each for each in self._parts)
        return [run for each in texts for run in each.runs]

    @property
    def cell_len(self) -> int:
        """The columns of a terminal that it takes."""
        if self._cell_len is None:
            self._cell_len = measure(self.plain)
        return self._cell_len

    def __len__(self) -> int:
        return len(self.plain)

    def __getitem__(self, part: slice) -> "Text":
        start, stop, _ = part.indices(len(self.plain))
        runs, begin = [], 0
        for text, style in self.runs:
            cut = text[max(start - begin, 0) : max(stop - begin, 0)]
            if cut:
                runs.append(Text(cut, style))
            begin += len(text)
        return Text.assemble(*runs)

    def rstrip(self) -> "Text":
        """Return it without blanks at its end."""
        return self[: len(self.plain.rstrip(" "))] if self.plain.endswith(" ") else self


def measure(text: str) -> int:
    """Return the columns of a terminal that printable text takes, as Rich measures it."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
