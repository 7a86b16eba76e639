"""IAM: logs in with a password, and looks up a project's id by a region's name."""

import re
import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeGuard, cast

import httpx

from casjob.api.auth import Credential, Flow
from casjob.api.client import Client, Request
from casjob.api.errors import Refusal
from casjob.api.response import Response
from casjob.cache import Cache
from casjob.errors import AuthenticationError, ReplyError, SettingsError
from casjob.job.failures import clip
from casjob.json_text import JsonValue, read_moment

_RENEW_BEFORE = timedelta(minutes=5)
"""How long before its end a token is renewed. It is valid for 24 hours."""

_NAMES_SHOWN = 10
"""Of the projects found; an account may have hundreds."""


def find_project_id(iam: Client, region: str, auth: Credential, cache: Cache) -> str:
    """Return the id of the region's project, which has its name: from the cache, or from IAM.

    Raises:
        SettingsError: there is no project of that name, or several.
        CasjobError: what else went wrong.
    """
    key = (iam.url, region, auth.account)
    kept = cache.get("project", *key).get("project_id")
    if _is_id(kept):
        return kept

    def read(document: JsonValue, _: Response) -> str:
        return _choose_project(_read_projects(document, iam.name), region, iam.name)

    request = Request(
        "GET",
        "/v3/projects",
        params={"name": region},
        refusals=_explain_statuses(f"{iam.name} did not list the projects", auth.refusal_hint),
    )
    project_id = iam.send(request, auth=auth, read=read)
    cache.put("project", *key, project_id=project_id)
    return project_id


def _read_projects(document: JsonValue, iam: str) -> dict[str, str]:
    """Return the projects' names by their ids."""
    projects = _read_object(document).get("projects")
    if not isinstance(projects, list):
        raise ReplyError(f"the response from {iam} contains no list of projects")
    return {
        project_id: str(project.get("name"))
        for project in map(_read_object, projects)
        if _is_id(project_id := project.get("id"))
    }


def _choose_project(found: Mapping[str, str], region: str, iam: str) -> str:
    if len(found) != 1:
        names = [f"{clip(name)} ({project_id})" for project_id, name in found.items()]
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if names[_NAMES_SHOWN:] else "")
        raise SettingsError(
            f"{iam} has {len(found) or 'no'} projects named {region}"
            + (f": {shown}" if shown else ""),
            hint="set CASJOB_PROJECT_ID to the project's id, which the console shows under My"
            " Credentials; is the region spelled right?",
        )
    return next(iter(found))


class Login(Credential):
    """An IAM user's name and password, which get a token that is kept until it expires.

    A kept token is renewed once if it is refused. One that this run got is not, and a refused
    password is not sent again: five failures lock an account.

    Args:
        domain_name: the account that the user belongs to.
        origin: where these come from, as people name it.
        region: the name of the project that the token is for.
        project_id: its id, if that is known.
        cache: where a token is kept between runs.
    """

    def __init__(
        self,
        user_name: str,
        password: str,
        domain_name: str,
        *,
        origin: str,
        iam: Client,
        region: str | None,
        project_id: str | None,
        cache: Cache,
    ) -> None:
        self._user_name = user_name
        self._password = password
        self._domain_name = domain_name
        self._origin = origin
        self._iam = iam
        self._project = {"id": project_id} if project_id else {"name": region}
        self._key = (iam.url, domain_name, user_name, project_id or region or "")
        self._cache = cache
        self._token = ""
        self._expires: datetime | None = None
        self._is_fresh = False
        self._refused = ""
        self._refusal: AuthenticationError | None = None
        # Pages are fetched side by side; the first one gets the token for all.
        self._lock = threading.Lock()

    @property
    def account(self) -> str:
        """The account and the user in it."""
        return f"{self._domain_name}/{self._user_name}"

    @property
    def refusal_hint(self) -> str:
        """What to check if the service refuses a token that IAM has just issued."""
        return (
            f"IAM accepts the login from {self._origin}, but the service refuses the token: is the"
            " region right?"
        )

    def log_in(self) -> None:
        """Get a token, so that a wrong password is an error by itself."""
        self._get_token()

    def sync_auth_flow(self, request: httpx.Request) -> Flow:
        """Add the token, a new one if it is about to expire or the kept one is refused."""
        token = request.headers["X-Auth-Token"] = self._get_token()
        response = yield request
        if response.status_code == HTTPStatus.UNAUTHORIZED and (fresh := self._renew(token)):
            # httpx would read its body to the end, however large that is.
            with closing(cast("httpx.SyncByteStream", response.stream)):
                response.stream = httpx.ByteStream(b"")
            request.headers["X-Auth-Token"] = fresh
            yield request

    def _renew(self, token: str) -> str | None:
        """Return another token than the one that was refused, if one may be sent."""
        with self._lock:
            if token == self._token and not self._is_fresh:
                # Forgotten first: neither the next run nor this one shall send it again, even if
                # IAM fails now.
                self._cache.put("token", *self._key)
                self._refused, self._token = token, ""
            self._token = self._token or self._fetch()
            return None if token == self._token else self._token

    def _get_token(self) -> str:
        with self._lock:
            if not self._token or _is_ending(self._expires):
                self._token = self._read_kept() or self._fetch()
            return self._token

    def _read_kept(self) -> str:
        kept = self._cache.get("token", *self._key)
        token, expires = kept.get("token", ""), read_moment(kept.get("expires_at"))
        if not _is_token(token) or token == self._refused:
            return ""
        if expires is None or _is_ending(expires):
            return ""
        self._expires = expires
        self._is_fresh = False
        return token

    def _fetch(self) -> str:
        if self._refusal:
            raise self._refusal
        user = {
            "name": self._user_name,
            "password": self._password,
            "domain": {"name": self._domain_name},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        request = Request(
            "POST",
            "/v3/auth/tokens",
            body={"auth": {"identity": identity, "scope": {"project": self._project}}},
            refusals=_explain_statuses(
                f"{self._iam.name} did not log in {self._user_name} of {self._domain_name}",
                f"the login is from {self._origin}; a wrong one is not sent again, since five"
                " failures lock an account",
            ),
        )
        try:
            token, expires = self._iam.send(request, auth=None, read=self._read_token)
        except AuthenticationError as error:
            self._refusal = error
            raise
        # A new token that seems about to expire, as when this machine's clock is off, is used
        # until it is refused: another login would not get a better one.
        self._expires = None if _is_ending(expires) else expires
        if self._expires:
            self._cache.put("token", *self._key, token=token, expires_at=self._expires.isoformat())
        self._is_fresh = True
        return token

    def _read_token(self, document: JsonValue, response: Response) -> tuple[str, datetime | None]:
        token = response.headers.get("X-Subject-Token", "")
        if not _is_token(token):
            raise ReplyError(f"the response from {self._iam.name} contains no token")
        expires = _read_object(_read_object(document).get("token")).get("expires_at")
        return token, read_moment(expires)


def _explain_statuses(message: str, refusal_hint: str) -> dict[int | str, Refusal]:
    refused = Refusal(AuthenticationError, message, refusal_hint)
    wrong_scope = Refusal(SettingsError, message, "is the region or project right?")
    return {
        HTTPStatus.BAD_REQUEST: wrong_scope,
        HTTPStatus.UNAUTHORIZED: refused,
        HTTPStatus.FORBIDDEN: refused,
        HTTPStatus.NOT_FOUND: wrong_scope,
    }


def _read_object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _is_id(value: JsonValue) -> TypeGuard[str]:
    """Return whether this can be a project's id, which becomes a part of paths and a header."""
    return isinstance(value, str) and bool(re.fullmatch("[A-Za-z0-9_-]{1,128}", value))


def _is_token(value: str) -> bool:
    return bool(re.fullmatch("[!-~]+", value))


def _is_ending(expires: datetime | None) -> bool:
    """Return whether a token is about to expire; one without an end is not."""
    return expires is not None and expires <= datetime.now(UTC) + _RENEW_BEFORE
