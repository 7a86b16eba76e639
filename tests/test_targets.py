import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from tests.components import component, record
from tests.conftest import JOB_ID, Casjob, Finished
from tests.program import run_shell
from tests.service import Service, documented_job

OTHER_JOB_ID = "JOB474362ef-ffff-429f-9b3e-c9246b37dee6"
WAYS = (
    "casjob: no job id is given, and no job was viewed before in this project\n"
    "  hint: give one, as in casjob show JOB_ID, or a component with --component, or set"
    " CASJOB_JOB_ID; the default is the job last viewed\n"
)

Ask = Callable[..., Finished]


@pytest.fixture(autouse=True)
def two_jobs(service: Service) -> None:
    document = documented_job()
    document["job"]["JOB_ID"] = OTHER_JOB_ID
    service.jobs[OTHER_JOB_ID] = document


def asked_for(service: Service) -> list[str]:
    return [request.path.rpartition("/")[2] for request in service.requests]


@pytest.mark.parametrize(("words", "variable"), [([JOB_ID], OTHER_JOB_ID), ([], JOB_ID)])
def test_the_argument_comes_first_and_then_the_variable(
    service: Service, ask: Ask, words: list[str], variable: str
) -> None:
    ask("show", OTHER_JOB_ID)
    shown = ask("show", *words, CASJOB_JOB_ID=variable)
    assert (shown.status, shown.err) == (0, "")
    assert f"job {JOB_ID} ·" in shown.out
    assert asked_for(service) == [OTHER_JOB_ID, JOB_ID]


@pytest.mark.parametrize("command", ["show", "tasks"])
def test_then_comes_the_job_last_viewed_and_is_named(
    service: Service, ask: Ask, command: str
) -> None:
    ask("show", JOB_ID)
    ask("show", OTHER_JOB_ID)
    shown = ask(command)
    assert (shown.status, shown.err) == (0, f"casjob: {OTHER_JOB_ID} (last viewed)\n")
    assert asked_for(service) == [JOB_ID, OTHER_JOB_ID, OTHER_JOB_ID]


@pytest.mark.parametrize("setting", [{}, {"CASJOB_JOB_ID": ""}])
def test_with_none_known_the_three_ways_are_told(
    service: Service, ask: Ask, setting: dict[str, str]
) -> None:
    assert ask("show", **setting) == (2, "", WAYS)
    assert ask("tasks", **setting) == (2, "", WAYS)
    assert service.requests == []


def test_a_job_of_another_project_or_endpoint_is_not_meant(ask: Ask) -> None:
    ask("show", JOB_ID)
    assert ask("show", CASJOB_PROJECT_ID="0" * 32) == (2, "", WAYS)
    with Service() as elsewhere:
        assert ask("show", CASJOB_ENDPOINT=elsewhere.url) == (2, "", WAYS)
        assert elsewhere.requests == []


def test_a_job_that_could_not_be_shown_was_not_viewed(ask: Ask) -> None:
    assert ask("show", "JOB-none").status == 5
    assert ask("show") == (2, "", WAYS)


@pytest.mark.parametrize("setting", [{"CASJOB_HISTORY": "off"}, {"HOME": ""}])
def test_without_a_history_no_job_is_remembered(
    ask: Ask, tmp_path: Path, setting: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask("show", JOB_ID, **setting).status == 0
    assert list(tmp_path.iterdir()) == []
    assert ask("show", **setting) == (2, "", WAYS)


def test_a_history_that_cannot_be_kept_fails_no_command(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")
    shown = ask("show", JOB_ID)
    assert (shown.status, shown.err) == (0, "")
    assert ask("show") == (2, "", WAYS)


def test_the_state_folder_may_be_elsewhere_but_not_relative(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ask("show", JOB_ID, XDG_STATE_HOME=str(tmp_path / "state"))
    assert (tmp_path / "state" / "casjob" / "history").is_dir()
    assert ask("show") == (2, "", WAYS)
    ask("show", OTHER_JOB_ID, XDG_STATE_HOME="relative")
    assert not (tmp_path / "relative").exists()
    assert ask("show").err == f"casjob: {OTHER_JOB_ID} (last viewed)\n"


@pytest.mark.parametrize("beginning", [JOB_ID[:6], JOB_ID[:20], JOB_ID[:-1], JOB_ID[:20].lower()])
def test_the_beginning_of_a_recent_jobs_id_is_enough_also_in_the_variable(
    service: Service, ask: Ask, beginning: str
) -> None:
    ask("show", JOB_ID)
    for shown in (ask("tasks", beginning), ask("show", CASJOB_JOB_ID=beginning)):
        assert (shown.status, shown.err) == (0, f"casjob: {JOB_ID} (recent job)\n")
    assert asked_for(service) == [JOB_ID] * 3


def test_a_beginning_of_several_recent_jobs_means_none(service: Service, ask: Ask) -> None:
    ask("show", JOB_ID)
    ask("show", OTHER_JOB_ID)
    told = (
        f"casjob: {JOB_ID[:12]} is a prefix of 2 recent jobs\n"
        f"  hint: such as {OTHER_JOB_ID}, {JOB_ID}\n"
    )
    assert ask("show", JOB_ID[:12]) == (2, "", told)
    assert asked_for(service) == [JOB_ID, OTHER_JOB_ID]


@pytest.mark.parametrize("words", ["JOB1", "JOB99999", "job-other"])
def test_what_begins_no_recent_job_is_taken_as_an_id(
    service: Service, ask: Ask, words: str
) -> None:
    ask("show", JOB_ID)
    assert ask("show", words).status == 5
    assert asked_for(service) == [JOB_ID, words]


TASK = "is the id of a task, not of a job"
SHORT = "is too short: a prefix of a job id has at least 6 characters"


@pytest.mark.parametrize("command", ["show", "tasks", "wait", "watch"])
@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("web", "web is not a job id: did you mean --component web?"),
        ("my-frontend", "my-frontend is not a job id: did you mean --component my-frontend?"),
        # Not in the characters of an id, but known.
        ("my shop", "my shop is not a job id: did you mean --component 'my shop'?"),
        ("'cafe-bar' ", "cafe-bar is not a job id: did you mean --component cafe-bar?"),
        ("TN00097", "TN00097 is not a job id: did you mean casjob explain TN00097?"),
        # In the characters of a UUID, but documented.
        ("ECC00011", "ECC00011 is not a job id: did you mean casjob explain ECC00011?"),
        ("failed", "failed is not a job id: did you mean casjob explain failed?"),
        ("VPC.0202", "VPC.0202 is not a job id: did you mean casjob explain VPC.0202?"),
        # The name of a service is no code.
        ("vpc", "vpc is not a job id: did you mean --component vpc?"),
        ("Task-15ec252f-bca0-401e-ae5b-798a639df92e", TASK),
        (JOB_ID[:5], f"{JOB_ID[:5]} {SHORT}"),
        (JOB_ID[3:8], f"{JOB_ID[3:8]} {SHORT}"),
        ("ab123", f"ab123 {SHORT}"),
        ("JOB 474", "'JOB 474' is not a job id"),
    ],
)
def test_what_names_something_else_than_a_job_is_told_before_any_request(
    service: Service, ask: Ask, command: str, named: str, message: str
) -> None:
    service.components = [component(1, "my shop"), component(2, "cafe-bar")]
    ask("list")
    ask("show", JOB_ID)
    service.requests.clear()

    told, told_of_variable = ask(command, named), ask(command, CASJOB_JOB_ID=named)
    assert (told.status, told.out) == (2, "")
    assert message in told.err.splitlines()[0]
    origin = "casjob: CASJOB_JOB_ID: "
    assert told_of_variable == told._replace(err=told.err.replace("casjob: ", origin, 1))
    assert service.requests == []


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        (JOB_ID[3:8], f"did you mean {JOB_ID}?"),
        ("ab123", "no recent job begins with ab123: casjob recent lists them"),
        ("JOB 474", "a job id has no blanks: did you mean JOB474?"),
    ],
)
def test_what_is_too_little_of_an_id_has_a_hint(ask: Ask, named: str, hint: str) -> None:
    ask("show", JOB_ID)
    assert ask("show", named).err.endswith(f"\n  hint: {hint}\n")


def test_a_recent_job_may_be_named_like_anything(service: Service, ask: Ask) -> None:
    service.jobs["JOB-web"] = documented_job()
    service.components = [component(1, "JOB-web")]
    ask("show", "JOB-web")
    ask("list")

    assert ask("show", "JOB-web").status == 0


def test_a_whole_id_is_no_beginning_of_a_longer_one(service: Service, ask: Ask) -> None:
    for job_id in ("job-name", "job-name-2", JOB_ID + "0"):
        service.jobs[job_id] = documented_job()
        ask("show", job_id)
    assert ask("show", "job-name").status == 0
    assert ask("show", JOB_ID).status == 0
    assert asked_for(service) == ["job-name", "job-name-2", JOB_ID + "0", "job-name", JOB_ID]


def test_one_job_is_not_read_from_stdin_by_a_dash_alone(ask: Ask) -> None:
    told = "casjob: '-' is not a job id\n  hint: --from - reads a job from stdin\n"
    assert ask("show", "-") == (2, "", told)


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        ("..", "'..'"),
        ("https://console.example.com/jobs", "'https://console.example.com/jobs'"),
        ("JOB%2e", "'JOB%2e'"),
        ("two words", "'two words'"),
        ("JOB?limit=1", "'JOB?limit=1'"),
        ("JOB#", "'JOB#'"),
        ("JÖB", "'JÖB'"),
        ("JOB\N{ARABIC-INDIC DIGIT ONE}", "'JOB\N{ARABIC-INDIC DIGIT ONE}'"),
        ("\x1b[31m", "'\\x1b[31m'"),
        ("JOB\u202e", "'JOB\\u202e'"),
        ("\udcff", "'\\udcff'"),
        ("J" * 129, "'" + "J" * 129 + "'"),
    ],
)
def test_what_cannot_be_an_id_is_never_asked_for(
    service: Service, ask: Ask, bad: str, shown: str
) -> None:
    told = (
        f"casjob: {shown} is not a job id\n"
        "  hint: a job id has 1 to 128 letters, digits, _ and -, as in"
        " JOB474362ef-091d-429f-9b3e-c9246b37dee6\n"
    )
    assert ask("show", "--", bad) == (2, "", told)
    assert ask("tasks", "--", bad) == (2, "", told)
    assert ask("wait", "JOB1", "--", bad) == (2, "", told)
    assert service.requests == []


@pytest.mark.parametrize("name", ["no-file.json", "../../../v3/projects", "a/b", r"C:\a.json"])
def test_what_looks_like_a_file_is_told_how_to_be_read(
    service: Service, ask: Ask, name: str
) -> None:
    told = (
        f"casjob: {name!r} is not a job id\n"
        "  hint: a job in a file is read with --from, as in casjob show --from FILE\n"
    )
    assert ask("show", name) == (2, "", told)
    assert service.requests == []


@pytest.mark.parametrize(
    "pasted",
    [
        f"  {JOB_ID}\n",
        f"'{JOB_ID}'",
        f'"{JOB_ID}",',
        JOB_ID.removeprefix("JOB"),
        JOB_ID.lower(),
        JOB_ID.upper(),
        f"see {JOB_ID.removeprefix('JOB')}".upper().replace("SEE ", "see job"),
        f"`{JOB_ID.removeprefix('JOB')}`",
        f"https://console.example.com/servicestage/?region=r#/jobs/{JOB_ID}/tasks?limit=20",
        f'  "job_id" : "{JOB_ID}",',
        f"{JOB_ID} {JOB_ID}",
    ],
)
def test_a_job_id_may_be_pasted_with_what_is_around_it(
    service: Service, ask: Ask, pasted: str
) -> None:
    assert ask("show", pasted).status == 0
    assert asked_for(service) == [JOB_ID]


def test_a_line_with_several_job_ids_names_none(service: Service, ask: Ask) -> None:
    pasted = f"{JOB_ID} then {OTHER_JOB_ID}"
    told = f"casjob: {pasted!r} contains 2 job ids\n  hint: give each id separately\n"
    assert ask("show", pasted) == (2, "", told)
    assert service.requests == []


def test_what_cannot_be_an_id_is_told_before_settings_are_missed(casjob: Casjob) -> None:
    assert casjob("show", "two words").status == 2


def test_the_longest_id_and_every_character_are_allowed(service: Service, ask: Ask) -> None:
    longest = "Az09_-" + "_" * 122
    service.jobs[longest] = documented_job()
    assert ask("show", longest).status == 0
    assert asked_for(service) == [longest]


def test_the_demo_shows_the_documented_job_and_has_a_history_of_its_own(
    service: Service, ask: Ask, casjob: Casjob
) -> None:
    ask("show", OTHER_JOB_ID)
    casjob("show", SUCCEEDED_JOB_ID, "--demo")
    shown = casjob("tasks", "--demo", "--limit", "1")
    assert (shown.status, shown.err) == (0, f"casjob: {SUCCEEDED_JOB_ID} (last viewed)\n")
    # Whatever was viewed before.
    shown = casjob("show", "--demo")
    assert (shown.status, shown.err) == (0, "")
    assert f"job {FAILED_JOB_ID} ·" in shown.out
    assert ask("show").err == f"casjob: {OTHER_JOB_ID} (last viewed)\n"
    assert asked_for(service) == [OTHER_JOB_ID, OTHER_JOB_ID]


@pytest.mark.parametrize("prefix", ["JOB5b0", "5b0c6a"])
def test_a_sample_job_need_not_have_been_viewed_to_be_named_by_a_prefix(
    casjob: Casjob, prefix: str
) -> None:
    shown = casjob("show", prefix, "--demo")
    assert (shown.status, shown.err) == (0, f"casjob: {SUCCEEDED_JOB_ID} (recent job)\n")


class TestTheLastJobOfAComponent:
    @pytest.fixture(autouse=True)
    def deployed(self, service: Service) -> None:
        service.components = [
            component(1, "web", job_id=JOB_ID),
            component(2, "web", application="office", job_id=OTHER_JOB_ID),
            component(3, "api", application="other", job_id=""),
        ]

    @pytest.mark.parametrize("command", ["show", "tasks", "wait", "watch"])
    def test_is_meant_and_named(self, service: Service, ask: Ask, command: str) -> None:
        named = ask(command, "--component", "web", "--application", "shop", CASJOB_JOB_ID="JOB9")

        assert named.status == (1 if command in {"wait", "watch"} else 0)
        told = f"casjob: {JOB_ID} (last job of component web)\n"
        told += f"casjob: next: casjob logs {JOB_ID}\n" if command == "wait" else ""
        assert named.err == told
        assert set(asked_for(service)) == {"components", JOB_ID}

    @pytest.mark.parametrize("version", ["v2", "v3"])
    def test_may_be_found_by_an_id(self, ask: Ask, version: str) -> None:
        named = ask("show", "--component", "c0000002", "--api-version", version)
        assert named.err == f"casjob: {OTHER_JOB_ID} (last job of component web)\n"

    def test_is_not_found_if_there_is_none(self, ask: Ask) -> None:
        assert ask("show", "--component", "api") == (
            5,
            "",
            "casjob: component api has no jobs yet\n",
        )
        assert ask("show", "--component", "none").status == 5
        assert ask("show", "--component", JOB_ID) == (
            5,
            "",
            (
                f"casjob: there is no component {JOB_ID}\n"
                f"  hint: it is the id of a job: did you mean casjob show {JOB_ID}?"
                " casjob list lists all components\n"
            ),
        )
        assert ask("show", "--component", "web").status == 2

    def test_may_name_a_job_that_is_gone(self, ask: Ask, service: Service) -> None:
        service.components = [component(1, "web", job_id="JOB9")]
        refused = ask("show", "--component", "web")

        assert refused.status == 5
        assert refused.err.splitlines()[-1] == (
            "  hint: the project is right, as a component is listed with this job; the job may have"
            " been removed"
        )

    @pytest.mark.parametrize("bad", ["..", "a/b", "JOB\x1b[2J", 1.5])
    def test_is_not_asked_for_if_it_can_not_be_an_id(
        self, service: Service, ask: Ask, bad: object
    ) -> None:
        service.components = [component(1, "web", job_id=bad)]
        refused = ask("show", "--component", "web")

        assert refused.status == 7
        assert refused.err == (
            f"casjob: the service sent {str(bad)!r} as the last job of component web,"
            " which is not a job id\n"
        )
        assert asked_for(service) == ["components"]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["JOB1", "--component", "web"], "a job id and --component can't be used together"),
            (["--application", "shop"], "--application requires --component"),
            (["JOB1", "--after", "JOB2"], "--after requires --component"),
        ],
    )
    def test_is_not_meant_together_with_another_job(
        self, service: Service, ask: Ask, options: list[str], message: str
    ) -> None:
        refused = ask("wait", *options)
        assert (refused.status, refused.out) == (2, "")
        assert refused.err.startswith(f"casjob: {message}\n")
        assert service.requests == []

    @pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
    def test_may_come_from_a_list_on_stdin(self, environ: dict[str, str], service: Service) -> None:
        service.components[0]["component"]["status"] = {"last_job_id": JOB_ID, **FAILED}
        service.components[0]["records"] = [record("JOB7"), record("JOB8")]
        for listed in ("casjob list --failed --json", "casjob list c0000001 --json"):
            waited = run_shell(f"{listed} | casjob wait -", environ)
            assert (waited.status, waited.err) == (1, "casjob: next: casjob logs\n")
            assert waited.out.startswith(f"{JOB_ID} provision/provMain FAILED ")

    @pytest.mark.parametrize(
        ("listed", "command"),
        [
            ("--failed", "wait"),
            ("--failed", "watch"),
            ("--application other", "wait"),
            ("api", "wait"),
        ],
    )
    def test_is_none_if_no_component_on_stdin_has_one(
        self, environ: dict[str, str], listed: str, command: str
    ) -> None:
        line = f"casjob list {listed} --json | casjob {command} -"
        told = "casjob: no jobs to wait for: the list on stdin is empty\n"

        assert run_shell(line, environ) == (0, "", told)


FAILED = {"component_status": "FAILED"}
