"""Requests about a project's components: v3 lists them all, v2 by application."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from casjob.api.auth import Credential
from casjob.api.client import Client, Request, quote_path
from casjob.api.errors import WHERE_FROM, Refusals
from casjob.api.paging import Identity, OnProgress, Page, check_pages, fetch_list
from casjob.api.response import Response
from casjob.api.versions import Versions
from casjob.background import run_side_by_side
from casjob.components import (
    Component,
    ComponentHistory,
    Deployment,
    Fields,
    Listing,
    read_list,
    read_overview,
    refresh,
    sort_newest_first,
)
from casjob.errors import (
    ComponentDeletedError,
    ComponentNotFoundError,
    ForbiddenError,
    NoSuchApiError,
    ReplyError,
)
from casjob.job.failures import clip
from casjob.json_text import JsonValue, encode, read_text

PERMISSION = "servicestage:app:list"
"""The permission to list components; showing jobs may not require it."""

PAGE_SIZE = 100  # of every list but a job's tasks; the most that the API documents

APPLICATIONS_AT_A_TIME = 4
"""The gateway throttles an address at 5 requests a second (seen with APIGW.0308)."""

_GONE = "SVCSTG.00100401"
"""With HTTP 401 for a component that was deleted, though documented as "not authenticated"."""

_IDENTITY = Identity[Fields](lambda fields: read_text(fields.get("id")), encode)


class _Fetched(NamedTuple):
    """A list as it was sent, and how many of its items were not."""

    items: tuple[Fields, ...]
    missing: int
    as_of: datetime


class Components:
    """The components of one project, in the first of some API versions that the service has."""

    def __init__(
        self,
        client: Client,
        *,
        auth: Credential | None,
        versions: Versions,
        project_id: str,
        location: str,
    ) -> None:
        self._client = client
        self._auth = auth
        self._versions = versions
        self._project_id = project_id
        self._where = f"project {project_id} ({location})"

    def list_components(
        self, application: str | None = None, *, on_progress: OnProgress
    ) -> Listing:
        """List the components of the project, or of its application with a name."""
        lists = {"v2": self._list_v2, "v3": self._list_v3}
        return self._versions.call(lambda version: lists[version](application, on_progress))

    def fetch_component(self, component: Component) -> Component:
        """Return a component that was listed as it is now.

        Raises:
            ComponentNotFoundError: it is gone.
        """
        if self._versions.current == "v3":
            request = self._request(*_path_of(component), refusals=self._refuse_one(component))
            return self._client.send(request, lambda document, _: refresh(component, document))
        application: Fields = {
            "id": component.application_id,
            "name": component.application_name,
        }
        for each in self._list_overviews(application).components:
            if each.ids == component.ids:
                return each
        raise self._refuse_one(component)[HTTPStatus.NOT_FOUND]

    def fetch_history(self, component: Component, *, on_progress: OnProgress) -> ComponentHistory:
        """Return the deployments of a component that was listed.

        Raises:
            ComponentNotFoundError: it is gone.
        """
        if self._versions.current != "v3":
            return ComponentHistory(component, None)
        path = *_path_of(component), "records"
        refusals = self._refuse_one(component)
        try:
            fetched = self._fetch(*path, refusals=refusals, on_progress=on_progress)
        except NoSuchApiError:
            return ComponentHistory(component, None)
        deployments = sort_newest_first([Deployment.model_validate(each) for each in fetched.items])
        return ComponentHistory(component, deployments, len(deployments), fetched.missing)

    def _list_v3(self, application: str | None, on_progress: OnProgress) -> Listing:
        fetched = self._fetch(
            "components",
            params={"application_name": application} if application else {},
            refusals=self._refuse_all(),
            on_progress=on_progress,
        )
        components = map(Component.model_validate, fetched.items)
        # Whether the service matches the name exactly is not documented.
        chosen = [each for each in components if application in {None, each.application_name}]
        return Listing(tuple(chosen), len(chosen), fetched.missing, fetched.as_of)

    def _list_v2(self, application: str | None, on_progress: OnProgress) -> Listing:
        fetched = self._fetch("applications", refusals=self._refuse_all())
        # Each takes a request of its own.
        check_pages(len(fetched.items))
        calls = (
            partial(self._list_overviews, each)
            for each in fetched.items
            if application in {None, read_text(each.get("name"))}
        )
        components: list[Component] = []
        missing = fetched.missing
        for listing in run_side_by_side(calls, APPLICATIONS_AT_A_TIME):
            components += listing.components
            missing += listing.missing
            on_progress(len(components), None)
        return Listing(tuple(components), len(components), missing, fetched.as_of)

    def _list_overviews(self, application: Fields) -> Listing:
        """List the components of an application in v2."""
        application_id = _check_id(application.get("id"), "an application")
        path = "applications", application_id, "components", "overviews"
        refusals: Refusals = {HTTPStatus.FORBIDDEN: self._forbid("list the components")}
        fetched = self._fetch(*path, name="components", refusals=refusals)
        components = [
            component for each in fetched.items for component in read_overview(each, application)
        ]
        return Listing(tuple(components), len(components), fetched.missing, fetched.as_of)

    def _fetch(
        self,
        *path: str,
        name: str | None = None,
        refusals: Refusals,
        params: Mapping[str, str] | None = None,
        on_progress: OnProgress = lambda _received, _total: None,
    ) -> _Fetched:
        """Fetch all pages of a list, which is named in a reply as the path ends, or otherwise."""
        moments = [datetime.now(UTC)]

        def read(document: JsonValue, response: Response) -> Page[Fields]:
            moments.append(response.date or moments[0])
            items, total = read_list(document, name or path[-1])
            return Page(tuple(items), total)

        def fetch_page(offset: int, limit: int) -> Page[Fields]:
            page = {"limit": str(limit), "offset": str(offset), **(params or {})}
            request = self._request(*path, params=page, refusals=refusals)
            return self._client.send(request, read)

        whole = fetch_list(
            fetch_page, page_size=PAGE_SIZE, identity=_IDENTITY, on_progress=on_progress
        )
        missing = max(0, (whole.total or 0) - len(whole.items))
        return _Fetched(whole.items, missing, moments[-1])

    def _request(
        self,
        *path: str,
        refusals: Refusals,
        params: Mapping[str, str] | None = None,
    ) -> Request:
        url = quote_path(self._versions.current, self._project_id, "cas", *path)
        return Request("GET", url, params, auth=self._auth, refusals=refusals)

    def _refuse_all(self) -> Refusals:
        missing = NoSuchApiError(
            f"there is no list of components in {self._where}",
            hint=f"a wrong endpoint, project or region is the usual cause; {WHERE_FROM}",
        )
        forbidden = self._forbid("list the components")
        return {HTTPStatus.FORBIDDEN: forbidden, HTTPStatus.NOT_FOUND: missing}

    def _refuse_one(self, component: Component) -> Refusals:
        gone = f"component {component.label} no longer exists in {self._where}"
        hint = "casjob list lists all components"
        return {
            HTTPStatus.FORBIDDEN: self._forbid(f"see component {component.label}"),
            HTTPStatus.NOT_FOUND: ComponentNotFoundError(gone, hint=hint),
            _GONE: ComponentDeletedError(gone, hint=hint),
        }

    def _forbid(self, doing: str) -> ForbiddenError:
        needed = f"which requires the permission {PERMISSION}"
        return ForbiddenError(f"not allowed to {doing} in {self._where}, {needed}")


def _path_of(component: Component) -> tuple[str, ...]:
    application_id = _check_id(component.application_id, "an application")
    component_id = _check_id(component.component_id, "a component")
    return "applications", application_id, "components", component_id


def _check_id(sent: JsonValue, what: str) -> str:
    """Return an id if it may become a part of a path."""
    if isinstance(sent, str) and re.fullmatch("[A-Za-z0-9_-]{1,128}", sent):
        return sent
    shown = clip(encode(sent))
    raise ReplyError(f"the service sent {shown} as the id of {what}, which is not a valid id")
