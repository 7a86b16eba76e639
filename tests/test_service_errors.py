"""What a user is told when the service, or the way to it, does not do as it should."""

import math
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

import httpx
import pytest

from casjob.api.errors import NAME_HINT, explain_failure, explain_refusal
from casjob.api.response import Response, parse_http_date
from casjob.errors import ServiceError, SettingsError, TransientError
from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.service import Reply, Service

Ask = Callable[..., Finished]

COMMANDS = ["show", "tasks"]
AT_ONCE = {"Retry-After": "0"}
CONFIG = "casjob config shows where they are set"
CHECK_ALL = "check the arguments and the options; casjob config shows the effective settings"
LATER = "try again later; if it persists, give support the request id"
OTHER_SERVICE = "the endpoint may belong to another service; casjob config shows where it is set"
ANYBODYS = (
    "the endpoint may belong to another service, or a proxy may have responded;"
    " casjob config shows where it is set"
)
NO_REDIRECT = (
    "casjob does not follow redirects, so as not to leak credentials;"
    " set the endpoint to the service's actual address"
)
NO_API = (
    "the endpoint or the API version is wrong, or the API is not published in this region;"
    f" {CONFIG}"
)
WRONG_PLACE = (
    f"project {PROJECT_ID} is from CASJOB_PROJECT_ID, the endpoint from CASJOB_ENDPOINT;"
    " a wrong one is the usual cause"
)
CAN_NOT_BE_SENT = (
    "the request to host can't be sent: a part of it is too long, or contains characters that HTTP"
    " forbids"
)
LIMITS = "the limits are 200 requests in 5 minutes per user, and 5 a second per address"


def refusal(code: str, words: str = "no") -> dict[str, object]:
    return {"error_code": code, "error_msg": words}


# Each a reply, the exit status, what went wrong, what the service said, and the hint.
Row = tuple[Reply, int, str, str | None, str]


def refused(status: int, body: bytes | str | dict[str, object], said: str) -> Row:
    message = f"the service at PLACE refused the request (HTTP {status})"
    return Reply(status, body), 6, message, said, CHECK_ALL


# The shapes of error bodies, which any status may have.
SHAPES: dict[str, Row] = {
    "Message, Detail": refused(400, {"Message": "ECC00011", "Detail": "no"}, "ECC00011 no"),
    "error_code, error_msg": refused(400, refusal("A.1"), "A.1 no"),
    "error_code, error_message": refused(
        400, {"error_code": "A.1", "error_message": "no"}, "A.1 no"
    ),
    "errorCode, errorMessage": refused(400, {"errorCode": "A.1", "errorMessage": "no"}, "A.1 no"),
    "errorCode, errorMsg": refused(400, {"errorCode": "A.1", "errorMsg": "no"}, "A.1 no"),
    "code, message": refused(400, {"code": "A.1", "message": "no"}, "A.1 no"),
    "reason, message": refused(400, {"reason": "Invalid", "message": "no"}, "Invalid no"),
    "error, code, message": refused(400, {"error": {"code": "A.1", "message": "no"}}, "A.1 no"),
    "IAM's own": refused(
        400, {"error": {"code": 400, "message": "no", "title": "Bad Request"}}, "no"
    ),
    "a pair in a pair": refused(
        400,
        refusal("SVCSTG.00500404", '{"code":"VPC.0202","message":"Query failed."}'),
        "VPC.0202 Query failed., within SVCSTG.00500404",
    ),
    "a code around words": refused(
        400, {"error_code": "A.1", "error": {"message": "no"}}, "A.1 no"
    ),
    "words alone": refused(400, {"message": "no"}, "no"),
    "a code alone": refused(400, {"error_code": "A.1"}, "A.1"),
    "a pair of other types": refused(
        400, {"error_code": 5000, "error_msg": ["no", 1]}, '5000 ["no", 1]'
    ),
    "no pair": refused(400, {"status": "bad"}, '{"status": "bad"}'),
    "nothing": refused(400, {}, "(empty response)"),
    "an error_detail": refused(
        400, {**refusal("A.1"), "error_detail": "limit: 0"}, "A.1 no; limit: 0"
    ),
    "an error_detail that says no more": refused(
        400, {**refusal("A.1"), "error_detail": "no"}, "A.1 no"
    ),
    "null": refused(400, "null", "(empty response)"),
    "a list": refused(400, "[1]", "[1]"),
    "an empty body": refused(400, b"", "(empty response)"),
    "plain text": refused(400, "short and stout\n", "short and stout"),
    "not UTF-8": refused(400, b"caf\xe9", r"caf\xe9"),
    "UTF-8 with a mark": refused(400, b"\xef\xbb\xbf" + b'{"code":"A.1","message":"no"}', "A.1 no"),
    "Chinese": refused(400, refusal("A.1", "参数错误"), "A.1 参数错误"),
    "a page with a title": refused(
        400,
        "\n<html><head><TITLE lang=en>400 Bad\n Request</TITLE></head></html>",
        "a page of HTML, 400 Bad Request",
    ),
    "a page with an empty title": refused(400, "<title></title>", "an untitled HTML page"),
    "a page without a title": refused(400, "<h1>no</h1>", "an untitled HTML page"),
    "a page that never ends": refused(400, "<title>" * 200_000, "an untitled HTML page"),
    "brackets": refused(400, "[" * 10_000, "[" * 300 + "… (10000 characters)"),
    "a long text": refused(
        400, refusal("A.1", "x" * 500), "A.1 " + "x" * 296 + "… (504 characters)"
    ),
    "control characters": refused(
        400,
        refusal("\x1b[31mA", "a\r\nb\x00\u202e\x9b[red]x[/red]"),
        r"a\r\nb\x00\u202e\x9b[red]x[/red]",
    ),
}


def forbidden(code: str, hint: str) -> Row:
    message = f"not allowed to see job {JOB_ID} in project {PROJECT_ID} (PLACE)"
    return Reply(403, refusal(code)), 4, message, f"{code} no", hint


def unauthorized(code: str) -> Row:
    hint = "the token is from CASJOB_TOKEN; it has expired, or is for another region: get a new one"
    message = "the service at PLACE does not accept the credentials"
    return Reply(401, refusal(code)), 4, message, f"{code} no", hint


def failed(status: int, body: bytes | str | dict[str, object], said: str, hint: str = LATER) -> Row:
    message = f"the service at PLACE failed (HTTP {status})"
    return Reply(status, body, AT_ONCE), 6, message, said, hint


def anybodys(body: bytes | str | dict[str, object], said: str) -> Row:
    message = "the response from the service at PLACE (HTTP 404) has no error code of the service"
    return Reply(404, body), 6, message, said, ANYBODYS


MISSING = f"job {JOB_ID} was not found in project {PROJECT_ID} (PLACE)"

STATUSES: dict[str, Row] = {
    "400": refused(
        400,
        refusal("SVCSTG.00100400", "invalid parameter: limit"),
        "SVCSTG.00100400 invalid parameter: limit",
    ),
    "401": unauthorized("SVCSTG.00100401"),
    "401 wrong": unauthorized("APIGW.0301"),
    "401 expired": unauthorized("APIGW.0307"),
    "401 of the same family": unauthorized("APIG.0307"),
    "403": forbidden(
        "SVCSTG.00100403",
        "that requires the policy ServiceStage ReadOnlyAccess in the project; casjob config shows"
        " where the project is set",
    ),
    "403 user": forbidden("APIGW.0302", "this user may not call the API"),
    "403 app": forbidden("APIGW.0304", "this app may not call the API"),
    "403 access": forbidden("APIGW.0306", "access to the API is denied"),
    "403 project": forbidden("APIGW.0310", "the project is not available"),
    "403 region": forbidden("APIGW.0802", "the user is forbidden in this region"),
    "404 no job": (
        Reply(404, refusal("SVCSTG.00100429", "job not found")),
        5,
        MISSING,
        "SVCSTG.00100429 job not found",
        WRONG_PLACE,
    ),
    "404 a page": anybodys(
        "<html><title>404 Not Found</title></html>", "a page of HTML, 404 Not Found"
    ),
    "404 empty": anybodys(b"", "(empty response)"),
    "404 other codes": anybodys(
        {"code": 404, "reason": "NotFound", "message": "no"}, "NotFound no"
    ),
    "404 no API": (
        Reply(404, refusal("APIGW.0101", "The API does not exist")),
        3,
        "the service at PLACE has no such API",
        "APIGW.0101 The API does not exist",
        NO_API,
    ),
    "404 no API, other words": (
        Reply(404, {"error_code": "APIG.0101", "error": {"message": "The API does not exist"}}),
        3,
        "the service at PLACE has no such API",
        "APIG.0101 The API does not exist",
        NO_API,
    ),
    "405": refused(405, b"", "(empty response)"),
    "408": refused(408, b"", "(empty response)"),
    "499": refused(499, b"", "(empty response)"),
    "429": (
        Reply(429, refusal("APIGW.0308", "throttled"), AT_ONCE),
        6,
        "the service at PLACE: rate limit exceeded (HTTP 429)",
        "APIGW.0308 throttled",
        LIMITS,
    ),
    "429 without a code": (
        Reply(429, headers={"Retry-After": "7"}),
        6,
        "the service at PLACE: rate limit exceeded (HTTP 429)",
        "(empty response)",
        "try again in 7s, as the service asks",
    ),
    "500": failed(500, refusal("SVCSTG.00500000", "Internal"), "SVCSTG.00500000 Internal"),
    "502": failed(
        502, "<html><head><title>502 Bad Gateway</title></head>", "a page of HTML, 502 Bad Gateway"
    ),
    "503": failed(503, b"", "(empty response)"),
    "503 closed for an hour": (
        Reply(503, headers={"Retry-After": "3600"}),
        6,
        "the service at PLACE failed (HTTP 503)",
        "(empty response)",
        "try again in 3600s, as the service asks",
    ),
    "504": failed(504, b"\xff", r"\xff"),
    "599": failed(599, {}, "(empty response)"),
    "999": failed(999, {}, "(empty response)"),
    "302, no address": (
        Reply(302, headers={"Location": "http://elsewhere.example/\x7f["}),
        6,
        r"the service at PLACE redirects to http://elsewhere.example/\x7f[",
        "(empty response)",
        NO_REDIRECT,
    ),
    "301": (
        Reply(301, headers={"Location": "https://elsewhere.example/"}),
        6,
        "the service at PLACE redirects to https://elsewhere.example/",
        "(empty response)",
        NO_REDIRECT,
    ),
    "302 to a login page": (
        Reply(302, "<title>Moved</title>", {"Location": "/login?" + "x" * 1000}),
        6,
        "the service at PLACE redirects to /login?" + "x" * 293 + "… (1007 characters)",
        "a page of HTML, Moved",
        NO_REDIRECT,
    ),
    "304": refused(304, b"", "(empty response)"),
}


def not_json(body: bytes | str, why: str, said: str, status: int = 200) -> Row:
    what = f"not JSON: {why}" if why else "empty"
    message = f"the response from the service at PLACE is {what}"
    return Reply(status, body), 7, message, said, ANYBODYS


def beyond_limit(body: str, limit: str, hint: str = OTHER_SERVICE) -> Row:
    message = f"the response from the service at PLACE exceeds a limit of casjob: {limit}"
    return Reply(200, body), 7, message, None, hint


def not_a_job(body: bytes | str | dict[str, object], what: str, said: str | None = None) -> Row:
    return Reply(200, body), 7, f"the service's reply {what}", said, OTHER_SERVICE


NOT_UNDERSTOOD: dict[str, Row] = {
    "an empty body": not_json(b"", "", "(empty response)"),
    "204": not_json(b"", "", "(empty response)", status=204),
    "a login page": not_json(
        "<!DOCTYPE html><title>Log in</title>",
        "error at line 1, column 1",
        "a page of HTML, Log in",
    ),
    "not UTF-8": not_json(b"\xff\xfe", "error at line 1, column 1", r"\xff\xfe"),
    "cut JSON": not_json('{"job": {"JOB_ID": "J', "it ends too early", '{"job": {"JOB_ID": "J'),
    "NaN": not_json('{"task_count": NaN}', "NaN is not JSON", '{"task_count": NaN}'),
    "10,000 brackets": beyond_limit(
        "[" * 10_000 + "]" * 10_000, "nested more than 200 levels deep"
    ),
    "201 levels": beyond_limit(
        '{"job": ' + "[" * 200 + "]" * 200 + "}", "nested more than 200 levels deep"
    ),
    "a million objects": beyond_limit(
        f"[{'{},' * 500_000}{{}}]",
        "more than 1000000 commas and opening brackets",
        "casjob tasks --limit 5 requests fewer tasks",
    ),
    "a list": not_a_job("[]", "can't be understood: it is a list, not an object"),
    "null": not_a_job("null", "can't be understood: it is null, not an object"),
    "an empty object": not_a_job({}, "holds no job", "(empty response)"),
    "an error with HTTP 200": not_a_job(
        refusal("A.1", "\x1b[2Jno"), "holds no job", r"A.1 \x1b[2Jno"
    ),
    "job of another type": not_a_job(
        {"job": "x"}, "can't be understood: job is a string, not an object"
    ),
    "tasks of another type": not_a_job(
        {"job": {}, "tasks": "x"}, "can't be understood: tasks is a string, not a list"
    ),
    "a task of another type": not_a_job(
        {"job": {}, "tasks": [None, 5]}, "can't be understood: tasks[1] is a number, not an object"
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{group}: {name}")
        for group, rows in {"body": SHAPES, "status": STATUSES, "reply": NOT_UNDERSTOOD}.items()
        for name, row in rows.items()
    ],
)
def test_a_bad_response_is_an_error_of_a_few_lines(
    service: Service, ask: Ask, command: str, row: Row
) -> None:
    reply, status, message, said, hint = row
    # A second one, which stays where it is: nothing is tried again.
    service.script = [reply, Reply(418)]

    finished = ask(command, JOB_ID, "--api-version", "v2")

    place = service.url.removeprefix("http://")
    lines = [f"casjob: {message.replace('PLACE', place)}"]
    if said is not None:
        facts = f" (HTTP {reply.status}, request req-0001)" if hint != OTHER_SERVICE else ""
        lines.append(f"  the service said: {said}{facts}")
    lines.append(f"  hint: {hint}")
    assert finished == Finished(status, "", "".join(f"{line}\n" for line in lines))
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            Reply(400, {**refusal("A.1"), "request_id": "abc"}, {"X-Request-Id": ""}),
            "A.1 no (HTTP 400, request abc)",
        ),
        (
            Reply(400, {**refusal("A.1"), "request_id": "abc"}, {"X-Request-Id": "def"}),
            "A.1 no (HTTP 400, request def)",
        ),
        (
            Reply(400, {**refusal("A.1"), "request_id": 5}, {"X-Request-Id": ""}),
            "A.1 no (HTTP 400)",
        ),
        (Reply(400, "[]", {"X-Request-Id": ""}), "(empty response) (HTTP 400)"),
        (Reply(400, "no", {"X-Request-Id": ""}), "no (HTTP 400)"),
        (
            Reply(400, "no", {"X-Request-Id": "x" * 301}),
            "no (HTTP 400, request " + "x" * 300 + "… (301 characters))",
        ),
    ],
    ids=["body", "header before body", "another type", "list", "neither", "long"],
)
def test_the_request_s_id_is_shown_wherever_it_is(
    service: Service, ask: Ask, reply: Reply, said: str
) -> None:
    service.script = [reply]

    assert ask("show", JOB_ID).err.splitlines()[1] == f"  the service said: {said}"


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 409, 301, 302, 307, 308, 304, 204]
)
def test_a_permanent_failure_is_not_retried(service: Service, ask: Ask, status: int) -> None:
    service.handler = lambda _: Reply(status, headers={"Location": f"{service.url}/elsewhere"})

    finished = ask("show", JOB_ID, CASJOB_RETRIES="5")

    assert finished.status in {4, 5, 6, 7}
    assert "retrying" not in finished.err
    assert len(service.requests) == 1


def retries_of(finished: Finished) -> list[tuple[str, float, str]]:
    """Return what was told of each further try: why, in how many seconds, and which it is."""
    told = re.findall(r"casjob: (.*); retrying in ([\d.]+)s \((.*)\)\n", finished.err)
    return [(why, float(seconds), which) for why, seconds, which in told]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(429, headers=AT_ONCE), "the service at PLACE: rate limit exceeded (HTTP 429)"),
        (Reply(503, headers=AT_ONCE), "the service at PLACE failed (HTTP 503)"),
        (Reply(reset=True), "the connection to PLACE broke: Connection reset by peer"),
    ],
    ids=["429", "503", "reset"],
)
def test_a_transient_failure_is_retried_with_a_notice(
    service: Service, ask: Ask, reply: Reply, why: str
) -> None:
    calm = ask("show", JOB_ID)
    service.requests.clear()
    service.script = [reply]

    finished = ask("show", JOB_ID, CASJOB_RETRIES="1")

    place = service.url.removeprefix("http://")
    ((told, seconds, which),) = retries_of(finished)
    assert (told, which) == (why.replace("PLACE", place), "1 of 1")
    assert 0.2 <= seconds <= 0.5
    assert finished._replace(err="") == calm
    assert len(finished.err.splitlines()) == 1
    first, second = service.requests
    assert second.time - first.time >= 0.2
    assert (second.target, second.headers) == (first.target, first.headers)


def test_the_last_failure_is_the_error(service: Service, ask: Ask) -> None:
    service.handler = lambda _: Reply(503, refusal("APIGW.0613", "failed"), AT_ONCE)

    finished = ask("show", JOB_ID, CASJOB_RETRIES="1")

    place = service.url.removeprefix("http://")
    first, *others = finished.err.splitlines()
    assert (finished.status, finished.out) == (6, "")
    assert re.fullmatch(
        rf"casjob: the service at {place} failed \(HTTP 503\); retrying in 0\.\ds \(1 of 1\)", first
    )
    assert others == [
        f"casjob: the service at {place} failed (HTTP 503)",
        "  the service said: APIGW.0613 failed (HTTP 503, request req-0002)",
        f"  hint: {LATER}",
    ]
    assert len(service.requests) == 2


DATE = "Mon, 23 Nov 2026 08:00:12 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 2.0),
        (429, {"Retry-After": "soon"}, 2.0),
        (429, {"Retry-After": "0"}, 0.0),
        (429, {"Retry-After": "7"}, 7.0),
        (429, {"Date": DATE, "Retry-After": "Mon, 23 Nov 2026 08:00:15 GMT"}, 3.0),
        (429, {"Date": DATE, "Retry-After": "Mon, 23 Nov 2026 08:00:11 GMT"}, 0.0),
        (429, {"Retry-After": "Mon, 23 Nov 2020 08:00:11 GMT"}, 0.0),
        (503, {}, None),
        (503, {"Retry-After": "soon"}, None),
        (503, {"Retry-After": "-1"}, None),
        (503, {"Retry-After": "1.5"}, None),
        (503, {"Retry-After": "²"}, None),
        (503, {"Retry-After": "7"}, 7.0),
        (503, {"Retry-After": "9" * 400}, math.inf),
    ],
)
def test_how_long_the_service_asks_to_wait(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    error = explain_refusal(
        Response(status, httpx.Headers(list(headers.items()), encoding="utf-8"), b""),
        service="the service",
        refusals={},
    )

    assert isinstance(error, TransientError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "retry_after",
    ["61", "9" * 400, "Mon, 23 Nov 2026 08:01:13 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"],
)
def test_a_service_that_asks_for_more_than_a_minute_is_given_up(
    service: Service, ask: Ask, retry_after: str
) -> None:
    headers = {"Date": DATE, "Retry-After": retry_after}
    service.script = [Reply(503, headers=headers)]

    finished = ask("show", JOB_ID, CASJOB_RETRIES="3")

    assert finished.status == 6
    assert re.search(
        r"^  hint: try again in \S+s, as the service asks$", finished.err, re.MULTILINE
    )
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "value",
    ["", "today", "Mon, 23 Nov 2026", "Mon, 99 Nov 2026 08:00:12 GMT", "0 0 0", "\x00", "é" * 99],
)
def test_what_is_not_an_http_date_is_none(value: str) -> None:
    assert parse_http_date(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 23 Nov 2026 08:00:12 GMT",
        "Mon, 23 Nov 2026 08:00:12",
        "Mon, 23 Nov 2026 08:00:12 -0000",
        "Mon, 23 Nov 2026 16:00:12 +0800",
        "Monday, 23-Nov-26 08:00:12 GMT",
    ],
)
def test_an_http_date_is_in_utc(value: str) -> None:
    moment = parse_http_date(value)

    assert moment is not None
    assert moment.isoformat() == "2026-11-23T08:00:12+00:00"


# The way to the service.


REACH = "  hint: check the network, the VPN and the proxy settings\n"


@pytest.mark.parametrize(
    ("number", "kind", "hint", "reason"),
    [
        (
            socket.EAI_NONAME,
            ServiceError,
            f"is the region or the endpoint spelled right? {CONFIG}",
            "there is no such host",
        ),
        (
            socket.EAI_AGAIN,
            TransientError,
            "check the network, the VPN and the proxy settings",
            "no such name",
        ),
    ],
)
def test_only_a_name_server_s_silence_is_retried(
    number: int, kind: type[ServiceError], hint: str, reason: str
) -> None:
    failure = httpx.ConnectError("no such name")
    failure.__cause__ = socket.gaierror(number, "no such name")

    error = explain_failure(failure, peer="host", timeout=1, total=4, name_hint=NAME_HINT)

    assert type(error) is kind
    assert error.message == f"can't connect to host: {reason}"
    assert error.hint == hint


@pytest.mark.parametrize(
    ("failure", "kind", "message"),
    [
        (httpx.ConnectTimeout(""), TransientError, "no connection to host within 1.5s"),
        (httpx.PoolTimeout(""), TransientError, "no connection to host within 1.5s"),
        (httpx.WriteTimeout(""), TransientError, "host did not respond within 1.5s"),
        (httpx.ConnectError(""), TransientError, "can't connect to host: ConnectError"),
        (
            httpx.LocalProtocolError("Illegal header value b'a secret'"),
            SettingsError,
            CAN_NOT_BE_SENT,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_failures_that_loopback_does_not_have(
    failure: httpx.HTTPError, kind: type[Exception], message: str
) -> None:
    error = explain_failure(failure, peer="host", timeout=1.5, total=6, name_hint=NAME_HINT)

    assert type(error) is kind
    assert error.message == message
    assert error.hint


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x16\x03\x01\x1b[2J\r\n\r\n"])
def test_a_service_that_speaks_another_protocol(ask: Ask, answer: bytes) -> None:
    with _speaking(answer) as place:
        finished = ask("show", JOB_ID, CASJOB_ENDPOINT=f"http://{place}")

    assert (finished.status, finished.out) == (6, "")
    first, second = finished.err.splitlines()
    assert first.startswith(f"casjob: the connection to {place} broke: illegal status line: ")
    assert second == f"  hint: {OTHER_SERVICE}"
    assert "\x1b" not in finished.err


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"x" * 60_000 + b"\r\n\r\n", "broke: illegal status line: bytearray(b'xxx"),
        (b"HTTP/1.1 200 OK\r\n" + b"x" * 60_000 + b"\r\n\r\n", "broke: illegal header line: "),
        (b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 60_000 + b"\r\n\r\n", "redirects to /xxx"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: " + b"x" * 60_000 + b"\r\n\r\n",
            "is encoded as xxx",
        ),
        (
            b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nX-Request-Id: " + b"x" * 60_000 + b"\r\n\r\n",
            "(HTTP 500, request xxx",
        ),
        (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 60_000, "the service said: xxx"),
        (
            b"HTTP/1.1 500 No\r\n\r\n<title>" + b"x" * 4000 + b"</title>",
            "the service said: a page of HTML, xxx",
        ),
        (
            b'HTTP/1.1 200 OK\r\n\r\n{"error_msg": "' + b"x" * 60_000 + b'"}',
            "the service said: xxx",
        ),
    ],
    ids=["status line", "header", "Location", "coding", "request id", "text", "page", "JSON"],
)
def test_what_is_quoted_of_a_response_is_cut(ask: Ask, answer: bytes, message: str) -> None:
    with _speaking(answer) as place:
        finished = ask("show", JOB_ID, "-v", CASJOB_ENDPOINT=f"http://{place}")

    assert finished.status in {6, 7}
    assert message in finished.err
    assert re.search(r"… \(\d+ characters\)", finished.err)
    assert max(len(line) for line in finished.err.splitlines()) < 600


@contextmanager
def _speaking(answer: bytes) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def test_a_proxy_that_refuses(service: Service, ask: Ask) -> None:
    finished = ask(
        "show",
        JOB_ID,
        CASJOB_ENDPOINT="https://servicestage.cn-north-4.myhuaweicloud.com",
        HTTPS_PROXY=service.url.replace("http://", "http://someone:a-password@"),
    )

    assert finished == Finished(
        6,
        "",
        "casjob: can't connect to servicestage.cn-north-4.myhuaweicloud.com"
        f" (through the proxy {service.url.removeprefix('http://')} of HTTPS_PROXY):"
        f" HTTP 501 Not Implemented\n{REACH}",
    )


# All of them.


def test_no_secret_and_no_escape_is_in_any_error(
    service: Service, casjob: Casjob, at_service: dict[str, str]
) -> None:
    token = "MIIabc-DEF_0123456789+/=="  # noqa: S105 - made up
    environ = {**at_service, "CASJOB_TOKEN": token}
    for reply, *_ in chain(SHAPES.values(), STATUSES.values()):
        service.script = [reply]
        words = ["show", JOB_ID, "--api-version", "v2", "--color", "always"]
        finished = casjob(*words, environ=environ, columns=80)
        assert finished.out == ""
        assert token not in finished.err
        assert "Traceback" not in finished.err
        assert finished.err.count("\n") <= 3
        assert re.sub("\x1b\\[[0-9;]*m|\n", "", finished.err).isprintable()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_secret_that_the_service_repeats_is_masked(
    service: Service, ask: Ask, status: int
) -> None:
    token = "MIIabc-DEF_0123456789+/=="  # noqa: S105 - made up
    service.script = [Reply(status, refusal("A.1", f"no such token: {token}"))]

    finished = ask("show", JOB_ID, CASJOB_TOKEN=token)

    assert f"A.1 no such token: **** (HTTP {status}, request req-0001)" in finished.err
    assert token not in finished.err
