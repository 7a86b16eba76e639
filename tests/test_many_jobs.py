"""Many jobs in one wait; `python -m tests.test_many_jobs 200` measures it over minutes."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from tests.program import CASJOB, start
from tests.samples import Fields, as_document, job, task
from tests.service import Recorded, Service, many_tasks


class Measured(NamedTuple):
    """What a run did and took; `cores` on average."""

    status: int
    verdicts: dict[str, str]
    requests: int
    seconds: float
    megabytes: float
    cores: float


def measure(
    environ: Mapping[str, str], count: int, *options: str, longest: float = 1.0
) -> Measured:
    """Wait for so many jobs, which end one after the other within `longest` seconds."""
    with Service() as service:
        began = time.monotonic()

        def stand(request: Recorded) -> None:
            job_id = request.path.rpartition("/")[2]
            has_ended = request.time - began > longest * _number(job_id) / count
            status = _status_at_last(_number(job_id)) if has_ended else "RUNNING"
            service.jobs[job_id] = as_document(_stands(job_id, status))

        service.handler = stand
        job_ids = [f"JOB{number}" for number in range(count)]
        ran = subprocess.run(
            [sys.executable, "-c", MEASURED_RUN, CASJOB, "wait", *job_ids, *options],
            env={**environ, "CASJOB_ENDPOINT": service.url},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
    memory, work = map(float, ran.stderr.splitlines()[-1].split())
    return Measured(
        status=ran.returncode,
        verdicts={line.split()[0]: line.split()[2] for line in ran.stdout.splitlines()},
        requests=len(service.requests),
        seconds=seconds,
        # In kilobytes on Linux, in bytes on macOS.
        megabytes=memory / (1 << 10 if sys.platform == "linux" else 1 << 20),
        cores=work / seconds,
    )


MEASURED_RUN = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_maxrss, usage.ru_utime + usage.ru_stime, file=sys.stderr)
sys.exit(status)
"""
"""By a program in between: a process counts as its own the memory of whoever began it."""


def _number(job_id: str) -> int:
    return int(job_id.removeprefix("JOB"))


def _status_at_last(number: int) -> str:
    return ("SUCCEEDED", "FAILED", "SUCCEEDED", "CANCELLED")[number % 4]


def _stands(job_id: str, status: str) -> Fields:
    return job(status, *(task(each) for each in range(1, 9)), task(9, status), JOB_ID=job_id)


def test_many_jobs_all_get_their_verdicts_and_take_little(environ: dict[str, str]) -> None:
    measured = measure(environ, 40, "--interval", "0.03")

    assert measured.status == 1
    assert measured.verdicts == {f"JOB{each}": _status_at_last(each) for each in range(40)}
    assert measured.megabytes < 150


def test_requests_keep_the_pace_that_the_gateway_allows(environ: dict[str, str]) -> None:
    measured = measure(environ, 4, longest=0)

    # Four polls and as many confirmations: from the third on, each 0.25 s after the one before.
    assert measured.requests == 8
    assert measured.seconds >= 3 * 0.25


@pytest.mark.parametrize(("count", "tasks"), [(1, 300), (20, 5)])
def test_a_verdict_comes_soon_after_the_poll_that_saw_the_end(
    environ: dict[str, str], count: int, tasks: int
) -> None:
    document = many_tasks(tasks, failing_index=tasks)
    verdicts: dict[str, float] = {}
    polls: dict[str, float] = {}
    with Service() as service:
        for number in range(count):
            job_id = f"JOB{number}"
            service.jobs[job_id] = document | {"job": document["job"] | {"JOB_ID": job_id}}
        environ = {**environ, "CASJOB_ENDPOINT": service.url}
        with start(["wait", *service.jobs], environ) as process:
            for line in process.stdout or ():
                verdicts[line.decode().split()[0]] = time.monotonic()
        for request in service.requests:
            polls.setdefault(request.path.rpartition("/")[2], request.time)

    assert verdicts.keys() == polls.keys() == service.jobs.keys()
    assert max(verdicts[job_id] - polls[job_id] for job_id in polls) < 10


if __name__ == "__main__":
    environment = {
        "PATH": os.environ["PATH"],
        "CASJOB_PROJECT_ID": "0" * 32,
        "CASJOB_TOKEN": "a-token",
        "CASJOB_HISTORY": "off",
    }
    many = int(sys.argv[1])
    result = measure(environment, many, *sys.argv[2:], longest=60)
    all_right = result.verdicts == {f"JOB{each}": _status_at_last(each) for each in range(many)}
    print("all right" if all_right else "wrong", result._replace(verdicts={}))
