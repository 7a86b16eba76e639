"""Probes the connection to the service step by step, to name the step that fails."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx

from casjob.api.client import Client
from casjob.api.jobs import ServiceStage
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    CheckResult,
    ExitStatus,
    ForbiddenError,
    JobNotFoundError,
    NotTheServiceError,
    ReplyError,
    SettingsError,
)
from casjob.job.detail import Window

_CLOCK_TOLERANCE = timedelta(minutes=15)  # how far off a signature's time may be (APIGW.0301)


def check_connection(client: Client, *, timeout: float) -> Iterator[CheckResult]:
    """Probe proxy, name, TCP, TLS and the clock without credentials, up to the first that fails."""
    proxy, origin = client.route
    # With a proxy, casjob itself resolves and connects to the proxy only.
    url = proxy.url if proxy else httpx.URL(client.url)
    host, port = url.host, url.port or (443 if url.scheme == "https" else 80)
    none = f"none: {origin}" if origin else "none"
    yield _pass("proxy", f"{host}:{port} of {origin}" if proxy else none)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = f"{host}: {_reason(error)}"
        yield CheckResult("name", ExitStatus.UNAVAILABLE, reason, client.name_hint)
        return
    addresses = ", ".join(dict.fromkeys(str(address[0]) for *_, address in found))
    yield _pass("name", f"{host} resolves to {addresses}")
    try:
        socket.create_connection((host, port), timeout=timeout).close()
    except OSError as error:
        hint = "check the network, the VPN, the firewall and HTTPS_PROXY"
        if client.origin and not proxy:
            hint += f"; {client.origin}"
        yield CheckResult("TCP", ExitStatus.UNAVAILABLE, f"{host}:{port}: {_reason(error)}", hint)
        return
    yield _pass("TCP", f"{host}:{port} accepts connections")
    try:
        response = client.probe()
    except CasjobError as error:
        step = "TLS" if client.url.startswith("https:") else "HTTP"
        yield CheckResult(step, error.status, error.message, error.hint)
        return
    expires = response.certificate_expires
    message = f"the certificate expires on {expires:%Y-%m-%d}" if expires else "none, plain http"
    yield _pass("TLS", message)
    yield _compare_clocks(response.date)


def _pass(step: str, message: str) -> CheckResult:
    return CheckResult(step, ExitStatus.SUCCESS, message)


def _compare_clocks(theirs: datetime | None) -> CheckResult:
    if theirs is None:
        return _pass("clock", "the service sends no date")
    ahead = datetime.now(UTC) - theirs
    side = "ahead of" if ahead > timedelta() else "behind"
    message = f"this machine is {abs(ahead.total_seconds()):.0f}s {side} the service"
    if abs(ahead) < _CLOCK_TOLERANCE:
        return _pass("clock", message)
    hint = "set the clock, for instance with NTP: the gateway refuses signatures that far off"
    return CheckResult("clock", ExitStatus.SETTINGS, message, hint)


def check_access(open_service: Callable[[], ServiceStage]) -> Iterator[CheckResult]:
    """Probe authentication and the project, by asking for a job that does not exist."""
    accepted = _pass("authentication", "accepted")
    step = "IAM"
    try:
        service = open_service()
        step = "service"
        with suppress(JobNotFoundError):
            service.fetch_job("JOB00000000-0000-0000-0000-000000000000", Window(limit=1))
    except ForbiddenError as error:
        yield accepted
        message = f"not allowed in project {service.project_id}"
        message += f"; the service said: {error.service_message}"
        yield CheckResult("project", error.status, message, error.hint)
    except CasjobError as error:
        status = error.status
        if isinstance(error, AuthenticationError):
            step = "authentication"
        elif step == "service" and isinstance(error, ReplyError | NotTheServiceError):
            status = ExitStatus.SETTINGS
        elif step == "IAM" and isinstance(error, SettingsError):
            step = "account"
        said = f"; the service said: {error.service_message}" if error.service_message else ""
        yield CheckResult(step, status, error.message + said, error.hint, error.steps)
    else:
        yield accepted
        yield _pass("project", service.project_id)


def _reason(error: OSError | UnicodeError) -> str:
    return getattr(error, "strerror", None) or str(error)
