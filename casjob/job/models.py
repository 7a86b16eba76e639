"""A job and its tasks as the API names them, in any version, and how a reply is read.

Keys may be in any case. Every field may be absent, null or of another type than documented: the
attribute then is None, or the value's JSON text, and `sent` holds the original.
Source: the tables of "Obtaining Job Details", v2 and v3.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SkipValidation,
    ValidationError,
    model_validator,
)

from casjob.errors import WRONG_ENDPOINT, ReplyError
from casjob.job.detail import JobDetail
from casjob.job.failures import describe_failure, read_failure
from casjob.json_text import JsonValue, read_flag, read_moment, read_text, read_whole_number

Text: TypeAlias = Annotated[str | None, PlainValidator(read_text)]
WholeNumber: TypeAlias = Annotated[int | None, PlainValidator(read_whole_number)]
Flag: TypeAlias = Annotated[bool | None, PlainValidator(read_flag)]
Moment: TypeAlias = Annotated[datetime | None, PlainValidator(read_moment)]

_SHAPES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    type(None): "null",
}


class ApiObject(BaseModel):
    """An object of the API; no object is refused, whatever its fields are.

    `sent` is all of it, under upper-case keys. Of keys that differ in case alone, the upper-case
    one is the API's, or else the first; the others keep their spelling.
    """

    model_config = ConfigDict(alias_generator=str.upper, frozen=True, hide_input_in_errors=True)

    # No other field has an alias in lower case, so a field SENT of the API's does not clash.
    sent: SkipValidation[Mapping[str, Any]] = Field(default={}, alias="sent")

    @model_validator(mode="before")
    @classmethod
    def _keep_what_was_sent(cls, document: object) -> object:
        if not isinstance(document, dict):
            return document
        sent = {key.upper(): value for key, value in document.items()}
        if len(sent) < len(document):
            sent = _respell(document, str.upper)
        return {**sent, "sent": sent}


class Job(ApiObject):
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


class Task(ApiObject):
    """What the API says of one task; `messages` is as sent, mostly a string that holds JSON."""

    task_id: Text = None
    task_index: WholeNumber = None
    task_name: Text = None
    task_status: Text = None
    task_type: Text = None
    created_at: Moment = None
    # v2's name, and v3's.
    last_health_check: Moment = Field(
        default=None, validation_alias=AliasChoices("LAST_HEALTH_CHECK", "UPDATE_AT")
    )
    owner_id: Text = None
    messages: Any = None

    @property
    def label(self) -> str:
        """`task 9 TN00097`, or as much of it as the service sent."""
        number = "" if self.task_index is None else f" {self.task_index}"
        return f"task{number} {self.task_name or self.task_id or '(no name)'}"


class Project(ApiObject):
    """A project, as IAM lists it."""

    id: Text = None
    name: Text = None


class Token(ApiObject):
    """What IAM says of a token that it sends in a header."""

    expires_at: Moment = None


class _Reply(BaseModel):
    """The shape of a reply in all versions; the `rest` is kept as it was sent.

    Not by extra="allow", which refuses a key that holds a lone surrogate.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    job: Job | None = None
    # A null stands for a task of which nothing is known.
    tasks: tuple[
        Annotated[Task, BeforeValidator(lambda sent: {} if sent is None else sent)], ...
    ] = ()
    task_count: WholeNumber = None
    rest: SkipValidation[Mapping[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _keep_the_rest(cls, document: object) -> object:
        if not isinstance(document, dict):
            return document
        known = cls.model_fields.keys() - {"rest"}
        fields = _respell(document, lambda key: key.lower() if key.lower() in known else key)
        rest = {key: value for key, value in fields.items() if key not in known}
        return {key: fields[key] for key in known if fields.get(key) is not None} | {"rest": rest}


def read_detail(
    document: JsonValue,
    *,
    as_of: datetime | None,
    name: str = "the service's reply",
    needs_job: bool = True,
) -> JobDetail:
    """Read a decoded reply of the job API; `name` names it in errors.

    Where a job is not needed, as in a page that is not the first, tasks alone are enough.

    Raises:
        ReplyError: the body has no job, or tasks that are no list of objects.
    """
    try:
        reply = _Reply.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field, *index = first["loc"] or ("it",)
        part = f"{field}[{index[0]}]" if index else field
        shape = _SHAPES.get(type(first["input"]), "a number")
        expected = "a list" if first["loc"] == ("tasks",) else "an object"
        message = f"{name} can't be understood: {part} is {shape}, not {expected}"
        raise ReplyError(message, hint=WRONG_ENDPOINT) from None
    if reply.job is None and (needs_job or "tasks" not in reply.model_fields_set):
        service_message = describe_failure(read_failure(document))
        message = f"{name} holds no job"
        raise ReplyError(message, service_message=service_message, hint=WRONG_ENDPOINT)
    return JobDetail(reply.job or Job(), reply.tasks, reply.rest, reply.task_count, as_of)


def _respell(fields: dict[str, JsonValue], spell: Callable[[str], str]) -> dict[str, JsonValue]:
    """Return the fields under other names; one that would clash with another keeps its own."""
    respelt: dict[str, JsonValue] = {}
    for key, value in fields.items():
        name = spell(key)
        is_taken = name in respelt or (key != name and name in fields)
        respelt[key if is_taken else name] = value
    return respelt
