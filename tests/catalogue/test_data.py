from pathlib import Path

import pytest

import casjob.catalogue
from casjob.catalogue.meanings import Catalogue
from casjob.job.codes import is_vendor_code

DATA = Path(casjob.catalogue.__file__).parent / "data"

COLUMNS = {
    "task_names.tsv": ["task_name", "does", "flow"],
    "flows.tsv": ["flow", "does"],
    "codes.tsv": ["code", "means", "do", "source"],
    "services.tsv": ["prefix", "service", "what it runs"],
    "statuses.tsv": ["status", "job", "component"],
}

OPTIONAL = {
    "task_names.tsv": {"flow"},
    "codes.tsv": {"do"},
    "statuses.tsv": {"job", "component"},
}

DOCUMENTED_STATUSES = {
    "job": "SUBMITTED SCHEDULED RUNNING FAILED SUCCEEDED CANCELLED PARTIALLY_FAILED ROLLBACKING"
    " ROLLBACKED UNKNOWN SKIPPED",
    "component": "INITIALIZING UPGRADING FAILED RUNNING DOWN DELETING DELETED RESERVED STARTING"
    " STOPPING STOPPED RESTARTING PENDING UNKNOWN PARTIALLY_FAILED GRAYING",
}


def read(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text("utf-8").splitlines()]


def test_every_data_file_is_known() -> None:
    assert {path.name for path in DATA.iterdir()} == set(COLUMNS)


@pytest.mark.parametrize("name", COLUMNS)
class TestFile:
    def test_has_its_columns_in_every_row(self, name: str) -> None:
        header, *rows = read(name)

        assert header == COLUMNS[name]
        assert {len(row) for row in rows} == {len(header)}

    def test_has_no_name_twice_in_any_case(self, name: str) -> None:
        names = [row[0].upper() for row in read(name)]

        assert len(names) == len(set(names))

    def test_has_no_stray_blanks(self, name: str) -> None:
        text = (DATA / name).read_text("utf-8")

        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert all(cell == " ".join(cell.split()) for row in read(name) for cell in row)

    def test_has_no_empty_cell_but_optional_ones(self, name: str) -> None:
        header, *rows = read(name)

        empty = {title for row in rows for title, cell in zip(header, row, strict=True) if not cell}
        assert empty == OPTIONAL.get(name, set())

    def test_has_short_texts(self, name: str) -> None:
        assert max(len(cell) for row in read(name) for cell in row) <= 110


def test_every_code_has_the_form_of_a_code_and_a_known_service() -> None:
    catalogue = Catalogue()

    for code, *_ in read("codes.tsv")[1:]:
        meaning = catalogue.describe_code(code)
        assert is_vendor_code(code)
        assert meaning
        assert meaning.service, code


def test_the_flows_of_the_tasks_are_the_flows() -> None:
    of_tasks = {flow for _, _, flow in read("task_names.tsv")[1:]} - {""}

    assert of_tasks == {flow for flow, _ in read("flows.tsv")[1:]}


def test_every_documented_status_word_is_described_and_no_other() -> None:
    rows = read("statuses.tsv")[1:]

    assert {word for word, job, _ in rows if job} == set(DOCUMENTED_STATUSES["job"].split())
    assert {word for word, _, component in rows if component} == set(
        DOCUMENTED_STATUSES["component"].split()
    )
