"""What the API replies, given jobs, components and builds: paths, paging, versions, errors."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NotRequired, TypedDict, cast

PAGE_CAP = 50
"""The most tasks in one reply, whatever `limit` asks for."""

_MAX_COMPONENTS = 100
"""Also of applications and deployments, in one reply."""
_DEFAULT_LIMIT = 20
_JOB_PATH = re.compile(r"/(?P<version>v[23])/[^/]+/cas/jobs/(?P<job_id>[^/]+)")
_COMPONENTS_PATH = re.compile(
    r"/(?:v3/[^/]+/cas/(?:(?P<all>components)"
    r"|applications/(?P<application>[^/]+)/components/(?P<component>[^/]+)(?P<records>/records)?)"
    r"|v2/[^/]+/cas/applications(?:/(?P<overviews>[^/]+)/components/overviews)?)"
)
_BUILDS_PATH = re.compile(
    r"/assembling/v1/(?:jobs(?:/(?P<job>[^/]+)(?P<of_job>/builds)?)?"
    r"|builds/(?P<build>[^/]+)(?P<logs>/logs)?)"
)
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


class Answer(NamedTuple):
    """A status and the object to send as JSON."""

    status: int
    body: Fields


def answer(
    method: str,
    path: str,
    query: Mapping[str, str],
    find: Callable[[str], Document | None],
    list_components: Callable[[], Sequence[ComponentDocument]],
    list_builds: Callable[[], Sequence[BuildDocument]] = tuple,
    *,
    request_id: str,
    page_cap: int = PAGE_CAP,
    log_part: int = LOG_PART,
) -> Answer:
    """Respond to a request as the service and its gateway do.

    The path is decoded and without the query. The request's id goes into the gateway's own errors;
    a reply has at most `page_cap` tasks.
    """
    paths = (_JOB_PATH, _COMPONENTS_PATH, _BUILDS_PATH)
    target = next(filter(None, (each.fullmatch(path) for each in paths)), None)
    if target is None:
        message = "The API does not exist or has not been published in the environment"
        return _refuse(404, "APIGW.0101", message, request_id=request_id)
    if method != "GET":
        return _refuse(405, "APIGW.0201", "Method not allowed", request_id=request_id)
    try:
        if target.re is _JOB_PATH:
            return _answer_job(target["version"], find(target["job_id"]), query, page_cap)
        if target.re is _BUILDS_PATH:
            return _answer_builds(target, query, list_builds(), log_part)
        return _answer_components(target, query, list_components())
    except ValueError as error:
        return _refuse(400, "SVCSTG.00100400", f"invalid parameter: {error}")


def _answer_job(
    version: str, document: Document | None, query: Mapping[str, str], page_cap: int
) -> Answer:
    if document is None:
        return _refuse(404, "SVCSTG.00100429", "job not found")
    page = _page(document, query, page_cap)
    if version == "v3":
        page["job"] = {"rollback_enabled": False} | _in_v3(page["job"])
        page["tasks"] = [_in_v3(task) for task in page["tasks"]]
    return Answer(200, {**page})


def _refuse(status: int, code: str, message: str, **more: str) -> Answer:
    return Answer(status, {"error_code": code, "error_msg": message, **more})


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


def _answer_components(
    target: re.Match[str], query: Mapping[str, str], documents: Sequence[ComponentDocument]
) -> Answer:
    if target["all"]:
        wanted = query.get("application_name")
        chosen = [
            document["component"]
            for document in documents
            if wanted in {None, document["component"]["application_name"]}
        ]
        return _list("components", chosen, query)
    if target["component"]:
        for document in documents:
            if document["component"]["id"] == target["component"]:
                if target["records"]:
                    return _list("records", document["records"], query)
                return Answer(200, document["component"])
        # Documented for a component that does not exist.
        return _refuse(401, "SVCSTG.00100401", "Authentication failed")
    if target["overviews"]:
        overviews = [
            _in_v2(document)
            for document in documents
            if document["component"]["application_id"] == target["overviews"]
        ]
        return _list("components", overviews, query)
    names = {
        document["component"]["application_id"]: document["component"]["application_name"]
        for document in documents
    }
    return _list("applications", [{"id": each, "name": names[each]} for each in names], query)


def _answer_builds(
    target: re.Match[str], query: Mapping[str, str], documents: Sequence[BuildDocument], size: int
) -> Answer:
    """Respond about builds, which are given newest first."""
    builds = [each["build"] for each in documents]
    jobs = {str(each["job_id"]): each for each in reversed(builds)}
    if target["build"]:
        for document in documents:
            if document["build"]["build_id"] == target["build"]:
                return Answer(
                    200, _cut(document, query, size) if target["logs"] else document["build"]
                )
    elif target["job"] in jobs:
        job = jobs[target["job"]]
        if target["of_job"]:
            own = [each for each in builds if each["job_id"] == target["job"]]
            rows = [{name: each[name] for name in ("build_id", "build_state")} for each in own]
            return Answer(200, _page_builds(rows, query))
        spec = {"job_name": job["job_name"]}
        body = {"job_id": target["job"], "spec": spec, "last_build_id": job["build_id"]}
        return Answer(200, body)
    elif target["job"] is None:
        wanted = query.get("job_name", "")
        rows = [
            {"job_id": job_id, "job_name": each["job_name"]}
            for job_id, each in jobs.items()
            if wanted in str(each["job_name"])
        ]
        return Answer(200, _page_builds(rows, query))
    return _refuse(404, "SVCSTG.CPE.4040001", "the build does not exist")


def _page_builds(rows: Sequence[Fields], query: Mapping[str, str]) -> Fields:
    size = _number(query, "per_page", default=_DEFAULT_LIMIT, minimum=1)
    page = _number(query, "page", default=1, minimum=1)
    shown = list(rows[(page - 1) * size : page * size])
    return {"total": len(rows), "per_page": size, "page": page, "list": shown}


def _cut(document: BuildDocument, query: Mapping[str, str], size: int) -> Fields:
    start = _number(query, "from", default=0, minimum=0)
    text = document["log"][start : start + size]
    return {
        "buildlog": text,
        "next": start + len(text),
        "phases": ",".join(document["phases"]),
        "phase_states": ",".join(document["phases"].values()),
    }


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
