import json
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from casjob.api import paging
from casjob.api.client import Client
from casjob.api.jobs import ServiceStage
from casjob.api.paging import PAGES_AT_A_TIME
from casjob.background import run_in_thread
from casjob.errors import ReplyError, ServiceError
from casjob.job.detail import JobDetail, Window
from tests.conftest import JOB_ID, Finished
from tests.service import Recorded, Reply, Service, many_tasks

START = datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC)

Ask = Callable[..., Finished]
Document = dict[str, Any]


def page(
    indexes: Iterable[int],
    count: int | None,
    *,
    status: str = "RUNNING",
    seconds: int = 0,
    name: str = "TN",
) -> Document:
    moment = START + timedelta(seconds=seconds)
    tasks = [
        {
            "TASK_ID": f"Task-{index}",
            "TASK_INDEX": index,
            "TASK_NAME": name,
            "LAST_HEALTH_CHECK": moment.isoformat(),
        }
        for index in indexes
    ]
    return {"job": {"EXECUTION_STATUS": status}, "tasks": tasks, "task_count": count}


class Server:
    """Serves tasks 0, 1, 2..., and remembers what it was asked for."""

    def __init__(self, tasks: int, *, cap: int = 50, count: int | None = -1) -> None:
        self.tasks = tasks
        self.cap = cap
        self.count = tasks if count == -1 else count
        self.asked: list[tuple[int, int]] = []

    def __call__(self, offset: int, limit: int) -> Document:
        self.asked.append((offset, limit))
        end = min(self.tasks, offset + min(limit, self.cap))
        return page(range(offset, end), self.count)


def fetch(
    server: Callable[[int, int], Document],
    *,
    on_progress: Callable[[int, int | None], None] = lambda *_: None,
    **window: Any,
) -> JobDetail:
    def answer(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        document = server(int(query["offset"]), int(query["limit"]))
        stream = httpx.ByteStream(json.dumps(document).encode())
        return httpx.Response(200, headers=document.get("headers"), stream=stream)

    transport = httpx.MockTransport(answer)
    client = Client("http://nowhere.invalid", project_id="p", transport=transport)
    return ServiceStage(client).fetch_job("JOB1", Window(**window), on_progress=on_progress)


def indexes(detail: JobDetail) -> list[int | None]:
    return [task.task_index for task in detail.tasks]


@pytest.mark.parametrize(
    ("window", "is_whole"),
    [
        (Window(), True),
        (Window(desc=True), True),
        (Window(offset=1), False),
        (Window(limit=1000), False),
        (Window(instance_id="an-instance"), False),
    ],
)
def test_a_window_is_whole_if_it_leaves_nothing_out(window: Window, *, is_whole: bool) -> None:
    assert window.is_whole is is_whole


@pytest.mark.parametrize(
    ("tasks", "asked"),
    [
        (0, [(0, 50)]),
        (5, [(0, 50)]),
        (50, [(0, 50)]),
        (51, [(0, 50), (50, 50)]),
        (100, [(0, 50), (50, 50)]),
        (105, [(0, 50), (50, 50), (100, 50)]),
    ],
)
def test_all_tasks_come_in_pages_of_50(tasks: int, asked: list[tuple[int, int]]) -> None:
    server = Server(tasks)

    detail = fetch(server)

    assert indexes(detail) == list(range(tasks))
    assert (detail.task_count, detail.duplicates) == (tasks, ())
    assert sorted(server.asked) == asked


@pytest.mark.parametrize("cap", [1, 7, 10, 20, 49])
def test_a_page_starts_where_a_capped_one_ended(cap: int) -> None:
    server = Server(105, cap=cap)

    detail = fetch(server)

    assert indexes(detail) == list(range(105))
    assert detail.duplicates == ()
    assert server.asked == [(offset, 50) for offset in range(0, 105, cap)]


def test_what_a_shorter_page_left_out_is_fetched_too() -> None:
    server = Server(105)

    def fetch_page(offset: int, limit: int) -> Document:
        server.cap = 20 if offset == 50 else 50
        return server(offset, limit)

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(105))
    assert detail.duplicates == ()
    # The one that is left behind may not have arrived yet.
    assert {*server.asked, (100, 50)} == {(0, 50), (50, 50), (70, 50), (100, 50)}


@pytest.mark.parametrize(
    ("window", "expected", "asked"),
    [
        ({"limit": 5}, range(5), [(0, 5)]),
        ({"limit": 50}, range(50), [(0, 50)]),
        ({"limit": 60}, range(60), [(0, 50), (50, 10)]),
        ({"limit": 1000}, range(105), [(0, 50), (50, 50), (100, 50)]),
        ({"offset": 30}, range(30, 105), [(30, 50), (80, 50)]),
        ({"offset": 30, "limit": 70}, range(30, 100), [(30, 50), (80, 20)]),
        ({"offset": 104}, range(104, 105), [(104, 50)]),
        ({"offset": 105}, range(0), [(105, 50)]),
        ({"offset": 10**9, "limit": 5}, range(0), [(10**9, 5)]),
    ],
)
def test_a_window_is_fetched_and_no_more(
    window: dict[str, Any], expected: range, asked: list[tuple[int, int]]
) -> None:
    server = Server(105)

    detail = fetch(server, **window)

    assert indexes(detail) == list(expected)
    assert detail.task_count == 105
    assert sorted(server.asked) == asked


def test_a_window_beyond_a_capped_page_goes_on() -> None:
    server = Server(105, cap=10)

    assert indexes(fetch(server, offset=3, limit=25)) == list(range(3, 28))
    assert server.asked == [(3, 25), (13, 15), (23, 5)]


class Held:
    """A server that holds back every page but the first until it is told to let it go."""

    def __init__(self, tasks: int) -> None:
        self.server = Server(tasks)
        self._arrived = threading.Condition()
        self._gates: dict[int, Future[None]] = {}
        self.most_at_a_time = 0

    def __call__(self, offset: int, limit: int) -> Document:
        if offset:
            gate: Future[None] = Future()
            with self._arrived:
                self._gates[offset] = gate
                self.most_at_a_time = max(self.most_at_a_time, len(self._gates))
                self._arrived.notify_all()
            gate.result(timeout=5)
        return self.server(offset, limit)

    def wait_for(self, *offsets: int) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: set(self._gates) == set(offsets), timeout=5), (
                sorted(self._gates)
            )

    def let_go(self, offset: int, error: Exception | None = None) -> None:
        with self._arrived:
            gate = self._gates.pop(offset)
        if error:
            gate.set_exception(error)
        else:
            gate.set_result(None)


def test_four_pages_are_fetched_at_a_time_and_may_come_in_any_order() -> None:
    server = Held(405)
    fetching = run_in_thread(lambda: fetch(server))

    for offsets in ((200, 50, 100, 150), (400, 350, 300, 250)):
        server.wait_for(*offsets)
        for offset in offsets:
            server.let_go(offset)

    assert indexes(fetching.result(timeout=5)) == list(range(405))
    assert server.most_at_a_time == PAGES_AT_A_TIME == 4


def test_pages_after_one_that_fails_are_left_behind() -> None:
    server = Held(205)
    fetching = run_in_thread(lambda: fetch(server))
    server.wait_for(50, 100, 150, 200)

    server.let_go(50)
    server.let_go(100, ServiceError("no such luck"))

    with pytest.raises(ServiceError, match="no such luck"):
        fetching.result(timeout=5)
    for offset in (150, 200):
        server.let_go(offset)


def test_progress_counts_what_came() -> None:
    told: list[tuple[int, int | None]] = []
    fetch(Server(105), on_progress=lambda came, count: told.append((came, count)))

    assert told == [(50, 105), (100, 105), (105, 105)]


def test_progress_has_no_count_that_is_not_known() -> None:
    told: list[tuple[int, int | None]] = []
    server = Server(60, count=None)
    fetch(server, on_progress=lambda came, count: told.append((came, count)))

    assert told == [(50, None), (60, None), (60, None)]


@pytest.mark.parametrize("count", [None, -1, 0, 3, 49])
def test_a_count_that_is_missing_or_too_small_hides_no_task(count: int | None) -> None:
    server = Server(105)
    server.count = count

    detail = fetch(server)

    assert indexes(detail) == list(range(105))
    assert detail.task_count == count
    assert server.asked == [(0, 50), (50, 50), (100, 50), (105, 50)]


@pytest.mark.parametrize("count", [51, 60, 99])
def test_a_count_that_a_later_page_proves_too_small_hides_no_task(count: int) -> None:
    server = Server(105, count=count)

    detail = fetch(server)

    assert indexes(detail) == list(range(105))
    assert detail.task_count == count
    assert server.asked == [(0, 50), (50, 50), (100, 50), (105, 50)]


def test_a_count_that_only_later_pages_give_is_used_from_there() -> None:
    server = Server(305)

    def fetch_page(offset: int, limit: int) -> Document:
        server.count = None if offset == 0 else 305
        return server(offset, limit)

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(305))
    assert detail.task_count == 305
    assert len(server.asked) == 7


@pytest.mark.parametrize("count", [106, 10**17])
def test_a_count_that_is_too_large_ends_at_the_first_empty_page(count: int) -> None:
    server = Server(105, count=count)

    detail = fetch(server)

    assert indexes(detail) == list(range(105))
    assert detail.task_count == count
    assert len(server.asked) <= 2 + PAGES_AT_A_TIME


def test_a_count_without_any_task_needs_one_request() -> None:
    server = Server(0, count=105)

    detail = fetch(server)

    assert (detail.tasks, detail.task_count, server.asked) == ((), 105, [(0, 50)])


def test_a_window_needs_no_count() -> None:
    server = Server(105, count=None)

    assert indexes(fetch(server, limit=60)) == list(range(60))
    assert server.asked == [(0, 50), (50, 10)]


@pytest.mark.parametrize("count", [None, 3, 105, 10**6])
def test_a_server_that_ignores_the_offset_is_soon_given_up(count: int | None) -> None:
    asked: list[int] = []

    def fetch_page(offset: int, _limit: int) -> Document:
        asked.append(offset)
        return page(range(50), count)

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(50))
    assert set(detail.duplicates) == {f"Task-{index}" for index in range(50)}
    assert len(asked) <= 1 + PAGES_AT_A_TIME


@pytest.mark.parametrize("tasks", [20, 105, 405])
def test_a_server_that_ignores_the_limit_sends_no_more_than_is_wanted(tasks: int) -> None:
    asked: list[tuple[int, int]] = []

    def fetch_page(offset: int, limit: int) -> Document:
        asked.append((offset, limit))
        return page(range(offset, min(tasks, offset + 200)), tasks)

    assert indexes(fetch(fetch_page, limit=5)) == list(range(5))
    assert asked == [(0, 5)]
    asked.clear()
    assert indexes(fetch(fetch_page)) == list(range(tasks))
    assert {limit for _, limit in asked} == {50}


@pytest.mark.parametrize("count", [None, 0, -1, 105])
def test_a_server_that_ignores_the_limit_and_sends_uneven_pages_is_read_to_its_end(
    count: int | None,
) -> None:
    def fetch_page(offset: int, _limit: int) -> Document:
        indexes = range(offset, min(405, offset + 51 + offset % 60))
        # -1 is the page's own.
        return page(indexes, len(indexes) if count == -1 else count)

    assert indexes(fetch(fetch_page)) == list(range(405))


def test_a_job_may_get_more_tasks_meanwhile() -> None:
    server = Server(105)

    def fetch_page(offset: int, limit: int) -> Document:
        if offset == 100:
            server.tasks = server.count = 260
        return server(offset, limit)

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(260))
    assert (detail.task_count, detail.duplicates) == (260, ())


def test_tasks_that_a_job_gets_after_its_last_page_came_are_fetched_too() -> None:
    server = Server(105)
    last_came = threading.Event()

    def fetch_page(offset: int, limit: int) -> Document:
        if offset == 50:
            assert last_came.wait(5)
            server.tasks = server.count = 107
        document = server(offset, limit)
        if offset == 100:
            last_came.set()
        return document

    assert indexes(fetch(fetch_page)) == list(range(107))


@pytest.mark.parametrize("count", [None, 10**6])
def test_there_is_no_limit_to_the_tasks(count: int | None) -> None:
    server = Server(12_345, count=count)

    assert indexes(fetch(server)) == list(range(12_345))


@pytest.mark.parametrize("words", [("show", JOB_ID), ("list",), ("list", "web")])
@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize("size", [1, 100])
def test_a_list_without_an_end_is_given_up_at_casjobs_own_limit(
    service: Service,
    ask: Ask,
    words: tuple[str, ...],
    version: str,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 20)

    def invent(request: Recorded) -> Reply:
        one = {"id": "an-id", "application_id": "a", "name": "web"}
        if words[-1] == "web" and request.path.endswith(("/cas/components", "/cas/applications")):
            return Reply(body={"count": 1, "components": [one], "applications": [one]})
        numbers = range(len(service.requests) * size, (len(service.requests) + 1) * size)
        items = [{**one, "id": f"id-{number}"} for number in numbers]
        lists = dict.fromkeys(("applications", "components", "records"), items)
        return Reply(body={**page(numbers, None), **lists})

    service.handler = invent
    finished = ask(*words, "--api-version", version)

    assert (finished.status, finished.out) == (7, "")
    assert "the list does not end within casjob's limit of 20 requests\n" in finished.err
    assert 20 <= len(service.requests) <= 22


@pytest.mark.parametrize("size", [1, 50])
@pytest.mark.parametrize("count", [None, 3, 105, 10**6])
def test_a_server_that_repeats_tasks_without_ids_is_soon_given_up(
    count: int | None, size: int
) -> None:
    asked: list[int] = []

    def fetch_page(offset: int, _limit: int) -> Document:
        asked.append(offset)
        # Meanwhile the last task runs on.
        tasks = [{"TASK_INDEX": index} for index in range(size - 1)]
        beat = {"TASK_INDEX": size - 1, "UPDATE_AT": len(asked), "TASK_STATUS": "RUNNING"}
        return {**page([], count), "tasks": [*tasks, beat]}

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(size))
    assert (detail.task_count, detail.duplicates) == (count, ())
    assert len(asked) <= 1 + PAGES_AT_A_TIME


def test_a_task_that_comes_twice_is_kept_once_in_its_newer_state() -> None:
    def fetch_page(offset: int, _limit: int) -> Document:
        if offset == 0:
            return page(range(50), 103, seconds=9, name="first")
        if offset == 50:
            return page(range(48, 98), 103, seconds=5, name="older")
        if offset == 100:
            return page(range(97, 103), 103, seconds=7, name="newer")
        return page([], 103)

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(103))
    assert detail.duplicates == ("Task-48", "Task-49", "Task-97")
    assert [detail.tasks[index].task_name for index in (48, 49, 50, 97)] == [
        "first",
        "first",
        "older",
        "newer",
    ]


@pytest.mark.parametrize(
    ("first", "again", "kept"),
    [(None, None, "again"), (5, 5, "again"), (5, 6, "again"), (6, 5, "first"), (5, None, "first")],
)
def test_of_two_states_of_a_task_the_last_is_kept_unless_its_heartbeat_is_older(
    first: int | None, again: int | None, kept: str
) -> None:
    task = {"TASK_ID": "Task-0", "TASK_NAME": "first", "UPDATE_AT": first}
    twice = {"TASK_ID": "Task-0", "TASK_NAME": "again", "UPDATE_AT": again}

    whole = fetch(lambda _offset, _limit: {**page([], 2), "tasks": [task, twice]})

    assert [each.task_name for each in whole.tasks] == [kept]
    assert whole.duplicates == ("Task-0",)


def test_a_later_page_needs_no_job_but_tasks() -> None:
    def fetch_page(offset: int, limit: int) -> Document:
        document = page(range(offset, min(60, offset + limit)), 60)
        return {"tasks": document["tasks"]} if offset else document

    assert indexes(fetch(fetch_page)) == list(range(60))
    with pytest.raises(ReplyError, match="the service's reply holds no job"):
        fetch(fetch_page, offset=50)
    with pytest.raises(ReplyError, match="the service's reply holds no job"):
        fetch(lambda offset, limit: {} if offset else fetch_page(offset, limit))


@pytest.mark.parametrize("no_id", [None, ""])
@pytest.mark.parametrize("count", [105, None])
def test_tasks_without_an_id_are_all_different(no_id: str | None, count: int | None) -> None:
    server = Server(105, count=count)

    def fetch_page(offset: int, limit: int) -> Document:
        document = server(offset, limit)
        return document | {"tasks": [{**task, "TASK_ID": no_id} for task in document["tasks"]]}

    detail = fetch(fetch_page)

    assert indexes(detail) == list(range(105))
    assert detail.duplicates == ()


def test_no_task_is_older_than_the_status_of_its_job() -> None:
    def fetch_page(offset: int, limit: int) -> Document:
        status = "SUCCEEDED" if offset else "RUNNING"
        document = page(range(offset, min(60, offset + limit)), 60 + offset, status=status)
        date = format_datetime(START + timedelta(seconds=offset), usegmt=True)
        return document | {"headers": {"Date": date}}

    detail = fetch(fetch_page, limit=60)

    assert (detail.job.execution_status, detail.next_status) == ("RUNNING", "SUCCEEDED")
    assert detail.as_of == START + timedelta(seconds=50)
    assert detail.task_count == 110


# The same over a socket.


def pages_of(service: Service) -> list[tuple[int, int]]:
    return sorted(
        (int(request.query["offset"][0]), int(request.query["limit"][0]))
        for request in service.requests
    )


def shown_indexes(finished: Finished) -> list[int]:
    assert (finished.status, finished.err) == (0, "")
    return [task["TASK_INDEX"] for task in json.loads(finished.out)["tasks"]]


@pytest.mark.parametrize(
    ("cap", "offsets"), [(50, [0, 50, 100]), (20, range(0, 105, 20)), (10, range(0, 105, 10))]
)
@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_failure_in_the_last_of_105_tasks_is_found_and_shown_first(
    service: Service, ask: Ask, cap: int, offsets: Iterable[int], version: str
) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=105)
    service.page_cap = cap

    finished = ask("show", JOB_ID, "--api-version", version)

    assert (finished.status, finished.err) == (0, "")
    head = finished.out.split("\n\n")[1]
    assert head.splitlines()[:2] == [
        "task 105 TX00105: failed after 1.0s",
        "  ECC00011  Building failed.",
    ]
    assert "104 of 105 steps succeeded\n" in finished.out
    assert [offset for offset, _ in pages_of(service)] == list(offsets)
    assert {request.path for request in service.requests} == {
        f"/{version}/063a3158b1a34710b36ad208b9497d00/cas/jobs/{JOB_ID}"
    }


def test_at_most_four_requests_are_under_way_after_the_first(service: Service, ask: Ask) -> None:
    service.jobs[JOB_ID] = many_tasks(405)
    arrived = threading.Semaphore(0)
    under_way: set[str] = set()
    most: list[int] = []
    four_came = threading.Event()

    def hold(request: Recorded) -> None:
        if request.query["offset"] == ["0"]:
            # As long as the way to a service far away.
            assert not four_came.wait(0.2)
            return
        under_way.add(request.target)
        most.append(len(under_way))
        arrived.release()
        if len(under_way) == 4:
            four_came.set()
        assert four_came.wait(5)
        under_way.discard(request.target)

    service.handler = hold

    assert shown_indexes(ask("tasks", JOB_ID, "--json")) == list(range(1, 406))
    assert max(most) == 4
    assert len(service.requests) == 9


@pytest.mark.parametrize(
    ("options", "pages", "expected"),
    [
        ((), [(0, 50), (50, 50), (100, 50)], range(1, 106)),
        (("--limit", "5"), [(0, 5)], range(1, 6)),
        (("--limit", "60"), [(0, 50), (50, 10)], range(1, 61)),
        (("--limit", "200"), [(0, 50), (50, 50), (100, 50)], range(1, 106)),
        (("--offset", "100"), [(100, 50)], range(101, 106)),
        (("--offset", "105"), [(105, 50)], range(0)),
        (("--offset", "7", "--limit", "2"), [(7, 2)], range(8, 10)),
    ],
)
def test_tasks_asks_for_the_window_that_is_wanted(
    service: Service,
    ask: Ask,
    options: tuple[str, ...],
    pages: list[tuple[int, int]],
    expected: range,
) -> None:
    service.jobs[JOB_ID] = many_tasks(105)

    finished = ask("tasks", JOB_ID, *options, "--json")
    told = "" if expected else "casjob: --offset 105 skips all tasks: the job has 105 tasks\n"
    assert finished.err == told
    assert shown_indexes(finished._replace(err="")) == list(expected)
    assert pages_of(service) == pages
    assert {frozenset(request.query) for request in service.requests} == {
        frozenset({"limit", "offset"})
    }


def test_desc_and_the_instance_are_sent_with_every_page(service: Service, ask: Ask) -> None:
    job = many_tasks(105)
    service.jobs[JOB_ID] = job
    instance_id = str(job["job"]["SERVICE_INSTANCE_ID"])

    finished = ask(
        "tasks", JOB_ID, "--desc", "--limit", "60", "--instance-id", instance_id, "--json"
    )

    assert shown_indexes(finished) == list(range(105, 45, -1))
    assert sorted(request.target.partition("?")[2] for request in service.requests) == [
        f"limit=10&offset=50&desc=true&instance_id={instance_id}",
        f"limit=50&offset=0&desc=true&instance_id={instance_id}",
    ]


def test_five_of_105_tasks_are_said_to_be_so(service: Service, ask: Ask) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=105)

    finished = ask("tasks", JOB_ID, "--desc", "--limit", "5")

    assert (finished.status, finished.err) == (0, "")
    assert re.findall(r" (TX\d+) ", finished.out) == [
        f"TX{index:05}" for index in range(105, 100, -1)
    ]
    assert "5 of 105 tasks" in finished.out


def test_another_instance_has_no_tasks(service: Service, ask: Ask) -> None:
    assert shown_indexes(ask("tasks", JOB_ID, "--instance-id", "a/b?c&d", "--json")) == []
    assert service.requests[0].query["instance_id"] == ["a/b?c&d"]


@pytest.mark.parametrize(
    ("count", "note"),
    [
        (10_000, "The service counts 10000 tasks, but sent 1.\n"),
        (None, "No task_count says how many tasks there are.\n"),
    ],
)
def test_a_server_that_ignores_the_offset_is_pointed_out(
    service: Service, ask: Ask, count: int | None, note: str
) -> None:
    job = many_tasks(1)
    task = {name: value for name, value in job["tasks"][0].items() if name != "TASK_ID"}
    service.handler = lambda _: Reply(body={**job, "tasks": [task], "task_count": count})

    finished = ask("show", JOB_ID)

    assert (finished.status, finished.err) == (0, "")
    assert note in finished.out
    assert len(service.requests) == 2


def test_a_job_that_ends_while_its_tasks_are_fetched_is_told(service: Service, ask: Ask) -> None:
    document = many_tasks(51, failing_index=51)
    service.jobs[JOB_ID] = document

    def serve(request: Recorded) -> None:
        is_first = request.query["offset"] == ["0"]
        document["job"]["EXECUTION_STATUS"] = "RUNNING" if is_first else "FAILED"

    service.handler = serve

    finished = ask("show", JOB_ID)

    assert (finished.status, finished.err) == (0, "")
    assert finished.out.startswith("provision/provMain has been RUNNING for ")
    assert "note: The job became FAILED while it was fetched.\n" in finished.out


def test_duplicates_are_pointed_out(service: Service, ask: Ask) -> None:
    job = many_tasks(3)
    job["tasks"].append(job["tasks"][1])
    service.jobs[JOB_ID] = job

    finished = ask("show", JOB_ID)

    assert (finished.status, finished.err) == (0, "")
    twice = "Task-00000000-0000-4000-8000-000000000002"
    assert (
        f"The service sent these tasks more than once; each is shown once: {twice}.\n"
        in finished.out
    )
    assert "The service counts 4 tasks, but sent 3.\n" in finished.out


@pytest.mark.parametrize(
    ("count", "told", "complete"),
    [
        (200, "The service counts 200 tasks, but sent 105.", False),
        (60, "The service counts 60 tasks, but sent 105.", True),
        (3, "The service counts 3 tasks, but sent 105.", True),
        (0, "The service counts 0 tasks, but sent 105.", True),
    ],
)
def test_a_wrong_count_is_pointed_out(
    service: Service, ask: Ask, count: int, told: str, *, complete: bool
) -> None:
    service.jobs[JOB_ID] = many_tasks(105, failing_index=105)
    service.task_count = count

    finished = ask("show", JOB_ID)
    document = json.loads(ask("show", JOB_ID, "--json").out)

    assert (finished.status, finished.err) == (0, "")
    assert "task 105 TX00105: failed" in finished.out
    assert f"{told}\n" in finished.out
    assert (document["complete"], document["task_count"]) == (complete, count)
    assert len(document["tasks"]) == 105


@pytest.mark.parametrize("count", [None, "many", 105.5, True, [105], {}, 10**18, "-1"])
def test_a_count_of_another_type_is_as_good_as_none(
    service: Service, ask: Ask, count: object
) -> None:
    job = many_tasks(105)

    def answer(request: Recorded) -> Reply:
        offset = int(request.query["offset"][0])
        return Reply(body={**job, "tasks": job["tasks"][offset : offset + 50], "task_count": count})

    service.handler = answer

    finished = ask("show", JOB_ID)

    assert (finished.status, finished.err) == (0, "")
    assert "No task_count says how many tasks there are.\n" in finished.out
    assert "TX00105" in finished.out


def test_a_count_as_digits_is_a_count(service: Service, ask: Ask) -> None:
    service.script = [Reply(body={**many_tasks(3), "task_count": "3"})]

    finished = ask("show", JOB_ID)

    assert "3 of 3 steps succeeded\n" in finished.out
    assert len(service.requests) == 1


def test_an_error_in_a_later_page_ends_the_command(service: Service, ask: Ask) -> None:
    service.jobs[JOB_ID] = many_tasks(105)

    def refuse(request: Recorded) -> Reply | None:
        body = {"error_code": "SVCSTG.00100400", "error_msg": "offset"}
        return Reply(400, body) if request.query["offset"] == ["100"] else None

    service.handler = refuse

    finished = ask("tasks", JOB_ID)

    assert (finished.status, finished.out) == (6, "")
    place = service.url.removeprefix("http://")
    (last,) = (each for each in service.requests if each.query["offset"] == ["100"])
    assert finished.err == (
        f"casjob: the service at {place} refused the request (HTTP 400)\n"
        f"  the service said: SVCSTG.00100400 offset (HTTP 400, request {last.request_id})\n"
        "  hint: check the arguments and the options; casjob config shows the effective settings\n"
    )


def test_a_later_page_that_fails_is_retried_by_itself(service: Service, ask: Ask) -> None:
    service.jobs[JOB_ID] = many_tasks(105)
    failed = threading.Event()

    def fail_once(request: Recorded) -> Reply | None:
        if request.query["offset"] == ["100"] and not failed.is_set():
            failed.set()
            return Reply(503, headers={"Retry-After": "0"})
        return None

    service.handler = fail_once

    finished = ask("tasks", JOB_ID, "--json", CASJOB_RETRIES="1")

    assert finished.status == 0
    assert len(json.loads(finished.out)["tasks"]) == 105
    place = service.url.removeprefix("http://")
    assert re.fullmatch(
        rf"casjob: the service at {place} failed \(HTTP 503\); retrying in 0\.[345]s \(1 of 1\)\n",
        finished.err,
    )
    assert [offset for offset, _ in pages_of(service)] == [0, 50, 100, 100]
