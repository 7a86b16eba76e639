"""Version 2 of the wire: UPPER_CASE keys inside job and tasks."""

from urllib.parse import quote

from casjob.job.reply import read_detail

__all__ = ["job_path", "read_detail"]


def job_path(project_id: str, job_id: str) -> str:
    """Return the path of a job, after the endpoint."""
    return f"/v2/{quote(project_id, safe='')}/cas/jobs/{quote(job_id, safe='')}"
