"""casjob watch: follows jobs to their end, drawn live on a terminal, a line a change elsewhere."""

import sys
import time
from collections.abc import Sequence
from io import TextIOWrapper

from casjob.answer import write_answer
from casjob.errors import ExitStatus
from casjob.follow.jobs import conclude, follow_jobs
from casjob.follow.loop import FollowedJob, Following
from casjob.follow.plan import Plan
from casjob.follow.retry_notices import RetryNotices
from casjob.formats import Color, Display, Output, open_live_view
from casjob.formats.event_json import document_of_event
from casjob.formats.text.events import choose_arrow, describe_event
from casjob.job.events import Event, Picture, Retry, Stall
from casjob.json_text import encode_document
from casjob.output import write_text
from casjob.printable import printable
from casjob.session import Session
from casjob.suggestion import suggest_next

_TICK = 0.5
"""Seconds between two drawings, so that elapsed times are seen to run."""
_FRAME = 0.1
"""Seconds between two drawings at the least, however fast things happen."""


def watch(arguments: Sequence[str], plan: Plan, session: Session, display: Display) -> ExitStatus:
    """Watch jobs.

    Raises:
        CasjobError: a failure that waiting does not mend.
        KeyboardInterrupt: the last picture stays, and the terminal is as it was.
    """
    terminal = _find_terminal(display, session)
    if terminal is None and display.color is Color.AUTO:
        # Else the report at the end would be coloured in the logs of a CI that forces colours.
        display = display._replace(color=Color.NEVER)
    with follow_jobs(arguments, plan._replace(tick=_TICK), session) as following:
        if terminal:
            _draw(following, terminal, display, session)
        elif not _list(following, display, session):
            return ExitStatus.INTERRUPTED
        if display.output is not Output.JSON:
            _report(following, display, session, below_lines=terminal is None)
        return conclude(following, session)


def _find_terminal(display: Display, session: Session) -> TextIOWrapper | None:
    """Return stdout if it can be drawn on, and nothing else comes in between."""
    out = sys.stdout
    if display.output is not Output.TABLE or session.verbose:
        # Verbose, it tells of each request in between, on stderr.
        return None
    if not isinstance(out, TextIOWrapper) or session.environ.get("TERM") == "dumb":
        return None
    return out if out.isatty() else None


def _report(following: Following, display: Display, session: Session, *, below_lines: bool) -> None:
    """Write what `show` would, a job after the other."""
    reports = [(job.job_id, job.report) for job in following.jobs if job.report]
    for place, (job_id, report) in enumerate(reports):
        if place or below_lines:
            write_text("\n")
        next_command = suggest_next(job_id, report.outcome, session)
        write_answer(report, display._replace(next_command=next_command), session.environ)


def _list(following: Following, display: Display, session: Session) -> bool:
    """Write a line an event, and return whether they were read to the end."""
    retries = RetryNotices(session.notices)
    arrow = choose_arrow(sys.stdout.encoding if sys.stdout else "ascii")
    for event in following.events():
        if isinstance(event, Retry):
            retries.tell(event)
        line = event and _describe(event, display, arrow)
        if line and not write_text(f"{line}\n"):
            return False
    return True


def _describe(event: Event, display: Display, arrow: str) -> str | None:
    if display.output is Output.JSON:
        return encode_document(document_of_event(event))
    line = describe_event(event, arrow)
    return line and printable(line)


def _draw(following: Following, out: TextIOWrapper, display: Display, session: Session) -> None:
    """Draw the jobs until they have ended; then remove the drawing, for the report to follow."""
    stalls: dict[str, list[Stall]] = {job.job_id: [] for job in following.jobs}
    troubles: dict[str, str] = {}
    drawn_at = float("-inf")
    with open_live_view(out, display, session.environ) as view:
        for event in following.events():
            _note(event, stalls, troubles)
            now = time.monotonic()
            if event is None and now - drawn_at >= _FRAME:
                drawn_at = now
                view.draw(
                    [
                        Picture(job.job_id, job.report_at(now), tuple(stalls[job.job_id]))
                        for job in following.jobs
                    ],
                    _describe_next(following.jobs, troubles, now),
                )


def _note(event: Event | None, stalls: dict[str, list[Stall]], troubles: dict[str, str]) -> None:
    match event:
        case Stall():
            stalls[event.job_id].append(event)
        case Retry():
            troubles[event.job_id] = event.words


def _describe_next(jobs: Sequence[FollowedJob], troubles: dict[str, str], now: float) -> str:
    """Return what is to come: the next look, or the next try."""
    waiting = [job for job in jobs if not job.has_ended]
    seconds = round(min((job.due for job in waiting), default=now) - now)
    soon = f"in {seconds}s" if seconds > 0 else "now"
    # Not by whether there was a failure once: it is over when a reply comes.
    failing = [troubles[job.job_id] for job in waiting if job.failures]
    return f"{failing[0]}; retrying {soon}" if failing else f"next look {soon}, Ctrl-C to stop"
