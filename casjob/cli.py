"""The command line: names, options and help; each command's body calls one function."""

import os
import sys
from typing import Annotated

import typer

from casjob import __version__, process
from casjob.command_tree import CommandTree, build_program
from casjob.completers import complete_status
from casjob.completion import Shell, script
from casjob.component_name import ComponentName
from casjob.errors import BugError, CasjobError, ExitStatus, UsageError
from casjob.help import describe_error, find_help, find_option
from casjob.notices import Notices
from casjob.options import (
    ApplicationOption,
    Base,
    Compared,
    ComponentArgument,
    Connection,
    Follow,
    FormatOption,
    FromFile,
    JobId,
    JobIds,
    Limit,
    Look,
    Names,
    OfComponent,
    OfComponentOrNext,
    OutputFileOption,
    Retries,
    SaveFile,
    WithExitStatus,
    split_words,
)
from casjob.output import Output

COMMANDS = CommandTree()
"""All of them, in the order in which the help lists them."""


def show_version(context: typer.Context, asked: bool) -> None:  # noqa: FBT001 - how Typer calls it
    """Show the version and exit, unless the command line is only being completed."""
    if asked and not context.resilient_parsing:
        Output.on_stdout().write(f"casjob {__version__}\n")
        raise typer.Exit


@COMMANDS.declare(
    examples="casjob show JOB474362ef-091d-429f-9b3e-c9246b37dee6\n"
    "casjob show --demo\n"
    "casjob show --json | jq .failure",
)
def show(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    job_id: JobId = None,
    *,
    of: OfComponent,
    full: Annotated[
        bool, typer.Option("--full", help="Show everything, even if it does not fit the screen.")
    ] = False,
    file: FromFile = None,
    save: SaveFile = None,
    with_exit_status: WithExitStatus = False,
    output: Annotated[FormatOption, "report"],
    output_file: OutputFileOption = None,
    look: Look,
    connection: Connection,
    retries: Retries = None,
) -> int:
    """Show one job: the verdict, why it failed, then its tasks."""
    from casjob.commands.show import run

    session = connection.open_session(context, retries=retries, is_offline=file is not None)
    presentation = output.open(session, "report", look, file=output_file, full=full)
    return run(
        of.choose(job_id),
        session,
        presentation,
        file=file,
        save=save,
        with_exit_status=with_exit_status,
    )


@COMMANDS.declare(
    examples="casjob tasks --desc --limit 5\ncasjob tasks --status failed,cancelled --json",
)
def tasks(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    job_id: JobId = None,
    *,
    of: OfComponent,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show at most N tasks.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Skip the first N tasks.")] = 0,
    desc: Annotated[bool, typer.Option("--desc", help="Show the last task first.")] = False,
    instance_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only tasks of this component instance.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only tasks that ended badly.")] = False,
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="Only tasks with one of these comma-separated statuses; may be repeated.",
            autocompletion=complete_status,
        ),
    ] = None,
    file: FromFile = None,
    save: SaveFile = None,
    with_exit_status: WithExitStatus = False,
    output: Annotated[FormatOption, "report"],
    output_file: OutputFileOption = None,
    look: Look,
    connection: Connection,
    retries: Retries = None,
) -> int:
    """Show the tasks of a job, paged or filtered."""
    from casjob.commands.tasks import Selection, run

    selection = Selection(
        limit=limit,
        offset=offset,
        desc=desc,
        instance_id=instance_id,
        only_failed=failed,
        statuses=split_words(status or []),
    )
    session = connection.open_session(context, retries=retries, is_offline=file is not None)
    presentation = output.open(session, "report", look, file=output_file)
    return run(
        of.choose(job_id),
        selection,
        session,
        presentation,
        file=file,
        save=save,
        with_exit_status=with_exit_status,
    )


@COMMANDS.declare(
    examples="casjob watch JOB_ID --json | jq -c 'select(.event == \"verdict\")'",
)
def watch(
    context: typer.Context,
    job_ids: JobIds = None,
    *,
    of: OfComponentOrNext,
    follow: Follow,
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Stop after this long, with exit status 124; no limit by default.",
        ),
    ] = None,
    output: Annotated[FormatOption, "view"],
    look: Look,
    connection: Connection,
) -> int:
    """Follow jobs until they end, live on a terminal."""
    from casjob.commands.watch import run

    session = connection.open_session(context)
    return run(
        of.choose(job_ids), follow.plan(timeout), session, output.open(session, "view", look)
    )


@COMMANDS.declare(
    examples="casjob wait JOB_ID --timeout 45m && ./smoke-test\n"
    "terraform output -raw job_id | casjob wait -",
)
def wait(
    context: typer.Context,
    job_ids: JobIds = None,
    *,
    of: OfComponentOrNext,
    follow: Follow,
    timeout: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="Give up after this long, with exit status 124.",
        ),
    ] = "30m",
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print no reminders to stderr while waiting."),
    ] = False,
    output: Annotated[FormatOption, "verdicts"],
    output_file: OutputFileOption = None,
    connection: Connection,
) -> int:
    """Wait for jobs to end, and print only their verdicts."""
    from casjob.commands.wait import run

    session = connection.open_session(context)
    plan = follow.plan(timeout)
    presentation = output.open(session, "verdicts", file=output_file)
    return run(of.choose(job_ids), plan, session, presentation, quiet=quiet)


@COMMANDS.declare(
    "list",
    examples="casjob list web\ncasjob list --failed --json | casjob wait -",
)
def list_components(
    context: typer.Context,
    component: ComponentArgument = None,
    *,
    application: ApplicationOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only components that failed.")] = False,
    limit: Limit = None,
    output: Annotated[FormatOption, "components"],
    output_file: OutputFileOption = None,
    look: Look,
    connection: Connection,
    retries: Retries = None,
) -> int:
    """List components, or the deployments of one."""
    from casjob.commands.list import run

    session = connection.open_session(context, retries=retries)
    presentation = output.open(
        session, "components" if component is None else "deployments", look, file=output_file
    )
    return run(
        component,
        session,
        presentation,
        application=application,
        only_failed=failed,
        limit=limit,
    )


@COMMANDS.declare(examples="casjob recent --limit 5 --json | jq -c '.jobs[]'")
def recent(
    context: typer.Context,
    *,
    limit: Limit = None,
    output: Annotated[FormatOption, "recent"],
    output_file: OutputFileOption = None,
    look: Look,
) -> int:
    """List the jobs looked at from this machine, newest first."""
    from casjob.commands.recent import run

    session = Connection().open_session(context)
    return run(session, output.open(session, "recent", look, file=output_file), limit=limit)


@COMMANDS.declare(
    examples="casjob diff GOOD_JOB_ID BAD_JOB_ID\n"
    "casjob diff --component web\n"
    "casjob show JOB_ID --json | casjob diff good.json -",
)
def diff(
    context: typer.Context,
    base: Base = None,
    job: Compared = None,
    *,
    of: OfComponent,
    output: Annotated[FormatOption, "difference"],
    output_file: OutputFileOption = None,
    look: Look,
    connection: Connection,
    retries: Retries = None,
) -> int:
    """Show what differs between two jobs; exit 1 if anything does.

    With --component, compare its last job that succeeded with its last one that failed. Tasks
    are matched by name. A different status, error code or message counts as a difference, and so
    does a task that only one job has; ids, times and the order of tasks do not.
    """
    from casjob.commands.diff import is_file, run, run_component

    named = of.choose(base)
    if isinstance(named, ComponentName):
        session = connection.open_session(context, retries=retries)
        presentation = output.open(session, "difference", look, file=output_file)
        return run_component(named, session, presentation)
    if base is None or job is None:
        raise UsageError("diff compares two jobs", hint="name both, or use --component")
    session = connection.open_session(
        context, retries=retries, is_offline=is_file(base) and is_file(job)
    )
    presentation = output.open(session, "difference", look, file=output_file)
    return run(base, job, session, presentation)


@COMMANDS.declare(
    examples="casjob explain ECC00011 TN00097\ncasjob explain provision/provMain",
)
def explain(
    context: typer.Context,
    names: Names = None,
    *,
    output: Annotated[FormatOption, "explanations"],
    connection: Connection,
    retries: Retries = None,
) -> int:
    """Explain error codes, task names, flows and status words."""
    from casjob.commands.explain import run

    session = connection.open_session(context, retries=retries, is_offline=bool(names))
    return run(names or [], session, output.open(session, "explanations"))


@COMMANDS.declare(
    examples="casjob config --check",
)
def config(
    context: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Test the settings, step by step.")
    ] = False,
    output: Annotated[FormatOption, "settings"],
    output_file: OutputFileOption = None,
    connection: Connection,
    retries: Retries = None,
) -> int:
    """Show every setting in force, and where it came from."""
    from casjob.commands.config import run

    session = connection.open_session(context, retries=retries)
    presentation = output.open(session, "findings" if check else "settings", file=output_file)
    return run(session, presentation, check=check)


@COMMANDS.declare(
    examples=". <(casjob completion bash)      # in ~/.bashrc\n"
    ". <(casjob completion zsh)       # in ~/.zshrc, after compinit\n"
    "casjob completion fish > ~/.config/fish/completions/casjob.fish  # once",
)
def completion(
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)
    ],
) -> int:
    """Print the completion script for a shell."""
    Output.on_stdout().write(script(shell))
    return ExitStatus.SUCCESS


def casjob(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback did it all
        bool,
        # Eager, so that nothing else is parsed, which would load pydantic.
        typer.Option(
            "--version", "-V", help="Show the version.", callback=show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Show what happened to a ServiceStage job, and why it failed."""
    if context.invoked_subcommand is None:
        Output.on_stdout().write(f"{context.get_help()}\n")


def main() -> None:
    """Run the program, and exit."""
    # Looking for pydantic's plugins reads the metadata of every installed distribution.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    process.finish(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run a command line and return its exit status; errors are written to stderr."""
    notices = Notices.on_stderr()
    try:
        return _run_app(words, notices)
    except CasjobError as error:
        notices.explain(error)
        return error.status
    except typer.TyperException as error:
        usage = UsageError(describe_error(error), hint=find_option(error), steps=find_help(error))
        notices.explain(usage)
        return usage.status
    except process.Terminated as signalled:
        return signalled.status
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - users never see a traceback
        return _report_bug(error, notices, is_verbose=not {"-v", "--verbose"}.isdisjoint(words))


def _run_app(words: list[str], notices: Notices) -> int:
    try:
        program = build_program(casjob, COMMANDS)
        status = program(words, prog_name="casjob", standalone_mode=False, obj=notices)
        return int(status or ExitStatus.SUCCESS)
    except OSError as error:
        # Other I/O errors are handled where they occur: this one is Typer's, writing the help.
        Output.on_stdout().give_up(error)
    except SystemExit as ended:
        # Typer exits by itself if the reader of the help has gone.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
    return ExitStatus.SUCCESS


def _report_bug(error: Exception, notices: Notices, *, is_verbose: bool) -> ExitStatus:
    """Report a bug in casjob; if verbose, with a stack without values, which may be secret."""
    hint = "report it with the command and the output of casjob --version"
    if not is_verbose:
        hint += "; -v shows where it is"
    bug = BugError(f"this is a bug in casjob: {type(error).__name__}", hint=hint)
    notices.explain(bug)
    if is_verbose:
        import traceback

        for frame in traceback.extract_tb(error.__traceback__):
            notices.say(f"at {frame.filename}:{frame.lineno} in {frame.name}")
    return bug.status
