import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casjob.job.failures import Failure, Pair, decode_messages, read_failure
from casjob.json_text import MAX_DEPTH, JsonValue, encode

VPC: dict[str, JsonValue] = {"code": "VPC.0202", "message": "Query failed."}
NOT_ESCAPED = (
    '{"error_code":"SVCSTG.00500404","error_message":"{"code":"VPC.0202","message":"Query…"}"}'
)
STACK_TRACE = (
    "java.lang.IllegalStateException: boom\n\tat com.example.A.b(A.java:7)\n\t... 3 more\n"
)
LONG = "x" * 1_000_000
BRACKETS = "[" * 10_000 + "]" * 10_000
EQUAL_KEYS = '{"code": "A", "code": "B", "message": "m"}'


def nest(levels: int, core: JsonValue = "x") -> JsonValue:
    for _ in range(levels):
        core = [core]
    return core


SHAPES: dict[str, tuple[JsonValue, Failure | None]] = {
    # Nothing is said.
    "null": (None, None),
    "an empty string": ("", None),
    "white space": (" \r\n\t", None),
    "an empty object": ("{}", None),
    "an empty array": (" [ ] ", None),
    "an empty object as a JSON string": (r'"{}"', None),
    "empty fields": ('{"Message": "", "Detail": null, "data": [{}, "  ", "[]"]}', None),
    # The pairs, one a spelling.
    "the documented example": (
        '{ "Message" : "ECC00011", "Detail" : "Building failed." }',
        Failure("ECC00011", "Building failed."),
    ),
    "error_code, error_msg": ('{"error_code": "A", "error_msg": "m"}', Failure("A", "m")),
    "error_code, error_message": ('{"error_code": "A", "error_message": "m"}', Failure("A", "m")),
    "errorCode, errorMsg": ('{"errorCode": "A", "errorMsg": "m"}', Failure("A", "m")),
    "errorCode, errorMessage": ('{"errorCode": "A", "errorMessage": "m"}', Failure("A", "m")),
    "code, message": ('{"code": "A", "message": "m"}', Failure("A", "m")),
    "Code, Message": ('{"Code": "A", "Message": "m"}', Failure("A", "m")),
    "reason, message": ('{"reason": "Evicted", "message": "m"}', Failure("Evicted", "m")),
    "an object that was already decoded": (VPC, Failure("VPC.0202", "Query failed.")),
    "several spellings at once": (
        {"code": "B", "message": "n", "error_msg": "m", "error_code": "A"},
        Failure("A", "m", rest=(("code", "B"), ("message", "n"))),
    ),
    "Message and Detail beside another spelling": (
        {"Message": "A", "Detail": "m", "code": "B"},
        Failure("A", "m", rest=(("code", "B"),)),
    ),
    "empty Message and Detail beside another spelling": (
        {"Message": None, "Detail": "", **VPC},
        Failure("VPC.0202", "Query failed."),
    ),
    "a number as code": ('{"code": 500, "message": "m"}', Failure("500", "m")),
    "true is no code": (
        '{"code": true, "message": "m"}',
        Failure(None, "m", rest=(("code", "true"),)),
    ),
    "a number is no words": (
        '{"code": "A", "message": 7}',
        Failure("A", None, rest=(("message", "7"),)),
    ),
    "a Kubernetes Status": (
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": 'pods "web-0" not found',
            "reason": "NotFound",
            "details": {"name": "web-0", "kind": "pods"},
            "code": 404,
        },
        Failure(
            "NotFound",
            'pods "web-0" not found',
            rest=(
                ("kind", "Status"),
                ("apiVersion", "v1"),
                ("status", "Failure"),
                ("details.name", "web-0"),
                ("details.kind", "pods"),
                ("code", "404"),
            ),
        ),
    ),
    # Pairs around pairs, and beside them.
    "a pair in an HTTP reply": (
        '{"statusCode": 500, "jsonBody": {"error_code": "CCE.01500001", "error_msg": "not ready"}}',
        Failure("CCE.01500001", "not ready", rest=(("statusCode", "500"),)),
    ),
    "a pair one level down": ({"error": VPC}, Failure("VPC.0202", "Query failed.")),
    "two layers of strings": (
        encode({"error_code": "SVCSTG.00500404", "error_msg": encode(VPC)}),
        Failure("VPC.0202", "Query failed.", within=(Pair("SVCSTG.00500404", None),)),
    ),
    "three layers of strings": (
        encode(
            {
                "Message": "ECC00011",
                "Detail": encode({"error_code": "SVCSTG.00500404", "error_msg": encode(VPC)}),
            }
        ),
        Failure(
            "VPC.0202",
            "Query failed.",
            within=(Pair("SVCSTG.00500404", None), Pair("ECC00011", None)),
        ),
    ),
    "a string of a string of an object": (
        encode(encode(encode(VPC))),
        Failure("VPC.0202", "Query failed."),
    ),
    "a pair beside words": (
        {"code": "A", "message": "m", "cause": VPC},
        Failure("VPC.0202", "Query failed.", within=(Pair("A", "m"),)),
    ),
    "a pair in what has only words": (
        {"message": "m", "cause": VPC},
        Failure("VPC.0202", "Query failed.", within=(Pair(None, "m"),)),
    ),
    "a pair in what has only a code": (
        {"error_code": "A", "cause": VPC},
        Failure("VPC.0202", "Query failed.", within=(Pair("A", None),)),
    ),
    "a pair in words without a code": ({"message": VPC}, Failure("VPC.0202", "Query failed.")),
    "a list of errors": (
        [{"code": "A", "message": "m"}, {"code": "B", "message": "n"}, {"message": "o"}],
        Failure("A", "m", also=(Pair("B", "n"),), rest=(("[2].message", "o"),)),
    ),
    "a list of errors in the words": (
        {"Message": "E", "Detail": [VPC, {"code": "B", "message": "n", "at": [1]}]},
        Failure(
            "VPC.0202",
            "Query failed.",
            within=(Pair("E", None),),
            also=(Pair("B", "n"),),
            rest=(("Detail[1].at[0]", "1"),),
        ),
    ),
    "the deeper of two pairs": (
        [{"code": "A", "message": "m"}, {"error": VPC}],
        Failure("VPC.0202", "Query failed.", also=(Pair("A", "m"),)),
    ),
    "words that are JSON without a pair": (
        '{"Message": "ECC00011", "Detail": "{\\"pod\\":[\\"web-0\\",{\\"message\\": \\"m\\"}]}"}',
        Failure("ECC00011", '{"pod": ["web-0", {"message": "m"}]}'),
    ),
    # A part of a pair.
    "a lone Message": ('{"Message": "ECC00011"}', Failure(None, "ECC00011")),
    "a lone Detail": ('{"Detail": "m"}', Failure(None, "m")),
    "a Message with an empty Detail": (
        '{"Message": "ECC00011", "Detail": ""}',
        Failure("ECC00011", None),
    ),
    "words without a code": (
        '{"error_code": "", "error_msg": "m", "status": {"code": 5}}',
        Failure(None, "m", rest=(("status.code", "5"),)),
    ),
    "words in words, and beside them": (
        [{"message": {"message": "m"}}, {"message": [{"message": "n"}]}],
        Failure(None, "n", also=(Pair(None, "m"),)),
    ),
    "codes without words": (
        '[{"code": 7}, {"reason": "Evicted"}]',
        Failure("7", None, also=(Pair("Evicted", None),)),
    ),
    # JSON without a pair, and no JSON.
    "an object of another shape": ('{ "a":[1, "{}"] }', Failure(None, '{ "a":[1, "{}"] }')),
    "a decoded object of another shape": ({"a": [1]}, Failure(None, '{"a": [1]}')),
    "a number": (5, Failure(None, "5")),
    "a number as text": ("5", Failure(None, "5")),
    "the word null": ("null", Failure(None, "null")),
    "a JSON string of plain text": (r'"no\ttab"', Failure(None, r'"no\ttab"')),
    "inner quotes not escaped": (NOT_ESCAPED, Failure(None, NOT_ESCAPED)),
    "plain text": ("  It broke.\n", Failure(None, "  It broke.\n")),
    "a stack trace": (STACK_TRACE, Failure(None, STACK_TRACE)),
    "Chinese": ("构建失败", Failure(None, "构建失败")),
    "Chinese in a pair": (
        r'{"Message": "ECC00011", "Detail": "\u6784建失败"}',
        Failure("ECC00011", "构建失败"),
    ),
    "very long text": (LONG, Failure(None, LONG)),
    "very long words": (encode({"code": "A", "message": LONG}), Failure("A", LONG)),
    "a lone surrogate": ("\ud800", Failure(None, "\ud800")),
    "a lone surrogate in words": (r'{"code": "A", "message": "\ud800"}', Failure("A", "\ud800")),
    "equal keys": (EQUAL_KEYS, Failure(None, EQUAL_KEYS)),
    "equal keys inside": (
        encode({"code": "A", "message": EQUAL_KEYS}),
        Failure("A", EQUAL_KEYS),
    ),
    "NaN": ('{"code": NaN}', Failure(None, '{"code": NaN}')),
    "a number out of range": ('{"code": 1e999}', Failure(None, '{"code": 1e999}')),
    "a large code": (f'{{"code": {"9" * 4000}}}', Failure("9" * 4000, None)),
    "too many digits": (f'{{"code": {"9" * 9999}}}', Failure(None, f'{{"code": {"9" * 9999}}}')),
    "nested too deeply": (BRACKETS, Failure(None, BRACKETS)),
    "nested too deeply in a string": (
        encode({"code": "A", "message": BRACKETS}),
        Failure("A", BRACKETS),
    ),
    "decoded, nested too deeply, and empty": (nest(10_000, []), None),
    "decoded and nested too deeply": (nest(10_000), Failure(None, "x")),
}


@pytest.mark.parametrize(("sent", "failure"), SHAPES.values(), ids=SHAPES)
def test_a_message_is_read(sent: JsonValue, failure: Failure | None) -> None:
    assert read_failure(sent) == failure


@pytest.mark.parametrize(
    ("sent", "decoded"),
    [
        ("{}", {}),
        (" [1]\n", [1]),
        ('["{\\"a\\": \\"[2]\\"}"]', [{"a": [2]}]),
        ({"a": ["[3]"]}, {"a": [[3]]}),
        (encode(encode(encode([4]))), [4]),
        ({"a": encode(encode([5]))}, {"a": [5]}),
        (encode({"a": EQUAL_KEYS}), {"a": EQUAL_KEYS}),
    ],
)
def test_objects_and_arrays_in_strings_are_decoded(sent: JsonValue, decoded: JsonValue) -> None:
    assert decode_messages(sent) == decoded


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "5",
        "null",
        "true",
        '"text"',
        r'"\"5\""',
        "[1,]",
        "[NaN]",
        "[1e999]",
        EQUAL_KEYS,
        5,
        None,
    ],
)
def test_anything_else_stays_as_sent(sent: JsonValue) -> None:
    assert decode_messages(sent) == sent


def test_brackets_are_decoded_up_to_the_limit() -> None:
    deepest = nest(MAX_DEPTH)
    deeper = encode(nest(MAX_DEPTH + 1))

    assert decode_messages(encode(deepest)) == deepest
    assert decode_messages(deeper) == deeper


def test_the_limit_counts_the_brackets_of_all_layers_together() -> None:
    half = MAX_DEPTH // 2
    fits = encode(nest(half))
    deeper = encode(nest(half + 1))

    assert decode_messages(encode(nest(half, fits))) == nest(MAX_DEPTH)
    assert decode_messages(encode(nest(half, deeper))) == nest(half, deeper)
    assert decode_messages(nest(MAX_DEPTH, "[]")) == nest(MAX_DEPTH, "[]")


TEXT = st.text(st.characters(codec=None) | st.sampled_from('{}[]":, \\\ud800'))
KEYS = st.sampled_from(
    ["Message", "Detail", "message", "code", "reason", "error_code", "error_msg", "errorMessage"]
)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.floats(allow_nan=False, width=32).filter(lambda number: abs(number) != float("inf")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS | TEXT, inner, max_size=4)
        | inner.map(encode)
    ),
)


def leaves(value: JsonValue) -> list[str]:
    match value:
        case dict():
            return [leaf for child in value.values() for leaf in leaves(child)]
        case list():
            return [leaf for child in value for leaf in leaves(child)]
        case None:
            return []
        case str():
            return [value] if value.strip() else []
        case _:
            return [encode(value)]


def texts(failure: Failure) -> list[str]:
    pairs = (Pair(failure.code, failure.detail), *failure.within, *failure.also)
    words = [text for pair in pairs for text in (pair.code, pair.detail) if text is not None]
    return [*words, *(text for _, text in failure.rest)]


@given(TEXT)
def test_text_that_is_no_json_comes_back_exactly(text: str) -> None:
    sent = f"Failed: {text}"

    assert decode_messages(sent) == sent
    assert read_failure(sent) == Failure(None, sent)


@given(TEXT)
def test_no_text_is_too_odd(text: str) -> None:
    decode_messages(text)
    failure = read_failure(text)

    assert failure or not leaves(decode_messages(text))


@given(JSON)
def test_decoded_messages_can_be_sent_on(sent: JsonValue) -> None:
    decoded = decode_messages(sent)

    assert json.loads(encode(decoded)) == decoded
    assert decode_messages(decoded) == decoded


@given(JSON)
def test_nothing_that_was_said_is_lost(sent: JsonValue) -> None:
    said = leaves(decode_messages(sent))
    failure = read_failure(sent)

    if failure is None:
        assert not said
    elif failure.detail != (sent if isinstance(sent, str) else encode(sent)):
        for leaf in said:
            in_json = encode(leaf)[1:-1]
            assert any(leaf in text or in_json in text for text in texts(failure))
