"""What a command is about: its arguments, and the options that choose jobs and tasks."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from casjob.completers import (
    complete_component,
    complete_job_id,
    complete_name,
    complete_status,
)
from casjob.errors import UsageError
from casjob.files import PRIVATE
from casjob.job.source import ComponentName
from casjob.output import OutputFile

_Named = TypeVar("_Named")

_argument: Any = partial(typer.Argument, show_default=False)

JobId = Annotated[
    str | None,
    _argument(
        metavar="JOB_ID",
        help="Job id, or a prefix of a recent one. Default: CASJOB_JOB_ID, or the job last viewed.",
        autocompletion=complete_job_id,
    ),
]

JobIds = Annotated[
    list[str] | None,
    _argument(
        metavar="JOB_ID",
        help="Job ids, or - to read them from stdin. Default: CASJOB_JOB_ID; for watch on a"
        " terminal, the job last viewed.",
        autocompletion=complete_job_id,
    ),
]

Base = Annotated[
    str | None,
    _argument(
        metavar="BASE",
        help="Job to compare with: an id, or a file as for show --from; - is stdin.",
        autocompletion=complete_job_id,
    ),
]

Compared = Annotated[
    str | None,
    _argument(
        metavar="JOB", help="Job to compare: an id or a file.", autocompletion=complete_job_id
    ),
]

Names = Annotated[
    list[str] | None,
    _argument(
        metavar="CODE",
        help="Error codes, task names, statuses or other words. Default: those in the failure of"
        " CASJOB_JOB_ID, or of the job last viewed.",
        autocompletion=complete_name,
    ),
]

Component = Annotated[
    str | None,
    _argument(
        metavar="COMPONENT",
        help="List the deployments of this component (name or id). Default: all components, each"
        " with its last job.",
        autocompletion=complete_component,
    ),
]

OneComponent = Annotated[
    str,
    _argument(
        metavar="COMPONENT",
        help="Component, by its name or id.",
        autocompletion=complete_component,
    ),
]

Application = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only components of this application (name or id)."),
]

Full = Annotated[
    bool, typer.Option("--full", help="Show everything, even if it does not fit the screen.")
]

Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Show at most N.")]


@dataclass
class ComponentOptions:
    """The component whose last job is meant."""

    component: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Use the last job of this component (name or id).",
            autocompletion=complete_component,
        ),
    ] = None
    application: Application = None

    def choose(self, named: _Named) -> _Named | ComponentName:
        """Return what is meant: the component, or else what is named by an argument."""
        given = {option: value for option, value in vars(self).items() if value is not None}
        if not given:
            return named
        if "component" not in given:
            raise UsageError(f"--{next(iter(given))} requires --component")
        if named not in (None, []):
            raise UsageError("a job id and --component can't be used together")
        return ComponentName(given.pop("component"), **given)


@dataclass
class OwnerOptions(ComponentOptions):
    """The component that a job belongs to, which is looked up otherwise."""

    component: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Component of the job (name or id); without a job, its last one is meant.",
            autocompletion=complete_component,
        ),
    ] = None


@dataclass
class LogOptions:
    """Which log is shown, and which part of it."""

    build: Annotated[
        str | None, typer.Option(metavar="ID", help="Show this build, not that of a job.")
    ] = None
    full: Full = False
    tail: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show only the last N lines.")
    ] = None
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            "-f",
            help="Show what comes until the build ends, then exit 0 if it succeeded, else 1.",
        ),
    ] = False

    def check(self, *, is_text: bool) -> None:
        """Refuse options that contradict each other, or what is not text to be followed."""
        if self.full and self.tail is not None:
            raise UsageError("--full and --tail can't be used together")
        if self.follow and not is_text:
            raise UsageError(
                "--follow can be used neither with --output json nor with --output-file",
                hint="casjob logs --follow > build.log keeps the text",
            )


@dataclass
class NextJobOptions(ComponentOptions):
    """The component whose last job is meant, or its next one."""

    after: Annotated[
        str | None,
        typer.Option(
            metavar="JOB_ID",
            help="With --component: wait for the next job after this one, or none.",
            autocompletion=complete_job_id,
        ),
    ] = None


@dataclass
class ReplyOptions:
    """Where the reply is read from and kept, and what the exit status tells of it."""

    file: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Read the job from a file written by --save or --json, or an API response; - is"
            " stdin.",
        ),
    ] = None
    save: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also save the whole job, for --from.")
    ] = None
    with_exit_status: Annotated[
        bool,
        typer.Option("--exit-status", help="Exit 1 if the job failed, 8 if it has not ended."),
    ] = False

    def open_save(self) -> OutputFile | None:
        """Return the file to save the job to, which only the user may read."""
        if self.save is None:
            return None
        file = OutputFile(Path(self.save), mode=PRIVATE)
        file.check()
        return file


@dataclass
class TaskOptions:
    """Which tasks of a job are shown, by the API's own paging or by filters."""

    limit: Limit = None
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Skip the first N tasks.")] = 0
    desc: Annotated[bool, typer.Option("--desc", help="Show the last task first.")] = False
    instance_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only tasks of this component instance.")
    ] = None
    failed: Annotated[bool, typer.Option("--failed", help="Only tasks that failed.")] = False
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="Only tasks with one of these comma-separated statuses; may be repeated.",
            autocompletion=complete_status,
        ),
    ] = None
