"""The options about output, following and the connection; those that go together are a class."""

import inspect
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_type_hints

import typer

from casjob import process
from casjob.completion import complete_profile, complete_region
from casjob.errors import UsageError
from casjob.formats.display import FORMATS, Color, Content, Display, OutputFormat, Presentation
from casjob.settings import ApiVersion
from casjob.streams import Output, OutputFile

if TYPE_CHECKING:
    from casjob.follow.job import Plan
    from casjob.session import Session


class Options:
    """Options that go together: each field is annotated as for Typer, or a `field`."""

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


def option(
    text: str,
    metavar: str | None = None,
    complete: Any = None,
    *,
    names: Iterable[str] = (),
    **settings: Any,
) -> Any:
    """Return an option with its help; without names, it is called like its parameter."""
    return typer.Option(*names, help=text, metavar=metavar, autocompletion=complete, **settings)


class _Field(NamedTuple):
    default: Any
    settings: dict[str, Any]


def field(
    text: str, metavar: str | None = None, complete: Any = None, *, default: Any = None, **more: Any
) -> Any:
    """Return a field of `Options`: an option as `option` returns it; a switch is off by default."""
    return _Field(default, {"text": text, "metavar": metavar, "complete": complete, **more})


_follow = partial(field, rich_help_panel="Following")
_output = partial(field, rich_help_panel="Output")
_connection = partial(field, rich_help_panel="Connection")


# Read once, though most groups are those of several commands.
@cache
def _list_parameters(group: type[Options]) -> dict[str, inspect.Parameter]:
    """Return the fields of a group as parameters that Typer reads, by their names."""
    parameters = {}
    for name, kind in get_type_hints(group, include_extras=True).items():
        default, annotation = getattr(group, name), kind
        if isinstance(default, _Field):
            default, settings = default
            if kind is bool:
                # Named, as Typer would add --no-….
                default, settings = False, {"names": [f"--{name.replace('_', '-')}"], **settings}
            annotation = Annotated[kind, option(**settings)]
        parameters[name] = inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
        )
    return parameters


def with_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command one option for each field of its parameters that are `Options`.

    Typer reads the signature of a command. Here one parameter, such as `follow: FollowOptions`,
    stands for all fields of its class, so that options shared by commands are written once. Where a
    command has other fields, they are in the parameter's annotation, as `presents` returns them.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[type[Options], dict[str, inspect.Parameter]]] = {}
    signature = inspect.signature(command)
    for name, parameter in signature.parameters.items():
        group, *own = get_args(parameter.annotation) or [parameter.annotation]
        is_group = isinstance(group, type) and issubclass(group, Options)
        if is_group:
            fields = _list_parameters(group)
            groups[name] = group, fields
            parameters += (own[0] if own else fields).values()
        else:
            parameters.append(parameter)

    @wraps(command)
    def run(**values: Any) -> int:
        for name, (group, fields) in groups.items():
            given = {field: values.pop(field, each.default) for field, each in fields.items()}
            values[name] = group(**given)
        return command(**values)

    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined] # what inspect.signature reads
    return run


class FollowOptions(Options):
    """How jobs are followed."""

    interval: str | None = _follow(
        "Polling interval; by default 2s, growing to 15s while nothing changes.", "DURATION"
    )
    fail_fast: bool = _follow("Stop at the first failed task or job.")
    wait_for_job: str | None = _follow(
        "How long to wait for a job or component that does not exist yet.", "DURATION"
    )

    def plan(self, timeout: str | None) -> "Plan":
        """Return the plan, with durations in seconds; the timeout starts now."""
        # Help and completion follow no jobs.
        from casjob.background import Deadline
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


def _parse(name: str, duration: str | None) -> float | None:
    if duration is None:
        return None
    from casjob.durations import parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        message = f"{name} {duration!r} is {error}"
        raise UsageError(message, hint="durations are 90, 90s, 30m or 1h30m") from None


class OutputOptions(Options):
    """What output looks like, and where it goes."""

    output: OutputFormat | None = None
    json: bool = _output("Same as --output json.")
    output_file: str | None = _output(
        "Write the output to FILE, in the format that its extension names, and a table to stdout.",
        "FILE",
    )
    color: Color = _output("When to use colour.", default=Color.AUTO)
    utc: bool = _output("Show times in UTC.")

    @property
    def is_stream(self) -> bool:
        """Whether the output is text on stdout alone, which may be written bit by bit."""
        is_text = self.output in {None, OutputFormat.TABLE}
        return is_text and not self.json and self.output_file is None

    def open(self, session: "Session", content: Content, *, full: bool = False) -> Presentation:
        """Return what presents the content; `full` folds nothing to fit the screen."""
        output = OutputFormat.JSON if self.json else self.output
        if self.output not in {None, output}:
            raise UsageError(f"--json and --output {self.output} can't be used together")
        if self.output_file == "-":
            hint = "without --output-file, output goes to stdout; --output sets its format"
            raise UsageError("--output-file takes a file, not -", hint=hint)
        file = None if self.output_file is None else OutputFile(Path(self.output_file))
        goes_by_name = output is None and file is not None
        output = output or _find_format(self.output_file or "", content)
        display = Display(
            is_terminal=session.output.is_terminal,
            encoding=session.output.encoding,
            color=self.color,
            utc=self.utc,
            full=full,
            environ=session.environ,
        )
        notify = session.notices.say
        presentation = Presentation(content, output, display, session.output, file, notify)
        # Imported while the request is under way.
        session.for_replies |= presentation.modules
        if goes_by_name and output is OutputFormat.TABLE and content != "log":
            notify(f"{self.output_file} gets a table; use --output for another format")
        return presentation


def presents(content: Content, *, without: Collection[str] = ()) -> dict[str, inspect.Parameter]:
    """Return the fields of `OutputOptions` for some content, without some of the options."""
    formats = FORMATS[content]
    chosen = option(
        "Output format; table by default.",
        f"<{'|'.join(formats)}>",
        lambda incomplete: [each for each in formats if each.startswith(incomplete)],
        names=["--output", "-o"],
        rich_help_panel="Output",
    )
    fields = _list_parameters(OutputOptions)
    output = fields["output"].replace(annotation=Annotated[OutputFormat | None, chosen])
    fields = {**fields, "output": output}
    return {name: field for name, field in fields.items() if name not in without}


def _find_format(file: str, content: Content) -> OutputFormat:
    """Return the format that the name of a file tells, by default the table."""
    output = OutputFormat.TABLE
    with suppress(ValueError):
        output = OutputFormat(Path(file).suffix.lower().removeprefix("."))
    if output not in FORMATS[content]:
        hint = f"--output chooses one of {', '.join(FORMATS[content])}"
        raise UsageError(f"the format of {file}, {output}, is not supported here", hint=hint)
    return output


class ConnectionOptions(Options):
    """Where the service is, and how to reach it. No option takes a secret."""

    profile: str | None = _connection("Profile in casjob's config.toml.", "NAME", complete_profile)
    region: str | None = _connection("Region, such as cn-north-4.", "REGION", complete_region)
    project_id: str | None = _connection("Id of the project that the job belongs to.", "ID")
    endpoint: str | None = _connection("URL of the service; by default, the region's.", "URL")
    api_version: ApiVersion | None = _connection(
        "API version; by default v2, or v3 where there is no v2."
    )
    ca_bundle: str | None = _connection("Additional CA certificates to trust.", "FILE")
    request_timeout: str | None = _connection(
        "Timeout for each step of a request, in seconds; 30 by default.", "SECONDS"
    )
    demo: bool = _connection("Use built-in sample data; no account is needed.")
    verbose: bool = _connection("Log requests and responses to stderr.", names=["--verbose", "-v"])

    def open_session(self, context: typer.Context, *, is_offline: bool = False) -> "Session":
        """Return what a command runs with; offline, nothing is loaded that a request needs."""
        from casjob.session import Session

        if not is_offline:
            # No signal may unwind inside an import.
            import casjob.service  # noqa: F401
        # Everything that the command needs at first is loaded.
        process.unwind_on_signals()
        given = vars(self).copy()
        return Session(
            demo=given.pop("demo", False),
            verbose=given.pop("verbose", False),
            given=given,
            is_offline=is_offline,
            environ=os.environ,
            notices=context.obj,
            output=Output.on_stdout(),
        )


class RequestOptions(ConnectionOptions):
    """Where the service is, and how requests are made that do not poll."""

    retries: str | None = _connection(
        "Number of times to retry a failed request; 3 by default.", "N"
    )
