"""A job and its tasks as the API names them, in any version.

Every field may be absent, null or of another type than documented: the attribute then is None,
or the value's JSON text, and `sent` still holds the original, with the keys in the API's own case.
Source: the tables of "Obtaining Job Details", v2 and v3.

They are plain classes: pydantic takes 50 ms to load, and three times as long to make each task, of
which a job may have 9,900.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from casjob.json_text import JsonValue, encode


def read_text(value: object) -> str | None:
    """Return a string as it is, and anything else that is not null as its JSON text."""
    if value is None or isinstance(value, str):
        return value
    return encode(value)


def read_whole_number(value: object) -> int | None:
    """Return a whole number of 64 bits, also one sent as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_DIGITS:
        return value
    return None


def read_flag(value: object) -> bool | None:
    """Return a boolean; None for anything else."""
    return value if isinstance(value, bool) else None


def read_moment(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC, which it is taken to be in if it names no zone, or None."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_DIGITS = 18
"""Digits that surely fit 64 bits; a longer number is no count and no index."""


class Job:
    """What the API says of the job itself.

    Args:
        sent: the job's fields under upper-case keys.
    """

    def __init__(self, sent: Mapping[str, JsonValue]) -> None:
        field = sent.get
        self.job_id = read_text(field("JOB_ID"))
        self.job_name = read_text(field("JOB_NAME"))
        self.job_type = read_text(field("JOB_TYPE"))
        self.job_desc = read_text(field("JOB_DESC"))
        self.execution_status = read_text(field("EXECUTION_STATUS"))
        self.service_instance_id = read_text(field("SERVICE_INSTANCE_ID"))
        self.project_id = read_text(field("PROJECT_ID"))
        self.order_id = read_text(field("ORDER_ID"))
        self.created_by = read_text(field("CREATED_BY"))
        self.rollback_enabled = read_flag(field("ROLLBACK_ENABLED"))
        self.sent = sent


class Task:
    """What the API says of one task.

    Args:
        sent: the task's fields under upper-case keys.
    """

    __slots__ = (
        "created_at",
        "last_health_check",
        "owner_id",
        "sent",
        "task_id",
        "task_index",
        "task_name",
        "task_status",
        "task_type",
    )

    def __init__(self, sent: Mapping[str, JsonValue]) -> None:
        field = sent.get
        self.task_id = read_text(field("TASK_ID"))
        self.task_index = read_whole_number(field("TASK_INDEX"))
        self.task_name = read_text(field("TASK_NAME"))
        self.task_status = read_text(field("TASK_STATUS"))
        self.task_type = read_text(field("TASK_TYPE"))
        self.created_at = read_moment(field("CREATED_AT"))
        # v2's name, and v3's.
        self.last_health_check = read_moment(field("LAST_HEALTH_CHECK", field("UPDATE_AT")))
        self.owner_id = read_text(field("OWNER_ID"))
        self.sent = sent

    @property
    def messages(self) -> JsonValue:
        """MESSAGES as sent: mostly a string that holds JSON."""
        return self.sent.get("MESSAGES")


class JobDetail(NamedTuple):
    """A job with tasks: the whole of them, or the part that was asked for.

    Args:
        job: the job.
        tasks: its tasks.
        sent: the unknown fields beside job and tasks.
        task_count: the service's own count of all the job's tasks.
        as_of: the service's clock at the time of the reply, in UTC.
        duplicates: the ids of tasks received more than once and kept once.
    """

    job: Job
    tasks: tuple[Task, ...]
    sent: Mapping[str, JsonValue]
    task_count: int | None = None
    as_of: datetime | None = None
    duplicates: tuple[str, ...] = ()
