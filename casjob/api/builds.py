"""Requests about builds and their logs, to "Historical APIs / Build APIs".

Nothing but the documented GETs is ever sent: on paths nearby, a GET cancels a build.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from casjob.api.client import Client, Request, check_id, quote_path
from casjob.builds.log_text import LogPart, LogReader, Phase, mask_passwords
from casjob.builds.models import Build, BuildJob
from casjob.errors import (
    WRONG_ENDPOINT,
    BuildNotFoundError,
    ForbiddenError,
    NoSuchApiError,
    ReplyError,
)
from casjob.job.failures import clip
from casjob.json_text import JsonValue, map_texts, read_text, read_whole_number

if TYPE_CHECKING:
    from casjob.api.errors import Refusals

PAGE_SIZE = 20
"""Of lists; the one in the documented example."""
MAX_PAGES = 100
"""Of a list: a server may repeat or invent items for ever."""

_CONSOLE = "the console shows the build's log, under the component's builds"
_NOT_UNDERSTOOD = "the service's reply about builds can't be understood"


class Builds:
    """The builds of one project. Each method raises a CasjobError that says what went wrong."""

    def __init__(self, client: Client, where: str) -> None:
        self._client = client
        self._where = where

    def find_jobs(self, name: str) -> list[BuildJob]:
        """Return the build jobs with this very name."""
        # Whether the service matches the name exactly is not documented.
        jobs = self._list("job_id", "jobs", job_name=name)
        job_ids = [job_id for job_id, sent in jobs.items() if sent.get("job_name") == name]
        return [self._fetch_job(job_id) for job_id in job_ids]

    def _fetch_job(self, job_id: str) -> BuildJob:
        sent = self._get("jobs", job_id, missing=f"build job {clip(job_id)}")
        return BuildJob(job_id, read_text(sent.get("last_build_id")) or None)

    def list_builds(self, job_id: str) -> list[str]:
        """Return the ids of all builds of a build job, in the service's order."""
        return list(self._list("build_id", "jobs", job_id, "builds"))

    def fetch_build(self, build_id: str) -> Build:
        """Return a build."""
        sent = self._get("builds", build_id, missing=f"build {clip(build_id)}")
        return Build.model_validate(map_texts(sent, mask_passwords))

    def open_log(self, build_id: str) -> LogReader:
        """Return what reads the log of a build."""
        return LogReader(partial(self._fetch_part, build_id))

    def _fetch_part(self, build_id: str, position: int) -> LogPart:
        """Return the part of a log from a position on."""
        path = "builds", build_id, "logs"
        sent = self._get(*path, params={"from": str(position)}, missing=f"build {clip(build_id)}")
        names, states = (
            (read_text(sent.get(key)) or "").split(",") for key in ("phases", "phase_states")
        )
        phases = (Phase(*map(str.strip, each)) for each in zip(names, states, strict=False))
        return LogPart(
            read_text(sent.get("buildlog")) or "",
            read_whole_number(sent.get("next")),
            tuple(phase for phase in phases if phase.name),
        )

    def _list(self, key: str, *path: str, **params: str) -> dict[str, dict[str, JsonValue]]:
        """Return the objects of all pages of a list, by the value of a key."""
        found: dict[str, dict[str, JsonValue]] = {}
        for page in range(1, MAX_PAGES + 1):
            query = {"page": str(page), "per_page": str(PAGE_SIZE), **params}
            sent = self._get(*path, params=query, missing="the list of builds")
            items = sent.get("list", "missing")
            if items is None:
                # So Go writes an empty one.
                items = []
            if not isinstance(items, list):
                raise ReplyError("the service's reply holds no list of builds", hint=WRONG_ENDPOINT)
            objects = [_read_object(each) for each in items]
            named = {read_text(each.get(key)): each for each in objects}
            new = {name: each for name, each in named.items() if name and name not in found}
            found |= new
            total = read_whole_number(sent.get("total"))
            if not new or (total is not None and len(found) >= total):
                return found
        raise BuildNotFoundError(
            f"there are more than {len(found)} builds, the most that casjob lists",
            hint="name one with --build",
        )

    def _get(
        self, *path: str, params: Mapping[str, str] | None = None, missing: str
    ) -> dict[str, JsonValue]:
        refusals: Refusals = {
            HTTPStatus.FORBIDDEN: ForbiddenError(
                f"not allowed to read builds in {self._where}",
                hint="ask for ServiceStage ReadOnlyAccess (the exact permission is not documented)",
            ),
            HTTPStatus.NOT_FOUND: BuildNotFoundError(
                f"{missing} was not found in {self._where}", hint=_CONSOLE
            ),
        }
        names = path[:1] + tuple(check_id(each, "a build") for each in path[1:2]) + path[2:]
        url = quote_path("assembling", "v1", *names)
        request = Request("GET", url, params, refusals=refusals)
        try:
            return self._client.send(request, lambda document, _: _read_object(document))
        except NoSuchApiError as error:
            raise BuildNotFoundError(
                f"{self._client.name} has no API for builds",
                service_message=error.service_message,
                hint=_CONSOLE,
            ) from None


def _read_object(document: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(document, dict):
        raise ReplyError(f"{_NOT_UNDERSTOOD}: it is not an object")
    return {name.lower(): value for name, value in document.items()}
