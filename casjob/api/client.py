"""Requests to ServiceStage's CAS service."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from casjob.api.auth import Credential
from casjob.api.endpoint import Endpoint, Request
from casjob.api.headers import read_date
from casjob.api.paging import fetch_window
from casjob.api.refusals import Refusal
from casjob.errors import ForbiddenError, JobNotFoundError, ReplyTooLargeError
from casjob.job.models import read_detail
from casjob.job.source import JobDetail, Window
from casjob.json_text import JsonValue

if TYPE_CHECKING:
    from casjob.components import ComponentSource


class ServiceStage:
    """One project of the CAS service.

    Args:
        endpoint: where the service is.
        auth: authenticates each request; None for the demo.
        version: the API version, `v2` or `v3`.
        project_id: the project that the jobs belong to.
        location: the region; by default, the endpoint's host.
        explain_not_found: returns what to check if a job is not found, by the job's id.
        component_versions: those to try for components.
        sample_job_ids: jobs known without having been looked at, such as those of the demo.

    Attributes:
        endpoint: the service's URL.
        project_id: the project that the jobs belong to.
        location: the region, or the endpoint's host.
        sample_job_ids: as given.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        auth: Credential | None,
        version: str = "v2",
        project_id: str,
        location: str | None = None,
        explain_not_found: Callable[[str], str] = lambda _: "does it belong to this project?",
        component_versions: Sequence[str] = ("v3", "v2"),
        sample_job_ids: tuple[str, ...] = (),
    ) -> None:
        self.endpoint = endpoint.url
        self.project_id = project_id
        self.location = location or urlsplit(endpoint.url).netloc
        self.sample_job_ids = sample_job_ids
        self._endpoint = endpoint
        self._auth = auth
        self._version = version
        self._component_versions = component_versions
        self._explain_not_found = explain_not_found

    @cached_property
    def components(self) -> "ComponentSource":
        """The components that the jobs belong to."""
        from casjob.api.components import Components

        return Components(
            self._endpoint,
            auth=self._auth,
            versions=self._component_versions,
            project_id=self.project_id,
            location=self.location,
        )

    def fetch_job(
        self,
        job_id: str,
        window: Window = Window(),
        *,
        on_progress: Callable[[int, int | None], None] = lambda *_: None,
        kept: dict[tuple[int, int], JobDetail] | None = None,
        urgent: bool = False,
    ) -> JobDetail:
        """Fetch a job with all of its tasks, or those in a window.

        Args:
            job_id: the job.
            window: which tasks; by default, all of them.
            on_progress: called with how many tasks were received, and of how many if that is known.
            kept: pages by offset and limit that need not be fetched; fetched ones are added.
            urgent: whether its requests go ahead of others that wait for their turn.

        Raises:
            CasjobError: what went wrong.
        """

        def fetch_page(offset: int, limit: int) -> JobDetail:
            part = offset, limit
            if kept is not None and part in kept:
                return kept[part]
            page = self._fetch_page(job_id, window, offset, limit, urgent=urgent)
            if kept is not None:
                kept[part] = page
            return page

        return fetch_window(
            fetch_page,
            window,
            latency=lambda: self._endpoint.latency,
            on_progress=on_progress,
        )

    def _fetch_page(
        self, job_id: str, window: Window, offset: int, limit: int, *, urgent: bool
    ) -> JobDetail:
        params = {"limit": str(limit), "offset": str(offset)}
        if window.desc:
            params["desc"] = "true"
        if window.instance_id:
            params["instance_id"] = window.instance_id
        where = f"project {self.project_id} ({self.location})"
        request = Request(
            "GET",
            self._path("jobs", job_id),
            params=params,
            refusals={
                HTTPStatus.FORBIDDEN: Refusal(
                    ForbiddenError, f"not allowed to see job {job_id} in {where}"
                ),
                HTTPStatus.NOT_FOUND: Refusal(
                    JobNotFoundError,
                    f"job {job_id} was not found in {where}",
                ),
            },
            urgent=urgent,
        )
        try:
            return self._endpoint.send(request, auth=self._auth, read=_read_page)
        except JobNotFoundError as error:
            error.hint = self._explain_not_found(job_id)
            raise
        except ReplyTooLargeError as error:
            if window.limit is None:
                error.hint = "casjob tasks --limit 5 requests fewer tasks"
            raise

    def _path(self, *parts: str) -> str:
        names = (self._version, self.project_id, "cas", *parts)
        return "".join(f"/{quote(name, safe='')}" for name in names)


def _read_page(document: JsonValue, headers: Mapping[str, str]) -> JobDetail:
    return read_detail(document, as_of=read_date(headers) or datetime.now(UTC))
