import importlib
import json
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casjob.api.auth import encode_path, encode_query, sign

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "sign_vectors.json").read_bytes()
)["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_every_vector_reproduces(vector: dict[str, Any]) -> None:
    inputs = vector["inputs"]
    # api.md sends numbers and booleans as these words.
    query = [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in inputs["query"]
    ]
    headers = {name: v for name, v in vector["headers_sent"].items() if name != "Authorization"}

    signed = sign(
        inputs["ak"],
        inputs["sk"],
        method=inputs["method"],
        path=inputs["path"],
        query=query,
        headers=headers,
        body=inputs["body"].encode(),
    )

    assert signed == (vector["canonical_request"], vector["authorization"])
    target = inputs["path"] + ("?" if query else "") + encode_query(query)
    assert target == vector["request_target"]


def test_all_but_unreserved_characters_are_encoded() -> None:
    assert encode_query([("b/c", "d/e"), ("a", "-._~ +")]) == "a=-._~%20%2B&b%2Fc=d%2Fe"


@pytest.mark.parametrize(
    ("path", "canonical"),
    [("/a", "/a/"), ("/a/", "/a/"), ("/", "/"), ("/a%2Fb", "/a/b/"), ("/~a%20", "/~a%20/")],
)
def test_a_path_is_encoded_anew_and_ends_with_a_slash(path: str, canonical: str) -> None:
    assert encode_path(path) == canonical


def test_a_header_with_an_underscore_is_not_signed() -> None:
    def signed(headers: dict[str, str]) -> str:
        headers = {"Host": "h", "X-Sdk-Date": "20200204T040103Z", **headers}
        path, body = "/", b"{}"
        _, authorization = sign(
            "AK", "SK", method="GET", path=path, query=(), headers=headers, body=body
        )
        return authorization

    assert signed({"X_Odd": "1"}) == signed({})
    assert signed({"X-Odd": "1"}) != signed({})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
HEADER_VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
HOST = st.tuples(
    st.sampled_from(
        ["servicestage.cn-north-4.myhuaweicloud.com", "127.0.0.1", "[::1]", "localhost"]
    ),
    st.none() | st.integers(1, 65535),
).map(lambda parts: parts[0] if parts[1] is None else f"{parts[0]}:{parts[1]}")


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=st.lists(TEXT, max_size=5),
    query=st.lists(st.tuples(st.sampled_from(["a", "limit", "Limit"]) | TEXT, TEXT), max_size=6),
    host=HOST,
    optional=st.dictionaries(
        st.sampled_from(["X-Project-Id", "X-Security-Token"]), HEADER_VALUE, max_size=2
    ),
    body=st.binary(max_size=20),
)
def test_the_vendors_own_sdk_signs_the_same(
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    host: str,
    optional: dict[str, str],
    body: bytes,
) -> None:
    vendor = _import_vendor()
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    headers = {"Host": host, "X-Sdk-Date": "20200204T040103Z", **optional}
    theirs = vendor.SdkRequest(
        method=method,
        schema="https",
        host=host,
        resource_path=path,
        query_params=list(query),
        header_params=dict(headers),
        body=body,
    )
    credentials = vendor.BasicCredentials("AKEXAMPLE", "SKEXAMPLE", "063a")

    vendor.Signer(credentials).sign(theirs)
    ours = sign(
        "AKEXAMPLE", "SKEXAMPLE", method=method, path=path, query=query, headers=headers, body=body
    )

    assert ours[1] == theirs.header_params["Authorization"]
    assert path + ("?" if query else "") + encode_query(query) == theirs.uri


class _Vendor:
    """The names of the vendor's SDK that a signature takes."""

    def __init__(self) -> None:
        module = importlib.import_module
        self.SdkRequest: Any = module("huaweicloudsdkcore.sdk_request").SdkRequest
        self.Signer: Any = module("huaweicloudsdkcore.signer.signer").Signer
        self.BasicCredentials: Any = module("huaweicloudsdkcore.auth.credentials").BasicCredentials


def _import_vendor() -> _Vendor:
    with warnings.catch_warnings():
        # Theirs, as they are compiled and imported, are not ours to mend.
        warnings.simplefilter("ignore")
        pytest.importorskip("huaweicloudsdkcore.signer.signer")
        return _Vendor()
