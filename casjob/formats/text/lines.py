"""Jobs as they change, one line per change, for logs and pipes."""

from collections.abc import Callable, Sequence

from casjob.formats.display import Color, Display, Ending
from casjob.formats.text.events import choose_arrow, describe_event
from casjob.formats.text.report import render_endings
from casjob.job.events import Event, Picture
from casjob.printable import printable


class Lines:
    """Writes a line for each event, and how the jobs ended at the end.

    Args:
        write: writes to stdout, and returns whether anybody still reads.
        display: what the reports adapt to.
    """

    is_live = False

    def __init__(self, write: Callable[[str | bytes], bool], display: Display) -> None:
        self._write = write
        self._arrow = choose_arrow(display.encoding)
        # A CI that forces colour gets it in a report, but not in a log that ends with one.
        is_auto = display.color is Color.AUTO
        self._display = display._replace(color=Color.NEVER) if is_auto else display

    def show_event(self, event: Event) -> bool:
        """Write a line about an event, if it belongs in a log."""
        line = describe_event(event, self._arrow)
        return line is None or self._write(f"{printable(line)}\n")

    def draw(self, pictures: Sequence[Picture]) -> None:
        """Draw nothing."""

    def show_endings(self, endings: Sequence[Ending]) -> None:
        """Write how the jobs ended."""
        text = render_endings(endings, self._display)
        if text:
            self._write(f"\n{text}")
