import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from casjob.demo.jobs import SUCCEEDED_JOB_ID
from tests.components import component
from tests.conftest import JOB_ID, Casjob, Finished
from tests.following import QUICKLY, play, runs, spoil_half
from tests.program import CASJOB, start
from tests.samples import as_document, job, separator, task
from tests.service import Recorded, Reply, Service, many_tasks
from tests.terminal import PATIENCE, Terminal

Ask = Callable[..., Finished]


SUCCEEDED = "JOB1 provision/provMain SUCCEEDED after 2.0s\n"
FAILED = "JOB2 provision/provMain FAILED after 2.0s: task 2 TX00002  E1  Broken.\n"
DURATIONS = "\n  hint: durations are 90, 90s, 30m or 1h30m"
SUCCESS, FAILURE = Finished(0, SUCCEEDED, ""), Finished(1, FAILED, "")


def hold(service: Service) -> threading.Event:
    """Let requests hang; return what is set once the first has come."""
    reached = threading.Event()

    def answer(_: Recorded) -> Reply:
        reached.set()
        return Reply(delay=PATIENCE)

    service.handler = answer
    return reached


class TestVerdicts:
    @pytest.mark.parametrize(("job_id", "expected"), [("JOB1", SUCCESS), ("JOB2", FAILURE)])
    def test_name_the_cause_after_polls_of_the_status_and_one_of_the_whole(
        self, ask: Ask, service: Service, job_id: str, expected: Finished
    ) -> None:
        play(service, **{job_id: runs(job_id, failed=expected.status == 1)})

        assert ask("wait", job_id, *QUICKLY) == expected
        assert [request.query["limit"] for request in service.requests] == [["1"]] * 4 + [["50"]]

    def test_come_in_the_order_of_the_endings(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1")[-1:], JOB2=runs("JOB2", failed=True))

        assert ask("wait", "JOB2", "JOB1", *QUICKLY) == (1, SUCCEEDED + FAILED, "")

    @pytest.mark.parametrize("api_version", ["v2", "v3"])
    def test_are_the_same_in_all_versions(
        self, ask: Ask, service: Service, api_version: str
    ) -> None:
        play(service, JOB2=runs("JOB2", failed=True))
        finished = ask("wait", "JOB2", *QUICKLY, "--api-version", api_version)

        assert finished.status == 1
        assert finished.out.endswith("FAILED after 2.0s: task 2 TX00002  E1  Broken.\n")

    def test_are_one_line_whatever_the_service_says(self, ask: Ask, service: Service) -> None:
        broken = task(1, "FAILED", messages="at line 1\nat line 2\x1b[2J")
        play(service, JOB1=[job("FAILED", broken)])

        assert ask("wait", "JOB1", *QUICKLY).out == (
            "JOB1 provision/provMain FAILED after 1.0s: "
            "task 1 TX00001  at line 1\\nat line 2\\x1b[2J\n"
        )

    def test_on_a_terminal_have_signs_and_colours_and_break_no_id(self, casjob: Casjob) -> None:
        waited = casjob("wait", SUCCEEDED_JOB_ID, "--demo", columns=40)

        assert waited.out == (
            f"{SUCCEEDED_JOB_ID}\n"
            "  provision/provMain \x1b[32mSUCCEEDED after 1m\x1b[0m\n  \x1b[32m15s\x1b[0m\n"
        )
        wide = casjob("wait", SUCCEEDED_JOB_ID, "--demo", columns=100, environ={"NO_COLOR": "1"})
        assert wide.out == (f"✓ {SUCCEEDED_JOB_ID} provision/provMain SUCCEEDED after 1m 15s\n")
        plain = casjob("wait", SUCCEEDED_JOB_ID, "--demo", "--color", "never", columns=100)
        assert plain.out == wide.out

    def test_go_by_the_jobs_own_word(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=[job("SUCCEEDED", task(1, "FAILED"), task(2))])

        assert ask("wait", "JOB1", "--fail-fast").status == 1
        assert ask("wait", "JOB1").status == 0

    def test_that_are_known_are_not_lost_to_another_jobs_error(
        self, ask: Ask, service: Service
    ) -> None:
        play(service, JOB1=[job("SUCCEEDED", JOB_ID="JOB1")])
        answer = service.handler

        def delay(request: Recorded) -> Reply | None:
            if request.path.endswith("JOB2"):
                return Reply(403, {"error_code": "SVCSTG.00100403"}, delay=0.3)
            return answer(request)

        service.handler = delay
        finished = ask("wait", "JOB1", "JOB2", "--json")

        assert finished.status == 4
        verdicts = json.loads(finished.out)["verdicts"]
        assert [each["outcome"] for each in verdicts] == ["succeeded", "unknown"]

    @pytest.mark.parametrize(("failed", "out"), [(False, SUCCEEDED), (True, FAILED)])
    def test_of_the_others_are_given_if_one_is_not_found(
        self, ask: Ask, service: Service, out: str, *, failed: bool
    ) -> None:
        job_id = "JOB2" if failed else "JOB1"
        play(service, **{job_id: runs(job_id, failed=failed)})
        alone = ask("wait", "JOB0", *QUICKLY)
        finished = ask("wait", "JOB0", job_id, *QUICKLY)

        assert alone[:2] == (5, "")
        assert alone.err.startswith("casjob: job JOB0 was not found ")
        # The request's number differs.
        assert finished[:2] == (5, out)
        assert finished.err.splitlines()[0] == alone.err.splitlines()[0]
        assert len(finished.err.splitlines()) == len(alone.err.splitlines())

    def test_in_json_have_an_unknown_outcome_for_a_job_that_is_not_found(
        self, ask: Ask, service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        finished = ask("wait", "JOB0", "JOB1", *QUICKLY, "--json")

        assert finished.status == 5
        verdicts = json.loads(finished.out)["verdicts"]
        assert [(each["job_id"], each["outcome"], each["status"]) for each in verdicts] == [
            ("JOB0", "unknown", None),
            ("JOB1", "succeeded", "SUCCEEDED"),
        ]

    def test_of_a_failure_come_within_a_second_of_the_poll_that_saw_it(
        self, environ: dict[str, str], service: Service
    ) -> None:
        play(service, JOB2=runs("JOB2", failed=True)[2:])
        words = [CASJOB, "wait", "JOB2", "--interval", "1.5"]
        with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as process:
            out = process.stdout
            assert out
            assert out.readline() == FAILED
            written = time.monotonic()
            assert process.wait(PATIENCE) == 1

        # The second request was the first whose reply had the end, the third had the cause.
        assert len(service.requests) == 3
        assert written - service.requests[1].time < 1

    def test_wait_for_a_status_that_casjob_does_not_know(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=[job("FROZEN", JOB_ID="JOB1"), *runs("JOB1")])

        assert ask("wait", "JOB1", *QUICKLY) == (
            0,
            SUCCEEDED,
            "casjob: JOB1 has the status FROZEN, which casjob does not know; still waiting\n",
        )

    def test_are_one_document_in_json(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1"), JOB2=runs("JOB2", failed=True))
        finished = ask("wait", "JOB1", "JOB2", *QUICKLY, "--json")

        assert (finished.status, finished.err) == (1, "")
        assert json.loads(finished.out) == {
            "schema_version": 1,
            "timed_out": False,
            "verdicts": [
                {
                    "job_id": "JOB1",
                    "outcome": "succeeded",
                    "status": "SUCCEEDED",
                    "elapsed_seconds": 2.0,
                    "failure": None,
                },
                {
                    "job_id": "JOB2",
                    "outcome": "failed",
                    "status": "FAILED",
                    "elapsed_seconds": 2.0,
                    "failure": {
                        "task_id": "Task-00002",
                        "task_index": 2,
                        "task_name": "TX00002",
                        "title": None,
                        "phase": None,
                        "code": "E1",
                        "detail": "Broken.",
                        "within": [],
                        "means": None,
                    },
                },
            ],
        }


class TestExitStatus:
    @pytest.mark.parametrize(
        ("reply", "status"),
        [
            (Reply(400), 6),
            (Reply(401), 4),
            (Reply(403), 4),
            (Reply(404), 6),
            (Reply(404, {"error_code": "SVCSTG.00100429"}), 5),
            (Reply(404, {"error_code": "APIGW.0101"}), 3),
            (Reply(503), 6),
            (Reply(429, headers={"Retry-After": "0"}), 6),
            (Reply(reset=True), 6),
            (Reply(200, "<html>"), 7),
        ],
    )
    def test_of_a_failure_that_stays(
        self, ask: Ask, service: Service, reply: Reply, status: int
    ) -> None:
        service.handler = lambda _: reply
        finished = ask("wait", "JOB1", *QUICKLY)

        assert (finished.status, finished.out) == (status, "")
        # Where v2 is not there, v3 is asked.
        once = 2 if status == 3 else 1
        assert len(service.requests) == (once if reply.status in range(400, 405) else 10)
        assert len(finished.err.splitlines()) <= 4

    def test_of_a_page_that_always_fails(self, ask: Ask, service: Service) -> None:
        service.jobs["JOB1"] = many_tasks(60, failing_index=60)
        service.handler = lambda request: Reply(503) if request.query["offset"] != ["0"] else None
        finished = ask("wait", "JOB1", *QUICKLY)

        # The end is known, though not the cause, which is on the second page.
        assert finished[:2] == (1, "JOB1 provision/provMain FAILED\n")
        # One for the status, and ten for each of the two pages.
        assert len(service.requests) == 21

    def test_of_a_time_that_is_up(self, ask: Ask, service: Service) -> None:
        play(
            service,
            JOB1=[job("RUNNING", task(1))],
            JOB2=[job("UNKNOWN", task(1))],
            JOB3=[job("SUCCEEDED", task(1))],
            JOB4=[job(None, task(1))],
        )
        finished = ask("wait", "JOB1", "JOB2", "JOB3", "JOB4", *QUICKLY, "--timeout", "1")

        unsure = ", which may or may not mean that it has ended"
        assert finished[:2] == (124, "JOB3 provision/provMain SUCCEEDED after 1.0s\n")
        first, second, *rest = finished.err.splitlines()
        assert {first, second} == {
            "casjob: JOB2 has the status UNKNOWN; still waiting",
            "casjob: JOB4 has no status; still waiting",
        }
        assert rest == [
            "casjob: JOB1 has not ended within 1.0s: it is RUNNING",
            f"casjob: JOB2 has not ended within 1.0s: it is UNKNOWN{unsure}",
            f"casjob: JOB4 has not ended within 1.0s: it has no status{unsure}",
        ]

    def test_of_a_time_that_is_up_while_a_request_hangs(self, ask: Ask, service: Service) -> None:
        hold(service)
        finished = ask("wait", "JOB1", "--timeout", "0.1", "--json")

        assert finished.status == 124
        assert finished.err == (
            "casjob: JOB1 has not ended within 0.1s: the service has sent nothing about it yet\n"
        )
        assert json.loads(finished.out)["timed_out"] is True
        # On a busy machine, it may not even have come by then.
        assert len(service.requests) <= 1

    @pytest.mark.parametrize(
        ("options", "replies", "standing"),
        [
            (
                [],
                [None, Reply(503)],
                "it was RUNNING, but then: the service at {} failed (HTTP 503)",
            ),
            ([], [Reply(503)], "the service at {} failed (HTTP 503)"),
            (
                ["--wait-for-job", "9"],
                [Reply(404, {"error_code": "SVCSTG.00100429"})],
                "it does not exist yet",
            ),
        ],
    )
    def test_of_a_time_that_is_up_before_a_poll_went_well(
        self,
        ask: Ask,
        service: Service,
        options: list[str],
        replies: list[Reply | None],
        standing: str,
    ) -> None:
        *first, last = replies
        service.jobs["JOB1"] = as_document(job("RUNNING", task(1, "RUNNING"), JOB_ID="JOB1"))
        service.handler = lambda _: first.pop() if first else last
        finished = ask("wait", "JOB1", *options, "--interval", "0.3", "--timeout", "1")

        where = service.url.removeprefix("http://")
        told = f"casjob: JOB1 has not ended within 1.0s: {standing.format(where)}"
        assert (finished.status, finished.err.splitlines()[-1]) == (124, told)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    @pytest.mark.parametrize(("command", "doing"), [("wait", b"waiting"), ("watch", b"watching")])
    def test_of_a_signal_which_ends_no_job(
        self,
        environ: dict[str, str],
        service: Service,
        number: signal.Signals,
        command: str,
        doing: bytes,
    ) -> None:
        reached = hold(service)
        with start([command, "JOB1"], environ) as process:
            assert reached.wait(PATIENCE)
            process.send_signal(number)

            told = b"casjob: stopped %s; the job is still running\n" % doing
            assert process.communicate(timeout=PATIENCE) == (b"", told)
            assert process.returncode == 128 + number

    def test_of_ctrl_c_and_says_so_in_a_line_of_its_own(
        self, environ: dict[str, str], service: Service
    ) -> None:
        reached = hold(service)
        with Terminal([CASJOB, "wait", "JOB1"], environ) as terminal:
            assert reached.wait(PATIENCE)
            terminal.type("\x03")
            assert terminal.finish() == (130, ["casjob: stopped waiting; the job is still running"])

    @pytest.mark.parametrize(
        ("option", "value", "told"),
        [
            ("--interval", "soon", f"--interval 'soon' is not a duration{DURATIONS}"),
            ("--timeout", "soon", f"--timeout 'soon' is not a duration{DURATIONS}"),
            ("--wait-for-job", "soon", f"--wait-for-job 'soon' is not a duration{DURATIONS}"),
            ("--timeout", "9999999h", f"--timeout '9999999h' is longer than 1000000h{DURATIONS}"),
            ("--interval", "0", "--interval is 0\n  hint: the service allows 5 requests a second"),
        ],
    )
    def test_of_a_duration_that_can_not_be(
        self, ask: Ask, service: Service, option: str, value: str, told: str
    ) -> None:
        assert ask("wait", "JOB1", option, value) == (2, "", f"casjob: {told}\n")
        assert not service.requests


class TestFailFast:
    def test_ends_at_a_failed_task_and_says_so(self, ask: Ask, service: Service) -> None:
        broken = task(1, "FAILED", messages="Broken.")
        play(
            service,
            JOB1=[job("RUNNING", task(1, "RUNNING"), JOB_ID="JOB1")],
            JOB2=[job("RUNNING", broken, task(2, "RUNNING"), CREATED_AT=None, JOB_ID="JOB2")],
        )
        finished = ask("wait", "JOB1", "JOB2", *QUICKLY, "--fail-fast")

        assert finished.status == 1
        assert finished.out.startswith("JOB2 provision/provMain has been RUNNING for ")
        assert finished.out.endswith(": task 1 TX00001  Broken.\n")
        # JOB1's first reply may come before or after that.
        assert finished.err.startswith("casjob: JOB1 has not ended: ")


class TestJobs:
    def test_may_come_from_stdin(self, environ: dict[str, str], service: Service) -> None:
        play(service, JOB1=runs("JOB1"), JOB2=runs("JOB2", failed=True))
        ran = subprocess.run(
            [CASJOB, "wait", "-", *QUICKLY],
            env=environ,
            input='{"job_id": {"sensitive": false, "type": "string", "value": "JOB1"}}',
            capture_output=True,
            text=True,
            check=False,
        )

        assert (ran.returncode, ran.stdout, ran.stderr) == (0, SUCCEEDED, "")

    @pytest.mark.parametrize("command", ["wait", "watch"])
    @pytest.mark.parametrize("options", [[], ["--demo"]])
    def test_is_never_guessed_in_a_script(
        self, ask: Ask, service: Service, command: str, options: list[str]
    ) -> None:
        assert ask("show", JOB_ID).status == 0
        service.requests.clear()
        told = (
            f"casjob: no job id is given, and {command} does not guess\n"
            f"  hint: give one, as in casjob {command} JOB_ID, or a component with --component, or"
            " set CASJOB_JOB_ID\n"
        )

        assert ask(command, *options, CASJOB_JOB_ID="") == (2, "", told)
        assert service.requests == []

    def test_may_be_the_one_of_the_variable(self, ask: Ask) -> None:
        assert ask("wait", CASJOB_JOB_ID=JOB_ID).status == 1

    def test_may_be_named_twice_and_are_remembered(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1"))

        assert ask("wait", "JOB1", "JOB1", *QUICKLY) == SUCCESS
        assert len(service.requests) == 5
        assert ask("show").err == "casjob: JOB1 (last viewed)\n"

    def test_may_not_be_there_yet(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1"))
        service.script = [Reply(404, {"error_code": "SVCSTG.00100429"})] * 4

        assert ask("wait", "JOB1", *QUICKLY, "--wait-for-job", "20") == (0, SUCCEEDED, "")


def test_half_of_the_replies_may_be_bad(ask: Ask, service: Service) -> None:
    steps = [task(each, start=each) for each in range(1, 8)]
    scenes = [job("RUNNING", separator(0, "A"), *steps[:each]) for each in range(1, 8)]
    play(service, JOB1=[*scenes, job("SUCCEEDED", *steps)], JOB2=runs("JOB2", failed=True))
    spoil_half(service)
    finished = ask("wait", "JOB1", "JOB2", *QUICKLY, "--request-timeout", "0.1")

    assert finished.status == 1
    assert sorted(finished.out.splitlines()) == sorted(
        (SUCCEEDED.replace("2.0s", "7.0s") + FAILED).splitlines()
    )
    [notice] = finished.err.splitlines()
    assert notice.endswith("; retrying")


def test_a_first_reply_that_never_ends_is_retried(ask: Ask, service: Service) -> None:
    service.jobs["JOB1"] = as_document(runs("JOB1")[-1])
    service.script = [Reply(200, "x" * 200, drip=0.01)]
    finished = ask("wait", "JOB1", *QUICKLY, "--request-timeout", "0.2")

    assert finished[:2] == (0, SUCCEEDED)
    host = service.url.removeprefix("http://")
    told = f"casjob: no complete response from {host} within 0.8s; retrying\n"
    assert finished.err == told


def test_one_connection_is_kept_for_all_requests(ask: Ask, service: Service) -> None:
    play(service, JOB1=runs("JOB1"), JOB2=[])
    accepted: list[object] = []
    accept = service._server.get_request  # noqa: SLF001 - counts what it accepts

    def count() -> Any:
        accepted.append(1)
        return accept()

    service._server.get_request = count  # type: ignore[method-assign] # noqa: SLF001 - as above

    assert ask("wait", "JOB1", *QUICKLY).status == 0
    assert len(service.requests) == 5
    assert len(accepted) == 1


def test_a_slow_reply_is_waited_for_and_not_asked_for_again(ask: Ask, service: Service) -> None:
    service.jobs["JOB1"] = as_document(job("SUCCEEDED", task(1)))
    service.script = [Reply(503, delay=0.3)]

    assert ask("wait", "JOB1", *QUICKLY).status == 0
    first, second, _ = [request.time for request in service.requests]
    assert second - first >= 0.3


def test_a_component_that_can_not_be_understood_has_no_next_job(ask: Ask, service: Service) -> None:
    service.components = [component(1, "web", job_id=None)]
    service.handler = lambda request: Reply(200, "[]") if "/components/" in request.path else None
    finished = ask("wait", "--component", "web", "--after", "none", *QUICKLY)

    assert (finished.status, finished.out) == (7, "")
    assert "10 failures in a row: the service's reply holds no component\n" in finished.err
