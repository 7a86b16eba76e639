import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import casjob as package
from tests.conftest import JOB_ID, OTHER_JOB_ID, Casjob, Finished
from tests.service import Service

SCHEMA = json.loads((Path(package.__file__).parent / "schema" / "recent.json").read_bytes())


@pytest.fixture(autouse=True)
def viewed(casjob: Casjob, service: Service, at_service: dict[str, str]) -> None:
    casjob("show", JOB_ID, "--region", "cn-north-4", environ=at_service)
    casjob("show", OTHER_JOB_ID, "--demo")
    service.requests.clear()


def ids(listed: Finished) -> list[str]:
    assert listed.status == 0
    return [each["job_id"] for each in json.loads(listed.out)["jobs"]]


class TestRecentJobs:
    def test_are_those_of_all_projects_newest_first(self, casjob: Casjob) -> None:
        listed = casjob("recent")

        assert (listed.status, listed.err) == (0, "")
        rows = [line.split() for line in listed.out.splitlines()]
        assert rows[0] == ["PREFIX", "STATUS", "VIEWED", "JOB", "NAME", "LOCATION"]
        assert [[*row[:2], *row[4:]] for row in rows[1:]] == [
            ["JOB8f1", "FAILED", OTHER_JOB_ID, "provision/provMain", "the", "demo"],
            ["JOB474", "FAILED", JOB_ID, "provision/provMain", "cn-north-4"],
        ]

    def test_name_no_location_if_they_have_the_same(self, casjob: Casjob) -> None:
        listed = casjob("recent", "--limit", "1")

        assert listed.out.splitlines()[0].split()[-1] == "NAME"
        assert "demo" not in listed.out

    def test_need_no_request_and_no_settings(
        self, casjob: Casjob, service: Service, at_service: dict[str, str]
    ) -> None:
        assert ids(casjob("recent", "--json")) == ids(
            casjob("recent", "--json", environ=at_service)
        )
        assert service.requests == []

    def test_have_a_document_of_their_own(self, casjob: Casjob) -> None:
        document = json.loads(casjob("recent", "--json").out)

        Draft202012Validator(SCHEMA).validate(document)
        assert (
            document["jobs"][1].items()
            >= {
                "job_id": JOB_ID,
                "prefix": "JOB474",
                "status": "FAILED",
                "name": "provision/provMain",
                "location": "cn-north-4",
            }.items()
        )

    def test_may_be_fewer_with_prefixes_that_are_still_unique(self, casjob: Casjob) -> None:
        assert ids(casjob("recent", "--json", "--limit", "1")) == [OTHER_JOB_ID]

    def test_have_all_formats_of_rows(self, casjob: Casjob) -> None:
        lines = casjob("recent", "-o", "jsonl").out.splitlines()
        assert [json.loads(line)["job_id"] for line in lines] == [OTHER_JOB_ID, JOB_ID]
        rows = casjob("recent", "-o", "csv").out.splitlines()
        assert rows[0] == "job_id,prefix,status,name,looked_at,location,viewed_at"
        assert rows[1].startswith(f"{OTHER_JOB_ID},JOB8f1,FAILED,provision/provMain,20")
        assert ",cn-north-4,20" in rows[2]
        rows = casjob("recent", "-o", "markdown").out.splitlines()
        assert rows[2].startswith(f"| `{OTHER_JOB_ID}` | `FAILED` | 20")
        assert rows[3].endswith("| `cn-north-4` |")

    def test_on_a_terminal_stand_out_by_their_prefixes(self, casjob: Casjob) -> None:
        shown = casjob("recent", columns=100).out
        assert f"\x1b[1mJOB474\x1b[0m{JOB_ID[6:]}" in shown
        assert "s ago" in shown

    def test_may_be_none(self, casjob: Casjob, tmp_path: Path) -> None:
        elsewhere = {"XDG_STATE_HOME": str(tmp_path / "elsewhere")}
        none = casjob("recent", environ=elsewhere)
        assert none == (0, "", "casjob: no recent jobs yet\n")
        off = casjob("recent", "--json", environ={"CASJOB_HISTORY": "off"})
        assert off.err == "casjob: no recent jobs: the history is off\n"
        assert ids(off) == []
