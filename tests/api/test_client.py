from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from casjob.api.auth import Token
from casjob.api.client import ServiceStage
from casjob.api.endpoint import Endpoint
from casjob.api.redact import Redactor
from casjob.api.retry import RetryPolicy
from casjob.errors import JobNotFoundError
from casjob.job.source import JobDetail, JobSource, Window
from tests.conftest import JOB_ID, PROJECT_ID
from tests.service import Reply, Service, documented_job, many_tasks


@pytest.fixture
def endpoint(service: Service) -> Iterator[Endpoint]:
    endpoint = Endpoint(
        service.url,
        name="the service",
        timeout=5,
        retry=RetryPolicy(retries=0),
        notify=lambda _: None,
        redactor=Redactor(),
    )
    yield endpoint
    endpoint.close()


def client_of(
    endpoint: Endpoint, version: str = "v2", project_id: str = PROJECT_ID
) -> ServiceStage:
    return ServiceStage(
        endpoint,
        auth=Token("a-token", origin="CASJOB_TOKEN"),
        version=version,
        project_id=project_id,
        component_versions=("v3", "v2"),
        location="cn-north-4",
        explain_not_found=lambda _: "project and region are from a test",
    )


def ignore(came: int, of: int | None) -> None:
    """Ignore progress."""


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_job_is_requested_by_its_path(service: Service, endpoint: Endpoint, version: str) -> None:
    detail = client_of(endpoint, version).fetch_job(JOB_ID, Window(), on_progress=ignore)

    (request,) = service.requests
    assert request.target == f"/{version}/{PROJECT_ID}/cas/jobs/{JOB_ID}?limit=50&offset=0"
    assert request.headers["X-Auth-Token"] == "a-token"
    assert (detail.job.job_id, len(detail.tasks)) == (JOB_ID, 5)


def test_a_window_becomes_the_apis_parameters(service: Service, endpoint: Endpoint) -> None:
    window = Window(offset=1, limit=2, desc=True, instance_id="a b&c")

    client_of(endpoint).fetch_job(JOB_ID, window, on_progress=ignore)

    assert service.requests[0].query == {
        "limit": ["2"],
        "offset": ["1"],
        "desc": ["true"],
        "instance_id": ["a b&c"],
    }


def test_the_time_is_the_services(service: Service, endpoint: Endpoint) -> None:
    body = documented_job()
    date = {"Date": "Tue, 04 Feb 2020 04:02:00 GMT"}
    service.script = [Reply(200, body, date), Reply(200, body, {"Date": "yesterday"})]
    client = client_of(endpoint)

    theirs = client.fetch_job(JOB_ID, Window(), on_progress=ignore).as_of
    ours = client.fetch_job(JOB_ID, Window(), on_progress=ignore).as_of

    assert theirs == datetime(2020, 2, 4, 4, 2, tzinfo=UTC)
    assert ours is not None
    assert abs(ours - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_missing_job_is_an_error_that_names_the_project_and_region(endpoint: Endpoint) -> None:
    with pytest.raises(JobNotFoundError) as raised:
        client_of(endpoint).fetch_job("JOB-none", Window(), on_progress=ignore)

    expected = f"job JOB-none was not found in project {PROJECT_ID} (cn-north-4)"
    assert raised.value.message == expected


def test_pages_that_were_kept_are_not_fetched_again(service: Service, endpoint: Endpoint) -> None:
    service.jobs[JOB_ID] = many_tasks(105)
    kept = dict[tuple[int, int], JobDetail]()
    client = client_of(endpoint)

    whole = client.fetch_job(JOB_ID, Window(), on_progress=ignore, kept=kept)
    del kept[50, 50]
    service.requests.clear()

    again = client.fetch_job(JOB_ID, Window(), on_progress=ignore, kept=kept)
    assert [task.sent for task in again.tasks] == [task.sent for task in whole.tasks]
    assert [request.query["offset"] for request in service.requests] == [["50"]]
    assert sorted(kept) == [(0, 50), (50, 50), (100, 50)]


def test_ids_are_quoted_in_the_path(service: Service, endpoint: Endpoint) -> None:
    client = client_of(endpoint, project_id="p/..?#")
    service.script = [Reply(404)]

    with pytest.raises(JobNotFoundError):
        client.fetch_job("j %/é", Window(), on_progress=ignore)

    path, _, _ = service.requests[0].target.partition("?")
    assert path == "/v2/p%2F..%3F%23/cas/jobs/j%20%25%2F%C3%A9"


def test_a_service_is_a_source_of_jobs(endpoint: Endpoint, service: Service) -> None:
    source: JobSource = client_of(endpoint)

    assert (source.endpoint, source.project_id) == (service.url, PROJECT_ID)
