"""The settings in force, and how the probes of them went."""

from collections.abc import Iterator, Sequence

from casjob.overview import Finding, Overview
from casjob.printable import printable


def draw_settings(overview: Overview) -> str:
    """Return a line a setting, then what is overruled, then what is wrong."""
    lines = list(_align([("NAME", "VALUE", "ORIGIN"), *overview.settings]))
    if overview.overruled:
        lines += ["", "found, but overruled:"]
        lines += [f"  {line}" for line in _align(overview.overruled)]
    if overview.notes:
        lines += ["", *(f"note: {printable(note)}" for note in overview.notes)]
    return "".join(f"{line}\n" for line in lines)


def _align(rows: Sequence[tuple[str, str | None, str]]) -> Iterator[str]:
    shown = [tuple(printable("-" if cell is None else cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(2)]
    for name, value, origin in shown:
        yield f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}"


def draw_finding(finding: Finding) -> str:
    """Return a line about a probe, and one with a hint if it failed."""
    result = "failed" if finding.status else "ok"
    text = f"{finding.step:14}  {result:6}  {printable(finding.message)}\n"
    if finding.status and finding.hint:
        text += f"  hint: {printable(finding.hint)}\n"
    return text + "".join(f"{printable(step)}\n" for step in finding.steps)
