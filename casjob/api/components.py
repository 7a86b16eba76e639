"""Requests about a project's components: v3 lists them all, v2 by application."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from casjob.api.client import Client, Request, check_id, quote_path
from casjob.api.errors import WHERE_FROM, Refusals
from casjob.api.jobs import Versions
from casjob.api.pace import Pace
from casjob.api.paging import Identity, OnProgress, Page, check_pages, fetch_list
from casjob.api.response import Response
from casjob.background import run_side_by_side
from casjob.components import (
    Component,
    ComponentHistory,
    Deployment,
    Fields,
    Listing,
    list_components,
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
from casjob.job.detail import ComponentIdentity, Place
from casjob.json_text import JsonValue, encode, read_text

PERMISSION = "servicestage:app:list"
"""The permission to list components; showing jobs may not require it."""

PAGE_SIZE = 100  # of every list but a job's tasks; the most that the API documents

APPLICATIONS_AT_A_TIME = 2
"""The third refusal in a row ends a listing: four at most are sent, as five lock a key."""
BURST, RATE = 140.0, 1 / 6
"""Of requests in a listing of v2, one an application: with the other requests of a command, fewer
than 200 in any 5 minutes."""

_GONE = "SVCSTG.00100401"
"""With HTTP 401 for a component that was deleted, though documented as "not authenticated"."""

_MAX_REFUSED = 3
"""Refusals in a row with HTTP 401: five of them lock an access key."""

# Two items with the same id may be in two environments: only what is equal in everything is one.
_IDENTITY = Identity[Fields](lambda _: None, encode)


class _Fetched(NamedTuple):
    """A list as it was sent, each item once, though `duplicates` came more often.

    Of others, so many as are `missing`, the service sent only the count.
    """

    items: tuple[Fields, ...]
    missing: int
    duplicates: int
    as_of: datetime

    def notes(self, what: str) -> tuple[str, ...]:
        """Return what does not add up, in sentences."""
        twice = f"{self.duplicates} {what}{'' if self.duplicates == 1 else 's'}"
        notes = {
            f"the service counts {self.missing} more than it sent": self.missing,
            f"the service sent {twice} more than once; each is shown once": self.duplicates,
        }
        return tuple(note for note, number in notes.items() if number)


class Components:
    """The components of one project, in the first of some API versions that the service has.

    `by_job` has the places of the jobs that were listed with them.
    """

    def __init__(self, client: Client, *, versions: Versions, where: str) -> None:
        self.by_job: dict[str, Place] = {}
        self._names: Counter[str | None] = Counter()
        self._client = client
        self._versions = versions
        self._where = where

    def list_components(
        self, application: str | None = None, *, on_progress: OnProgress
    ) -> Listing:
        """List the components of the project, or of its application with a name or an id."""
        lists = {"v2": self._list_v2, "v3": self._list_v3}
        return self._versions.call(lambda version: lists[version](application, on_progress))

    def list_instances(self, *, on_progress: OnProgress) -> Listing:
        """List the components by their instances, as v2 does; none where only v3 is there."""
        if self._versions.may_be("v2"):
            return self._list_v2(None, on_progress)
        return list_components([], 0, datetime.now(UTC), ())

    def fetch_component(self, component: Component) -> Component:
        """Return a component that was listed as it is now, with its details in v3.

        Raises:
            ComponentNotFoundError: it is gone.
        """
        refusals = self._refuse_one(component)
        if self._versions.current == "v3":
            request = self._request("v3", *_path_of(component), refusals=refusals)
            now = self._client.send(request, lambda document, _: refresh(component, document))
        else:
            named = {"id": component.application_id, "name": component.application_name}
            components = _read_overviews(self._fetch_overviews(named), named)
            found = [each for each in components if each.ids == component.ids]
            if not found:
                raise refusals[HTTPStatus.NOT_FOUND]
            now = found[0]
        self._note_jobs(now, now.last_job_id)
        return now

    def fetch_history(self, component: Component, *, on_progress: OnProgress) -> ComponentHistory:
        """Return the deployments of a component that was listed.

        Raises:
            ComponentNotFoundError: it is gone.
        """
        # v3 may be back: that it was not there is remembered for a day.
        if not self._versions.may_be("v3"):
            return ComponentHistory(component)
        path = "v3", *_path_of(component), "records"
        refusals = self._refuse_one(component)
        try:
            fetched = self._fetch(*path, refusals=refusals, on_progress=on_progress)
        except NoSuchApiError:
            return ComponentHistory(component)
        deployments = sort_newest_first([Deployment.model_validate(each) for each in fetched.items])
        for each in deployments:
            self._note_jobs(component, *each.job_ids)
        return ComponentHistory(
            component,
            deployments,
            total=len(deployments) + fetched.missing,
            is_complete=not fetched.missing,
            notes=fetched.notes("deployment"),
        )

    def _note_jobs(self, component: Component, *job_ids: str | None) -> None:
        identity = ComponentIdentity(
            component.component_id,
            component.name,
            component.application_name,
            component.environment_name,
        )
        is_only = self._names[component.name] <= 1
        named = component.name if is_only else component.component_id
        good_run_of = named if component.is_available else None
        place = Place(component=identity, good_run_of=good_run_of)
        self.by_job |= {job_id: place for job_id in job_ids if job_id}

    def _list_v3(self, application: str | None, on_progress: OnProgress) -> Listing:
        fetched = self._fetch(
            "v3", "components", refusals=self._refuse_all(), on_progress=on_progress
        )
        components = [Component.model_validate(each) for each in fetched.items]
        self._names = Counter(each.name for each in components)
        if application is not None:
            # Its own filter takes only a name; whether that must match exactly is not documented.
            names = [(each.application_id, each.application_name) for each in components]
            if set(names) == {(None, None)}:
                raise ReplyError(
                    "the service does not say which application a component belongs to",
                    hint="leave out --application, and give the component's id",
                )
            components = [
                each for each, named in zip(components, names, strict=True) if application in named
            ]
        return self._list(components, fetched)

    def _list_v2(self, application: str | None, on_progress: OnProgress) -> Listing:
        pace = Pace(burst=BURST, rate=RATE).wait
        fetched = self._fetch("v2", "applications", refusals=self._refuse_all(), pace=pace)
        applications = [
            each
            for each in fetched.items
            if application in {None, *map(read_text, (each.get("id"), each.get("name")))}
        ]
        # Each takes a request of its own.
        check_pages(len(applications))

        def fetch(application: Fields) -> _Fetched | ComponentNotFoundError:
            try:
                return self._fetch_overviews(application, pace)
            except ComponentNotFoundError as error:
                return error

        calls = [partial(fetch, each) for each in applications]
        results = run_side_by_side(calls, APPLICATIONS_AT_A_TIME)
        components: list[Component] = []
        missing, duplicates = fetched.missing, fetched.duplicates
        gone: list[str] = []
        refused = 0
        for number, (each, result) in enumerate(zip(applications, results, strict=True), 1):
            if isinstance(result, ComponentNotFoundError):
                refused += isinstance(result, ComponentDeletedError)
                if refused == _MAX_REFUSED:
                    raise result
                gone.append(result.message)
            else:
                refused = 0
                components += _read_overviews(result, each)
                missing += result.missing
                duplicates += result.duplicates
            on_progress(number, len(applications), "applications")
        notes = [f"{gone[0]}{f', and {len(gone) - 1} more' if gone[1:] else ''}"] if gone else []
        fetched = fetched._replace(missing=missing, duplicates=duplicates)
        return self._list(components, fetched, *notes)

    def _list(self, components: list[Component], fetched: _Fetched, *notes: str) -> Listing:
        for each in components:
            self._note_jobs(each, each.last_job_id)
        notes = fetched.notes("component") + notes
        return list_components(components, fetched.missing, fetched.as_of, notes)

    def _fetch_overviews(
        self, application: Mapping[str, JsonValue], pace: Callable[[], None] = lambda: None
    ) -> _Fetched:
        """Fetch the components of an application in v2."""
        application_id = check_id(application.get("id"), "an application")
        name = read_text(application.get("name")) or application_id
        path = "v2", "applications", application_id, "components", "overviews"
        refusals = self._refuse_gone(f"application {name}", "list the components")
        return self._fetch(*path, name="components", refusals=refusals, pace=pace)

    def _fetch(
        self,
        *path: str,
        name: str | None = None,
        refusals: Refusals,
        pace: Callable[[], None] = lambda: None,
        on_progress: OnProgress = lambda _received, _total: None,
    ) -> _Fetched:
        """Fetch all pages of a list, which is named in a reply as the path ends, or otherwise."""
        moments = [datetime.now(UTC)]
        # What has a first page is there.
        later: Refusals = {HTTPStatus.FORBIDDEN: refusals[HTTPStatus.FORBIDDEN]}

        def read(document: JsonValue, response: Response) -> Page[Fields]:
            moments.append(response.date or moments[0])
            items, total = read_list(document, name or path[-1])
            return Page(tuple(items), total)

        def fetch_page(offset: int, limit: int) -> Page[Fields]:
            pace()
            params = {"limit": str(limit), "offset": str(offset)}
            known = later if offset else refusals
            return self._client.send(self._request(*path, params=params, refusals=known), read)

        whole = fetch_list(
            fetch_page, page_size=PAGE_SIZE, identity=_IDENTITY, on_progress=on_progress
        )
        items = {encode(each): each for each in whole.items}
        return _Fetched(
            tuple(items.values()),
            missing=max(0, (whole.total or 0) - len(whole.items)),
            duplicates=len(whole.items) - len(items),
            as_of=moments[-1],
        )

    def _request(
        self, version: str, *path: str, refusals: Refusals, params: dict[str, str] | None = None
    ) -> Request:
        url = quote_path(version, self._client.project_id, "cas", *path)
        return Request("GET", url, params, refusals=refusals)

    def _refuse_all(self) -> Refusals:
        missing = NoSuchApiError(
            f"there is no list of components in {self._where}",
            hint=f"a wrong endpoint, project or region is the usual cause; {WHERE_FROM}",
        )
        forbidden = self._forbid("list the components")
        return {HTTPStatus.FORBIDDEN: forbidden, HTTPStatus.NOT_FOUND: missing}

    def _refuse_one(self, component: Component) -> Refusals:
        name = f"component {component.label}"
        return self._refuse_gone(name, f"see {name}")

    def _refuse_gone(self, what: str, doing: str) -> Refusals:
        gone = f"{what} no longer exists in {self._where}"
        hint = "casjob list lists all components"
        return {
            HTTPStatus.FORBIDDEN: self._forbid(doing),
            HTTPStatus.NOT_FOUND: ComponentNotFoundError(gone, hint=hint),
            _GONE: ComponentDeletedError(gone, hint=hint),
        }

    def _forbid(self, doing: str) -> ForbiddenError:
        needed = f"which requires the permission {PERMISSION}"
        return ForbiddenError(f"not allowed to {doing} in {self._where}, {needed}")


def _read_overviews(overviews: _Fetched, application: Mapping[str, JsonValue]) -> list[Component]:
    return [each for one in overviews.items for each in read_overview(one, application)]


def _path_of(component: Component) -> tuple[str, ...]:
    application_id = check_id(component.application_id, "an application")
    component_id = check_id(component.component_id, "a component")
    return "applications", application_id, "components", component_id
