"""What the API replies, given jobs, components and builds: paths, paging, versions, errors."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NotRequired, TypedDict, cast

PAGE_CAP = 50
"""The most tasks in one reply, whatever `limit` asks for."""

_MAX_COMPONENTS = 100
"""Also of applications and deployments, in one reply."""
_DEFAULT_LIMIT = 20
LOG_PART = 25_524
"""Characters of a log in one reply, as in the documented example."""
_V2_ONLY = {"CREATED_BY", "JOB_DESC", "JOB_NAME", "OWNER_ID"}
_V3_NAMES = {"LAST_HEALTH_CHECK": "update_at"}

Fields = dict[str, object]


class Document(TypedDict):
    """A whole job in v2's shape; without a `task_count`, its tasks are counted."""

    job: Fields
    tasks: list[Fields]
    task_count: NotRequired[int]


class ComponentDocument(TypedDict):
    """A component in v3's shape, with its instance in v2 and its deployments."""

    component: Fields
    instance_id: str
    records: list[Fields]


class BuildDocument(TypedDict):
    """A build as its details are sent, and its log; both grow while it runs."""

    build: Fields
    phases: dict[str, str]
    log: str


class Samples(NamedTuple):
    """What there is, and how much of a job or a log is in one reply at the most."""

    find: Callable[[str], Document | None]
    list_components: Callable[[], Sequence[ComponentDocument]] = tuple
    list_builds: Callable[[], Sequence[BuildDocument]] = tuple
    page_cap: int = PAGE_CAP
    log_part: int = LOG_PART


class Answer(NamedTuple):
    """A status and the object to send as JSON."""

    status: int
    body: Fields


def answer(
    method: str, path: str, query: Mapping[str, str], samples: Samples, request_id: str = ""
) -> Answer:
    """Respond to a request as the service and its gateway do.

    The path is decoded and without the query. The request's id goes into the gateway's own errors.
    """
    parts = path.removeprefix("/").split("/")
    try:
        match parts if all(parts) else []:
            case _ if method != "GET":
                found = _refuse(405, "APIGW.0201", "Method not allowed")
            case ["v2" | "v3" as version, _, "cas", "jobs", job_id]:
                found = _show_job(version, samples.find(job_id), query, samples.page_cap)
            case [version, _, "cas", *rest]:
                found = _show_components(version, rest, query, samples.list_components())
            case ["assembling", "v1", *rest]:
                found = _show_builds(rest, query, samples.list_builds(), samples.log_part)
            case _:
                found = _NO_API
    except ValueError as error:
        return _refuse(400, "SVCSTG.00100400", f"invalid parameter: {error}")
    is_of_gateway = str(found.body.get("error_code")).startswith("APIGW")
    return Answer(found.status, found.body | {"request_id": request_id}) if is_of_gateway else found


def _refuse(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error_code": code, "error_msg": message})


_NO_API = _refuse(
    404, "APIGW.0101", "The API does not exist or has not been published in the environment"
)


def _show_job(
    version: str, document: Document | None, query: Mapping[str, str], page_cap: int
) -> Answer:
    if document is None:
        return _refuse(404, "SVCSTG.00100429", "job not found")
    page = _page(document, query, page_cap)
    if version == "v3":
        page["job"] = {"rollback_enabled": False} | _in_v3(page["job"])
        page["tasks"] = [_in_v3(task) for task in page["tasks"]]
    return Answer(200, {**page})


def _page(document: Document, query: Mapping[str, str], page_cap: int) -> Document:
    limit = _number(query, "limit", default=_DEFAULT_LIMIT, minimum=1)
    offset = _number(query, "offset", default=0, minimum=0)
    descending = query.get("desc", "false")
    if descending not in {"true", "false"}:
        raise ValueError("desc")
    job, tasks = document["job"], document["tasks"]
    if query.get("instance_id", job.get("SERVICE_INSTANCE_ID")) != job.get("SERVICE_INSTANCE_ID"):
        return {"job": job, "tasks": [], "task_count": 0}
    if descending == "true":
        tasks = tasks[::-1]
    return {
        "job": job,
        "tasks": tasks[offset : offset + min(limit, page_cap)],
        "task_count": document.get("task_count", len(tasks)),
    }


def _show_components(
    version: str,
    path: Sequence[str],
    query: Mapping[str, str],
    documents: Sequence[ComponentDocument],
) -> Answer:
    components = [each["component"] for each in documents]
    match [version, *path]:
        case ["v3", "components"]:
            wanted = query.get("application_name")
            chosen = [each for each in components if wanted in {None, each["application_name"]}]
            return _list("components", chosen, query)
        case ["v3", "applications", _, "components", component_id, *of_it]:
            for document in documents:
                if document["component"]["id"] == component_id and of_it == ["records"]:
                    return _list("records", document["records"], query)
                if document["component"]["id"] == component_id and not of_it:
                    return Answer(200, document["component"])
            # Documented for a component that does not exist.
            return _refuse(401, "SVCSTG.00100401", "Authentication failed")
        case ["v2", "applications"]:
            names = {each["application_id"]: each["application_name"] for each in components}
            applications = [{"id": each, "name": name} for each, name in names.items()]
            return _list("applications", applications, query)
        case ["v2", "applications", application_id, "components", "overviews"]:
            overviews = [
                _in_v2(each)
                for each in documents
                if each["component"]["application_id"] == application_id
            ]
            return _list("components", overviews, query)
    return _NO_API


def _show_builds(
    path: Sequence[str], query: Mapping[str, str], documents: Sequence[BuildDocument], size: int
) -> Answer:
    """Respond about builds, which are given newest first."""
    builds = [each["build"] for each in documents]
    jobs = {str(each["job_id"]): each for each in reversed(builds)}
    by_id = {each["build"]["build_id"]: each for each in documents}
    match path:
        case ["jobs"]:
            wanted = query.get("job_name", "")
            rows: list[Fields] = [
                {"job_id": job_id, "job_name": each["job_name"]}
                for job_id, each in jobs.items()
                if wanted in str(each["job_name"])
            ]
            return _page_builds(rows, query)
        case ["jobs", job_id] if job_id in jobs:
            newest = jobs[job_id]
            spec = {"job_name": newest["job_name"]}
            body = {"job_id": job_id, "spec": spec, "last_build_id": newest["build_id"]}
            return Answer(200, body)
        case ["jobs", job_id, "builds"] if job_id in jobs:
            own = [each for each in builds if each["job_id"] == job_id]
            rows = [{name: each[name] for name in ("build_id", "build_state")} for each in own]
            return _page_builds(rows, query)
        case ["builds", build_id] if build_id in by_id:
            return Answer(200, by_id[build_id]["build"])
        case ["builds", build_id, "logs"] if build_id in by_id:
            return _cut(by_id[build_id], query, size)
    return _refuse(404, "SVCSTG.CPE.4040001", "the build does not exist")


def _page_builds(rows: Sequence[Fields], query: Mapping[str, str]) -> Answer:
    size = _number(query, "per_page", default=_DEFAULT_LIMIT, minimum=1)
    page = _number(query, "page", default=1, minimum=1)
    shown = list(rows[(page - 1) * size : page * size])
    return Answer(200, {"total": len(rows), "per_page": size, "page": page, "list": shown})


def _cut(document: BuildDocument, query: Mapping[str, str], size: int) -> Answer:
    start = _number(query, "from", default=0, minimum=0)
    text = document["log"][start : start + size]
    body: Fields = {
        "buildlog": text,
        "next": start + len(text),
        "phases": ",".join(document["phases"]),
        "phase_states": ",".join(document["phases"].values()),
    }
    return Answer(200, body)


def _list(name: str, items: Sequence[Fields], query: Mapping[str, str]) -> Answer:
    limit = _number(query, "limit", default=_MAX_COMPONENTS, minimum=1)
    offset = _number(query, "offset", default=0, minimum=0)
    if limit > _MAX_COMPONENTS:
        raise ValueError("limit")
    return Answer(200, {"count": len(items), name: list(items[offset : offset + limit])})


def _in_v2(document: ComponentDocument) -> Fields:
    component = document["component"]
    status = cast("Fields", component["status"])
    detail = {name: value for name, value in status.items() if name != "update_time"}
    instance: Fields = {
        "instance_id": document["instance_id"],
        "instance_name": component["name"],
        "environment_id": component["environment_id"],
        "version": component["version"],
        "update_time": status["update_time"],
        "status_detail": {**detail, "status": detail.pop("component_status")},
    }
    return {"id": component["id"], "name": component["name"], "instances": [instance]}


def _number(query: Mapping[str, str], name: str, *, default: int, minimum: int) -> int:
    # int() would also take "+5", " 5 " and "1_0".
    text = query.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < minimum:
        raise ValueError(name)
    return int(text)


def _in_v3(fields: Fields) -> Fields:
    return {
        _V3_NAMES.get(name, name.lower()): value
        for name, value in fields.items()
        if name not in _V2_ONLY
    }
