"""The proxy for an endpoint, from the environment."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from casjob.errors import SettingsError


def find_proxy(endpoint: str) -> httpx.Proxy | None:
    """Return the proxy of HTTPS_PROXY or ALL_PROXY, unless NO_PROXY names the endpoint's host.

    Plain http is allowed to this machine only and never goes through a proxy, which would read
    the credentials. Go's clients have the same rule.

    Raises:
        SettingsError: the variable holds a proxy that casjob can't use.
    """
    url = urlsplit(endpoint)
    host = url.hostname or ""
    is_exempt = proxy_bypass(host) or proxy_bypass(f"{host}:{url.port or 443}")
    if url.scheme == "http" or is_exempt:
        return None
    proxies = getproxies()
    named = (proxies.get("https") or proxies.get("all") or "").strip()
    if not named:
        return None
    try:
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
        is_usable = bool(proxy.url.host) and proxy.url.scheme in {"http", "https"}
    except (ValueError, httpx.InvalidURL):
        is_usable = False
    if not is_usable:
        # Neither its text nor a chained exception is shown: it may hold the proxy's password.
        raise SettingsError(
            "HTTPS_PROXY or ALL_PROXY is not a proxy that casjob can use",
            hint="set it to an address such as http://proxy.example.com:3128",
        ) from None
    return proxy
