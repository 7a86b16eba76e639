"""How every command ends at every fault, as a table for people: tests/data/faults.txt.

Each entry is a fault, and how the commands end that meet it: the exit status, then stdout after
`|`, then stderr. For `config --check`, stdout begins after the steps that went well.

The commands write to a pipe. watch, which draws on a terminal, also meets every fault there; the
others print the same on both, as a test on a real terminal shows with one fault per command.
wait and watch give up after 10 failures in a row, which takes long if the fault is slow: they meet
such faults once. Faults in responses meet list COMPONENT when it requests the deployments, stats
when it requests jobs, and logs when it requests builds; and on page 2 of 3, logs has a part of a
log.

Run with `--write-faults`, without `-n`, to regenerate the table; then review it.
"""

import datetime as dt
import gzip
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, partial
from itertools import count, dropwhile
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pyte
import pytest
import trustme

from casjob.demo.replies import BuildDocument
from tests.components import component, record
from tests.conftest import JOB_ID, OTHER_JOB_ID, PROJECT_ID, Casjob, Finished
from tests.following import QUICKLY
from tests.program import CASJOB, MEASURED
from tests.proxy import Proxy
from tests.samples import as_document, job, task
from tests.service import Recorded, Reply, Service, documented_job, many_tasks
from tests.terminal import Terminal

TABLE = Path(__file__).parent / "data" / "faults.txt"

COMMANDS = {
    "show": ("show", JOB_ID),
    "show --component": ("show", "--component", "web"),
    "tasks": ("tasks", JOB_ID),
    "explain": ("explain",),
    "diff": ("diff", JOB_ID, OTHER_JOB_ID),
    "diff --component": ("diff", "--component", "web"),
    "list": ("list",),
    "list COMPONENT": ("list", "web"),
    "stats": ("stats", "web"),
    "logs": ("logs", JOB_ID),
    "wait": ("wait", JOB_ID, *QUICKLY),
    "watch": ("watch", JOB_ID, *QUICKLY),
    "config --check": ("config", "--check"),
}
FOLLOWING = ("wait", "watch")
COLUMNS, ROWS = 300, 24

BUILD: BuildDocument = {
    "build": {
        "build_id": "b1",
        "job_id": "build-job-1",
        "job_name": "web",
        "index": 1,
        "started_at": "2020-02-04 04:01:10 +0000 UTC",
        "ended_at": "2020-02-04 04:01:30 +0000 UTC",
        "build_state": "Failed",
    },
    "phases": {"Build": "Failed"},
    "log": "Starting...\ncart.c:3:10: fatal error: price.h: No such file or directory\nDone\n",
}
LOG_PART = 30
"""Characters: the log has three parts."""

NEVER = "0.2"
"""Seconds to wait for what never comes."""
SHORT = "0.3"
"""Seconds that a busy machine does not let pass from one byte to the next."""
LONGER = "0.3"
"""Nor from a request to its whole response."""
SETTINGS = {
    "CASJOB_PROJECT_ID": PROJECT_ID,
    "CASJOB_TOKEN": "a-token",
    "CASJOB_RETRIES": "0",
    "CASJOB_JOB_ID": JOB_ID,
    "CASJOB_HISTORY": "off",
}


class Rig(NamedTuple):
    """What a fault is made of.

    Args:
        command: the one that meets it.
        authority: signs certificates.
        bundle: the file with its own certificate.
        patch: undone after the test.
        is_well: whether all goes well instead, for comparison.
    """

    command: str
    authority: trustme.CA
    bundle: str
    patch: pytest.MonkeyPatch
    is_well: bool = False


Settings: TypeAlias = Mapping[str, str]
Fault: TypeAlias = Callable[[Rig], AbstractContextManager[Settings]]


@contextmanager
def serving(rig: Rig, spoil: Callable[[Recorded], Reply | None]) -> Iterator[Service]:
    """Run a service, some of whose replies are spoilt."""
    with Service() as service:
        service.handler = (lambda _: None) if rig.is_well else spoil
        yield service


# At connect


@contextmanager
def refuse_connections(_: Rig) -> Iterator[Settings]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield {"CASJOB_ENDPOINT": f"http://127.0.0.1:{taken.getsockname()[1]}"}


@contextmanager
def fail_to_resolve(rig: Rig) -> Iterator[Settings]:
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with rig.patch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield {"CASJOB_ENDPOINT": "https://servicestage.example.com"}


@contextmanager
def accept_no_connection(_: Rig) -> Iterator[Settings]:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # Linux drops the packets of those that come when the queue is full.
        stack.enter_context(socket.create_connection(server.getsockname()))
        yield {
            "CASJOB_ENDPOINT": f"http://127.0.0.1:{server.getsockname()[1]}",
            "CASJOB_REQUEST_TIMEOUT": NEVER,
        }


# TLS and proxies


@contextmanager
def show_certificate(
    rig: Rig,
    *,
    host: str = "127.0.0.1",
    not_after: dt.datetime | None = None,
    is_trusted: bool = True,
) -> Iterator[Settings]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    rig.authority.issue_cert(host, not_after=not_after).configure_cert(context)
    with Service(ssl_context=context) as service:
        trusted = {"CASJOB_CA_BUNDLE": rig.bundle} if is_trusted else {}
        yield {"CASJOB_ENDPOINT": service.url, **trusted}


@contextmanager
def speak_plain_http(rig: Rig) -> Iterator[Settings]:
    with serving(rig, lambda _: None) as service:
        yield {"CASJOB_ENDPOINT": service.url.replace("http:", "https:")}


@contextmanager
def refuse_tunnel(_: Rig, *, status: int) -> Iterator[Settings]:
    with Proxy() as proxy:
        proxy.refusal = status
        yield {"CASJOB_ENDPOINT": "https://servicestage.example.com", "HTTPS_PROXY": proxy.url}


@contextmanager
def refuse_proxy_connections(rig: Rig) -> Iterator[Settings]:
    with refuse_connections(rig) as settings:
        endpoint = "https://servicestage.example.com"
        yield {"CASJOB_ENDPOINT": endpoint, "HTTPS_PROXY": settings["CASJOB_ENDPOINT"]}


# In responses


@contextmanager
def respond(rig: Rig, *, reply: Reply, timeout: str | None = None) -> Iterator[Settings]:
    """Respond to each request, but for those on the way to what the command shows."""
    times = count_times(rig, is_slow=timeout is not None)

    def spoil(request: Recorded) -> Reply | None:
        return reply if is_meant(request) and next(times, None) is not None else None

    def is_meant(request: Recorded) -> bool:
        match rig.command:
            case "list COMPONENT":
                return not request.path.endswith("/components")
            case "stats":
                return "/jobs/" in request.path
            case "logs":
                return request.path.startswith("/assembling/")
            case _:
                return True

    with serving(rig, spoil) as service:
        service.jobs = {JOB_ID: documented_job(), OTHER_JOB_ID: many_tasks(3)}
        service.components = [component(1, "web", record(JOB_ID, OTHER_JOB_ID), job_id=JOB_ID)]
        service.builds = [BUILD]
        yield {"CASJOB_ENDPOINT": service.url, "CASJOB_REQUEST_TIMEOUT": timeout or "9"}


@contextmanager
def respond_to_page(rig: Rig, *, reply: Reply, is_slow: bool = False) -> Iterator[Settings]:
    """Respond to each request for the second of three pages: of tasks, or of what else is listed.

    On the way to a job or to deployments, there is one page of components.
    """
    times = count_times(rig, is_slow=is_slow)

    def spoil(request: Recorded) -> Reply | None:
        if rig.command == "logs":
            is_second = request.path.endswith("/logs") and request.query["from"] != ["0"]
        else:
            is_second = request.query["offset"] == request.query["limit"]
        return reply if is_second and next(times, None) is not None else None

    with serving(rig, spoil) as service:
        service.jobs = {JOB_ID: many_tasks(150, 150), OTHER_JOB_ID: many_tasks(150)}
        web = component(0, "web", *[record(OTHER_JOB_ID)] * 250, job_id=JOB_ID)
        others = [component(each, f"c{each}") for each in range(1, 250)]
        service.components = [web, *(others if rig.command == "list" else ())]
        service.builds, service.log_part = [BUILD], LOG_PART
        yield {"CASJOB_ENDPOINT": service.url, "CASJOB_REQUEST_TIMEOUT": LONGER}


@contextmanager
def respond_to_poll(rig: Rig, *, reply: Reply, is_for_ever: bool = False) -> Iterator[Settings]:
    """Respond to the second poll of a running job, and perhaps to all after that."""
    documents = [
        as_document(job("RUNNING", task(1), task(2, "SUBMITTED"))),
        as_document(job("SUCCEEDED", task(1), task(2))),
    ]

    def spoil(_: Recorded) -> Reply | None:
        poll = len(service.requests)
        return reply if poll == 2 or (poll > 2 and is_for_ever) else None

    def move_on(request: Recorded) -> Reply | None:
        service.jobs[JOB_ID] = documents[len(service.requests) > 1]
        return well_or_not(request)

    with serving(rig, spoil) as service:
        well_or_not, service.handler = service.handler, move_on
        yield {"CASJOB_ENDPOINT": service.url, "CASJOB_REQUEST_TIMEOUT": LONGER}


def count_times(rig: Rig, *, is_slow: bool) -> Iterator[int]:
    """Return an iterator with an item for each time that a command meets a fault."""
    return iter(range(1)) if is_slow and rig.command in FOLLOWING else count()


def refusal(code: str, message: str) -> dict[str, object]:
    return {"error_code": code, "error_msg": message}


@cache
def make_too_large() -> Reply:
    return Reply(body=gzip.compress(b" " * (65 << 20), 1), headers={"Content-Encoding": "gzip"})


BODY = Reply(body={**documented_job()}).content
AT_ONCE = {"Retry-After": "0"}
RESET = Reply(reset=True)
SILENT = Reply(delay=60)
CUT = Reply(body=BODY, truncate=100)
NOT_JSON = Reply(body="<!DOCTYPE html><title>Log in</title>")
STATUSES = {
    "400": Reply(400, refusal("SVCSTG.00100400", "invalid parameter: limit")),
    "401": Reply(401, refusal("APIGW.0301", "Incorrect IAM authentication information")),
    "403": Reply(403, refusal("APIGW.0302", "The user is not allowed")),
    "404": Reply(404, refusal("SVCSTG.00100429", "job not found")),
    "429": Reply(429, refusal("APIGW.0308", "The throttling threshold is reached"), AT_ONCE),
    "500": Reply(500, refusal("SVCSTG.00500000", "Internal error")),
    "502": Reply(502, "<html><title>502 Bad Gateway</title>"),
    "503": Reply(503, refusal("APIGW.0613", "The backend is unavailable")),
    "504": Reply(504),
}
SOON = {"reset": RESET, "cut": CUT, "not JSON": NOT_JSON} | {
    each: STATUSES[each] for each in ("401", "403", "404", "429", "500")
}

FAULTS: dict[str, Fault] = {
    "connect: refused": refuse_connections,
    "connect: unknown host": fail_to_resolve,
    "connect: no response": accept_no_connection,
    "TLS: unknown authority": partial(show_certificate, is_trusted=False),
    "TLS: expired": partial(show_certificate, not_after=dt.datetime(2020, 2, 4, tzinfo=dt.UTC)),
    "TLS: another host": partial(show_certificate, host="elsewhere.example.com"),
    "TLS: plain http": speak_plain_http,
    "proxy: refused": refuse_proxy_connections,
    "proxy: 407": partial(refuse_tunnel, status=407),
    "proxy: 403": partial(refuse_tunnel, status=403),
    "proxy: 502": partial(refuse_tunnel, status=502),
    "proxy: closes the tunnel": partial(refuse_tunnel, status=200),
    "before headers: reset": partial(respond, reply=RESET),
    "before headers: closed": partial(respond, reply=Reply(raw=b"")),
    "before headers: silent": partial(respond, reply=SILENT, timeout=NEVER),
    "in headers: garbage": partial(respond, reply=Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
    "in headers: closed": partial(respond, reply=Reply(raw=b"HTTP/1.1 200 OK\r\nContent-")),
    "in headers: dripping": partial(
        respond, reply=Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 999, drip=0.01), timeout=SHORT
    ),
    "in body: cut": partial(respond, reply=CUT),
    "in body: reset": partial(
        respond, reply=Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", reset=True)
    ),
    "in body: silent": partial(respond, reply=Reply(body=BODY, drip=60), timeout=NEVER),
    "in body: dripping": partial(respond, reply=Reply(body=BODY, drip=0.01), timeout=SHORT),
    "in body: unknown encoding": partial(
        respond, reply=Reply(body=BODY, headers={"Content-Encoding": "br"})
    ),
    "in body: broken gzip": partial(
        respond, reply=Reply(body=BODY, headers={"Content-Encoding": "gzip"})
    ),
    "in body: not JSON": partial(respond, reply=NOT_JSON),
    "in body: empty": partial(respond, reply=Reply()),
    "in body: another object": partial(respond, reply=Reply(body={"status": "ok"})),
    "in body: too large": lambda rig: respond(rig, reply=make_too_large(), timeout="9"),
    **{f"status: {status}": partial(respond, reply=reply) for status, reply in STATUSES.items()},
    "status: 404, no such API": partial(
        respond, reply=Reply(404, refusal("APIGW.0101", "The API does not exist"))
    ),
    "status: 404, another server": partial(
        respond, reply=Reply(404, "<html><title>404 Not Found</title>")
    ),
    "status: 302": partial(
        respond, reply=Reply(302, headers={"Location": "https://elsewhere.example.com/"})
    ),
    "page 2 of 3: silent": partial(respond_to_page, reply=SILENT, is_slow=True),
    **{
        f"page 2 of 3: {name}": partial(respond_to_page, reply=reply)
        for name, reply in SOON.items()
    },
    "poll 2: silent once": partial(respond_to_poll, reply=SILENT),
    **{
        f"poll 2: {name} {often}": partial(
            respond_to_poll, reply=reply, is_for_ever=often == "for ever"
        )
        for often in ("once", "for ever")
        for name, reply in SOON.items()
    },
}


ON_A_REAL_TERMINAL = {
    "show": "connect: refused",
    "show --component": "before headers: reset",
    "tasks": "in body: not JSON",
    "explain": "before headers: closed",
    "diff": "page 2 of 3: 500",
    "diff --component": "in body: broken gzip",
    "list": "status: 302",
    "list COMPONENT": "status: 403",
    "stats": "status: 404",
    "logs": "in body: empty",
    "wait": "status: 503",
    "watch on a terminal": "status: 401",
    "config --check": "TLS: unknown authority",
}


def commands_that_meet(fault: str) -> list[str]:
    commands = [*COMMANDS, "watch on a terminal"]
    match fault.partition(":")[0]:
        case "poll 2":
            return [each for each in commands if each.startswith(FOLLOWING)]
        case "page 2 of 3":
            return [each for each in commands if each != "config --check"]
        case _:
            return commands


# What a command prints, in the table.

# What differs from run to run, or with the versions of Python and OpenSSL.
VARYING = {
    r"127\.0\.0\.1:\d+": "127.0.0.1:PORT",
    r"req-\d+": "req-N",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ": "TIME ",
    r"RUNNING for [\ddhms ]+": "RUNNING for TIME ",
    r"this machine is \d+s (ahead of|behind) ": r"this machine is Ns ahead of ",
    r"the certificate expires on [\d-]+": "the certificate expires on DATE",
    # Debian 12's Python has other words than later ones.
    r"(?:\[SSL: |TLS/SSL connection has been closed).*?\(_ssl\.c:\d+\)": "[SSL: …]",
}


IS_WELL = re.compile(r"\S+ +ok ").match
"""Of a line of config --check."""
MOST_LINES = 4
"""Of stdout; of more, the first one is in the table."""


def draw(text: str) -> list[str]:
    """Return the lines that a terminal shows in the end."""
    # pyte has one screen only: leave out what was on the alternate one.
    text = text.rpartition("\x1b[?1049l")[2]
    if "\x1b" in text:
        screen = pyte.Screen(COLUMNS, ROWS)
        pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
        text = "\n".join(screen.display)
    lines = [line.rstrip() for line in text.split("\n")]
    return [line for line in lines if line]


def describe(finished: Finished, well: Finished | None) -> str:
    """Return what a command wrote, in the lines of the table."""
    out, err = (draw(mask(text)) for text in (finished.out, finished.err))
    if well and well.status == finished.status and draw(mask(well.out)) == out:
        out = ["as without the fault"]
    out = list(dropwhile(IS_WELL, out))
    if "larger than" in finished.err:
        # It takes a while to read, in which a busy machine draws once, and an idle one does not.
        out = [line for line in out if not line.endswith("nothing is known yet")]
    if len(out) > MOST_LINES:
        out[1:] = [f"… and {len(out) - 1} more lines"]
    return "\n".join([*(f"  | {line}" for line in out), *(f"    {line}" for line in err)])


def mask(text: str) -> str:
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text


def make_entry(fault: str, ran: Mapping[str, tuple[int, str]]) -> str:
    """Return the table's entry: the commands that end alike, then how they do."""
    alike: dict[tuple[int, str], list[str]] = {}
    for command, end in ran.items():
        alike.setdefault(end, []).append(command)
    ends = [f"  {status}: {', '.join(named)}\n{text}" for (status, text), named in alike.items()]
    return "\n".join([fault, *map(str.rstrip, ends)])


def find_end(entry: str, command: str) -> list[str]:
    """Return how a command ends by an entry of the table: its status, then the lines it wrote."""
    _, *ends = re.split(r"^  (?=\d)", entry, flags=re.MULTILINE)
    (end,) = (each for each in ends if command in re.split(": |, ", each.partition("\n")[0]))
    head, *lines = end.rstrip("\n").split("\n")
    return [head.partition(":")[0], *(line[4:] for line in lines)]


def read_table() -> dict[str, str]:
    entries = TABLE.read_text().rstrip("\n").split("\n\n") if TABLE.exists() else []
    return {each.partition("\n")[0]: each for each in entries}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def rig(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return Rig("", authority, str(path), monkeypatch)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_each_command_as_the_table_says(
    casjob: Casjob, rig: Rig, fault: str, request: pytest.FixtureRequest
) -> None:
    def run(command: str, *, is_well: bool = False) -> Finished:
        name = command.removesuffix(" on a terminal")
        columns = COLUMNS if command != name else None
        with FAULTS[fault](rig._replace(command=name, is_well=is_well)) as settings:
            environ = {**SETTINGS, "LINES": str(ROWS), **settings}
            return casjob(*COMMANDS[name], environ=environ, columns=columns)

    ran = {}
    for command in commands_that_meet(fault):
        finished = run(command)
        ended = finished.status in {0, 1} and command.startswith(FOLLOWING)
        ran[command] = (
            finished.status,
            describe(finished, run(command, is_well=True) if ended else None),
        )
    table = read_table()
    if request.config.getoption("write_faults"):
        table[fault] = make_entry(fault, ran)
        TABLE.write_text("\n\n".join(table[each] for each in FAULTS if each in table) + "\n")
    assert make_entry(fault, ran) == table[fault]


@pytest.mark.parametrize(("command", "fault"), ON_A_REAL_TERMINAL.items())
def test_a_real_terminal_shows_what_the_table_says(
    rig: Rig, clean_environ: dict[str, str], command: str, fault: str
) -> None:
    name = command.removesuffix(" on a terminal")
    with FAULTS[fault](rig._replace(command=name)) as settings:
        environ = {**clean_environ, "LANG": "C.UTF-8", **MEASURED, **SETTINGS, **settings}
        words = [CASJOB, *COMMANDS[name]]
        with Terminal(words, environ, columns=COLUMNS, rows=ROWS) as terminal:
            status, lines = terminal.finish()

    shown = list(dropwhile(IS_WELL, mask("\n".join(lines)).split("\n")))
    assert [str(status), *shown] == find_end(read_table()[fault], command)
