"""What a command is about: its arguments, and the options that choose jobs and tasks."""

import os
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from casjob.completion import complete_component, complete_job_id, complete_name, complete_status
from casjob.errors import UsageError
from casjob.files import PRIVATE
from casjob.job.detail import ComponentName
from casjob.options import Options, field, option
from casjob.streams import OutputFile

_Named = TypeVar("_Named")


def _argument(metavar: str, text: str, complete: Any) -> Any:
    return typer.Argument(metavar=metavar, help=text, autocompletion=complete, show_default=False)


JobId = Annotated[
    str | None,
    _argument(
        "JOB_ID",
        "Job id, or a prefix of a recent one. Default: CASJOB_JOB_ID, or the job last viewed.",
        complete_job_id,
    ),
]
JobIds = Annotated[
    list[str] | None,
    _argument(
        "JOB_ID",
        "Job ids, or - to read them from stdin. Default: CASJOB_JOB_ID; for watch on a terminal,"
        " the job last viewed.",
        complete_job_id,
    ),
]
Base = Annotated[
    str | None,
    _argument(
        "BASE",
        "Job to compare with: an id, or a file as for show --from; - is stdin.",
        complete_job_id,
    ),
]
Compared = Annotated[
    str | None, _argument("JOB", "Job to compare: an id or a file.", complete_job_id)
]
Names = Annotated[
    list[str] | None,
    _argument(
        "CODE",
        "Error codes, task names, statuses or other words. Default: those in the failure of"
        " CASJOB_JOB_ID, or of the job last viewed.",
        complete_name,
    ),
]
Component = Annotated[
    str | None,
    _argument(
        "COMPONENT",
        "List the deployments of this component (name or id). Default: all components, each with"
        " its last job.",
        complete_component,
    ),
]
OneComponent = Annotated[
    str, _argument("COMPONENT", "Name or id of the component.", complete_component)
]

Application = Annotated[
    str | None, option("Only components of this application (name or id).", "NAME")
]
Full = Annotated[
    bool, option("Show everything, even if it does not fit on the screen.", names=["--full"])
]
Limit = Annotated[int | None, option("Show at most N entries.", "N", min=1)]


class ComponentOptions(Options):
    """The component whose last job is meant."""

    component: str | None = field(
        "Use the last job of this component (name or id).", "NAME", complete_component
    )
    application: Application = None

    def choose(self, named: _Named) -> _Named | ComponentName:
        """Return what is meant: the component, or else what is named by an argument."""
        given = {name: text for name, text in vars(self).items() if text is not None}
        if not given:
            return named
        if "component" not in given:
            raise UsageError(f"--{next(iter(given))} requires --component")
        if named not in (None, []):
            raise UsageError(
                "a job id and --component can't be used together", hint="leave out one of them"
            )
        return ComponentName(given.pop("component"), **given)


class OwnerOptions(ComponentOptions):
    """The component that a job belongs to, which is looked up otherwise."""

    component: str | None = field(
        "Component that the job belongs to (name or id). Without JOB_ID, its last job.",
        "NAME",
        complete_component,
    )


class NextJobOptions(ComponentOptions):
    """The component whose last job is meant, or its next one."""

    after: str | None = field(
        "With --component: wait for its first job after JOB_ID; none if it had no job before.",
        "JOB_ID",
        complete_job_id,
    )


class LogOptions(Options):
    """Which log is shown, and which part of it."""

    build: str | None = field("Show the build with this id.", "ID")
    full: Full = False
    tail: int | None = field("Show only the last N lines.", "N", min=1)
    follow: bool = field(
        "Print the log as it grows, until the build ends; exit 0 if it succeeded, 1 if not.",
        names=["--follow", "-f"],
    )

    def check(self, *, is_text: bool) -> None:
        """Refuse options that contradict each other, or what is not text to be followed."""
        if self.full and self.tail is not None:
            raise UsageError("--full and --tail can't be used together")
        if self.follow and not is_text:
            raise UsageError(
                "--follow can't be combined with --output json or --output-file",
                hint="to keep the log: casjob logs --follow | tee build.log",
            )


class ReplyOptions(Options):
    """Where the reply is read from and kept, and what the exit status tells of it."""

    file: str | None = field(
        "Read the job from a file written by --save or --json, or an API response; - is stdin.",
        "FILE",
        names=["--from"],
    )
    save: str | None = field("Also save the whole job to FILE, to be read with --from.", "FILE")
    with_exit_status: bool = field(
        "Exit 1 if the job failed, 8 if it has not ended.", names=["--exit-status"]
    )

    def open_save(self, output_file: str | None) -> OutputFile | None:
        """Return the file to save the job to, which only the user may read.

        Raises:
            UsageError: it is `-`, or the output file.
            OutputError: it can't be written.
        """
        if self.save is None:
            return None
        if self.save == "-":
            hint = "--json writes the whole job to stdout; --from reads that too"
            raise UsageError("--save takes a file, not -", hint=hint)
        if output_file and os.path.realpath(self.save) == os.path.realpath(output_file):
            raise UsageError(f"--save and --output-file can't both write {self.save}")
        file = OutputFile(Path(self.save), mode=PRIVATE)
        file.check()
        return file


class TaskOptions(Options):
    """Which tasks of a job are shown, by the API's own paging or by filters."""

    limit: Limit = None
    offset: int = field("Skip the first N tasks.", "N", min=0, default=0)
    desc: bool = field("Show the last tasks first.")
    instance_id: str | None = field("Only tasks of this component instance.", "ID")
    failed: bool = field("Only tasks that failed.")
    status: list[str] | None = field(
        "Only tasks with one of these comma-separated statuses; may be repeated.",
        "WORD",
        complete_status,
    )
