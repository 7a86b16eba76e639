"""The vendor's SDK as a second client of the stand-in: a misreading of the API would show."""

import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from tests.components import component, record
from tests.conftest import JOB_ID, PROJECT_ID, Finished
from tests.service import Service

Ask = Callable[..., Finished]


def load(name: str) -> Any:
    with warnings.catch_warnings():
        # Its dependencies warn of each other.
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


@pytest.fixture
def deployed(service: Service) -> None:
    service.components = [
        component(number, f"c{number}", record(JOB_ID, "JOB2", current_used=True), job_id=JOB_ID)
        for number in range(3)
    ]


def connect(version: str, service: Service) -> Any:
    sdk = load(f"huaweicloudsdkservicestage.{version}")
    credentials = load("huaweicloudsdkcore.auth.credentials")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (
            sdk,
            sdk.ServiceStageClient.new_builder()
            .with_credentials(credentials.BasicCredentials("ak", "sk", PROJECT_ID))
            .with_endpoints([service.url])
            .build(),
        )


# The SDK signs with it, and Python deprecates it since 3.12.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.usefixtures("deployed")
class TestTheVendorsClient:
    def test_lists_the_components_that_casjob_lists(self, ask: Ask, service: Service) -> None:
        sdk, client = connect("v3", service)
        reply = client.show_components(sdk.ShowComponentsRequest(limit=100, offset=0))

        listed = json.loads(ask("list", "--json").out)["components"]
        assert [
            {
                "id": each.id,
                "name": each.name,
                "application_id": each.application_id,
                "application_name": each.application_name,
                "environment_name": each.environment_name,
                "version": each.version,
                "status": each.status.component_status,
                "last_job_id": each.status.last_job_id,
            }.items()
            <= shown.items()
            for each, shown in zip(reply.components, listed, strict=True)
        ] == [True] * 3
        theirs, ours = service.requests
        assert (theirs.path, theirs.query) == (ours.path, ours.query)

    def test_lists_the_deployments_that_casjob_lists(self, ask: Ask, service: Service) -> None:
        sdk, client = connect("v3", service)
        fields = service.components[0]["component"]
        request = sdk.ShowComponentRecordsRequest(
            component_id=fields["id"], application_id=fields["application_id"], limit=100, offset=0
        )
        (deployment,) = client.show_component_records(request).records

        (shown,) = json.loads(ask("list", "c0", "--json").out)["deployments"]
        for name in ("version", "status", "deploy_type", "current_used", "begin_time"):
            assert getattr(deployment, name) == shown[name]
        jobs = sorted(deployment.jobs, key=lambda each: each.sequence)
        assert [each.job_id for each in jobs] == shown["jobs"]
        theirs, _, ours = service.requests
        assert (theirs.path, theirs.query) == (ours.path, ours.query)

    def test_shows_the_component_that_casjob_polls(self, service: Service) -> None:
        sdk, client = connect("v3", service)
        fields = service.components[0]["component"]
        request = sdk.ShowComponentInfoRequest(
            component_id=fields["id"], application_id=fields["application_id"]
        )
        assert client.show_component_info(request).status.last_job_id == JOB_ID

    def test_lists_the_overviews_of_v2_that_casjob_lists(self, ask: Ask, service: Service) -> None:
        sdk, client = connect("v2", service)
        (application,) = client.list_applications(sdk.ListApplicationsRequest()).applications
        request = sdk.ListComponentOverviewsRequest(application_id=application.id)
        overviews = client.list_component_overviews(request).components

        listed = json.loads(ask("list", "--json", "--api-version", "v2").out)["components"]
        for each, shown in zip(overviews, listed, strict=True):
            (instance,) = each.instances
            detail = instance.status_detail
            assert (each.id, instance.instance_id) == (shown["id"], shown["instance_id"])
            assert (detail.status, detail.last_job_id) == (shown["status"], shown["last_job_id"])
        assert [each.path for each in service.requests[:2]] == [
            each.path for each in service.requests[2:]
        ]
