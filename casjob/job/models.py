"""A job and its tasks as the API names them, in any version.

Every field may be absent, null or of another type than documented: the attribute then is None,
or the value's JSON text, and `sent` still holds the original, with the keys in the API's own case.
Source: the tables of "Obtaining Job Details", v2 and v3.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
)
from pydantic_core import core_schema

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
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_DIGITS = 18
"""Digits that surely fit 64 bits; a longer number is no count and no index."""

Text = Annotated[str | None, PlainValidator(read_text)]
WholeNumber = Annotated[int | None, PlainValidator(read_whole_number)]
Flag = Annotated[bool | None, PlainValidator(read_flag)]


class Fields(dict[str, JsonValue]):
    """An object's fields as they were sent, known and unknown ones, under upper-case keys."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        # Whatever JSON holds is fine here; validating it would only cost time.
        return core_schema.is_instance_schema(cls)


Sent = Annotated[Fields, Field(alias="sent")]


class _ApiObject(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        arbitrary_types_allowed=True,
        alias_generator=AliasGenerator(alias=str.upper),
        populate_by_name=True,
    )


class Job(_ApiObject):
    """What the API says of the job itself."""

    job_id: Text = None
    job_name: Text = None
    job_type: Text = None
    job_desc: Text = None
    execution_status: Text = None
    service_instance_id: Text = None
    project_id: Text = None
    order_id: Text = None
    created_by: Text = None
    rollback_enabled: Flag = None
    sent: Sent


class Task:
    """What the API says of one task.

    Not a model of Pydantic's, which takes three times as long to make, and a job may have 9,900.

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

    def __init__(self, sent: dict[str, JsonValue]) -> None:
        field = sent.get
        self.task_id = read_text(field("TASK_ID"))
        self.task_index = read_whole_number(field("TASK_INDEX"))
        self.task_name = read_text(field("TASK_NAME"))
        self.task_status = read_text(field("TASK_STATUS"))
        self.task_type = read_text(field("TASK_TYPE"))
        self.created_at = read_moment(field("CREATED_AT"))
        # As v2 has it, and v3.
        self.last_health_check = read_moment(field("LAST_HEALTH_CHECK", field("UPDATE_AT")))
        self.owner_id = read_text(field("OWNER_ID"))
        self.sent = sent

    @property
    def messages(self) -> JsonValue:
        """MESSAGES as sent: mostly a string that holds JSON."""
        return self.sent.get("MESSAGES")


class JobDetail(_ApiObject):
    """A job with tasks: the whole of them, or the part that was asked for.

    `task_count` is the service's own count of all the job's tasks. `as_of` is the service's
    clock at the time of the reply, in UTC. `duplicates` are the ids of tasks received more than
    once and kept once. `sent` holds the unknown fields beside job and tasks.
    """

    job: Job
    tasks: tuple[Task, ...] = ()
    task_count: WholeNumber = None
    as_of: datetime | None = None
    duplicates: tuple[str, ...] = ()
    sent: Sent
