"""A picture of the report for a README or a ticket; its text can be selected."""

from html import escape
from itertools import groupby
from operator import itemgetter

from casjob.formats.display import Display
from casjob.formats.html import DARK, LIGHT, Palette, describe_title, draw_rows
from casjob.formats.text.words import Line, measure, measure_line
from casjob.job.report import Report

_FONT_SIZE, _CELL_WIDTH, _LINE_HEIGHT, _MARGIN, _BASELINE = 14, 8.4, 20, 20, 15
"""In pixels. A cell is as wide as most monospace fonts have it; text is fitted into its cells."""

_FONT = f"{_FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>{style}</style>
<rect class="page" width="{width}" height="{height}" rx="8"/>
{lines}
</svg>
"""


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return the picture, as large as the report is, light or dark as the reader prefers."""
    rows = draw_rows(report, display, tasks_only=tasks_only)
    columns = max(map(measure_line, rows))
    picture = _PICTURE.format(
        width=round(columns * _CELL_WIDTH) + 2 * _MARGIN,
        height=len(rows) * _LINE_HEIGHT + 2 * _MARGIN,
        title=escape(describe_title(report)),
        style=f"""
text{{font:{_FONT};white-space:pre}}.bold{{font-weight:600}}
{_draw_style(LIGHT)}
@media(prefers-color-scheme:dark){{{_draw_style(DARK)}}}
""",
        lines="\n".join(_draw_row(place, row) for place, row in enumerate(rows) if row),
    )
    return picture.encode()


def _draw_style(palette: Palette) -> str:
    colors = palette._asdict()
    text = f"text{{fill:#{colors.pop('text')}}}"
    return text + "".join(f".{name}{{fill:#{color}}}" for name, color in colors.items())


def _draw_row(place: int, row: Line) -> str:
    y = _MARGIN + place * _LINE_HEIGHT + _BASELINE
    spans, column = [], 0
    for style, parts in groupby(row, key=itemgetter(1)):
        text = "".join(text for text, _ in parts)
        x, cells = _MARGIN + column * _CELL_WIDTH, measure(text)
        classes = f' class="{style}"' if style else ""
        length = f'textLength="{cells * _CELL_WIDTH:.1f}"'
        spans.append(f'<tspan x="{x:.1f}" {length}{classes}>{escape(text)}</tspan>')
        column += cells
    return f'<text y="{y}" xml:space="preserve">{"".join(spans)}</text>'
