import ssl

import httpx
import pytest

from casjob.api.network import find_proxy
from casjob.errors import SettingsError

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")


@pytest.mark.parametrize(
    ("entry", "host", "is_exempt"),
    [
        ("*", "service.example.com", True),
        ("service.example.com", "service.example.com", True),
        ("SERVICE.example.com", "service.EXAMPLE.com", True),
        ("example.com", "service.example.com", True),
        (".example.com", "service.example.com", True),
        ("*.example.com", "service.example.com", True),
        ("ample.com", "service.example.com", False),
        ("example.com.cn", "service.example.com", False),
        ("other.com, .example.com ,", "service.example.com", True),
        ("service.example.com:443", "service.example.com", True),
        ("service.example.com:8443", "service.example.com:8443", True),
        ("service.example.com:443", "service.example.com:8443", False),
        ("*:8443", "service.example.com:8443", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.1/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "service.example.com", False),
        ("fe80::/10,::/0", "10.1.2.3", False),
        ("::1", "[::1]", True),
        ("[::1]", "[::1]", True),
        ("[::1]:443", "[::1]", True),
        ("[::1]:8443", "[::1]", False),
        ("fd00::/8", "[fd12::1]", True),
        ("[::1", "[::2]", False),
        ("a:b:c", "service.example.com", False),
    ],
)
def test_no_proxy_names_hosts_domains_networks_and_ports(
    monkeypatch: pytest.MonkeyPatch, entry: str, host: str, *, is_exempt: bool
) -> None:
    monkeypatch.setenv("NO_PROXY", entry)

    assert (find_proxy(httpx.URL(f"https://{host}"), CONTEXT) is None) == is_exempt


@pytest.mark.parametrize("end", ["", "/", "#"])
def test_a_password_may_hold_what_ends_a_hosts_name_if_it_is_quoted(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:12{end}34@proxy.example.com")
    url = httpx.URL("https://service.example.com")
    if end:
        with pytest.raises(SettingsError, match="is not a proxy that casjob can use"):
            find_proxy(url, CONTEXT)
    else:
        proxy = find_proxy(url, CONTEXT)
        assert proxy is not None
        assert proxy.auth == ("ann", "1234")


def test_the_way_to_an_https_proxy_is_checked_with_the_same_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example.com")

    proxy = find_proxy(httpx.URL("https://service.example.com"), CONTEXT)

    assert proxy is not None
    assert proxy.ssl_context is CONTEXT
