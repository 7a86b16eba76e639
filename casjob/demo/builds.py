"""The sample builds: each ran within a sample job, from its step that starts it to the next one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import cast
from uuid import UUID, uuid5

from casjob.demo.jobs import find, read_samples
from casjob.demo.replies import BuildDocument, Document

_PHASES = ("Init", "Download", "PreProcess", "Build", "Artifact", "PostProcess")
_BUILDING_SECONDS = 15.4
"""How long the build takes that runs."""

_COMMENTS = (
    "Add up the cart in cents",
    "Show the price with its currency",
    "Take vouchers at the checkout",
    "Keep the cart for a week",
)


def list_builds(opened: datetime, now: datetime) -> list[BuildDocument]:
    """Return the sample builds as they stand, newest first; arguments as for `jobs.find`."""
    builds = []
    for sample in read_samples():
        job_ids = [each["job_id"] for each in sample["deployments"] if each["is_built"]]
        name = str(sample["component"]["name"])
        builds += [
            _describe(name, job_id, len(job_ids) - age, opened, now)
            for age, job_id in enumerate(job_ids)
        ]
    return builds


def _describe(name: str, job_id: str, index: int, opened: datetime, now: datetime) -> BuildDocument:
    tasks = cast("Document", find(job_id, opened, now))["tasks"]
    waited = next((each for each in tasks if each["TASK_NAME"] == "TN00097"), {})
    state = {"SUCCEEDED": "Successful", "FAILED": "Failed"}.get(
        str(waited.get("TASK_STATUS")), "Building"
    )
    started, ended = tasks[0]["CREATED_AT"], waited.get("LAST_HEALTH_CHECK")
    lines = _write_log(state, name)
    done = len(_PHASES)
    if state == "Building":
        share = (now - opened).total_seconds() / _BUILDING_SECONDS
        lines, done, ended = lines[: int(share * len(lines))], int(share * done), None
    if state == "Failed":
        done = _PHASES.index("Build")
    states = ["Successful"] * done + [state] + ["NotStarted"] * len(_PHASES)
    commit = uuid5(UUID(job_id.removeprefix("JOB")), "commit").hex
    return {
        "build": {
            "build_id": f"build-{name}-{index}",
            "job_id": f"build-job-{name}",
            "job_name": name,
            "index": index,
            "started_at": _in_go(started),
            "ended_at": _in_go(ended),
            "build_state": state,
            "repo_type": "github",
            "repo": f"https://git.example.com/shop/{name}.git",
            "branch": "main",
            "commit_id": commit,
            "committer": "kim",
            "commit_comment": _COMMENTS[index % len(_COMMENTS)],
            "language": "Java",
            "type": "maven",
        },
        "phases": dict(zip(_PHASES, states, strict=False)),
        "log": "".join(f"{line}\n" for line in lines),
    }


def _in_go(time: object) -> str:
    if time is None:
        return ""
    moment = datetime.fromisoformat(str(time)).astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} +0000 UTC"


@cache
def _write_log(state: str, name: str) -> Sequence[str]:
    """Return what Maven writes, after a clone of the source code; a build fails in the compiler."""
    file = "build_failed.log" if state == "Failed" else "build_succeeded.log"
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    return text.replace("{name}", name).splitlines()
