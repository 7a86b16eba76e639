"""The way to an endpoint: the proxy from the environment, and which certificates are trusted."""

import os
import re
import ssl
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

import httpx

from casjob.errors import SettingsError


class Route(NamedTuple):
    """The proxy to an endpoint, if there is one, and what in the environment decides that."""

    proxy: httpx.Proxy | None
    origin: str | None = None


def find_route(url: httpx.URL, context: ssl.SSLContext) -> Route:
    """Return the proxy of HTTPS_PROXY or ALL_PROXY, unless NO_PROXY excludes the endpoint.

    Plain http is allowed to this machine only and never goes through a proxy, which would read
    the credentials. Go's clients have the same rule.

    Raises:
        SettingsError: the variable holds a proxy that casjob can't use.
    """
    proxies = {name: text.strip() for name, text in getproxies().items()}
    kind = "https" if proxies.get("https") else "all"
    named, origin = proxies.get(kind), _name_variable(kind)
    if url.scheme == "http" or not named:
        return Route(None)
    entry = find_exclusion(url.host, url.port or 443, proxies.get("no", ""))
    # Windows and macOS have exclusions of their own.
    if entry or proxy_bypass(url.host):
        return Route(None, f"{_name_variable('no')} has {entry or url.host}")
    address = named if "://" in named else f"http://{named}"
    # A /, ? or # in a password ends the host's name too early.
    is_cut = re.search(r"//.*[/?#].*@", address)
    try:
        proxy = httpx.Proxy(address)
        is_usable = bool(proxy.url.host) and proxy.url.scheme in {"http", "https"} and not is_cut
    except (ValueError, httpx.InvalidURL):
        is_usable = False
    if not is_usable:
        # Neither its text nor a chained exception is shown: it may hold the proxy's password.
        raise SettingsError(
            f"{origin} is not a proxy that casjob can use",
            hint="set it to an address such as http://proxy.example.com:3128; in a password, write"
            " / as %2F, ? as %3F, # as %23 and @ as %40",
        )
    if proxy.url.scheme == "https":
        proxy.ssl_context = context
    return Route(proxy, origin)


def _name_variable(kind: str) -> str:
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), "the system's settings")


def find_exclusion(host: str, port: int, no_proxy: str) -> str | None:
    """Return the entry of NO_PROXY that excludes a host, as curl and Go read it.

    An entry is `*`, a host with all below it, `*.` with a host for what is below alone, an address,
    or a network, each with a port or not.
    """
    host = host.lower().rstrip(".")
    for entry in re.split(r"[,\s]+", no_proxy):
        named, only_port = entry.lower(), str(port)
        if with_port := re.fullmatch(r"(\[.*\]|[^:]*):([0-9]+)", named):
            named, only_port = with_port.groups()
        try:
            is_named = ip_address(host) in ip_network(named.strip("[]"), strict=False)
        except ValueError:
            # With `*.`, only what is below the domain, as in Go; with a dot or none, it as well.
            name = host if named.startswith("*.") else f".{host}"
            domain = named.removeprefix("*.").strip(".")
            is_named = named == "*" or (bool(domain) and name.endswith(f".{domain}"))
        if is_named and only_port == str(port):
            return entry
    return None


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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{file} can't be read: {reason}") from None
    return context
