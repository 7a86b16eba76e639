import hashlib
import hmac
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qsl, quote, unquote

import pytest

from casjob.api.auth import AccessKey, Credential, Renewed, Token
from casjob.api.client import Client, Request
from casjob.api.pace import RetryPolicy
from casjob.errors import AuthenticationError, ServiceError
from tests.service import Recorded, Reply, Service

KEY = AccessKey("AKEXAMPLE", "SKEXAMPLE", origin="CASJOB_ACCESS_KEY")
TEMPORARY_KEY = AccessKey("AKEXAMPLE", "SKEXAMPLE", "ST-EXAMPLE+/=", origin="CASJOB_ACCESS_KEY")


def send(
    service: Service,
    auth: Credential,
    path: str = "/jobs",
    *,
    prefix: str = "",
    project_id: str = "",
    params: dict[str, str] | None = None,
    retries: int = 0,
) -> None:
    retry = RetryPolicy(retries=retries, first_wait=0, longest_wait=0)
    url = service.url + prefix
    with closing(Client(url, auth=auth, timeout=5, retry=retry, project_id=project_id)) as client:
        request = Request("GET", path, params)
        client.send(request, lambda document, _: document)


CREDENTIALS = [
    (Token("SECRET-1", origin="CASJOB_TOKEN"), "SECRET-1"),
    (AccessKey("AK", "SECRET-1", origin="CASJOB_ACCESS_KEY"), "AK"),
    (AccessKey("AK", "SECRET-1", "SECRET-2", origin="CASJOB_ACCESS_KEY"), "AK"),
]


@pytest.mark.parametrize(("credential", "account"), CREDENTIALS)
def test_a_credential_knows_its_account(credential: Credential, account: str) -> None:
    assert credential.account == account


@pytest.mark.parametrize("credential", [credential for credential, _ in CREDENTIALS])
def test_no_secret_is_in_what_a_traceback_or_a_log_would_show(credential: Credential) -> None:
    assert "SECRET" not in f"{credential!r} {credential}"


@pytest.fixture
def answering(service: Service) -> Service:
    service.handler = lambda _: None if service.script else Reply(200, "{}")
    return service


def signature_as_the_guide_says(request: Recorded, secret_key: str) -> str:
    """Sign what came, by the signing guide's words and with no line of casjob's."""
    listed = re.search(r"SignedHeaders=([^,]*)", request.headers["Authorization"])
    assert listed is not None
    names = listed[1].split(";")
    assert names == sorted(names)
    path, _, query = request.target.partition("?")
    segments = [quote(unquote(segment), safe="-._~") for segment in path.split("/")]
    uri = "/".join(segments)
    pairs = sorted(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    canonical_query = "&".join(f"{quote(k, safe='-._~')}={quote(v, safe='-._~')}" for k, v in pairs)
    # The gateway signs what came: the query must have come in its canonical form.
    assert query == canonical_query
    lines = [
        request.method,
        uri if uri.endswith("/") else uri + "/",
        canonical_query,
        *(f"{name}:{request.headers[name].strip()}" for name in names),
        "",
        ";".join(names),
        hashlib.sha256(request.body).hexdigest(),
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    to_sign = f"SDK-HMAC-SHA256\n{request.headers['X-Sdk-Date']}\n{digest}"
    signature = hmac.new(secret_key.encode(), to_sign.encode(), "sha256").hexdigest()
    return (
        f"SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders={';'.join(names)}, Signature={signature}"
    )


@pytest.mark.parametrize(
    ("prefix", "path", "params"),
    [
        ("", "/v2/063a/cas/jobs/JOB1", None),
        ("", "/v2/063a/cas/jobs/JOB1", {"limit": "5", "desc": "true"}),
        ("", "/v3/projects", {"name": "cn-north-4"}),
        ("/gate/way", "/v2/063a/cas/jobs/JOB1", {"offset": "0"}),
        ("/a%20b+c/", "/v2/063a", {"instance_id": ""}),
        ("", "/v2/p%20123/JOB%2B1%20%C3%A9~a*(x)!", {"instance_id": "a b/c+d=e&f~g*(x)!%41"}),
        ("", "/v2/%E4%BD%9C%E4%B8%9A/", {"instance_id": "作业 ⚙ '\"<>;:@?#[]|\\"}),
        ("/", "/", None),
    ],
)
def test_what_is_signed_is_what_is_sent(
    answering: Service, prefix: str, path: str, params: dict[str, str] | None
) -> None:
    send(answering, KEY, path, prefix=prefix, params=params)

    (request,) = answering.requests
    expected = signature_as_the_guide_says(request, "SKEXAMPLE")
    assert request.headers["Authorization"] == expected
    assert request.headers["Host"] == answering.url.removeprefix("http://")
    assert {name: values[0] for name, values in request.query.items()} == (params or {})


def test_a_project_and_a_security_token_are_sent_and_signed(answering: Service) -> None:
    send(answering, TEMPORARY_KEY, project_id="063a")

    (request,) = answering.requests
    assert request.headers["X-Project-Id"] == "063a"
    assert request.headers["X-Security-Token"] == "ST-EXAMPLE+/="
    assert "=host;x-project-id;x-sdk-date;x-security-token," in request.headers["Authorization"]
    expected = signature_as_the_guide_says(request, "SKEXAMPLE")
    assert request.headers["Authorization"] == expected


def test_neither_is_sent_by_default(answering: Service) -> None:
    send(answering, KEY)

    (request,) = answering.requests
    assert not {"x-project-id", "x-security-token", "x-auth-token"} & request.headers.keys()
    assert "SignedHeaders=host;x-sdk-date," in request.headers["Authorization"]


def test_each_retry_is_signed_anew(answering: Service) -> None:
    begin = datetime(2020, 2, 4, 4, 1, 3, tzinfo=UTC)
    seconds = count()
    answering.script = [Reply(503), Reply(500), Reply(reset=True)]

    key = AccessKey(
        "AKEXAMPLE",
        "SKEXAMPLE",
        origin="CASJOB_ACCESS_KEY",
        clock=lambda: begin + timedelta(seconds=next(seconds)),
    )
    send(answering, key, params={"limit": "5"}, retries=3)

    dates = [request.headers["X-Sdk-Date"] for request in answering.requests]
    assert dates == [f"20200204T04010{second}Z" for second in range(3, 7)]
    for request in answering.requests:
        expected = signature_as_the_guide_says(request, "SKEXAMPLE")
        assert request.headers["Authorization"] == expected


def test_a_request_is_signed_with_the_present_time(answering: Service) -> None:
    send(answering, KEY)

    sent = answering.requests[0].headers["X-Sdk-Date"]
    moment = datetime.strptime(sent, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_a_temporary_credential_is_got_anew_before_it_expires(answering: Service) -> None:
    first, second = (Token(f"token-{number}", origin="a program") for number in (1, 2))
    now = datetime.now(UTC)
    renewals = iter([(second, now + timedelta(hours=1))])

    def renew() -> tuple[Credential, datetime | None]:
        return next(renewals)

    lasting = Renewed(first, now + timedelta(hours=1), renew)
    ending = Renewed(first, now + timedelta(seconds=50), renew)
    for credential in (lasting, ending, ending):
        send(answering, credential)

    assert (ending.account, ending.refusal_hint) == (first.account, first.refusal_hint)
    sent = [request.headers["X-Auth-Token"] for request in answering.requests]
    assert sent == ["token-1", "token-2", "token-2"]


def test_a_token_of_16_kb_is_sent(answering: Service) -> None:
    send(answering, Token("t" * 16 * 1024, origin="CASJOB_TOKEN"))

    assert answering.requests[0].headers["X-Auth-Token"] == "t" * 16 * 1024


@pytest.mark.parametrize(
    "auth", [Token("a-token", origin="CASJOB_TOKEN"), KEY], ids=["token", "key"]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_no_other_refused_request_is_sent_twice(
    service: Service, auth: Credential, status: int
) -> None:
    service.handler = lambda _: Reply(status, "{}")

    with pytest.raises((AuthenticationError, ServiceError)):
        send(service, auth, retries=3)

    assert len(service.requests) == 1
