"""An endpoint: sends requests and reads the responses. All errors that leave it are masked."""

import base64
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

import httpx

from casjob import __version__
from casjob.api.auth import Credential
from casjob.api.exchange import ACCEPT_ENCODING, Response, exchange
from casjob.api.lockout import LockoutGuard
from casjob.api.log import compare_signed, describe_exchange, describe_outcome
from casjob.api.network import NAME_HINT, explain_network_failure
from casjob.api.pace import Pace
from casjob.api.proxy import find_proxy
from casjob.api.redact import Redactor
from casjob.api.refusals import Refusal, describe_response, explain_refusal
from casjob.api.retry import RetryPolicy
from casjob.api.tls import create_tls_context
from casjob.api.transport import Transport
from casjob.errors import AuthenticationError, CasjobError, ReplyError, ServiceError, SettingsError
from casjob.json_text import JsonValue, decode

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPT_ENCODING,
    "Content-Type": "application/json",
    "User-Agent": f"casjob/{__version__}",
    # Without it, messages may be in Chinese.
    "X-Language": "en-us",
}

_Value = TypeVar("_Value")


class Request(NamedTuple):
    """A request, before it is signed.

    Args:
        method: the HTTP method.
        path: after the endpoint's URL.
        params: the query.
        body: sent as JSON.
        refusals: what statuses other than 2xx, and error codes, mean for this request.
        urgent: whether it goes ahead of others that wait for their turn.
    """

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: object = None
    refusals: Mapping[int | str, Refusal] = {}
    urgent: bool = False


class Endpoint:
    """A pool of connections to one URL.

    Args:
        url: what every path is appended to; it may have a path itself.
        name: names the service in errors.
        timeout: seconds that each connect, read and write may take.
        retry: when to retry.
        notify: gets a message about each retry.
        redactor: masks the run's secrets; what requests send and the proxy's are masked anyway.
        pace: limits the rate of requests; None for no limit.
        log: gets lines about each request and response; None for no log.
        ca_bundle: the path of certificates to trust beside the usual ones.
        transport: used in place of the network, as the demo does.

    Attributes:
        url: as given.
        name: as given.
        name_hint: what to check if the host's name is unknown; it may be set.

    Raises:
        SettingsError: the certificates or a proxy in the environment can't be used.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "the service",
        timeout: float = 30,
        retry: RetryPolicy = RetryPolicy(),
        notify: Callable[[str], None] = lambda _: None,
        redactor: Redactor = Redactor(),
        pace: Pace | None = None,
        log: Callable[[str], None] | None = None,
        ca_bundle: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url
        self.name = name
        self.name_hint = NAME_HINT
        self._timeout = timeout
        self._retry = retry
        self._notify = notify
        self._pace = pace
        self._log = log
        proxy = None if transport else find_proxy(url)
        self._redactor = redactor.add(*_find_secrets(proxy))
        through = f" (through the proxy {proxy.url.netloc.decode()})" if proxy else ""
        self._base_url = url.rstrip("/")
        self._peer = httpx.URL(url).netloc.decode("ascii") + through
        self._is_closed = False
        self._guard = LockoutGuard()
        self._notified = 0
        self._notifying = threading.Lock()
        self._transport = transport or Transport(create_tls_context(url, ca_bundle), proxy)

    @property
    def latency(self) -> float:
        """The seconds that a response is waited for; 0 without a network."""
        return self._transport.latency if isinstance(self._transport, Transport) else 0.0

    def close(self) -> None:
        """Close the connections. Requests that are still under way fail silently."""
        self._is_closed = True
        self._transport.close()

    def send(
        self,
        request: Request,
        *,
        auth: Credential | None,
        read: Callable[[JsonValue, Mapping[str, str]], _Value],
    ) -> _Value:
        """Send a request, retry as the policy allows, and return what was read of the response.

        Args:
            request: what to ask for.
            auth: authenticates each attempt anew.
            read: makes the result of the decoded body and the headers of a 2xx response.

        Raises:
            CasjobError: what went wrong, without secrets.
        """
        return self._retry.call(
            lambda: self._attempt(request, auth, read), notify=self._notify_retry
        )

    def probe(self) -> Response:
        """Return the response to an anonymous request, whatever its status.

        Raises:
            CasjobError: the endpoint can't be reached.
        """
        try:
            return self._exchange(self._build(Request("GET", "/"), None))
        except CasjobError as error:
            raise self._redactor.mask_error(error) from None

    def _attempt(
        self,
        request: Request,
        auth: Credential | None,
        read: Callable[[JsonValue, Mapping[str, str]], _Value],
    ) -> _Value:
        headers: list[Mapping[str, str]] = []
        try:
            if self._is_closed:
                raise ServiceError(f"the connections to {self.name} are closed")
            if self._pace:
                self._pace.wait(urgent=request.urgent)
            with self._guard.turn():
                built = self._build(request, auth)
                headers.append(built.headers)
                response = self._exchange(built)
                headers.append(response.headers)
                if response.status == HTTPStatus.UNAUTHORIZED:
                    if auth and auth.renew(built):
                        return self._attempt(request, auth, read)
                    # Masked at once, as other requests raise it too, and know other secrets.
                    refusal = self._explain(response, request, auth)
                    self._redactor.add_headers(*headers).mask_error(refusal)
                    self._guard.refuse(refusal)
                    raise refusal
                self._guard.accept()
            if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                raise self._explain(response, request, auth)
            self._notified = 0
            return read(self._decode(response), response.headers)
        except CasjobError as error:
            raise self._redactor.add_headers(*headers).mask_error(error) from None

    def _build(self, request: Request, auth: Credential | None) -> httpx.Request:
        try:
            query = f"?{urlencode(request.params)}" if request.params else ""
            url = f"{self._base_url}{request.path}{query}"
            built = httpx.Request(request.method, url, headers=HEADERS, json=request.body)
            if auth:
                auth.authenticate(built)
        except (UnicodeEncodeError, httpx.InvalidURL):
            # The error's own text may hold a secret.
            raise SettingsError(
                f"the request to {self._peer} can't be sent: a part of it is too long, or contains"
                " characters that HTTP forbids",
                hint="casjob config shows the settings in force",
            ) from None
        return built

    def _exchange(self, request: httpx.Request) -> Response:
        began = time.monotonic()
        outcome = "no response"
        headers: list[Mapping[str, str]] = [request.headers]
        try:
            response = exchange(self._transport, request, timeout=self._timeout, peer=self._peer)
            headers.append(response.headers)
            outcome = describe_outcome(response) if self._log else ""
        except httpx.HTTPError as failure:
            error = explain_network_failure(
                failure, peer=self._peer, timeout=self._timeout, name_hint=self.name_hint
            )
            outcome = error.message
            raise error from None
        except CasjobError as error:
            outcome = error.message
            raise
        finally:
            seconds = time.monotonic() - began
            self._write_log(lambda: [describe_exchange(request, outcome, seconds)], headers)
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._write_log(lambda: compare_signed(request, response), headers)
        return response

    def _explain(
        self, response: Response, request: Request, auth: Credential | None
    ) -> CasjobError:
        meanings = dict(request.refusals)
        if auth:
            refused = f"{self.name} does not accept the credentials"
            refusal = Refusal(AuthenticationError, refused, auth.refusal_hint)
            meanings.setdefault(HTTPStatus.UNAUTHORIZED, refusal)
        return explain_refusal(response, service=self.name, meanings=meanings)

    def _decode(self, response: Response) -> JsonValue:
        try:
            return decode(response.content.decode("utf-8-sig"))
        except ValueError as error:
            what = f"not JSON: {error}" if response.content else "empty"
            raise ReplyError(
                f"the response from {self.name} is {what}",
                said=describe_response(response),
                hint="the endpoint may belong to another service, or a proxy may have responded;"
                " casjob config shows where it is set",
            ) from None

    def _notify_retry(self, retry: int, message: str) -> None:
        """Notify of a retry, once for all pages that fail side by side."""
        with self._notifying:
            if retry > self._notified and not self._is_closed:
                self._notified = retry
                self._notify(message)

    def _write_log(
        self, describe: Callable[[], Iterable[str]], headers: Iterable[Mapping[str, str]]
    ) -> None:
        if self._log and not self._is_closed:
            redactor = self._redactor.add_headers(*headers)
            for line in describe():
                self._log(redactor.mask(line))


def _find_secrets(proxy: httpx.Proxy | None) -> tuple[str, ...]:
    """Return the user and password of a proxy, and how they are sent."""
    if proxy is None or proxy.auth is None:
        return ()
    return (*proxy.auth, base64.b64encode(":".join(proxy.auth).encode()).decode())
