"""Breaks lines at words and colours them, with Rich."""

from collections.abc import Iterable
from io import StringIO

from rich.console import Console
from rich.text import Text as RichText

from casjob.formats.text.styled import Text

_ANY_WIDTH = 1_000_000_000
"""Wider than anything: lines are wrapped by `wrap`, and never when they are printed."""


def wrap(text: Text, width: int) -> list[Text]:
    """Return a text in rows of at most `width` cells, broken at words where possible."""
    rows = _to_rich(text).wrap(_open_console(StringIO()), width)
    return [_from_rich(row) for row in rows]


def color(lines: Iterable[Text]) -> list[str]:
    """Return each line with the escapes that give it its styles."""
    drawn = StringIO()
    console = _open_console(drawn)
    for line in lines:
        console.print(_to_rich(line))
    return drawn.getvalue().split("\n")[:-1]


def _open_console(file: StringIO) -> Console:
    return Console(
        file=file,
        # Both, as Rich otherwise assumes that a dumb terminal has 80 columns.
        width=_ANY_WIDTH,
        height=1,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        highlight=False,
    )


def _to_rich(text: Text) -> RichText:
    # As spans, so that a style ends where the words end, before any padding.
    return RichText.assemble(*text.runs)


def _from_rich(text: RichText) -> Text:
    runs: list[str | Text] = []
    end = 0
    for start, stop, style in sorted(text.spans):
        runs += [text.plain[end:start], Text(text.plain[start:stop], str(style))]
        end = stop
    return Text.assemble(*runs, text.plain[end:])
