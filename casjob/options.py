"""The options about output, following and the connection, each a field of a dataclass."""

import inspect
import os
from collections.abc import Callable
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casjob import process
from casjob.completers import complete_profile, complete_region
from casjob.errors import UsageError
from casjob.formats.display import (
    FORMATS,
    Color,
    Content,
    Display,
    OutputFormat,
    Presentation,
)
from casjob.output import Output, OutputFile
from casjob.settings import ApiVersion

if TYPE_CHECKING:
    from casjob.follow.job import Plan
    from casjob.session import Session

_follow_option: Any = partial(typer.Option, rich_help_panel="Following")
_output_option: Any = partial(typer.Option, rich_help_panel="Output")
_connection_option: Any = partial(typer.Option, rich_help_panel="Connection")


def output_option(content: Content) -> Any:
    """Return the option `--output` for the formats that can present some content."""
    formats = FORMATS[content]

    def complete_format(incomplete: str) -> list[str]:
        return [output for output in formats if output.startswith(incomplete)]

    return _output_option(
        "--output",
        "-o",
        metavar=f"<{'|'.join(formats)}>",
        help="Output format; table by default.",
        autocompletion=complete_format,
    )


@dataclass
class DisplayOptions:
    """How output is drawn for people."""

    color: Annotated[Color, _output_option(help="When to use colour.")] = Color.AUTO
    utc: Annotated[bool, _output_option("--utc", help="Show times in UTC.")] = False


_SUFFIXES = {"md": "markdown", "xml": "junit"}
"""What ends the names of files, where it is not the format's name."""

Json = Annotated[bool, _output_option("--json", help="Same as --output json.")]


@dataclass
class FormatOptions:
    """The format of the output, beside `--output`, and the file that gets it."""

    json: Json = False
    output_file: Annotated[
        str | None,
        _output_option(
            metavar="FILE",
            help="Write the output to FILE, in the format of its name, and a table to stdout.",
        ),
    ] = None

    def is_stream(self, output: OutputFormat | None) -> bool:
        """Return whether the output is text on stdout alone, which may be written bit by bit."""
        is_text = output in {None, OutputFormat.TABLE}
        return is_text and not self.json and self.output_file is None

    def open(
        self,
        session: "Session",
        content: Content,
        output: OutputFormat | None,
        display: DisplayOptions | None = None,
        *,
        full: bool = False,
    ) -> Presentation:
        """Return what presents the content; `full` folds nothing to fit the screen."""
        if self.json and output not in {None, OutputFormat.JSON}:
            raise UsageError(f"--json and --output {output} can't be used together")
        output = OutputFormat.JSON if self.json else output
        file = None if self.output_file is None else OutputFile(Path(self.output_file))
        goes_by_name = output is None and file is not None
        output = output or _find_format(self.output_file, content)
        display = display or DisplayOptions()
        chosen = Display(
            is_terminal=session.output.is_terminal,
            encoding=session.output.encoding,
            color=display.color,
            utc=display.utc,
            full=full,
            environ=session.environ,
        )
        presentation = Presentation(
            content, output, chosen, session.output, file, session.notices.say
        )
        if goes_by_name and output is OutputFormat.TABLE and content != "log":
            session.notices.say(f"{self.output_file} gets a table; --output chooses another format")
        return presentation


def _find_format(file: str | None, content: Content) -> OutputFormat:
    """Return the format that the name of a file tells, by default the table."""
    suffix = Path(file or "").suffix.lower().removeprefix(".")
    suffix = _SUFFIXES.get(suffix, suffix)
    output = OutputFormat(suffix) if suffix in set(OutputFormat) else OutputFormat.TABLE
    if output not in FORMATS[content]:
        hint = f"--output chooses one of {', '.join(FORMATS[content])}"
        raise UsageError(f"the format of {file}, {output}, is not supported here", hint=hint)
    return output


@dataclass
class FollowOptions:
    """How jobs are followed."""

    interval: Annotated[
        str | None,
        _follow_option(
            metavar="DURATION",
            help="Polling interval; by default 2s, growing to 15s while nothing changes.",
        ),
    ] = None
    fail_fast: Annotated[
        bool, _follow_option("--fail-fast", help="Stop at the first failed task or job.")
    ] = False
    wait_for_job: Annotated[
        str | None,
        _follow_option(
            metavar="DURATION", help="Wait this long for a job that does not exist yet."
        ),
    ] = None

    def plan(self, timeout: str | None) -> "Plan":
        """Return the plan, with durations in seconds; the timeout starts now."""
        # Help and completion follow no jobs.
        from casjob.deadline import Deadline
        from casjob.follow.job import Plan

        interval = _parse("--interval", self.interval)
        if interval == 0:
            raise UsageError("--interval is 0", hint="the service allows 5 requests a second")
        return Plan(
            interval=interval,
            deadline=Deadline(_parse("--timeout", timeout)),
            fail_fast=self.fail_fast,
            wait_for_job=_parse("--wait-for-job", self.wait_for_job) or 0.0,
        )


def _parse(option: str, duration: str | None) -> float | None:
    if duration is None:
        return None
    from casjob.durations import EXAMPLES, parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        message = f"{option} {duration!r} is {error}"
        raise UsageError(message, hint=f"durations are {EXAMPLES}") from None


@dataclass
class ConnectionOptions:
    """Where the service is, and how to reach it. No option takes a secret."""

    profile: Annotated[
        str | None,
        _connection_option(
            metavar="NAME",
            help="Profile in casjob's config.toml.",
            autocompletion=complete_profile,
        ),
    ] = None
    region: Annotated[
        str | None,
        _connection_option(
            metavar="REGION",
            help="Region, such as cn-north-4.",
            autocompletion=complete_region,
        ),
    ] = None
    project_id: Annotated[
        str | None, _connection_option(metavar="ID", help="Project that the job belongs to.")
    ] = None
    endpoint: Annotated[
        str | None,
        _connection_option(metavar="URL", help="URL of the service; by default, the region's."),
    ] = None
    api_version: Annotated[
        ApiVersion | None,
        _connection_option(help="API version; by default v2, or v3 where there is no v2."),
    ] = None
    ca_bundle: Annotated[
        str | None,
        _connection_option(metavar="FILE", help="Additional CA certificates to trust."),
    ] = None
    request_timeout: Annotated[
        str | None,
        _connection_option(
            metavar="SECONDS", help="Time limit for each step of a request; 30 by default."
        ),
    ] = None
    demo: Annotated[
        bool, _connection_option("--demo", help="Use the built-in sample service instead.")
    ] = False
    verbose: Annotated[
        bool,
        _connection_option("--verbose", "-v", help="Log requests and responses to stderr."),
    ] = False

    def open_session(self, context: typer.Context, *, is_offline: bool = False) -> "Session":
        """Return what a command runs with; offline, nothing is loaded that a request needs."""
        from casjob.session import Session

        if not is_offline:
            # No signal may unwind inside an import.
            import casjob.service  # noqa: F401
        # Everything that the command needs at first is loaded.
        process.unwind_on_signals()
        given = vars(self).copy()
        demo, verbose = given.pop("demo"), given.pop("verbose")
        return Session(
            given,
            demo=demo,
            verbose=verbose,
            is_offline=is_offline,
            environ=os.environ,
            notices=context.obj,
            output=Output.on_stdout(),
        )


@dataclass
class RequestOptions(ConnectionOptions):
    """Where the service is, and how requests are made that do not poll."""

    retries: Annotated[
        str | None,
        _connection_option(metavar="N", help="How often to retry a failed request; 3 by default."),
    ] = None


def with_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command one option for each field of its parameters that are dataclasses.

    Typer reads the signature of a command. Here one parameter, such as `display: DisplayOptions`,
    stands for all fields of its class, so that options shared by commands are written once.
    """
    signature = inspect.signature(command)
    groups: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if is_dataclass(parameter.annotation)
    }

    @wraps(command)
    def run(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        return command(**values)

    parameters = [
        each
        for name, parameter in signature.parameters.items()
        for each in (map(_to_parameter, fields(groups[name])) if name in groups else [parameter])
    ]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined] # what inspect.signature reads
    return run


def _to_parameter(field: "Field[Any]") -> inspect.Parameter:
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(field.name, keyword, default=field.default, annotation=field.type)
