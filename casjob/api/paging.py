"""Fetches a list page by page: a job's tasks, or what else the service lists."""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from casjob.background import run_in_thread

PAGES_AT_A_TIME = 4
"""The gateway throttles an address at 5 requests a second (seen with APIGW.0308)."""

OnProgress = Callable[[int, int | None], None]
"""Gets how many items were received, and of how many if that is known."""

Item = TypeVar("Item")


class Page(NamedTuple, Generic[Item]):
    """A page of a list, or the whole list.

    Args:
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


def fetch_list(
    fetch_page: Callable[[int, int], Page[Item]],
    *,
    page_size: int,
    identity: Identity[Item],
    on_progress: OnProgress,
    offset: int = 0,
    limit: int | None = None,
) -> Page[Item]:
    """Fetch a list, or a part of it, with calls such as `fetch_page(offset, limit)`.

    Pages are fetched side by side while each is full and a plausible count says that there are
    more; otherwise one by one, each beginning where the one before ended, as a server may cap its
    pages. A count smaller than the items received is not plausible. A page without a new item is
    the last one, so that requests end even if a server ignores the offset. An item that is received
    twice is kept once, in its newer state, and named in `duplicates`.
    """
    end = offset + limit if limit else sys.maxsize
    start = offset
    count: int | None = None
    are_full = True
    received = _Received(identity)
    while start < end and count != start:
        may_go_ahead = are_full and count is not None and count > start
        stop = min(end, count or end) if may_go_ahead else start + 1
        starts = range(start, stop, page_size)[:PAGES_AT_A_TIME]
        parts = [(each, min(page_size, end - each)) for each in starts]
        for (begin, asked), page in zip(parts, _fetch_pages(fetch_page, parts), strict=True):
            is_new = received.add(page.items)
            start = begin + len(page.items)
            # The list may grow while it is fetched.
            counts = (each for each in (count, page.total) if each is not None)
            count = max(counts, default=None)
            on_progress(received.came, count)
            if not is_new:
                # There is nothing from here on, whatever the count is.
                return received.join(limit, count)
            if len(page.items) != asked:
                # Pages fetched ahead of this one begin at the wrong item.
                are_full = False
                break
    return received.join(limit, count)


def _fetch_pages(
    fetch_page: Callable[[int, int], Page[Item]], parts: Sequence[tuple[int, int]]
) -> Iterator[Page[Item]]:
    """Yield pages, which are fetched side by side; those not waited for are left behind."""
    ahead = [run_in_thread(partial(fetch_page, *part)) for part in parts[1:]]
    yield fetch_page(*parts[0])
    yield from (each.result() for each in ahead)


class _Received(Generic[Item]):
    """The items received so far, each once."""

    def __init__(self, identity: Identity[Item]) -> None:
        self.came = 0
        self._identity = identity
        self._items: dict[object, Item] = {}
        self._duplicates: list[str] = []
        self._known: set[str] = set()

    def add(self, items: tuple[Item, ...]) -> bool:
        """Take in the items of a page, and return whether one of them is new."""
        find_id, describe, find_age = self._identity
        found = {find_id(item) or describe(item) for item in items}
        is_new = not found <= self._known
        self._known |= found
        if not is_new:
            # Items without an id are not duplicates by themselves, but those of a page that
            # repeats another are.
            items = tuple(item for item in items if find_id(item))
        self.came += len(items)
        for item in items:
            # Two items without an id may look alike.
            key = find_id(item) or object()
            known = self._items.setdefault(key, item)
            if known is not item:
                self._duplicates.append(str(key))
                self._items[key] = max(known, item, key=find_age)
        return is_new

    def join(self, limit: int | None, count: int | None) -> Page[Item]:
        """Return all of them as one page."""
        return Page(tuple(self._items.values())[:limit], count, tuple(self._duplicates))
