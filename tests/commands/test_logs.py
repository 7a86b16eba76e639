import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from casjob.builds import log_text
from casjob.builds.log_text import MAX_PARTS, LogPart, LogReader
from casjob.demo.jobs import FAILED_JOB_ID, FAILING_JOB_ID, MANY_TASKS_JOB_ID, RUNNING_JOB_ID
from casjob.demo.replies import BuildDocument
from casjob.follow.job import Plan
from tests.components import EARLIER_JOB_IDS, component, record, without_v3
from tests.conftest import JOB_ID, OTHER_JOB_ID, PROJECT_ID, Casjob, Finished
from tests.program import CASJOB, MEASURED, start
from tests.samples import as_document, job, separator, task
from tests.service import Recorded, Reply, Service, documented_job
from tests.terminal import Terminal

Ask = Callable[..., Finished]

WHERE = f"project {PROJECT_ID} (127.0.0.1"
LOG = "Starting...\ncart.c:3:10: fatal error: price.h: No such file or directory\nDone\n"
SHOWN = (
    "casjob: build 2 (b2) of component web: Failed after 20.0s, in phase Build\n"
    "casjob: branch main, commit 0123456789 Add the price, started 2020-02-04 04:01:10Z\n"
)
INSTANCE = {"SERVICE_INSTANCE_ID": "i0000001-0000-4000-8000-000000000000"}
REFER: dict[str, Any] = {
    "workload_name": "web-1x",
    "refer_resources": [
        {"type": "cse"},
        {"id": "1", "type": "cce", "parameters": {"namespace": "shop-prod"}},
    ],
}
EVENTS = "  kubectl get events --namespace shop-prod --sort-by .lastTimestamp | grep web-1x\n"


def build(
    index: object = 2,
    begin: str = "04:01:10",
    end: str = "04:01:30",
    *,
    state: str = "Failed",
    log: str = LOG,
    day: str = "2020-02-04",
    **more: object,
) -> BuildDocument:
    """Return a build of web; `more` are fields as they are."""
    return {
        "build": {
            "build_id": f"b{index}",
            "job_id": "build-job-1",
            "job_name": "web",
            "index": index,
            "started_at": f"{day} {begin} +0000 UTC",
            "ended_at": end and f"{day} {end} +0000 UTC",
            "build_state": state,
            "repo": "https://kim:repo-password@git.example.com/web.git",
            "branch": "main",
            "commit_id": "0123456789abcdef",
            "commit_comment": "Add the price\n\nand more",
            **more,
        },
        "phases": {"Init": "Successful", "Build": state, "Artifact": "NotStarted"},
        "log": log,
    }


NO_LISTS: tuple[dict[str, object], ...] = ({"list": 5}, {"status": "ok"}, {})
R1 = "1 04:01:05 04:01:20 Failed"
R2 = "2 04:01:30 04:01:38 Successful"


def brief(words: str) -> BuildDocument:
    """Return a build of web by its number, start, end (- for none) and state."""
    index, begin, end, state = words.split()
    return build(int(index), begin, end.strip("-"), state=state, build_id=f"r{index}")


def paths(service: Service) -> list[str]:
    return [request.path.removeprefix(f"/v3/{PROJECT_ID}/cas") for request in service.requests]


def failed_later(status: str = "FAILED") -> dict[str, Any]:
    """Return a job that failed after its build."""
    return job(
        status,
        separator(1, "BUILDING"),
        task(2, start=5, seconds=30),
        separator(3, "DEPLOYING", start=35),
        task(4, status, start=35, seconds=60, TASK_NAME="TN00102"),
        **INSTANCE,
    )


@pytest.fixture(autouse=True)
def web(service: Service) -> None:
    service.components = [
        component(1, "web", job_id=JOB_ID, **REFER),
        component(2, "api", job_id=OTHER_JOB_ID),
    ]
    service.builds = [
        build(3, "05:00:00", "05:01:00", state="Successful", log="fine\n"),
        build(),
        build(1, "03:00:00", "03:01:00"),
    ]


class TestTheLog:
    def test_is_that_of_the_build_that_ran_within_the_job(self, ask: Ask, service: Service) -> None:
        assert ask("logs", JOB_ID) == (0, LOG, SHOWN)
        assert [request.method for request in service.requests] == ["GET"] * len(service.requests)
        assert [request.target for request in service.requests] == [
            f"/v2/{PROJECT_ID}/cas/jobs/{JOB_ID}?limit=50&offset=0",
            f"/v3/{PROJECT_ID}/cas/components?limit=100&offset=0",
            "/assembling/v1/jobs?page=1&per_page=20&job_name=web",
            "/assembling/v1/jobs/build-job-1",
            "/assembling/v1/builds/b3",
            "/assembling/v1/jobs/build-job-1/builds?page=1&per_page=20",
            "/assembling/v1/builds/b2",
            "/assembling/v1/builds/b1",
            "/assembling/v1/builds/b2/logs?from=0",
            f"/assembling/v1/builds/b2/logs?from={len(LOG)}",
        ]
        assert {each.headers["X-Auth-Token"] for each in service.requests} == {"a-token"}

    def test_is_that_of_the_last_job_of_a_component(self, ask: Ask) -> None:
        shown = ask("logs", "--component", "web", "--application", "shop")
        told = f"casjob: {JOB_ID} (last job of component web)\n"
        assert shown == (0, LOG, told + SHOWN)

    def test_is_that_of_a_build_that_is_named(self, ask: Ask, service: Service) -> None:
        assert ask("logs", "--build", "b3", "--tail", "1").out == "fine\n"
        assert {path.split("/")[3] for path in paths(service)} == {"builds"}

    def test_comes_in_parts(self, ask: Ask, service: Service) -> None:
        service.log_part = 7
        assert ask("logs", JOB_ID).out == LOG
        starts = [request.query["from"] for request in service.requests if "logs" in request.path]
        assert starts == [[str(start)] for start in [*range(0, len(LOG), 7), len(LOG)]]

    def test_may_be_its_last_lines_alone(self, ask: Ask) -> None:
        told = f"{SHOWN}casjob: the last 1 of 3 lines\n"
        assert ask("logs", JOB_ID, "--tail", "1") == (0, "Done\n", told)
        assert ask("logs", JOB_ID, "--tail", "9") == (0, LOG, SHOWN)

    def test_may_go_to_a_file(self, ask: Ask, tmp_path: Path) -> None:
        shown = ask("logs", JOB_ID, "--output-file", str(tmp_path / "build.log"))
        assert shown.out == LOG == (tmp_path / "build.log").read_text()

    def test_drives_no_terminal_and_shows_no_secrets(self, ask: Ask, service: Service) -> None:
        log = (
            "\x1b[31mred\x1b[0m \x1bc \x07 \x9d \u202e \\ud83d \ud83d é 中\r\n5 %\r9 %\n"
            "https://kim:my-password@git.example.com a-token\tx\n"
        )
        service.builds = [
            build(
                log=log,
                commit_comment="\x1b[2J a-token",
                branch="https://a:b@c",
                tags=["https://a:b@c", None],
            )
        ]
        shown = ask("logs", JOB_ID)
        assert shown.out == (
            "red \\x1bc \\x07 \\x9d \\u202e \\ud83d \\ud83d é 中\n9 %\n"
            "https://kim:****@git.example.com ****   x\n"
        )
        assert "branch https://a:****@c, commit 0123456789 \\x1b[2J ****, " in shown.err
        document = json.loads(ask("logs", JOB_ID, "--json").out)
        assert "a-token" not in json.dumps(document)
        assert document["build"]["tags"] == ["https://a:****@c", None]
        assert document["log"].startswith("red \x1bc \x07 \x9d \u202e")

    def test_is_not_kept_on_disk(self, ask: Ask, tmp_path: Path) -> None:
        ask("logs", JOB_ID)
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert kept
        assert not [path for path in kept if b"price" in path.read_bytes()]

    def test_is_a_document(self, ask: Ask) -> None:
        shown = ask("logs", JOB_ID, "--json")
        assert shown.err == SHOWN
        assert json.loads(shown.out) == {
            "schema_version": 1,
            "job_id": JOB_ID,
            "component": "web",
            "build": {
                **build()["build"],
                "repo": "https://kim:****@git.example.com/web.git",
                "outcome": "failed",
                "started_at": "2020-02-04T04:01:10.000Z",
                "ended_at": "2020-02-04T04:01:30.000Z",
                "elapsed_seconds": 20.0,
            },
            "phases": [
                {"name": "Init", "state": "Successful"},
                {"name": "Build", "state": "Failed"},
                {"name": "Artifact", "state": "NotStarted"},
            ],
            "failed_phase": "Build",
            "excerpt": [{"line": 2, "text": LOG.splitlines()[1]}],
            "log": LOG,
        }

    def test_of_a_build_that_runs_is_shown_as_far_as_it_is(
        self, ask: Ask, service: Service
    ) -> None:
        service.builds = [build(end="", state="Building", log="one\n", index="7")]
        shown = ask("logs", JOB_ID)
        assert (shown.status, shown.out) == (0, "one\n")
        assert shown.err.startswith("casjob: build 7 (b7) of component web: Building\n")
        assert shown.err.endswith("casjob: the build is still running; use --follow to follow it\n")


class TestOnATerminal:
    @pytest.fixture(autouse=True)
    def long(self, service: Service) -> None:
        lines = [f"line {number}" for number in range(1, 401)]
        lines[299] = "cart.c:3:10: fatal error: " + "x" * 1000
        lines[301] = "make: *** [all] Error 1"
        service.builds = [build(log="\n".join(lines))]

    def test_is_what_fits_around_the_lines_that_say_why(
        self, casjob: Casjob, at_service: dict[str, str]
    ) -> None:
        environ = {**at_service, "LINES": "20", "NO_COLOR": "1"}
        shown = casjob("logs", JOB_ID, environ=environ, columns=80)
        sign = "cart.c:3:10: fatal error: "
        assert shown.out.splitlines() == [
            "… 296 lines; --full shows all",
            *(f"line {number}" for number in range(297, 300)),
            f"{sign}{'x' * (400 - len(sign))}… (1026 characters; --full shows all)",
            "line 301",
            "make: *** [all] Error 1",
            "line 303",
            "line 304",
            "… 96 lines; --full shows all",
        ]

    @pytest.mark.parametrize("words", [[JOB_ID], ["--component", "web", "--application", "shop"]])
    def test_fits_a_small_one_below_what_is_said_about_it(
        self, environ: dict[str, str], words: list[str]
    ) -> None:
        environ = {**environ, **MEASURED}
        with Terminal([CASJOB, "logs", *words], environ, columns=60, rows=14) as terminal:
            status, lines = terminal.finish()
        first = "build 2 (b2)" if words == [JOB_ID] else f"{JOB_ID} (last"
        assert status == 0
        assert lines[0].startswith(f"casjob: {first}")
        assert lines[-1].startswith("… ")
        # The command and the prompt have room too.
        assert len(lines) <= 12

    def test_is_whole_where_it_is_asked_for_or_fits(
        self, casjob: Casjob, at_service: dict[str, str]
    ) -> None:
        for options, rows in ((["--full"], "20"), (["--tail", "300"], "20"), ([], "450")):
            environ = {**at_service, "LINES": rows}
            shown = casjob("logs", JOB_ID, *options, environ=environ, columns=2000)
            assert shown.out.splitlines()[-300:][0] == "line 101"
            assert "lines; --full" not in shown.out


class TestTheComponent:
    def test_may_be_known_by_its_instance_alone(self, ask: Ask, service: Service) -> None:
        service.components[0] = component(1, "web", job_id="JOB9", **REFER)
        document = documented_job()
        document["job"] |= INSTANCE
        service.jobs[JOB_ID] = document
        assert ask("logs", JOB_ID) == (0, LOG, SHOWN)
        service.handler = without_v3
        assert ask("logs", JOB_ID) == (0, LOG, SHOWN)

    def test_is_named_where_it_can_not_be_found(self, ask: Ask, service: Service) -> None:
        service.components[0] = component(1, "web", job_id="JOB9", **REFER)
        told = (
            f"casjob: can't find out which component job {JOB_ID} belongs to\n"
            "  hint: name the component with --component\n"
        )
        assert ask("logs", JOB_ID) == (5, "", told)
        assert ask("logs", JOB_ID, "--api-version", "v3") == (5, "", told)
        assert ask("logs", JOB_ID, "--component", "web") == (0, LOG, SHOWN)

    @pytest.mark.parametrize("is_v2", [False, True])
    def test_may_be_another_than_the_jobs(self, ask: Ask, service: Service, *, is_v2: bool) -> None:
        service.components[1] = component(2, "api", record("JOB7"), job_id="JOB7")
        service.jobs[JOB_ID] = as_document(failed_later())
        if is_v2:
            service.handler = without_v3
        told = (
            f"casjob: {JOB_ID} is not a job of component api\n"
            "  hint: leave out --component to use that of the job;"
            " casjob list api shows the jobs of api\n"
        )
        assert ask("logs", JOB_ID, "--component", "api") == (5, "", told)

    @pytest.mark.parametrize(
        "records",
        [
            Reply(200, {"count": 1, "records": [record(JOB_ID)]}),
            Reply(200, {"count": 9, "records": [record("JOB9")]}),
            Reply(200, {"count": 0, "records": []}),
            Reply(403),
        ],
        ids=["listed", "cut", "empty", "refused"],
    )
    def test_may_be_the_jobs_as_far_as_is_known(
        self, ask: Ask, service: Service, records: Reply
    ) -> None:
        service.components[0] = component(1, "web", job_id="JOB9", **REFER)
        service.handler = lambda request: records if request.path.endswith("/records") else None
        assert ask("logs", JOB_ID, "--component", "web") == (0, LOG, SHOWN)

    def test_may_have_no_job_yet(self, ask: Ask, service: Service) -> None:
        service.components = [component(1, "web", job_id="")]
        assert ask("logs", "--component", "web").err == "casjob: component web has no jobs yet\n"


class TestTheBuild:
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
    def test_is_found_in_any_order_and_on_any_page(
        self, ask: Ask, service: Service, order: tuple[int, ...]
    ) -> None:
        rows = [{"build_id": f"b{(3, 2, 1)[each]}"} for each in order]

        def reply(request: Recorded) -> Reply | None:
            if not request.path.endswith("/builds"):
                return None
            page = int(request.query["page"][0])
            return Reply(200, {"total": 3, "list": rows[page - 1 : page]})

        service.handler = reply
        assert ask("logs", JOB_ID) == (0, LOG, SHOWN)

    def test_is_searched_no_further_than_it_can_be(self, ask: Ask, service: Service) -> None:
        day = [
            build(n, f"00:{n:02}:00", f"00:{n:02}:30", day="2020-02-03") for n in range(59, 0, -1)
        ]
        service.builds = [build(60, "00:00:00", "00:00:30", day="2020-02-05"), *day]
        none = ask("logs", JOB_ID)
        assert none.status == 5
        assert none.err.startswith(f"casjob: no build of component web ran within job {JOB_ID}\n")
        assert sum("/builds/b" in path for path in paths(service)) == 6

        later = [build(n, f"06:{n:02}:00", f"06:{n:02}:30") for n in range(59, 0, -1)]
        service.builds = later
        none = ask("logs", JOB_ID)
        assert none.err.startswith(
            f"casjob: none of the 50 newest builds of component web ran within job {JOB_ID}\n"
        )

        later[1:3] = later[2:0:-1]
        assert "none of the 50 searched builds of component" in ask("logs", JOB_ID).err

    def test_is_searched_from_the_newest_wherever_the_list_has_it(
        self, ask: Ask, service: Service
    ) -> None:
        oldest_first = [{"build_id": f"b{n}"} for n in range(1, 61)]
        service.builds = [build(n, "03:00:00", "03:00:30") for n in range(60, 0, -1)]
        service.handler = lambda request: (
            Reply(200, {"total": 60, "list": oldest_first})
            if request.path.endswith("/builds")
            else None
        )
        assert ask("logs", JOB_ID).status == 5
        asked = [path for path in paths(service) if "/builds/b" in path]
        assert [path.rpartition("/")[2] for path in asked] == ["b60", "b59", "b58", "b57", "b56"]

    @pytest.mark.parametrize(
        ("builds", "shown", "others"),
        [
            # One without an end that began before the job has been given up.
            (["9 05:00:00 05:01:00 Failed", "8 03:00:00 - Building", R1], "r1", ""),
            (["9 05:00:00 05:01:00 Failed", R1, "8 03:00:00 - Building"], "r1", ""),
            # One that began within the job may have been given up too.
            ([R2, "8 04:01:31 - Building", R1], "r1", "r2 Successful, r8 Building"),
            (["8 04:01:31 - Building"], "r8", ""),
            (["8 03:00:00 - Building"], "r8", ""),
            # A list in no order, whose first is the newest.
            (["9 05:00:00 05:01:00 Failed", "8 03:00:00 03:01:00 Failed", R1], "r1", ""),
            # Of two within the job, that which failed as the job did.
            ([R2, R1], "r1", "r2 Successful"),
            ([R1.replace("Failed", "Cancel"), R2], "r1", "r2 Successful"),
            ([R2.replace("Successful", "Failed"), R1], "r2", "r1 Failed"),
            ([R1, R2.replace("Successful", "Failed")], "r2", "r1 Failed"),
        ],
    )
    def test_is_the_likely_one_of_those_within_the_job(
        self, ask: Ask, service: Service, builds: list[str], shown: str, others: str
    ) -> None:
        service.builds = [brief(each) for each in builds]
        found = ask("logs", JOB_ID)
        assert found.err.startswith(f"casjob: build {shown[1:]} ({shown}) of component web: ")
        told = [line for line in found.err.splitlines() if " too: " in line]
        assert told == [
            f"casjob: build {other[1:]}, {state}, ran within the job too: casjob logs --build"
            f" {other}"
            for other, state in map(str.split, filter(None, others.split(", ")))
        ]

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            (failed_later(), "r2"),
            (job("RUNNING", task(1, "RUNNING"), **INSTANCE), "r3"),
            (job("RUNNING", task(1, seconds=5), **INSTANCE), "r3"),
        ],
        ids=["failed later", "runs", "is between two tasks"],
    )
    def test_is_the_one_that_the_job_got_past_or_is_at(
        self, ask: Ask, service: Service, sent: dict[str, Any], shown: str
    ) -> None:
        service.jobs[JOB_ID] = as_document(sent)
        service.builds = [brief(each) for each in (R1, "3 04:01:39 - Building", R2)]
        assert f"({shown}) of component web" in ask("logs", JOB_ID).err.splitlines()[0]

    def test_is_found_though_others_are_gone(self, ask: Ask, service: Service) -> None:
        service.handler = lambda request: (
            Reply(404) if request.path.endswith(("/b1", "/b3")) else None
        )
        assert ask("logs", JOB_ID) == (0, LOG, SHOWN)

    @pytest.mark.parametrize(
        ("builds", "message", "hint"),
        [
            ([], "there is no build job named web", "only a component that is deployed from"),
            (
                [build(1, "03:00:00", "03:01:00")],
                f"no build of component web ran within job {JOB_ID}",
                "its newest is build 1, Failed: casjob logs --build b1",
            ),
            (
                [build(1, "03:00:00", "03:01:00", state="")],
                f"no build of component web ran within job {JOB_ID}",
                "its newest is build 1, (no state): casjob logs --build b1",
            ),
            (
                [build(1, "04:01:10", "04:01:20", started_at="soon")],
                f"no build of component web ran within job {JOB_ID}",
                "its newest is build 1, Failed: casjob logs --build b1",
            ),
            (
                [build(1), build(2, job_id="build-job-2")],
                "there are 2 build jobs named web",
                "name the build with --build\n  casjob logs --build b2\n  casjob logs --build b1\n",
            ),
            ([build(1, job_name="web-2")], "there is no build job named web", "only a component"),
            ([build(log="")], "the log of build 2 is empty", "the console may show more"),
            (
                [build(end="", state="Building", log="")],
                "the log of build 2 is empty",
                "the build is still running: casjob logs --build b2 --follow",
            ),
        ],
    )
    def test_is_not_made_up(
        self, ask: Ask, service: Service, builds: list[BuildDocument], message: str, hint: str
    ) -> None:
        service.builds = builds
        refused = ask("logs", JOB_ID)
        assert (refused.status, refused.out) == (5, "")
        assert f"casjob: {message}\n  hint: {hint}" in refused.err

    def test_is_not_there_before_the_first(self, ask: Ask, service: Service) -> None:
        service.handler = lambda request: {
            "/assembling/v1/jobs/build-job-1": Reply(200, {"last_build_id": ""}),
            "/assembling/v1/jobs/build-job-1/builds": Reply(200, {"total": 0, "list": None}),
        }.get(request.path)
        assert ask("logs", JOB_ID).err.startswith("casjob: component web has not been built yet\n")

    def test_has_not_begun_while_a_job_is_young(self, ask: Ask, service: Service) -> None:
        service.jobs[JOB_ID] = as_document(job("RUNNING", task(1, "RUNNING"), **INSTANCE))
        service.builds = service.builds[2:]
        assert (
            "  hint: it may not have started yet; its newest is build 1, "
            in ask("logs", JOB_ID).err
        )

    def test_can_not_be_found_by_a_job_without_times(self, ask: Ask, service: Service) -> None:
        service.jobs[JOB_ID] = as_document(job("FAILED", **INSTANCE))
        told = (
            f"casjob: job {JOB_ID} has no times, by which its build would be found\n"
            "  hint: its newest is build 3, Successful: casjob logs --build b3\n"
        )
        assert ask("logs", JOB_ID) == (5, "", told)
        assert sum("/builds/b" in path for path in paths(service)) == 1

    def test_is_not_listed_for_ever(self, ask: Ask, service: Service) -> None:
        def reply(request: Recorded) -> Reply | None:
            if not request.path.endswith("/jobs"):
                return None
            page = request.query["page"][0]
            return Reply(200, {"list": [{"job_id": f"j{page}", "job_name": "other"}]})

        service.handler = reply
        refused = ask("logs", JOB_ID)
        told = "casjob: there are more than 100 builds, the most that casjob lists\n"
        told += "  hint: name one with --build\n"
        told += f"  job {JOB_ID} failed in phase BUILDING, at task 9 TN00097 wait for the build to"
        assert (refused.status, refused.err) == (5, f"{told} succeed\n")


class TestAReply:
    @pytest.mark.parametrize(
        ("path", "reply", "status", "told"),
        [
            (
                "/jobs",
                Reply(404, {"error_code": "APIGW.0101", "error_msg": "The API does not exist"}),
                5,
                " has no API for builds\n  the service said: APIGW.0101 The API does not exist",
            ),
            (
                "/jobs",
                Reply(403, {"error_code": "SVCSTG.CPE.1", "error_msg": "no"}),
                4,
                f"casjob: not allowed to read builds in {WHERE}",
            ),
            ("/jobs", Reply(403), 4, "ask for ServiceStage ReadOnlyAccess"),
            ("/b2", Reply(404), 5, f"casjob: build b2 was not found in {WHERE}"),
            ("/jobs", Reply(404), 5, f"casjob: the list of builds was not found in {WHERE}"),
            ("/jobs", Reply(200, "[]"), 7, " can't be understood: it is not an object\n"),
            *(("/jobs", Reply(200, body), 7, "holds no list of builds\n") for body in NO_LISTS),
            ("/jobs", Reply(200, {"list": None}), 5, "casjob: there is no build job named web\n"),
            ("/jobs", Reply(200, {"list": [5]}), 7, " can't be understood: it is not an object\n"),
            (
                "/jobs",
                Reply(200, {"list": [{"job_id": "../x", "job_name": "web"}]}),
                7,
                'casjob: the service sent "../x" as the id of a build, which is not a valid id\n',
            ),
            ("/logs", Reply(500), 6, " failed (HTTP 500)\n"),
            (
                "/logs",
                Reply(200, {"buildlog": None, "next": None}),
                5,
                "the log of build 2 is empty",
            ),
        ],
    )
    def test_that_is_no_help_is_explained(
        self, ask: Ask, service: Service, path: str, reply: Reply, status: int, told: str
    ) -> None:
        service.handler = lambda request: reply if request.path.endswith(path) else None
        refused = ask("logs", JOB_ID)
        assert (refused.status, refused.out) == (status, "")
        assert told in refused.err

    @pytest.mark.parametrize(
        "ends", [("3", None), (3, 3), (3, 3, 3), (None,), (0,), ("x",), (3, 0)]
    )
    def test_without_another_part_ends_the_log(
        self, ask: Ask, service: Service, ends: tuple[object, ...]
    ) -> None:
        parts = iter(ends)

        def reply(request: Recorded) -> Reply | None:
            if not request.path.endswith("/logs"):
                return None
            is_first = request.query["from"] == ["0"]
            text = "one" if is_first or ends[:2] == (3, 3) else ""
            return Reply(200, {"buildlog": text, "next": next(parts, ends[-1])})

        service.handler = reply
        shown = ask("logs", JOB_ID)
        assert (shown.status, shown.out) == (0, "one\n")
        assert len([path for path in paths(service) if "/logs" in path]) == 2

    def test_that_goes_back_is_told_after_what_came(self, ask: Ask, service: Service) -> None:
        parts = iter([("one\n", 9), ("two\n", 4)])

        def reply(request: Recorded) -> Reply | None:
            if not request.path.endswith("/logs"):
                return None
            text, end = next(parts)
            return Reply(200, {"buildlog": text, "next": end})

        service.handler = reply
        shown = ask("logs", JOB_ID)
        assert (shown.status, shown.out) == (5, "one\n")
        assert shown.err.endswith(
            "casjob: could not read the rest of the log: the service sends what is before position"
            " 4 after 9 again\n  hint: see the whole log in the console\n"
        )

    def test_may_never_be_the_last(
        self, ask: Ask, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        size = 1 << 20
        text = json.dumps("x" * size)
        monkeypatch.setattr(log_text, "MAX_LOG", 3 * size)

        def reply(request: Recorded) -> Reply | None:
            if not request.path.endswith("/logs"):
                return None
            end = int(request.query["from"][0]) + 1
            return Reply(200, f'{{"buildlog": {text}, "next": {end}}}')

        service.handler = reply
        shown = ask("logs", JOB_ID)
        assert shown.status == 5
        assert len(shown.out) == 4 * size + 1
        assert shown.err.endswith(
            "casjob: could not read the rest of the log: it is longer than 3 MiB or 2700 parts, the"
            " most that casjob reads\n  hint: see the whole log in the console\n"
        )

    def test_may_be_one_of_many_small_ones(self) -> None:
        reader = LogReader(lambda position: LogPart("x", position + 1, ()))
        assert len(reader.read()) == MAX_PARTS
        assert (
            reader.problem == "it is longer than 64 MiB or 2700 parts, the most that casjob reads"
        )
        assert reader.read() == ""

    def test_may_be_too_large(self, ask: Ask, service: Service) -> None:
        service.handler = lambda request: (
            Reply(200, {"buildlog": "x" * (64 << 20)}) if request.path.endswith("/logs") else None
        )
        refused = ask("logs", JOB_ID)
        assert (refused.status, refused.out) == (5, "")
        assert "it is longer than 64 MiB or 2700 parts, the most that casjob reads" in refused.err


class TestAFailureAfterTheBuild:
    @pytest.fixture(autouse=True)
    def later(self, service: Service) -> None:
        service.jobs[JOB_ID] = as_document(failed_later())
        service.builds = [build(state="Successful", log="error: no matter\nfine\n")]

    def test_is_for_its_cluster_to_explain(self, ask: Ask) -> None:
        shown = ask("logs", JOB_ID)
        assert (shown.status, shown.out) == (0, "error: no matter\nfine\n")
        assert shown.err.endswith(
            "casjob: build 2 succeeded, but its job failed\n"
            f"  job {JOB_ID} failed in phase DEPLOYING, at task 4 TN00102 create a secret\n{EVENTS}"
        )
        assert json.loads(ask("logs", JOB_ID, "--json").out)["failed_phase"] is None

    def test_needs_no_build(self, ask: Ask, service: Service) -> None:
        service.builds = []
        service.components[0]["component"]["source"] = {"kind": "image"}
        told = (
            "casjob: there is no build job named web\n"
            "  hint: it is deployed from an image, which is built elsewhere\n"
            f"  job {JOB_ID} failed in phase DEPLOYING, at task 4 TN00102 create a secret\n{EVENTS}"
        )
        assert ask("logs", JOB_ID) == (5, "", told)

    @pytest.mark.parametrize(
        ("details", "line"),
        [
            ({"workload_name": "$(reboot)"}, EVENTS.replace("web-1x", "WORKLOAD")),
            ({"refer_resources": None}, EVENTS.replace("shop-prod", "NAMESPACE")),
            ({"refer_resources": 5}, ""),
            ({"refer_resources": [5, {"type": "ecs"}]}, ""),
            (
                {"refer_resources": [{"type": "cce", "parameters": 5}]},
                EVENTS.replace("shop-prod", "NAMESPACE"),
            ),
        ],
    )
    def test_is_told_as_far_as_the_details_say(
        self, ask: Ask, service: Service, details: dict[str, object], line: str
    ) -> None:
        service.components[0]["component"] |= details
        assert ask("logs", JOB_ID).err.endswith(f"create a secret\n{line}")

    def test_is_told_without_details(self, ask: Ask, service: Service) -> None:
        service.handler = lambda request: Reply(403) if "applications" in request.path else None
        assert " | grep web-1x\n" in ask("logs", JOB_ID).err

    def test_is_not_told_of_a_job_that_goes_on_or_succeeded(
        self, ask: Ask, service: Service
    ) -> None:
        for status in ("RUNNING", "SUCCEEDED"):
            service.jobs[JOB_ID] = as_document(failed_later(status))
            assert ask("logs", JOB_ID).err.splitlines()[2:] == []


class TestFollowing:
    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("casjob.commands.logs.grow", lambda _: 0.01)
        monkeypatch.setattr("casjob.commands.logs.Plan", partial(Plan, interval=0.01))

    @pytest.mark.parametrize(("state", "status"), [("Successful", 0), ("Failed", 1), ("Odd", 1)])
    def test_shows_what_comes_until_the_build_ends(
        self, ask: Ask, service: Service, state: str, status: int
    ) -> None:
        grown = iter(["a\nb", "a\nb\nc\n", "a\nb\nc\n5 %\rd"])
        service.builds = [build(end="", state="Building", log="a\n")]

        def grow(request: Recorded) -> None:
            if request.path == "/assembling/v1/builds/b2" and "/logs" in paths(service)[-2]:
                service.builds = [build(state=state, log="a\nb\nc\n5 %\rd")]
            elif request.path.endswith("/logs") and request.query["from"] != ["0"]:
                service.builds[0]["log"] = next(grown, service.builds[0]["log"])

        service.handler = grow
        followed = ask("logs", JOB_ID, "--follow")
        assert (followed.status, followed.out) == (status, "a\nb\nc\nd\n")
        first, _, last = followed.err.splitlines()[:3]
        assert first == "casjob: build 2 (b2) of component web: Building"
        assert last.startswith(f"casjob: build 2 (b2) of component web: {state} after 20.0s")

    def test_shows_at_once_what_a_build_writes_all_the_time(
        self, ask: Ask, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sleeps: list[int] = []
        service.builds = [build(end="", state="Building", log="")]

        def write(request: Recorded) -> None:
            if request.path.endswith("/logs"):
                service.builds[0]["log"] += f"line {len(sleeps)}\n"

        def grow(_: float) -> float:
            sleeps.append(len(service.requests))
            if len(sleeps) == 3:
                service.handler = lambda _: None
                service.builds = [build(log=service.builds[0]["log"])]
            return 0.0

        service.handler = write
        monkeypatch.setattr("casjob.commands.logs.grow", grow)
        followed = ask("logs", "--build", "b2", "-f")
        assert (followed.status, followed.out) == (1, "line 0\nline 1\nline 2\n")
        first, second, third = sleeps
        assert (second - first, third - second) == (1, 1)
        service.builds = [build(end="", state="Building", log="")]
        service.handler = write
        shown = ask("logs", "--build", "b2")
        assert (shown.status, shown.out) == (0, "line 3\n")

    def test_begins_with_the_last_lines(self, ask: Ask) -> None:
        followed = ask("logs", JOB_ID, "-f", "--tail", "1")
        assert (followed.status, followed.out) == (1, "Done\n")

    def test_goes_on_after_a_failure(self, ask: Ask, service: Service) -> None:
        failures = [Reply(503), Reply(reset=True)]
        service.handler = lambda request: (
            failures.pop() if failures and request.path.endswith("/logs") else None
        )
        followed = ask("logs", JOB_ID, "-f")
        assert (followed.status, followed.out) == (1, LOG)
        assert followed.err.count("; retrying\n") == 1

    def test_goes_on_where_the_log_is_not_there_yet(self, ask: Ask, service: Service) -> None:
        gone = [Reply(404, {"error_code": "SVCSTG.CPE.4040001"})] * 9
        service.handler = lambda request: (
            gone.pop() if gone and request.path.endswith("/logs") else None
        )
        followed = ask("logs", JOB_ID, "-f")
        assert (followed.status, followed.out) == (1, LOG)
        assert followed.err.count("; retrying\n") == 1

    def test_ends_where_nothing_more_can_be_read(self, ask: Ask, service: Service) -> None:
        service.handler = lambda request: (
            Reply(200, {"buildlog": "x", "next": 5 - int(request.query["from"][0])})
            if request.path.endswith("/logs")
            else None
        )
        followed = ask("logs", JOB_ID, "-f")
        assert (followed.status, followed.out) == (5, "x\n")

    def test_ends_quietly_when_nobody_reads(
        self, environ: dict[str, str], service: Service
    ) -> None:
        service.builds = [build(end="", state="Building")]
        with start(["logs", JOB_ID, "-f"], {**environ, **MEASURED}) as process:
            assert process.stdout
            assert process.stdout.readline() == b"Starting...\n"
            process.stdout.close()
            service.builds[0]["log"] += "more\n"
            assert process.wait(20) == 0

    def test_is_stopped_by_ctrl_c(self, clean_environ: dict[str, str]) -> None:
        words = [CASJOB, "logs", RUNNING_JOB_ID, "--demo", "--follow"]
        with Terminal(words, {**clean_environ, **MEASURED}, columns=100) as terminal:
            terminal.wait_until(lambda lines: any("[INFO] Downloaded" in line for line in lines))
            terminal.type("\x03")
            status, lines = terminal.finish()
        assert status == 130
        assert lines[-1] == "casjob: stopped following; the build is still running"


class TestTheCommandLine:
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ([JOB_ID, "--build", "b1"], "a job id and --build can't be used together"),
            (["--component", "web", "--build", "b1"], "--component and --build can't be used"),
            (["--build", "../jobs"], "'../jobs' is not the id of a build"),
            (["--full", "--tail", "5"], "--full and --tail can't be used together"),
            (["-f", "--json"], "--follow can't be combined with --output json"),
            (["-f", "-o", "json"], "--follow can't be combined with --output json"),
            (["-f", "--output-file", "x"], "--follow can't be combined with"),
            (["--application", "shop"], "--application requires --component"),
            (["--tail", "0"], "Invalid value for '--tail': it must be at least 1"),
            (["-o", "csv"], "--output csv is not supported here"),
        ],
    )
    def test_is_refused_before_anything_is_sent(
        self, ask: Ask, service: Service, options: list[str], told: str
    ) -> None:
        refused = ask("logs", *options)
        assert (refused.status, refused.out) == (2, "")
        assert refused.err.startswith(f"casjob: {told}")
        assert service.requests == []


class TestTheDemo:
    def test_has_a_build_that_fails_in_the_compiler(self, casjob: Casjob) -> None:
        log = json.loads(casjob("logs", "--demo", "--json").out)
        assert (log["job_id"], log["component"], log["failed_phase"]) == (
            FAILED_JOB_ID,
            "web",
            "Build",
        )
        assert 350 < log["log"].count("\n") < 450
        assert log["excerpt"][1]["text"].endswith("/Cart.java:[48,31] cannot find symbol")

    def test_has_a_failure_after_the_build_and_one_without(self, casjob: Casjob) -> None:
        later = casjob("logs", EARLIER_JOB_IDS[8], "--demo")
        assert later.status == 0
        assert later.err.endswith(" | grep web-v1\n")
        assert casjob("logs", MANY_TASKS_JOB_ID, "--demo").status == 5

    @pytest.mark.parametrize("job_id", [RUNNING_JOB_ID, FAILING_JOB_ID])
    def test_has_a_build_that_runs(self, casjob: Casjob, job_id: str) -> None:
        shown = casjob("logs", job_id, "--demo")
        assert "casjob: build 1 (build-worker-1) of component worker: Building\n" in shown.err


class TestWhereItIsSuggested:
    @pytest.mark.parametrize(
        ("failed", "is_of_build"),
        [
            ([separator(1, "BUILD_IMAGE"), task(2, "FAILED")], True),
            ([task(2, "FAILED", TASK_NAME="TN00092")], True),
            ([task(2, "FAILED", messages='{"error_code": "X.1", "error_msg": "no"}')], False),
            ([task(2, "FAILED", messages='{"code": "ECC00011", "message": "no"}')], True),
            ([task(2, "FAILED", TASK_NAME="TN00102")], False),
        ],
    )
    def test_is_a_job_that_failed_in_its_build(
        self, ask: Ask, service: Service, failed: list[dict[str, object]], *, is_of_build: bool
    ) -> None:
        service.jobs[JOB_ID] = as_document(job("FAILED", *failed))
        assert ask("show", JOB_ID).out.endswith("\nnext: casjob logs\n") is is_of_build
        waited = ask("wait", JOB_ID, OTHER_JOB_ID)
        told = f"casjob: next: casjob logs {JOB_ID}\n"
        assert (told in waited.err) is is_of_build

    def test_is_no_job_that_still_runs(self, ask: Ask, service: Service) -> None:
        tasks = [separator(1, "BUILDING"), task(2, "FAILED"), task(3, "RUNNING")]
        service.jobs[JOB_ID] = as_document(job("RUNNING", *tasks))
        waited = ask("wait", JOB_ID, "--fail-fast")
        assert waited.status == 1
        assert "next: " not in waited.err
