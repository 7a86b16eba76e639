"""What people read of times, counts, jobs and messages, the same in every format."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from casjob.job.failures import Failure
from casjob.job.report import Phase, Report, TaskReport
from casjob.job.statuses import Outcome, Stage
from casjob.printable import printable

_CAUSE = re.compile(r"(?i)\W*[\w.$]*(error|exception|fatal|panic)\b|.*\b(caused by|root cause)\b")
_LONGEST_CAUSE = 200
"""Characters of a line to search for a cause."""
_NEXT_LINE = "\n│ "
"""Parts the lines of what stands beside the cause, so that none looks like one of casjob's."""


def format_elapsed(seconds: float) -> str:
    """Return `35.6s`, `5m 12s`, `1h 02m 03s` or `2d 03h`."""
    if round(seconds, 1) < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days}d {hours_left:02}h"
    return f"{hours}h {minutes:02}m {rest:02}s" if hours else f"{minutes}m {rest:02}s"


def format_moment(moment: datetime, *, utc: bool) -> str:
    """Return `2020-02-04 04:01:03Z`, or the local time with its offset."""
    shown = to_zone(moment, utc=utc)
    # Not strftime, which writes year 1 as `1`.
    return f"{shown.replace(tzinfo=None).isoformat(' ', 'seconds')}{_format_offset(shown)}"


def format_clock(moment: datetime, day: date | None, *, utc: bool) -> str:
    """Return `04:01:03`, with the day before it where it is another one."""
    shown = to_zone(moment, utc=utc)
    # Cut from `2020-02-04 04:01:03`, as strftime takes three times as long.
    text = shown.isoformat(" ", "seconds")
    return text[11:19] if shown.date() == day else text[5:19]


def to_zone(moment: datetime, *, utc: bool) -> datetime:
    """Return the moment in UTC or the local zone; in UTC too where the calendar ends."""
    if utc and moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC if utc else None)
    except (OverflowError, ValueError, OSError):
        return moment


def _format_offset(moment: datetime) -> str:
    return "Z" if not moment.utcoffset() else f"{moment:%z}"


def describe_verdict(report: Report) -> str:
    """Return `FAILED after 35.6s`, or `has been RUNNING for 2m 00s`.

    There is a remark if the status leaves open what it means.
    """
    status = report.job.execution_status or "(no status)"
    if report.stage is Stage.UNDER_WAY and report.elapsed_seconds is not None:
        status = f"has been {status}"
    undecided = " (it may or may not have ended)" if report.stage is Stage.UNDECIDED else ""
    return f"{status}{undecided}{_describe_elapsed(report.elapsed_seconds, report.stage)}"


def _describe_elapsed(seconds: float | None, stage: Stage) -> str:
    if seconds is None:
        return ""
    return f" {'after' if stage.has_ended else 'for'} {format_elapsed(seconds)}"


def describe_place(report: Report) -> list[str]:
    """Return `component web`, `application shop`, `cn-north-4, project 063a…`, as far as known."""
    place, instance = report.detail.place, report.job.service_instance_id
    component = place.component
    facts = [
        component and component.name and f"component {component.name}",
        component and component.application_name and f"application {component.application_name}",
        ", ".join(
            filter(None, (place.region, report.project_id and f"project {report.project_id}"))
        ),
        instance and f"instance {instance}",
    ]
    return [fact for fact in facts if fact]


def describe_task(report: TaskReport) -> str:
    """Return `task 9 TN00097 wait for the build: failed after 30.0s, in phase BUILDING`."""
    return f"{report.name}: {describe_state(report)}"


def describe_state(report: TaskReport, *, is_brief: bool = False) -> str:
    """Return `failed after 30.0s, in phase BUILDING`; to be brief, only `failed after 30.0s`."""
    status = (report.task.task_status or "(no status)").lower().replace("_", " ")
    lasted = _describe_elapsed(report.elapsed_seconds, report.stage)
    if is_brief:
        return f"{status}{lasted}"
    phase = f", in phase {report.phase}" if report.phase and not report.is_separator else ""
    return f"{status}{lasted}{phase}{describe_heartbeat(report, ', ')}"


def describe_heartbeat(report: TaskReport, before: str = "") -> str:
    """Return `last heartbeat 3.2s ago` for a task under way, after the given text."""
    age = report.heartbeat_age_seconds
    return "" if age is None else f"{before}last heartbeat {format_elapsed(age)} ago"


def describe_progress(report: Report) -> str:
    """Return `2 of 3 steps succeeded`; separators are no steps.

    Of a job that goes on, it is `3 of 7 tasks reported` if some tasks are not reported yet: what
    succeeded of the others says little.
    """
    steps = report.steps
    if not steps or _has_more_to_come(report):
        return _describe_no_steps(report)
    succeeded = sum(each.stage is Stage.SUCCEEDED for each in steps)
    return f"{succeeded} of {len(steps)} steps succeeded{_describe_skipped(steps)}"


def describe_steps(report: Report, hidden: int) -> str:
    """Return `12 of 40 steps done, 1 running, 25 hidden`; hidden are tasks that are not drawn."""
    steps = report.steps
    if not steps:
        return _describe_no_steps(report)
    counts = {
        "failed": sum(each.has_failed for each in steps),
        "running": sum(each.stage is Stage.UNDER_WAY for each in steps),
        "hidden": hidden,
    }
    done = f"{sum(each.stage.has_ended for each in steps)} of {len(steps)} steps done"
    if _has_more_to_come(report):
        done = _describe_no_steps(report)
    return done + "".join(f", {count} {words}" for words, count in counts.items() if count)


def describe_phase(phase: Phase) -> str:
    """Return `20 of 20  39.7s`: the steps that are done, and how long they took."""
    seconds = phase.elapsed_seconds
    elapsed = "" if seconds is None else f"  {format_elapsed(seconds)}"
    return f"{phase.done} of {len(phase.steps)}{_describe_skipped(phase.steps)}{elapsed}"


def _describe_no_steps(report: Report) -> str:
    if _has_more_to_come(report):
        return f"{len(report.tasks)} of {report.task_count} tasks reported"
    return "no steps yet" if report.stage.outcome is Outcome.RUNNING else "no steps"


def _has_more_to_come(report: Report) -> bool:
    return (
        report.outcome is Outcome.RUNNING
        and report.is_whole
        and len(report.shown) == len(report.tasks) < report.task_count
    )


def _describe_skipped(steps: Sequence[TaskReport]) -> str:
    skipped = sum(each.stage is Stage.SKIPPED for each in steps)
    return f", {skipped} skipped" if skipped else ""


def describe_completeness(report: Report) -> str | None:
    """Return `5 of 105 tasks`; None if every task is shown, or if `describe_progress` says it."""
    shown, count = len(report.shown), report.task_count
    is_all = shown == count and (report.is_whole or report.has_all)
    if is_all or _has_more_to_come(report):
        return None
    is_short = report.is_whole and shown == len(report.tasks) < count
    return f"{shown} of {count} tasks{' reported' if is_short else ''}"


def describe_count(number: int, what: str) -> str:
    """Return `1 task` or `5 tasks`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def describe_tally(outcomes: Sequence[Outcome]) -> str:
    """Return `3 of 4 jobs succeeded, 1 failed`."""
    others = (each for each in Outcome if each is not Outcome.SUCCEEDED and each in outcomes)
    more = "".join(f", {outcomes.count(each)} {each}" for each in others)
    return f"{outcomes.count(Outcome.SUCCEEDED)} of {len(outcomes)} jobs succeeded{more}"


def describe_ending(job_id: str, report: Report) -> tuple[str, str, str]:
    """Return the parts of a line: which job ended, how, and why; the verdict of `casjob wait`."""
    name = f" {report.job.job_name}" if report.job.job_name else ""
    cause = describe_cause(report)
    return f"{job_id}{name} ", describe_verdict(report), f": {cause}" if cause else ""


def describe_cause(report: Report, *, with_title: bool = True) -> str | None:
    """Return the task that made a job fail, with its code and detail; None if none failed."""
    cause = report.cause
    if cause is None:
        return None
    name = cause.name if with_title else cause.task.label
    return join_pair(name, describe_reason(cause))


def describe_reason(report: TaskReport) -> str:
    """Return the code and the detail of a failed task, as far as there are any."""
    message = report.message if report.has_failed else None
    return join_pair(message.code, message.detail) if message else ""


def split_lines(text: str) -> list[str]:
    """Return the lines of a message: stack traces come in lines that are indented with tabs."""
    return text.replace("\r\n", "\n").replace("\t", "    ").rstrip("\n").split("\n")


def names_cause(line: str) -> bool:
    """Return whether a line of a stack trace or a log names a cause."""
    return bool(_CAUSE.match(line[:_LONGEST_CAUSE]))


def printable_lines(text: str) -> str:
    """Return text whose line feeds stay; tabs become blanks, other controls escapes."""
    return "\n".join(map(printable, split_lines(text)))


def describe_message(report: TaskReport) -> str:
    """Return code and detail, what they mean, and a line for everything else in the message."""
    message = report.message
    if message is None:
        return "No reason given."
    cause = join_pair(message.code, message.detail)
    means = (f"means  {text}" for text in report.means)
    related = (
        f"{printable(relation)}  {_NEXT_LINE.join(split_lines(text))}"
        for relation, text in find_related(message)
    )
    return printable_lines("\n".join([cause, *means, *related]))


def find_related(message: Failure) -> Iterator[tuple[str, str]]:
    """Yield all but the cause: `within` or `also`, or the path of a value, and the text."""
    for relation, pairs in (("within", message.within), ("also", message.also)):
        for pair in pairs:
            yield relation, join_pair(*pair)
    yield from message.rest


def join_pair(code: str | None, detail: str | None) -> str:
    """Return `ECC00011  Building failed.`, or as much of it as there is."""
    return "  ".join(filter(None, (code, detail)))
