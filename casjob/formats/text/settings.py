"""The effective settings, and how the probes of them went."""

from casjob.formats.display import Display
from casjob.formats.text.fields import Field
from casjob.formats.text.page import open_page
from casjob.formats.text.words import INDENT
from casjob.overview import CheckResult, Entry, Overview
from casjob.printable import printable


def list_setting_fields() -> list[Field[Entry]]:
    """Return the fields of settings."""
    return [
        Field("NAME", "name", "name"),
        Field("VALUE", "value", "value", empty="-"),
        Field("ORIGIN", "origin", "origin", narrow=1, overflow="fold"),
    ]


def draw_settings(overview: Overview, display: Display) -> str:
    """Return a line a setting, then what is overruled, then what is wrong."""
    page, fields = open_page(display), list_setting_fields()
    page.add_table(fields, overview.settings)
    if overview.overruled:
        page.gap()
        page.print("found, but overruled:")
        page.add_table(fields, overview.overruled, indent=INDENT, with_headings=False)
    if overview.notes:
        page.gap()
    for note in overview.notes:
        page.print(f"note: {note}")
    return page.content()


def draw_finding(finding: CheckResult) -> str:
    """Return a line about a probe, and one with a hint if it failed."""
    result = "failed" if finding.status else "ok"
    text = f"{finding.step:14}  {result:6}  {printable(finding.message)}\n"
    if finding.status and finding.hint:
        text += f"  hint: {printable(finding.hint)}\n"
    return text + "".join(f"{printable(step)}\n" for step in finding.steps)
