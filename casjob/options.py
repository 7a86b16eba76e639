"""The options that commands share, each written once."""

import inspect
import os
from collections.abc import Callable, Iterable
from copy import copy
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from casjob import process
from casjob.completers import (
    complete_component,
    complete_job_id,
    complete_name,
    complete_profile,
)
from casjob.component_name import ComponentName
from casjob.errors import UsageError
from casjob.formats.display import FORMATS, Color, Content, Display, OutputFormat
from casjob.formats.presentation import Presentation
from casjob.output import Output, OutputFile
from casjob.settings import ApiVersion

if TYPE_CHECKING:
    from casjob.follow.job import Plan
    from casjob.session import Session


def split_words(texts: list[str]) -> frozenset[str]:
    """Return the words of an option that takes a list, in upper case."""
    words = (word.strip().upper() for text in texts for word in text.split(","))
    return frozenset(filter(None, words))


_OPTIONS = "Options"
_FOLLOWING = "Following"
_OUTPUT = "Output"
_CONNECTION = "Connection"

JobId = Annotated[
    str | None,
    typer.Argument(
        metavar="JOB_ID",
        help="Job id, or a prefix of a recent one. Default: CASJOB_JOB_ID, or the job last"
        " looked at.",
        show_default=False,
        autocompletion=complete_job_id,
    ),
]

JobIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="JOB_ID",
        help="Job ids, or - to read them from stdin. Default: CASJOB_JOB_ID, or the job last looked"
        " at.",
        show_default=False,
        autocompletion=complete_job_id,
    ),
]

Base = Annotated[
    str | None,
    typer.Argument(
        metavar="BASE",
        help="Job to compare with: an id, or a file as for show --from; - is stdin.",
        show_default=False,
        autocompletion=complete_job_id,
    ),
]

Compared = Annotated[
    str | None,
    typer.Argument(
        metavar="JOB",
        help="Job to compare: an id or a file.",
        show_default=False,
        autocompletion=complete_job_id,
    ),
]

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CODE",
        help="Error codes, task names, flows or status words. Default: those in the failure of"
        " CASJOB_JOB_ID, or of the job last looked at.",
        show_default=False,
        autocompletion=complete_name,
    ),
]

Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Show at most N.")]

WithExitStatus = Annotated[
    bool,
    typer.Option("--exit-status", help="Exit 1 if the job ended badly, 8 if it has not ended."),
]

FromFile = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Read the job from a file written by --save or --json, or an API response; - is"
        " stdin.",
    ),
]

SaveFile = Annotated[
    str | None,
    typer.Option("--save", metavar="FILE", help="Also save the whole job, for --from."),
]

Retries = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="How often to retry a failed request; 3 by default.",
        rich_help_panel=_CONNECTION,
    ),
]


OutputFileOption = Annotated[
    str | None,
    typer.Option(
        "--output-file",
        metavar="FILE",
        help="Write the output to FILE, and a table to stdout.",
        rich_help_panel=_OUTPUT,
    ),
]

ComponentArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="COMPONENT",
        help="List the deployments of this component (name or id). Default: all components, each"
        " with its last job.",
        show_default=False,
        autocompletion=complete_component,
    ),
]

ApplicationOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only components of this application."),
]

ComponentOption = Annotated[
    str | None,
    typer.Option(
        "--component",
        metavar="NAME",
        help="Use the last job of this component (name or id).",
        autocompletion=complete_component,
    ),
]


class OptionGroup:
    """Options that belong together: each a field, with its default.

    Args:
        values: those that differ from the defaults, by name.
    """

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)

    @classmethod
    def names(cls) -> Iterable[str]:
        """Return the names of the options."""
        return cls.__annotations__


class OfComponent(OptionGroup):
    """The component whose last job is meant."""

    component: ComponentOption = None
    application: ApplicationOption = None

    def choose(self, job_id: str | None) -> str | ComponentName | None:
        """Return what names the job.

        Args:
            job_id: the argument.

        Raises:
            UsageError: the options contradict the argument or each other.
        """
        has_job = job_id is not None
        return _name_component(self.component, self.application, None, has_job=has_job) or job_id


class OfComponentOrNext(OptionGroup):
    """The component whose last job is meant, or its next one."""

    component: ComponentOption = None
    application: ApplicationOption = None
    after: Annotated[
        str | None,
        typer.Option(
            metavar="JOB_ID",
            help="With --component: wait for the next job after this one.",
            autocompletion=complete_job_id,
        ),
    ] = None

    def choose(self, job_ids: list[str] | None) -> list[str] | ComponentName:
        """Return what names the jobs; arguments and errors as for `OfComponent`."""
        named = _name_component(self.component, self.application, self.after, has_job=bool(job_ids))
        return named or job_ids or []


def _name_component(
    component: str | None, application: str | None, after: str | None, *, has_job: bool
) -> ComponentName | None:
    if component is None:
        for option, value in (("--application", application), ("--after", after)):
            if value is not None:
                raise UsageError(f"{option} requires --component")
        return None
    if has_job:
        raise UsageError("a job id and --component can't be used together")
    return ComponentName(component, application, after)


class Look(OptionGroup):
    """How output is drawn for people."""

    color: Annotated[Color, typer.Option(help="When to use colour.")] = Color.AUTO
    utc: Annotated[bool, typer.Option("--utc", help="Show times in UTC.")] = False


class FormatOption(OptionGroup):
    """The format of the output; `Annotated` with the content to present."""

    output: Annotated[
        OutputFormat | None, typer.Option("--output", "-o", help="Output format; table by default.")
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Same as --output json.")] = False

    def open(
        self,
        session: "Session",
        content: Content,
        look: Look | None = None,
        *,
        file: str | None = None,
        full: bool = False,
    ) -> Presentation:
        """Return what presents the content.

        Args:
            session: knows the stream and the environment that a drawing adapts to.
            content: what is going to be presented.
            look: how it is drawn.
            file: where output in this format goes; stdout then gets a table.
            full: whether to fold nothing to fit the screen.

        Raises:
            UsageError: two formats are given, or one that does not support the content.
            OutputError: the file can't be written.
        """
        if self.json and self.output not in {None, OutputFormat.JSON}:
            raise UsageError(f"--json and --output {self.output} can't be used together")
        output = OutputFormat.JSON if self.json else self.output or OutputFormat.TABLE
        look = look or Look()
        display = Display(
            is_terminal=session.output.is_terminal,
            encoding=session.output.encoding,
            color=look.color,
            utc=look.utc,
            full=full,
            environ=session.environ,
        )
        output_file = None if file is None else OutputFile(Path(file))
        return Presentation(content, output, display, session.output, output_file)


class Follow(OptionGroup):
    """How jobs are followed."""

    interval: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Polling interval; by default 2s, growing to 15s while nothing changes.",
        ),
    ] = None
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first failed task or job.")
    ] = False
    wait_for_job: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Wait this long for a job that does not exist yet.",
        ),
    ] = None

    def plan(self, timeout: str | None) -> "Plan":
        """Return the plan, with durations in seconds; the timeout starts now.

        Args:
            timeout: the option; each command has its own default.

        Raises:
            UsageError: a duration is not one, or too long.
        """
        # Help and completion follow no jobs.
        from casjob.deadline import Deadline
        from casjob.follow.job import Plan

        interval = _parse(self.interval, "--interval")
        if interval == 0:
            raise UsageError("--interval is 0", hint="the service allows 5 requests a second")
        return Plan(
            interval=interval,
            deadline=Deadline(_parse(timeout, "--timeout")),
            fail_fast=self.fail_fast,
            wait_for_job=_parse(self.wait_for_job, "--wait-for-job") or 0.0,
        )


def _parse(duration: str | None, option: str) -> float | None:
    if duration is None:
        return None
    from casjob.durations import EXAMPLES, parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        message = f"{option} {duration!r} is {error}"
        raise UsageError(message, hint=f"durations are {EXAMPLES}") from None


class Connection(OptionGroup):
    """Where the service is, and how to reach it. No option takes a secret."""

    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Profile in casjob's config.toml.",
            autocompletion=complete_profile,
        ),
    ] = None
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help="Region, such as cn-north-4.")
    ] = None
    project_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Project that the job belongs to.")
    ] = None
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="URL of the service; by default, the region's."),
    ] = None
    api_version: Annotated[ApiVersion | None, typer.Option(help="API version; v2 by default.")] = (
        None
    )
    ca_bundle: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Additional CA certificates to trust."),
    ] = None
    request_timeout: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS", help="Time limit for each step of a request; 30 by default."
        ),
    ] = None
    demo: Annotated[
        bool, typer.Option("--demo", help="Use the built-in sample service instead.")
    ] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log requests and responses to stderr.")
    ] = False

    def open_session(
        self, context: typer.Context, *, retries: str | None = None, is_offline: bool = False
    ) -> "Session":
        """Return what a command runs with.

        Args:
            context: its `obj` is what writes to stderr.
            retries: the option of commands that have it.
            is_offline: whether no request is sent, so that nothing need be loaded for one.
        """
        from casjob.session import Session

        if not is_offline:
            # No signal may unwind inside an import.
            import casjob.service  # noqa: F401
        # Everything that the command needs at first is loaded.
        process.unwind_on_signals()
        given = {name: getattr(self, name) for name in self.names()} | {"retries": retries}
        demo, verbose = given.pop("demo"), given.pop("verbose")
        return Session(
            given,
            demo=demo,
            verbose=verbose,
            environ=os.environ,
            notices=context.obj,
            output=Output.on_stdout(),
        )


_GROUPS = {
    OfComponent: _OPTIONS,
    OfComponentOrNext: _OPTIONS,
    Look: _OUTPUT,
    FormatOption: _OUTPUT,
    Follow: _FOLLOWING,
    Connection: _CONNECTION,
}
"""The heading of each group of options in the help."""


def spread(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command one option for each field of its parameters that are groups of options.

    Typer reads the signature of a command. Here one parameter, such as `look: Look`, stands for
    all fields of its class, so that options shared by commands are written once. A parameter such
    as `output: Annotated[FormatOption, "view"]` offers the formats that can present a view.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[OptionGroup]] = {}
    signature = inspect.signature(command)
    for parameter in signature.parameters.values():
        group, *contents = get_args(parameter.annotation) or (parameter.annotation,)
        if group not in _GROUPS:
            parameters.append(parameter)
            continue
        groups[parameter.name] = group
        for name, declared in group.__annotations__.items():
            annotation = _offer(declared, *contents) if name == "output" else declared
            (option,) = annotation.__metadata__
            option.rich_help_panel = _GROUPS[group]
            default = getattr(group, name)
            parameters.append(parameter.replace(name=name, annotation=annotation, default=default))

    @wraps(command)
    def spread_command(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{option: values.pop(option) for option in group.names()})
        return command(**values)

    spread_command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined] # what inspect.signature reads
    return spread_command


def _offer(annotation: Any, content: Content) -> Any:
    """Return the annotation of --output for the formats that can present some content."""
    formats = FORMATS[content]

    def complete_format(incomplete: str) -> list[str]:
        return [output for output in formats if output.startswith(incomplete)]

    kind, option = get_args(annotation)
    offered = copy(option)
    offered.metavar = f"<{'|'.join(formats)}>"
    offered.autocompletion = complete_format
    return Annotated[kind, offered]
