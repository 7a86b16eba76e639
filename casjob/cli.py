"""The command line: names, options and help; each command's body calls one function."""

import gc
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from casjob import __version__
from casjob.errors import CasjobError, ExitStatus, ReplyError, UsageError
from casjob.notices import Notices
from casjob.options import (
    Connection,
    Follow,
    JobId,
    JobIds,
    Look,
    WithExitStatus,
    complete_status,
    spread,
)
from casjob.output import give_up_stdout, write_text


class Commands(TyperGroup):
    """The commands, and all of Typer's completion but its two options, which install scripts."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before a command; completions/ holds the scripts."""
        installers = {"install_completion", "show_completion"}
        return [each for each in super().get_params(ctx) if each.name not in installers]


app = typer.Typer(
    name="casjob",
    cls=Commands,
    # Help without markup is there in half the time, and errors without local variables in them
    # can't tell a secret.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(context: typer.Context, asked: bool) -> None:  # noqa: FBT001 - how Typer calls it
    """Show the version and end, if the command line is run and not completed."""
    if asked and not context.resilient_parsing:
        write_text(f"casjob {__version__}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def casjob(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback did it all
        bool,
        # Eager, so that nothing else is looked at, which would load pydantic.
        typer.Option("--version", help="Show the version.", callback=show_version, is_eager=True),
    ] = False,
) -> None:
    """Show what happened to a ServiceStage job, and why it failed."""
    if context.invoked_subcommand is None:
        write_text(f"{context.get_help()}\n")


@app.command()
@spread
def show(
    job_id: JobId = None,
    *,
    with_exit_status: WithExitStatus = False,
    look: Look,
    connection: Connection,
) -> int:
    """Show one job: the verdict, why it failed, then its tasks."""
    from casjob.commands.show import show

    return show(job_id, connection.session(), look.display(), with_exit_status=with_exit_status)


@app.command()
@spread
def tasks(
    job_id: JobId = None,
    *,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show N tasks at the most.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Leave out N tasks.")] = 0,
    desc: Annotated[bool, typer.Option("--desc", help="Show the last task first.")] = False,
    instance_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Only tasks of this component instance.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only tasks that ended badly.")] = False,
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="Only tasks with this status; may be repeated.",
            autocompletion=complete_status,
        ),
    ] = None,
    with_exit_status: WithExitStatus = False,
    look: Look,
    connection: Connection,
) -> int:
    """Show the task table alone, with the API's own paging, or filtered."""
    from casjob.commands.tasks import Selection, show_tasks

    selection = Selection(
        limit=limit,
        offset=offset,
        desc=desc,
        instance_id=instance_id,
        only_failed=failed,
        statuses=tuple(status or ()),
    )
    display = look.display(tasks_only=True)
    return show_tasks(
        job_id,
        selection,
        connection.session(),
        display,
        with_exit_status=with_exit_status,
    )


@app.command()
@spread
def watch(
    job_ids: JobIds = None,
    *,
    follow: Follow,
    look: Look,
    connection: Connection,
) -> int:
    """Follow jobs until they end: drawn live on a terminal, a line a change elsewhere."""
    from casjob.commands.watch import watch

    return watch(job_ids or [], follow.plan(), connection.session(), look.display())


@app.command()
@spread
def wait(
    job_ids: JobIds = None,
    *,
    follow: Follow,
    json: Annotated[bool, typer.Option("--json", help="One document with all verdicts.")] = False,
    connection: Connection,
) -> int:
    """Wait for jobs to end, silent but for their verdicts; for scripts."""
    from casjob.commands.wait import wait

    plan = follow.plan(timeout="30m")
    return wait(job_ids or [], plan, connection.session(), as_json=json)


@app.command()
@spread
def config(
    *,
    check: Annotated[bool, typer.Option("--check", help="Try the settings out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    connection: Connection,
) -> int:
    """Show every setting in force, and where it came from."""
    if check:
        from casjob.commands.config_check import check_settings

        return check_settings(connection.session(), as_json=json)
    from casjob.commands.config import show_settings

    return show_settings(connection.session(), as_json=json)


def main() -> None:
    """Run the program, and end it with its exit status."""
    # Looking for pydantic's plugins reads the metadata of every installed distribution.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    status = run(sys.argv[1:])
    # The interpreter's last collection has nothing to find, and takes 20 % of the whole time.
    gc.freeze()
    sys.exit(status)


def run(words: list[str]) -> int:
    """Run one command line and return its exit status; whatever goes wrong is told on stderr."""
    notices = Notices(sys.stderr)
    try:
        return int(app(words, prog_name="casjob", standalone_mode=False) or ExitStatus.SUCCESS)
    except CasjobError as error:
        notices.explain(error)
        return error.status
    except typer.TyperException as error:
        # The prefix is pydantic's, which Typer asks.
        message = error.format_message().replace("Value error, ", "")
        usage = UsageError(message, hint="casjob --help, casjob COMMAND --help")
        notices.explain(usage)
        return usage.status
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except OSError as error:
        # Whatever else fails is dealt with where it happens; this is help on a full disk.
        broken = give_up_stdout(error)
        notices.explain(broken)
        return broken.status
    except Exception as error:  # noqa: BLE001 - nobody is ever shown a traceback
        bug = ReplyError(
            f"casjob met a bug of its own: {type(error).__name__}",
            hint="please report it, with the command and what casjob --version says",
        )
        notices.explain(bug)
        return bug.status
