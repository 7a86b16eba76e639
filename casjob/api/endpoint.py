"""The way to one endpoint: sends requests, tries again as the policy allows, tells of it."""

import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext
from http import HTTPStatus
from json import dumps
from typing import NamedTuple
from urllib.parse import quote

import httpx

from casjob import __version__
from casjob.api.auth import CANONICAL_REQUEST, LoginAuth
from casjob.api.exchange import Reply, exchange
from casjob.api.proxy import find_proxy
from casjob.api.refusals import (
    describe_reply,
    explain_transport_failure,
    find_request_id,
    read_error_body,
)
from casjob.api.retry import RetryPolicy
from casjob.errors import CasjobError, ReplyError, ServiceError, SettingsError
from casjob.json_text import JsonValue, decode

HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": f"casjob/{__version__}",
    # Without it, messages may be in Chinese.
    "X-Language": "en-us",
}

_SHORTEST_SECRET = 6
"""Characters of IAM's shortest password; anything shorter would mask ordinary words."""

_NESTING = 3
"""Levels of JSON within JSON that were seen in messages."""

_EXCERPT = 4000
"""Characters of a refusal that are logged."""


class Answer(NamedTuple):
    """A reply that is a success.

    Args:
        headers: with names in any case.
        document: the decoded body.
        conceal: masks the secrets in an error about the document, which may repeat them.
    """

    headers: Mapping[str, str]
    document: JsonValue
    conceal: Callable[[CasjobError], CasjobError]


class Wire:
    """A pool of connections to one endpoint.

    Args:
        endpoint: what every path is appended to; it may have a path itself.
        timeout: seconds that each connect, read and write may take.
        retry: when to try again.
        tell: is told of each further try.
        pace: waits until the next request may be sent; None for no wait.
        log: is told of each request and reply; None to be silent.
        secrets: what is masked, beside what a request sends to authenticate itself.
        ca_bundle: the path of certificates to trust beside the usual ones.
        transport: stands in for the network, as the demo does.

    Raises:
        SettingsError: the certificates or a proxy in the environment can't be used.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        timeout: float,
        retry: RetryPolicy,
        tell: Callable[[str], None],
        pace: Callable[[], None] | None = None,
        log: Callable[[str], None] | None = None,
        secrets: Collection[str] = (),
        ca_bundle: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._timeout = timeout
        self._retry = retry
        self._tell = tell
        self._pace = pace
        self._log = log
        self._secrets = secrets
        proxy = None if transport else find_proxy(endpoint)
        self._through = f" (through the proxy {proxy.url.netloc.decode()})" if proxy else ""
        self._is_closed = False
        self._is_accepted = False
        self._accepting = threading.Lock()
        self._refusal: CasjobError | None = None
        self._told = 0
        self._telling = threading.Lock()
        self._http = httpx.Client(
            base_url=endpoint,
            headers=HEADERS,
            timeout=timeout,
            # Longer than the longest pause between two looks at a job that is followed.
            limits=httpx.Limits(keepalive_expiry=60),
            verify=_trust(endpoint, ca_bundle),
            transport=transport,
            proxy=proxy,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections. What is still read aside fails then, and nobody is told."""
        self._is_closed = True
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        auth: httpx.Auth | None,
        place: str,
        explain: Callable[[Reply], CasjobError],
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        """Send a request, and return the answer to it.

        Args:
            method: the HTTP method.
            path: after the endpoint.
            auth: authenticates each try anew.
            place: who is asked, in words.
            explain: makes an error of a reply that is no success.
            params: the query.
            body: sent as JSON.

        Raises:
            CasjobError: what went wrong.
        """

        def attempt() -> tuple[httpx.Request, Reply]:
            if self._is_closed:
                raise ServiceError(f"the connections to {place} are closed")
            if self._pace:
                self._pace()
            # The first goes alone: five wrong tries, side by side too, lock an account.
            with nullcontext() if self._is_accepted else self._accepting:
                if self._refusal and not isinstance(auth, LoginAuth):
                    raise self._refusal
                request, reply = self._exchange(method, path, auth=auth, params=params, body=body)
                self._is_accepted = reply.status != HTTPStatus.UNAUTHORIZED
            if reply.status == HTTPStatus.UNAUTHORIZED or _is_success(reply):
                self._told = 0
                return request, reply
            raise self._conceal(explain(self._redact(reply, request)), request)

        request, reply = self._retry.call(attempt, tell=self._tell_retry)
        is_refused = reply.status == HTTPStatus.UNAUTHORIZED
        if is_refused and isinstance(auth, LoginAuth) and auth.renew(request):
            request, reply = self._retry.call(attempt, tell=self._tell_retry)
        if not _is_success(reply):
            self._refusal = self._conceal(explain(self._redact(reply, request)), request)
            raise self._refusal
        try:
            document = decode(reply.content.decode("utf-8-sig"))
        except ValueError as error:
            redacted = self._redact(reply, request)
            what = f"not JSON: {error}" if reply.content else "empty"
            unreadable = ReplyError(
                f"the reply of {place} is {what}",
                said=describe_reply(redacted, read_error_body(redacted)),
                hint="the endpoint may belong to another service, or a proxy may have answered;"
                " casjob config shows where it is from",
            )
            raise self._conceal(unreadable, request) from None
        return Answer(reply.headers, document, lambda error: self._conceal(error, request))

    def _tell_retry(self, tried: int, words: str) -> None:
        """Tell of a further try, once for all pages that fail side by side."""
        with self._telling:
            if tried > self._told and not self._is_closed:
                self._told = tried
                self._tell(words)

    def look(self) -> Reply:
        """Return whatever the endpoint says to somebody unknown, once.

        Raises:
            CasjobError: it can't be reached.
        """
        _, reply = self._exchange("GET", "/", auth=None)
        return reply

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        auth: httpx.Auth | None,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> tuple[httpx.Request, Reply]:
        began = time.monotonic()
        try:
            # Built anew each time, so that a further try is signed anew.
            request = self._http.build_request(method, path, params=params, json=body)
            reply = exchange(self._http, request, auth=auth, timeout=self._timeout)
        except (UnicodeEncodeError, httpx.InvalidURL):
            # The error's own text may hold a secret.
            raise SettingsError(
                f"the request to {self.endpoint} can't be sent: a part of it is too long, or holds"
                " characters that HTTP forbids",
                hint="casjob config shows what is set",
            ) from None
        except httpx.HTTPError as error:
            place = request.url.netloc.decode("ascii") + self._through
            explained = explain_transport_failure(error, place=place, timeout=self._timeout)
            self._log_outcome(request, explained.message, began)
            raise self._conceal(explained, request) from None
        except CasjobError as error:
            self._log_outcome(request, error.message, began)
            raise
        if self._log:
            request_id = find_request_id(reply)
            of = f" (request {self._mask(request_id, request)})" if request_id else ""
            self._log_outcome(request, f"HTTP {reply.status}{of}", began)
            canonical = request.extensions.get(CANONICAL_REQUEST)
            if canonical and reply.status == HTTPStatus.UNAUTHORIZED:
                for line in self._compare_signed(canonical, request, reply):
                    self._log(line)
        return request, reply

    def _redact(self, reply: Reply, request: httpx.Request) -> Reply:
        """Return the reply with the secrets masked that it repeats."""
        headers = [(name, self._mask(value, request)) for name, value in reply.headers.items()]
        content = reply.content
        # As bytes, since an error page may be of any encoding.
        for secret in self._secrets_of(request):
            content = content.replace(secret.encode(errors="surrogateescape"), b"****")
        return Reply(reply.status, httpx.Headers(headers, encoding="utf-8"), content)

    def _conceal(self, error: CasjobError, request: httpx.Request) -> CasjobError:
        """Mask what decoding brought to light, or the words that httpx quotes."""
        error.message = self._mask(error.message, request)
        error.args = (error.message,)
        error.said = self._mask(error.said, request) if error.said else None
        return error

    def _mask(self, text: str, request: httpx.Request) -> str:
        for secret in self._secrets_of(request):
            text = text.replace(secret, "****")
        return text

    def _secrets_of(self, request: httpx.Request) -> Iterator[str]:
        """Yield what a reply may repeat of the secrets, in every spelling of it."""
        sent = (
            request.headers.get("X-Auth-Token", ""),
            request.headers.get("X-Security-Token", ""),
            request.headers.get("Authorization", "").rpartition("Signature=")[2],
        )
        for secret in (*self._secrets, *sent):
            if len(secret) >= _SHORTEST_SECRET:
                yield from _spellings(secret)

    def _log_outcome(self, request: httpx.Request, outcome: str, began: float) -> None:
        if self._log and not self._is_closed:
            taken = time.monotonic() - began
            line = f"{request.method} {request.url} -> {outcome} in {taken:.3f}s"
            self._log(self._mask(line, request))

    def _compare_signed(
        self, canonical: str, request: httpx.Request, reply: Reply
    ) -> Iterator[str]:
        failure = read_error_body(self._redact(reply, request))
        said = ((failure and failure.detail) or "nothing")[:_EXCERPT]
        yield "casjob signed:"
        yield from (f"  {line}" for line in self._mask(canonical, request).split("\n"))
        yield "the gateway said:"
        # It parts the lines of its canonical request by bars.
        lines = self._mask(said, request).replace("|", "\n").split("\n")
        yield from (f"  {line}" for line in lines)


def _spellings(secret: str) -> set[str]:
    """Return the text as it is, as addresses spell it, and as JSON within JSON does."""
    spellings = {secret, quote(secret, safe="")}
    for _ in range(_NESTING):
        for spelling in tuple(spellings):
            spellings.add(dumps(spelling)[1:-1])
            spellings.add(dumps(spelling, ensure_ascii=False)[1:-1])
    return spellings


def _is_success(reply: Reply) -> bool:
    return HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES


def _trust(endpoint: str, ca_bundle: str | None) -> ssl.SSLContext:
    if httpx.URL(endpoint).scheme == "http" and not ca_bundle:
        # Trusts nobody, and takes no time: reading all the authorities takes 30 ms.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        raise _no_certificates("the file that SSL_CERT_FILE names", error) from error
    if ca_bundle:
        try:
            context.load_verify_locations(ca_bundle)
        except OSError as error:
            raise _no_certificates(f"the CA bundle {ca_bundle}", error) from error
    return context


def _no_certificates(file: str, error: OSError) -> SettingsError:
    if isinstance(error, ssl.SSLError):
        return SettingsError(f"{file} holds no certificate in PEM form")
    return SettingsError(f"{file} can't be read: {error.strerror}")
