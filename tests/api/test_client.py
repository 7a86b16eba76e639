from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import casjob.api.v2
import casjob.api.v3
from casjob.api.auth import TokenAuth
from casjob.api.client import ServiceStage, Version
from casjob.api.endpoint import Wire
from casjob.api.retry import RetryPolicy
from casjob.errors import JobNotFoundError
from casjob.job.source import Window
from tests.conftest import JOB_ID, PROJECT_ID
from tests.service import Reply, Service, documented_job


@pytest.fixture
def wire(service: Service) -> Iterator[Wire]:
    wire = Wire(service.url, timeout=5, retry=RetryPolicy(tries=0), tell=lambda _: None)
    yield wire
    wire.close()


def client_of(wire: Wire, version: Version = casjob.api.v2) -> ServiceStage:
    return ServiceStage(
        wire,
        auth=TokenAuth("a-token"),
        version=version,
        project_id=PROJECT_ID,
        place="cn-north-4",
    )


def ignore(came: int, of: int | None) -> None:
    """Take no notice of progress."""


@pytest.mark.parametrize("version", [casjob.api.v2, casjob.api.v3], ids=["v2", "v3"])
def test_a_job_is_asked_for_by_its_path(service: Service, wire: Wire, version: Version) -> None:
    detail = client_of(wire, version).fetch_job(JOB_ID, Window(), on_progress=ignore)

    (request,) = service.requests
    name = "v2" if version is casjob.api.v2 else "v3"
    assert request.target == f"/{name}/{PROJECT_ID}/cas/jobs/{JOB_ID}?limit=50&offset=0"
    assert request.headers["X-Auth-Token"] == "a-token"
    assert (detail.job.job_id, len(detail.tasks)) == (JOB_ID, 5)


def test_a_window_is_asked_for_in_the_apis_own_words(service: Service, wire: Wire) -> None:
    window = Window(offset=1, limit=2, desc=True, instance_id="a b&c")

    client_of(wire).fetch_job(JOB_ID, window, on_progress=ignore)

    assert service.requests[0].query == {
        "limit": ["2"],
        "offset": ["1"],
        "desc": ["true"],
        "instance_id": ["a b&c"],
    }


def test_the_time_is_the_services(service: Service, wire: Wire) -> None:
    body = documented_job()
    date = {"Date": "Tue, 04 Feb 2020 04:02:00 GMT"}
    service.script = [Reply(200, body, date), Reply(200, body, {"Date": "yesterday"})]
    client = client_of(wire)

    theirs = client.fetch_job(JOB_ID, Window(), on_progress=ignore).as_of
    ours = client.fetch_job(JOB_ID, Window(), on_progress=ignore).as_of

    assert theirs == datetime(2020, 2, 4, 4, 2, tzinfo=UTC)
    assert ours is not None
    assert abs(ours - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_job_that_is_not_there_is_told_with_its_place(wire: Wire) -> None:
    with pytest.raises(JobNotFoundError) as raised:
        client_of(wire).fetch_job("JOB-none", Window(), on_progress=ignore)

    expected = f"job JOB-none was not found in project {PROJECT_ID} (cn-north-4)"
    assert raised.value.message == expected
