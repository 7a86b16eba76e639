"""casjob config: every setting, and where it came from."""

from collections.abc import Iterable, Iterator, Sequence

from casjob.errors import ExitStatus, UsageError
from casjob.json_text import JsonValue, encode_document
from casjob.output import write_text
from casjob.printable import printable
from casjob.session import Session
from casjob.settings.overview import Entry, Overview, describe_settings
from casjob.settings.resolve import resolve_settings

SCHEMA_VERSION = 1


def show_settings(session: Session, *, as_json: bool) -> ExitStatus:
    """Show the settings. What is wrong with them is part of the answer.

    Raises:
        SettingsError: a place that was asked for is missing or can't be understood.
    """
    if session.demo:
        raise UsageError("the demo has no settings")
    # Not those of the session, which says its warnings: here they are notes in the answer.
    overview = describe_settings(resolve_settings(session.given, session.environ))
    if as_json:
        write_text(encode_document(_document_of(overview), indent=2) + "\n")
    else:
        write_text("".join(f"{line}\n" for line in _draw(overview)))
    return ExitStatus.SUCCESS


def _draw(overview: Overview) -> Iterator[str]:
    yield from _align([("NAME", "VALUE", "ORIGIN"), *overview.settings])
    if overview.overruled:
        yield ""
        yield "found, but overruled:"
        yield from (f"  {line}" for line in _align(overview.overruled))
    if overview.notes:
        yield ""
        yield from (f"note: {printable(note)}" for note in overview.notes)


def _align(rows: Sequence[tuple[str, str | None, str]]) -> Iterator[str]:
    shown = [tuple(printable("-" if cell is None else cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(2)]
    for name, value, origin in shown:
        yield f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}"


def _document_of(overview: Overview) -> dict[str, JsonValue]:
    return {
        "schema_version": SCHEMA_VERSION,
        "settings": _records(overview.settings),
        "overruled": _records(overview.overruled),
        "notes": list(overview.notes),
    }


def _records(entries: Iterable[Entry]) -> list[JsonValue]:
    return [dict(entry._asdict()) for entry in entries]
