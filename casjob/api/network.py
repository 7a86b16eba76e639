"""The way to an endpoint: the proxy from the environment, and which certificates are trusted."""

import re
import ssl
from ipaddress import ip_address, ip_network
from urllib.request import getproxies, proxy_bypass

import httpx

from casjob.errors import SettingsError


def find_proxy(url: httpx.URL, context: ssl.SSLContext) -> httpx.Proxy | None:
    """Return the proxy of HTTPS_PROXY or ALL_PROXY, unless NO_PROXY names the endpoint's host.

    Plain http is allowed to this machine only and never goes through a proxy, which would read
    the credentials. Go's clients have the same rule.

    Raises:
        SettingsError: the variable holds a proxy that casjob can't use.
    """
    proxies = getproxies()
    named = (proxies.get("https") or proxies.get("all") or "").strip()
    if url.scheme == "http" or not named or _is_exempt(url, proxies.get("no", "")):
        return None
    try:
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
        is_usable = bool(proxy.url.host) and proxy.url.scheme in {"http", "https"}
    except (ValueError, httpx.InvalidURL):
        is_usable = False
    # A slash or a # in a password ends the host's name too early.
    if not is_usable or ("@" in named and proxy.auth is None):
        # Neither its text nor a chained exception is shown: it may hold the proxy's password.
        raise SettingsError(
            "HTTPS_PROXY or ALL_PROXY is not a proxy that casjob can use",
            hint="set it to an address such as http://proxy.example.com:3128",
        )
    if proxy.url.scheme == "https":
        proxy.ssl_context = context
    return proxy


def _is_exempt(url: httpx.URL, no_proxy: str) -> bool:
    host, port = url.host.lower(), str(url.port or 443)
    is_named = any(_names(entry.strip(), host, port) for entry in no_proxy.lower().split(","))
    # Windows and macOS have exceptions of their own.
    return is_named or bool(proxy_bypass(host))


def _names(entry: str, host: str, port: str) -> bool:
    """Return whether an entry of NO_PROXY is the host, its domain or its network, or all (*)."""
    if with_port := re.fullmatch(r"(\[.*\]|[^:]*):([0-9]+)", entry):
        entry, only_port = with_port.groups()
        if only_port != port:
            return False
    try:
        return entry == "*" or ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return bool(domain) and f".{host}".endswith(f".{domain}")


def create_tls_context(url: httpx.URL, ca_bundle: str | None) -> ssl.SSLContext:
    """Return the TLS context for an endpoint, which always verifies certificates.

    Raises:
        SettingsError: the file of certificates to trust beside the usual ones can't be used.
    """
    if url.scheme == "http" and not ca_bundle:
        # Trusts nobody, and takes no time: reading all the authorities takes 30 ms.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file = "the file in SSL_CERT_FILE"
    try:
        context = httpx.create_ssl_context()
        if ca_bundle:
            file = f"the CA bundle {ca_bundle}"
            context.load_verify_locations(ca_bundle)
    except ssl.SSLError:
        raise SettingsError(f"{file} contains no PEM certificate") from None
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror}") from None
    return context
