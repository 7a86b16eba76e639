"""A web page that holds all it needs: it fetches nothing, and runs nothing."""

from base64 import b64encode
from hashlib import sha256

from casjob.formats.display import Display
from casjob.formats.markup import escape
from casjob.formats.text.export import PALETTE, Run, describe_title, draw_lines
from casjob.job.report import Report

_STYLE = f"""
{PALETTE}body{{margin:0;padding:1.5rem;background:var(--page);color:var(--text)}}
pre{{margin:0;font:14px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-x:auto}}
.bold{{font-weight:600}}.dim{{color:var(--dim)}}.green{{color:var(--green)}}
.red{{color:var(--red)}}.cyan{{color:var(--cyan)}}.magenta{{color:var(--magenta)}}
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


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return the page."""
    lines = draw_lines(report, display, tasks_only=tasks_only)
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode()
    page = _PAGE.format(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;"
        " base-uri 'none'; form-action 'none'",
        title=escape(describe_title(report)),
        style=_STYLE,
        lines="\n".join("".join(map(_draw_run, line)) for line in lines),
    )
    return page.encode()


def _draw_run(run: Run) -> str:
    text = escape(run.text)
    return f'<span class="{run.classes}">{text}</span>' if run.classes else text
