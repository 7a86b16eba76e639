"""A web page that holds all it needs, drawn by Rich: it fetches nothing, and runs nothing."""

from base64 import b64encode
from hashlib import sha256

from rich.color import parse_rgb_hex
from rich.console import Console
from rich.segment import SegmentLines
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from casjob.formats.display import Display
from casjob.formats.markup import escape
from casjob.formats.text.export import DARK, LIGHT, Palette, describe_title, draw_rows
from casjob.formats.text.terminal import open_console
from casjob.job.report import Report

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
_GREY = Style(color="bright_black")
"""Stands for dim text, which Rich makes too pale to be read."""


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return the page, light or dark as the reader prefers."""
    rows = [
        [each._replace(style=_GREY) if each.style and each.style.dim else each for each in row]
        for row in draw_rows(report, display, tasks_only=tasks_only)
    ]
    console = open_console(1, is_colored=True)
    console.record = True
    console.print(SegmentLines(rows, new_lines=True), end="", crop=False)
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
