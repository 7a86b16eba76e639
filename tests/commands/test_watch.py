import json
import os
import re
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import casjob
from tests.conftest import JOB_ID, Finished
from tests.drawings import IN_A_PIPE, ON_A_TERMINAL
from tests.following import QUICKLY, play, runs, spoil_half
from tests.program import CASJOB, start
from tests.samples import Fields, as_document, job, separator, task
from tests.service import Reply, Service
from tests.terminal import PATIENCE, Terminal

SCHEMA = Draft202012Validator(
    json.loads((Path(casjob.__file__).parent / "schema" / "event.json").read_text())
)
Ask = Callable[..., Finished]

TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z ", re.MULTILINE)
REPORT_JOB1 = """\
provision/provMain SUCCEEDED after 2.0s · PROVISION
  job JOB1 · started 2020-02-04 04:01:03Z
  project 063a3158b1a34710b36ad208b9497d00

  #  TASK     TYPE     STATUS     STARTED   ELAPSED
  1  TX00001  restful  SUCCEEDED  04:01:03     1.0s
  2  TX00002  restful  SUCCEEDED  04:01:04     1.0s

2 of 2 steps succeeded
"""
LINES_JOB1 = """\
JOB1 SUBMITTED
JOB1 SUBMITTED → RUNNING
JOB1 task 1 TX00001 → RUNNING
JOB1 task 1 TX00001 RUNNING → SUCCEEDED (1.0s)
JOB1 task 2 TX00002 → RUNNING
JOB1 RUNNING → SUCCEEDED
JOB1 task 2 TX00002 RUNNING → SUCCEEDED (1.0s)
"""


@pytest.fixture
def environ(clean_environ: dict[str, str], at_service: dict[str, str]) -> dict[str, str]:
    # What runs on a terminal of its own is measured as well.
    coverage = {name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_")}
    terminal = {"LANG": "C.UTF-8", "TERM": "xterm-256color"}
    return {**clean_environ, **at_service, **terminal, **coverage}


class Stage:
    """A job that stands as told, until told otherwise."""

    def __init__(self, service: Service, *tasks: Fields) -> None:
        self._service = service
        self.set("RUNNING", *tasks)

    def set(self, status: str, *tasks: Fields) -> None:
        self._service.jobs["JOB1"] = as_document(job(status, *tasks, JOB_ID="JOB1"))


class TestInAPipe:
    def test_a_line_tells_a_change_and_then_comes_the_report(
        self, ask: Ask, service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        finished = ask("watch", "JOB1", *QUICKLY)

        assert (finished.status, finished.err) == (0, "")
        lines, _, report = finished.out.partition("\n\n")
        assert TIME.sub("", lines + "\n") == LINES_JOB1
        assert report == REPORT_JOB1

    def test_a_job_that_was_over_before_is_shown(self, ask: Ask) -> None:
        finished = ask("watch", JOB_ID)

        lines, _, report = finished.out.partition("\n\n")
        assert finished.status == 1
        assert TIME.sub("", lines) == f"{JOB_ID} FAILED"
        assert report == IN_A_PIPE

    def test_several_jobs_end_in_a_line_or_a_report_and_a_tally(
        self, ask: Ask, service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1")[-1:], JOB2=runs("JOB2", failed=True))
        finished = ask("watch", "JOB1", "JOB2", *QUICKLY)

        assert finished.status == 1
        assert finished.out.partition("\n\n")[2] == (
            "JOB1 provision/provMain SUCCEEDED after 2.0s\n"
            "\n"
            "provision/provMain FAILED after 2.0s · PROVISION\n"
            "  job JOB2 · started 2020-02-04 04:01:03Z\n"
            "  project 063a3158b1a34710b36ad208b9497d00\n"
            "\n"
            "task 2 TX00002: failed after 1.0s\n"
            "  E1  Broken.\n"
            "\n"
            "  #  TASK     TYPE     STATUS     STARTED   ELAPSED\n"
            "  1  TX00001  restful  SUCCEEDED  04:01:03     1.0s\n"
            "  2  TX00002  restful  FAILED     04:01:04     1.0s\n"
            "\n"
            "1 of 2 steps succeeded\n"
            "\n"
            "1 of 2 jobs succeeded, 1 failed\n"
        )

    def test_an_error_about_one_job_keeps_how_the_others_ended(
        self, ask: Ask, service: Service
    ) -> None:
        service.jobs["JOB1"] = as_document(runs("JOB1", failed=True)[-1])
        service.handler = lambda request: Reply(503) if "JOB2" in request.path else None
        finished = ask("watch", "JOB1", "JOB2", "--interval", "0.02")

        assert finished.status == 6
        assert "casjob: gave up on JOB2 after 10 failures in a row" in finished.err
        results = finished.out.partition("\n\n")[2]
        assert results.startswith(
            "JOB2: nothing is known about the job yet\n"
            "\n"
            "provision/provMain FAILED after 2.0s · PROVISION\n"
            "  job JOB1 · "
        )
        assert results.endswith("\n\n0 of 2 jobs succeeded, 1 failed, 1 unknown\n")

    @pytest.mark.parametrize(
        ("options", "setting"),
        [
            ((), {"FORCE_COLOR": "1"}),
            (("--color", "auto"), {"CLICOLOR_FORCE": "1"}),
            (("--color", "never"), {"FORCE_COLOR": "1"}),
        ],
    )
    def test_there_is_never_an_escape(
        self, ask: Ask, options: tuple[str, ...], setting: dict[str, str]
    ) -> None:
        assert "\x1b" not in ask("watch", JOB_ID, *options, **setting).out

    def test_colors_are_had_by_asking_for_them(self, ask: Ask) -> None:
        assert "\x1b[1;31mFAILED" in ask("watch", JOB_ID, "--color", "always").out

    def test_an_encoding_without_arrows_gets_others(
        self, casjob: Callable[..., Any], at_service: dict[str, str], service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        finished = casjob("watch", "JOB1", *QUICKLY, environ=at_service, encoding="ascii")

        assert "JOB1 SUBMITTED -> RUNNING\n" in finished.out

    def test_a_time_that_is_up_is_told_below_the_report(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=[job("RUNNING", task(1, "RUNNING"), JOB_ID="JOB1")])
        finished = ask("watch", "JOB1", *QUICKLY, "--timeout", "1")

        assert finished.status == 124
        assert "provision/provMain has been RUNNING for " in finished.out
        assert finished.err == "casjob: JOB1 has not ended within 1.0s: it is RUNNING\n"

    def test_a_job_that_was_never_seen_has_no_report(self, ask: Ask, service: Service) -> None:
        service.handler = lambda _: Reply(404, {"error_code": "SVCSTG.00100429"})
        finished = ask("watch", "JOB1", *QUICKLY, "--timeout", "0.1", "--wait-for-job", "1h")

        assert (finished.status, finished.out) == (124, "")

    def test_a_job_that_is_not_found_does_not_keep_the_others(
        self, ask: Ask, service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        finished = ask("watch", "JOB0", "JOB1", *QUICKLY)

        assert finished.status == 5
        lines, _, results = finished.out.partition("\n\n")
        assert TIME.sub("", lines + "\n") == LINES_JOB1
        assert results == (
            "JOB0: the job was not found\n"
            "JOB1 provision/provMain SUCCEEDED after 2.0s\n"
            "\n"
            "1 of 2 jobs succeeded, 1 unknown\n"
        )
        assert finished.err.startswith("casjob: job JOB0 was not found ")

    def test_a_job_that_was_there_and_is_gone_has_no_next_command(
        self, ask: Ask, service: Service
    ) -> None:
        there = as_document(job("RUNNING", task(1, "RUNNING"), JOB_ID="JOB1"))
        service.script = [Reply(200, there)] + [Reply(404, {"error_code": "SVCSTG.00100429"})] * 10
        finished = ask("watch", "JOB1", *QUICKLY)

        assert finished.status == 5
        assert "provision/provMain has been RUNNING for " in finished.out
        assert "next:" not in finished.out
        assert finished.err.endswith(
            "  hint: an earlier poll found it: it may have been deleted since\n"
        )

    def test_a_status_that_casjob_does_not_know_is_pointed_out(
        self, ask: Ask, service: Service
    ) -> None:
        play(service, JOB1=[job("FROZEN", JOB_ID="JOB1"), *runs("JOB1")])
        finished = ask("watch", "JOB1", *QUICKLY)

        assert finished.status == 0
        assert TIME.sub("", finished.out).startswith("JOB1 FROZEN\nJOB1 FROZEN → SUBMITTED\n")
        assert finished.err == (
            "casjob: JOB1 has the status FROZEN, which casjob does not know; still waiting\n"
        )

    def test_stalls_are_told(self, ask: Ask, service: Service) -> None:
        now = datetime.now(UTC)

        def scene(seconds_ago: float, owner: str) -> Fields:
            heartbeat = (now - timedelta(seconds=seconds_ago)).isoformat()
            return job("RUNNING", task(1, "RUNNING", LAST_HEALTH_CHECK=heartbeat, OWNER_ID=owner))

        play(
            service,
            JOB1=[
                scene(1, "a:1"),
                scene(1, "b:2"),
                scene(301, "b:2"),
                scene(302, "b:2"),
                job("SUCCEEDED", task(1)),
            ],
        )
        finished = ask("watch", "JOB1", *QUICKLY)

        assert [line for line in TIME.sub("", finished.out).splitlines() if "01: " in line] == [
            "JOB1 task 1 TX00001: another worker took over: a:1, now b:2",
            "JOB1 task 1 TX00001: no heartbeat for 5 minutes",
        ]

    def test_stalls_go_by_the_services_clock(self, ask: Ask, service: Service) -> None:
        date = datetime(2020, 2, 4, 4, 10, tzinfo=UTC)
        stale = task(1, "RUNNING", LAST_HEALTH_CHECK="2020-02-04T04:09:00Z")
        scene = job("RUNNING", stale, JOB_ID="JOB1")
        headers = {"Date": format_datetime(date, usegmt=True)}
        service.handler = lambda _: Reply(200, as_document(scene), headers=headers)
        finished = ask("watch", "JOB1", *QUICKLY, "--timeout", "1")

        assert "no heartbeat" not in finished.out
        assert "last heartbeat 1m 00s ago" in finished.out

    def test_replies_that_fail_are_told_on_stderr(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1"))
        spoil_half(service)
        finished = ask("watch", "JOB1", *QUICKLY, "--request-timeout", "0.1")

        assert finished.status == 0
        assert TIME.sub("", finished.out.partition("\n\n")[0] + "\n") == LINES_JOB1
        assert re.fullmatch("casjob: .*; retrying\n", finished.err)

    def test_verbose_tells_of_each_request_in_between(
        self, environ: dict[str, str], service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        words = [CASJOB, "watch", "JOB1", *QUICKLY, "--verbose"]
        with Terminal(words, environ, columns=200) as terminal:
            status, lines = terminal.finish()

        assert status == 0
        assert any("HTTP 200" in line for line in lines)
        assert any("JOB1 RUNNING → SUCCEEDED" in line for line in lines)


class TestJson:
    def test_is_an_event_a_line(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1"), JOB2=runs("JOB2", failed=True))
        finished = ask("watch", "JOB1", "JOB2", *QUICKLY, "--json")
        events = [json.loads(line) for line in finished.out.splitlines()]

        assert (finished.status, finished.err) == (1, "")
        for event in events:
            SCHEMA.validate(event)
        assert [
            (each["event"], each.get("task_index"), each.get("from"), each.get("to"))
            for each in events
            if each["job_id"] == "JOB1"
        ] == [
            ("job_status", None, None, "SUBMITTED"),
            ("job_status", None, "SUBMITTED", "RUNNING"),
            ("task_status", 1, None, "RUNNING"),
            ("task_status", 1, "RUNNING", "SUCCEEDED"),
            ("task_status", 2, None, "RUNNING"),
            ("job_status", None, "RUNNING", "SUCCEEDED"),
            ("task_status", 2, "RUNNING", "SUCCEEDED"),
            ("verdict", None, None, None),
        ]
        [verdict] = [each for each in events if each["event"] == "verdict" and each["failure"]]
        assert (verdict["job_id"], verdict["failure"]["detail"]) == ("JOB2", "Broken.")

    def test_tells_of_failures_as_well(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=runs("JOB1"))
        spoil_half(service)
        finished = ask("watch", "JOB1", *QUICKLY, "--json", "--request-timeout", "0.1")
        events = [json.loads(line) for line in finished.out.splitlines()]

        for event in events:
            SCHEMA.validate(event)
        assert {each["failures"] for each in events if each["event"] == "retry"} == {1}
        assert finished.err.endswith("; retrying\n")

    def test_of_a_stall_is_an_event(self, ask: Ask, service: Service) -> None:
        play(service, JOB1=[job("RUNNING", task(1, "RUNNING")), *runs("JOB1")[-1:]])
        finished = ask("watch", "JOB1", *QUICKLY, "--json")
        [stall] = [each for each in map(json.loads, finished.out.splitlines()) if "message" in each]

        SCHEMA.validate(stall)
        assert (stall["event"], stall["message"]) == ("stall", "no heartbeat for 5 minutes")

    def test_has_a_verdict_for_a_job_that_is_not_found(self, ask: Ask) -> None:
        finished = ask("watch", "JOB0", *QUICKLY, "--json")
        event = json.loads(finished.out)

        SCHEMA.validate(event)
        assert finished.status == 5
        assert (event["event"], event["outcome"], event["status"]) == ("verdict", "unknown", None)

    @pytest.mark.parametrize("options", [("--json",), ()])
    def test_and_lines_are_flushed_at_once(
        self, environ: dict[str, str], service: Service, options: tuple[str, ...]
    ) -> None:
        stage = Stage(service)
        with start(["watch", "JOB1", *QUICKLY, *options], environ) as process:
            out = process.stdout
            assert out
            assert b"RUNNING" in out.readline()
            stage.set("SUCCEEDED")
            assert b"SUCCEEDED" in out.readline()
            out.read()
            assert process.wait(PATIENCE) == 0

    @pytest.mark.parametrize("options", [("--json",), ()])
    def test_end_when_nobody_reads_them_any_more(
        self, environ: dict[str, str], service: Service, options: tuple[str, ...]
    ) -> None:
        stage = Stage(service)
        with start(["watch", "JOB1", *QUICKLY, *options], environ) as process:
            out, err = process.stdout, process.stderr
            assert out
            assert err
            assert b"RUNNING" in out.readline()
            out.close()
            stage.set("ROLLBACKING")

            assert (err.read(), process.wait(PATIENCE)) == (b"", 0)


class TestOnATerminal:
    def test_the_report_is_left_at_the_end(self, environ: dict[str, str]) -> None:
        with Terminal([CASJOB, "watch", JOB_ID, *QUICKLY], environ) as terminal:
            status, lines = terminal.finish()
            assert not terminal.cursor_is_hidden

        assert status == 1
        assert lines == [line for line in ON_A_TERMINAL.splitlines() if line]

    def test_the_job_last_viewed_is_followed_where_a_person_sees_which(
        self, ask: Ask, environ: dict[str, str]
    ) -> None:
        ask("show", JOB_ID)
        with Terminal([CASJOB, "watch", *QUICKLY], environ) as terminal:
            assert terminal.finish()[0] == 1

        assert f"casjob: {JOB_ID} (last viewed)".encode() in terminal.tail

    def test_a_job_that_is_not_found_is_an_error_below_the_reports(
        self, environ: dict[str, str], service: Service
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        words = [CASJOB, "watch", "JOB0", "JOB1", *QUICKLY]
        with Terminal(words, environ, columns=200) as terminal:
            status, lines = terminal.finish()

        assert status == 5
        assert sum(line.startswith("casjob: job JOB0 was not found ") for line in lines) == 1
        assert "✓ JOB1 provision/provMain SUCCEEDED after 2.0s" in lines

    def test_times_run_on_between_looks(self, environ: dict[str, str], service: Service) -> None:
        Stage(service, task(1, "RUNNING", CREATED_AT=datetime.now(UTC).isoformat()))
        with Terminal([CASJOB, "watch", "JOB1", "--interval", "60"], environ) as terminal:
            shown = {_elapsed(terminal.wait_until(_is_running))}
            terminal.wait_until(
                lambda lines: (
                    _elapsed(lines) not in shown
                    and any(line.startswith("next poll in 5") for line in lines)
                )
            )
            terminal.type("\x03")
            terminal.finish()

        assert len(service.requests) == 1

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_to_end_leaves_the_terminal_as_it_was(
        self, environ: dict[str, str], service: Service, number: signal.Signals
    ) -> None:
        Stage(service, task(1, "RUNNING"))
        with Terminal([CASJOB, "watch", "JOB1", *QUICKLY], environ) as terminal:
            terminal.wait_until(_is_running)
            terminal.send_signal(number)
            status, _ = terminal.finish()
            assert not terminal.cursor_is_hidden

        assert status == 128 + number

    def test_ctrl_c_leaves_the_last_picture(
        self, environ: dict[str, str], service: Service
    ) -> None:
        Stage(service, task(1), task(2, "RUNNING"))
        with Terminal([CASJOB, "watch", "JOB1", *QUICKLY], environ) as terminal:
            terminal.wait_until(_is_running)
            terminal.type("\x03")
            status, lines = terminal.finish()
            assert not terminal.cursor_is_hidden

        assert status == 130
        assert sum(line.startswith("● provision/provMain has been RUNNING") for line in lines) == 1
        assert "1 of 2 steps done, 1 running" in lines
        assert not any("next poll" in line for line in lines)
        assert lines[-1] == "casjob: stopped watching; the job is still running"

    def test_ctrl_c_counts_the_jobs_that_go_on(
        self, environ: dict[str, str], service: Service
    ) -> None:
        for job_id in ("JOB1", "JOB2"):
            service.jobs[job_id] = as_document(job("RUNNING", task(1, "RUNNING"), JOB_ID=job_id))
        words = [CASJOB, "watch", "JOB1", "JOB2", *QUICKLY]
        with Terminal(words, environ) as terminal:
            terminal.wait_until(lambda lines: any("next poll" in line for line in lines))
            terminal.type("\x03")
            status, lines = terminal.finish()

        assert (status, lines[-1]) == (130, "casjob: stopped watching; 2 jobs are still running")

    def test_a_change_is_drawn_in_place(self, environ: dict[str, str], service: Service) -> None:
        stage = Stage(service, task(1, "RUNNING"))
        with Terminal([CASJOB, "watch", "JOB1", *QUICKLY], environ) as terminal:
            terminal.wait_until(_is_running)
            stage.set("RUNNING", separator(0, "BUILDING"), task(1), task(2, "RUNNING"))
            lines = terminal.wait_until(
                lambda lines: any("BUILDING 1 of 2" in each for each in lines)
            )
            assert sum("provMain" in line for line in lines) == 1
            stage.set("SUCCEEDED", task(1), task(2))
            status, lines = terminal.finish()

        assert status == 0
        assert lines[0] == "✓ provision/provMain SUCCEEDED after 1.0s · PROVISION"
        assert sum("provMain" in line for line in lines) == 1

    def test_keys_do_not_disturb_it_and_are_echoed_again_afterwards(
        self, environ: dict[str, str], service: Service
    ) -> None:
        stage = Stage(service, task(1, "RUNNING"))
        script = f"{CASJOB} watch JOB1 --interval 0.01; stty -a"
        with Terminal(["bash", "-c", script], environ) as terminal:
            terminal.wait_until(_is_running)
            terminal.type("\r\rq")
            stage.set("RUNNING", task(1), task(2, "RUNNING"))
            lines = terminal.wait_until(lambda lines: any("TX00002" in each for each in lines))
            assert sum("provMain" in line for line in lines) == 1
            stage.set("SUCCEEDED", task(1), task(2))
            _, lines = terminal.finish()

        assert " echo " in " ".join(lines)

    def test_it_may_be_in_the_background(self, environ: dict[str, str], service: Service) -> None:
        play(service, JOB1=runs("JOB1"))
        script = f"set -m; {CASJOB} watch JOB1 --interval 0.01 & wait $!; echo status $?"
        with Terminal(["bash", "-c", script], environ) as terminal:
            _, lines = terminal.finish()

        assert "status 0" in lines

    @pytest.mark.parametrize(
        "words",
        [
            pytest.param(
                ["setsid", "--wait", CASJOB, "watch", "JOB1", *QUICKLY], id="not-controlling"
            ),
            pytest.param(
                ["bash", "-c", f"echo JOB1 | {CASJOB} watch - --interval 0.01"], id="keys-elsewhere"
            ),
        ],
    )
    def test_it_need_not_control_the_program_or_be_where_keys_come_from(
        self, environ: dict[str, str], service: Service, words: list[str]
    ) -> None:
        play(service, JOB1=runs("JOB1"))
        with Terminal(words, environ) as terminal:
            status, lines = terminal.finish()

        assert status == 0
        assert lines[0] == "✓ provision/provMain SUCCEEDED after 2.0s · PROVISION"

    def test_it_follows_the_terminals_size_to_and_fro(
        self, environ: dict[str, str], service: Service
    ) -> None:
        Stage(service, *(task(each) for each in range(1, 20)), task(20, "RUNNING"))
        with Terminal([CASJOB, "watch", "JOB1", *QUICKLY], environ, rows=40) as terminal:
            terminal.wait_until(_is_running)
            terminal.resize(columns=60, rows=12)
            terminal.wait_until(
                lambda lines: (
                    len(lines) == 12
                    and lines[-1].startswith("next poll")
                    and lines[2] == "  ✓ task 19 TX00019: succeeded after 1.0s"
                )
            )
            terminal.resize(columns=100, rows=40)
            terminal.wait_until(
                lambda lines: (
                    _is_running(lines)
                    and lines[-1].startswith("next poll")
                    and [sum(word in line for line in lines) for word in ("JOB1", "TX00019")]
                    == [1, 1]
                )
            )
            terminal.type("\x03")
            terminal.finish()

    def test_ctrl_z_gives_the_terminal_back_until_fg(
        self, environ: dict[str, str], service: Service
    ) -> None:
        stage = Stage(service, task(1, "RUNNING"))
        with Terminal(_SHELL, {**environ, "PS1": "$ "}) as terminal:
            terminal.type(f"{CASJOB} watch JOB1 --interval 0.05\r")
            terminal.wait_until(_is_running)
            terminal.type("\x1a")
            lines = terminal.wait_until(lambda lines: any("Stopped" in each for each in lines))
            assert not any("provMain" in line for line in lines)
            assert not terminal._screen.cursor.hidden  # noqa: SLF001 - the screen itself
            terminal.type("stty -a | grep -owe '-*echo'\r")
            terminal.wait_until(lambda lines: "echo" in lines)
            terminal.type("fg\r")
            terminal.wait_until(_is_running)
            stage.set("SUCCEEDED", task(1))
            lines = terminal.wait_until(lambda lines: "1 of 1 steps succeeded" in lines)
            assert sum("provMain" in line for line in lines) == 1
            terminal.type("exit\r")
            terminal.finish()

    def test_in_the_background_it_draws_nothing(
        self, environ: dict[str, str], service: Service
    ) -> None:
        stage = Stage(service, task(1, "RUNNING"))
        with Terminal(_SHELL, {**environ, "PS1": "$ "}) as terminal:
            terminal.type(f"{CASJOB} watch JOB1 --interval 0.05\r")
            terminal.wait_until(_is_running)
            terminal.type("\x1a")
            terminal.wait_until(lambda lines: any("Stopped" in each for each in lines))
            terminal.type("bg\r")
            requests = len(service.requests)
            terminal.type("sleep 0.7; echo awake\r")
            lines = terminal.wait_until(lambda lines: "awake" in lines)
            assert len(service.requests) > requests
            assert not any("provMain" in line for line in lines)
            stage.set("SUCCEEDED", task(1))
            terminal.wait_until(lambda lines: "1 of 1 steps succeeded" in lines)
            terminal.type("exit\r")
            terminal.finish()

    def test_failures_are_told_below_the_last_picture(
        self, environ: dict[str, str], service: Service
    ) -> None:
        Stage(service, task(1, "RUNNING"))
        words = [CASJOB, "watch", "JOB1", "--interval", "0.05"]
        with Terminal(words, environ, columns=120) as terminal:
            terminal.wait_until(_is_running)
            service.handler = lambda _: Reply(503, delay=0.03)
            lines = terminal.wait_until(lambda lines: "retrying" in lines[-1])
            assert lines[0].startswith("● provision/provMain has been RUNNING")
            assert re.match(r"the service .* failed \(HTTP 503\); retrying", lines[-1])
            status, lines = terminal.finish()

        assert status == 6
        assert lines[0].startswith("● provision/provMain has been RUNNING")
        assert any(
            line.startswith("casjob: gave up on JOB1 after 10 failures in a row: the ser")
            for line in lines
        )

    def test_stalls_stay_to_be_seen(self, environ: dict[str, str], service: Service) -> None:
        stage = Stage(service, task(1, "RUNNING", OWNER_ID="a:1"))
        with Terminal([CASJOB, "watch", "JOB1", *QUICKLY], environ) as terminal:
            terminal.wait_until(
                lambda lines: any("TX00001: no heartbeat for 5 minutes" in each for each in lines)
            )
            stage.set("RUNNING", task(1, "RUNNING", OWNER_ID="b:2"))
            lines = terminal.wait_until(
                lambda lines: any("took over: a:1, now b:2" in each for each in lines)
            )
            assert sum(line.startswith("note: ") for line in lines) == 2
            terminal.type("\x03")
            terminal.finish()

    def test_a_dumb_one_gets_lines(self, environ: dict[str, str], service: Service) -> None:
        play(service, JOB1=runs("JOB1"))
        dumb = {**environ, "TERM": "dumb"}
        with Terminal([CASJOB, "watch", "JOB1", *QUICKLY], dumb) as terminal:
            status, lines = terminal.finish()

        assert status == 0
        assert lines[0].endswith("JOB1 SUBMITTED")


_SHELL = ["bash", "--norc", "--noprofile", "-i"]
"""With job control."""


def _is_running(lines: list[str]) -> bool:
    return bool(lines) and lines[0].startswith("● provision/provMain has been RUNNING")


def _elapsed(lines: list[str]) -> str:
    return lines[0].partition(" for ")[2]
