"""Runs a command line: errors become lines on stderr and exit statuses."""

import os
import sys

import typer

from casjob import process
from casjob.cli import app
from casjob.errors import BugError, CasjobError, ExitStatus, ReplyTooLargeError
from casjob.help import describe_usage_error
from casjob.streams import Notices


def main() -> None:
    """Run the program, and exit."""
    # Looking for pydantic's plugins reads the metadata of every installed distribution.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    process.finish(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run a command line and return its exit status; errors are written to stderr."""
    notices = Notices.on_stderr(words)
    try:
        return _run_app(words, notices)
    except CasjobError as error:
        notices.explain(error)
        return error.status
    except process.Terminated as terminated:
        return terminated.status
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except MemoryError:
        too_large = ReplyTooLargeError("there is not enough memory for so large a job")
        notices.explain(too_large)
        return too_large.status
    except Exception as error:  # noqa: BLE001 - users never see a traceback
        return _report_bug(error, notices, is_verbose=not {"-v", "--verbose"}.isdisjoint(words))


def _run_app(words: list[str], notices: Notices) -> int:
    try:
        status = app(words, prog_name="casjob", standalone_mode=False, obj=notices)
        return int(status or ExitStatus.SUCCESS)
    except typer.TyperException as error:
        raise describe_usage_error(error, words) from error


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
