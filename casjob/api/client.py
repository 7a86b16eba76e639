"""The service's client: asks for a job, and answers with what the API says of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import httpx

from casjob.api.endpoint import Wire
from casjob.api.paging import fetch_window
from casjob.api.refusals import explain_refusal, now, read_http_date
from casjob.errors import ReplyError
from casjob.job.models import JobDetail
from casjob.job.source import Window
from casjob.json_text import JsonValue


class Version(Protocol):
    """What `v2` and `v3` know of their wire."""

    def job_path(self, project_id: str, job_id: str) -> str:
        """Return the path of a job, after the endpoint."""
        ...

    def read_detail(self, document: JsonValue, *, as_of: datetime) -> JobDetail:
        """Read a reply."""
        ...


class ServiceStage:
    """ServiceStage's CAS service, one project of it.

    Args:
        wire: the way to the service.
        auth: authenticates each request; None for the demo.
        version: the API version's wire, `v2` or `v3`.
        project_id: the project that the jobs belong to.
        place: the region, or the endpoint's host: where a person is told that things happened.
    """

    default_job_id: str | None = None

    def __init__(
        self,
        wire: Wire,
        *,
        auth: httpx.Auth | None,
        version: Version,
        project_id: str,
        place: str,
    ) -> None:
        self.endpoint = wire.endpoint
        self.project_id = project_id
        self._wire = wire
        self._auth = auth
        self._version = version
        self._place = place

    def fetch_job(
        self,
        job_id: str,
        window: Window,
        *,
        on_progress: Callable[[int, int | None], None],
        kept: dict[tuple[int, int], JobDetail] | None = None,
    ) -> JobDetail:
        """Fetch a job with all of its tasks, or those in a window.

        Args:
            job_id: the job.
            window: which tasks.
            on_progress: is told how many tasks came so far, of how many if that is known.
            kept: pages by offset and limit, which need not be fetched; those that come are added.

        Raises:
            CasjobError: what went wrong, as the exit status tells.
        """

        def fetch_page(offset: int, limit: int) -> JobDetail:
            part = offset, limit
            if kept is not None and part in kept:
                return kept[part]
            params = {"limit": str(limit), "offset": str(offset)}
            if window.desc:
                params["desc"] = "true"
            if window.instance_id:
                params["instance_id"] = window.instance_id
            page = self._fetch_page(job_id, params)
            if kept is not None:
                kept[part] = page
            return page

        return fetch_window(fetch_page, window, on_progress=on_progress)

    def _fetch_page(self, job_id: str, params: dict[str, str]) -> JobDetail:
        answer = self._wire.ask(
            "GET",
            self._version.job_path(self.project_id, job_id),
            auth=self._auth,
            place=f"the service in {self._place}",
            params=params,
            explain=lambda refused: explain_refusal(
                refused, job_id=job_id, project_id=self.project_id, place=self._place
            ),
        )
        as_of = read_http_date(answer.headers.get("Date", "")) or now()
        try:
            return self._version.read_detail(answer.document, as_of=as_of)
        except ReplyError as error:
            raise answer.conceal(error) from None
