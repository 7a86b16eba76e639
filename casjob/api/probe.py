"""Tries out the way to the service step by step, so that the one that fails can be named."""

import re
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx

from casjob.api.client import ServiceStage
from casjob.api.endpoint import Wire
from casjob.api.proxy import find_proxy
from casjob.api.refusals import read_http_date
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ExitStatus,
    ForbiddenError,
    JobNotFoundError,
    ReplyError,
    SettingsError,
)
from casjob.job.source import Window
from casjob.overview import Finding

_CLOCK_TOLERANCE = timedelta(minutes=15)
"""What the gateway forgives a signature (APIGW.0301)."""

_NO_JOB = "JOB00000000-0000-0000-0000-000000000000"


def check_way(wire: Wire, *, timeout: float) -> Iterator[Finding]:
    """Try name resolution, proxy, TCP, TLS and the clock, up to the first that fails.

    Args:
        wire: the way to the service; nothing secret is sent on it.
        timeout: seconds that each step may take.
    """
    proxy = find_proxy(wire.endpoint)
    # With a proxy, it is the proxy that casjob itself looks for and connects to.
    host, port = _find_peer(proxy.url if proxy else httpx.URL(wire.endpoint))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        hint = "is the region, endpoint or proxy spelt right? does this machine's DNS work?"
        yield Finding("name", ExitStatus.UNAVAILABLE, f"{host}: {_reason(error)}", hint)
        return
    addresses = ", ".join(dict.fromkeys(str(address[0]) for *_, address in found))
    yield Finding("name", ExitStatus.SUCCESS, f"{host} is {addresses}")
    yield Finding("proxy", ExitStatus.SUCCESS, f"{host}:{port}" if proxy else "none")
    try:
        socket.create_connection((host, port), timeout=timeout).close()
    except OSError as error:
        hint = "check the network, the VPN, the firewall and HTTPS_PROXY"
        yield Finding("TCP", ExitStatus.UNAVAILABLE, f"{host}:{port}: {_reason(error)}", hint)
        return
    yield Finding("TCP", ExitStatus.SUCCESS, f"{host}:{port} accepts connections")
    yield from _check_reply(wire)


def _find_peer(url: httpx.URL) -> tuple[str, int]:
    return url.host, url.port or (443 if url.scheme == "https" else 80)


def _check_reply(wire: Wire) -> Iterator[Finding]:
    try:
        reply = wire.look()
    except CasjobError as error:
        step = "TLS" if wire.endpoint.startswith("https:") else "HTTP"
        yield Finding(step, error.status, error.message, error.hint)
        return
    expires = reply.certificate_expires
    words = f"the certificate ends {expires:%Y-%m-%d}" if expires else "none, plain http"
    yield Finding("TLS", ExitStatus.SUCCESS, words)
    theirs = read_http_date(reply.headers.get("Date", ""))
    if theirs is None:
        yield Finding("clock", ExitStatus.SUCCESS, "the service does not tell the time")
        return
    ahead = datetime.now(UTC) - theirs
    words = f"this machine is {abs(ahead.total_seconds()):.0f}s "
    words += "ahead of the service" if ahead > timedelta() else "behind the service"
    if abs(ahead) < _CLOCK_TOLERANCE:
        yield Finding("clock", ExitStatus.SUCCESS, words)
    else:
        hint = "set the clock, for instance with NTP: the gateway refuses signatures so far off"
        yield Finding("clock", ExitStatus.SETTINGS, words, hint)


def check_access(open_service: Callable[[], ServiceStage]) -> Iterator[Finding]:
    """Try authentication and the project, by asking for a job that there is not.

    Args:
        open_service: reads the credential, and looks up the project if it is not set.
    """
    try:
        service = open_service()
    except AuthenticationError as error:
        yield _fail("authentication", error)
        return
    except SettingsError as error:
        yield _fail("account", error)
        return
    except CasjobError as error:
        # Until here, only IAM was asked.
        yield _fail("IAM", error)
        return
    try:
        service.fetch_job(_NO_JOB, Window(limit=1), on_progress=lambda *_: None)
    except JobNotFoundError as error:
        if not re.match(_CODE, error.said or ""):
            # Any web server says that it has no such page.
            words = f"what answers at {service.endpoint} is not the service: {error.said}"
            yield Finding("service", ExitStatus.SETTINGS, words, _WRONG_ENDPOINT)
            return
    except (ReplyError, SettingsError) as error:
        yield _fail("service", error)._replace(status=ExitStatus.SETTINGS)
        return
    except ForbiddenError as error:
        yield _ACCEPTED
        words = f"not allowed in project {service.project_id}; the service said: {error.said}"
        yield Finding("project", error.status, words, error.hint)
        return
    except AuthenticationError as error:
        yield _fail("authentication", error)
        return
    except CasjobError as error:
        yield _fail("service", error)
        return
    yield _ACCEPTED
    yield Finding("project", ExitStatus.SUCCESS, service.project_id)


_ACCEPTED = Finding("authentication", ExitStatus.SUCCESS, "accepted")

_CODE = r"[A-Z]+\.[0-9]+"
"""How every error code of the service and its gateway looks, as in SVCSTG.00100429."""

_WRONG_ENDPOINT = "is the region or the endpoint right? casjob config shows where it is from"


def _fail(step: str, error: CasjobError) -> Finding:
    said = f"; the service said: {error.said}" if error.said else ""
    return Finding(step, error.status, error.message + said, error.hint)


def _reason(error: OSError | UnicodeError) -> str:
    return getattr(error, "strerror", None) or str(error)
