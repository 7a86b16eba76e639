"""`--timeout` is the time of the whole run, whatever it is spent on."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import JOB_ID, PROJECT_ID
from tests.program import CASJOB
from tests.service import Reply, Service

LIMIT = ("--timeout", "0.5s")
PROMPTLY = 15.0
"""Seconds that a run may take, on a busy machine too; what hangs takes twice as long."""


def run_in_time(
    words: Sequence[str], environ: dict[str, str], *, stdin: int = subprocess.DEVNULL
) -> tuple[int, str, str]:
    """Run casjob, and return what it left behind; fail unless it ended soon after its timeout."""
    began = time.monotonic()
    ran = subprocess.run(
        [CASJOB, *words],
        env=environ,
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert time.monotonic() - began < PROMPTLY
    return ran.returncode, ran.stdout, ran.stderr


LOGIN = {
    "CASJOB_TOKEN": "",
    "CASJOB_USER_NAME": "ann",
    "CASJOB_PASSWORD": "a-password",
    "CASJOB_DOMAIN_NAME": "acme",
}
LOOKUP = {"CASJOB_PROJECT_ID": "", "CASJOB_REGION": "cn-north-4"}


@pytest.mark.parametrize("command", ["wait", "watch"])
@pytest.mark.parametrize("settings", [LOGIN, LOOKUP], ids=["login", "project lookup"])
def test_a_hanging_iam_does_not_outlast_it(
    service: Service, environ: dict[str, str], command: str, settings: dict[str, str]
) -> None:
    service.handler = lambda request: Reply(delay=30) if "/v3/" in request.path else None
    environ |= {"CASJOB_IAM_ENDPOINT": service.url, **settings}
    place = service.url.removeprefix("http://")

    assert run_in_time([command, JOB_ID, *LIMIT], environ) == (
        124,
        "",
        f"casjob: --timeout 0.5s passed while waiting for IAM at {place}\n",
    )


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_a_hanging_credential_command_does_not_outlast_it_and_is_ended(
    environ: dict[str, str], tmp_path: Path, command: str
) -> None:
    pid = tmp_path / "pid"
    script = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))"
    file = tmp_path / ".config" / "casjob" / "config.toml"
    file.parent.mkdir(parents=True)
    arguments = [sys.executable, "-c", f"{script}; time.sleep(60)"]
    file.write_text(f"[prod]\ncredential_command = {json.dumps(arguments)}\n")
    environ |= {"CASJOB_TOKEN": "", "CASJOB_PROFILE": "prod"}
    waited_for = f"credential_command of profile prod in {file}"

    assert run_in_time([command, JOB_ID, *LIMIT], environ) == (
        124,
        "",
        f"casjob: --timeout 0.5s passed while waiting for {waited_for}\n",
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_a_stdin_that_never_ends_does_not_outlast_it(environ: dict[str, str], command: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, stdout=-1) as endless:
        assert endless.stdout
        ran = run_in_time([command, "-", *LIMIT], environ, stdin=endless.stdout.fileno())
        endless.kill()
    assert ran == (124, "", "casjob: --timeout 0.5s passed while waiting for job ids on stdin\n")


def test_what_comes_before_following_counts(service: Service, environ: dict[str, str]) -> None:
    """A slow login and a job that never ends take the timeout together, not each."""
    running = service.jobs[JOB_ID]
    running["job"] = {**running["job"], "EXECUTION_STATUS": "RUNNING"}
    projects = {"projects": [{"id": PROJECT_ID, "name": "cn-north-4"}]}
    service.handler = lambda request: (
        Reply(body=projects, delay=1.5) if "/v3/" in request.path else None
    )
    environ |= {"CASJOB_IAM_ENDPOINT": service.url, **LOOKUP}

    status, out, err = run_in_time(["wait", JOB_ID, "--timeout", "2s"], environ)

    assert (status, out) == (124, "")
    assert err == f"casjob: {JOB_ID} has not ended within 2.0s: it is RUNNING\n"
    # Not from the start of the program, which takes long where much else runs.
    assert time.monotonic() - service.requests[0].time < 3.4
