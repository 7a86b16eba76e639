"""Credentials: how a request is authenticated, one class a kind. A login is in `iam`."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx

from casjob.durations import is_ending

CANONICAL_REQUEST = "casjob.canonical_request"
"""The request extension that holds the text that was signed."""

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"  # of X-Sdk-Date, in UTC

Flow = Generator[httpx.Request, httpx.Response, None]


class Credential(httpx.Auth):
    """Authenticates requests.

    Attributes:
        account: identifies the account in the cache; it may be a secret.
        refusal_hint: what to check if it is refused, and where it comes from.
    """

    account: str
    refusal_hint: str


class Token(Credential):
    """An IAM token, which may be 16 KB long; the origin is as people name it."""

    def __init__(self, token: str, *, origin: str) -> None:
        self.account = token
        self.refusal_hint = (
            f"the token is from {origin}; it has expired, or is for another region: get a new one"
        )

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Add the token."""
        request.headers["X-Auth-Token"] = self.account
        yield request


class AccessKey(Credential):
    """An access key (AK) and its secret key (SK), which signs each request.

    Temporary keys come with a security token.
    """

    requires_request_body = True

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        security_token: str | None = None,
        *,
        origin: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.account = access_key
        self._secret_key = secret_key
        self._headers = {"X-Security-Token": security_token} if security_token else {}
        self._clock = clock
        expired = " it has expired," if security_token else ""
        # Source: APIGW.0301.
        self.refusal_hint = (
            f"the access key is from {origin};{expired} its secret key is wrong, this"
            " machine's clock is off by more than 15 minutes, or the key is locked for 5 minutes"
            " after 5 failures in a row; -v shows what was signed"
        )

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Sign the request; exactly what is signed is sent."""
        query = parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)
        canonical = encode_query(query).encode("ascii")
        if canonical != request.url.query:
            request.url = request.url.copy_with(query=canonical or None)
        request.headers.update(self._headers)
        request.headers["X-Sdk-Date"] = self._clock().strftime(DATE_FORMAT)
        signed = {"Host", "X-Sdk-Date", "X-Project-Id", *self._headers}
        text, authorization = sign(
            self.account,
            self._secret_key,
            method=request.method,
            path=request.url.raw_path.decode("ascii").partition("?")[0],
            query=query,
            headers={name: request.headers[name] for name in signed if name in request.headers},
            body=request.content,
        )
        request.headers["Authorization"] = authorization
        request.extensions[CANONICAL_REQUEST] = text
        yield request


def sign(
    access_key: str,
    secret_key: str,
    *,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> tuple[str, str]:
    """Return the text that is signed, to compare with the gateway's, and the Authorization header.

    The path is percent-encoded, as it is sent; the query is decoded. The headers are those to be
    signed: Host, X-Sdk-Date and any more. Those with an underscore in their name are left out, as
    the gateway does. Source: the API signing guide.
    """
    signed = {name.lower(): value.strip() for name, value in headers.items() if "_" not in name}
    names = ";".join(sorted(signed))
    canonical_request = "\n".join(
        (
            method,
            encode_path(path),
            encode_query(query),
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{signed['x-sdk-date']}\n{digest}"
    signature = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"
    return canonical_request, authorization


def encode_path(path: str) -> str:
    """Return the canonical path: each segment encoded anew, and a slash at the end."""
    canonical = quote(unquote(path))
    return canonical if canonical.endswith("/") else f"{canonical}/"


def encode_query(query: Iterable[tuple[str, str]]) -> str:
    """Return the canonical query: sorted by name, then value; the same string is to be sent."""
    return urlencode(sorted(query), quote_via=quote)


class Renewed(Credential):
    """A temporary credential that is got anew, by `renew`, before it expires."""

    requires_request_body = True

    def __init__(
        self,
        credential: Credential,
        expires: datetime | None,
        renew: Callable[[], tuple[Credential, datetime | None]],
    ) -> None:
        self.account = credential.account
        self.refusal_hint = credential.refusal_hint
        self._credential = credential
        self._expires = expires
        self._renew = renew
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Authenticate the request with the credential of the time."""
        with self._lock:
            if is_ending(self._expires):
                self._credential, self._expires = self._renew()
            credential = self._credential
        yield from credential.auth_flow(request)


class LockoutGuard:
    """Sends the first request alone, and none after the credentials were refused.

    Five failures in a row lock an account, and each of several concurrent requests would count as
    one. Source: APIGW.0301, and IAM's login policy.
    """

    def __init__(self) -> None:
        self.is_accepted = False
        self.refusal: Exception | None = None
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until a request may be sent; raise the refusal if there was one."""
        with nullcontext() if self.is_accepted else self._lock:
            if self.refusal:
                raise self.refusal
            yield
