"""SDK-HMAC-SHA256: how a request is signed with an access key. Source: the API signing guide."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"  # of X-Sdk-Date, in UTC


def sign(
    access_key: str,
    secret_key: str,
    *,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> tuple[str, str]:
    """Return the text that is signed, to compare with the gateway's, and the Authorization header.

    The path is percent-encoded, as it is sent; the query is decoded. The headers are those to be
    signed: Host, X-Sdk-Date and any more. Those with an underscore in their name are left out, as
    the gateway does.
    """
    signed = {name.lower(): value.strip() for name, value in headers.items() if "_" not in name}
    names = ";".join(sorted(signed))
    canonical_request = "\n".join(
        (
            method,
            encode_path(path),
            encode_query(query),
            "".join(f"{name}:{signed[name]}\n" for name in sorted(signed)),
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{signed['x-sdk-date']}\n{digest}"
    signature = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"
    return canonical_request, authorization


def encode_path(path: str) -> str:
    """Return the canonical path: each segment encoded anew, and a slash at the end."""
    canonical = "/".join(quote(segment, safe="~") for segment in unquote(path).split("/"))
    return canonical if canonical.endswith("/") else f"{canonical}/"


def encode_query(query: Iterable[tuple[str, str]]) -> str:
    """Return the canonical query: sorted by name, then value; the same string is to be sent."""
    return "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(query)
    )
