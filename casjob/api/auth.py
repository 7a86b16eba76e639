"""Credentials: how a request is authenticated, one class a kind. A login is in `iam`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self
from urllib.parse import parse_qsl

import httpx

from casjob.api.signing import DATE_FORMAT, encode_query, sign

CANONICAL_REQUEST = "casjob.canonical_request"
"""The request extension that holds the text that was signed."""


class Credential(ABC):
    """Authenticates requests."""

    @property
    @abstractmethod
    def account(self) -> str:
        """Identifies the account in the cache; it may be a secret."""

    @property
    @abstractmethod
    def refusal_hint(self) -> str:
        """What to check if it is refused, and where it comes from."""

    @abstractmethod
    def authenticate(self, request: httpx.Request) -> None:
        """Add what authenticates a request.

        Raises:
            CasjobError: no token could be obtained.
        """

    def renew(self, refused: httpx.Request) -> bool:  # noqa: ARG002 - only some kinds do
        """Return whether a request that got a 401 may be sent again, authenticated anew.

        Raises:
            CasjobError: no new token could be obtained.
        """
        return False

    def for_project(self, project_id: str) -> "Credential":  # noqa: ARG002 - only some kinds do
        """Return the credential for requests about a project."""
        return self


@dataclass(frozen=True)
class Token(Credential):
    """An IAM token, which may be 16 KB long.

    Args:
        token: the token.
        origin: where it comes from, as people name it.
    """

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

    def authenticate(self, request: httpx.Request) -> None:
        """Add the token."""
        request.headers["X-Auth-Token"] = self.token


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AccessKey(Credential):
    """An access key (AK) and its secret key (SK), which signs each request.

    Args:
        access_key: the AK.
        secret_key: the SK.
        security_token: comes with temporary keys.
        origin: where the key comes from, as people name it.
        project_id: sent as X-Project-Id; None for requests to IAM.
        clock: returns the time to sign with, in UTC.
    """

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    origin: str = field(default="the caller", kw_only=True)
    project_id: str | None = None
    clock: Callable[[], datetime] = field(default=_utc_now, repr=False)

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

    def authenticate(self, request: httpx.Request) -> None:
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
