"""IAM: gets a token for a password, and a project's id for a region's name."""

import re
import threading
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from casjob.api.endpoint import Wire
from casjob.api.exchange import Reply
from casjob.api.refusals import describe_reply, read_error_body, read_retry_after
from casjob.cache import Cache
from casjob.credentials import Login
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
)
from casjob.job.models import read_moment
from casjob.json_text import JsonValue

_RENEW_BEFORE = timedelta(minutes=5)
"""A token about to expire is as good as expired. It is valid for 24 hours."""


_NAMES_SHOWN = 10
"""Of the projects found; an account may have hundreds."""


def find_project_id(wire: Wire, region: str, auth: httpx.Auth) -> str:
    """Return the id of the region's project.

    Args:
        wire: the way to IAM.
        region: the project's name: each region has a project of that name.
        auth: authenticates the request.

    Raises:
        SettingsError: there is none of that name, or several.
        CasjobError: what else went wrong.
    """
    host = urlsplit(wire.endpoint).netloc
    answer = wire.ask(
        "GET",
        "/v3/projects",
        auth=auth,
        place=host,
        params={"name": region},
        explain=lambda refused: _explain_refusal(refused, host, "name the project"),
    )
    projects = _read_object(answer.document).get("projects")
    if not isinstance(projects, list):
        raise ReplyError(f"the reply of {host} holds no list of projects")
    # The id becomes a part of paths and a header.
    found = {
        project_id: str(project.get("name"))
        for project in map(_read_object, projects)
        if isinstance(project_id := project.get("id"), str)
        and re.fullmatch("[A-Za-z0-9_-]+", project_id)
    }
    if len(found) != 1:
        names = [f"{name} ({project_id})" for project_id, name in found.items()]
        named = ", ".join(names[:_NAMES_SHOWN]) + (", …" if names[_NAMES_SHOWN:] else "")
        raise SettingsError(
            f"{host} knows {len(found) or 'no'} projects named {region}"
            + (f": {named}" if named else ""),
            hint="set CASJOB_PROJECT_ID to the project's id, as My Credentials in the console shows"
            " it; is the region spelt right?",
        )
    return next(iter(found))


class LoginTokens:
    """Tokens for an IAM user, kept until shortly before they expire.

    A token that was kept is renewed once if it is refused; one got by this run is not, and
    a password that was refused is not sent again: five wrong tries lock an account.

    Args:
        wire: the way to IAM.
        login: the user.
        region: the name of the project that the token is for.
        project_id: its id, if that is known.
        cache: where a token is kept between runs.
    """

    def __init__(
        self, wire: Wire, login: Login, *, region: str | None, project_id: str | None, cache: Cache
    ) -> None:
        self._wire = wire
        self._login = login
        self._project = {"id": project_id} if project_id else {"name": region}
        scope = project_id or region or ""
        self._about = (wire.endpoint, login.domain_name, login.user_name, scope)
        self._cache = cache
        self._token = ""
        self._expires: datetime | None = None
        self._is_fresh = False
        self._refused = ""
        self._refusal: AuthenticationError | None = None
        # Pages are fetched side by side; whoever comes first gets the token for all.
        self._lock = threading.Lock()

    def current(self) -> str:
        """Return the token to send.

        Raises:
            CasjobError: none can be had.
        """
        with self._lock:
            if not self._token or _is_ending(self._expires):
                self._token = self._read_kept() or self._fetch()
            return self._token

    def renew(self, refused: str) -> bool:
        """Return whether there is now another token than the refused one, worth a try.

        Raises:
            CasjobError: none can be had.
        """
        with self._lock:
            if refused == self._token and not self._is_fresh:
                # Forgotten first: the next run shall not send it either, whatever comes now.
                self._cache.put("token", *self._about)
                # Nor does this run, even if IAM fails now.
                self._refused, self._token = refused, ""
            self._token = self._token or self._fetch()
            return refused != self._token

    def _read_kept(self) -> str:
        kept = self._cache.get("token", *self._about)
        token, expires = kept.get("token", ""), read_moment(kept.get("expires_at"))
        is_good = _is_sendable(token) and token != self._refused
        if expires is None or _is_ending(expires) or not is_good:
            return ""
        self._expires = expires
        self._is_fresh = False
        return token

    def _fetch(self) -> str:
        if self._refusal:
            raise self._refusal
        host = urlsplit(self._wire.endpoint).netloc
        login = self._login
        user = {
            "name": login.user_name,
            "password": login.password,
            "domain": {"name": login.domain_name},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        asked = f"log in {login.user_name} of {login.domain_name}"
        try:
            answer = self._wire.ask(
                "POST",
                "/v3/auth/tokens",
                auth=None,
                place=host,
                body={"auth": {"identity": identity, "scope": {"project": self._project}}},
                explain=lambda refused: _explain_refusal(refused, host, asked),
            )
        except AuthenticationError as error:
            self._refusal = error
            raise
        token = answer.headers.get("X-Subject-Token", "")
        if not _is_sendable(token):
            raise ReplyError(f"the reply of {host} holds no token")
        expires = _read_object(_read_object(answer.document).get("token")).get("expires_at")
        self._expires = read_moment(expires)
        if isinstance(expires, str):
            self._cache.put("token", *self._about, token=token, expires_at=expires)
        self._is_fresh = True
        return token


def _read_object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _is_ending(expires: datetime | None) -> bool:
    """Return whether a token is as good as expired; one without an end is not."""
    return expires is not None and expires - _RENEW_BEFORE <= datetime.now(UTC)


def _is_sendable(token: str) -> bool:
    return bool(re.fullmatch("[!-~]+", token))


def _explain_refusal(reply: Reply, host: str, asked: str) -> CasjobError:
    said = describe_reply(reply, read_error_body(reply))
    message = f"{host} did not {asked} (HTTP {reply.status})"
    match reply.status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return AuthenticationError(
                message,
                said=said,
                hint="wrong credentials are not tried again, since five wrong tries lock an"
                " account; casjob config shows where yours come from",
            )
        case HTTPStatus.BAD_REQUEST | HTTPStatus.NOT_FOUND:
            return SettingsError(message, said=said, hint="is the region or project right?")
        case status if (
            status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            return TransientError(message, said=said, retry_after=read_retry_after(reply))
        case _:
            return ServiceError(message, said=said)
