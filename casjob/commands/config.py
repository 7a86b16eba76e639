"""casjob config: every setting and where it came from; with --check, whether they work."""

from collections.abc import Iterator
from contextlib import ExitStack

from casjob.errors import CheckResult, ExitStatus, SettingsError, UsageError
from casjob.formats.display import Presentation
from casjob.session import Session
from casjob.settings.overview import describe_settings
from casjob.settings.resolve import CHECK_STEP, Settings, resolve_settings


def run(session: Session, presentation: Presentation, *, check: bool) -> ExitStatus:
    """Show the settings, or probe whether they work."""
    if session.demo:
        raise UsageError("config can't be used with --demo: the demo has no settings")
    return _check_settings(session, presentation) if check else _show(session, presentation)


def _show(session: Session, presentation: Presentation) -> ExitStatus:
    # Not the session's settings, which warn on stderr: here the warnings are part of the output.
    settings = resolve_settings(session.given, session.environ)
    endpoint = settings.endpoint.parsed
    found_version = session.found_version(endpoint) if isinstance(endpoint, str) else None
    presentation.show(describe_settings(settings, found_version))
    return ExitStatus.SUCCESS


def _check_settings(session: Session, presentation: Presentation) -> ExitStatus:
    results = []
    for result in _probe(session):
        results.append(result)
        presentation.show_one(result)
    presentation.show(results, remaining=[])
    failed = (result.status for result in results if result.status)
    return next(failed, ExitStatus.SUCCESS)


def _probe(session: Session) -> Iterator[CheckResult]:
    # Showing the settings must not load httpx.
    from casjob.api.probe import check_access, check_connection
    from casjob.service import Clients, open_service

    settings = session.settings
    with ExitStack() as stack:
        try:
            _read_all(settings)
            clients = Clients(session, stack)
            endpoint = clients.open(settings.endpoint.value, f"the service at {settings.location}")
        except SettingsError as error:
            steps = tuple(each for each in error.steps if each != CHECK_STEP)
            yield CheckResult("settings", error.status, error.message, error.hint, steps)
            return
        yield CheckResult("settings", ExitStatus.SUCCESS, f"the service is at {endpoint.url}")
        is_reachable = True
        for result in check_connection(endpoint, timeout=settings.request_timeout.value):
            yield result
            is_reachable = result.status is not ExitStatus.UNAVAILABLE
        if is_reachable:
            yield from check_access(lambda: stack.enter_context(open_service(session)))


def _read_all(settings: Settings) -> None:
    """Raise what is wrong with the settings that are needed only later."""
    _ = (settings.api_version.value, settings.project_id.value, settings.retries.value)
