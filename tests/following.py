"""Jobs that move on while casjob follows them, and a service that fails meanwhile."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.samples import Fields, as_document, job, task
from tests.service import Recorded, Reply, Service

QUICKLY = ("--interval", "0.01")


def play(service: Service, **scenes: list[Fields]) -> None:
    """Let each request for a job move it on, up to the last of its scenes."""
    lock = threading.Lock()
    left = {job_id: [as_document(scene) for scene in each] for job_id, each in scenes.items()}

    def move_on(request: Recorded) -> Reply | None:
        job_id = request.path.rpartition("/")[2]
        with lock:
            coming = left.get(job_id, [])
            if coming:
                service.jobs[job_id] = coming[0]
                del coming[: len(coming) > 1]
        return None

    service.handler = move_on


def under_way(index: int) -> Fields:
    """Return a task with a heartbeat right now."""
    now = datetime.now(UTC).isoformat()
    return task(index, "RUNNING", CREATED_AT=now, LAST_HEALTH_CHECK=now)


def runs(job_id: str, *, failed: bool = False) -> list[Fields]:
    ended = "FAILED" if failed else "SUCCEEDED"
    last = task(2, ended, start=1, messages='{"Message": "E1", "Detail": "Broken."}')
    return [
        job("SUBMITTED", JOB_ID=job_id),
        job("RUNNING", under_way(1), JOB_ID=job_id),
        job("RUNNING", task(1), under_way(2), JOB_ID=job_id),
        job(ended, task(1), last, JOB_ID=job_id),
    ]


def spoiled() -> Iterator[Reply]:
    """Return replies of all bad kinds, over and over."""
    while True:
        yield Reply(503, {"error_code": "APIGW.0613"})
        yield Reply(429, headers={"Retry-After": "0"})
        yield Reply(reset=True)
        yield Reply(delay=0.3)
        yield Reply(200, b"\x00\xff garbage")
        yield Reply(200, {"job": []})
        yield Reply(200, b'{"job": {"JOB_ID"', headers={"Content-Length": "400"}, truncate=9)


def spoil_half(service: Service) -> None:
    """Let every other reply be a bad one, and not move a job on."""
    replies, turn, lock = spoiled(), iter(range(1, 100_000)), threading.Lock()
    well: Any = service.handler

    def answer(request: Recorded) -> Reply | None:
        with lock:
            bad = next(replies) if next(turn) % 2 else None
        return bad or well(request)

    service.handler = answer
