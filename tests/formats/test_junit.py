"""Checked with other people's readers, and with models of those that run elsewhere.

- GitLab: lib/gitlab/ci/parsers/test/junit.rb, and `Hash.from_xml` of ActiveSupport.
- Jenkins: src/main/java/hudson/tasks/junit/CaseResult.java in jenkinsci/junit-plugin.
- dorny/test-reporter: src/parsers/java-junit/java-junit-parser.ts.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from casjob.demo.replies import Document
from tests.conftest import JOB_ID, Casjob, Finished
from tests.formats.conftest import Draw
from tests.formats.hostile import ATTACKS, hostile_job
from tests.samples import Fields, in_v3, job, task
from tests.service import Service, documented_job, many_tasks

if TYPE_CHECKING:
    from xmlschema import XMLSchema

RUNNING: Document = {"job": {"EXECUTION_STATUS": "RUNNING"}, "tasks": [], "task_count": 0}

DOCUMENTS = {
    "documented": documented_job(),
    "v3": in_v3(dict(documented_job())),
    "succeeded": many_tasks(3),
    "no tasks": job("SUCCEEDED"),
    "nothing": {"job": {}, "tasks": [{}, {}]},
    "hostile": hostile_job(),
    "no failed task": job("FAILED", task(1)),
    "unfinished": job("RUNNING", task(1), task(2, "RUNNING"), task(3, "SUBMITTED"), task_count=5),
    "others": job("PARTIALLY_FAILED", task(1, "SKIPPED"), task(2, "CANCELLED"), task(3, "NEW")),
}


@cache
def read_schema() -> "XMLSchema":
    # It takes long to load, which workers that test other things need not wait for.
    from xmlschema import XMLSchema  # noqa: PLC0415

    return XMLSchema(Path(__file__).parent.parent / "data" / "junit.xsd")


def show(draw: Draw, document: object, *options: str) -> str:
    assert isinstance(document, dict)
    finished = draw(document, "show", "-o", "junit", *options)
    assert (finished.status, finished.err) == (0, "")
    return finished.out


def test_a_failed_job_is_a_testsuite(draw: Draw) -> None:
    assert show(draw, documented_job()) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<testsuites>\n"
        '  <testsuite name="provision/provMain" tests="5" failures="1" errors="0" skipped="0"'
        ' time="35.631" timestamp="2020-02-04T04:01:03">\n'
        "    <properties>\n"
        f'      <property name="job_id" value="{JOB_ID}" />\n'
        '      <property name="status" value="FAILED" />\n'
        '      <property name="outcome" value="failed" />\n'
        '      <property name="project_id" value="063a3158b1a34710b36ad208b9497d00" />\n'
        "    </properties>\n"
        '    <testcase name="001 SEPARATOR_PREPARE_RESOURCES" classname="provision/provMain"'
        ' time="0.000" />\n'
        '    <testcase name="004 SEPARATOR_BUILDING" classname="provision/provMain"'
        ' time="0.001" />\n'
        '    <testcase name="006 TN00091" classname="provision/provMain" time="5.578" />\n'
        '    <testcase name="007 TN00094" classname="provision/provMain" time="0.036" />\n'
        '    <testcase name="009 TN00097" classname="provision/provMain" time="30.013">\n'
        '      <failure type="failure" message="ECC00011  Building failed.&#10;means  the build'
        " of the application failed: read the build's log\">ECC00011  Building failed.\n"
        "means  the build of the application failed: read the build's log</failure>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


class Case(NamedTuple):
    suite: str
    classname: str
    name: str
    time: float
    result: str
    message: str
    content: str


def read(text: str) -> list[Case]:
    """Return all testcases, after checking the document against the schema and its counts."""
    read_schema().validate(text)
    cases = []
    for suite in ET.fromstring(text):  # noqa: S314 - our own text
        found = []
        for case in suite.findall("testcase"):
            result = next(iter(case), None)
            found.append(
                Case(
                    suite.attrib["name"],
                    case.attrib["classname"],
                    case.attrib["name"],
                    float(case.attrib["time"]),
                    "passed" if result is None else result.tag,
                    "" if result is None else result.attrib["message"],
                    "" if result is None else result.text or "",
                )
            )
        assert int(suite.attrib["tests"]) == len(found)
        for attribute, result_name in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            count = sum(case.result == result_name for case in found)
            assert int(suite.attrib[attribute]) == count
        cases += found
    return cases


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
class TestReaders:
    def test_junitparser_counts_the_same(self, draw: Draw, document: object) -> None:
        text = show(draw, document)
        cases = read(text)

        [suite] = JUnitXml.fromstring(text.encode())

        assert suite.tests == len(cases)
        assert [case.name for case in suite] == [case.name for case in cases]
        assert [case.time for case in suite] == [case.time for case in cases]

    def test_gitlab_tells_all_testcases_apart(self, draw: Draw, document: object) -> None:
        text = show(draw, document)
        cases = read(text)

        assert len({(case.suite, case.classname, case.name) for case in cases}) == len(cases)
        # Hash.from_xml converts content by a `type` that it knows, and refuses yaml and symbol.
        assert set(re.findall(' type="(.*?)"', text)) <= {"failure", "error", "skipped"}

    def test_gitlab_and_jenkins_show_the_same_text(self, draw: Draw, document: object) -> None:
        for case in read(show(draw, document)):
            assert case.content == case.message
            assert bool(case.message) is (case.result != "passed")

    def test_jenkins_sees_no_package(self, draw: Draw, document: object) -> None:
        assert not [case for case in read(show(draw, document)) if "." in case.classname]

    def test_dorny_has_names_that_it_does_not_trim(self, draw: Draw, document: object) -> None:
        for case in read(show(draw, document)):
            assert case.suite == case.classname
            for name in (case.suite, case.name):
                assert name
                assert name == name.strip()

    def test_a_job_that_did_not_succeed_is_not_green(self, draw: Draw, document: object) -> None:
        assert isinstance(document, dict)
        results = {case.result for case in read(show(draw, document))}

        has_succeeded = document["job"].get("EXECUTION_STATUS") == "SUCCEEDED"
        assert results.isdisjoint({"failure", "error"}) is has_succeeded


@pytest.mark.parametrize(
    ("document", "results"),
    [
        ("succeeded", ["passed", "passed", "passed"]),
        ("no tasks", []),
        ("no failed task", ["passed", "error"]),
        ("unfinished", ["passed", "skipped", "skipped", "error"]),
        ("others", ["skipped", "failure", "skipped"]),
    ],
)
def test_a_task_is_passed_failed_or_skipped(draw: Draw, document: str, results: list[str]) -> None:
    assert [case.result for case in read(show(draw, DOCUMENTS[document]))] == results


def test_a_failed_job_without_a_failed_task_has_an_error(draw: Draw) -> None:
    *_, case = read(show(draw, job("FAILED", task(1, TASK_NAME="job", TASK_INDEX=None))))

    assert case.name == "job (2)"
    assert case.message == (
        "The job is FAILED after 1.0s.\nThe job is FAILED, but none of its tasks failed."
    )


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"TASK_INDEX": 7}, "007 TX00007"),
        ({"TASK_INDEX": 1234}, "1234 TX01234"),
        ({"TASK_INDEX": None, "TASK_NAME": "TN1"}, "TN1"),
        ({"TASK_INDEX": 7, "TASK_NAME": None}, "007 Task-00007"),
        ({"TASK_INDEX": None, "TASK_NAME": None, "TASK_ID": None}, "(no name)"),
        ({"TASK_INDEX": 7, "TASK_NAME": " a\nb "}, r"007 a\nb"),
    ],
)
def test_names(draw: Draw, sent: Fields, name: str) -> None:
    document = job("SUCCEEDED", task(sent["TASK_INDEX"], **sent))  # type: ignore[arg-type] # any field

    assert [case.name for case in read(show(draw, document))] == [name]


def test_names_that_stand_twice_get_a_number(draw: Draw) -> None:
    names = ("A", "A", "A (2)", "A")
    tasks = [task(1, TASK_NAME=name, TASK_ID=f"Task-{number}") for number, name in enumerate(names)]

    cases = read(show(draw, job("SUCCEEDED", *tasks)))

    assert [case.name for case in cases] == ["001 A", "001 A (2)", "001 A (2) (2)", "001 A (3)"]


def test_a_message_keeps_its_lines(draw: Draw) -> None:
    said = '{"code": "C", "message": "one <b>&amp;</b>\\r\\n\\ttwo \\u001b[1m", "more": 3}'

    [case] = read(show(draw, job("FAILED", task(1, "FAILED", messages=said))))

    assert case.message == "C  one <b>&amp;</b>\n    two \\x1b[1m\nmore  3"


def test_a_failure_without_a_message_says_so(draw: Draw) -> None:
    [case] = read(show(draw, job("FAILED", task(1, "FAILED"))))

    assert case.message == "No reason given."


@pytest.mark.parametrize("text", ATTACKS)
def test_what_xml_forbids_is_shown_as_an_escape(draw: Draw, text: str) -> None:
    document = job("FAILED", task(1, "FAILED", messages=text, TASK_NAME=text), JOB_NAME=text)

    cases = read(show(draw, document))

    shown = "".join(f"{case.name}{case.message}{case.suite}" for case in cases)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]", shown)


def test_only_the_tasks_that_are_shown_are_testcases(draw: Draw) -> None:
    text = draw(documented_job(), "tasks", "--failed", "-o", "junit").out

    assert [case.name for case in read(text)] == ["009 TN00097"]


class TestWait:
    def test_has_a_testsuite_a_job_with_a_name_of_its_own(self, casjob: Casjob) -> None:
        finished = casjob("wait", "--demo", FAILED_JOB_ID, SUCCEEDED_JOB_ID, "-o", "junit")
        cases = read(finished.out)

        assert finished.status == 1
        assert list(dict.fromkeys(case.suite for case in cases)) == [
            f"provision/provMain {FAILED_JOB_ID}",
            f"provision/provMain {SUCCEEDED_JOB_ID}",
        ]
        assert [case.name for case in cases if case.result != "passed"] == ["009 TN00097"]

    @pytest.mark.parametrize(
        ("jobs", "message"),
        [({JOB_ID: RUNNING}, "The job is RUNNING."), ({}, "Nothing is known about the job yet.")],
    )
    def test_has_an_error_for_a_job_that_did_not_end(
        self,
        ask: Callable[..., Finished],
        service: Service,
        jobs: dict[str, Document],
        message: str,
    ) -> None:
        service.jobs.clear()
        service.jobs.update(jobs)
        options = ("--wait-for-job", "1h", "--interval", "0.05", "--timeout", "0.5")

        finished = ask("wait", JOB_ID, *options, "-o", "junit")

        assert finished.status == 124
        [case] = read(finished.out)
        assert case == Case(JOB_ID, JOB_ID, "job", 0.0, "error", message, message)

    def test_says_which_job_is_not_found(self, ask: Callable[..., Finished]) -> None:
        finished = ask("wait", "JOB0", "-o", "junit")

        assert finished.status == 5
        [case] = read(finished.out)
        assert (case.result, case.message) == ("error", "The job was not found.")
