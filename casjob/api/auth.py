"""Credentials: how a request is authenticated, one class a kind. A login is in `iam`."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qsl

import httpx

from casjob.api.signing import DATE_FORMAT, encode_query, sign
from casjob.errors import CasjobError

CANONICAL_REQUEST = "casjob.canonical_request"
"""The request extension that holds the text that was signed."""

Flow = Generator[httpx.Request, httpx.Response, None]


class Credential(httpx.Auth, ABC):
    """Authenticates requests."""

    @property
    @abstractmethod
    def account(self) -> str:
        """Identifies the account in the cache; it may be a secret."""

    @property
    @abstractmethod
    def refusal_hint(self) -> str:
        """What to check if it is refused, and where it comes from."""

    def for_project(self, project_id: str) -> "Credential":  # noqa: ARG002 - only some kinds do
        """Return the credential for requests about a project."""
        return self


@dataclass(frozen=True)
class Token(Credential):
    """An IAM token, which may be 16 KB long; the origin is as people name it."""

    token: str = field(repr=False)
    origin: str = field(default="the caller", kw_only=True)

    @property
    def account(self) -> str:
        """The token itself."""
        return self.token

    @property
    def refusal_hint(self) -> str:
        """What to check if the token is refused."""
        return (
            f"the token is from {self.origin}; it has expired, or is for another region:"
            " get a new one"
        )

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Add the token."""
        request.headers["X-Auth-Token"] = self.token
        yield request


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AccessKey(Credential):
    """An access key (AK) and its secret key (SK), which signs each request.

    Args:
        security_token: comes with temporary keys.
        project_id: sent as X-Project-Id; None for requests to IAM.
    """

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    origin: str = field(default="the caller", kw_only=True)
    project_id: str | None = None
    clock: Callable[[], datetime] = field(default=_utc_now, repr=False)

    requires_request_body = True

    @property
    def account(self) -> str:
        """The AK."""
        return self.access_key

    @property
    def refusal_hint(self) -> str:
        """What to check if the key is refused. Source: APIGW.0301."""
        expired = " it has expired," if self.security_token else ""
        return (
            f"the access key is from {self.origin};{expired} its secret key is wrong, this"
            " machine's clock is off by more than 15 minutes, or the key is locked for 5 minutes"
            " after 5 failures in a row; -v shows what was signed"
        )

    def for_project(self, project_id: str) -> Self:
        """Return the key for requests about a project."""
        return replace(self, project_id=project_id)

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Sign the request; exactly what is signed is sent."""
        optional = {"X-Security-Token": self.security_token, "X-Project-Id": self.project_id}
        headers = {name: value for name, value in optional.items() if value}
        headers["X-Sdk-Date"] = self.clock().strftime(DATE_FORMAT)
        query = parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)
        canonical = encode_query(query).encode("ascii")
        if canonical != request.url.query:
            request.url = request.url.copy_with(query=canonical or None)
        signature = sign(
            self.access_key,
            self.secret_key,
            method=request.method,
            path=request.url.raw_path.decode("ascii").partition("?")[0],
            query=query,
            headers={**headers, "Host": request.headers["Host"]},
            body=request.content,
        )
        request.headers.update(headers)
        request.headers["Authorization"] = signature.authorization
        request.extensions[CANONICAL_REQUEST] = signature.canonical_request
        yield request


class LockoutGuard:
    """Sends the first request alone, and none after the credentials were refused.

    Five failures in a row lock an account, and each of several concurrent requests would count as
    one. Source: APIGW.0301, and IAM's login policy.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_accepted = False
        self._refusal: CasjobError | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until a request may be sent.

        Raises:
            CasjobError: the credentials were refused before.
        """
        with nullcontext() if self._is_accepted else self._lock:
            if self._refusal:
                raise self._refusal
            yield

    def accept(self) -> None:
        """Allow all other requests."""
        self._is_accepted = True

    def refuse(self, error: CasjobError) -> None:
        """Refuse all further requests with this error."""
        self._refusal = error
