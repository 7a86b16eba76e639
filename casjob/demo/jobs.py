"""The sample jobs: the documented one as published, the others played from a script of steps."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, cast
from uuid import UUID, uuid5

from casjob.demo.replies import Document, Fields

PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"

WEB_INSTANCE_ID = "429a35a0-dee8-4648-86f6-d1f8bc74ba52"
"""That of the documented job's component."""
GATEWAY_INSTANCE_ID = "7d1be0f3-41c2-4a95-8b6e-92f03c5d17aa"
WORKER_INSTANCE_ID = "b60c94d8-5e17-4f3b-a0d2-18e7f6c3b925"

FAILED_JOB_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"
SUCCEEDED_JOB_ID = "JOB5b0c6a1e-7d42-4c1f-8a60-3f2d9e4b7a15"
MANY_TASKS_JOB_ID = "JOB8f13d7c2-26ae-4b95-b0d8-71c5a9e6043f"
RUNNING_JOB_ID = "JOBa2e94f60-5c3b-4d87-9e12-0b6f8d3c7e51"
FAILING_JOB_ID = "JOBc7d5180b-e94a-4f36-8b2d-6a1f0e9c5d74"

SAMPLE_JOBS: Mapping[str, str] = {
    FAILED_JOB_ID: "failed while building",
    SUCCEEDED_JOB_ID: "the same deployment, succeeded",
    MANY_TASKS_JOB_ID: "105 tasks, the last one failed",
    RUNNING_JOB_ID: "runs for 20 seconds, then succeeds",
    FAILING_JOB_ID: "runs for 20 seconds, then fails",
}
"""What each sample job shows, by its id."""

_HEARTBEAT = timedelta(seconds=1)
_LONGEST = timedelta(days=1)
"""More than any sample job takes."""
_HANDOVER = timedelta(milliseconds=1)
"""From a task's end to the next one's start."""


class _Step(NamedTuple):
    number: int
    name: str
    type: str
    milliseconds: int
    failure: str | None = None
    """MESSAGES once it has failed; a step without them succeeds."""


class _Run(NamedTuple):
    steps: Sequence[_Step]
    started: datetime | None = None
    """None: when the service is first asked for anything."""
    instance_id: str = WEB_INSTANCE_ID


def find(job_id: str, opened: datetime, now: datetime) -> Document | None:
    """Return a sample job as it stands now, if the jobs that run were started when it opened."""
    if job_id == FAILED_JOB_ID:
        file = Path(__file__).with_name("job_failed_v2.json")
        return cast("Document", json.loads(file.read_bytes()))
    if job_id not in _RUNS:
        return None
    run = _RUNS[job_id]
    # On a machine whose clock is behind, what has ended has ended too.
    seen = max(now, run.started + _LONGEST) if run.started else now
    tasks = _begun(run.steps, job_id, run.started or opened, seen)
    all_begun = len(tasks) == len(run.steps)
    job: Fields = {
        "JOB_ID": job_id,
        "JOB_NAME": "provision/provMain",
        "JOB_TYPE": "PROVISION",
        "SERVICE_INSTANCE_ID": run.instance_id,
        "PROJECT_ID": PROJECT_ID,
        "ORDER_ID": "",
        "JOB_DESC": "provision/provMain",
        "EXECUTION_STATUS": tasks[-1]["TASK_STATUS"] if all_begun else "RUNNING",
        "CREATED_BY": "585cc5c16cda4954b28d4eb460f06261",
    }
    return {"job": job, "tasks": tasks, "task_count": len(run.steps)}


def _begun(steps: Sequence[_Step], job_id: str, start: datetime, now: datetime) -> list[Fields]:
    tasks = []
    for step in steps:
        if now < start:
            break
        end = start + timedelta(milliseconds=step.milliseconds)
        tasks.append(_task(step, job_id, start, end, now))
        start = end + _HANDOVER
    return tasks


def _task(step: _Step, job_id: str, start: datetime, end: datetime, now: datetime) -> Fields:
    status, messages, last_seen = "SUCCEEDED", "{}", end
    if now < end:
        status, last_seen = "RUNNING", now - (now - start) % _HEARTBEAT
    elif step.failure:
        status, messages = "FAILED", step.failure
    return {
        "MESSAGES": messages,
        "TASK_ID": f"Task-{uuid5(UUID(job_id.removeprefix('JOB')), step.name)}",
        "TASK_TYPE": step.type,
        "TASK_INDEX": step.number,
        "TASK_NAME": step.name,
        "TASK_STATUS": status,
        "LAST_HEALTH_CHECK": _in_iso(last_seen),
        "CREATED_AT": _in_iso(start),
        "OWNER_ID": "cas-mgr-69bb87d7c-wpqwb:30114",
    }


def _in_iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _deployment(
    building: int, deploying: int, failure: str | None = None, *, starting: int = 5_578
) -> list[_Step]:
    """Run the documented job, past the step at which that one failed."""
    return [
        _Step(1, "SEPARATOR_PREPARE_RESOURCES", "echo", 0),
        _Step(4, "SEPARATOR_BUILDING", "echo", 1),
        _Step(6, "TN00091", "restful", starting),
        _Step(7, "TN00094", "restful", 36),
        _Step(9, "TN00097", "restful", building),
        _Step(12, "SEPARATOR_DEPLOYING", "echo", 0),
        _Step(14, "TN00102", "kube", deploying, failure),
    ]


def _landscape() -> list[_Step]:
    """Deploy something big: five phases of a separator and twenty steps each."""
    steps = []
    phases = ("PREPARE_RESOURCES", "NETWORKING", "BUILDING", "DEPLOYING", "ROUTING")
    for phase, name in enumerate(phases):
        first = 24 * phase + 1
        steps.append(_Step(first, f"SEPARATOR_{name}", "echo", phase % 2))
        for number in range(first + 2, first + 22):
            kind = "kube" if name == "DEPLOYING" else "restful"
            # A prime makes times between 0.02 and 4 s look unplanned.
            steps.append(_Step(number, f"TN{250 + number:05}", kind, 20 + number * 1_733 % 3_980))
    steps[-1] = steps[-1]._replace(milliseconds=60_042, failure=_NESTED_FAILURE)
    return steps


_NESTED_FAILURE = json.dumps(
    {
        "error_code": "SVCSTG.00500404",
        "error_msg": json.dumps(
            {
                "error_code": "CCE.01500001",
                "error_msg": json.dumps(
                    {
                        "code": "VPC.0202",
                        "message": "Query resource by id "
                        "7f0a4c1e-3b52-4d0c-9a86-5e21d8f7b934 fail.",
                    }
                ),
            }
        ),
    }
)
_NODE_FAILURE = json.dumps(
    {
        "statusCode": 500,
        "jsonBody": {"error_code": "CCE.01500001", "error_msg": "node not ready"},
    }
)

_BUILD_FAILURE = json.dumps({"Message": "ECC00011", "Detail": "Building failed."})

EARLIER_JOB_IDS = tuple(
    f"JOB{uuid5(UUID(FAILED_JOB_ID.removeprefix('JOB')), str(age))}" for age in range(1, 24)
)
"""The jobs that deployed the same component before, newest first."""
_BUILD_FAILED = (4, 15)
_NODE_FAILED = (9,)


def _earlier(age: int) -> _Run:
    """Deploy about once a day, lately slower; two builds fail, and a node."""
    # Primes make times look unplanned.
    steps = _deployment(
        24_000 + age * 2_741 % 6_000,
        9_500 + 6_000 // age + age * 1_733 % 2_500,
        _NODE_FAILURE if age in _NODE_FAILED else None,
        starting=5_000 + age * 977 % 1_400,
    )
    if age in _BUILD_FAILED:
        steps[4:] = [steps[4]._replace(failure=_BUILD_FAILURE)]
    started = datetime(2020, 2, 4, 3, 12, 41, 207_000, tzinfo=UTC)
    return _Run(steps, started - timedelta(days=age, seconds=age * 7_919 % 21_600))


_RUNS = {
    **{job_id: _earlier(age) for age, job_id in enumerate(EARLIER_JOB_IDS, start=1)},
    SUCCEEDED_JOB_ID: _Run(
        _deployment(28_412, 41_207),
        started=datetime(2020, 2, 4, 4, 31, 12, 108_000, tzinfo=UTC),
    ),
    MANY_TASKS_JOB_ID: _Run(
        _landscape(),
        started=datetime(2020, 2, 5, 9, 14, 40, 517_000, tzinfo=UTC),
        instance_id=GATEWAY_INSTANCE_ID,
    ),
    RUNNING_JOB_ID: _Run(_deployment(9_850, 4_530), instance_id=WORKER_INSTANCE_ID),
    FAILING_JOB_ID: _Run(
        _deployment(9_850, 4_530, failure=_NODE_FAILURE), instance_id=WORKER_INSTANCE_ID
    ),
}
