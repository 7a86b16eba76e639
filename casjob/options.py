"""The options that commands share, each written once."""

import inspect
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, NamedTuple

import typer

from casjob.durations import parse_duration
from casjob.errors import UsageError
from casjob.follow.plan import Plan
from casjob.formats import Color, Display, Output
from casjob.history import find_history_folder, recent_job_ids
from casjob.job.statuses import STATUS_WORDS
from casjob.notices import Notices
from casjob.session import Session
from casjob.settings import ApiVersion
from casjob.settings.sources import find_profile_names


def complete_job_id(incomplete: str) -> list[str]:
    """Return the jobs looked at from this machine; asks no service."""
    folder = find_history_folder(os.environ)
    return [job_id for job_id in recent_job_ids(folder) if job_id.startswith(incomplete)]


def complete_profile(incomplete: str) -> list[str]:
    """Return the profiles in casjob's own file."""
    return [name for name in find_profile_names(os.environ) if name.startswith(incomplete)]


def complete_status(incomplete: str) -> list[str]:
    """Return the status words that are known; the service may send others."""
    words = map(str.lower, STATUS_WORDS) if incomplete.islower() else STATUS_WORDS
    return [word for word in words if word.startswith(incomplete)]


JobId = Annotated[
    str | None,
    typer.Argument(
        metavar="JOB_ID",
        help="The job: its id, or the beginning of a recent one's. Without it, CASJOB_JOB_ID or"
        " the job last looked at.",
        show_default=False,
        autocompletion=complete_job_id,
    ),
]

JobIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="JOB_ID",
        help="The jobs; - reads ids from stdin, from lines or from JSON with job_id in it."
        " Without any, CASJOB_JOB_ID or the job last looked at.",
        show_default=False,
        autocompletion=complete_job_id,
    ),
]

WithExitStatus = Annotated[
    bool,
    typer.Option("--exit-status", help="Exit 1 if the job ended badly, 8 if it has not ended."),
]


class Look(NamedTuple):
    """How the answer is to look."""

    output: Annotated[
        Output | None,
        typer.Option("--output", "-o", help="The format of the answer; table by default."),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="The same as --output json.")] = False
    color: Annotated[Color, typer.Option(help="When to colour.")] = Color.AUTO
    utc: Annotated[bool, typer.Option("--utc", help="Show times in UTC.")] = False

    def display(self, *, tasks_only: bool = False) -> Display:
        """Return the same for the formats.

        Raises:
            UsageError: two formats are asked for.
        """
        if self.json and self.output not in {None, Output.JSON}:
            raise UsageError(f"--json and --output {self.output} can't both be")
        output = Output.JSON if self.json else self.output or Output.TABLE
        return Display(output=output, color=self.color, utc=self.utc, tasks_only=tasks_only)


class Follow(NamedTuple):
    """How jobs are to be followed."""

    interval: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="The time between two looks at a job; 2s growing to 15s while nothing changes.",
        ),
    ] = None
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Give up after so long, with exit status 124; wait: 30m, watch: never.",
        ),
    ] = None
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End at the first failed task or job.")
    ] = False
    wait_for_job: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Do not mind for so long that a job is not there yet."
        ),
    ] = None

    def plan(self, *, timeout: str | None = None) -> Plan:
        """Return the same in seconds.

        Args:
            timeout: the one to take if none is given.

        Raises:
            UsageError: a duration is none.
        """
        interval = _parse(self.interval, "--interval")
        if interval == 0:
            raise UsageError("--interval is 0", hint="the service takes 5 requests a second")
        return Plan(
            interval=interval,
            timeout=_parse(self.timeout or timeout, "--timeout"),
            fail_fast=self.fail_fast,
            wait_for_job=_parse(self.wait_for_job, "--wait-for-job") or 0.0,
        )


def _parse(duration: str | None, option: str) -> float | None:
    return None if duration is None else parse_duration(duration, option)


class Connection(NamedTuple):
    """Where the service is, and how to speak to it. No option takes a secret."""

    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The profile of casjob's config.toml.",
            autocompletion=complete_profile,
        ),
    ] = None
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help="The region, as in cn-north-4.")
    ] = None
    project_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The project that the job belongs to.")
    ] = None
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="The service's address, if not the region's.")
    ] = None
    api_version: Annotated[
        ApiVersion | None, typer.Option(help="The version of the API; v2 by default.")
    ] = None
    ca_bundle: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Certificates to trust beside the usual ones."),
    ] = None
    request_timeout: Annotated[
        str | None,
        typer.Option(metavar="SECONDS", help="How long a step of a request may take; 30."),
    ] = None
    retries: Annotated[
        str | None, typer.Option(metavar="N", help="Further tries after a failed request; 3.")
    ] = None
    demo: Annotated[
        bool, typer.Option("--demo", help="Ask the built-in sample service instead.")
    ] = False

    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell of each request and reply on stderr.")
    ] = False

    def session(self) -> Session:
        """Return what a command runs with."""
        given = self._asdict()
        demo, verbose = given.pop("demo"), given.pop("verbose")
        is_terminal = sys.stderr is not None and sys.stderr.isatty()
        draws_progress = is_terminal and os.environ.get("TERM") != "dumb"
        notices = Notices(sys.stderr, draws_progress=draws_progress)
        return Session(given=given, demo=demo, verbose=verbose, environ=os.environ, notices=notices)


def spread(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command one option for each field of its `Look`, `Follow` and `Connection` parameters.

    Typer reads a command's signature. So that options which commands share are written once, one
    parameter of such a class stands for all its fields there.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Look | Follow | Connection]] = {}
    signature = inspect.signature(command)
    for parameter in signature.parameters.values():
        group = parameter.annotation
        if group not in {Look, Follow, Connection}:
            parameters.append(parameter)
            continue
        groups[parameter.name] = group
        parameters += [
            parameter.replace(name=name, annotation=annotation, default=group._field_defaults[name])
            for name, annotation in group.__annotations__.items()
        ]

    @wraps(command)
    def spread_command(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group._fields})
        return command(**values)

    spread_command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined] # what inspect.signature reads
    return spread_command
