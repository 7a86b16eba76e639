"""Follow many jobs whose replies are random: `python -m tests.fuzz_following SEED JOBS`.

Each job gets a few mutated replies and failures, then a reply that ends it. wait and watch must
end by themselves, with one verdict on each job. The events of watch must lead from one status to
the next: none is lost, and none comes twice.
"""

# ruff: noqa: S311 - random numbers that anybody can repeat are what is wanted

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

from casjob.errors import ReplyError
from casjob.job.models import read_detail
from casjob.json_text import decode
from tests.conftest import JOB_ID, Finished
from tests.fuzz import change_body, make_body
from tests.program import run_shell
from tests.samples import job, task
from tests.service import Recorded, Reply, Service

MOST_REPLIES = 5
"""Random replies to a job: too few to fail 10 times in a row."""
FAILURES = [
    Reply(503),
    Reply(429, headers={"Retry-After": "0"}),
    Reply(reset=True),
    Reply(200, b"\x00 garbage"),
    Reply(200, b"9" * 5000),
    Reply(200, b'{"job": {"JOB_ID"', headers={"Content-Length": "400"}, truncate=9),
]
ENDS = ("SUCCEEDED", "FAILED", "CANCELLED", "PARTIALLY_FAILED", "ROLLBACKED")
OPTIONS = ("--json", "--interval", "0.01", "--timeout", "10m")

Run = Callable[..., Finished]


def make_replies(seed: int, job_id: str) -> list[Reply]:
    random = Random(f"{seed} {job_id}")
    # Replies about another job would end it.
    bodies = [make_body(random).replace(JOB_ID.encode(), job_id.encode())]
    while len(bodies) < random.randint(1, MOST_REPLIES):
        bodies.append(change_body(bodies[-1], random))
    bodies = [each for each in bodies if not names_another(each, job_id)]
    replies = [random.choice([Reply(body=each), random.choice(FAILURES)]) for each in bodies]
    end = random.choice(ENDS)
    return [*replies, Reply(body=job(end, task(1), task(2, end), JOB_ID=job_id))]


def names_another(body: bytes, job_id: str) -> bool:
    try:
        named = read_detail(decode(body.decode("utf-8-sig", "replace")), as_of=None).job.job_id
    except (ValueError, ReplyError):
        return False
    return named not in {None, job_id}


def follow(command: str, seed: int, count: int, run: Run) -> Iterator[str]:
    """Yield what is wrong with a command that follows so many jobs."""
    job_ids = [f"JOB{number}" for number in range(count)]
    left = {job_id: make_replies(seed, job_id) for job_id in job_ids}
    lock = threading.Lock()

    def respond(request: Recorded) -> Reply:
        replies = left[request.path.rpartition("/")[2]]
        with lock:
            return replies.pop(0) if len(replies) > 1 else replies[0]

    with Service() as service:
        service.handler = respond
        finished = run(command, *job_ids, *OPTIONS, CASJOB_ENDPOINT=service.url)
    if command == "wait":
        verdicts = json.loads(finished.out)["verdicts"]
    else:
        events = [json.loads(line) for line in finished.out.splitlines()]
        verdicts = [each for each in events if each["event"] == "verdict"]
        yield from check_events(events)
    if sorted(each["job_id"] for each in verdicts) != sorted(job_ids):
        yield f"{len(verdicts)} verdicts on {count} jobs: {finished.err[-500:]}"
    outcomes = {each["outcome"] for each in verdicts}
    if not outcomes <= {"succeeded", "failed"}:
        yield f"jobs ended as {outcomes}"
    if finished.status != int("failed" in outcomes):
        yield f"exit status {finished.status} with {outcomes}: {finished.err[-500:]}"
    if "Traceback" in finished.err or "bug" in finished.err:
        yield finished.err[-2000:]


def check_events(events: list[dict[str, object]]) -> Iterator[str]:
    """Yield where a status does not change from what the last event changed it to."""
    known: dict[object, object] = {}
    ended = set()
    for event in events:
        job_id = event["job_id"]
        if job_id in ended:
            yield f"an event after the verdict: {event}"
        # A task without an id can't be followed from event to event.
        if "from" in event and event.get("task_id", "the job") is not None:
            changed = job_id, event.get("task_id")
            if known.get(changed) != event["from"]:
                yield f"{event} after {known.get(changed)}"
            known[changed] = event["to"]
        elif event["event"] == "verdict":
            ended.add(job_id)
            if known.get((job_id, None)) != event["status"]:
                yield f"{event} after {known.get((job_id, None))}"


def main(seed: int, count: int) -> int:
    """Follow so many jobs with the installed program, and print what is wrong."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "CASJOB_PROJECT_ID": "0" * 32,
        "CASJOB_TOKEN": "a-token",
        "CASJOB_HISTORY": "off",
    }

    def run(*words: str, **settings: str) -> Finished:
        return run_shell(f"casjob {' '.join(words)}", {**environ, **settings})

    found: list[str] = []
    for command in ("wait", "watch"):
        began = time.monotonic()
        found += follow(command, seed, count, run)
        sys.stdout.write(f"{command}: {count} jobs, {time.monotonic() - began:.1f} seconds\n")
    sys.stdout.writelines(f"{each!r}\n" for each in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
