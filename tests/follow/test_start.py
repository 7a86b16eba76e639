import json
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from casjob.api.pace import Pace
from casjob.catalogue.meanings import Catalogue
from casjob.follow.job import FollowedJob, Plan
from casjob.follow.poller import choose_due
from casjob.follow.start import FULL_SPEED_JOBS
from tests.api.test_pace import Time, most_within, send
from tests.components import component, record, without_v3
from tests.conftest import JOB_ID, OTHER_JOB_ID, Finished
from tests.follow.test_job import at, stands
from tests.following import QUICKLY
from tests.program import run_shell
from tests.samples import Fields, as_document, job, task
from tests.service import Recorded, Reply, Service
from tests.terminal import PATIENCE

Ask = Callable[..., Finished]


@pytest.fixture(autouse=True)
def deployed(service: Service) -> None:
    service.components = [component(2, "api"), component(1, "web", job_id=JOB_ID)]
    service.jobs["JOB2"] = as_document(job("SUCCEEDED", task(1), JOB_ID="JOB2"))


def deploy_at(service: Service, poll: int, *, before: Iterable[Reply] = ()) -> None:
    """Let the component have the next job from a poll on; until then, replies may be bad ones."""
    polls, bad, lock = iter(range(1, 10_000)), iter(before), threading.Lock()

    def reply(request: Recorded) -> Reply | None:
        if "/components/" not in request.path:
            return None
        with lock:
            if next(polls) >= poll:
                service.components = [component(2, "api"), component(1, "web", job_id="JOB2")]
                return None
            return next(bad, None)

    service.handler = reply


def spoil(service: Service, part: str, *replies: Reply) -> None:
    """Answer the first requests whose path has this part at its end with these replies."""
    coming = iter(replies)
    service.handler = lambda request: next(coming, None) if request.path.endswith(part) else None


NO_SUCH_API = Reply(404, {"error_code": "APIGW.0101"})
PASSING = {
    "429": Reply(429, headers={"Retry-After": "0"}),
    "503": Reply(503),
    "reset": Reply(reset=True),
    "hang": Reply(delay=PATIENCE),
    "HTML": Reply(200, "<html>"),
    "no list": Reply(200, "[]"),
}
GONE = {"404": Reply(404, {"error_code": "SVCSTG.00100404"}), "no such API": NO_SUCH_API}
FIRST = component(1, "web", record("JOB2"), record("JOB1"), job_id="JOB2")
VERDICT = "JOB2 provision/provMain SUCCEEDED after 1.0s\n"
NAMED = "casjob: JOB2 (next job of component web)\n"
LAST = "casjob: JOB2 (last job of component web)\n"


@pytest.fixture(params=["wait", "watch"])
def command(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True])
def is_next(request: pytest.FixtureRequest) -> bool:
    """Return whether it is the next job that is meant, not the last one."""
    return bool(request.param)


@pytest.fixture
def follow(ask: Ask, service: Service, command: str, *, is_next: bool) -> Ask:
    """Return a way to follow the last or the next job of a component, which both are JOB2."""
    service.components = [FIRST]
    after = ("--after", "JOB1") if is_next else ()

    def run(*options: str, name: str = "web") -> Finished:
        return ask(command, "--component", name, *after, *QUICKLY, *options)

    return run


class TestTheListOfComponents:
    """It names the job to follow, and may fail like any poll."""

    @pytest.mark.parametrize("failure", PASSING)
    def test_may_fail_for_a_while(
        self, follow: Ask, service: Service, failure: str, *, is_next: bool
    ) -> None:
        spoil(service, "/components", *[PASSING[failure]] * 2)
        followed = follow("--request-timeout", "0.3")

        assert followed.status == 0
        assert "provision/provMain SUCCEEDED after 1.0s" in followed.out
        first, rest = followed.err.split("\n", 1)
        assert first.endswith("; retrying")
        assert rest == (NAMED if is_next else LAST)

    @pytest.mark.parametrize(("reply", "status"), [(Reply(503), 6), (Reply(200, "<html>"), 7)])
    def test_is_given_up_after_ten_failures_in_a_row(
        self, follow: Ask, service: Service, reply: Reply, status: int
    ) -> None:
        spoil(service, "/components", *[reply] * 99)
        failed = follow()

        assert (failed.status, failed.out) == (status, "")
        retrying, gave_up, *_ = failed.err.splitlines()
        assert retrying.endswith("; retrying")
        assert gave_up.startswith(
            "casjob: gave up on the list of components after 10 failures in a row: the "
        )
        assert len(service.requests) == 10

    def test_is_given_up_at_the_timeout(self, follow: Ask, service: Service) -> None:
        spoil(service, "/components", *[Reply(503)] * 99)
        failed = follow("--interval", "60", "--timeout", "0.5")

        assert (failed.status, failed.out) == (124, "")
        assert failed.err.endswith(
            "; retrying\ncasjob: --timeout 0.5s passed while waiting for the list of components\n"
        )
        assert len(service.requests) == 1

    @pytest.mark.parametrize(
        ("reply", "status"),
        [(Reply(400), 6), (Reply(401), 4), (Reply(403), 4), (Reply(404), 3), (NO_SUCH_API, 3)],
    )
    def test_ends_it_at_once_by_what_waiting_does_not_fix(
        self, follow: Ask, service: Service, reply: Reply, status: int
    ) -> None:
        service.handler = lambda _: reply
        failed = follow("--api-version", "v3")

        assert (failed.status, failed.out) == (status, "")
        assert "retrying" not in failed.err
        assert len(service.requests) == 1

    @pytest.mark.parametrize(("name", "status"), [("none", 5), ("api", 2)])
    def test_ends_it_at_once_if_it_has_no_such_component_or_several(
        self, follow: Ask, service: Service, name: str, status: int
    ) -> None:
        service.components += [component(2, "api"), component(3, "api")]
        failed = follow(name=name)

        assert (failed.status, failed.out) == (status, "")
        assert len(service.requests) == 1

    @pytest.mark.parametrize("failure", GONE)
    def test_names_a_job_that_may_not_be_found_for_a_while(
        self, follow: Ask, service: Service, failure: str, *, is_next: bool
    ) -> None:
        spoil(service, "/JOB2", *[GONE[failure]] * 2)
        followed = follow()

        assert followed.status == 0
        named, retrying = followed.err.splitlines(keepends=True)
        assert named == (NAMED if is_next else LAST)
        assert retrying.endswith("; retrying\n")

    def test_names_a_job_that_may_never_be_found(
        self, follow: Ask, service: Service, *, is_next: bool
    ) -> None:
        del service.jobs["JOB2"]
        failed = follow()

        assert failed.status == 5
        gave_up = "casjob: gave up on JOB2 after 10 failures in a row: job JOB2 was not found"
        assert gave_up in failed.err
        assert len(service.requests) == (12 if is_next else 11)


@pytest.mark.parametrize(
    ("after", "is_created"), [((), False), ((), True), (("--after", "none"), False)]
)
def test_a_component_or_its_job_may_not_be_there_yet(
    ask: Ask, service: Service, after: tuple[str, ...], *, is_created: bool
) -> None:
    service.components = [component(1, "web", job_id=None)] if is_created else []
    lists = iter(range(1, 99))

    def reply(request: Recorded) -> None:
        if request.path.endswith("/components") and next(lists) == 3:
            service.components = [FIRST]

    service.handler = reply
    waiting = ("wait", "--component", "web", *after, *QUICKLY, "--wait-for-job")
    assert ask(*waiting, "0.01s").status == 5
    lists = iter(range(1, 99))
    assert ask(*waiting, "20s") == (0, VERDICT, NAMED if after else LAST)


@pytest.mark.parametrize("status", ["SUCCEEDED", "RUNNING"])
def test_a_reply_about_another_job_is_not_understood(
    ask: Ask, service: Service, command: str, status: str
) -> None:
    service.jobs["JOB1"] = as_document(job(status, task(1), JOB_ID="JOB3"))
    failed = ask(command, "JOB1", "JOB2", *QUICKLY)

    assert failed.status == 7
    assert failed.err == "casjob: the service's reply about JOB1 is about another job, JOB3\n"
    assert "JOB1" not in failed.out


class TestTheNextJob:
    @pytest.fixture
    def wait(self, ask: Ask) -> Ask:
        """Return a way to wait for the job of the component after one."""

        def run(*options: str, after: str = JOB_ID) -> Finished:
            return ask("wait", "--component", "web", "--after", after, *QUICKLY, *options)

        return run

    @pytest.mark.parametrize("version", ["v2", "v3"])
    def test_is_waited_for_and_then_followed(
        self, wait: Ask, service: Service, version: str
    ) -> None:
        deploy_at(service, 3)
        waited = wait("--api-version", version)

        assert (waited.status, waited.err) == (0, NAMED)
        # v3 has no name of a job.
        assert waited.out == VERDICT.replace(" provision/provMain" if version == "v3" else "", "")

    def test_may_be_there_already(self, wait: Ask, service: Service) -> None:
        service.components = [FIRST]

        assert wait(after="JOB1") == (0, VERDICT, NAMED)
        asked = [request.path.rpartition("/")[2] for request in service.requests]
        assert asked[:3] == ["components", "records", "JOB2"]

    def test_is_the_first_of_several(self, wait: Ask, service: Service) -> None:
        records = [record("JOB4"), record("JOB2", "JOB3"), record(JOB_ID), record("JOB0")]
        service.components = [component(1, "web", *records, job_id="JOB4")]

        assert wait() == (0, VERDICT, NAMED)

    @pytest.mark.parametrize("looks", [1, 3])
    @pytest.mark.parametrize("after", ["JOB1", "none"])
    def test_may_be_listed_before_the_component_names_it(
        self, wait: Ask, service: Service, after: str, looks: int
    ) -> None:
        old = [] if after == "none" else ["JOB1"]
        lists = iter(range(1, 99))

        def reply(request: Recorded) -> None:
            if request.path.endswith("/records"):
                new = ["JOB2"] if next(lists) >= looks else []
                records = [record(each) for each in [*new, *old]]
                service.components = [component(1, "web", *records, job_id=next(iter(old), None))]

        service.components = [component(1, "web", job_id=next(iter(old), None))]
        service.handler = reply
        assert wait("--timeout", "20s", after=after) == (0, VERDICT, NAMED)

    def test_is_none_that_began_before(self, wait: Ask, service: Service) -> None:
        records = [record(JOB_ID), record("JOB0")]
        lasts = iter([JOB_ID, "JOB0", "JOB0", "JOB2"])

        def reply(request: Recorded) -> None:
            if request.path.endswith(("/components", "-000000000000")):
                service.components = [component(1, "web", *records, job_id=next(lasts))]

        service.handler = reply
        assert wait() == (0, VERDICT, NAMED)

    @pytest.mark.parametrize("listed", [[], [record("JOB0"), record("JOB-10")]])
    def test_may_come_after_one_that_is_no_deployment(
        self, wait: Ask, service: Service, listed: list[Fields]
    ) -> None:
        lasts = iter(["JOB-1", "JOB2"])

        def reply(request: Recorded) -> None:
            if request.path.endswith(("/components", "-000000000000")):
                service.components = [component(1, "web", *listed, job_id=next(lasts))]

        service.handler = reply
        assert wait(after="job-1") == (0, VERDICT, NAMED)

    @pytest.mark.parametrize("after", ["none", "null"])
    def test_may_be_the_first_one(self, wait: Ask, service: Service, after: str) -> None:
        service.components = [component(1, "web", job_id=None)]
        deploy_at(service, 2)

        assert wait(after=after).out == VERDICT

    def test_may_be_watched(self, ask: Ask, service: Service) -> None:
        deploy_at(service, 2)
        watched = ask("watch", "--component", "web", "--after", JOB_ID, *QUICKLY, "--json")

        events = [json.loads(line) for line in watched.out.splitlines()]
        assert {event["job_id"] for event in events} == {"JOB2"}
        assert events[-1]["event"] == "verdict"

    @pytest.mark.parametrize("after", [JOB_ID, JOB_ID[:12], JOB_ID[3:11], JOB_ID.lower()])
    def test_is_not_the_one_before_however_that_is_named(
        self, wait: Ask, service: Service, after: str
    ) -> None:
        waited = wait("--timeout", "0.4s", after=after)

        assert (waited.status, waited.out) == (124, "")
        what = f"the next job of component web after {JOB_ID}"
        assert waited.err == f"casjob: --timeout 0.4s passed while waiting for {what}\n"
        assert len(service.requests) > 3

    @pytest.mark.parametrize("version", ["v2", "v3"])
    @pytest.mark.parametrize("after", [OTHER_JOB_ID, "JOB-1", "JOB", "JOB4"])
    def test_comes_after_none_but_one_of_the_components(
        self, wait: Ask, service: Service, version: str, after: str
    ) -> None:
        service.jobs[OTHER_JOB_ID] = as_document(
            job("FAILED", JOB_ID=OTHER_JOB_ID, SERVICE_INSTANCE_ID="another")
        )
        service.components = [component(1, "web", record("JOB-10"), job_id="JOB-10")]
        refused = wait("--api-version", version, after=after)

        assert (refused.status, refused.out) == (5, "")
        if after == OTHER_JOB_ID or version == "v3":
            assert refused.err == (
                f"casjob: {after} is not a job of component web\n"
                f"  hint: casjob list web --api-version {version} shows them;"
                " --after none means that there was none\n"
            )
        else:
            assert refused.err.startswith(f"casjob: job {after} was not found in project ")

    @pytest.mark.parametrize("instance_id", ["i0000001-0000-4000-8000-000000000000", None, ""])
    def test_in_v2_comes_after_one_of_the_same_instance_or_of_an_unknown_one(
        self, wait: Ask, service: Service, instance_id: str | None
    ) -> None:
        service.jobs["JOB1"] = as_document(job("FAILED", SERVICE_INSTANCE_ID=instance_id))
        service.components = [FIRST]

        assert wait("--api-version", "v2", after="JOB1") == (0, VERDICT, NAMED)

    def test_does_not_come_after_one_of_several(self, wait: Ask, service: Service) -> None:
        service.components = [component(1, "web", record("JOB-ab-1"), job_id="JOB-ab-2")]

        assert wait(after="JOB-ab-") == (
            2,
            "",
            "casjob: JOB-ab- is a prefix of 2 jobs\n  hint: such as JOB-ab-2, JOB-ab-1\n",
        )

    def test_shares_the_timeout_with_its_own_end(self, wait: Ask, service: Service) -> None:
        service.jobs["JOB2"] = as_document(job("RUNNING", JOB_ID="JOB2"))
        deploy_at(service, 3)
        waited = wait("--timeout", "0.5", "--json")

        assert waited.status == 124
        assert json.loads(waited.out)["timed_out"] is True

    def test_is_given_up_at_the_timeout_though_a_request_hangs(
        self, wait: Ask, service: Service
    ) -> None:
        deploy_at(service, 99, before=[Reply(delay=PATIENCE)])

        assert wait("--timeout", "0.3").status == 124

    def test_is_waited_for_through_failures(self, wait: Ask, service: Service) -> None:
        bad = [
            Reply(503, {"error_code": "APIGW.0613"}),
            Reply(429, headers={"Retry-After": "0"}),
            Reply(reset=True),
            Reply(200, b"garbage"),
            Reply(200, "[]"),
            *GONE.values(),
        ]
        deploy_at(service, 9, before=bad)
        waited = wait()

        assert waited.out == VERDICT
        retrying, named = waited.err.splitlines(keepends=True)
        assert retrying.endswith("; retrying\n")
        assert named == NAMED

    @pytest.mark.parametrize("options", [(), ("-q",)])
    def test_is_said_to_be_waited_for_now_and_then(
        self, wait: Ask, service: Service, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
    ) -> None:
        monkeypatch.setattr("casjob.commands.wait._REMINDER", 0.001)
        deploy_at(service, 3)
        waited = wait(*options)

        assert waited.status == 0
        reminder = f"casjob: waiting for the next job of component web after {JOB_ID}\n"
        assert (reminder in waited.err) is not bool(options)
        # Once there is no more to wait for, there is no more reminder.
        assert "casjob: waiting for 1 job: \n" not in waited.err

    def test_is_given_up_after_ten_failures_in_a_row(self, wait: Ask, service: Service) -> None:
        deploy_at(service, 99, before=[Reply(503)] * 98)
        waited = wait()

        assert waited.status == 6
        assert (
            "gave up on the jobs of component web after 10 failures in a row: the service at "
            in waited.err
        )
        assert len(service.requests) == 11

    @pytest.mark.parametrize(
        ("version", "told", "requests"),
        [
            # From v2's list, a component may be missing for a moment.
            ("v2", " after 10 failures in a row: component web no longer exists in", 12),
            # v3 says with HTTP 401 that it was deleted.
            ("v3", "component web no longer exists in", 3),
        ],
    )
    def test_never_comes_if_the_component_is_gone(
        self, wait: Ask, service: Service, version: str, told: str, requests: int
    ) -> None:
        def reply(request: Recorded) -> Reply | None:
            if len(service.requests) > 2:
                service.components = []
            return None if version == "v3" else without_v3(request)

        service.handler = reply
        gone = wait("--api-version", version)

        assert gone.status == 5
        assert f"{told} project " in gone.err
        assert len(service.requests) == requests

    def test_is_not_waited_for_after_what_can_not_be_a_job(
        self, ask: Ask, service: Service
    ) -> None:
        assert ask("wait", "--component", "web", "--after", "a b").status == 2
        assert ask("wait", "--after", OTHER_JOB_ID).status == 2
        assert service.requests == []

    @pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
    def test_of_a_deployment_in_a_pipeline_is_followed(
        self,
        clean_environ: dict[str, str],
        at_service: dict[str, str],
        service: Service,
        tmp_path: Path,
    ) -> None:
        deployed = tmp_path / "deployed"
        deploy = tmp_path / "deploy"
        deploy.write_text(f"#!/bin/sh\ntouch {deployed}\n")
        deploy.chmod(0o755)

        def reply(request: Recorded) -> None:
            # The new job is there a while after the deployment has returned.
            if deployed.exists() and "/components/" in request.path:
                service.components = [component(1, "web", job_id="JOB2")]

        service.handler = reply
        waited = run_shell(
            "JOB=$(casjob list web --json | jq -r .component.last_job_id) && ./deploy &&"
            f' casjob wait --component web --after "$JOB" {" ".join(QUICKLY)}',
            {**clean_environ, **at_service},
            cwd=tmp_path,
        )
        assert waited == (0, VERDICT, NAMED)


@pytest.mark.parametrize("status_only", [False, True])
@pytest.mark.parametrize("ends", [[0.0] * 20, [100.0] * 20, [30.0 * each for each in range(20)]])
def test_twenty_jobs_get_their_verdicts_soon_and_within_the_gateways_limit(
    ends: list[float], *, status_only: bool
) -> None:
    time = Time()
    began = time.now
    pace = Pace(clock=time.clock, sleep=time.sleep)
    plan = Plan(status_only=status_only)
    jobs = {
        FollowedJob(f"JOB{number}", plan, Catalogue(), began): began + end
        for number, end in enumerate(ends)
    }
    requests: list[float] = []
    seen: dict[str, float] = {}
    delays: dict[str, float] = {}
    while unfinished := [each for each in jobs if not each.has_ended]:
        time.now = max(time.now, min(each.due for each in unfinished))
        followed = choose_due(unfinished, time.now)[0]
        # Of 105 tasks.
        pages = 3 if followed.window.is_whole else 1
        requests += send(pace, time, pages)
        reply = stands("FAILED" if jobs[followed] <= time.now else "RUNNING")
        followed.on_reply(reply, at(time.now), interval_factor=20 / FULL_SPEED_JOBS)
        if followed.is_ending:
            seen.setdefault(followed.job_id, time.now)
            delays[followed.job_id] = time.now - seen[followed.job_id]

    assert len(delays) == 20
    assert max(delays.values()) < 10
    assert most_within(300, requests) <= 200
