from pathlib import Path

import pytest

import casjob.catalogue
from casjob.catalogue.meanings import Catalogue
from casjob.demo.jobs import SAMPLE_JOBS, find
from casjob.job.codes import is_vendor_code
from tests.samples import START

DATA = Path(casjob.catalogue.__file__).parent / "data"

COLUMNS = {
    "task_names.tsv": ["task_name", "does", "flow"],
    "flows.tsv": ["flow", "does"],
    "codes.tsv": ["code", "means", "do", "source"],
    "services.tsv": ["prefix", "service", "what it runs"],
    "words.tsv": ["word", "kind", "means", "source"],
}

OPTIONAL = {"task_names.tsv": {"flow"}, "codes.tsv": {"do"}}

WORDS = {
    "a job's status": "SUBMITTED SCHEDULED RUNNING FAILED SUCCEEDED CANCELLED PARTIALLY_FAILED"
    " ROLLBACKING ROLLBACKED UNKNOWN SKIPPED",
    "a component's status": "INITIALIZING UPGRADING FAILED RUNNING DOWN DELETING DELETED RESERVED"
    " STARTING STOPPING STOPPED RESTARTING PENDING UNKNOWN PARTIALLY_FAILED GRAYING",
    "a component's fail_detail": "cluster_deleted cluster_unavailable cluster_inaccessible"
    " namespace_deleted namespace_unavailable namespace_inaccessible resource_deleted create_failed"
    " delete_failed",
    "a type": "PROVISION DEPROVISION DAILY_OPERATION SYSTEM_INNER UNKNOWN echo restful kube"
    " OneBatchRelease RollingRelease GrayRelease",
    "a phase": "PREPARE_RESOURCES BUILDING SEPARATOR_BUILDING SEPARATOR_OF_A_NEW_KIND",
    "a build's state": "NotStarted Queuing Building Pushing Successful Failed Timeout Cancel"
    " Deleted",
    "casjob's own": "task step phase flow stall slower not_reported",
    "a build's phase": "Init Download PreProcess Build Artifact PostProcess",
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

    def test_has_no_row_twice_in_any_case(self, name: str) -> None:
        # A word may have a meaning for each of several kinds.
        rows = [(row[0].upper(), *row[1:3] * (name == "words.tsv")) for row in read(name)]

        assert len(rows) == len(set(rows))

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
        meaning = catalogue.explain(code)
        assert is_vendor_code(code)
        assert meaning
        assert meaning.service, code


def test_the_flows_of_the_tasks_are_the_flows() -> None:
    of_tasks = {flow for _, _, flow in read("task_names.tsv")[1:]} - {""}

    assert of_tasks == {flow for flow, _ in read("flows.tsv")[1:]}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_every_word_that_casjob_prints_is_explained(words: str) -> None:
    catalogue = Catalogue()

    for word in (each.replace("_reported", " reported") for each in words.split()):
        for spelling in (word, word.lower(), word.upper()):
            explanation = catalogue.explain(spelling)
            assert explanation, spelling
            assert explanation.means, spelling


@pytest.mark.parametrize("job_id", SAMPLE_JOBS)
def test_every_word_of_the_demo_is_explained(job_id: str) -> None:
    sample = find(job_id, START, START)
    assert sample
    job, tasks = sample["job"], sample["tasks"]
    words = {job["JOB_NAME"], job["JOB_TYPE"], job["EXECUTION_STATUS"]}
    words |= {task[name] for task in tasks for name in ("TASK_TYPE", "TASK_STATUS")}
    phases = {str(task["TASK_NAME"]) for task in tasks if task["TASK_TYPE"] == "echo"}
    words |= phases | {phase.removeprefix("SEPARATOR_") for phase in phases}

    assert [word for word in words if not Catalogue().explain(str(word))] == []
