"""Fetches a list page by page: a job's tasks, or what else the service lists."""

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from casjob.background import run_aside, run_interruptibly
from casjob.job.models import Task
from casjob.job.source import JobDetail, Window
from casjob.json_text import encode

PAGE_SIZE = 50
"""Tasks a page. The API's default is 20, it documents no maximum, and Terraform sends 50."""

PAGES_AT_A_TIME = 4
"""The gateway throttles an address at 5 requests a second (seen with APIGW.0308)."""

NEAR = 0.0005
"""Seconds. If responses come sooner, pages are fetched one after another.

Fetching 9,900 tasks from the same machine then takes about half the time: threads would wait for
each other more than for responses.
"""

_CHANGING = {"LAST_HEALTH_CHECK", "MESSAGES", "OWNER_ID", "TASK_STATUS", "UPDATE_AT"}
"""The fields of a task that change while it runs."""

FetchPage = Callable[[int, int], JobDetail]
"""Fetches `limit` tasks from `offset` on: `fetch_page(offset, limit)`."""

Item = TypeVar("Item")


class Page(NamedTuple, Generic[Item]):
    """A page of a list, or the whole list.

    Args:
        items: what is listed.
        total: how many items the service says there are; None if it does not.
        duplicates: the ids of items that came more than once and are kept once.
    """

    items: tuple[Item, ...]
    total: int | None
    duplicates: tuple[str, ...] = ()


class Identity(NamedTuple, Generic[Item]):
    """How to identify the items of a list.

    Args:
        find_id: returns an item's id, None if it has none.
        describe: returns what identifies an item without an id.
        find_age: of two states of an item, the newer one has the greater number.
    """

    find_id: Callable[[Item], str | None]
    describe: Callable[[Item], str]
    find_age: Callable[[Item], float] = lambda _item: 0.0


def fetch_window(
    fetch_page: FetchPage,
    window: Window,
    *,
    latency: Callable[[], float],
    on_progress: Callable[[int, int | None], None],
) -> JobDetail:
    """Fetch the tasks in a window, as `fetch_list` does.

    The job is that of the first page, so that no task is older than the job's status: once the
    job has ended, the tasks are final.

    Args:
        fetch_page: fetches one page.
        window: what to fetch.
        latency: returns how many seconds a response is waited for.
        on_progress: called with how many tasks were received, and of how many if that is known.
    """
    details: dict[int, JobDetail] = {}

    def fetch_tasks(offset: int, limit: int) -> Page[Task]:
        detail = details[offset] = fetch_page(offset, limit)
        return Page(detail.tasks, detail.task_count)

    whole = fetch_list(
        fetch_tasks,
        page_size=PAGE_SIZE,
        identity=_TASKS,
        latency=latency,
        on_progress=on_progress,
        offset=window.offset,
        limit=window.limit,
    )
    *_, newest = details.values()
    return details[window.offset]._replace(
        tasks=whole.items, duplicates=whole.duplicates, task_count=whole.total, as_of=newest.as_of
    )


def _describe_task(task: Task) -> str:
    return encode({name: value for name, value in task.sent.items() if name not in _CHANGING})


def _find_heartbeat(task: Task) -> float:
    return task.last_health_check.timestamp() if task.last_health_check else 0.0


_TASKS = Identity[Task](lambda task: task.task_id, _describe_task, _find_heartbeat)


def fetch_list(
    fetch_page: Callable[[int, int], Page[Item]],
    *,
    page_size: int,
    identity: Identity[Item],
    latency: Callable[[], float],
    on_progress: Callable[[int, int | None], None],
    offset: int = 0,
    limit: int | None = None,
) -> Page[Item]:
    """Fetch a list, or a part of it.

    Unless the service is near, the pages after the first are fetched side by side.

    A page may hold fewer items than requested, as a server may cap it: the next page begins where
    it ended. A count that is missing, or smaller than the items received, is not trusted: pages
    are then fetched one by one. A page without a new item is the last one, so that requests end
    even if a server ignores the offset. An item that is received twice is kept once, in its newer
    state, and named in `duplicates`.

    Args:
        fetch_page: fetches `limit` items from `offset` on: `fetch_page(offset, limit)`.
        page_size: the most items to ask for at once.
        identity: how the items are told apart.
        latency: returns how many seconds a response is waited for.
        on_progress: called with how many items were received, and of how many if that is known.
        offset: how many items to skip.
        limit: the most items; None for all.
    """
    end = offset + limit if limit else sys.maxsize
    pages = _Pages(offset, end, page_size, identity, on_progress)
    return run_interruptibly(partial(_fetch_pages, fetch_page, pages, latency))


def _fetch_pages(
    fetch_page: Callable[[int, int], Page[Item]],
    pages: "_Pages[Item]",
    latency: Callable[[], float],
) -> Page[Item]:
    running: dict[Future[Page[Item]], int] = {}
    while True:
        if pages.may_be_fetched_ahead and latency() > NEAR:
            while len(running) < PAGES_AT_A_TIME and (part := pages.reserve()):
                running[run_aside(partial(fetch_page, *part))] = part[0]
        if running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pages.add(running.pop(future), future.result())
        elif part := pages.reserve():
            # In this thread: handing a page over takes as long as fetching it from nearby.
            pages.add(part[0], fetch_page(*part))
        else:
            return pages.join()


class _Pages(Generic[Item]):
    """The pages received, by the item that each begins with, and those still missing.

    Args:
        offset: the item that the list begins with.
        end: the item after its last one.
        page_size: the most items that are asked for at once.
        identity: how the items are told apart.
        on_progress: called with how many items were received, and of how many if that is known.
    """

    def __init__(
        self,
        offset: int,
        end: int,
        page_size: int,
        identity: Identity[Item],
        on_progress: Callable[[int, int | None], None],
    ) -> None:
        self._count: int | None = None
        self._came = 0
        self._reached = offset
        self._end = end
        self._size = end - offset
        self._page_size = page_size
        # The size of a full page: that of the first one, as a server may cap it.
        self._full = page_size
        self._identity = identity
        self._on_progress = on_progress
        self._pages: dict[int, tuple[Item, ...]] = {}
        # Every item before this one has been received.
        self._settled = offset
        # Where each later page ends; one that is being fetched is expected to be full.
        self._stops: dict[int, int] = {}
        self._known: set[str] = set()

    @property
    def may_be_fetched_ahead(self) -> bool:
        """Whether it is known where the pages begin that are still missing."""
        # The only page, if short, is a capped one, or all that there is.
        may_be_all = len(self._pages) == 1 and self._full < self._page_size
        return self._is_count_plausible and not may_be_all

    @property
    def _is_count_plausible(self) -> bool:
        """Whether the service sends a count, and not less than the items that came."""
        return self._count is not None and self._count >= self._reached

    def add(self, start: int, page: Page[Item]) -> None:
        """Take in the page that begins with an item."""
        items = page.items
        if not self._pages:
            self._full = min(len(items), self._page_size)
        self._stops[start] = start + len(items)
        # The list may grow while it is fetched.
        counts = (self._count, page.total)
        self._count = max((count for count in counts if count is not None), default=None)
        find_id, describe = self._identity.find_id, self._identity.describe
        found = {find_id(item) or describe(item) for item in items}
        if found <= self._known:
            # There is nothing from here on, whatever the count is. Items without an id are
            # not duplicates by themselves, but those of a page that repeats another are.
            self._end = min(self._end, start)
            items = tuple(item for item in items if find_id(item))
        self._known |= found
        self._pages[start] = items
        self._came += len(items)
        self._reached = max(self._reached, start + len(items))
        self._on_progress(self._came, self._count)

    def reserve(self) -> tuple[int, int] | None:
        """Return offset and limit of a missing page, which is to be fetched now, or None."""
        start = self._settled
        for each, stop in sorted(self._stops.items()):
            if each > start:
                break
            start = max(start, stop)
            if self._settled == each and each in self._pages:
                self._settled = stop
                del self._stops[each]
        if start >= self._end or (self._is_count_plausible and start >= (self._count or 0)):
            return None
        later = (each for each in self._stops if each > start)
        self._stops[start] = min(start + self._full, self._end, *later)
        return start, self._stops[start] - start

    def join(self) -> Page[Item]:
        """Return the whole."""
        items, duplicates = self._merge(self._pages[start] for start in sorted(self._pages))
        return Page(items[: self._size], self._count, duplicates)

    def _merge(self, pages: Iterable[tuple[Item, ...]]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
        merged: dict[object, Item] = {}
        duplicates = []
        for items in pages:
            for item in items:
                # Two items without an id may look alike.
                key = self._identity.find_id(item) or id(item)
                known = merged.setdefault(key, item)
                if known is not item:
                    duplicates.append(str(key))
                    merged[key] = max(known, item, key=self._identity.find_age)
        return tuple(merged.values()), tuple(duplicates)
