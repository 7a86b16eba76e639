"""The sample components and the jobs that deployed them.

One job is the documented one as published. The others are played from their steps in a file.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NotRequired, TypeAlias, TypedDict, cast
from uuid import UUID, uuid5

from casjob.demo.replies import ComponentDocument, Document, Fields

PROJECT_ID = "063a3158b1a34710b36ad208b9497d00"

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

_STATUSES = {"SUCCEEDED": "RUNNING", "FAILED": "FAILED"}
"""Of a component, by that of its last job; while a job runs, the component is UPGRADING."""

Step: TypeAlias = tuple[int, str, str, int, *tuple[str, ...]]
"""Index, name, type and milliseconds of a task, and its MESSAGES if it fails."""


class Deployment(TypedDict):
    """A version, the job that deployed it, and whether a build ran within the job.

    Without a start, the job begins when the service is first asked for anything. The documented job
    has no steps here.
    """

    version: str
    job_id: str
    is_built: bool
    started: NotRequired[str | None]
    steps: NotRequired[Sequence[Step]]


class Sample(TypedDict):
    """A component without its version and status, and its deployments, newest first."""

    component: Fields
    instance_id: str
    deployments: Sequence[Deployment]


@cache
def read_samples() -> Sequence[Sample]:
    """Return the sample components."""
    return cast("Sequence[Sample]", _read("samples.json"))


def _read(name: str) -> object:
    return json.loads(Path(__file__).with_name(name).read_bytes())


def find(job_id: str, opened: datetime, now: datetime) -> Document | None:
    """Return a sample job as it stands now, if the jobs that run were started when it opened."""
    documented = cast("Document", _read("job_failed_v2.json"))
    for sample in read_samples():
        for deployment in sample["deployments"]:
            if deployment["job_id"] == job_id:
                if "steps" not in deployment:
                    return documented
                # The others have its remaining fields.
                documented["job"]["SERVICE_INSTANCE_ID"] = sample["instance_id"]
                return _play(documented["job"], deployment, opened, now)
    return None


def _play(job: Fields, deployment: Deployment, opened: datetime, now: datetime) -> Document:
    job_id, steps, started = deployment["job_id"], deployment["steps"], deployment["started"]
    start = datetime.fromisoformat(started) if started else opened
    # On a machine whose clock is behind, what has ended has ended too.
    seen = max(now, start + _LONGEST) if started else now
    tasks: list[Fields] = []
    for step in steps:
        if seen < start:
            break
        end = start + timedelta(milliseconds=step[3])
        tasks.append(_task(step, job_id, start, end, seen))
        start = end + _HANDOVER
    status = tasks[-1]["TASK_STATUS"] if len(tasks) == len(steps) else "RUNNING"
    job |= {"JOB_ID": job_id, "EXECUTION_STATUS": status}
    return {"job": job, "tasks": tasks, "task_count": len(steps)}


def _task(step: Step, job_id: str, start: datetime, end: datetime, now: datetime) -> Fields:
    index, name, kind, _, *failure = step
    status, messages, last_seen = "SUCCEEDED", "{}", end
    if now < end:
        status, last_seen = "RUNNING", now - (now - start) % _HEARTBEAT
    elif failure:
        status, messages = "FAILED", failure[0]
    return {
        "MESSAGES": messages,
        "TASK_ID": f"Task-{uuid5(UUID(job_id.removeprefix('JOB')), name)}",
        "TASK_TYPE": kind,
        "TASK_INDEX": index,
        "TASK_NAME": name,
        "TASK_STATUS": status,
        "LAST_HEALTH_CHECK": _in_iso(last_seen),
        "CREATED_AT": _in_iso(start),
        "OWNER_ID": "cas-mgr-69bb87d7c-wpqwb:30114",
    }


def _in_iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def list_components(opened: datetime, now: datetime) -> list[ComponentDocument]:
    """Return the sample components as they stand; arguments as for `find`."""
    return [_describe(sample, opened, now) for sample in read_samples()]


def _describe(sample: Sample, opened: datetime, now: datetime) -> ComponentDocument:
    records = [_record(each, opened, now) for each in sample["deployments"]]
    newest = records[0]
    in_use = next((record for record in records if record["status"] == "SUCCEEDED"), None)
    for record in records:
        record["current_used"] = record is in_use
    updated = datetime.fromisoformat(str(newest["end_time"] or newest["begin_time"]))
    status = _STATUSES.get(str(newest["status"]), "UPGRADING")
    component: Fields = {
        **sample["component"],
        "version": newest["version"],
        "status": {
            "component_status": status,
            "available_replica": 1 if in_use else 0,
            "replica": 1,
            "fail_detail": "create_failed" if status == "FAILED" else "",
            "last_job_id": sample["deployments"][0]["job_id"],
            "update_time": int(updated.timestamp() * 1000),
        },
    }
    return {"component": component, "instance_id": sample["instance_id"], "records": records}


def _record(deployment: Deployment, opened: datetime, now: datetime) -> Fields:
    document = cast("Document", find(deployment["job_id"], opened, now))
    status, tasks = document["job"]["EXECUTION_STATUS"], document["tasks"]
    return {
        "version": deployment["version"],
        "status": status,
        "deploy_type": "OneBatchRelease",
        "begin_time": tasks[0]["CREATED_AT"],
        "end_time": None if status == "RUNNING" else tasks[-1]["LAST_HEALTH_CHECK"],
        "jobs": [{"sequence": 0, "job_id": deployment["job_id"]}],
    }
