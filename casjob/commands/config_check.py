"""casjob config --check: tries the settings out, a line a step."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from casjob.api.probe import Finding, check_access, check_way
from casjob.errors import ExitStatus, SettingsError, UsageError
from casjob.json_text import JsonValue, encode_document
from casjob.output import write_text
from casjob.printable import printable
from casjob.service import Connector, open_service
from casjob.session import Session
from casjob.settings.resolve import Settings

SCHEMA_VERSION = 1


def check_settings(session: Session, *, as_json: bool) -> ExitStatus:
    """Try the settings out, a line a step.

    Raises:
        SettingsError: they can't be tried at all.
    """
    if session.demo:
        raise UsageError("the demo has nothing to check")
    findings = []
    for finding in _check(session, session.settings()):
        findings.append(finding)
        if not as_json:
            write_text("".join(f"{line}\n" for line in _draw(finding)))
    if as_json:
        write_text(encode_document(_document_of(findings), indent=2) + "\n")
    failed = (finding.status for finding in findings if finding.status)
    return next(failed, ExitStatus.SUCCESS)


def _check(session: Session, settings: Settings) -> Iterator[Finding]:
    with ExitStack() as stack:
        try:
            _read_all(settings)
            wire = Connector(session, settings, stack, secrets=())(settings.endpoint)
        except SettingsError as error:
            yield Finding("settings", error.status, error.message, error.hint)
            return
        yield Finding("settings", ExitStatus.SUCCESS, f"the service is at {settings.endpoint}")
        is_reachable = True
        for finding in check_way(wire, timeout=settings.request_timeout):
            yield finding
            is_reachable = finding.status is not ExitStatus.UNAVAILABLE
        if is_reachable:
            yield from check_access(lambda: stack.enter_context(open_service(session, settings)))


def _read_all(settings: Settings) -> None:
    """Read the settings that are wanted only later, so that a wrong one is told first."""
    _ = (settings.api_version, settings.project_id, settings.retries)


def _draw(finding: Finding) -> Iterator[str]:
    outcome = "failed" if finding.status else "ok"
    yield f"{finding.step:14}  {outcome:6}  {printable(finding.words)}"
    if finding.status and finding.hint:
        yield f"  hint: {printable(finding.hint)}"


def _document_of(findings: Iterable[Finding]) -> dict[str, JsonValue]:
    checks: list[JsonValue] = [
        {
            "step": finding.step,
            "ok": not finding.status,
            "found": finding.words,
            "hint": finding.hint if finding.status else None,
        }
        for finding in findings
    ]
    return {"schema_version": SCHEMA_VERSION, "checks": checks}
