"""Fetches a list page by page: a job's tasks, or what else the service lists."""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from casjob.background import run_in_thread
from casjob.errors import ReplyTooLargeError

PAGES_AT_A_TIME = 4
"""The gateway throttles an address at 5 requests a second (seen with APIGW.0308)."""

MAX_PAGES = 1000
"""Requests for one list: without a bound, a server that goes on for ever would get as many.

The gateway allows 200 in 5 minutes, so that not even this many end in a reasonable time.
"""

OnProgress = Callable[..., None]
"""Gets how many items were received, of how many if that is known, and what they are if others."""

Item = TypeVar("Item")


class Page(NamedTuple, Generic[Item]):
    """Items of a list, and how many there are in all."""

    items: tuple[Item, ...]
    total: int | None


class Identity(NamedTuple, Generic[Item]):
    """Finds an item's id, or else describes it."""

    find_id: Callable[[Item], str | None]
    describe: Callable[[Item], str]


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
    pages. A count is not plausible if more items were received, or if a page has more than was
    asked for. A page without a new item is the last one, so that requests end even if a server
    ignores the offset; of its items, those without an id are left out. There may be more items than
    the limit, and several with one id.

    Raises:
        ReplyTooLargeError: there are more pages than casjob fetches.
    """
    find_id, describe = identity
    start, end = offset, offset + limit if limit else sys.maxsize
    count: int | None = None
    are_full = is_new = True
    is_excessive = False
    pages = 0
    known: set[str] = set()
    items: list[Item] = []
    while is_new and start < end and (count != start or is_excessive):
        may_go_ahead = are_full and count is not None and count > start
        stop = min(end, count or end) if may_go_ahead else start + 1
        starts = range(start, stop, page_size)[:PAGES_AT_A_TIME]
        parts = [(each, min(page_size, end - each)) for each in starts]
        pages += len(parts)
        check_pages(pages)
        for (begin, asked), page in zip(parts, _fetch_pages(fetch_page, parts), strict=True):
            found = {find_id(item) or describe(item) for item in page.items}
            is_new = not found <= known
            known |= found
            # Two items without an id may look alike, unless their page repeats another.
            items += (item for item in page.items if is_new or find_id(item))
            start = begin + len(page.items)
            # The list may grow while it is fetched.
            counts = (each for each in (count, page.total) if each is not None)
            count = max(counts, default=None)
            on_progress(len(items), count)
            is_excessive = len(page.items) > asked
            if not is_new or len(page.items) != asked:
                # Pages fetched ahead of this one hold nothing, or begin at the wrong item.
                are_full = False
                break
    return Page(tuple(items), count)


def check_pages(number: int) -> None:
    """Raise a ReplyTooLargeError if these are more requests than casjob sends for a list."""
    if number > MAX_PAGES:
        raise ReplyTooLargeError(
            f"the list does not end within casjob's limit of {MAX_PAGES} requests"
        )


def _fetch_pages(
    fetch_page: Callable[[int, int], Page[Item]], parts: Sequence[tuple[int, int]]
) -> Iterator[Page[Item]]:
    """Yield pages, which are fetched side by side; those not waited for are left behind."""
    ahead = [run_in_thread(partial(fetch_page, *part)) for part in parts[1:]]
    yield fetch_page(*parts[0])
    yield from (each.result() for each in ahead)
