"""Ways to authenticate a request."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Protocol, TypeAlias
from urllib.parse import parse_qsl

import httpx

from casjob.api.signing import DATE_FORMAT, encode_query, sign
from casjob.credentials import AccessKey

Auth: TypeAlias = httpx.Auth
"""What adds to a request who asks."""

_Flow = Generator[httpx.Request, httpx.Response, None]

CANONICAL_REQUEST = "casjob.canonical_request"
"""The request extension that holds what was signed."""


class TokenAuth(httpx.Auth):
    """Sends an IAM token, which may be 16 KB long, as X-Auth-Token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> _Flow:
        """Add the token to the request."""
        request.headers["X-Auth-Token"] = self._token
        yield request


class AccessKeyAuth(httpx.Auth):
    """Signs each request with an access key; what is signed is what is sent.

    Args:
        key: what to sign with.
        project_id: sent as X-Project-Id; None for IAM, which is asked for it.
        clock: tells the time to sign with, in UTC.
    """

    requires_request_body = True

    def __init__(
        self,
        key: AccessKey,
        *,
        project_id: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._key = key
        self._headers = {"X-Security-Token": key.security_token, "X-Project-Id": project_id}
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> _Flow:
        """Sign the request."""
        headers = {name: value for name, value in self._headers.items() if value}
        headers["X-Sdk-Date"] = self._clock().strftime(DATE_FORMAT)
        query = parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)
        request.url = request.url.copy_with(query=encode_query(query).encode("ascii") or None)
        signature = sign(
            self._key.access_key,
            self._key.secret_key,
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


class Tokens(Protocol):
    """Where tokens come from that are made when they are needed."""

    def current(self) -> str:
        """Return the token to send."""
        ...

    def renew(self, refused: str) -> bool:
        """Return whether there is now another token than the refused one, worth a try."""
        ...


class LoginAuth(httpx.Auth):
    """Sends a token got with a password."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def auth_flow(self, request: httpx.Request) -> _Flow:
        """Add the token to the request."""
        request.headers["X-Auth-Token"] = self._tokens.current()
        yield request

    def renew(self, refused: httpx.Request) -> bool:
        """Return whether a request that was refused (401) may be sent again, with a fresh token.

        Only one that was sent with a token kept from before may: five wrong tries lock an
        account.
        """
        return self._tokens.renew(refused.headers["X-Auth-Token"])
