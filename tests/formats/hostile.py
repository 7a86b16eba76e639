"""A job whose every text tries to break out of the format it is shown in."""

import json

from tests.samples import Fields, job, separator, task

ATTACKS = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "`code` ``more`` ```",
    "````\n```\n~~~",
    "[link](http://evil.example) ![image](http://evil.example/i.png) <http://evil.example>",
    "https://evil.example www.evil.example evil@evil.example @octocat #1 octo/cat#2",
    "| cell | \\| `|` \\\\| |",
    "# heading\n\n* item\n\n    code\n\n---\n",
    "::error::x\n::stop-commands::y\r\n##[error]z %0A::error::",
    "\x1b[31m\x07\x00\x9b \u202e \u2028 \ufeff \ufffe \uffff \ud800",
    "]]> --> <!-- <![CDATA[ &amp; &#10; &quot; \" ' </failure></pre></text>",
    '=HYPERLINK("http://evil.example","x")',
    '"quoted\nover lines',
    "\t=1+1",
    "\r=1+1",
    "构建失败 🔥 é",
    "   ",
    "`",
    "\\",
)


def hostile_job() -> Fields:
    """Return it: a failed task for each text, which stands in every field."""
    tasks = [
        task(
            index,
            "FAILED",
            start=index,
            TASK_NAME=text,
            TASK_TYPE=text,
            messages=json.dumps({"error_code": text, "error_msg": text, "other": text}),
        )
        for index, text in enumerate(ATTACKS, 2)
    ]
    everything = " ".join(ATTACKS)
    others = [task(200 + index, text) for index, text in enumerate(ATTACKS)]
    phase = separator(1, everything)
    return job("FAILED", phase, *tasks, *others, JOB_NAME=everything, JOB_TYPE=everything)
