import csv
import io
from collections.abc import Callable

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from tests.conftest import JOB_ID, Casjob, Finished
from tests.formats.conftest import Draw
from tests.formats.hostile import ATTACKS, hostile_job
from tests.samples import job, task
from tests.service import Service, documented_job

DIALECTS = {"csv": "excel", "tsv": "excel-tab"}

DOCUMENTED = """\
task_index,task_name,title,task_type,task_status,outcome,phase,started_at,ended_at,elapsed_seconds,\
code,detail,means,task_id
1,SEPARATOR_PREPARE_RESOURCES,,echo,SUCCEEDED,succeeded,PREPARE_RESOURCES,\
2020-02-04T04:01:03.344Z,2020-02-04T04:01:03.344Z,0.0,,,,Task-bc64b46c-1688-4787-b7ff-87cb53b346ea
4,SEPARATOR_BUILDING,,echo,SUCCEEDED,succeeded,BUILDING,\
2020-02-04T04:01:03.345Z,2020-02-04T04:01:03.346Z,0.001,,,,Task-15ec252f-bca0-401e-ae5b-798a639df92e
6,TN00091,run the build and follow it,restful,SUCCEEDED,succeeded,BUILDING,\
2020-02-04T04:01:03.346Z,2020-02-04T04:01:08.924Z,5.578,,,,Task-52a5d1ae-2c54-46ec-8134-53e7b6a45fb7
7,TN00094,run the build and follow it,restful,SUCCEEDED,succeeded,BUILDING,\
2020-02-04T04:01:08.925Z,2020-02-04T04:01:08.961Z,0.036,,,,Task-a149b585-d31b-4c72-a665-d820efcb0bf9
9,TN00097,wait for the build to succeed,restful,FAILED,failed,BUILDING,\
2020-02-04T04:01:08.962Z,2020-02-04T04:01:38.975Z,30.013,ECC00011,Building failed.,\
the build of the application failed: read the build's log,Task-a72fe8d8-8cc1-42b5-a097-0cf9e29692a7
"""


def read(text: str, output: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), dialect=DIALECTS[output], strict=True))


@pytest.mark.parametrize("command", ["show", "tasks"])
def test_a_failed_job_has_a_row_a_task(draw: Draw, command: str) -> None:
    assert draw(documented_job(), command, "-o", "csv") == (0, DOCUMENTED, "")
    assert draw(documented_job(), command, "-o", "tsv") == (0, DOCUMENTED.replace(",", "\t"), "")


@pytest.mark.parametrize("output", DIALECTS)
class TestReaders:
    def test_find_as_many_cells_in_every_row_whatever_the_texts(
        self, draw: Draw, output: str
    ) -> None:
        document = hostile_job()
        rows = read(draw(document, "show", "-o", output).out, output)

        assert len(rows) == 1 + len(ATTACKS) * 2 + 1
        assert {len(row) for row in rows} == {14}

    def test_run_no_cell(self, draw: Draw, output: str) -> None:
        rows = read(draw(hostile_job(), "show", "-o", output).out, output)

        cells = [cell for row in rows for cell in row]
        assert '\'=HYPERLINK("http://evil.example","x")' in cells
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]

    @pytest.mark.parametrize(
        "start",
        ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "\uff1d", "\uff20", "\u200d=", " \ufe0f@"],
    )
    def test_see_a_mark_before_what_a_spreadsheet_would_run(
        self, draw: Draw, output: str, start: str
    ) -> None:
        document = job("FAILED", task(1, "FAILED", messages=f"{start}1+1"))

        [_, row] = read(draw(document, "show", "-o", output).out, output)

        assert row[11].startswith("'")
        assert row[11].endswith("1+1")

    def test_get_numbers_as_they_are(self, draw: Draw, output: str) -> None:
        document = job("FAILED", task(-7, "FAILED", seconds=1.5))

        [_, row] = read(draw(document, "show", "-o", output).out, output)

        assert (row[0], row[9]) == ("-7", "1.5")

    @pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
    def test_get_utf_8_without_control_characters(
        self, draw: Draw, output: str, encoding: str
    ) -> None:
        out = draw(hostile_job(), "show", "-o", output, encoding=encoding).out

        assert "构建失败 🔥 é" in out
        assert "\\x1b[31m\\x07\\x00\\x9b \\u202e \\u2028 \\ufeff" in out.replace("\\\\", "\\")
        assert not [character for character in out if character < " " and character not in "\t\n"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('one, "two"\r\n\tthree\n', '"one, ""two""\n    three"'),
        ("one", "one"),
        ("one,two", '"one,two"'),
        ("one;=1+1", '"one;=1+1"'),
        ('="1"', '"\'=""1"""'),
    ],
)
def test_a_cell_of_csv_is_quoted_where_it_might_be_parted(draw: Draw, text: str, cell: str) -> None:
    document = job("FAILED", task(1, "FAILED", messages=text))

    assert f",{cell},,Task-00001\n" in draw(document, "show", "-o", "csv").out


def test_a_row_of_tsv_is_a_line(draw: Draw) -> None:
    document = job("FAILED", task(1, "FAILED", messages="C:\\new\t1\r\n2\n"), task(2))

    header, first, second = draw(document, "show", "-o", "tsv").out.splitlines()

    assert first.split("\t")[11] == r"C:\\new\t1\r\n2\n"
    assert [len(line.split("\t")) for line in (header, first, second)] == [14, 14, 14]


def test_a_task_that_runs_has_no_end(draw: Draw) -> None:
    document = job("RUNNING", task(1, "RUNNING"), {})

    [_, running, empty] = read(draw(document, "show", "-o", "csv").out, "csv")

    assert running[7:10] == ["2020-02-04T04:01:03.000Z", "", "120.0"]
    assert empty == ["", "", "", "", "", "unknown", *[""] * 8]


def test_each_job_has_a_verdict(casjob: Casjob) -> None:
    finished = casjob("wait", "--demo", FAILED_JOB_ID, SUCCEEDED_JOB_ID, "-o", "csv")

    assert finished.status == 1
    header, failed, succeeded = finished.out.splitlines()
    assert header == (
        "job_id,job_name,status,outcome,elapsed_seconds,task_index,task_name,code,detail"
    )
    assert failed == (
        f"{FAILED_JOB_ID},provision/provMain,FAILED,failed,35.631,9,TN00097,ECC00011,"
        "Building failed."
    )
    assert succeeded.startswith(f"{SUCCEEDED_JOB_ID},provision/provMain,SUCCEEDED,succeeded,")


def test_a_job_that_was_never_seen_is_unknown(
    ask: Callable[..., Finished], service: Service
) -> None:
    del service.jobs[JOB_ID]

    finished = ask(
        "wait", JOB_ID, "-o", "tsv", "--wait-for-job", "1h", "--interval", "0.05", "--timeout", "1"
    )

    assert finished.status == 124
    assert finished.out.splitlines()[1] == f"{JOB_ID}\t\t\tunknown\t\t\t\t\t"


def test_config_has_a_row_a_setting(casjob: Casjob) -> None:
    environ = {"CASJOB_REGION": "=cn", "CASJOB_TOKEN": "secret-token"}
    rows = read(casjob("config", "-o", "csv", environ=environ).out, "csv")

    assert rows[0] == ["name", "value", "origin"]
    assert ["region", "'=cn", "CASJOB_REGION"] in rows
    assert "secret" not in str(rows)
