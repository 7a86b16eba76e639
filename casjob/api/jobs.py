"""Requests about jobs to ServiceStage's CAS service."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from casjob.api.client import Client, Request, quote_path
from casjob.api.paging import Identity, OnProgress, Page, fetch_list
from casjob.api.response import Response
from casjob.errors import ForbiddenError, JobNotFoundError, NoSuchApiError, ReplyTooLargeError
from casjob.job.detail import JobDetail, Place, Window
from casjob.json_text import JsonValue, encode

if TYPE_CHECKING:
    from casjob.api.builds import Builds
    from casjob.api.components import Components
    from casjob.api.errors import Refusals
    from casjob.job.models import Task

PAGE_SIZE = 50
"""Tasks a page. The API's default is 20, it documents no maximum, and Terraform sends 50."""

_CHANGING = {"LAST_HEALTH_CHECK", "MESSAGES", "OWNER_ID", "TASK_STATUS", "UPDATE_AT"}
"""The fields of a task that change while it runs."""


_LISTED = (
    "the project is right, as a component is listed with this job; the job may have been removed"
)
"""The hint about a job that is listed: neither its project nor its region is wrong."""

_Value = TypeVar("_Value")


class Versions:
    """The versions of the API that may be used, the preferred one first.

    Once the gateway says that one is not there, the next is used; `remember` gets it if it is.
    """

    def __init__(self, *versions: str, remember: Callable[[str], None] = lambda _: None) -> None:
        self._left = versions
        self._known = versions[0]
        self._remember = remember

    @property
    def current(self) -> str:
        """The version to use."""
        return self._left[0]

    def may_be(self, version: str) -> bool:
        """Return whether a version may be used, now or where others are not there."""
        return version in self._left

    def call(self, request: Callable[[str], _Value]) -> _Value:
        """Return what a request returns that gets a version, the next one where it is not there."""
        while True:
            version, *others = self._left
            try:
                value = request(version)
            except NoSuchApiError:
                if not others:
                    raise
                # Other threads find the same.
                self._left = tuple(others)
                continue
            if version != self._known:
                self._known = version
                self._remember(version)
            return value


class ServiceStage:
    """The client's project in the CAS service.

    The demo has sample jobs that need not have been viewed to be known; the first is meant where no
    job is named and none was viewed. A job that is not found is explained by its id. Jobs and
    components may prefer different versions of the API.
    """

    def __init__(
        self,
        client: Client,
        *,
        versions: Versions = Versions("v2"),  # noqa: B008 - it never changes
        location: str | None = None,
        region: str | None = None,
        explain_not_found: Callable[[str], str] = lambda _: "does it belong to this project?",
        component_versions: Versions | None = None,
        sample_job_ids: tuple[str, ...] = (),
    ) -> None:
        self.endpoint = client.url
        self.project_id = client.project_id
        self.location = location or urlsplit(client.url).netloc
        self.sample_job_ids = sample_job_ids
        self._where = f"project {self.project_id} ({self.location})"
        self._region = region
        self._client = client
        self._versions = versions
        self._component_versions = component_versions or versions
        self._explain_not_found = explain_not_found

    @cached_property
    def components(self) -> "Components":
        """The components that the jobs belong to."""
        from casjob.api.components import Components

        return Components(
            self._client,
            versions=self._component_versions,
            where=self._where,
        )

    @cached_property
    def builds(self) -> "Builds":
        """The builds of the project's components."""
        from casjob.api.builds import Builds

        return Builds(self._client, self._where)

    def fetch_job(
        self,
        job_id: str,
        window: Window = Window(),
        *,
        on_progress: OnProgress = lambda *_: None,
    ) -> JobDetail:
        """Fetch a job with all of its tasks, or those in a window.

        The job is that of the first page, so that no task is older than the job's status: once the
        job has ended, the tasks are final.
        """
        pages: dict[int, JobDetail] = {}

        def fetch_page(offset: int, limit: int) -> "Page[Task]":
            fetch = partial(self._request_page, job_id, window, offset, limit)
            detail = pages[offset] = self._versions.call(fetch)
            return Page(detail.tasks, detail.task_count)

        identity = Identity(lambda task: task.task_id, _describe_task)
        try:
            tasks, total = fetch_list(
                fetch_page,
                page_size=PAGE_SIZE,
                identity=identity,
                on_progress=on_progress,
                offset=window.offset,
                limit=window.limit,
            )
        except ReplyTooLargeError as error:
            if window.limit is None:
                error.hint = "casjob tasks --limit 5 requests fewer tasks"
            raise
        *_, newest = pages.values()
        place = self._find_place(job_id) or Place()
        first, next_status = pages[window.offset], newest.job.execution_status
        merged = first._replace(
            tasks=tasks,
            task_count=total,
            as_of=newest.as_of,
            place=place._replace(region=self._region, project_id=self.project_id),
            next_status=next_status if next_status != first.job.execution_status else None,
        ).merge_tasks()
        return merged._replace(tasks=merged.tasks[: window.limit])

    def _find_place(self, job_id: str) -> Place | None:
        """Return where a job is, if its component was listed before in this run."""
        return self.components.by_job.get(job_id) if "components" in vars(self) else None

    def _request_page(
        self, job_id: str, window: Window, offset: int, limit: int, version: str
    ) -> JobDetail:
        params = {"limit": str(limit), "offset": str(offset)}
        if window.desc:
            params["desc"] = "true"
        if window.instance_id:
            params["instance_id"] = window.instance_id
        refusals: Refusals = {
            HTTPStatus.FORBIDDEN: ForbiddenError(
                f"not allowed to see job {job_id} in {self._where}",
                hint="that requires the policy ServiceStage ReadOnlyAccess in the project;"
                " casjob config shows where the project is set",
            ),
            HTTPStatus.NOT_FOUND: JobNotFoundError(f"job {job_id} was not found in {self._where}"),
        }
        path = quote_path(version, self.project_id, "cas", "jobs", job_id)
        request = Request("GET", path, params, refusals=refusals)
        try:
            return self._client.send(request, partial(_read_page, is_first=offset == window.offset))
        except JobNotFoundError as error:
            is_listed = self._find_place(job_id) is not None
            error.hint = _LISTED if is_listed else self._explain_not_found(job_id)
            raise


def _read_page(document: JsonValue, response: Response, *, is_first: bool) -> JobDetail:
    # Imported while the reply is on its way.
    from casjob.job.models import read_detail

    as_of = response.date or datetime.now(UTC)
    return read_detail(document, as_of=as_of, needs_job=is_first)


def _describe_task(task: "Task") -> str:
    return encode({name: value for name, value in task.sent.items() if name not in _CHANGING})
