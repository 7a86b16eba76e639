import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import casjob as package
from casjob.demo.jobs import (
    FAILED_JOB_ID,
    FAILING_JOB_ID,
    MANY_TASKS_JOB_ID,
    RUNNING_JOB_ID,
    SUCCEEDED_JOB_ID,
)
from tests.components import EARLIER_JOB_IDS, UPDATED, component, record, without_v3
from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.following import QUICKLY
from tests.service import Recorded, Reply, Service

Ask = Callable[..., Finished]
SCHEMAS = Path(package.__file__).parent / "schema"
TABLE = f"""\
COMPONENT  APPLICATION  ENVIRONMENT  VERSION  COMPONENT STATUS  REASON           \
LAST JOB                                 UPDATED
worker     office       prod         1.0.0    PARTIALLY_FAILED  cluster_deleted  \
JOB1                                     2020-02-04 04:00:03Z
api        shop         prod         1.0.0    STOPPED                            \
                                         2020-02-04 04:02:03Z
web        shop         prod         1.0.0    RUNNING                            \
{JOB_ID}  2020-02-04 04:01:03Z
"""
TALLY = "1 failed, 1 running, 1 stopped\n"


def paths(service: Service) -> list[str]:
    return sorted(request.path.partition("/cas/")[2] for request in service.requests)


def names(listed: Finished) -> list[str]:
    assert (listed.status, listed.err) == (0, "")
    return [each["name"] for each in json.loads(listed.out)["components"]]


def answer_records(service: Service, reply: Reply) -> None:
    """Answer requests for deployments with this reply."""
    service.handler = lambda request: reply if request.path.endswith("/records") else None


def send(document: object) -> Callable[[Recorded], Reply]:
    return lambda _: Reply(200, json.dumps(document))


@pytest.fixture(autouse=True)
def three(service: Service) -> None:
    service.components = [
        component(1, "web", job_id=JOB_ID),
        component(2, "api", status="STOPPED", job_id="", update_time=UPDATED + 60_000),
        component(
            3,
            "worker",
            application="office",
            status="PARTIALLY_FAILED",
            fail_detail="cluster_deleted",
            update_time=UPDATED - 60_000,
        ),
    ]


class TestComponents:
    def test_come_failed_first_then_newest(self, ask: Ask, service: Service) -> None:
        assert ask("list") == (0, f"{TABLE}\n3 components: {TALLY}", "")
        (request,) = service.requests
        assert request.path == f"/v3/{PROJECT_ID}/cas/components"
        assert request.query == {"limit": ["100"], "offset": ["0"]}

    def test_come_from_v2_where_the_service_has_no_v3(self, ask: Ask, service: Service) -> None:
        service.handler = without_v3
        listed = ask("list")

        # v2 has no name of an environment.
        table = TABLE.replace("ENVIRONMENT", "ENVIRONMENT  ").replace("prod", "environment-1")
        table = table.replace("environment-1         ", "environment-1  ")
        assert listed == (0, f"{table}\n3 components: {TALLY}", "")
        assert paths(service) == [
            "applications",
            "applications/application-office/components/overviews",
            "applications/application-shop/components/overviews",
            "components",
        ]

    def test_come_from_the_version_that_is_asked_for(self, ask: Ask, service: Service) -> None:
        assert len(names(ask("list", "--json", "--api-version", "v2"))) == 3
        assert "components" not in paths(service)

        service.handler = without_v3
        refused = ask("list", "--api-version", "v3")
        assert refused.status == 3
        assert refused.err.startswith("casjob: the service at 127.0.0.1")
        assert " has no such API\n" in refused.err

    def test_of_a_service_that_has_neither_version_are_no_api(
        self, ask: Ask, service: Service
    ) -> None:
        service.handler = lambda _: Reply(404, {"error_code": "X.1", "error_msg": "Not here"})
        refused = ask("list")

        assert refused.status == 3
        assert refused.err.startswith(
            f"casjob: there is no list of components in project {PROJECT_ID} (127.0.0.1"
        )
        assert paths(service) == ["applications", "components"]

    def test_of_which_a_later_page_is_not_found_are_not_gone(
        self, ask: Ask, service: Service
    ) -> None:
        service.components = [component(each, f"web-{each}") for each in range(120)]
        service.handler = lambda request: (
            Reply(404, {"error_code": "SVCSTG.00100404"})
            if request.path.endswith("/overviews") and request.query["offset"] != ["0"]
            else without_v3(request)
        )
        refused = ask("list")
        assert (refused.status, refused.out) == (6, "")
        assert "HTTP 404" in refused.err

    @pytest.mark.parametrize(
        "gone",
        [
            Reply(404, {"error_code": "SVCSTG.00100404"}),
            Reply(401, {"error_code": "SVCSTG.00100401"}),
        ],
    )
    def test_come_from_v2_without_those_of_an_application_that_is_gone(
        self, ask: Ask, service: Service, gone: Reply
    ) -> None:
        service.components += [component(9, "last", application="zoo")]
        service.handler = lambda request: (
            gone if "/application-office/" in request.path else without_v3(request)
        )
        for output in ("table", "csv"):
            listed = ask("list", "-o", output)
            note = f"note: application office no longer exists in project {PROJECT_ID} ("

            assert listed.status == 0
            assert {"api", "web", "last"} < set(re.split(r"\W+", listed.out))
            assert note in (listed.out if output == "table" else listed.err)

    def test_come_from_v2_until_it_refuses_three_applications_in_a_row(
        self, ask: Ask, service: Service
    ) -> None:
        service.components = [component(n, "web", application=f"a{n}") for n in range(20)]
        service.handler = lambda request: (
            Reply(401, {"error_code": "SVCSTG.00100401"})
            if "/overviews" in request.path
            else without_v3(request)
        )
        refused = ask("list")

        assert refused.status == 5
        assert refused.err.startswith("casjob: application a2 no longer exists in project ")
        assert len(service.requests) <= 2 + 4

    def test_are_a_row_an_instance_in_v2(self, ask: Ask, service: Service) -> None:
        def reply(request: Recorded) -> Reply | None:
            if not request.path.endswith("/overviews"):
                return without_v3(request)
            status = {"status": "DOWN", "last_job_id": "JOB7", "fail_detail": "create_failed"}
            instances = [
                {
                    "instance_id": "i1",
                    "environment_id": "e1",
                    "version": "1",
                    "update_time": UPDATED,
                },
                {"instance_id": "i2", "environment_id": "e2", "status_detail": status},
            ]
            web = {"id": "c1", "name": "web", "update_time": UPDATED + 1000, "instances": instances}
            bare = {"id": "c2", "name": "bare", "instances": None}
            return Reply(200, {"count": 2, "components": [web, bare]})

        service.handler = reply
        service.components = service.components[:1]
        assert ask("list").out == (
            "COMPONENT  APPLICATION  ENVIRONMENT  VERSION  COMPONENT STATUS  REASON         "
            "LAST JOB  UPDATED\n"
            "web        shop         e2                    DOWN              create_failed  "
            "JOB7      2020-02-04 04:01:04Z\n"
            "web        shop         e1           1        (none)                           "
            "          2020-02-04 04:01:03Z\n"
            "bare       shop                               (none)\n"
            "\n3 components: 1 failed, 2 unknown\n"
        )
        by_instance = ask("show", "--component", "i2", "--json")
        assert by_instance.err.startswith("casjob: JOB7 (last job of component web)\n")

    @pytest.mark.parametrize("version", ["v2", "v3"])
    def test_may_be_those_of_an_application(self, ask: Ask, version: str) -> None:
        command = ("list", "--json", "--api-version", version, "--application")

        assert names(ask(*command, "office")) == ["worker"]
        assert names(ask(*command, "application-office")) == ["worker"]
        assert ask("list", "--application", "off", "--api-version", version) == (
            5,
            "",
            (
                "casjob: there is no component in application off\n"
                f"  hint: is its name or id right? casjob list --api-version {version} lists all"
                " components\n"
            ),
        )

    def test_of_an_application_are_not_told_apart_if_the_service_names_none(
        self, ask: Ask, service: Service
    ) -> None:
        service.components = [
            component(1, "web", application_id=None, application_name=None),
            component(2, "api", application_id="", application_name=None),
        ]
        refused = ask("list", "--application", "shop")

        assert (refused.status, refused.out) == (7, "")
        assert refused.err.startswith(
            "casjob: the service does not say which application a component belongs to\n"
        )

    def test_may_be_fewer_which_is_said(self, ask: Ask) -> None:
        for options, shown, tally in (
            (["--limit", "2"], ["worker", "api"], "1 failed, 1 stopped"),
            (["--failed"], ["worker"], "1 failed"),
        ):
            lines = ask("list", *options).out.splitlines()
            assert [line.split()[0] for line in lines[1:-2]] == shown
            count = f"{len(shown)} of 3 components: {tally}"
            assert lines[-2:] == ["", count]
            assert ask("list", *options, "-o", "markdown").out.endswith(f"|\n\n{count}\n")
        assert names(ask("list", "--failed", "--json")) == ["worker"]
        assert ask("list", "web", "--failed").status == 2

    def test_in_json_are_flat_records(self, ask: Ask) -> None:
        listed = ask("list", "--json")
        document = json.loads(listed.out)

        Draft202012Validator(json.loads((SCHEMAS / "components.json").read_bytes())).validate(
            document
        )
        assert (document["schema_version"], document["complete"]) == (1, True)
        assert document["components"][0] == {
            "id": "c0000003-0000-4000-8000-000000000000",
            "name": "worker",
            "application_id": "application-office",
            "application_name": "office",
            "environment_id": "environment-1",
            "environment_name": "prod",
            "instance_id": None,
            "version": "1.0.0",
            "status": "PARTIALLY_FAILED",
            "fail_detail": "cluster_deleted",
            "last_job_id": "JOB1",
            "updated_at": "2020-02-04T04:00:03.000Z",
        }
        assert document["components"][1]["last_job_id"] is None

    def test_have_all_formats_of_rows(self, ask: Ask) -> None:
        lines = ask("list", "-o", "jsonl").out.splitlines()
        assert [json.loads(line)["name"] for line in lines] == ["worker", "api", "web"]
        rows = ask("list", "-o", "csv").out.splitlines()
        assert [row.split(",")[0] for row in rows] == ["name", "worker", "api", "web"]
        rows = ask("list", "-o", "tsv").out.splitlines()
        assert [row.split("\t")[6] for row in rows] == ["last_job_id", "JOB1", "", JOB_ID]
        rows = ask("list", "-o", "markdown").out.splitlines()
        assert rows[2] == (
            "| `worker` | `office` | `prod` | `1.0.0` | ❌ `PARTIALLY_FAILED` `cluster_deleted`"
            " | `JOB1` |"
        )
        assert ask("list", "-o", "junit").status == 2

    def test_on_a_terminal_have_signs_and_ages(
        self, casjob: Casjob, at_service: dict[str, str], service: Service
    ) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        ages = {"s": 5, "m": 125, "h": 7_300, "d": 40_000_000, "none": -100}
        service.components = [
            component(
                number, unit, update_time=int((now - timedelta(seconds=age)).timestamp() * 1000)
            )
            for number, (unit, age) in enumerate(ages.items())
        ]
        components = [each["component"] for each in service.components]
        body = json.dumps({"count": 5, "components": components})
        headers = {"Date": format_datetime(now, usegmt=True)}
        service.handler = lambda _: Reply(200, body, headers)
        shown = casjob("list", "--color", "never", environ=at_service, columns=120).out.splitlines()

        ages_shown = [line.partition("✓ RUNNING         JOB1      ")[2] for line in shown[1:-2]]
        assert ages_shown == [f"{age} ago" for age in ("0s", "5s", "2m", "2h", "462d")]

    def test_on_a_terminal_keep_their_columns_beside_one_that_is_very_long(
        self, casjob: Casjob, at_service: dict[str, str], service: Service
    ) -> None:
        service.components = [component(1, "web"), component(2, "x" * 200)]
        shown = casjob("list", "--color", "never", environ=at_service, columns=160).out

        assert {"VERSION", "UPDATED"} < set(shown.splitlines()[0].split())
        assert f"{'x' * 20}…{'x' * 19} " in shown
        assert "x" * 200 in casjob("list", environ=at_service).out

    def test_on_a_narrow_terminal_lose_columns_but_no_job(
        self, casjob: Casjob, at_service: dict[str, str]
    ) -> None:
        wide, narrow = (
            casjob("list", "--color", "never", environ=at_service, columns=columns).out.splitlines()
            for columns in (200, 70)
        )
        assert wide[0].split() == TABLE.splitlines()[0].split()
        assert narrow[0].split() == ["COMPONENT", "COMPONENT", "STATUS", "LAST", "JOB"]
        assert narrow[3].split() == ["web", "✓", "RUNNING", JOB_ID]

    def test_have_a_colour_by_their_status(self, ask: Ask) -> None:
        shown = ask("list", "--color", "always").out
        assert "\x1b[1;31mPARTIALLY_FAILED" in shown
        assert "\x1b[32mRUNNING" in shown
        assert "\x1b[2mSTOPPED" in shown

    def test_hold_nothing_that_drives_a_terminal(self, ask: Ask, service: Service) -> None:
        service.components = [
            component(1, "a\x1b[2J\n[red]b", status="\u202eNEW", version={"a": [1]}, job_id=7)
        ]
        assert (
            ask("list")
            .out.splitlines()[1]
            .startswith(
                'a\\x1b[2J\\n[red]b  shop         prod         {"a": [1]}  \\u202eNEW         7'
            )
        )
        assert names(ask("list", "--json")) == ["a\x1b[2J\n[red]b"]

    @pytest.mark.parametrize(
        ("updated", "shown"),
        [
            (None, None),
            ("soon", None),
            (10**19, None),
            (True, None),
            ("1000", "1970-01-01T00:16:40"),
        ],
    )
    def test_have_no_time_that_can_not_be_understood(
        self, ask: Ask, service: Service, updated: object, shown: str | None
    ) -> None:
        service.components = [component(1, "web", update_time=updated)]
        (record,) = json.loads(ask("list", "--json").out)["components"]
        assert record["updated_at"] == (shown and f"{shown}.000Z")

    def test_may_lack_every_field(self, ask: Ask, service: Service) -> None:
        service.handler = send({"COUNT": 2, "Components": [{}, {"Status": "NEW", "ID": "x"}]})
        listed = ask("list")

        assert listed == (
            0,
            """\
COMPONENT       COMPONENT STATUS
without a name  (none)
x               NEW

2 components: 2 unknown
""",
            "",
        )

    @pytest.mark.parametrize(
        "document", [{}, [], "x", {"components": None}, {"components": {}}, {"components": [{}, 1]}]
    )
    def test_that_are_no_list_are_not_understood(
        self, ask: Ask, service: Service, document: object
    ) -> None:
        service.handler = send(document)
        refused = ask("list")

        assert (refused.status, refused.out) == (7, "")
        assert refused.err.startswith("casjob: the service's reply ")

    def test_may_be_none(self, ask: Ask, service: Service) -> None:
        service.handler = send({"count": 0, "components": None})

        for output in ("table", "markdown"):
            assert ask("list", "-o", output) == (0, "no components\n", "")
        assert names(ask("list", "--json")) == []

    def test_that_the_service_counts_but_does_not_send_are_missing(
        self, ask: Ask, service: Service
    ) -> None:
        components = [each["component"] for each in service.components]
        service.handler = send({"count": 5, "components": components})
        note = "note: the service counts 2 more than it sent\n"

        assert ask("list") == (0, f"{TABLE}\n3 of 5 components: {TALLY}{note}", "")
        for output in ("json", "jsonl", "csv", "tsv", "markdown"):
            assert ask("list", "-o", output).err == f"casjob: {note}"
        assert json.loads(ask("list", "--json").out)["complete"] is False

    def test_with_the_same_id_are_kept_apart_unless_they_are_equal(
        self, ask: Ask, service: Service
    ) -> None:
        test = component(1, "web", environment_name="test", environment_id="e2")
        equal = [component(1, "web")["component"]] * 2
        service.handler = send({"count": 3, "components": [*equal, test["component"]]})
        listed = ask("list")

        rows = [line.split()[2] for line in listed.out.splitlines()[1:3]]
        assert sorted(rows) == ["prod", "test"]
        assert listed.out.endswith(
            "\n2 components: 2 running\n"
            "note: the service sent 1 component more than once; each is shown once\n"
        )
        assert json.loads(ask("list", "--json").out)["complete"] is True

    def test_on_a_terminal_are_folded_to_its_height_above_the_tally(
        self, casjob: Casjob, at_service: dict[str, str], service: Service
    ) -> None:
        at_service["LINES"] = "12"
        service.components = [component(n, f"c{n:03}") for n in range(124)]
        service.components[99] = component(99, "bad", status="FAILED")
        for columns in (120, 30):
            shown = casjob("list", "--color", "never", environ=at_service, columns=columns).out
            lines = shown.splitlines()

            assert len(lines) <= 11
            assert "bad" in "".join(lines[:2])
            assert "124 components: 1 failed, 123 running".endswith(lines[-1])
        shown = casjob("list", "--color", "never", environ=at_service, columns=120).out
        assert len(shown.splitlines()) == 11
        assert "\n… 117 more: 117 running; --full shows all\n\n124 components: " in shown
        whole = casjob("list", "--full", environ=at_service, columns=120).out
        assert len(whole.splitlines()) == 127

    def test_in_markdown_stay_within_a_megabyte(self, ask: Ask, service: Service) -> None:
        service.components = [
            component(n, f"{n:03}" + "x" * 497, version="y" * 500) for n in range(999)
        ]
        listed = ask("list", "-o", "markdown").out

        assert 950_000 < len(listed.encode()) < 1_000_000
        assert listed.endswith(" left out, to stay within 1 MB`\n")

    @pytest.mark.parametrize("count", [None, -1, 3, "many", 10**30])
    def test_are_all_fetched_whatever_the_count_says(
        self, ask: Ask, service: Service, count: object
    ) -> None:
        components = [each["component"] for each in service.components]

        def reply(request: Recorded) -> Reply:
            # It caps pages at two.
            start = int(request.query["offset"][0])
            return Reply(200, {"count": count, "components": components[start : start + 2]})

        service.handler = reply
        assert sorted(names(ask("list", "--json"))) == ["api", "web", "worker"]

    @pytest.mark.parametrize("output", ["json", "table"])
    def test_are_a_thousand_in_ten_requests(self, ask: Ask, service: Service, output: str) -> None:
        service.components = [component(number, f"c{number:03}") for number in range(1_000)]

        listed = ask("list", "--output", output).out

        assert len(set(re.findall(r"\bc\d{3}\b", listed))) == 1_000
        assert len(service.requests) == 10

    def test_need_a_permission_of_their_own(self, ask: Ask, service: Service) -> None:
        service.handler = lambda _: Reply(403, {"error_code": "APIGW.0302", "error_msg": "No"})
        for version in ("v2", "v3"):
            refused = ask("list", "--api-version", version)
            assert refused.status == 4
            assert refused.err.startswith(
                f"casjob: not allowed to list the components in project {PROJECT_ID} (127.0.0.1"
            )
            message = refused.err.partition("\n")[0]
            assert message.endswith(", which requires the permission servicestage:app:list")

    def test_are_not_authenticated_without_a_good_token(self, ask: Ask, service: Service) -> None:
        service.handler = lambda _: Reply(401, {"error_code": "SVCSTG.00100401"})
        assert ask("list").status == 4


class TestDeployments:
    @pytest.fixture(autouse=True)
    def deployed(self, service: Service) -> None:
        service.components[0]["records"] = [
            record(begin=1_580_788_863_000, end=1_580_788_000_000, version="0.9"),
            record("JOB1", "JOB2", begin=1_580_875_263, end="1580875298", current_used=True),
        ]

    def test_come_newest_first_with_their_jobs_in_their_order(
        self, ask: Ask, service: Service
    ) -> None:
        assert ask("list", "web") == (
            0,
            f"""\
RUNNING  web
  application shop · environment prod · last job {JOB_ID}

VERSION  STATUS     IN USE  STARTED               ELAPSED  JOB
1.0.0    SUCCEEDED  yes     2020-02-05 04:01:03Z    35.0s  JOB1
                                                           JOB2
0.9      SUCCEEDED          2020-02-04 04:01:03Z

2 deployments
""",
            "",
        )
        assert paths(service) == [
            "applications/application-shop/components/c0000001-0000-4000-8000-000000000000/records",
            "components",
        ]

    def test_in_json_stand_beside_the_component(self, ask: Ask) -> None:
        document = json.loads(ask("list", "web", "--json").out)

        Draft202012Validator(json.loads((SCHEMAS / "deployments.json").read_bytes())).validate(
            document
        )
        assert document["complete"] is True
        assert document["component"]["last_job_id"] == JOB_ID
        assert document["deployments"][0] == {
            "version": "1.0.0",
            "status": "SUCCEEDED",
            "deploy_type": "RollingRelease",
            "current_used": True,
            "begin_time": "1580875263",
            "end_time": "1580875298",
            "started_at": "2020-02-05T04:01:03.000Z",
            "ended_at": "2020-02-05T04:01:38.000Z",
            "elapsed_seconds": 35.0,
            "jobs": ["JOB1", "JOB2"],
        }

    def test_have_all_formats_of_rows(self, ask: Ask) -> None:
        lines = ask("list", "web", "-o", "jsonl").out.splitlines()
        assert [json.loads(line)["jobs"] for line in lines] == [["JOB1", "JOB2"], []]
        assert ask("list", "web", "-o", "csv").out.splitlines()[1] == (
            "1.0.0,SUCCEEDED,RollingRelease,yes,1580875263,1580875298,35.0,JOB1 JOB2"
        )
        assert ask("list", "web", "-o", "markdown").out.splitlines()[2] == (
            "| `1.0.0` | ✅ `SUCCEEDED` | yes | `1580875263` | 35.0s | `JOB1` `JOB2` |"
        )

    def test_keep_the_order_sent_where_a_time_is_not_understood(
        self, ask: Ask, service: Service
    ) -> None:
        service.components[0]["records"] = [
            record("JOB1", begin="yesterday"),
            record("JOB2", begin="2020-02-04 04:01:03"),
            record("JOB3", begin=None, status=None),
        ]
        shown = ask("list", "web").out.splitlines()
        assert [line.split() for line in shown[4:-2]] == [
            ["1.0.0", "SUCCEEDED", "yesterday", "JOB1"],
            ["1.0.0", "SUCCEEDED", "2020-02-04", "04:01:03Z", "JOB2"],
            ["1.0.0", "JOB3"],
        ]

    def test_may_have_jobs_of_any_shape(self, ask: Ask, service: Service) -> None:
        odd: list[Any] = [{"sequence": "x", "job_id": "JOB9"}, 7, {"sequence": 1}, {"job_id": "A"}]
        service.components[0]["records"] = [record(jobs=odd), record(jobs="none")]
        found = json.loads(ask("list", "web", "--json").out)["deployments"]
        assert [each["jobs"] for each in found] == [["JOB9", "A"], []]

    def test_may_be_fewer_or_none_which_is_said(self, ask: Ask, service: Service) -> None:
        assert ask("list", "web", "--limit", "1").out.endswith("JOB2\n\n1 of 2 deployments\n")
        assert ask("list", "api").out == (
            "STOPPED  api\n  application shop · environment prod · no job yet\n\nno deployments\n"
        )
        assert ask("list", "api", "-o", "markdown") == (0, "no deployments\n", "")
        answer_records(service, Reply(200, {"count": 9, "records": [record("JOB1")]}))
        note = "note: the service counts 8 more than it sent\n"
        assert ask("list", "web").out.endswith(f"\n1 of 9 deployments\n{note}")
        assert ask("list", "web", "-o", "csv").err == f"casjob: {note}"

    def test_on_a_terminal_have_signs(self, casjob: Casjob, at_service: dict[str, str]) -> None:
        shown = casjob("list", "web", "--color", "never", environ=at_service, columns=100).out
        rows = [line.split() for line in shown.splitlines()[4:-2]]
        assert [row[:2] for row in rows] == [["1.0.0", "✓"], ["JOB2"], ["0.9", "✓"]]

    def test_are_unknown_to_v2(self, ask: Ask, service: Service) -> None:
        service.handler = without_v3

        assert ask("list", "web").out.endswith(
            f" · last job {JOB_ID}\n\nnote: only v3 of the API lists the deployments\n"
        )
        document = json.loads(ask("list", "web", "--json").out)
        assert (document["complete"], document["deployments"]) == (False, None)
        note = "note: only v3 of the API lists the deployments"
        assert ask("list", "web", "-o", "jsonl") == (0, "", f"casjob: {note}\n")

    def test_may_be_unknown_to_a_service_that_lists_components_as_v3(
        self, ask: Ask, service: Service
    ) -> None:
        answer_records(service, Reply(404, {"error_code": "APIGW.0101"}))
        assert ask("list", "web").out.endswith("\nnote: only v3 of the API lists the deployments\n")

    @pytest.mark.parametrize("status", [401, 404])
    def test_of_a_component_that_is_gone_are_not_found(
        self, ask: Ask, service: Service, status: int
    ) -> None:
        answer_records(service, Reply(status, {"error_code": f"SVCSTG.00100{status}"}))
        gone = ask("list", "web")
        assert gone.status == 5
        assert gone.err.startswith(
            f"casjob: component web no longer exists in project {PROJECT_ID} ("
        )

    @pytest.mark.parametrize("status", [401, 403])
    def test_with_other_errors_are_no_component_that_is_gone(
        self, ask: Ask, service: Service, status: int
    ) -> None:
        answer_records(service, Reply(status, {"error_code": "APIGW.0301"}))
        assert ask("list", "web").status == 4

    @pytest.mark.parametrize("bad", ["..", "a/b", "", None, "x" * 129])
    def test_of_a_component_whose_id_is_no_part_of_a_path_are_not_asked_for(
        self, ask: Ask, service: Service, bad: object
    ) -> None:
        service.components[0]["component"]["application_id"] = bad
        refused = ask("list", "web")

        assert refused.status == 7
        assert " as the id of an application, which is not a valid id\n" in refused.err
        assert paths(service) == ["components"]


class TestTheComponent:
    def test_may_have_a_name_of_any_length(self, ask: Ask, service: Service) -> None:
        service.components = [component(number, "\x1b" * 100_000) for number in range(2)]
        assert len(ask("list", "c00000").err) < 4_000
        service.components.pop()
        assert len(ask("wait", "--component", "c00000", *QUICKLY).err) < 4_000

    def test_is_named_by_its_name_its_id_or_a_prefix_of_that(self, ask: Ask) -> None:
        for name in ("web", "c0000001-0000-4000-8000-000000000000", "c0000001", "c0000001-00"):
            assert ask("list", name).out.startswith("RUNNING  web\n")

    def test_is_not_found_by_anything_else(self, ask: Ask, service: Service) -> None:
        near = "did you mean web? "
        for name, meant in ("we", near), ("WEB", near), ("c0001", ""), ("c00001", ""):
            told = f"there is no component {name}\n  hint: {meant}casjob list lists all components"
            assert ask("list", name) == (5, "", f"casjob: {told}\n")
        assert set(paths(service)) == {"components"}
        assert ask("list", "web", "--application", "office").err.startswith(
            "casjob: there is no component web in application office\n"
        )
        assert ask("list", "web", "--application", "offic").err.startswith(
            "casjob: there is no component in application offic\n"
        )

    def test_is_not_guessed_if_several_have_the_name(self, ask: Ask, service: Service) -> None:
        nowhere = {"environment_id": None, "environment_name": None}
        other = component(4, "web", application="office", job_id="JOB4", **nowhere)
        service.components.append(other)
        refused = ask("list", "web")

        assert (refused.status, refused.out) == (2, "")
        uuid = "-0000-4000-8000-000000000000"
        assert refused.err == (
            "casjob: web is the name or a prefix of 2 components\n"
            "  hint: give an id, or --application\n"
            f"  c0000001{uuid}  web  in application shop  environment prod\n"
            f"  c0000004{uuid}  web  in application office\n"
        )
        assert ask("list", "web", "--application", "office").status == 0
        service.components.append(component(5, "web", application="office", **nowhere))
        refused = ask("list", "web", "--application", "office")
        assert refused.err.startswith(
            "casjob: web is the name or a prefix of 2 components\n"
            "  hint: give an id\n"
            f"  c0000004{uuid}  web  in application office\n"
        )
        assert ask("list", "c00000").err.startswith(
            "casjob: c00000 is the name or a prefix of 5 components\n"
        )

    def test_is_one_of_a_few_candidates_if_very_many_have_the_name(
        self, ask: Ask, service: Service
    ) -> None:
        service.components = [component(number, "web") for number in range(30)]
        refused = ask("list", "web")
        assert refused.err.endswith("\n  and 10 more\n")
        assert len(refused.err.splitlines()) == 23


class TestTheDemo:
    def test_has_three_components(self, casjob: Casjob) -> None:
        listed = json.loads(casjob("list", "--demo", "--json").out)["components"]
        jobs = {each["name"]: each["last_job_id"] for each in listed}
        assert jobs == {
            "gateway": MANY_TASKS_JOB_ID,
            "worker": RUNNING_JOB_ID,
            "web": SUCCEEDED_JOB_ID,
        }
        assert [each["status"] for each in listed] == ["FAILED", "UPGRADING", "RUNNING"]

    def test_has_their_history(self, casjob: Casjob) -> None:
        history = {
            "web": [SUCCEEDED_JOB_ID, FAILED_JOB_ID, *EARLIER_JOB_IDS],
            "gateway": [MANY_TASKS_JOB_ID],
            "worker": [RUNNING_JOB_ID, FAILING_JOB_ID],
        }
        for name, job_ids in history.items():
            found = json.loads(casjob("list", name, "--demo", "--json").out)["deployments"]
            assert [job_id for each in found for job_id in each["jobs"]] == job_ids

    def test_refuses_what_the_service_refuses(self, casjob: Casjob) -> None:
        missed = casjob("list", "none", "--demo")
        assert missed.err.endswith("\n  hint: casjob list --demo lists all components\n")
        assert casjob("list", "--demo", "--api-version", "v2").status == 0
