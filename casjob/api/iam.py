"""IAM: logs in with a password, and looks up a project's id by a region's name."""

import re
import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import cast

import httpx

from casjob.api.auth import Credential, Flow
from casjob.api.client import Client, Request, is_id
from casjob.api.errors import Refusals
from casjob.api.response import Response
from casjob.durations import is_ending
from casjob.errors import AuthenticationError, ReplyError, SettingsError
from casjob.job.failures import clip
from casjob.json_text import JsonValue, read_moment
from casjob.storage import Cache

_RENEW_BEFORE = timedelta(minutes=5)
"""How long before its end a token is renewed. It is valid for 24 hours."""

_PROJECT_HINT = (
    "set CASJOB_PROJECT_ID to the project's id, which the console shows under My Credentials"
)
_NAMES_SHOWN = 10  # of the projects found; an account may have hundreds


def find_project_id(iam: Client, region: str, auth: Credential, cache: Cache) -> str:
    """Return the id of the region's project, which has its name: from the cache, or from IAM.

    Raises:
        SettingsError: there is no project of that name, or several.
    """
    key = (iam.url, region, auth.account)
    kept = cache.get("project", *key).get("project_id", "")
    if is_id(kept):
        return kept

    def read(document: JsonValue, _: Response) -> str:
        return _choose_project(_read_projects(document, iam.name), region, iam.name)

    message = f"{iam.name} did not list the projects"
    # Authenticated, but not allowed to list them: another credential of the user's is no help.
    forbidden = AuthenticationError(message, hint=_PROJECT_HINT)
    refusals = {**_explain_statuses(message, auth.refusal_hint), 403: forbidden}
    request = Request("GET", "/v3/projects", {"name": region}, auth=auth, refusals=refusals)
    project_id = iam.send(request, read)
    cache.put("project", *key, project_id=project_id)
    return project_id


def _read_projects(document: JsonValue, iam: str) -> dict[str, str]:
    """Return the names of the projects in a reply by their ids."""
    # Imported while the reply is on its way.
    from casjob.job.models import Project

    sent = document.get("projects") if isinstance(document, dict) else None
    if not isinstance(sent, list):
        raise ReplyError(f"the response from {iam} contains no list of projects")
    projects = [Project.model_validate(each) for each in sent if isinstance(each, dict)]
    return {each.id: str(each.name) for each in projects if each.id and is_id(each.id)}


def _choose_project(found: Mapping[str, str], region: str, iam: str) -> str:
    if len(found) == 1:
        return next(iter(found))
    names = [f"{clip(name)} ({project_id})" for project_id, name in found.items()]
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if names[_NAMES_SHOWN:] else "")
    raise SettingsError(
        f"{iam} has {len(found) or 'no'} projects named {region}" + (f": {shown}" if shown else ""),
        hint=f"{_PROJECT_HINT}; is the region spelled right?",
    )


class Login(Credential):
    """An IAM user's name and password, which get a token that is kept until it expires.

    A kept token is renewed once if it is refused. One that this run got is not, and a refused
    password is not sent again: five failures lock an account. The token is for a project, by its
    id, or by its name, which is the region's.
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
        self.account = f"{domain_name}/{user_name}"
        self.refusal_hint = (
            f"IAM accepts the login from {origin}, but the service refuses the token: is the"
            " region right?"
        )
        user = {"name": user_name, "password": password, "domain": {"name": domain_name}}
        identity = {"methods": ["password"], "password": {"user": user}}
        project = {"id": project_id} if project_id else {"name": region}
        self._request = Request(
            "POST",
            "/v3/auth/tokens",
            body={"auth": {"identity": identity, "scope": {"project": project}}},
            refusals=_explain_statuses(
                f"{iam.name} did not log in {user_name} of {domain_name}",
                f"the login is from {origin}; a wrong one is not sent again, since five failures"
                " lock an account",
            ),
        )
        self._iam = iam
        self._cache = cache
        self._key = (iam.url, domain_name, user_name, project_id or region or "")
        self._token = ""
        self._expires: datetime | None = None
        self._is_fresh = False
        self._refused = ""
        self._refusal: AuthenticationError | None = None
        # Pages are fetched side by side; the first one gets the token for all.
        self._lock = threading.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Flow:
        """Add the token, a new one if it is about to expire or the kept one is refused."""
        token = request.headers["X-Auth-Token"] = self.get_token()
        response = yield request
        if response.status_code == HTTPStatus.UNAUTHORIZED and (fresh := self._renew(token)):
            # httpx would read its body to the end, however large that is.
            with closing(cast("httpx.SyncByteStream", response.stream)):
                response.stream = httpx.ByteStream(b"")
            request.headers["X-Auth-Token"] = fresh
            yield request

    def get_token(self) -> str:
        """Return a token. Called by itself, it makes a wrong password an error by itself."""
        with self._lock:
            if not self._token or is_ending(self._expires, _RENEW_BEFORE):
                self._token = self._read_kept() or self._log_in()
            return self._token

    def _renew(self, token: str) -> str | None:
        """Return another token than the one that was refused, if one may be sent."""
        with self._lock:
            if token == self._token and not self._is_fresh:
                # Forgotten first: neither the next run nor this one shall send it again, even if
                # IAM fails now.
                self._cache.put("token", *self._key)
                self._refused, self._token = token, ""
            self._token = self._token or self._log_in()
            return None if token == self._token else self._token

    def _read_kept(self) -> str:
        kept = self._cache.get("token", *self._key)
        token, expires = kept.get("token", ""), read_moment(kept.get("expires_at"))
        is_valid = (
            _is_token(token) and expires is not None and not is_ending(expires, _RENEW_BEFORE)
        )
        if not is_valid or token == self._refused:
            return ""
        self._expires, self._is_fresh = expires, False
        return token

    def _log_in(self) -> str:
        if self._refusal:
            raise self._refusal
        try:
            token, expires = self._iam.send(self._request, self._read_token)
        except AuthenticationError as error:
            self._refusal = error
            raise
        # A new token that seems about to expire, as when this machine's clock is off, is used
        # until it is refused: another login would not get a better one.
        self._expires = None if is_ending(expires, _RENEW_BEFORE) else expires
        if self._expires:
            self._cache.put("token", *self._key, token=token, expires_at=self._expires.isoformat())
        self._is_fresh = True
        return token

    def _read_token(self, document: JsonValue, response: Response) -> tuple[str, datetime | None]:
        from casjob.job.models import Token

        token = response.headers.get("X-Subject-Token", "")
        if not _is_token(token):
            raise ReplyError(f"the response from {self._iam.name} contains no token")
        sent = document.get("token") if isinstance(document, dict) else None
        expires = Token.model_validate(sent).expires_at if isinstance(sent, dict) else None
        return token, expires


def _explain_statuses(message: str, refusal_hint: str) -> Refusals:
    refused = AuthenticationError(message, hint=refusal_hint)
    wrong_scope = SettingsError(message, hint="is the region or project right?")
    return {400: wrong_scope, 401: refused, 403: refused, 404: wrong_scope}


def _is_token(value: str) -> bool:
    return bool(re.fullmatch("[!-~]+", value))
