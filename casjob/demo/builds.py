"""The sample builds: each ran within a sample job, from its step that starts it to the next one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid5

from casjob.demo.jobs import EARLIER_JOB_IDS, FAILED_JOB_ID, RUNNING_JOB_ID, SUCCEEDED_JOB_ID, find
from casjob.demo.replies import BuildDocument, Document

_JOBS = {
    # Newest first. What `gateway` runs is an image that is built elsewhere.
    "web": (SUCCEEDED_JOB_ID, FAILED_JOB_ID, *EARLIER_JOB_IDS),
    "worker": (RUNNING_JOB_ID,),
}
_PHASES = ("Init", "Download", "PreProcess", "Build", "Artifact", "PostProcess")
_BUILDING_SECONDS = 15.4
"""How long the build takes that runs."""

_COMMENTS = (
    "Add up the cart in cents",
    "Show the price with its currency",
    "Take vouchers at the checkout",
    "Keep the cart for a week",
)
_LIBRARIES = ("spring-core", "spring-web", "jackson-databind", "logback-classic", "netty-common")


def list_builds(opened: datetime, now: datetime) -> list[BuildDocument]:
    """Return the sample builds as they stand, newest first; arguments as for `jobs.find`."""
    return [
        _describe(name, job_id, len(job_ids) - age, opened, now)
        for name, job_ids in _JOBS.items()
        for age, job_id in enumerate(job_ids)
    ]


def _describe(name: str, job_id: str, index: int, opened: datetime, now: datetime) -> BuildDocument:
    tasks = cast("Document", find(job_id, opened, now))["tasks"]
    waited = next((each for each in tasks if each["TASK_NAME"] == "TN00097"), {})
    state = {"SUCCEEDED": "Successful", "FAILED": "Failed"}.get(
        str(waited.get("TASK_STATUS")), "Building"
    )
    started, ended = tasks[0]["CREATED_AT"], waited.get("LAST_HEALTH_CHECK")
    lines = write_log(name, fails=state == "Failed")
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


def write_log(name: str, *, fails: bool) -> Sequence[str]:
    """Return what Maven writes, after a clone of the source code; a build fails in the compiler."""
    mirror = "https://mirrors.example.com/maven2"
    files = [
        f"{_LIBRARIES[each % 5]}-{1 + each // 35}.{each % 7}.{each % 3}.jar" for each in range(170)
    ]
    loads = [
        line
        for number, file in enumerate(files)
        for line in (
            f"[INFO] Downloading from central: {mirror}/{file}",
            f"[INFO] Downloaded from central: {mirror}/{file} ({number * 37 % 900 + 12} kB)",
        )
    ]
    return [
        "Starting...",
        f"Cloning into '{name}'...",
        f"remote: Enumerating objects: {len(name) * 411}, done.",
        f"Receiving objects: 100% ({len(name) * 411}/{len(name) * 411}), done.",
        "+ mvn --batch-mode clean package",
        "[INFO] Scanning for projects...",
        "[INFO]",
        f"[INFO] ------------------------< com.example.shop:{name} >------------------------",
        f"[INFO] Building {name} 1.0.1",
        "[INFO] --------------------------------[ jar ]---------------------------------",
        *loads,
        "[INFO] --- resources:3.3.1:resources (default-resources) @ web ---",
        "[INFO] Copying 4 resources from src/main/resources to target/classes",
        "[INFO] --- compiler:3.13.0:compile (default-compile) @ web ---",
        "[INFO] Compiling 48 source files with javac [debug release 17] to target/classes",
        *(_FAILURE if fails else _SUCCESS),
    ]


_SOURCE = "/workspace/web/src/main/java/com/example/shop"
_FAILURE = (
    f"[WARNING] {_SOURCE}/Checkout.java: uses or overrides a deprecated API.",
    "[INFO] -------------------------------------------------------------",
    "[ERROR] COMPILATION ERROR :",
    "[INFO] -------------------------------------------------------------",
    f"[ERROR] {_SOURCE}/Cart.java:[48,31] cannot find symbol",
    "  symbol:   method inCents()",
    "  location: variable total of type java.math.BigDecimal",
    f"[ERROR] {_SOURCE}/Cart.java:[52,9] incompatible types: long cannot be converted to Price",
    "[INFO] 2 errors",
    "[INFO] -------------------------------------------------------------",
    *(f"[INFO] Skipping module {number} of 24: it needs web" for number in range(1, 25)),
    "[INFO] ------------------------------------------------------------------------",
    "[INFO] BUILD FAILURE",
    "[INFO] ------------------------------------------------------------------------",
    "[INFO] Total time:  24.113 s",
    "[ERROR] Failed to execute goal maven-compiler-plugin:3.13.0:compile: Compilation failure",
    "[ERROR] -> [Help 1]",
    "[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.",
    "[ERROR] Re-run Maven using the -X switch to enable full debug logging.",
    "Build step exited with code 1",
)
_SUCCESS = (
    *(f"[INFO] Tests run: {number % 9 + 1}, Failures: 0, Errors: 0" for number in range(30)),
    "[INFO] --- jar:3.4.1:jar (default-jar) @ web ---",
    "[INFO] BUILD SUCCESS",
    "[INFO] Total time:  22.870 s",
    "#1 [internal] load build definition from Dockerfile",
    "#5 [2/2] COPY target/app.jar /app.jar",
    "#6 exporting to image",
    "Successfully pushed the image",
)
