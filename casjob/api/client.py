"""Sends requests, retries and logs them, and reads the responses. Errors leave this masked."""

import base64
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import httpx

from casjob import __version__
from casjob.api import errors
from casjob.api.auth import CANONICAL_REQUEST, Credential, LockoutGuard
from casjob.api.network import Route, create_tls_context, find_route
from casjob.api.pace import RetryPolicy
from casjob.api.redact import Redactor
from casjob.api.response import ACCEPT_ENCODING, Response, read_response
from casjob.background import run_in_thread
from casjob.errors import (
    WRONG_ENDPOINT,
    AuthenticationError,
    CasjobError,
    ReplyError,
    ReplyTooLargeError,
    ServiceError,
)
from casjob.job.failures import clip
from casjob.json_text import JsonValue, LimitError, TooManyValuesError, decode, encode

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

_SENT_AT = "casjob.sent_at"
"""The request extension with the monotonic time at which it was sent."""

_REPLACED = "\ufffd"
"""What stands for bytes that are not UTF-8."""

_EXCERPT = 4000
"""Characters of a gateway's message that are logged."""

_Value = TypeVar("_Value")
Read = Callable[[JsonValue, Response], _Value]
"""Makes the result of a 2xx response and its decoded body."""


class Request(NamedTuple):
    """A request, before it is authenticated; its body is sent as JSON.

    Its credential takes the place of the client's; `refusals` say what statuses and error codes
    mean for it.
    """

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: object = None
    auth: Credential | None = None
    refusals: Mapping[int | str, CasjobError] = {}


def quote_path(*names: str) -> str:
    """Return a path of names that may hold any character."""
    return "".join(f"/{quote(name, safe='')}" for name in names)


def is_id(value: object) -> bool:
    """Return whether this may be an id of the service's, which becomes a part of paths."""
    return isinstance(value, str) and bool(re.fullmatch("[A-Za-z0-9_-]{1,128}", value))


def check_id(sent: JsonValue, what: str) -> str:
    """Return an id as a part of a path; raise a ReplyError if the service sent something else."""
    if isinstance(sent, str) and is_id(sent):
        return sent
    shown = clip(encode(sent))
    raise ReplyError(f"the service sent {shown} as the id of {what}, which is not a valid id")


class Client:
    """Connections to one endpoint.

    A timeout of httpx bounds a single step. It ends neither headers that come a byte at a time, nor
    a name lookup, which not even Ctrl-C interrupts. So each exchange runs in a thread of its own,
    which is left behind if the whole takes too long.

    Attributes:
        name: names the service in errors.
        origin: where the address is from.
        name_hint: what to check if the host's name is unknown.
        project_id: the project that requests are about; empty if they are about none.
        while_waiting: called once a request is under way, before its response is waited for.

    Raises:
        SettingsError: the certificates or a proxy in the environment can't be used.
    """

    def __init__(  # noqa: PLR0913 - settings, all but the first by name, as httpx.Client's
        self,
        url: str,
        *,
        name: str = "the service",
        origin: str | None = None,
        name_hint: str | None = None,
        project_id: str = "",
        auth: Credential | None = None,
        timeout: float = 30,
        retry: RetryPolicy = RetryPolicy(),
        notify: Callable[[str], None] = lambda _: None,
        redactor: Redactor | None = None,
        log: Callable[[str], None] | None = None,
        ca_bundle: str | None = None,
        while_waiting: Callable[[], None] = lambda: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url
        self.name = name
        self.origin = origin
        self.project_id = project_id
        self.while_waiting = while_waiting
        parsed = httpx.URL(url)
        context = create_tls_context(parsed, ca_bundle)
        self.route = Route(None) if transport else find_route(parsed, context)
        proxy = self.route.proxy
        self.name_hint = errors.PROXY_NAME_HINT if proxy else name_hint or errors.NAME_HINT
        self._peer = parsed.netloc.decode("ascii")
        self._redactor = redactor or Redactor()
        if proxy:
            self._peer += f" (through the proxy {proxy.url.netloc.decode()} of {self.route.origin})"
        elif self.route.origin:
            self._peer += f" (no proxy: {self.route.origin})"
        if proxy and proxy.auth:
            sent = base64.b64encode(":".join(proxy.auth).encode()).decode()
            self._redactor.add(*proxy.auth, sent)
        self._log = _Log(log, self._redactor)
        self._http = httpx.Client(
            transport=transport,
            proxy=proxy,
            verify=context,
            trust_env=False,
            headers=_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=timeout,
            event_hooks={"request": [self._log.on_request], "response": [self._log.on_response]},
            limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE),
        )
        self._auth = auth
        self._timeout = timeout
        self._retry = retry
        self._notify = notify
        self._guard = LockoutGuard()
        self._notified: set[object] = set()
        self._notifying = threading.Lock()

    def close(self) -> None:
        """Close the connections. Requests that are still under way fail silently."""
        self._log.write = None
        self._http.close()

    def send(self, request: Request, read: Read[_Value]) -> _Value:
        """Send a request, retry as the policy allows, and return what was read of the response."""
        request = request._replace(auth=request.auth or self._auth)
        return self._retry.call(partial(self._attempt, request, read), notify=self._notify_once)

    def probe(self) -> Response:
        """Return the response to an anonymous request, whatever its status."""
        with self._masking():
            return self._exchange(Request("GET", "/"))

    @contextmanager
    def _masking(self) -> Iterator[None]:
        try:
            yield
        except CasjobError as error:
            raise self._redactor.mask_error(error) from None

    def _attempt(self, request: Request, read: Read[_Value]) -> _Value:
        with self._masking():
            with self._guard.turn() if request.auth else nullcontext():
                response = self._exchange(request)
                if response.status == HTTPStatus.UNAUTHORIZED:
                    refusal = self._explain_refusal(response, request)
                    # The service says with 401, too, that a component was deleted.
                    if isinstance(refusal, AuthenticationError):
                        self._guard.refusal = refusal
                    raise refusal
                self._guard.is_accepted = True
            if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                raise self._explain_refusal(response, request)
            self._notified &= {_REPLACED}
            return read(self._decode(response), response)

    def _exchange(self, request: Request) -> Response:
        try:
            query = f"?{urlencode(request.params)}" if request.params else ""
            url = f"{self.url.rstrip('/')}{request.path}{query}"
            headers = {"X-Project-Id": self.project_id} if self.project_id else None
            built = self._http.build_request(
                request.method, url, json=request.body, headers=headers
            )
        except errors.FAILURES as failure:
            raise self._explain_failure(failure) from None
        if self._http.is_closed:
            raise ServiceError(f"the connections to {self.name} are closed")
        receiving = run_in_thread(partial(self._receive, built, request.auth))
        self.while_waiting()
        try:
            response = receiving.result(self._timeout * TOTAL_TIMEOUT_FACTOR)
        except (CasjobError, TimeoutError, *errors.FAILURES) as failure:
            error = self._explain_failure(failure)
            self._log.add_outcome(built, error.message)
            raise error from None
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._log.add_refusal(built, response)
        return response

    def _receive(self, request: httpx.Request, auth: Credential | None) -> Response:
        with closing(self._http.send(request, auth=auth, stream=True)) as response:
            received = read_response(response, self._peer)
            stream = response.extensions.get("network_stream")
            if stream and self._http.is_closed:
                # It was still connecting when the client was closed, which did not know of it.
                stream.close()
            return received

    def _explain_failure(self, failure: Exception) -> CasjobError:
        if isinstance(failure, CasjobError):
            return failure
        return errors.explain_failure(
            failure,
            peer=self._peer,
            timeout=self._timeout,
            total=self._timeout * TOTAL_TIMEOUT_FACTOR,
            name_hint=self.name_hint,
            # What can't be reached else is the proxy.
            origin=None if self.route.proxy else self.origin,
        )

    def _explain_refusal(self, response: Response, request: Request) -> CasjobError:
        hint = request.auth.refusal_hint if request.auth else None
        usual = AuthenticationError(f"{self.name} does not accept the credentials", hint=hint)
        refusals = {HTTPStatus.UNAUTHORIZED: usual, **request.refusals}
        return errors.explain_refusal(response, service=self.name, refusals=refusals)

    def _decode(self, response: Response) -> JsonValue:
        # One byte that is not UTF-8 must not hide a whole job.
        text = response.content.decode("utf-8-sig", "replace")
        try:
            document = decode(text)
        except LimitError as error:
            message = f"the response from {self.name} exceeds a limit of casjob: {error}"
            is_large = isinstance(error, TooManyValuesError)
            kind = ReplyTooLargeError if is_large else ReplyError
            raise kind(message, hint=WRONG_ENDPOINT) from None
        except ValueError as error:
            what = f"not JSON: {error}" if response.content else "empty"
            raise ReplyError(
                f"the response from {self.name} is {what}",
                service_message=errors.describe_reply(response),
                hint=errors.NOT_THE_SERVICE,
            ) from None
        if text.count(_REPLACED) > response.content.count(_REPLACED.encode()):
            about = f"has bytes that are not UTF-8; they are shown as {_REPLACED}"
            self._notify_once(_REPLACED, f"the response from {self.name} {about}")
        return self._redactor.mask_document(document, text)

    def _notify_once(self, about: object, message: str) -> None:
        """Notify of something, as a retry by its number, once for all pages side by side."""
        with self._notifying:
            if about not in self._notified and not self._http.is_closed:
                self._notified.add(about)
                self._notify(message)


class _Log:
    """Writes lines without secrets, if anywhere; it has the event hooks of an httpx client."""

    def __init__(self, write: Callable[[str], None] | None, redactor: Redactor) -> None:
        self.write = write
        self._redactor = redactor

    def on_request(self, request: httpx.Request) -> None:
        """Note when a request is sent, and its secrets."""
        request.extensions[_SENT_AT] = time.monotonic()
        self._redactor.learn(request.headers)

    def on_response(self, response: httpx.Response) -> None:
        """Log a response whose body is still to come."""
        if "Location" in response.headers:
            # httpx reads it even where it does not follow it, and fails if it is no address.
            response.headers[errors.REDIRECTED_TO] = response.headers.pop("Location")
        self._redactor.learn(response.headers)
        request_id = response.headers.get("X-Request-Id")
        of = f" (request {clip(request_id)})" if request_id else ""
        self.add_outcome(response.request, f"HTTP {response.status_code}{of}")

    def add_outcome(self, request: httpx.Request, outcome: str) -> None:
        """Log what came of a request, and how long that took."""
        now = time.monotonic()
        seconds = now - request.extensions.get(_SENT_AT, now)
        self._add(f"{request.method} {request.url} -> {outcome} in {seconds:.3f}s")

    def add_refusal(self, request: httpx.Request, response: Response) -> None:
        """Log what casjob signed, beside what the gateway says it should have signed, if any."""
        if signed := request.extensions.get(CANONICAL_REQUEST):
            failure = errors.read_error_body(response)
            said = (failure and failure.detail) or "nothing"
            excerpt = said if len(said) <= _EXCERPT else f"{said[:_EXCERPT]}…"
            self._add("casjob signed:", *signed.split("\n"))
            # It separates the lines of its canonical request by bars.
            self._add("the gateway said:", *excerpt.replace("|", "\n").split("\n"))

    def _add(self, line: str, *details: str) -> None:
        for each in (line, *(f"  {detail}" for detail in details)):
            if self.write:
                self.write(self._redactor.mask(each))
