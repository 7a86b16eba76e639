"""A web page that holds all it needs, drawn by Rich: it fetches nothing, and runs nothing."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import NamedTuple

from rich.color import parse_rgb_hex
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from casjob.formats.display import Display
from casjob.formats.text.phrases import describe_verdict
from casjob.formats.text.report import draw_page
from casjob.formats.text.terminal import open_console, to_segments
from casjob.formats.text.words import Line
from casjob.job.report import Report
from casjob.printable import printable

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;padding:1.5rem}
pre{margin:0;font:14px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-x:auto}
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<pre>{lines}</pre>
</body>
</html>
"""
_GREY = "bright_black"
"""Stands for dim text, which Rich makes too pale to be read."""
_COLUMNS = 108
"""Where prose is wrapped, and how wide a timeline makes a table: 1,000 pixels hold so many."""


class Palette(NamedTuple):
    """The colours of a page, in hexadecimal; each is readable on it (contrast over 4.5)."""

    page: str
    text: str
    dim: str
    green: str
    red: str
    cyan: str
    magenta: str


LIGHT = Palette("ffffff", "1f2328", "59636e", "1a7f37", "cf222e", "0a6c80", "8250df")
DARK = Palette("0d1117", "e6edf3", "9198a1", "3fb950", "ff7b72", "39c5cf", "bc8cff")


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return the page, light or dark as the reader prefers."""
    rows = [
        [(text, _GREY if style == "dim" else style) for text, style in row]
        for row in draw_rows(report, display, tasks_only=tasks_only)
    ]
    console = open_console(1, is_colored=True)
    console.record = True
    console.print(to_segments(rows), end="", crop=False)
    dark = f"@media(prefers-color-scheme:dark){{\n{_export_style(console, DARK)}\n}}\n"
    style = f"{_STYLE}{_export_style(console, LIGHT)}\n{dark}"
    digest = b64encode(sha256(style.encode()).digest()).decode()
    page = _PAGE.format(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
        " base-uri 'none'; form-action 'none'",
        title=escape(describe_title(report)),
        style=style,
        lines=console.export_html(code_format="{code}").rstrip("\n"),
    )
    return page.encode()


def describe_title(report: Report) -> str:
    """Return a title for a document: the job's name, and its verdict."""
    job = report.job
    return printable(f"{job.job_name or job.job_id or 'job'} {describe_verdict(report)}")


def draw_rows(report: Report, display: Display, *, tasks_only: bool) -> list[Line]:
    """Return each row of a report as it is drawn on a terminal that is as wide as a page."""
    paper = Display(utc=display.utc, full=True, columns=_COLUMNS)
    return draw_page(report, paper, tasks_only=tasks_only).rows


def _export_style(console: Console, palette: Palette) -> str:
    """Return the CSS for what was drawn, in which the same class is the same style."""
    page, text, dim, green, red, cyan, magenta = map(parse_rgb_hex, palette)
    normal: list[tuple[int, int, int]] = [text, red, green, text, text, magenta, cyan, text]
    theme = TerminalTheme(page, text, normal, [dim, *normal[1:]])
    return console.export_html(
        theme=theme,
        clear=False,
        code_format="body{{background:{background};color:{foreground}}}\n{stylesheet}",
    )
