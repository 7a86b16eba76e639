"""Components made up for a test, as the service would send them."""

from casjob.demo.jobs import read_samples
from casjob.demo.replies import ComponentDocument, Fields
from tests.service import Recorded, Reply

UPDATED = 1_580_788_863_000
"""2020-02-04T04:01:03Z in milliseconds."""

WEB, GATEWAY, _ = read_samples()
EARLIER_JOB_IDS = tuple(each["job_id"] for each in WEB["deployments"][2:])
"""The jobs that deployed `web` in the demo before its last two, newest first."""


def component(
    number: int,
    name: str,
    *records: Fields,
    application: str = "shop",
    status: object = "RUNNING",
    job_id: object = "JOB1",
    update_time: object = UPDATED,
    fail_detail: object = None,
    replicas: object = 0,
    **more: object,
) -> ComponentDocument:
    """Return a component; its ids are made of the number, and `more` are fields as they are."""
    return {
        "component": {
            "id": f"c{number:07}-0000-4000-8000-000000000000",
            "name": name,
            "application_id": f"application-{application}",
            "application_name": application,
            "environment_id": "environment-1",
            "environment_name": "prod",
            "version": "1.0.0",
            "status": {
                "component_status": status,
                "fail_detail": fail_detail,
                "last_job_id": job_id,
                "available_replica": replicas,
                "update_time": update_time,
            },
            **more,
        },
        "instance_id": f"i{number:07}-0000-4000-8000-000000000000",
        "records": list(records),
    }


def record(
    *job_ids: str, begin: object = "2020-02-04T04:01:03Z", end: object = None, **more: object
) -> Fields:
    """Return a deployment; the last of its jobs comes first."""
    jobs = [{"sequence": number, "job_id": job_id} for number, job_id in enumerate(job_ids)]
    return {
        "version": "1.0.0",
        "status": "SUCCEEDED",
        "deploy_type": "RollingRelease",
        "current_used": False,
        "begin_time": begin,
        "end_time": end,
        "jobs": jobs[::-1],
        **more,
    }


def without_v3(request: Recorded) -> Reply | None:
    """Answer as a region in which v3 is not published."""
    if request.path.startswith("/v3/"):
        return Reply(404, {"error_code": "APIGW.0101", "error_msg": "The API does not exist"})
    return None
