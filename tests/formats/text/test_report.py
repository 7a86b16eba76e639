import json
import re
import unicodedata
from collections.abc import Mapping

import pytest

from casjob.formats.display import Color, Display
from tests.conftest import PROJECT_ID
from tests.drawings import AT_50_COLUMNS, AT_80_COLUMNS, IN_A_PIPE, ON_A_TERMINAL
from tests.formats.conftest import Draw
from tests.samples import in_v3, job, separator, task
from tests.service import documented_job, many_tasks

WIDTHS = [None, 160, 100, 80, 50]

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def uncolored(text: str) -> str:
    return ESCAPE.sub("", text)


class TestTheDocumentedJob:
    @pytest.mark.parametrize(
        ("columns", "drawing"),
        [
            (None, IN_A_PIPE),
            (100, ON_A_TERMINAL),
            (80, AT_80_COLUMNS),
            (50, AT_50_COLUMNS),
        ],
    )
    def test_is_drawn_as_wide_as_there_is_room(
        self, draw: Draw, columns: int | None, drawing: str
    ) -> None:
        environ = {"NO_COLOR": "1"}

        assert draw(documented_job(), columns=columns, environ=environ) == (0, drawing, "")

    @pytest.mark.parametrize(
        ("columns", "headings"),
        [
            (98, "TYPE     STATUS       STARTED   ELAPSED  0s     35.6s"),
            (97, "TYPE     STATUS       STARTED   ELAPSED"),
            (84, "TYPE     STATUS       STARTED   ELAPSED"),
            (83, "TYPE     STATUS       ELAPSED"),
            (74, "TYPE     STATUS       ELAPSED"),
            (73, "STATUS       ELAPSED"),
            (65, "STATUS       ELAPSED"),
            (64, "STATUS"),
            (56, "STATUS"),
        ],
    )
    def test_loses_columns_in_order_as_it_gets_narrow(
        self, draw: Draw, columns: int, headings: str
    ) -> None:
        out = uncolored(draw(documented_job(), columns=columns).out)

        assert f"  #  TASK     {'STEP':29}  {headings}" in out.splitlines()
        assert "  wait for the build to succeed  " in out
        assert ("▇" in out) is (columns >= 98)
        assert "✓ SUCCEEDED" in out
        assert "TN00097" in out

    @pytest.mark.parametrize(
        ("columns", "headings", "title"),
        [
            (55, f"  #  TASK     {'STEP':28}  STATUS", "wait for the build to succe…"),
            (43, f"  #  TASK     {'STEP':16}  STATUS", "wait for the bu…"),
            (42, "  #  TASK     STATUS", ""),
            (25, "  #  TASK     STATUS", ""),
        ],
    )
    def test_loses_what_tasks_do_last_and_first_its_end(
        self, draw: Draw, columns: int, headings: str, title: str
    ) -> None:
        out = uncolored(draw(documented_job(), columns=columns).out)

        assert headings in out.splitlines()
        words = ["9", "TN00097", *filter(None, [title]), "✗ FAILED"]
        assert f"  {'  '.join(words)}" in out.splitlines()

    def test_loses_what_tasks_do_before_a_message_gets_narrow(self, draw: Draw) -> None:
        detail = "the image of the component was not found in the registry of the region"
        document = job(
            "FAILED",
            task(1, "FAILED", TASK_NAME="TN00097", messages={"code": "E1", "message": detail}),
        )

        lines = draw(document, "tasks", "--color", "never", columns=80).out.splitlines()

        assert lines == [
            "#  TASK     STATUS    CODE  DETAIL",
            "1  TN00097  ✗ FAILED  E1    the image of the component was not found in the",
            "                            registry of the region",
        ]

    def test_is_drawn_in_ascii_where_no_more_can_be_written(self, draw: Draw) -> None:
        drawing = ON_A_TERMINAL.translate(str.maketrans("✗✓·▇▏", "x+-=|"))

        for encoding in ("ascii", "latin-1", "cp1252"):
            result = draw(
                documented_job(), columns=100, encoding=encoding, environ={"NO_COLOR": "1"}
            )
            assert result == (0, drawing, "")

    def test_is_a_table_alone_for_tasks(self, draw: Draw) -> None:
        assert draw(documented_job(), "tasks") == (
            0,
            """\
#  TASK     STEP                           TYPE     STATUS     STARTED   ELAPSED  CODE      DETAIL
1  PREPARE_RESOURCES
4  BUILDING
6  TN00091  run the build and follow it    restful  SUCCEEDED  04:01:03     5.6s
7  TN00094  run the build and follow it    restful  SUCCEEDED  04:01:08     0.0s
9  TN00097  wait for the build to succeed  restful  FAILED     04:01:08    30.0s  ECC00011  Building failed.
""",  # noqa: E501 - as wide as it gets
            "",
        )

    def test_is_drawn_from_its_end_with_desc(self, draw: Draw) -> None:
        assert draw(documented_job(), "tasks", "--desc", "--status", "succeeded") == (
            0,
            """\
#  TASK     STEP                         TYPE     STATUS     STARTED   ELAPSED
7  TN00094  run the build and follow it  restful  SUCCEEDED  04:01:08     0.0s
6  TN00091  run the build and follow it  restful  SUCCEEDED  04:01:03     5.6s
4  BUILDING
1  PREPARE_RESOURCES

4 of 5 tasks
""",
            "",
        )


class TestJobs:
    def test_of_version_3_have_neither_name_nor_indexes(self, draw: Draw) -> None:
        document = in_v3(dict(documented_job()))

        assert draw(document, "show", "--api-version", "v3") == (
            0,
            """\
JOB474362ef-091d-429f-9b3e-c9246b37dee6 FAILED after 35.6s · PROVISION
  started 2020-02-04 04:01:03Z · rollback disabled
  project 063a3158b1a34710b36ad208b9497d00 · instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52

task TN00097 wait for the build to succeed: failed after 30.0s, in phase BUILDING
  ECC00011  Building failed.
  means     the build of the application failed: read the build's log

  TASK     STEP                           TYPE     STATUS     STARTED   ELAPSED
  PREPARE_RESOURCES
  BUILDING
  TN00091  run the build and follow it    restful  SUCCEEDED  04:01:03     5.6s
  TN00094  run the build and follow it    restful  SUCCEEDED  04:01:08     0.0s
  TN00097  wait for the build to succeed  restful  FAILED     04:01:08    30.0s

2 of 3 steps succeeded
next: casjob logs --api-version v3
""",
            "",
        )

    def test_that_run_tell_how_long_ago_each_task_was_heard_of(self, draw: Draw) -> None:
        document = job(
            "RUNNING",
            separator(1, "BUILDING", start=0),
            task(2, start=0, seconds=60),
            task(3, "RUNNING", start=60, seconds=57.5),
            task(4, "RUNNING", start=90, seconds=30, messages='{"reason": "Pulling"}'),
            task(5, "SCHEDULED", LAST_HEALTH_CHECK=None, CREATED_AT=None),
            task_count=9,
            ROLLBACK_ENABLED=True,
        )

        assert (
            draw(document, columns=100, environ={"NO_COLOR": "1"}).out
            == """\
● provision/provMain has been RUNNING for 2m 00s · PROVISION
  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:03Z · rollback enabled
  project 063a3158b1a34710b36ad208b9497d00

● task 3 TX00003: running for 1m 00s, in phase BUILDING, last heartbeat 2.5s ago

● task 4 TX00004: running for 30.0s, in phase BUILDING, last heartbeat 0.0s ago
  Pulling

  #  TASK     TYPE     STATUS       STARTED   ELAPSED  0s                                     2m 00s
  1  BUILDING
  2  TX00002  restful  ✓ SUCCEEDED  04:01:03   1m 00s  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
  3  TX00003  restful  ● RUNNING    04:02:03   1m 00s                        ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
  4  TX00004  restful  ● RUNNING    04:02:33    30.0s                                    ▇▇▇▇▇▇▇▇▇▇▇
  5  TX00005  restful  ○ SCHEDULED

5 of 9 tasks reported
next: casjob watch
"""
        )

    def test_that_have_begun_nothing_have_no_table(self, draw: Draw) -> None:
        document = job("SUBMITTED", task_count=5, JOB_ID=None, JOB_NAME=None, JOB_TYPE=None)

        assert (
            draw(document, columns=100, environ={"NO_COLOR": "1"}).out
            == """\
○ (no name) SUBMITTED
  job (no id)
  project 063a3158b1a34710b36ad208b9497d00

0 of 5 tasks reported
next: casjob watch
"""
        )
        assert draw(document, "tasks").out == "0 of 5 tasks reported\n"

    def test_with_over_100_tasks_have_the_failure_above_the_table(self, draw: Draw) -> None:
        out = draw(many_tasks(105, failing_index=105) | {"task_count": 105}).out.splitlines()

        assert out[:9] == [
            "provision/provMain FAILED after 1m 45s · PROVISION",
            "  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:04Z",
            f"  project {PROJECT_ID} · instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52",
            "",
            "task 105 TX00105: failed after 1.0s",
            "  ECC00011  Building failed.",
            "  means     the build of the application failed: read the build's log",
            "",
            "    #  TASK     TYPE     STATUS     STARTED   ELAPSED",
        ]
        assert out[9] == "    1  TX00001  restful  SUCCEEDED  04:01:04     1.0s"
        assert out[113] == "  105  TX00105  restful  FAILED     04:02:48     1.0s"
        assert out[114:116] == ["", "104 of 105 steps succeeded"]

    def test_tell_what_does_not_add_up(self, draw: Draw) -> None:
        document = documented_job()
        document["job"]["EXECUTION_STATUS"] = "SUCCEEDED"
        document["task_count"] = 6

        end = draw(document).out.split("\n\n")[-1]

        assert (
            end
            == """\
2 of 3 steps succeeded · 5 of 6 tasks reported
note: The job is SUCCEEDED, but one of its tasks failed.
note: The service counts 6 tasks, but sent 5.
"""
        )

    def test_can_have_tasks_of_every_status(self, draw: Draw) -> None:
        words = ["SUCCEEDED", "FAILED", "SKIPPED", "RUNNING", "SCHEDULED", "PAUSED", None]
        document = job("PAUSED", *(task(index, word) for index, word in enumerate(words)))

        out = draw(document, "tasks", columns=80, environ={"NO_COLOR": "1"}).out

        assert (
            out
            == """\
#  TASK     TYPE     STATUS       STARTED   ELAPSED  DETAIL
0  TX00000  restful  ✓ SUCCEEDED  04:01:03     1.0s
1  TX00001  restful  ✗ FAILED     04:01:03     1.0s
2  TX00002  restful  – SKIPPED    04:01:03     1.0s
3  TX00003  restful  ● RUNNING    04:01:03   2m 00s  last heartbeat 1m 59s ago
4  TX00004  restful  ○ SCHEDULED  04:01:03
5  TX00005  restful  ? PAUSED     04:01:03
6  TX00006  restful  ? (none)     04:01:03
"""
        )


INNERMOST = json.dumps({"code": "VPC.0202", "message": "Query fail."})
MIDDLE = json.dumps({"error_code": "CCE.01500001", "error_msg": INNERMOST})
NESTED = json.dumps({"error_code": "SVCSTG.00500404", "error_msg": MIDDLE})


class TestMessages:
    @pytest.mark.parametrize(
        ("columns", "lines"),
        [
            (
                None,
                [
                    *["│     at com.shop.Deploy.run"] * 9,
                    "│ Caused by: refused",
                    r"│ \u2028 \x1b[1m",
                ],
            ),
            (100, ["│ Caused by: refused", "… 10 more lines; --json shows all"]),
        ],
    )
    def test_in_a_table_break_at_line_feeds_behind_a_gutter(
        self, draw: Draw, columns: int | None, lines: list[str]
    ) -> None:
        trace = "\r\n\tat com.shop.Deploy.run" * 9
        said = f"first{trace}\nCaused by: refused\n\u2028 \x1b[1m\n"
        document = job("FAILED", task(1, "FAILED", messages=said), task(2, "FAILED", messages="x"))

        out = draw(document, "tasks", columns=columns, environ={"NO_COLOR": "1"}).out

        heading, *rows = out.splitlines()
        assert [row[heading.index("DETAIL") :] for row in rows] == ["first", *lines, "x"]

    @pytest.mark.parametrize(
        ("messages", "drawing"),
        [
            (
                NESTED,
                """\
  VPC.0202  Query fail.
  means     an error from Virtual Private Cloud (networks, subnets, security groups)
  means     CCE.01500001: the cluster service had an internal error: try again; if it persists,\
 give support the request id
  within    CCE.01500001
  within    SVCSTG.00500404""",
            ),
            (
                {
                    "statusCode": 500,
                    "jsonBody": {"error_code": "CCE.01500001", "error_msg": "node not ready"},
                    "items": [{"code": "A", "message": "b"}, {"kind": "Pod\nEvil: line"}],
                },
                """\
  A  b
  also  CCE.01500001  node not ready
  statusCode  500
  items[1].kind  Pod
  │ Evil: line""",
            ),
            (
                "java.lang.Error: out\r\n\tat a.B.c(B.java:7)\r\n\r\n✗ task 1 failed\x1b[0m\n\n",
                """\
  java.lang.Error: out
  │     at a.B.c(B.java:7)
  │
  │ ✗ task 1 failed\\x1b[0m""",
            ),
            (
                {"error_code": "VPC.0202-0000-0000-0000-0000", "error_msg": "no such thing"},
                """\
  VPC.0202-0000-0000-0000-0000  no such thing
  means  an error from Virtual Private Cloud (networks, subnets, security groups)""",
            ),
        ],
        ids=["innermost pair first", "other values below", "lines behind a gutter", "long code"],
    )
    def test_stand_below_their_task(self, draw: Draw, messages: object, drawing: str) -> None:
        document = job("FAILED", task(9, "FAILED", messages=messages))

        said = draw(document).out.split("\n\n")[1]
        assert said == f"task 9 TX00009: failed after 1.0s\n{drawing}"

    def test_of_followers_come_after_that_of_the_cause(self, draw: Draw) -> None:
        document = job(
            "FAILED",
            task(1, "CANCELLED", messages="the job failed"),
            task(2, "FAILED", messages='{"Message": "E2", "Detail": "no room"}'),
            task(3, "FAILED"),
        )

        assert draw(document).out.split("\n\n")[1:4] == [
            "task 2 TX00002: failed after 1.0s\n  E2  no room",
            "also task 3 TX00003: failed after 1.0s\n  No reason given.",
            "also task 1 TX00001: cancelled after 1.0s\n  the job failed",
        ]

    def test_of_followers_that_failed_alike_are_told_once(self, draw: Draw) -> None:
        same = '{"Message": "E2", "Detail": "no room"}'
        document = job("FAILED", *(task(index, "FAILED", messages=same) for index in (1, 2, 3)))

        assert (
            draw(document).out.split("\n\n")[1]
            == """\
task 1 TX00001: failed after 1.0s
  E2  no room
also task 2 TX00002: failed after 1.0s, for the same reason
also task 3 TX00003: failed after 1.0s, for the same reason"""
        )

    def test_of_a_follower_that_failed_as_an_earlier_task_did_name_that_task(
        self, draw: Draw
    ) -> None:
        one, other = (json.dumps({"Message": code, "Detail": "no room"}) for code in ("E1", "E2"))
        messages = [one, other, one, None, None]
        tasks = (task(index, "FAILED", messages=each) for index, each in enumerate(messages))

        assert draw(job("FAILED", *tasks)).out.split("\n\n")[1:5] == [
            "task 0 TX00000: failed after 1.0s\n  E1  no room",
            """\
also task 1 TX00001: failed after 1.0s
  E2  no room
also task 2 TX00002: failed after 1.0s, as task 0 TX00000 did""",
            # What is not known may differ.
            "also task 3 TX00003: failed after 1.0s\n  No reason given.",
            "also task 4 TX00004: failed after 1.0s\n  No reason given.",
        ]

    def test_are_wrapped_beside_their_margin(self, draw: Draw) -> None:
        detail = "Building the image failed as the registry refused the layers.\n" + "x" * 40
        messages = {"Message": "ECC00011", "Detail": detail}
        document = job("FAILED", task(9, "FAILED", messages=messages))

        assert (
            uncolored(draw(document, columns=40).out).split("\n\n")[1]
            == """\
✗ task 9 TX00009: failed after 1.0s
  ECC00011  Building the image failed as
  the registry refused the layers.
  │ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    xxxx
  means     the build of the application
            failed: read the build's log"""
        )

    def test_of_hexadecimal_digits_are_wrapped_unless_they_are_an_id(self, draw: Draw) -> None:
        one = "0123456789abcdef0123456789abcdef"
        document = job("FAILED", task(9, "FAILED", messages=f"{one} is not {one}0000 at all"))

        lines = uncolored(draw(document, columns=30).out).splitlines()
        assert [line for line in lines if one in line and len(line) > 30] == [one]

    def test_of_100_kb_are_whole_in_a_pipe_and_cut_on_a_terminal(self, draw: Draw) -> None:
        detail = "构" * 100_000
        document = job("FAILED", task(9, "FAILED", messages={"code": "E", "message": detail}))

        assert f"  E  {detail}\n" in draw(document).out
        assert f"  1.0s  E     {detail}\n" in draw(document, "tasks").out
        on_a_terminal = uncolored(draw(document, columns=160, rows=24).out)
        assert len(on_a_terminal.splitlines()) == 23
        assert "构…\n  … 100000 characters; --full shows all\n" in on_a_terminal
        in_a_cell = uncolored(draw(document, "tasks", columns=160).out)
        assert len(re.findall("构", in_a_cell)) == 200
        assert "… (100000 characters; --json" in in_a_cell
        assert len(in_a_cell.splitlines()) < 10


def cells(text: str) -> int:
    """Count the cells a line takes, by the tables of Unicode rather than by those of Rich."""
    shown = [each for each in text if not unicodedata.combining(each)]
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in shown)


class TestScripts:
    @pytest.mark.parametrize(
        "words",
        ["构建失败", "فشل البناء", "ビルド失敗", "🔥🚒", "\uff34\uff2e", "e\u0301tat", "–½…"],
    )
    @pytest.mark.parametrize("columns", [None, 160])
    def test_leave_the_table_whole(self, draw: Draw, words: str, columns: int | None) -> None:
        document = job("FAILED", task(1, TASK_NAME=words), task(2, "FAILED", messages=words))

        heading, *rows = uncolored(draw(document, "tasks", columns=columns).out).splitlines()

        assert words in rows[0]
        assert rows[1].endswith(f"  {words}")
        for row in rows:
            assert cells(row.partition("restful")[0]) == heading.index("TYPE")
        assert cells(rows[1].removesuffix(words)) == cells(heading.partition("DETAIL")[0])

    def test_take_the_cells_that_are_counted_for_them(self, draw: Draw) -> None:
        joined, heart = "\u200d".join("x" * 31), "\u2764\ufe0f"
        document = job("FAILED", task(1, TASK_NAME=joined), task(2, TASK_NAME=heart))

        drawn = draw(document, "tasks", "--color", "never", columns=100).out
        heading, first, second, *_ = drawn.splitlines()
        assert heading.index("TYPE") == first.index("restful") == 3 + 31 + 2
        assert second.startswith("2  \u2764 ")
        assert "\u200d" not in draw(document, "tasks").out
        assert json.loads(draw(document, "tasks", "--json").out)["tasks"][0]["TASK_NAME"] == joined

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
    @pytest.mark.parametrize("columns", [None, 160])
    def test_become_escapes_where_they_cannot_be_written(
        self, draw: Draw, encoding: str, columns: int | None
    ) -> None:
        words = "né 构建 🔥"
        written = words.encode(encoding, "backslashreplace").decode(encoding)
        document = job("FAILED", task(1, TASK_NAME=words), task(2, "FAILED", messages=words))

        for command in ("show", "tasks"):
            status, out, err = draw(document, command, columns=columns, encoding=encoding)
            lines = uncolored(out).splitlines()
            [heading] = [line for line in lines if "STATUS" in line]
            rows = [line for line in lines if "restful" in line]
            assert (status, err) == (0, "")
            assert [cells(row.partition("restful")[0]) for row in rows] == [
                heading.index("TYPE")
            ] * 2
            assert written in rows[0]


HOSTILE = {
    "an escape sequence": "\x1b[2J\x1b]0;owned\x07",
    "C1 controls": "\x9b31m\x85",
    "a bidirectional override": "\u202egnp.exe\u2066",
    "markup": "[red]x[/red] [/] [link=http://e.vil]y[/link] \\[z]",
    "lines": "a\r\n\n✓ SUCCEEDED\rb\u2028c",
    "NUL and DEL": "\x00\x08\x7f",
    "tabs and feeds": "\ta\x0b\x0c",
    "a lone surrogate": "\ud800",
    "blanks": "   x   ",
    "an emoji's name": ":smile: https://e.vil 12:30",
}
UNSAFE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def hostile_job(text: str) -> dict[str, object]:
    fields = ["JOB_NAME", "JOB_TYPE", "JOB_DESC", "SERVICE_INSTANCE_ID"]
    document = job(
        text,
        task(1, "FAILED", messages=json.dumps({"code": text, "message": text, text: {text: text}})),
        task(2, "RUNNING", messages=text),
        task(3, text, TASK_NAME=text, TASK_TYPE=text, OWNER_ID=text, messages=text),
        task(4, text, TASK_NAME=None, TASK_ID=text, TASK_TYPE=text),
        separator(5, text),
        task(6, "FAILED"),
        **dict.fromkeys(fields, text),
    )
    return {**document, text: text}


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
    @pytest.mark.parametrize("columns", [None, 160, 50])
    @pytest.mark.parametrize("command", ["show", "tasks"])
    @pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
    def test_is_shown_and_does_nothing(
        self, draw: Draw, text: str, columns: int | None, command: str, encoding: str
    ) -> None:
        document = hostile_job(text)

        plain = draw(document, command, "--color", "never", columns=columns, encoding=encoding)
        colored = draw(document, command, "--color", "always", columns=columns, encoding=encoding)

        assert (plain.status, plain.err) == (0, "")
        assert uncolored(colored.out) == plain.out
        assert {unicodedata.category(each) for each in plain.out} & UNSAFE == {"Cc"}
        assert {each for each in plain.out if unicodedata.category(each) == "Cc"} == {"\n"}
        assert not re.search(r" $", plain.out, re.MULTILINE)
        if columns is None:
            assert "markup" not in text or text in plain.out
            # Only a message has lines of its own, and those stand behind a gutter.
            assert all(
                line.startswith(("  ", "│ ", "| "))
                for line in plain.out.splitlines()
                if line.startswith(("✓", "+"))
            )

    def test_is_markup_to_nobody(self, draw: Draw) -> None:
        document = hostile_job(HOSTILE["markup"])

        out = draw(document, "tasks").out

        assert out.count("[red]x[/red] [/] [link=http://e.vil]y[/link] \\[z]") == 10

    def test_cannot_fake_a_line(self, draw: Draw) -> None:
        honest = draw(hostile_job("x y"))
        hostile = draw(hostile_job(HOSTILE["lines"]))

        # Three messages and two other values of them are shown in their three lines each.
        lines = hostile.out.splitlines()
        assert len(lines) == len(honest.out.splitlines()) + 5 * 2
        assert sum(line.startswith("  │") for line in lines) == 5 * 2


class TestColor:
    @pytest.mark.parametrize(
        ("option", "environ", "is_terminal", "wanted"),
        [
            (Color.AUTO, {}, True, True),
            (Color.AUTO, {}, False, False),
            (Color.AUTO, {"TERM": "xterm"}, True, True),
            (Color.AUTO, {"TERM": "dumb"}, True, False),
            (Color.AUTO, {"TERM": "dumb", "FORCE_COLOR": "1"}, False, True),
            (Color.AUTO, {"FORCE_COLOR": "1"}, False, True),
            (Color.AUTO, {"FORCE_COLOR": "true"}, False, True),
            (Color.AUTO, {"CLICOLOR_FORCE": "1"}, False, True),
            (Color.AUTO, {"FORCE_COLOR": "0"}, False, False),
            (Color.AUTO, {"FORCE_COLOR": ""}, False, False),
            (Color.AUTO, {"CLICOLOR_FORCE": "0"}, False, False),
            (Color.AUTO, {"FORCE_COLOR": "0", "CLICOLOR_FORCE": "1"}, False, True),
            (Color.AUTO, {"NO_COLOR": "1"}, True, False),
            (Color.AUTO, {"NO_COLOR": "0"}, True, False),
            (Color.AUTO, {"NO_COLOR": ""}, True, True),
            (Color.AUTO, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
            (Color.ALWAYS, {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
            (Color.NEVER, {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, False),
        ],
    )
    def test_is_wanted_by_the_option_then_the_environment_then_the_stream(
        self, option: Color, environ: Mapping[str, str], *, is_terminal: bool, wanted: bool
    ) -> None:
        display = Display(is_terminal=is_terminal, color=option, environ=environ)
        assert display.is_colored is wanted

    @pytest.mark.parametrize("columns", WIDTHS)
    @pytest.mark.parametrize("command", ["show", "tasks"])
    @pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
    def test_never_changes_the_layout(
        self, draw: Draw, columns: int | None, command: str, term: str
    ) -> None:
        environ = {"TERM": term}

        def drawn(color: str) -> str:
            options = (command, "--color", color)
            return draw(documented_job(), *options, columns=columns, environ=environ).out

        plain, colored = drawn("never"), drawn("always")

        assert uncolored(colored) == plain != colored
        assert ESCAPE.search(plain) is None

    def test_is_that_of_the_status(self, draw: Draw) -> None:
        out = draw(documented_job(), "tasks", columns=100).out

        assert "\x1b[32m✓ SUCCEEDED\x1b[0m" in out
        assert "\x1b[1;31m✗ FAILED\x1b[0m" in out
        assert out.endswith("\x1b[1;31mECC00011\x1b[0m  Building failed.\n")

    def test_is_of_the_terminals_own_16(self, draw: Draw) -> None:
        environ = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}

        out = draw(hostile_job("PAUSED"), columns=160, environ=environ).out

        codes = {code for escape in ESCAPE.findall(out) for code in escape[2:-1].split(";")}
        assert codes <= {"0", "1", "2", *map(str, range(30, 38))}


class TestWidth:
    @pytest.mark.parametrize("command", ["show", "tasks"])
    @pytest.mark.parametrize("columns", [40, 50, 80, 100, 160])
    def test_is_kept_by_all_that_may_be_wrapped(
        self, draw: Draw, command: str, columns: int
    ) -> None:
        long = "The quick brown fox jumps over the lazy dog 构建失败 " * 5
        document = job(
            "FAILED",
            separator(1, long),
            task(2, "FAILED", messages={"code": "E", "message": long}, TASK_NAME=long),
            JOB_NAME=long,
        )

        lines = uncolored(draw(document, command, columns=columns).out).splitlines()

        assert max(cells(line) for line in lines if not line.startswith("next: ")) <= columns

    @pytest.mark.parametrize("command", ["show", "tasks"])
    @pytest.mark.parametrize("columns", range(1, 20))
    def test_may_be_next_to_nothing(self, draw: Draw, command: str, columns: int) -> None:
        document = hostile_job("构建 x")

        assert draw(document, command, columns=columns).status == 0

    def test_is_enough_for_ids_statuses_and_codes_at_any_rate(self, draw: Draw) -> None:
        task_id = "Task-a72fe8d8-8cc1-42b5-a097-0cf9e29692a7"
        document = job(
            "FAILED",
            task(
                123456,
                "PARTIALLY_FAILED",
                TASK_ID=task_id,
                TASK_NAME=None,
                messages={"code": "SVCSTG.00100429", "message": "no"},
            ),
        )

        out = uncolored(draw(document, "tasks", columns=30).out)

        assert (
            out
            == f"""\
123456
{task_id}
  ✗ PARTIALLY_FAILED
  SVCSTG.00100429
  no
"""
        )

    @pytest.mark.parametrize("command", ["show", "tasks"])
    def test_of_a_pipe_is_without_limit(self, draw: Draw, command: str) -> None:
        long = "The quick brown fox " * 50
        document = job("FAILED", task(2, "FAILED", TASK_NAME=long, messages=long), JOB_NAME=long)

        out = draw(document, command).out

        assert "\n" not in out[out.index(long) :][: len(long)]
        assert out.count(long.strip()) == {"show": 4, "tasks": 2}[command]

    @pytest.mark.parametrize("command", ["show", "tasks"])
    def test_in_one_row_of_a_pipe_does_not_widen_the_others(self, draw: Draw, command: str) -> None:
        tasks = [task(index, TASK_NAME="x" * 10**index) for index in range(7)]

        out = draw(job("SUCCEEDED", *tasks), command).out

        assert out.count("x" * 10**6) == 1
        assert len(out) < 1_120_000
