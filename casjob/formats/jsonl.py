"""JSON, an object a line: what `json` has in its arrays, for programs that read line by line."""

from functools import partial

from casjob.errors import CheckResult
from casjob.formats import json
from casjob.formats.display import Display, JobResult
from casjob.formats.documents import VersionedDocument


def _write(document: VersionedDocument) -> bytes:
    objects = (each for name in document.lines for each in getattr(document, name) or ())
    return b"".join(json.encode(each, indent=None) for each in objects)


def verdict(result: JobResult, display: Display) -> bytes:
    """Return a verdict as a line."""
    return verdicts([result], display, timed_out=False)


def check(check: CheckResult, display: Display) -> bytes:
    """Return the check as a line."""
    return checks([check], display)


report = partial(json.report, write=_write)
difference = partial(json.difference, write=_write)
verdicts = partial(json.verdicts, write=_write)
view = json.view
settings = partial(json.settings, write=_write)
checks = partial(json.checks, write=_write)
explanations = partial(json.explanations, write=_write)
components = partial(json.components, write=_write)
deployments = partial(json.deployments, write=_write)
statistics = partial(json.statistics, write=_write)
recent = partial(json.recent, write=_write)
