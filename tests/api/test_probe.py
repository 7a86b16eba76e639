import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
import trustme

from tests.conftest import PROJECT_ID, Casjob, Finished
from tests.service import Reply, Service

AUTHORITY = trustme.CA()


@pytest.fixture
def secure_service() -> Iterator[Service]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime(2100, 1, 1, tzinfo=UTC)
    AUTHORITY.issue_cert("127.0.0.1", not_after=end).configure_cert(context)
    with Service(ssl_context=context) as running:
        yield running


@pytest.fixture
def ca_bundle(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


class RefusingProxy(ThreadingTCPServer):
    """A proxy that refuses every tunnel, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refuse)
        self.asked: list[bytes] = []
        self.place = f"127.0.0.1:{self.server_address[1]}"


class _Refuse(StreamRequestHandler):
    server: RefusingProxy

    def handle(self) -> None:
        line = self.rfile.readline()
        while line.strip():
            self.server.asked.append(line.strip())
            line = self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")


@pytest.fixture
def proxy() -> Iterator[RefusingProxy]:
    with RefusingProxy() as running:
        accepting = Thread(target=running.serve_forever, args=(0.01,))
        accepting.start()
        yield running
        running.shutdown()
        accepting.join()


def check(casjob: Casjob, url: str, **environ: str) -> Finished:
    settings = {
        "CASJOB_ENDPOINT": url,
        "CASJOB_PROJECT_ID": PROJECT_ID,
        "CASJOB_TOKEN": "a-token",
        "CASJOB_RETRIES": "0",
    }
    return casjob("config", "--check", environ={**settings, **environ})


def steps(finished: Finished) -> dict[str, tuple[str, str]]:
    lines = [line for line in finished.out.splitlines() if not line.startswith("  hint")]
    return {line[:16].strip(): (line[16:24].strip(), line[24:]) for line in lines}


def test_the_certificates_end_is_shown(
    casjob: Casjob, secure_service: Service, ca_bundle: str
) -> None:
    finished = check(casjob, secure_service.url, CASJOB_CA_BUNDLE=ca_bundle)
    assert finished.status == 0
    assert steps(finished)["TLS"] == ("ok", "the certificate expires on 2100-01-01")
    assert steps(finished)["project"] == ("ok", PROJECT_ID)


def test_an_untrusted_certificate_fails_and_no_token_is_sent(
    casjob: Casjob, secure_service: Service
) -> None:
    finished = check(casjob, secure_service.url)
    assert finished.status == 6
    assert list(steps(finished))[-1] == "TLS"
    outcome, words = steps(finished)["TLS"]
    assert outcome == "failed"
    assert "can't be trusted" in words
    assert secure_service.requests == []


def test_https_to_a_port_of_plain_http_fails_at_tls(casjob: Casjob, service: Service) -> None:
    finished = check(casjob, service.url.replace("http:", "https:"))
    assert finished.status == 6
    assert list(steps(finished))[-1] == "TLS"


def test_plain_http_to_a_port_that_does_not_respond_fails_at_http(
    casjob: Casjob, service: Service
) -> None:
    service.handler = lambda _: Reply(reset=True)
    finished = check(casjob, service.url)
    assert finished.status == 6
    assert list(steps(finished))[-1] == "HTTP"
    assert steps(finished)["HTTP"][0] == "failed"


@pytest.mark.parametrize("scheme", ["http://me:hush@", ""])
def test_the_proxy_in_use_is_shown_without_its_password(
    scheme: str, casjob: Casjob, proxy: RefusingProxy
) -> None:
    finished = check(casjob, "https://casjob.invalid", HTTPS_PROXY=f"{scheme}{proxy.place}")
    assert finished.status == 6
    found = steps(finished)
    assert found["name"] == ("ok", "127.0.0.1 resolves to 127.0.0.1")
    assert found["proxy"] == ("ok", f"{proxy.place} of HTTPS_PROXY")
    assert found["TCP"] == ("ok", f"{proxy.place} accepts connections")
    assert found["TLS"][0] == "failed"
    assert "407" in found["TLS"][1]
    assert "hush" not in finished.out + finished.err
    assert proxy.asked[0] == b"CONNECT casjob.invalid:443 HTTP/1.1"


def test_a_host_that_needs_no_proxy_is_connected_to_directly(
    casjob: Casjob, secure_service: Service, ca_bundle: str, proxy: RefusingProxy
) -> None:
    finished = check(
        casjob,
        secure_service.url,
        CASJOB_CA_BUNDLE=ca_bundle,
        HTTPS_PROXY=f"http://{proxy.place}",
        NO_PROXY="127.0.0.1",
    )
    found = steps(finished)["proxy"]
    assert (finished.status, found) == (0, ("ok", "none: NO_PROXY has 127.0.0.1"))
    assert proxy.asked == []


@pytest.mark.parametrize("host", ["casjob.invalid", "a..b"])
def test_a_proxy_that_is_not_found_fails_at_its_name(host: str, casjob: Casjob) -> None:
    finished = check(casjob, "https://127.0.0.1:1", HTTPS_PROXY=f"http://me:password@{host}:3128")
    assert finished.status == 6
    assert list(steps(finished)) == ["settings", "proxy", "name"]
    assert steps(finished)["name"][1].startswith(f"{host}: ")
    assert "hush" not in finished.out + finished.err


def test_a_proxys_usual_port_is_that_of_its_scheme(casjob: Casjob) -> None:
    for scheme, port in (("http", 80), ("https", 443)):
        environ = {"HTTPS_PROXY": f"{scheme}://127.0.0.2", "CASJOB_REQUEST_TIMEOUT": "0.1"}
        finished = check(casjob, "https://casjob.invalid", **environ)
        assert steps(finished)["proxy"] == ("ok", f"127.0.0.2:{port} of HTTPS_PROXY")
