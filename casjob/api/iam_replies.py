"""What IAM sends, as far as casjob reads it."""

from datetime import datetime

from casjob.api.iam import is_id
from casjob.errors import ReplyError
from casjob.job.models import ApiObject, Moment, Text
from casjob.json_text import JsonValue


class _Project(ApiObject):
    id: Text = None
    name: Text = None


class _Token(ApiObject):
    expires_at: Moment = None


def read_projects(document: JsonValue, iam: str) -> dict[str, str]:
    """Return the names of the projects in a reply by their ids.

    Raises:
        ReplyError: there is no list of them.
    """
    sent = document.get("projects") if isinstance(document, dict) else None
    if not isinstance(sent, list):
        raise ReplyError(f"the response from {iam} contains no list of projects")
    projects = [_Project.model_validate(each) for each in sent if isinstance(each, dict)]
    return {each.id: str(each.name) for each in projects if each.id and is_id(each.id)}


def read_expiry(document: JsonValue) -> datetime | None:
    """Return when a token expires, if the reply with it says so."""
    sent = document.get("token") if isinstance(document, dict) else None
    return _Token.model_validate(sent).expires_at if isinstance(sent, dict) else None
