import ssl

import httpx
import pytest

from casjob.api.network import create_tls_context, find_exclusion, find_route
from casjob.errors import SettingsError

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")


@pytest.mark.parametrize(
    ("no_proxy", "host", "entry"),
    [
        ("*", "service.example.com", "*"),
        ("service.example.com", "service.example.com", "service.example.com"),
        ("SERVICE.example.com", "service.EXAMPLE.com", "SERVICE.example.com"),
        ("service.example.com", "service.example.com.", "service.example.com"),
        ("service.example.com.", "service.example.com", "service.example.com."),
        ("example.com", "service.example.com", "example.com"),
        (".example.com", "service.example.com", ".example.com"),
        (".example.com", "example.com", ".example.com"),
        ("*.example.com", "service.example.com", "*.example.com"),
        ("*.example.com", "a.service.example.com", "*.example.com"),
        # As Go reads it; curl reads no such pattern, and a mere dot like no dot.
        ("*.example.com", "example.com", None),
        ("*.example.com:443", "service.example.com", "*.example.com:443"),
        ("*example.com", "service.example.com", None),
        ("ample.com", "service.example.com", None),
        ("example.com.cn", "service.example.com", None),
        ("other.com, .example.com ,", "service.example.com", ".example.com"),
        ("other.com .example.com", "service.example.com", ".example.com"),
        ("service.example.com:443", "service.example.com", "service.example.com:443"),
        ("service.example.com:8443", "service.example.com:8443", "service.example.com:8443"),
        ("service.example.com:443", "service.example.com:8443", None),
        ("example.com:80,example.com", "service.example.com", "example.com"),
        ("*:8443", "service.example.com:8443", "*:8443"),
        ("10.1.2.3", "10.1.2.3", "10.1.2.3"),
        ("10.1.2.3:443", "10.1.2.3", "10.1.2.3:443"),
        ("10.0.0.0/8", "10.1.2.3", "10.0.0.0/8"),
        ("10.0.0.1/8", "10.1.2.3", "10.0.0.1/8"),
        ("10.0.0.0/8:443", "10.1.2.3:8443", None),
        ("10.0.0.0/8", "11.1.2.3", None),
        ("10.0.0.0/8", "service.example.com", None),
        ("fe80::/10,::/0", "10.1.2.3", None),
        ("::1", "[::1]", "::1"),
        ("[::1]", "[::1]", "[::1]"),
        ("[::1]:443", "[::1]", "[::1]:443"),
        ("[::1]:8443", "[::1]", None),
        ("fd00::/8", "[fd12::1]", "fd00::/8"),
        ("[fd00::/8]", "[fd12::1]", "[fd00::/8]"),
        ("[::1", "[::2]", None),
        ("a:b:c", "service.example.com", None),
        (",.,:443,[],*.", "service.example.com", None),
        ("", "service.example.com", None),
    ],
)
def test_no_proxy_names_hosts_domains_networks_and_ports(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, entry: str | None
) -> None:
    url = httpx.URL(f"https://{host}")
    assert find_exclusion(url.host, url.port or 443, no_proxy) == entry
    monkeypatch.setenv("NO_PROXY", no_proxy)
    proxy, origin = find_route(url, CONTEXT)
    assert (proxy is None, origin) == (
        (True, f"NO_PROXY has {entry}") if entry else (False, "HTTPS_PROXY")
    )


@pytest.mark.parametrize(
    ("environ", "origin"),
    [
        ({"https_proxy": "http://lower:1"}, "https_proxy"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "http://all:1"}, "ALL_PROXY"),
        ({"HTTPS_PROXY": " ", "all_proxy": "http://all:1"}, "all_proxy"),
        ({"HTTPS_PROXY": ""}, None),
        ({"no_proxy": "example.com"}, "no_proxy has example.com"),
    ],
)
def test_a_route_names_the_variable_that_decides_it(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], origin: str | None
) -> None:
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    assert find_route(httpx.URL("https://service.example.com"), CONTEXT).origin == origin


def test_plain_http_goes_through_no_proxy() -> None:
    assert find_route(httpx.URL("http://127.0.0.1"), CONTEXT) == (None, None)


@pytest.mark.parametrize("end", ["", "/", "#"])
def test_a_password_may_hold_what_ends_a_hosts_name_if_it_is_quoted(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:12{end}34@proxy.example.com")
    url = httpx.URL("https://service.example.com")
    if end:
        with pytest.raises(SettingsError, match="HTTPS_PROXY is not a proxy that casjob can use"):
            find_route(url, CONTEXT)
    else:
        proxy = find_route(url, CONTEXT).proxy
        assert proxy is not None
        assert proxy.auth == ("ann", "1234")


def test_the_way_to_an_https_proxy_is_checked_with_the_same_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example.com")

    proxy = find_route(httpx.URL("https://service.example.com"), CONTEXT).proxy

    assert proxy is not None
    assert proxy.ssl_context is CONTEXT


def test_a_bundle_with_a_name_that_no_file_can_have_is_an_error() -> None:
    # TOML can hold it; no variable and no option can.
    with pytest.raises(SettingsError, match="the CA bundle a\x00b can't be read: embedded null"):
        create_tls_context(httpx.URL("https://service.example.com"), "a\0b")
