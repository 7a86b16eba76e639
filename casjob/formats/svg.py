"""A picture of the report for a README or a ticket; its text can be selected."""

from casjob.formats.display import Display
from casjob.formats.markup import escape
from casjob.formats.text.export import PALETTE, Run, describe_title, draw_lines
from casjob.job.report import Report

_FONT_SIZE, _CELL_WIDTH, _LINE_HEIGHT, _MARGIN, _BASELINE = 14, 8.4, 20, 20, 15
"""In pixels. A cell is as wide as most monospace fonts have it; text is fitted into its cells."""

_STYLE = f"""
{PALETTE}.page{{fill:var(--page)}}
text{{font:{_FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--text);\
white-space:pre}}
.bold{{font-weight:600}}.dim{{fill:var(--dim)}}.green{{fill:var(--green)}}
.red{{fill:var(--red)}}.cyan{{fill:var(--cyan)}}.magenta{{fill:var(--magenta)}}
"""
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
    """Return the picture, as large as the report is."""
    lines = draw_lines(report, display, tasks_only=tasks_only)
    columns = max(sum(run.cells for run in line) for line in lines)
    picture = _PICTURE.format(
        width=round(columns * _CELL_WIDTH) + 2 * _MARGIN,
        height=len(lines) * _LINE_HEIGHT + 2 * _MARGIN,
        title=escape(describe_title(report)),
        style=_STYLE,
        lines="\n".join(_draw_line(row, line) for row, line in enumerate(lines) if line),
    )
    return picture.encode()


def _draw_line(row: int, line: list[Run]) -> str:
    y = _MARGIN + row * _LINE_HEIGHT + _BASELINE
    spans, column = [], 0
    for run in line:
        x = _MARGIN + column * _CELL_WIDTH
        style = f' class="{run.classes}"' if run.classes else ""
        width = f"{run.cells * _CELL_WIDTH:.1f}"
        text = escape(run.text)
        spans.append(f'<tspan x="{x:.1f}" textLength="{width}"{style}>{text}</tspan>')
        column += run.cells
    return f'<text y="{y}" xml:space="preserve">{"".join(spans)}</text>'
