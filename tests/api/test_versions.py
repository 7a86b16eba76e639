"""The version of the API that is used where none is pinned: v2, or v3 where v2 is not there."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casjob.api.jobs import Versions
from casjob.background import run_in_thread
from casjob.errors import NoSuchApiError
from tests.components import component, record, without_v3
from tests.conftest import JOB_ID, Finished
from tests.following import QUICKLY
from tests.service import Recorded, Reply, Service, many_tasks

Ask = Callable[..., Finished]


def without_v2(request: Recorded, code: str = "APIGW.0101") -> Reply | None:
    """Answer as a region in which v2 is not published."""
    return Reply(404, {"error_code": code}) if request.path.startswith("/v2/") else None


def without_any(request: Recorded) -> Reply | None:
    return without_v2(request) or without_v3(request)


def versions(service: Service) -> list[str]:
    """Return the versions of the requests since this was last called."""
    found = [request.path[1:3] for request in service.requests]
    service.requests.clear()
    return found


@pytest.mark.parametrize("code", ["APIGW.0101", "APIG.0101"])
def test_v3_is_used_and_remembered_where_v2_is_not_there(
    ask: Ask, service: Service, code: str
) -> None:
    service.handler = lambda request: without_v2(request, code)
    first, second = ask("show", JOB_ID, "--json"), ask("show", JOB_ID, "--json")

    assert (first.status, first.err) == (0, "")
    assert second == first
    assert versions(service) == ["v2", "v3", "v3"]
    assert "\napi_version      auto  " in ask("config").out
    found = {each["name"]: each for each in json.loads(ask("config", "--json").out)["settings"]}
    assert found["api_version"] == {
        "name": "api_version",
        "value": "auto",
        "origin": "default; the endpoint has v3 only",
    }


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_a_job_is_followed_by_the_version_that_is_there(
    ask: Ask, service: Service, command: str
) -> None:
    service.handler = without_v2
    service.jobs["JOB300"] = many_tasks(300)
    assert ask(command, "JOB300", *QUICKLY).status == 0
    assert versions(service).count("v2") == 1


def test_v2_is_remembered_for_components_where_v3_is_not_there(ask: Ask, service: Service) -> None:
    service.handler = without_v3
    service.components = [component(1, "web", job_id=JOB_ID)]
    first = ask("list")
    assert versions(service) == ["v3", "v2", "v2"]
    assert ask("list") == first
    assert versions(service) == ["v2", "v2"]
    assert ask("show", JOB_ID).status == 0
    assert versions(service) == ["v2"]


def test_deployments_are_listed_once_v3_is_there_though_v2_was(ask: Ask, service: Service) -> None:
    service.handler = without_v3
    service.components = [component(1, "web", record(JOB_ID), job_id=JOB_ID)]
    assert ask("list", "web").out.endswith("\nnote: only v3 of the API lists the deployments\n")
    versions(service)

    service.handler = lambda _: None
    assert ask("list", "web").out.endswith("\n1 deployment\n")
    assert versions(service) == ["v2", "v2", "v3"]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, "v2 v2"),
        ({"expires_at": "2026-01-02T03:04:05+00:00"}, "v3"),
        ({"expires_at": "soon"}, "v3"),
        ({"version": "v4"}, "v3"),
        ({"version": "v3"}, "v3"),
    ],
)
def test_a_version_is_remembered_for_a_day(
    ask: Ask, service: Service, tmp_path: Path, changes: dict[str, str], asked: str
) -> None:
    service.handler = without_v3
    service.components = [component(1, "web")]
    before = datetime.now(UTC)
    ask("list")
    (kept,) = tmp_path.glob("**/version-*.json")
    entry = json.loads(kept.read_text())
    expires = datetime.fromisoformat(entry["expires_at"])
    assert before <= expires - timedelta(days=1) <= datetime.now(UTC)
    kept.write_text(json.dumps(entry | changes))
    versions(service)

    service.handler = lambda _: None
    assert ask("list").status == 0
    assert " ".join(versions(service)) == asked


def test_v2_is_used_again_where_v3_is_no_longer_there(ask: Ask, service: Service) -> None:
    service.handler = without_v2
    ask("show", JOB_ID)
    service.handler = without_v3
    assert [ask("show", JOB_ID).status for _ in range(2)] == [0, 0]
    assert versions(service) == ["v2", "v3", "v3", "v2", "v2"]


def test_a_job_that_is_not_there_is_not_looked_for_elsewhere(ask: Ask, service: Service) -> None:
    assert ask("show", "JOB-of-nobody").status == 5
    assert versions(service) == ["v2"]


@pytest.mark.parametrize(("pinned", "there"), [("v2", without_v2), ("v3", without_v3)])
def test_a_pinned_version_is_the_only_one(
    ask: Ask, service: Service, pinned: str, there: Callable[[Recorded], Reply | None]
) -> None:
    service.handler = there
    service.components = [component(1, "web")]
    for words in (["show", JOB_ID], ["list"]):
        refused = ask(*words, CASJOB_API_VERSION=pinned)
        assert (refused.status, refused.out) == (3, "")
        assert " has no such API\n" in refused.err
    assert set(versions(service)) == {pinned}


def test_a_service_with_neither_version_has_no_such_api(ask: Ask, service: Service) -> None:
    service.handler = without_any
    refused = ask("show", JOB_ID)
    assert (refused.status, versions(service)) == (3, ["v2", "v3"])


def test_requests_side_by_side_switch_once() -> None:
    begun = threading.Barrier(4)
    remembered: list[str] = []
    both = Versions("v2", "v3", remember=remembered.append)

    def request(version: str) -> str:
        if version == "v2":
            begun.wait(5)
            raise NoSuchApiError("not there")
        return version

    calls = [run_in_thread(lambda: both.call(request)) for _ in range(4)]
    assert [call.result(5) for call in calls] == ["v3"] * 4
    assert set(remembered) == {"v3"}
