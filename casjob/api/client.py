"""Sends requests and reads the responses. All errors that leave this are masked."""

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import httpx

from casjob import __version__
from casjob.api.auth import Credential, LockoutGuard
from casjob.api.errors import (
    NAME_HINT,
    Refusal,
    describe_reply,
    explain_failure,
    explain_refusal,
)
from casjob.api.log import compare_signed, describe_outcome, describe_response, start_clock
from casjob.api.network import create_tls_context, find_proxy
from casjob.api.pace import Pace
from casjob.api.redact import Redactor
from casjob.api.response import ACCEPT_ENCODING, Response, read_response
from casjob.api.retry import RetryPolicy
from casjob.background import run_in_thread
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ReplyError,
    ReplyTimeoutError,
    ServiceError,
)
from casjob.json_text import JsonValue, decode

TOTAL_TIMEOUT_FACTOR = 4
"""How many request timeouts a whole exchange may take; each read by itself may take one."""

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ACCEPT_ENCODING,
    "Content-Type": "application/json",
    "User-Agent": f"casjob/{__version__}",
    # Without it, messages may be in Chinese.
    "X-Language": "en-us",
}

_KEEP_ALIVE = 60
"""Seconds that an idle connection is kept: longer than the longest polling interval."""

_Value = TypeVar("_Value")


class Request(NamedTuple):
    """A request, before it is authenticated.

    Args:
        path: after the endpoint's URL, and quoted.
        body: sent as JSON.
        refusals: what statuses other than 2xx, and error codes, mean for this request.
    """

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: object = None
    refusals: Mapping[int | str, Refusal] = {}


def quote_path(*names: str) -> str:
    """Return a path of names that may hold any character."""
    return "".join(f"/{quote(name, safe='')}" for name in names)


class Client:
    """Connections to one endpoint.

    A timeout of httpx bounds a single step. It ends neither headers that come a byte at a time, nor
    a name lookup, which not even Ctrl-C interrupts. So each exchange runs in a thread of its own,
    which is left behind if the whole takes too long.

    Args:
        url: what every path is appended to; it may have a path itself.
        name: names the service in errors.
        timeout: seconds that each connect, read and write may take.
        notify: gets a message about each retry.
        redactor: masks the run's secrets; what requests send and the proxy's are masked anyway.
        pace: limits the rate of requests; None for no limit.
        log: gets lines about each request and response; None for no log.
        ca_bundle: the path of certificates to trust beside the usual ones.
        transport: used in place of the network, as the demo does.

    Attributes:
        name_hint: what to check if the host's name is unknown; it may be set.
        while_waiting: called once a request is under way, before its response is waited for; it
            may be set.

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
        self.while_waiting: Callable[[], None] = lambda: None
        parsed = httpx.URL(url)
        context = create_tls_context(parsed, ca_bundle)
        self.proxy = None if transport else find_proxy(parsed, context)
        self._http = httpx.Client(
            transport=transport,
            proxy=self.proxy,
            verify=context,
            trust_env=False,
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=timeout,
            event_hooks={"request": [start_clock], "response": [self._log_response]},
            limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE),
        )
        through = f" (through the proxy {self.proxy.url.netloc.decode()})" if self.proxy else ""
        self._peer = parsed.netloc.decode("ascii") + through
        self._timeout = timeout
        self._retry = retry
        self._notify = notify
        self._redactor = redactor.add(*_find_secrets(self.proxy))
        self._pace = pace
        self._log = log
        self._guard = LockoutGuard()
        self._is_closed = False
        self._notified = 0
        self._notifying = threading.Lock()

    def close(self) -> None:
        """Close the connections. Requests that are still under way fail silently."""
        self._is_closed = True
        self._http.close()

    def send(
        self,
        request: Request,
        *,
        auth: Credential | None,
        read: Callable[[JsonValue, Response], _Value],
    ) -> _Value:
        """Send a request, retry as the policy allows, and return what was read of the response.

        Args:
            request: what to ask for.
            auth: authenticates each attempt anew.
            read: makes the result of a 2xx response and its decoded body.

        Raises:
            CasjobError: what went wrong, without secrets.
        """
        attempt = partial(self._attempt, request, auth, read)
        return self._retry.call(attempt, notify=self._notify_retry)

    def probe(self) -> Response:
        """Return the response to an anonymous request, whatever its status.

        Raises:
            CasjobError: the endpoint can't be reached.
        """
        with self._masking() as headers:
            return self._exchange(self._build(Request("GET", "/")), None, headers)

    def _attempt(
        self,
        request: Request,
        auth: Credential | None,
        read: Callable[[JsonValue, Response], _Value],
    ) -> _Value:
        if self._is_closed:
            raise ServiceError(f"the connections to {self.name} are closed")
        if self._pace:
            self._pace.wait()
        with self._masking() as headers:
            built = self._build(request)
            with self._guard.turn() if auth else nullcontext():
                response = self._exchange(built, auth, headers)
                if response.status == HTTPStatus.UNAUTHORIZED:
                    # Masked at once: other requests raise it too, and know other secrets.
                    refusal = self._explain(response, request, auth)
                    self._redactor.add_headers(*headers).mask_error(refusal)
                    self._guard.refuse(refusal)
                    raise refusal
                self._guard.accept()
            if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                raise self._explain(response, request, auth)
            self._notified = 0
            return read(self._decode(response), response)

    @contextmanager
    def _masking(self) -> Iterator[list[Mapping[str, str]]]:
        """Mask the errors in a `with` block; what was sent and received is added to the list."""
        headers: list[Mapping[str, str]] = []
        try:
            yield headers
        except CasjobError as error:
            raise self._redactor.add_headers(*headers).mask_error(error) from None

    def _build(self, request: Request) -> httpx.Request:
        try:
            query = f"?{urlencode(request.params)}" if request.params else ""
            url = f"{self.url.rstrip('/')}{request.path}{query}"
            return self._http.build_request(request.method, url, json=request.body)
        except (UnicodeEncodeError, httpx.InvalidURL) as error:
            raise self._explain_failure(error) from None

    def _exchange(
        self, request: httpx.Request, auth: Credential | None, headers: list[Mapping[str, str]]
    ) -> Response:
        """Send a request in another thread; what was sent and received is added to `headers`."""
        headers.append(request.headers)
        receiving = run_in_thread(partial(self._receive, request, auth))
        self.while_waiting()
        total = self._timeout * TOTAL_TIMEOUT_FACTOR
        try:
            response = receiving.result(total)
        except CasjobError as raised:
            error = raised
        except TimeoutError:
            message = f"no complete response from {self._peer} within {total:g}s"
            error = ReplyTimeoutError(message, hint="--request-timeout SECONDS waits longer")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as failure:
            error = self._explain_failure(failure)
        else:
            headers.append(response.headers)
            if response.status == HTTPStatus.UNAUTHORIZED:
                self._write_log(compare_signed(request, response), headers)
            return response
        self._write_log([describe_outcome(request, error.message)], headers)
        raise error

    def _receive(self, request: httpx.Request, auth: Credential | None) -> Response:
        with closing(self._http.send(request, auth=auth, stream=True)) as response:
            return read_response(response, self._peer)

    def _log_response(self, response: httpx.Response) -> None:
        headers = response.request.headers, response.headers
        self._write_log([describe_response(response)], headers)

    def _write_log(self, lines: Iterable[str], headers: Iterable[Mapping[str, str]]) -> None:
        if self._log and not self._is_closed:
            redactor = self._redactor.add_headers(*headers)
            for line in lines:
                self._log(redactor.mask(line))

    def _explain_failure(self, failure: Exception) -> CasjobError:
        return explain_failure(
            failure, peer=self._peer, timeout=self._timeout, name_hint=self.name_hint
        )

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
                said=describe_reply(response),
                hint="the endpoint may belong to another service, or a proxy may have responded;"
                " casjob config shows where it is set",
            ) from None

    def _notify_retry(self, retry: int, message: str) -> None:
        """Notify of a retry, once for all pages that fail side by side."""
        with self._notifying:
            if retry > self._notified and not self._is_closed:
                self._notified = retry
                self._notify(message)


def _find_secrets(proxy: httpx.Proxy | None) -> tuple[str, ...]:
    """Return the user and password of a proxy, and how they are sent."""
    if proxy is None or proxy.auth is None:
        return ()
    return (*proxy.auth, base64.b64encode(":".join(proxy.auth).encode()).decode())
