"""Run whole commands on mutated replies: `python -m tests.fuzz_commands SEED COUNT`.

Each case is a command line, in any format, to a pipe or a terminal, against a service whose
replies about jobs, components, deployments, builds and logs are mutated, or are errors. Whatever
comes, the exit status is one of those documented, errors are a few lines on stderr, stdout is what
its format promises, nothing drives the terminal, and no secret is shown or kept.
"""

# ruff: noqa: S311 - random numbers that anybody can repeat are what is wanted

import csv
import io
import json
import re
import shlex
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from casjob.demo import jobs
from casjob.demo.builds import list_builds
from casjob.demo.jobs import list_components
from casjob.demo.replies import BuildDocument, Document, Samples, answer
from casjob.errors import ExitStatus
from casjob.formats.display import FORMATS, Content, OutputFormat
from casjob.printable import printable
from tests import fuzz
from tests.conftest import PROJECT_ID, Finished, run_here
from tests.fuzz import Finding
from tests.service import Recorded, Reply, Service

OPENED = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
"""When the sample jobs begin that run; each request comes a second later."""
TOKEN = "secret-token-0123456789"  # noqa: S105 - made up
MOST_MUTATED = 40
"""Requests of a case; after that, what is followed comes to its end."""
LONGEST = 20.0
"""Seconds; a case takes a few hundredths."""

FILE = "job.json"
COMMANDS: dict[str, tuple[Content, Sequence[str]]] = {
    "show": ("report", ["show", "JOB"]),
    "show --component": ("report", ["show", "--component", "web"]),
    "show --from": ("report", ["show", "--from", FILE]),
    "show --save": ("report", ["show", "JOB", "--save", "saved.json"]),
    "tasks": ("report", ["tasks", "JOB"]),
    "tasks --from": ("report", ["tasks", "--from", FILE]),
    "diff": ("difference", ["diff", "JOB", "JOB"]),
    "diff --component": ("difference", ["diff", "--component", "web"]),
    "diff FILE": ("difference", ["diff", f"./{FILE}", "JOB"]),
    "list": ("components", ["list"]),
    "list COMPONENT": ("deployments", ["list", "web"]),
    "stats": ("statistics", ["stats", "web"]),
    "logs": ("log", ["logs", "JOB"]),
    "logs --component": ("log", ["logs", "--component", "web"]),
    "logs --build": ("log", ["logs", "--build", "build-web-2"]),
    "explain": ("explanations", ["explain"]),
    "wait": ("verdicts", ["wait", "JOB", "JOB", "--interval", "0.01", "--timeout", "5"]),
    "config --check": ("checks", ["config", "--check"]),
}
OPTIONS: dict[str, Sequence[str]] = {
    "show": ("--full", "--exit-status", "--utc", "-v"),
    "tasks": (
        *("--desc", "--failed", "--limit 3", "--offset 2", "--status FAILED,running"),
        *("--exit-status", "--utc", "-v"),
    ),
    "list": ("--limit 2", "--full", "--utc", "-v"),
    "list COMPONENT": ("--limit 2", "--full", "--utc", "-v"),
    "stats": ("--last 3", "--full", "--utc", "-v"),
    "logs": ("--full", "--tail 3", "--follow", "--component web", "-v"),
    "logs --component": ("--full", "--tail 3", "--follow", "-v"),
    "logs --build": ("--full", "--tail 3", "--follow", "-v"),
    "diff": ("--utc", "-v"),
}
SCHEMAS: dict[str, str] = {"statistics": "stats", "log": "logs", "explanations": "explain"}
"""The schemas of contents that are not named like them."""
JOB_IDS = [*jobs.SAMPLE_JOBS, "JOB-unknown"]

MISTAKES = {
    *(ExitStatus.USAGE, ExitStatus.SETTINGS, ExitStatus.FORBIDDEN),
    *(ExitStatus.NOT_FOUND, ExitStatus.UNAVAILABLE, ExitStatus.NOT_UNDERSTOOD),
}
"""With these, stdout is empty, but for what had been shown by then."""
PARTIAL = ("logs", "wait", "config")
"""Commands that show what they have as it comes."""


class Case(NamedTuple):
    """A command line, and what it runs in."""

    name: str
    content: Content
    output: OutputFormat
    words: list[str]
    columns: int | None
    encoding: str
    settings: dict[str, str]


def make_case(seed: int, number: int) -> Case:
    random = Random(f"{seed} {number}")
    name = random.choice(list(COMMANDS))
    content, words = COMMANDS[name]
    words = [random.choice(JOB_IDS) if word == "JOB" else word for word in words]
    for option in OPTIONS.get(name, ()):
        if random.random() < 0.2:
            words += option.split()
    chosen = random.choice([OutputFormat.TABLE, random.choice(list(OutputFormat))])
    words += ["--output", chosen]
    if name != "explain":
        words += ["--color", random.choice(["auto", "always", "never"])]
    settings = {
        "CASJOB_API_VERSION": random.choice(["auto", "auto", "v2", "v3"]),
        "CASJOB_HISTORY": random.choice(["on", "off"]),
        "CASJOB_JOB_ID": random.choice(JOB_IDS[:-1]),
        "LINES": random.choice(["8", "24", "50"]),
    }
    columns = random.choice([None, None, 30, 60, 80, 120])
    encoding = random.choice(["utf-8", "utf-8", "ascii"])
    return Case(name, content, chosen, words, columns, encoding, settings)


# --- What the service replies -------------------------------------------------------------------


class Replies:
    """Replies to a case, the same ones whenever the same requests come."""

    def __init__(self, seed: int, number: int) -> None:
        self._key = f"{seed} {number}"
        self._times: Counter[str] = Counter()
        # So often is a reply mutated, or an error.
        self._spoils = Random(self._key).choice([0.0, 0.1, 0.3, 0.7])

    def respond(self, request: Recorded) -> Reply:
        self._times[request.target] += 1
        self._times[""] += 1
        random = Random(f"{self._key} {request.target} {self._times[request.target]}")
        now = OPENED + timedelta(seconds=self._times[""])
        status, body = answer(
            request.method,
            request.path,
            {name: values[0] for name, values in request.query.items()},
            Samples(
                lambda job_id: self._find(job_id, now),
                lambda: list_components(OPENED, now),
                lambda: [self._write_log(each) for each in list_builds(OPENED, now)],
            ),
            request.request_id,
        )
        headers = {"Date": format_datetime(now, usegmt=True)}
        if random.random() > self._spoils or self._times[""] > MOST_MUTATED:
            return Reply(status, body, headers)
        if random.random() < 0.1:
            return self._fail(random)
        document = json.loads(json.dumps(body))
        for _ in range(random.choice([1, 1, 2, 3, 5, 9])):
            fuzz.mutate(document, random)
        return Reply(status, fuzz.write(document, random), headers)

    def _find(self, job_id: str, now: datetime) -> Document | None:
        """Return a sample job, or a made-up one in its place."""
        random = Random(f"{self._key} {job_id}")
        found = jobs.find(job_id, OPENED, now)
        if found is None or random.random() > self._spoils:
            return found
        made: Document = fuzz.make_document(random, can_be_v3=False)
        made["job"]["JOB_ID"] = job_id
        return made

    def _write_log(self, document: BuildDocument) -> BuildDocument:
        random = Random(f"{self._key} {document['build']['build_id']}")
        if random.random() > self._spoils:
            return document
        lines = [fuzz.make_text(random) for _ in range(random.choice([0, 1, 5, 50]))]
        return {**document, "log": "\n".join([*lines, document["log"], *lines])}

    @staticmethod
    def _fail(random: Random) -> Reply:
        status = random.choice([400, 401, 403, 404, 429, 500, 502, 503])
        message = random.choice([fuzz.make_text(random), f"bad {TOKEN}", "no"])
        kind = random.choice(["json", "json", "text"])
        if kind == "json":
            return Reply(status, {"error_code": "APIGW.0301", "error_msg": message})
        return Reply(status, message.encode("utf-8", "replace"))


# --- What must hold -----------------------------------------------------------------------------


def run_case(seed: int, number: int) -> tuple[Case, Finished, list[Finding]]:
    case = make_case(seed, number)
    with Service() as service, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        service.handler = Replies(seed, number).respond
        (home / FILE).write_bytes(fuzz.make_body(Random(f"{seed} {number} file")))
        words = [str(home / word) if word.endswith(".json") else word for word in case.words]
        environ = {
            "HOME": folder,
            "PATH": "/usr/bin:/bin",
            "TERM": "xterm",
            "TZ": "UTC",
            "CASJOB_ENDPOINT": service.url,
            "CASJOB_PROJECT_ID": PROJECT_ID,
            "CASJOB_TOKEN": TOKEN,
            "CASJOB_RETRIES": "0",
            **case.settings,
        }
        began = time.monotonic()
        with patch.object(time, "sleep", lambda _: None):
            finished = run_here(words, environ, columns=case.columns, encoding=case.encoding)
        seconds = time.monotonic() - began
        kept = [each for each in home.rglob("*") if each.is_file() and each.name != FILE]
        secrets = [each.name for each in kept if TOKEN in each.read_text("utf-8", "replace")]
    findings = fuzz.collect(lambda: check(case, finished))
    if secrets:
        findings.append(Finding("no secret", case.name, f"in {secrets}"))
    if seconds > LONGEST:
        findings.append(Finding("quick", case.name, f"{seconds:.1f} seconds"))
    return case, finished, findings


def check(case: Case, finished: Finished) -> Iterator[Finding]:
    """Yield the promises that a run breaks."""
    status, out, err = finished
    where = f"{case.output} {case.name}"
    if status not in find_statuses(case):
        yield Finding("exit status", f"{where}: {status}", err)
    if case.output not in FORMATS[case.content] and (status != ExitStatus.USAGE or out):
        yield Finding("formats", where, f"{status}: {err}")
    if "Traceback" in err or "bug in casjob" in err:
        yield Finding("no bug", where, err)
    for name, text in (("stdout", out), ("stderr", err)):
        if TOKEN in text:
            yield Finding("no secret", f"{where} on {name}", text)
    # If diff can't tell whether jobs match, it says so there, and shows what it knows.
    is_partial = case.name.startswith("diff") and status == ExitStatus.NOT_UNDERSTOOD and out
    yield from check_errors(case, finished, says_so=status in MISTAKES and not is_partial)
    if out and status in MISTAKES and not is_partial and not case.name.startswith(PARTIAL):
        yield Finding("nothing but errors", where, out[:500])
    elif out and (is_partial or status not in MISTAKES):
        yield from check_stdout(case, out)


def find_statuses(case: Case) -> set[int]:
    known: set[int] = {ExitStatus.SUCCESS, *MISTAKES}
    if "--exit-status" in case.words:
        known |= {ExitStatus.FAILED, ExitStatus.UNFINISHED}
    if case.name.startswith(("diff", "wait", "logs", "config")):
        known.add(ExitStatus.FAILED)
    return known | ({ExitStatus.TIMED_OUT} if case.name == "wait" else set())


def check_errors(case: Case, finished: Finished, *, says_so: bool) -> Iterator[Finding]:
    """Check that stderr has lines of casjob's own, and an error only a few of them."""
    err = finished.err
    if case.columns:
        # Progress is drawn, and erased.
        err = fuzz.OWN_MOVES.sub("", fuzz.OWN_STYLES.sub("", err))
    if found := fuzz.DRIVES_A_TERMINAL.search(err):
        yield Finding("safe", f"{case.name} on stderr", repr(err[max(found.start() - 40, 0) :]))
    lines = err.splitlines()
    if not case.columns and any(not line.startswith(("casjob: ", "  ")) for line in lines):
        yield Finding("own lines", case.name, err)
    if says_so and "casjob: " not in err:
        yield Finding("an error says so", case.name, err)
    longest = max(map(len, lines), default=0)
    if "-v" not in case.words and (longest > 2000 or len(lines) > 30):
        yield Finding("short errors", case.name, f"{len(lines)} lines, {longest} characters\n{err}")


def check_stdout(case: Case, out: str) -> Iterator[Finding]:
    where = f"{case.output} {case.name}"
    if case.output is OutputFormat.JSON:
        yield from fuzz.check_document(out, SCHEMAS.get(case.content, case.content))
        return
    bare = out if "never" in case.words else fuzz.OWN_STYLES.sub("", out)
    if case.output in {OutputFormat.CSV, OutputFormat.TSV}:
        bare = bare.translate({ord("\t"): None, ord("\r"): None})
        yield from check_cells(case, out)
    if found := fuzz.DRIVES_A_TERMINAL.search(bare):
        yield Finding("safe", where, repr(bare[max(found.start() - 40, 0) :][:200]))
    if case.output is OutputFormat.JSONL:
        for line in out.splitlines():
            json.loads(line)
    elif case.output in {OutputFormat.JUNIT, OutputFormat.SVG}:
        ET.fromstring(out)  # noqa: S314 - casjob wrote it
    elif case.output is OutputFormat.HTML and "<script" in out:
        yield Finding("html", where, out[:500])
    elif case.output is OutputFormat.GITHUB and not re.fullmatch("(::.*\n)*", out):
        yield Finding("github", where, out[:500])


def check_cells(case: Case, out: str) -> Iterator[Finding]:
    """Check that all rows have as many cells, none of which a spreadsheet would run."""
    if case.output is OutputFormat.CSV:
        rows = list(csv.reader(io.StringIO(out, newline=""), strict=True))
    else:
        rows = [line.split("\t") for line in out.splitlines()]
    if len({len(row) for row in rows}) > 1:
        yield Finding("rows alike", f"{case.output} {case.name}", out[:500])
    for row in rows:
        for cell in row:
            if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and cell != "-":
                yield Finding("inert cells", f"{case.output} {case.name}", cell)


# --- Running ------------------------------------------------------------------------------------


def run_part(seed: int, numbers: range) -> list[tuple[int, Finding]]:
    return [(number, each) for number in numbers for each in run_case(seed, number)[2]]


def tell(seed: int, number: int, finding: Finding) -> None:
    """Write what was found, and the command line, so that nothing of it drives a terminal."""
    case, finished, _ = run_case(seed, number)
    lines = [
        f"seed {seed} case {number}: {finding.invariant}: {finding.where}",
        *(f"  {line}" for line in finding.detail.rstrip().split("\n")[-30:]),
        f"  casjob {shlex.join(case.words)}",
        f"  {case.settings}, {case.columns} columns, {case.encoding}; exit {finished.status}",
    ]
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(fuzz.main(sys.argv[1:], run_part, tell))
