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
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from casjob.formats.display import Display, JobResult
from casjob.formats.text.phrases import (
    describe_message,
    describe_task,
    describe_verdict,
    printable_lines,
)
from casjob.job.report import Report, TaskReport
from casjob.job.statuses import Outcome, Stage
from casjob.printable import printable

_JOB_CASE = "job"
"""The name of the testcase that stands for the job itself."""


def report(
    report: Report, display: Display, *, tasks_only: bool = False, next_command: str | None = None
) -> bytes:
    """Return a testsuite with a testcase for each task that is shown."""
    job_id = report.job.job_id or "job"
    return _encode([_make_suite(_name_suite(job_id, report), job_id, report)])


def verdicts(results: Sequence[JobResult], display: Display, *, timed_out: bool) -> bytes:
    """Return a testsuite a job; one never seen has an error."""
    names = [_name_suite(each.job_id, each.report) for each in results]
    times = Counter(names)
    return _encode(
        # Two jobs with the same name would count as one.
        _make_suite(
            f"{name} {each.job_id}" if times[name] > 1 else name,
            each.job_id,
            each.report,
            each.absence,
        )
        for name, each in zip(names, results, strict=True)
    )


def _name_suite(job_id: str, report: Report | None) -> str:
    job_name = report.job.job_name if report else None
    # A dot would part it into a package and a class.
    return _choose_name(job_name, job_id).replace(".", "_")


def _make_suite(name: str, job_id: str, report: Report | None, absence: str = "") -> Element:
    suite = Element("testsuite")
    properties = SubElement(suite, "properties")
    for key, value in _list_properties(job_id, report):
        if value:
            SubElement(properties, "property", _safe(name=key, value=value))
    suite.extend(_list_cases(name, report, absence))
    suite.attrib = _safe(
        name=name,
        tests=str(len(suite.findall("testcase"))),
        failures=str(len(suite.findall("*/failure"))),
        errors=str(len(suite.findall("*/error"))),
        skipped=str(len(suite.findall("*/skipped"))),
        time=_seconds(report.elapsed_seconds if report else None),
    )
    if report and report.started:
        # In UTC without saying so: the format allows no zone.
        started = report.started.replace(tzinfo=None).isoformat(timespec="seconds")
        suite.set("timestamp", started)
    return suite


def _list_properties(job_id: str, report: Report | None) -> Iterator[tuple[str, str | None]]:
    yield "job_id", job_id
    if report:
        place = report.detail.place
        yield "status", report.job.execution_status
        yield "outcome", report.outcome
        yield "component", place.component and place.component.name
        yield "application", place.component and place.component.application_name
        yield "region", place.region
        yield "project_id", report.project_id


def _list_cases(suite: str, report: Report | None, absence: str) -> Iterator[Element]:
    if report is None:
        yield _make_case(suite, _JOB_CASE, None, "error", f"{absence.capitalize()}.")
        return
    names: set[str] = set()
    for each in report.shown:
        name, seconds = _make_unique(_name_case(each), names), each.elapsed_seconds
        match each.stage:
            case Stage.SUCCEEDED:
                yield _make_case(suite, name, seconds)
            case Stage.FAILED:
                yield _make_case(suite, name, seconds, "failure", describe_message(each))
            case _:
                yield _make_case(suite, name, seconds, "skipped", describe_task(each))
    has_failure = any(each.has_failed for each in report.shown)
    if report.outcome is not Outcome.SUCCEEDED and not has_failure:
        # Without a testcase of its own, it would look as if it had succeeded.
        verdict = describe_verdict(report)
        is_verb = "" if verdict.startswith("has been ") else "is "
        message = "\n".join([f"The job {is_verb}{verdict}.", *report.contradictions])
        yield _make_case(suite, _make_unique(_JOB_CASE, names), None, "error", message)


def _make_case(
    suite: str, name: str, seconds: float | None, result: str | None = None, message: str = ""
) -> Element:
    """Return a testcase; what went wrong with it, and what is said about that."""
    case = Element("testcase", _safe(name=name, classname=suite, time=_seconds(seconds)))
    if result:
        SubElement(case, result, _safe(type=result, message=message)).text = printable_lines(
            message
        )
    return case


def _name_case(each: TaskReport) -> str:
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


def _safe(**attributes: str) -> dict[str, str]:
    return {name: printable_lines(value) for name, value in attributes.items()}


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.3f}"


def _encode(suites: Iterable[Element]) -> bytes:
    root = Element("testsuites")
    root.extend(suites)
    indent(root)
    document = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'.encode()
