"""Jobs made up for a test, as the service would send them, and what casjob makes of them."""

import json
from datetime import UTC, datetime, timedelta

from casjob.catalogue.meanings import Catalogue
from casjob.demo.replies import Document
from casjob.job.detail import Window
from casjob.job.models import read_detail
from casjob.job.report import Report, report_job

JOB_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"
START = datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC)
AS_OF = START + timedelta(minutes=2)
"""The service's clock when it answers."""

Fields = dict[str, object]


def moment(seconds: float) -> str:
    """Return so many seconds after START as the service writes it."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def task(
    index: int | None,
    status: str | None = "SUCCEEDED",
    *,
    start: float = 0,
    seconds: float = 1,
    messages: object = "{}",
    **more: object,
) -> Fields:
    """Return a task in v2's shape; `more` are fields as they are, and None leaves one out."""
    number = f"{index or 0:05}"
    fields = {
        "TASK_ID": f"Task-{number}",
        "TASK_INDEX": index,
        "TASK_NAME": f"TX{number}",
        "TASK_TYPE": "restful",
        "TASK_STATUS": status,
        "CREATED_AT": moment(start),
        "LAST_HEALTH_CHECK": moment(start + seconds),
        "MESSAGES": messages,
        **more,
    }
    return {name: value for name, value in fields.items() if value is not None}


def separator(index: int | None, phase: str, *, start: float = 0, **more: object) -> Fields:
    """Return the task that marks where a phase begins."""
    names = {"TASK_NAME": f"SEPARATOR_{phase}", "TASK_TYPE": "echo"}
    fields = {**task(index, start=start, seconds=0), **names, **more}
    return {name: value for name, value in fields.items() if value is not None}


def job(status: str | None, *tasks: Fields, task_count: object = ..., **more: object) -> Fields:
    """Return a job in v2's shape; the service's count is the true one unless given."""
    fields = {
        "JOB_ID": JOB_ID,
        "JOB_NAME": "provision/provMain",
        "JOB_TYPE": "PROVISION",
        "EXECUTION_STATUS": status,
        **more,
    }
    return {
        "job": {name: value for name, value in fields.items() if value is not None},
        "tasks": list(tasks),
        "task_count": len(tasks) if task_count is ... else task_count,
    }


def as_document(fields: Fields) -> Document:
    """Return a made-up job as the fake service serves it."""
    document: Document = json.loads(json.dumps(fields))
    return document


def in_v3(document: Fields) -> Fields:
    """Return the same job in v3's shape: lower case, and neither names nor indexes."""
    text = json.dumps(document).replace('"LAST_HEALTH_CHECK"', '"UPDATE_AT"')
    v2 = json.loads(text)
    left_out = {"JOB_NAME", "JOB_DESC", "CREATED_BY", "TASK_INDEX", "OWNER_ID"}

    def lower(fields: Fields) -> Fields:
        return {name.lower(): value for name, value in fields.items() if name not in left_out}

    return {
        "job": {**lower(v2["job"]), "rollback_enabled": False},
        "tasks": [lower(each) for each in v2["tasks"]],
        "task_count": v2["task_count"],
    }


def report_of(
    document: object,
    *,
    is_whole: bool = True,
    is_desc: bool = False,
    requested_job_id: str | None = None,
    duplicates: tuple[str, ...] = (),
) -> Report:
    """Return what casjob makes of a reply."""
    detail = read_detail(json.loads(json.dumps(document)), as_of=AS_OF)
    return report_job(
        detail._replace(duplicates=duplicates),
        Window(limit=None if is_whole else len(detail.tasks), desc=is_desc),
        catalogue=Catalogue(),
        requested_job_id=requested_job_id,
    )
