"""Checked with a CommonMark renderer that has GitHub's tables, autolinks and HTML turned on."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from markdown_it import MarkdownIt

from casjob.demo.jobs import FAILED_JOB_ID, SUCCEEDED_JOB_ID
from tests.conftest import JOB_ID, Casjob, Finished
from tests.formats.conftest import Draw
from tests.formats.hostile import ATTACKS, hostile_job
from tests.samples import Fields, job, task
from tests.service import Service, documented_job

OURS = {"h2", "h3", "p", "code", "strong", "pre", "table", "thead", "tbody", "tr", "th", "td"}
OURS |= {"ul", "li"}

PLACE = (
    "`project 063a3158b1a34710b36ad208b9497d00` · `instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52`"
)


def render(text: str) -> str:
    """Return the HTML, after checking that it has no elements but ours, and none inside code."""
    markdown = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(
        ["table", "linkify"]
    )
    html = str(markdown.render(text))
    assert set(re.findall(r"</?(\w+)", html)) <= OURS
    outside = re.sub("<code.*?</code>", "", html, flags=re.DOTALL)
    assert not re.search("[@`*_]|https?:|www|evil|octo|script|構建", outside)
    return html


def read_rows(html: str) -> list[list[str]]:
    rows = re.findall("<tr>(.*?)</tr>", html, re.DOTALL)
    return [
        [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<t[hd]>(.*?)</t[hd]>", row)]
        for row in rows
    ]


def test_a_failed_job_has_verdict_failure_and_table(draw: Draw) -> None:
    assert draw(documented_job(), "show", "-o", "markdown") == (
        0,
        f"""\
## ❌ `provision/provMain` `FAILED after 35.6s`

job `{JOB_ID}` · `PROVISION` · started 2020-02-04 04:01:03Z · {PLACE}

### `task 9 TN00097 wait for the build to succeed: failed after 30.0s, in phase BUILDING`

```text
ECC00011  Building failed.
means  the build of the application failed: read the build's log
```

| # | Task | Type | Status | Started | Elapsed |
| --- | --- | --- | --- | --- | --- |
| 1 | **`PREPARE_RESOURCES`** |  |  |  |  |
| 4 | **`BUILDING`** |  |  |  |  |
| 6 | `TN00091` `run the build and follow it` | `restful` | ✅ `SUCCEEDED` | 04:01:03 | 5.6s |
| 7 | `TN00094` `run the build and follow it` | `restful` | ✅ `SUCCEEDED` | 04:01:08 | 0.0s |
| 9 | `TN00097` `wait for the build to succeed` | `restful` | ❌ `FAILED` | 04:01:08 | 30.0s |

2 of 3 steps succeeded
""",
        "",
    )


def test_tasks_has_the_table_alone_with_the_messages(draw: Draw) -> None:
    assert (
        draw(documented_job(), "tasks", "--failed", "-o", "md").out
        == """\
| # | Task | Type | Status | Started | Elapsed | Code | Detail |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 9 | `TN00097` `wait for the build to succeed` | `restful` | ❌ `FAILED` | 04:01:08 | 30.0s | `ECC00011` | `Building failed.` |

2 of 3 steps succeeded · 1 of 5 tasks
"""  # noqa: E501 - one row
    )


def test_a_contradiction_is_noted(draw: Draw) -> None:
    out = draw(job("FAILED", JOB_NAME=None, JOB_TYPE=None), "show", "-o", "markdown").out

    assert (
        out
        == f"""\
## ❌ `{JOB_ID}` `FAILED`

`project 063a3158b1a34710b36ad208b9497d00`

no steps

- `The job is FAILED, but the reply holds no tasks.`
"""
    )


def test_a_running_task_has_its_heartbeat(draw: Draw) -> None:
    document = job("RUNNING", task(1, "RUNNING"), task(None, None, CREATED_AT=None))

    html = render(draw(document, "show", "-o", "markdown").out)

    assert read_rows(html)[1:] == [
        ["1", "TX00001", "restful", "RUNNING, last heartbeat 1m 59s ago", "04:01:03", "2m 00s"],
        ["", "TX00000", "restful", "(none)", "", ""],
    ]


class TestText:
    @pytest.mark.parametrize("command", ["show", "tasks"])
    def test_stays_in_its_place(self, draw: Draw, command: str) -> None:
        html = render(draw(hostile_job(), command, "-o", "markdown").out)

        rows = read_rows(html)
        assert len(rows) == 1 + 1 + 2 * len(ATTACKS)
        assert {len(row) for row in rows} == {6 if command == "show" else 8}

    @pytest.mark.parametrize(
        "text", [text for text in ATTACKS if text.strip() and text.isprintable()]
    )
    def test_arrives_as_it_is(self, draw: Draw, text: str) -> None:
        document = job("FAILED", task(1, "FAILED", TASK_NAME=text, messages=text), JOB_NAME=text)

        html = render(draw(document, "show", "-o", "markdown").out)
        [_, row] = read_rows(render(draw(document, "tasks", "-o", "markdown").out))

        assert f"<code>{text}</code>" in unescape(html)
        assert f"{text}\n</code></pre>" in unescape(html)
        assert (row[1], row[7]) == (text, text)

    @pytest.mark.parametrize("fence", ["```", "````", "`````````", "~~~"])
    def test_does_not_end_its_block(self, draw: Draw, fence: str) -> None:
        said = f"before\n{fence}\n<b>after</b>"
        html = render(
            draw(job("FAILED", task(1, "FAILED", messages=said)), "show", "-o", "markdown").out
        )

        assert f'<pre><code class="language-text">{said}\n</code></pre>' in unescape(html)

    def test_in_a_line_is_cut_where_it_is_very_long(self, draw: Draw) -> None:
        document = job("FAILED", task(1, "FAILED", TASK_NAME="x" * 10_000))

        out = draw(document, "tasks", "-o", "markdown").out

        assert f"`{'x' * 500}… (10000 characters)`" in out


class TestALongReport:
    @staticmethod
    def show(draw: Draw, *tasks: Fields) -> str:
        out = draw(job("FAILED", *tasks), "show", "-o", "markdown").out
        assert len(out.encode()) <= 1_000_000
        return out

    def test_leaves_out_tasks_that_went_well_first(self, draw: Draw) -> None:
        well = [task(index, TASK_NAME="构" * 400) for index in range(1, 1001)]
        bad = [task(index, "FAILED", messages=f"message {index}") for index in (2000, 2001)]

        out = self.show(draw, *well, *bad)

        assert "message 2000" in out
        rows = read_rows(render(out))
        assert [row[0] for row in rows if "FAILED" in row[3]] == ["2000", "2001"]
        left_out = 1002 - (len(rows) - 1)
        assert f"\n- {left_out} tasks left out, to stay within 1 MB\n" in out

    def test_keeps_the_first_failures(self, draw: Draw) -> None:
        out = self.show(
            draw,
            *(task(index, "FAILED", messages=f"{index} {'x' * 60_000}") for index in range(30)),
        )

        assert re.findall(r"text\n(\d+) x", out) == [str(index) for index in range(19)]
        assert "x… (60002 characters)\n```\n" in out
        assert "\n- 11 failures left out, to stay within 1 MB\n" in out

    def test_is_shown_whole_as_long_as_it_fits(self, draw: Draw) -> None:
        out = self.show(draw, *(task(index, seconds=-1) for index in range(1000)))

        assert len(read_rows(render(out))) == 1001
        assert "left out" not in out


def test_each_job_has_a_verdict(casjob: Casjob) -> None:
    finished = casjob("wait", "--demo", FAILED_JOB_ID, SUCCEEDED_JOB_ID, "-o", "markdown")

    header, failed, succeeded = read_rows(render(finished.out))
    assert header == ["Job", "Name", "Verdict", "Cause"]
    assert failed == [
        FAILED_JOB_ID,
        "provision/provMain",
        "❌ FAILED after 35.6s",
        "task 9 TN00097 wait for the build to succeed  ECC00011  Building failed.",
    ]
    assert succeeded[:2] == [SUCCEEDED_JOB_ID, "provision/provMain"]
    assert succeeded[2].startswith("✅ SUCCEEDED")


def test_a_job_that_was_never_seen_has_none(ask: Callable[..., Finished], service: Service) -> None:
    service.jobs.clear()
    options = ("--wait-for-job", "1h", "--interval", "0.05", "--timeout", "0.5")

    [_, row] = read_rows(render(ask("wait", JOB_ID, *options, "-o", "markdown").out))

    assert row == [JOB_ID, "", "nothing is known about the job yet", ""]


def test_config_has_a_row_a_setting_and_notes(casjob: Casjob) -> None:
    finished = casjob("config", "-o", "markdown", environ={"CASJOB_REGION": "<b>|`"})
    html = render(finished.out)

    assert ["region", "<b>|`", "CASJOB_REGION"] in read_rows(html)
    assert "<li>" in html
