"""One JSON document, under the API's own names; a contract with scripts."""

from collections.abc import Mapping
from io import TextIOWrapper

from casjob.formats import Display
from casjob.job.failures import decode_messages
from casjob.job.report import Report, TaskReport
from casjob.json_text import JsonValue, encode_document

SCHEMA_VERSION = 1


def write(
    report: Report, out: TextIOWrapper, _display: Display, _environ: Mapping[str, str]
) -> None:
    """Write the report as one document in UTF-8."""
    # A lone surrogate, which UTF-8 can't hold, thus becomes JSON's own escape for it.
    out.reconfigure(encoding="utf-8", errors="backslashreplace")
    out.write(encode_document(document_of(report), indent=2) + "\n")


def document_of(report: Report) -> dict[str, JsonValue]:
    """Return the document: what the service sent, and what casjob makes of it."""
    detail = report.detail
    document: dict[str, JsonValue] = {
        "schema_version": SCHEMA_VERSION,
        "outcome": report.outcome,
        "complete": report.shows_everything,
        "elapsed_seconds": report.elapsed_seconds,
        "task_count": detail.task_count,
        "job": dict(report.job.sent),
        "tasks": [_task(each) for each in report.shown],
    }
    return document | {key: value for key, value in detail.sent.items() if key not in document}


def _task(report: TaskReport) -> dict[str, JsonValue]:
    fields = dict(report.task.sent)
    if "MESSAGES" in fields:
        fields["MESSAGES"] = decode_messages(fields["MESSAGES"])
    failure = report.failure
    fields["failure"] = {"code": failure.code, "detail": failure.detail} if failure else None
    fields["elapsed_seconds"] = report.elapsed_seconds
    return fields
