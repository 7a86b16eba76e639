"""The command line: names, options and help; each command's body calls one function."""

from collections.abc import Callable
from typing import Annotated

import typer

from casjob.arguments import (
    Application,
    Base,
    Compared,
    Component,
    ComponentOptions,
    Full,
    JobId,
    JobIds,
    Limit,
    LogOptions,
    Names,
    NextJobOptions,
    OneComponent,
    OwnerOptions,
    ReplyOptions,
    TaskOptions,
)
from casjob.completion import Shell, read_script
from casjob.errors import ExitStatus
from casjob.help import Command, Commands, Version
from casjob.job.detail import ComponentName
from casjob.options import (
    ConnectionOptions,
    FollowOptions,
    OutputOptions,
    RequestOptions,
    option,
    presents,
    with_options,
)
from casjob.streams import Output

app = typer.Typer(
    name="casjob",
    cls=Commands,
    # Help without markup takes half the time; errors without local variables reveal no secret.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def casjob(
    context: typer.Context,
    *,
    version: Version = False,  # noqa: ARG001 - its callback did it all
) -> None:
    """Show what happened to a ServiceStage job, and why it failed."""
    if context.invoked_subcommand is None:
        Output.on_stdout().write(f"{context.get_help()}\n")


def command(
    examples: str, *, name: str | None = None
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return what makes a function a command, with examples for its help."""
    return lambda function: app.command(name, cls=Command, epilog=examples)(with_options(function))


@command(
    "casjob show JOB474362ef-091d-429f-9b3e-c9246b37dee6\n"
    "casjob show --demo\n"
    "casjob show --json | jq .failure"
)
def show(
    context: typer.Context,
    job_id: JobId = None,
    *,
    component: ComponentOptions,
    full: Full = False,
    reply: ReplyOptions,
    output: Annotated[OutputOptions, presents("report")],
    connection: RequestOptions,
) -> int:
    """Show one job: the verdict, why it failed, then its tasks."""
    from casjob.commands.show import run

    session = connection.open_session(context, is_offline=reply.file is not None)
    return run(
        component.choose(job_id),
        session,
        output.open(session, "report", full=full),
        file=reply.file,
        save=reply.open_save(output.output_file),
        with_exit_status=reply.with_exit_status,
    )


@command("casjob tasks --desc --limit 5\ncasjob tasks --status failed,cancelled --json")
def tasks(
    context: typer.Context,
    job_id: JobId = None,
    *,
    component: ComponentOptions,
    selected: TaskOptions,
    reply: ReplyOptions,
    output: Annotated[OutputOptions, presents("report")],
    connection: RequestOptions,
) -> int:
    """Show the tasks of a job; page through or filter them."""
    from casjob.commands.tasks import Selection, run

    session = connection.open_session(context, is_offline=reply.file is not None)
    return run(
        component.choose(job_id),
        Selection(**vars(selected)),
        session,
        output.open(session, "report"),
        file=reply.file,
        save=reply.open_save(output.output_file),
        with_exit_status=reply.with_exit_status,
    )


@command("casjob watch JOB_ID --json | jq -c 'select(.event == \"verdict\")'")
def watch(
    context: typer.Context,
    job_ids: JobIds = None,
    *,
    component: NextJobOptions,
    follow: FollowOptions,
    timeout: Annotated[
        str | None,
        option("Stop after this long and exit with status 124; by default, no limit.", "DURATION"),
    ] = None,
    output: Annotated[OutputOptions, presents("view", without={"output_file"})],
    connection: ConnectionOptions,
) -> int:
    """Follow jobs until they end, live on a terminal."""
    from casjob.commands.watch import run

    session = connection.open_session(context)
    plan = follow.plan(timeout)
    view = output.open(session, "view")
    return run(component.choose(job_ids or []), plan, session, view)


@command(
    "casjob wait JOB_ID --timeout 45m && ./smoke-test\nterraform output -raw job_id | casjob wait -"
)
def wait(
    context: typer.Context,
    job_ids: JobIds = None,
    *,
    component: NextJobOptions,
    follow: FollowOptions,
    timeout: Annotated[
        str, option("Give up after this long and exit with status 124.", "DURATION")
    ] = "30m",
    quiet: Annotated[
        bool, option("Print no reminders to stderr while waiting.", names=["--quiet", "-q"])
    ] = False,
    output: Annotated[OutputOptions, presents("verdicts", without={"utc"})],
    connection: ConnectionOptions,
) -> int:
    """Wait for jobs to end, and print only their verdicts."""
    from casjob.commands.wait import run

    session = connection.open_session(context)
    plan = follow.plan(timeout)
    verdicts = output.open(session, "verdicts")
    return run(component.choose(job_ids or []), plan, session, verdicts, quiet=quiet)


@command("casjob list web\ncasjob list --failed --json | casjob wait -", name="list")
def list_components(
    context: typer.Context,
    component: Component = None,
    *,
    application: Application = None,
    failed: Annotated[bool, option("Only components that failed.", names=["--failed"])] = False,
    limit: Limit = None,
    full: Full = False,
    output: Annotated[OutputOptions, presents("components")],
    connection: RequestOptions,
) -> int:
    """List components, or the deployments of one."""
    from casjob.commands.list import run

    session = connection.open_session(context)
    return run(
        component,
        session,
        output.open(session, "deployments" if component else "components", full=full),
        application=application,
        only_failed=failed,
        limit=limit,
    )


@command("casjob logs\ncasjob logs JOB_ID > build.log\ncasjob logs --component web --follow")
def logs(
    context: typer.Context,
    job_id: JobId = None,
    *,
    component: OwnerOptions,
    part: LogOptions,
    output: Annotated[OutputOptions, presents("log")],
    connection: RequestOptions,
) -> int:
    """Show the log of a job's build, around what failed."""
    from casjob.commands.logs import Selection, run

    part.check(is_text=output.is_stream)
    session = connection.open_session(context)
    owner = component.choose(None)
    selected = Selection(job_id, owner, part.build, part.tail, part.follow, output.utc)
    return run(selected, session, output.open(session, "log", full=part.full))


@command("casjob stats web --last 50\ncasjob stats web --json | jq '.steps[] | select(.slow)'")
def stats(
    context: typer.Context,
    component: OneComponent,
    *,
    application: Application = None,
    last: Annotated[int, option("Use the newest N deployments.", "N", min=1, max=100)] = 20,
    full: Full = False,
    output: Annotated[OutputOptions, presents("statistics")],
    connection: RequestOptions,
) -> int:
    """Show how long deployments take, and how often each step fails."""
    from casjob.commands.stats import run

    session = connection.open_session(context)
    presentation = output.open(session, "statistics", full=full)
    return run(component, session, presentation, application=application, last=last)


@command("casjob recent --limit 5 --json | jq -c '.jobs[]'")
def recent(
    context: typer.Context,
    *,
    limit: Limit = None,
    output: Annotated[OutputOptions, presents("recent")],
) -> int:
    """List the jobs viewed on this machine, newest first."""
    from casjob.commands.recent import run

    session = ConnectionOptions().open_session(context, is_offline=True)
    return run(session, output.open(session, "recent"), limit=limit)


@command(
    "casjob diff GOOD_JOB_ID BAD_JOB_ID\n"
    "casjob diff --component web\n"
    "casjob show JOB_ID --json | casjob diff good.json -"
)
def diff(
    context: typer.Context,
    base: Base = None,
    job: Compared = None,
    *,
    component: ComponentOptions,
    full: Full = False,
    output: Annotated[OutputOptions, presents("difference")],
    connection: RequestOptions,
) -> int:
    """Compare two jobs; exit 1 if they differ.

    With --component, compare the component's last successful job with its last failed one. Tasks
    are matched by name. A different status, error code or message counts as a difference, and so
    does a task that only one job has; ids, times and the order of tasks do not.
    """
    from casjob.commands.diff import is_file, run, run_component

    named = component.choose(base)
    if isinstance(named, ComponentName):
        session = connection.open_session(context)
        return run_component(named, session, output.open(session, "difference", full=full))
    is_offline = all(each is not None and is_file(each) for each in (base, job))
    session = connection.open_session(context, is_offline=is_offline)
    return run(base, job, session, output.open(session, "difference", full=full))


@command("casjob explain ECC00011 TN00097\ncasjob explain provision/provMain")
def explain(
    context: typer.Context,
    names: Names = None,
    *,
    output: Annotated[
        OutputOptions, presents("explanations", without={"output_file", "color", "utc"})
    ],
    connection: RequestOptions,
) -> int:
    """Explain error codes, task names, statuses and other words."""
    from casjob.commands.explain import run

    session = connection.open_session(context, is_offline=bool(names))
    return run(names or [], session, output.open(session, "explanations"))


@command("casjob config --check")
def config(
    context: typer.Context,
    *,
    check: Annotated[bool, option("Test the settings, step by step.", names=["--check"])] = False,
    output: Annotated[OutputOptions, presents("settings", without={"color", "utc"})],
    connection: RequestOptions,
) -> int:
    """Show the effective settings, and where each comes from."""
    from casjob.commands.config import run

    session = connection.open_session(context, is_offline=not check)
    return run(session, output.open(session, "checks" if check else "settings"), check=check)


@command(
    ". <(casjob completion bash)      # in ~/.bashrc\n"
    ". <(casjob completion zsh)       # in ~/.zshrc, after compinit\n"
    "casjob completion fish > ~/.config/fish/completions/casjob.fish  # once"
)
def completion(
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)
    ],
) -> int:
    """Print the completion script for a shell."""
    Output.on_stdout().write(read_script(shell))
    return ExitStatus.SUCCESS
