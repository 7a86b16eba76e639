"""Which jobs are meant: named, on stdin, the last one of a component, or the one last viewed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, TypeAlias

from casjob.component_name import ComponentName
from casjob.errors import ComponentNotFoundError, JobNotFoundError, ReplyError, UsageError
from casjob.history import JOB_ID
from casjob.job.failures import clip
from casjob.json_text import JsonValue, decode
from casjob.recent import SHORTEST_PREFIX
from casjob.session import Session

if TYPE_CHECKING:
    from casjob.components import Component, ComponentSource, Listing, Source

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WHOLE_JOB_ID = re.compile(rf"\bJOB{_UUID.pattern}\b")
_AROUND_AN_ID = " \t\r\n\"'`,;"
"""What is copied along with an id."""
_LONGEST_SHOWN = 200
_MAX_STDIN = 64 * 1024 * 1024
"""Characters of a list of jobs: a program may never stop printing."""
_MAX_CANDIDATES = 20
"""Components named where several are meant."""

Target: TypeAlias = str | ComponentName | None
"""What names a job: its id or a prefix, a component, or nothing."""


def read_target(target: Target, session: Session) -> Target:
    """Return the job that is named, by the command line or by CASJOB_JOB_ID; None if none is.

    Raises:
        UsageError: it can't be a job id.
    """
    # The variable's job is not in the demo.
    if target is None and not session.demo:
        target = session.settings.job_id.value
    return read_job_id(target) if isinstance(target, str) else target


def read_targets(
    targets: Sequence[str] | ComponentName, stdin: TextIO | None, session: Session
) -> Sequence[Target]:
    """Return the jobs that are named, each once, in their order; one None if nothing names any.

    Raises:
        UsageError: as for `read_job_ids`.
    """
    if isinstance(targets, ComponentName):
        after = targets.after
        return [targets._replace(after=after and read_job_id(after))]
    return read_job_ids(targets, stdin) if targets else [read_target(None, session)]


def read_job_ids(targets: Iterable[str], stdin: TextIO | None) -> list[str]:
    """Return the ids that are named, each once, in their order; `-` stands for those on stdin.

    Raises:
        UsageError: something can't be a job id; or stdin has neither one nor an empty list, or is
            longer than casjob's limit.
    """
    ids: list[str] = []
    for target in dict.fromkeys(targets):
        ids += _read_stdin(stdin) if target == "-" else [target]
    return list(dict.fromkeys(map(read_job_id, ids)))


def read_job_id(text: str) -> str:
    """Return the job id in what a person pastes; it may become part of a path.

    That is an id, with quotes and blanks around it or without its `JOB`, or a line or an address
    with one id in it.

    Raises:
        UsageError: there is no job id in it, or several.
    """
    bare = text.strip(_AROUND_AN_ID)
    if _UUID.fullmatch(bare):
        return f"JOB{bare}"
    if JOB_ID.fullmatch(bare):
        return bare
    found: list[str] = list(dict.fromkeys(_WHOLE_JOB_ID.findall(text)))
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{_shorten(text)} contains {len(found)} job ids"
        raise UsageError(message, hint="give each id separately")
    raise UsageError(
        f"{_shorten(text)} is not a job id",
        hint="--from - reads a job from stdin"
        if text == "-"
        else "a job id has 1 to 128 letters, digits, _ and -, as in"
        " JOB474362ef-091d-429f-9b3e-c9246b37dee6",
    )


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def choose_job(named: Target, source: "Source", session: Session) -> str:
    """Return the id of the job that is meant; write a notice if it was not given in full.

    `named` is what `read_target` returned.

    Raises:
        UsageError: no job is meant, or several are.
        CasjobError: the component that is named was not found, or has no job.
    """
    if isinstance(named, ComponentName):
        component = find_component(named, source.components, session)
        job_id = find_last_job(component)
        if job_id is None:
            raise JobNotFoundError(f"component {clip(component.label)} has no job yet")
        session.notices.say(f"{job_id} (last job of component {clip(component.label)})")
        return job_id
    recent = session.history(source).job_ids()
    if named is not None:
        chosen = _complete(named, [*recent, *source.sample_job_ids])
        if chosen != named:
            session.notices.say(f"{chosen} (recent job)")
        return chosen
    if not recent and source.sample_job_ids:
        return source.sample_job_ids[0]
    if not recent:
        raise UsageError(
            "no job id is given, and no job was looked at before in this project",
            hint="give one, as in casjob show JOB_ID, or a component with --component, or set"
            " CASJOB_JOB_ID; the default is the job last looked at",
        )
    session.notices.say(f"{recent[0]} (last looked at)")
    return recent[0]


def find_component(
    named: ComponentName, source: "ComponentSource", session: Session
) -> "Component":
    """Return the component that is meant.

    Raises:
        UsageError: several components are meant.
        ComponentNotFoundError: none is.
        CasjobError: the components could not be listed.
    """
    listing = list_components(named.application, source, session)
    found = listing.find(named.name)
    if len(found) == 1:
        return found[0]
    if found:
        candidates = [f"  {_describe_candidate(each)}" for each in found[:_MAX_CANDIDATES]]
        if found[_MAX_CANDIDATES:]:
            candidates.append(f"  and {len(found) - _MAX_CANDIDATES} more")
        raise UsageError(
            f"{named.name} is the name or a prefix of {len(found)} components",
            hint="give an id, or --application",
            steps=tuple(candidates),
        )
    where = f" in application {named.application}" if named.application else ""
    raise ComponentNotFoundError(
        f"there is no component {named.name}{where}",
        hint=f"{session.suggest('list')} lists all components",
    )


def list_components(
    application: str | None, source: "ComponentSource", session: Session
) -> "Listing":
    """List components with progress on stderr, and remember their names for completions.

    Raises:
        CasjobError: the components could not be listed.
    """
    with session.notices.progress("listing components", "components") as progress:
        listing = source.list_components(application, on_progress=progress.count)
    if application is None:
        session.remember_components(each.name for each in listing.components if each.name)
    return listing


def find_last_job(component: "Component") -> str | None:
    """Return the id of a component's last job; None if it has none yet.

    Raises:
        ReplyError: what the service sent can't be a job id, which may become a part of a path.
    """
    job_id = component.last_job_id
    if job_id is None or JOB_ID.fullmatch(job_id):
        return job_id
    raise ReplyError(
        f"the service sent {_shorten(job_id)} as the last job of component {clip(component.label)},"
        " which is not a job id"
    )


def _describe_candidate(component: "Component") -> str:
    environment = component.environment_name or component.environment_id
    words = [
        *component.ids[-1:],
        clip(component.label),
        f"in application {clip(component.application_name or '(unknown)')}",
    ]
    if environment:
        words.append(f"environment {clip(environment)}")
    return "  ".join(words)


def _complete(prefix: str, recent: Sequence[str]) -> str:
    """Return the recent job that has a prefix, or the prefix itself, as it may be a whole id."""
    if len(prefix) < SHORTEST_PREFIX or _WHOLE_JOB_ID.fullmatch(prefix):
        return prefix
    matching = list(
        dict.fromkeys(job_id for job_id in recent if job_id.startswith((prefix, f"JOB{prefix}")))
    )
    if prefix in matching or not matching:
        return prefix
    if len(matching) > 1:
        raise UsageError(
            f"{prefix} is a prefix of {len(matching)} recent jobs",
            hint=f"such as {', '.join(matching[:5])}",
        )
    return matching[0]


def _read_stdin(stdin: TextIO | None) -> list[str]:
    try:
        text = stdin.read(_MAX_STDIN + 1) if stdin else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read stdin: {error}") from None
    if len(text) > _MAX_STDIN:
        raise UsageError(
            f"stdin is longer than casjob's limit of {_MAX_STDIN} characters",
            hint="write only the job ids, one per line",
        )
    text = text.removeprefix("\ufeff").strip()
    ids = list(find_job_ids(text))
    if not ids and not _is_empty_list(text):
        raise UsageError(
            "no job id on stdin",
            hint="write one id per line, or JSON with job_id or last_job_id in it",
        )
    return ids


def _is_empty_list(text: str) -> bool:
    """Return whether a text without an id is JSON as `casjob list` or `recent` prints it."""
    match _decode_all(text):
        case [{"schema_version": _, "components": list(components)}]:
            return all(isinstance(each, dict) and "last_job_id" in each for each in components)
        case [{"schema_version": _, "component": {"last_job_id": None}, "deployments": _}]:
            return True
        case [{"schema_version": _, "jobs": []}]:
            return True
    return False


def find_job_ids(text: str) -> Iterable[str]:
    """Return the ids in the output of a program: JSON, lines of JSON, other text, or an id a line.

    In other text, only whole ids are recognized.
    """
    documents = _decode_all(text)
    if documents:
        # A document may also be an id itself, or a list of them.
        return (
            job_id
            for document in documents
            for job_id in _find_in(document, is_id=not isinstance(document, dict))
        )
    return _WHOLE_JOB_ID.findall(text) or filter(None, map(str.strip, text.splitlines()))


def _decode_all(text: str) -> list[JsonValue]:
    """Return the one document, or one a line; nothing if it is neither."""
    for documents in ([text], text.splitlines()):
        try:
            return [_decode(each) for each in documents if each.strip()]
        except ValueError:
            continue
    return []


def _decode(text: str) -> JsonValue:
    """Decode what may hold an id, or nothing, as `jq` prints it; a bare number may be an id."""
    if not text.lstrip().startswith(("{", "[", '"', "null")):
        raise ValueError("not JSON that holds a string")
    return decode(text)


def _find_in(value: JsonValue, *, is_id: bool) -> Iterator[str]:
    """Yield the ids in JSON, at any depth: those under a `job_id` or `last_job_id` key.

    `is_id` means that the value is what is under such a key: an id, or several in a list or map.
    """
    match value:
        case str() if is_id and value:
            yield value
        case list():
            for each in value:
                yield from _find_in(each, is_id=is_id and isinstance(each, str))
        case {"value": inner} if is_id:
            yield from _find_in(inner, is_id=True)
        case dict():
            # terraform output -json has the type beside the value, and a type names the fields of
            # objects, `job_id` among them, each with the word "string".
            has_type = {"type", "value"} <= value.keys()
            for key, each in value.items():
                if not (has_type and key == "type"):
                    yield from _find_in(each, is_id=is_id or _names_job(key))


def _names_job(key: str) -> bool:
    return key.lower().replace("_", "") in {"jobid", "jobids", "lastjobid"}
