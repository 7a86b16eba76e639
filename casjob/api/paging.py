"""Fetches all of a job's tasks, or a window of them, page by page."""

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

from casjob.background import run_aside
from casjob.job.models import JobDetail, Task
from casjob.job.source import Window
from casjob.json_text import encode

PAGE_SIZE = 50
"""Tasks a page. The API's default is 20, it documents no maximum, and Terraform sends 50."""

PAGES_AT_A_TIME = 4
"""The gateway throttles an address at 5 requests a second (seen with APIGW.0308)."""

_CHANGING = {"LAST_HEALTH_CHECK", "MESSAGES", "OWNER_ID", "TASK_STATUS", "UPDATE_AT"}
"""The fields of a task that change while it runs."""

FetchPage = Callable[[int, int], JobDetail]
"""Fetches `limit` tasks from `offset` on: `fetch_page(offset, limit)`."""


def fetch_window(
    fetch_page: FetchPage,
    window: Window,
    *,
    on_progress: Callable[[int, int | None], None],
) -> JobDetail:
    """Fetch the tasks in a window, the pages after the first side by side.

    A page may hold fewer tasks than asked for, as a server may cap it: the next one begins where
    it ended. A count that is missing, or smaller than the tasks that came, is not trusted: then
    page follows page. A page without a new task is the last one, so that a server that ignores
    the offset is not asked for ever. A task that comes twice is kept once, in its newer state,
    and named in `duplicates`.

    Args:
        fetch_page: fetches one page.
        window: what to fetch.
        on_progress: gets how many tasks came so far, of how many if that is known.
    """
    end = window.offset + window.limit if window.limit else sys.maxsize
    first = fetch_page(window.offset, min(PAGE_SIZE, end - window.offset))
    pages = _Pages(window.offset, end, first)
    on_progress(pages.came, pages.count)
    running: dict[Future[JobDetail], int] = {}
    while True:
        at_a_time = PAGES_AT_A_TIME if pages.is_count_plausible and not pages.may_be_all else 1
        while len(running) < at_a_time and (part := pages.reserve()):
            start, limit = part
            running[run_aside(partial(fetch_page, start, limit))] = start
        if not running:
            return pages.join()
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            pages.add(running.pop(future), future.result())
            on_progress(pages.came, pages.count)


class _Pages:
    """The pages that came, by the task that each begins with, and which are still missing.

    Args:
        offset: the task that the window begins with.
        end: the task after its last one.
        first: the page that begins it; the others are as large.
    """

    def __init__(self, offset: int, end: int, first: JobDetail) -> None:
        self.count: int | None = None
        self._offset = offset
        self._end = end
        self._size = end - offset
        self._first = first
        self._pages: dict[int, JobDetail] = {}
        # Where each page ends; one that is under way is expected to be full.
        self._stops: dict[int, int] = {}
        self._known: set[str] = set()
        self.add(offset, first)

    @property
    def came(self) -> int:
        """How many tasks came so far."""
        return sum(len(page.tasks) for page in self._pages.values())

    @property
    def is_count_plausible(self) -> bool:
        """Whether the service sends a count, and not less than the tasks that came."""
        reached = max(start + len(page.tasks) for start, page in self._pages.items())
        return self.count is not None and self.count >= reached

    @property
    def may_be_all(self) -> bool:
        """Whether the only page so far is short: a capped one, or all that there is."""
        return len(self._pages) == 1 and len(self._first.tasks) < PAGE_SIZE

    def add(self, start: int, page: JobDetail) -> None:
        """Take in the page that begins with a record."""
        self._stops[start] = start + len(page.tasks)
        # A job may get more tasks while it is fetched.
        counts = (self.count, page.task_count)
        self.count = max((count for count in counts if count is not None), default=None)
        found = {_identify(task) for task in page.tasks}
        if found <= self._known:
            # There is nothing from here on, whatever the count is. Tasks without an id are
            # not duplicates by themselves, but those of a page that repeats another are.
            self._end = min(self._end, start)
            tasks = tuple(task for task in page.tasks if task.task_id)
            page = page.model_copy(update={"tasks": tasks})
        self._known |= found
        self._pages[start] = page

    def reserve(self) -> tuple[int, int] | None:
        """Return offset and limit of a missing page, which is to be fetched now, or None."""
        start = self._offset
        for each, stop in sorted(self._stops.items()):
            if each > start:
                break
            start = max(start, stop)
        if start >= self._end or (self.is_count_plausible and start >= (self.count or 0)):
            return None
        later = (each for each in self._stops if each > start)
        # As long as the first page, so that pages fetched side by side leave no gap.
        size = min(len(self._first.tasks), PAGE_SIZE)
        self._stops[start] = min(start + size, self._end, *later)
        return start, self._stops[start] - start

    def join(self) -> JobDetail:
        """Return the whole.

        Its job is that of the first page, so that no task is older than the job's status: once
        the job has ended, the tasks are final.
        """
        tasks, duplicates = _merge(self._pages[start] for start in sorted(self._pages))
        *_, newest = self._pages.values()
        return self._first.model_copy(
            update={
                "tasks": tasks[: self._size],
                "duplicates": duplicates,
                "task_count": self.count,
                "as_of": newest.as_of,
            }
        )


def _identify(task: Task) -> str:
    """Return what identifies a task: its id, or else all that does not change."""
    fields = {name: value for name, value in task.sent.items() if name not in _CHANGING}
    return task.task_id or encode(fields)


def _merge(pages: Iterable[JobDetail]) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    merged: dict[object, Task] = {}
    duplicates = []
    for page in pages:
        for task in page.tasks:
            # Two tasks without an id may look alike.
            key = task.task_id or id(task)
            known = merged.setdefault(key, task)
            if known is not task:
                duplicates.append(str(key))
                merged[key] = max(known, task, key=_freshness)
    return tuple(merged.values()), tuple(duplicates)


def _freshness(task: Task) -> float:
    return task.last_health_check.timestamp() if task.last_health_check else 0.0
