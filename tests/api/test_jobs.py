from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from casjob.api.auth import Token
from casjob.api.client import Client
from casjob.api.jobs import ServiceStage, Versions
from casjob.api.pace import RetryPolicy
from casjob.errors import JobNotFoundError
from casjob.job.detail import Window
from tests.conftest import JOB_ID, PROJECT_ID
from tests.service import Reply, Service, documented_job


def open_client(service: Service, project_id: str = PROJECT_ID) -> Client:
    token = Token("a-token", origin="CASJOB_TOKEN")
    retry = RetryPolicy(retries=0)
    return Client(service.url, project_id=project_id, auth=token, timeout=5, retry=retry)


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with closing(open_client(service)) as opened:
        yield opened


def open_project(client: Client, version: str = "v2") -> ServiceStage:
    return ServiceStage(
        client,
        versions=Versions(version),
        component_versions=Versions("v3", "v2"),
        location="cn-north-4",
        explain_not_found=lambda _: "project and region are from a test",
    )


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_job_is_requested_by_its_path(service: Service, client: Client, version: str) -> None:
    detail = open_project(client, version).fetch_job(JOB_ID)

    (request,) = service.requests
    assert request.target == f"/{version}/{PROJECT_ID}/cas/jobs/{JOB_ID}?limit=50&offset=0"
    assert request.headers["X-Auth-Token"] == "a-token"
    assert (detail.job.job_id, len(detail.tasks)) == (JOB_ID, 5)


def test_a_window_becomes_the_apis_parameters(service: Service, client: Client) -> None:
    window = Window(offset=1, limit=2, desc=True, instance_id="a b&c")

    open_project(client).fetch_job(JOB_ID, window)

    assert service.requests[0].query == {
        "limit": ["2"],
        "offset": ["1"],
        "desc": ["true"],
        "instance_id": ["a b&c"],
    }


def test_the_time_is_the_services(service: Service, client: Client) -> None:
    body = documented_job()
    date = {"Date": "Tue, 04 Feb 2020 04:02:00 GMT"}
    service.script = [Reply(200, body, date), Reply(200, body, {"Date": "yesterday"})]
    project = open_project(client)

    theirs = project.fetch_job(JOB_ID).as_of
    ours = project.fetch_job(JOB_ID).as_of

    assert theirs == datetime(2020, 2, 4, 4, 2, tzinfo=UTC)
    assert ours is not None
    assert abs(ours - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_missing_job_is_an_error_that_names_the_project_and_region(client: Client) -> None:
    with pytest.raises(JobNotFoundError) as raised:
        open_project(client).fetch_job("JOB-none")

    expected = f"job JOB-none was not found in project {PROJECT_ID} (cn-north-4)"
    assert raised.value.message == expected


def test_ids_are_quoted_in_the_path(service: Service) -> None:
    service.script = [Reply(404, {"error_code": "SVCSTG.00100429"})]

    with closing(open_client(service, "p/..?#")) as client, pytest.raises(JobNotFoundError):
        open_project(client).fetch_job("j %/é")

    path, _, _ = service.requests[0].target.partition("?")
    assert path == "/v2/p%2F..%3F%23/cas/jobs/j%20%25%2F%C3%A9"
