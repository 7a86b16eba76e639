"""JUnit XML: a testsuite a job, a testcase a task, as CI servers read it.

There is no standard. The structure is that of junit-10.xsd in Jenkins' xUnit plugin; besides,
- GitLab takes what a test is from suite, classname and name, which are the same in every run,
  shows the content of a failure, and fails on some words in a `type` attribute;
- Jenkins shows `message` and the content, and takes the classname up to its last dot as a package;
- dorny/test-reporter needs names and times, and shows no group where classname and suite agree.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from casjob.formats.display import Display, JobResult
from casjob.formats.messages import describe_message, printable_lines
from casjob.formats.text.phrases import describe_task, describe_verdict
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Outcome, Stage
from casjob.printable import printable

_JOB_CASE = "job"
"""The name of the testcase that stands for the job itself."""


class _Case(NamedTuple):
    """A testcase; what went wrong with it, and what is said about that."""

    name: str
    seconds: float | None = None
    result: Literal["failure", "error", "skipped"] | None = None
    message: str = ""


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a testsuite with a testcase for each task that is shown."""
    return _encode([_suite(report.job.job_id or "job", report)])


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return a testsuite a job; one never seen has an error."""
    suites = [_suite(each.job_id, each.report, each.absence) for each in results]
    names = Counter(suite.name for suite in suites)
    return _encode(
        # Two jobs with the same name would count as one.
        suite._replace(name=f"{suite.name} {suite.job_id}") if names[suite.name] > 1 else suite
        for suite in suites
    )


class _Suite(NamedTuple):
    name: str
    job_id: str
    report: Report | None
    cases: tuple[_Case, ...]

    def count_results(self, result: str) -> str:
        """Return how many testcases have a result."""
        return str(sum(case.result == result for case in self.cases))


def _suite(job_id: str, report: Report | None, absence: str = "") -> _Suite:
    job_name = report.job.job_name if report else None
    # A dot would part it into a package and a class.
    name = _choose_name(job_name, job_id).replace(".", "_")
    return _Suite(name, job_id, report, tuple(_list_cases(report, absence)))


def _list_cases(report: Report | None, absence: str) -> Iterator[_Case]:
    if report is None:
        yield _Case(_JOB_CASE, result="error", message=f"{absence.capitalize()}.")
        return
    names: set[str] = set()
    for each in report.shown:
        yield _case(each, _make_unique(_name(each), names))
    if report.outcome is not Outcome.SUCCEEDED and not any(
        each.has_failed for each in report.shown
    ):
        # Without a testcase of its own, it would look as if it had succeeded.
        verdict = describe_verdict(report)
        is_verb = "" if verdict.startswith("has been ") else "is "
        message = "\n".join([f"The job {is_verb}{verdict}.", *report.contradictions])
        yield _Case(_make_unique(_JOB_CASE, names), result="error", message=message)


def _name(each: TaskReport) -> str:
    task = each.task
    name = _choose_name(task.task_name, task.task_id)
    return name if task.task_index is None else f"{task.task_index:03} {name}"


def _choose_name(*names: str | None) -> str:
    """Return the first name that is not blank, as text that no reader trims."""
    return next(filter(None, (printable(name or "").strip() for name in names)), "(no name)")


def _make_unique(name: str, names: set[str]) -> str:
    """Return the name, with a number after it if it is among the names, and add it to them."""
    numbered = (f"{name} ({number})" for number in count(2))
    unique = next(each for each in chain([name], numbered) if each not in names)
    names.add(unique)
    return unique


def _case(each: TaskReport, name: str) -> _Case:
    match each.stage:
        case Stage.ENDED_WELL:
            return _Case(name, each.elapsed_seconds)
        case Stage.ENDED_BADLY:
            message = describe_message(each)
            return _Case(name, each.elapsed_seconds, "failure", message)
        case _:
            return _Case(name, each.elapsed_seconds, "skipped", describe_task(each))


def _encode(suites: Iterable[_Suite]) -> bytes:
    root = Element("testsuites")
    for suite in suites:
        _add_suite(root, suite)
    indent(root)
    document = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'.encode()


def _add_suite(root: Element, suite: _Suite) -> None:
    report = suite.report
    attributes = {
        "name": suite.name,
        "tests": str(len(suite.cases)),
        "failures": suite.count_results("failure"),
        "errors": suite.count_results("error"),
        "skipped": suite.count_results("skipped"),
        "time": _seconds(report.elapsed_seconds if report else None),
    }
    if report and report.started:
        # In UTC without saying so: the format allows no zone.
        attributes["timestamp"] = report.started.replace(tzinfo=None).isoformat(timespec="seconds")
    testsuite = _add(root, "testsuite", attributes)
    properties = _add(testsuite, "properties", {})
    for name, value in _list_properties(suite):
        if value:
            _add(properties, "property", {"name": name, "value": value})
    for case in suite.cases:
        attributes = {"name": case.name, "classname": suite.name, "time": _seconds(case.seconds)}
        testcase = _add(testsuite, "testcase", attributes)
        if case.result:
            result = _add(testcase, case.result, {"type": case.result, "message": case.message})
            result.text = result.get("message")


def _list_properties(suite: _Suite) -> Iterator[tuple[str, str | None]]:
    yield "job_id", suite.job_id
    if suite.report:
        place = suite.report.detail.place
        yield "status", suite.report.job.execution_status
        yield "outcome", suite.report.outcome
        yield "component", place.component and place.component.name
        yield "application", place.component and place.component.application_name
        yield "region", place.region
        yield "project_id", suite.report.project_id


def _add(parent: Element, tag: str, attributes: dict[str, str]) -> Element:
    safe = {name: printable_lines(value) for name, value in attributes.items()}
    return SubElement(parent, tag, safe)


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.3f}"
