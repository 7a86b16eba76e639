import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.conftest import JOB_ID, PROJECT_ID, Casjob, Finished
from tests.proxy import Proxy
from tests.service import Service, documented_job

AskAt = Callable[..., Finished]


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@contextmanager
def secure_service(certificate: trustme.LeafCert) -> Iterator[Service]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with Service(ssl_context=context) as running:
        running.jobs[JOB_ID] = documented_job()
        yield running


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Service]:
    with secure_service(authority.issue_cert("127.0.0.1")) as running:
        yield running


@pytest.fixture
def ask_at(casjob: Casjob) -> AskAt:
    """Return a way to run casjob against a service, with more options and variables."""

    def run(service: Service, *words: str, **variables: str) -> Finished:
        settings = {
            "CASJOB_ENDPOINT": service.url,
            "CASJOB_PROJECT_ID": PROJECT_ID,
            "CASJOB_TOKEN": "token-of-the-user",
            "CASJOB_RETRIES": "0",
        }
        return casjob("show", JOB_ID, *words, environ={**settings, **variables})

    return run


def host_of(service: Service) -> str:
    return service.url.partition("://")[2]


@pytest.mark.parametrize("variable", ["CASJOB_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_is_trusted_by_a_variable(
    ask_at: AskAt, secure: Service, bundle: str, variable: str
) -> None:
    finished = ask_at(secure, **{variable: bundle})

    assert (finished.status, finished.err) == (0, "")


def test_a_private_authority_is_trusted_by_an_option(
    ask_at: AskAt, secure: Service, bundle: str
) -> None:
    finished = ask_at(secure, "--ca-bundle", bundle)

    assert (finished.status, finished.err) == (0, "")


def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    ask_at: AskAt, secure: Service
) -> None:
    finished = ask_at(secure, CASJOB_RETRIES="3")

    assert finished == Finished(
        6,
        "",
        f"casjob: the certificate of {host_of(secure)} can't be trusted:"
        " unable to get local issuer certificate\n"
        "  hint: if a private CA signed it, add the CA's certificate with --ca-bundle FILE\n",
    )
    assert secure.requests == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "can't be read: No such file or directory"),
        ("", "contains no PEM certificate"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "contains no PEM certificate"),
        ("not a certificate", "contains no PEM certificate"),
    ],
)
@pytest.mark.parametrize("variable", ["CASJOB_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_can_not_be_used_are_named(
    ask_at: AskAt, secure: Service, tmp_path: Path, variable: str, content: str | None, reason: str
) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)

    finished = ask_at(secure, **{variable: str(path)})

    is_ours = variable == "CASJOB_CA_BUNDLE"
    named = f"the CA bundle {path}" if is_ours else "the file in SSL_CERT_FILE"
    assert finished == Finished(3, "", f"casjob: {named} {reason}\n")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_https_goes_through_the_proxy(
    ask_at: AskAt, secure: Service, bundle: str, proxy: Proxy, variable: str
) -> None:
    finished = ask_at(secure, CASJOB_CA_BUNDLE=bundle, **{variable: proxy.url})

    assert (finished.status, finished.err) == (0, "")
    assert proxy.requests == [("CONNECT", host_of(secure), None)]
    assert not {"via", "proxy-authorization"} & secure.requests[0].headers.keys()


def test_a_proxy_needs_no_scheme(ask_at: AskAt, secure: Service, bundle: str, proxy: Proxy) -> None:
    address = proxy.url.removeprefix("http://")

    assert ask_at(secure, CASJOB_CA_BUNDLE=bundle, HTTPS_PROXY=address).status == 0
    assert len(proxy.requests) == 1


def test_a_proxys_user_and_password_go_to_the_proxy_alone(
    ask_at: AskAt, secure: Service, bundle: str, proxy: Proxy
) -> None:
    address = proxy.url.replace("://", "://ann:proxy%20password@")

    finished = ask_at(secure, "-v", CASJOB_CA_BUNDLE=bundle, HTTPS_PROXY=address)

    assert finished.status == 0
    expected = "Basic " + base64.b64encode(b"ann:proxy password").decode()
    assert proxy.requests == [("CONNECT", host_of(secure), expected)]
    assert "proxy-authorization" not in secure.requests[0].headers
    assert "password" not in finished.err


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (407, "the proxy requires a user name and password, as in HTTPS_PROXY=http://USER:"),
        (403, "the proxy does not allow this connection"),
        (502, "check the network, the VPN and the proxy settings"),
    ],
)
def test_a_proxy_that_refuses_is_named_without_its_password(
    ask_at: AskAt, secure: Service, proxy: Proxy, status: int, hint: str
) -> None:
    proxy.refusal = status
    address = proxy.url.replace("://", "://ann:proxy-password@")

    finished = ask_at(secure, "-v", HTTPS_PROXY=address)

    assert (finished.status, finished.out) == (6, "")
    through = (
        f"{host_of(secure)} (through the proxy {proxy.url.removeprefix('http://')} of HTTPS_PROXY)"
    )
    assert through in finished.err
    assert str(status) in finished.err
    assert f"\n  hint: {hint}" in finished.err
    assert "proxy-password" not in finished.err
    assert secure.requests == []


@pytest.mark.parametrize("status", [407, 502, 599])
def test_a_proxy_that_repeats_its_password_is_not_quoted(
    ask_at: AskAt, secure: Service, proxy: Proxy, status: int
) -> None:
    def repeat(credentials: str | None) -> str:
        assert credentials is not None
        plain = base64.b64decode(credentials.partition(" ")[2]).decode()
        return f"go away {plain} {credentials} " + "x" * 10_000

    proxy.refusal = status
    proxy.reason = repeat
    address = proxy.url.replace("://", "://ann:pw@")

    finished = ask_at(secure, "-v", HTTPS_PROXY=address)

    assert finished.status == 6
    assert f": HTTP {status}" in finished.err
    assert "ann" not in finished.err
    assert "pw" not in finished.err
    assert base64.b64encode(b"ann:pw").decode() not in finished.err
    assert len(finished.err) < 1000


def test_a_proxy_that_breaks_http_is_quoted_without_its_password(
    ask_at: AskAt, secure: Service
) -> None:
    def repeat(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            head = connection.recv(65536).decode()
            credentials = head.partition("Proxy-Authorization: ")[2].partition("\r\n")[0]
            connection.sendall(f"no {credentials} proxy-password\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=repeat, args=(listening,), daemon=True).start()
        place = f"127.0.0.1:{listening.getsockname()[1]}"
        finished = ask_at(secure, "-v", HTTPS_PROXY=f"http://annabel:proxy-password@{place}")

    assert finished.status == 6
    assert "broke: illegal status line: bytearray(b'no Basic **** ****')" in finished.err
    assert "proxy-password" not in finished.err


def test_a_proxy_that_is_not_there_is_named(ask_at: AskAt, secure: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    finished = ask_at(secure, HTTPS_PROXY=f"http://ann:proxy-password@127.0.0.1:{port}")

    assert finished.status == 6
    through = f"(through the proxy 127.0.0.1:{port} of HTTPS_PROXY)"
    assert f"can't connect to {host_of(secure)} {through}: " in finished.err
    assert "proxy-password" not in finished.err


def test_a_proxy_whose_name_is_unknown_is_what_may_be_mistyped(
    ask_at: AskAt, secure: Service
) -> None:
    finished = ask_at(secure, HTTPS_PROXY="http://proxy.invalid:3128")

    assert finished == Finished(
        6,
        "",
        f"casjob: can't connect to {host_of(secure)} (through the proxy proxy.invalid:3128 of"
        " HTTPS_PROXY): there is no such host\n"
        "  hint: is the proxy spelled right?\n",
    )


@pytest.mark.parametrize(
    "exempt",
    ["127.0.0.1", "*", "example.com, 127.0.0.1", "::1,[::1],fe80::/10,127.0.0.1,10.0.0.0/8"],
)
def test_no_proxy_is_honoured(
    ask_at: AskAt, secure: Service, bundle: str, proxy: Proxy, exempt: str
) -> None:
    finished = ask_at(secure, CASJOB_CA_BUNDLE=bundle, HTTPS_PROXY=proxy.url, NO_PROXY=exempt)

    assert (finished.status, finished.err) == (0, "")
    assert proxy.requests == []


@pytest.mark.parametrize("exempt", ["example.com", "[::1", "::1,fe80::/10", "a:b:c", ","])
def test_a_no_proxy_that_is_about_others_changes_nothing(
    ask_at: AskAt, secure: Service, bundle: str, proxy: Proxy, exempt: str
) -> None:
    finished = ask_at(secure, CASJOB_CA_BUNDLE=bundle, HTTPS_PROXY=proxy.url, NO_PROXY=exempt)

    assert (finished.status, finished.err) == (0, "")
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ftp://ann:proxy-password@proxy.example.com",
        "socks5://ann:proxy-password@127.0.0.1:1080",
        "http://ann:proxy-password@proxy.example.com:port",
        "http://ann:proxy-password@[::1",
        "http://ann:proxy-password@",
        "http://ann:proxy@pass/word@proxy.example.com",
        "ann:proxy@pass#word@proxy.example.com",
        "ann:proxy-password@\udcff",
    ],
    ids=ascii,
)
def test_a_proxy_that_can_not_be_used_is_explained_without_its_password(
    ask_at: AskAt, secure: Service, address: str
) -> None:
    finished = ask_at(secure, "-v", HTTPS_PROXY=address)

    assert finished == Finished(
        3,
        "",
        "casjob: HTTPS_PROXY is not a proxy that casjob can use\n"
        "  hint: set it to an address such as http://proxy.example.com:3128; in a password, write /"
        " as %2F, ? as %3F, # as %23 and @ as %40\n",
    )


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_plain_http_never_leaves_the_machine_by_a_proxy(
    ask_at: AskAt, service: Service, proxy: Proxy, variable: str, scheme: str
) -> None:
    endpoint = service.url.replace("http", scheme)

    finished = ask_at(service, CASJOB_ENDPOINT=endpoint, **{variable: proxy.url})

    assert (finished.status, finished.err) == (0, "")
    assert proxy.requests == []


def test_plain_http_needs_no_proxy_that_works(ask_at: AskAt, service: Service) -> None:
    assert ask_at(service, HTTP_PROXY="nonsense://", HTTPS_PROXY="nonsense://").status == 0


def test_an_endpoint_may_be_ipv6(ask_at: AskAt) -> None:
    try:
        service = Service(ipv6=True)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with service:
        service.jobs[JOB_ID] = documented_job()

        finished = ask_at(service)

        assert (finished.status, finished.err) == (0, "")
        assert service.requests[0].headers["Host"] == host_of(service)
        assert host_of(service).startswith("[::1]:")


def test_a_key_signs_an_ipv6_host_with_its_port(casjob: Casjob) -> None:
    try:
        service = Service(ipv6=True)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with service:
        service.jobs[JOB_ID] = documented_job()
        settings = {"CASJOB_ENDPOINT": service.url, "CASJOB_PROJECT_ID": PROJECT_ID}
        key = {"CASJOB_ACCESS_KEY": "AKEXAMPLE", "CASJOB_SECRET_KEY": "SKEXAMPLE"}
        service.script = []

        assert casjob("show", JOB_ID, environ={**settings, **key}).status == 0
        assert "SignedHeaders=host;" in service.requests[0].headers["Authorization"]
