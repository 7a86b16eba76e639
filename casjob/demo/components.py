"""The sample components, whose deployments are the sample jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from casjob.demo.jobs import (
    EARLIER_JOB_IDS,
    FAILED_JOB_ID,
    FAILING_JOB_ID,
    GATEWAY_INSTANCE_ID,
    MANY_TASKS_JOB_ID,
    RUNNING_JOB_ID,
    SUCCEEDED_JOB_ID,
    WEB_INSTANCE_ID,
    WORKER_INSTANCE_ID,
    find,
)
from casjob.demo.replies import ComponentDocument, Document, Fields

_ENVIRONMENT = {
    "environment_id": "3f0e2f4d-90a5-4f7c-9e3a-5d1f6a9bb0c7",
    "environment_name": "prod",
}
_SHOP = {"application_id": "b8a3c1c5-7d58-4d5c-8c0e-2f6a1f8e9d01", "application_name": "shop"}
_OFFICE = {"application_id": "d2c94e07-15fb-4ab1-93f3-7e0c5b6a4f12", "application_name": "office"}


class _Sample(NamedTuple):
    component_id: str
    name: str
    instance_id: str
    application: Fields
    deployments: Sequence[tuple[str, str]]
    """Version and job, newest first."""


_SAMPLES = (
    _Sample(
        "1c9f5e0a-6b7d-4e8f-a2d3-0b4c5d6e7f81",
        "web",
        WEB_INSTANCE_ID,
        {**_SHOP},
        (
            ("1.0.1", SUCCEEDED_JOB_ID),
            ("1.0.1", FAILED_JOB_ID),
            ("1.0.0", EARLIER_JOB_IDS[0]),
            *((f"0.9.{22 - age}", job_id) for age, job_id in enumerate(EARLIER_JOB_IDS[1:])),
        ),
    ),
    _Sample(
        "5a7b9c1d-2e3f-4a5b-8c6d-7e8f9a0b1c23",
        "gateway",
        GATEWAY_INSTANCE_ID,
        {**_SHOP},
        (("2.4.0", MANY_TASKS_JOB_ID),),
    ),
    _Sample(
        "e4d3c2b1-a0f9-4e8d-9c7b-6a5f4e3d2c10",
        "worker",
        WORKER_INSTANCE_ID,
        {**_OFFICE},
        (("0.9.2", RUNNING_JOB_ID), ("0.9.1", FAILING_JOB_ID)),
    ),
)

_STATUSES = {"SUCCEEDED": "RUNNING", "FAILED": "FAILED"}
"""Of a component, by that of its last job; while a job runs, the component is UPGRADING."""


def list_components(opened: datetime, now: datetime) -> list[ComponentDocument]:
    """Return the sample components as they stand; arguments as for `jobs.find`."""
    return [_describe(sample, opened, now) for sample in _SAMPLES]


def _describe(sample: _Sample, opened: datetime, now: datetime) -> ComponentDocument:
    records = [_record(version, job_id, opened, now) for version, job_id in sample.deployments]
    newest = records[0]
    in_use = next((record for record in records if record["status"] == "SUCCEEDED"), None)
    for record in records:
        record["current_used"] = record is in_use
    updated = datetime.fromisoformat(str(newest["end_time"] or newest["begin_time"]))
    status = _STATUSES.get(str(newest["status"]), "UPGRADING")
    component: Fields = {
        "id": sample.component_id,
        "name": sample.name,
        **sample.application,
        **_ENVIRONMENT,
        "version": newest["version"],
        "platform_type": "cce",
        "source": {"kind": "image" if sample.name == "gateway" else "code"},
        "workload_name": f"{sample.name}-v1",
        "refer_resources": [{"type": "cce", "parameters": {"namespace": "prod"}}],
        "status": {
            "component_status": status,
            "available_replica": 1 if in_use else 0,
            "replica": 1,
            "fail_detail": "create_failed" if status == "FAILED" else "",
            "last_job_id": sample.deployments[0][1],
            "update_time": int(updated.timestamp() * 1000),
        },
    }
    return {"component": component, "instance_id": sample.instance_id, "records": records}


def _record(version: str, job_id: str, opened: datetime, now: datetime) -> Fields:
    document = cast("Document", find(job_id, opened, now))
    status, tasks = document["job"]["EXECUTION_STATUS"], document["tasks"]
    return {
        "version": version,
        "status": status,
        "deploy_type": "OneBatchRelease",
        "begin_time": tasks[0]["CREATED_AT"],
        "end_time": None if status == "RUNNING" else tasks[-1]["LAST_HEALTH_CHECK"],
        "jobs": [{"sequence": 0, "job_id": job_id}],
    }
