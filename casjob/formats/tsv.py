"""Tab-separated values without quotes; a row is always one line, as jq's `@tsv` has it."""

from collections.abc import Iterable
from functools import partial
from typing import TypeVar

from casjob.formats import csv
from casjob.formats.text.table import Field
from casjob.printable import printable

Row = TypeVar("Row")


def _write(fields: Iterable[Field[Row]], rows: Iterable[Row]) -> bytes:
    lines = ("\t".join(map(str, cells)) for cells in csv.list_cells(fields, rows, _escape))
    return "".join(f"{line}\n" for line in lines).encode()


def _escape(text: str) -> str:
    text = printable(text.replace("\\", "\\\\"))
    # A spreadsheet takes a quote at the start of a cell as that of all rows up to the next quote.
    return f"'{text}" if text.startswith('"') else text


report = partial(csv.report, write=_write)
verdicts = partial(csv.verdicts, write=_write)
settings = partial(csv.settings, write=_write)
components = partial(csv.components, write=_write)
deployments = partial(csv.deployments, write=_write)
statistics = partial(csv.statistics, write=_write)
recent = partial(csv.recent, write=_write)
