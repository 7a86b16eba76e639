import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given

from casjob.json_text import (
    MAX_DEPTH,
    MAX_VALUES,
    JsonValue,
    LimitError,
    decode,
    encode,
    encode_document,
    find_json,
    read_flag,
    read_moment,
    read_text,
    read_whole_number,
)
from tests.job.strategies import ANY_JSON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        (" [1, -2.5, true] ", [1, -2.5, True]),
        (r'{"a": "\u6784\ud800"}', {"a": "构\ud800"}),
        ("1e308", 1e308),
        ("1e-999", 0.0),
        ("9" * 4000, int("9" * 4000)),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_json_is_decoded(text: str, value: JsonValue) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1,]",
        "{'a': 1}",
        "[] []",
        "\ufeff[]",
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        "1e999",
        "[-1e999]",
    ],
)
def test_text_that_is_not_json_or_could_not_be_encoded_again_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are Python's, and differ
        decode(text)


@pytest.mark.parametrize(
    ("start", "repeated", "times", "end", "limit"),
    [
        ("", "9", 9999, "", "a number of more than 4300 digits"),
        ("[", "{},", 499_999, "{}]", None),
        ("[", "{},", 500_000, "{}]", f"more than {MAX_VALUES} commas and opening"),
        # The others would take memory first, or time.
        ("", "[[]],", 9_000_000, "", f"more than {MAX_VALUES} "),
        ('["', r"\",", 9_000_000, "", f"more than {MAX_VALUES} |it ends too early"),
        # What a message holds is one string.
        ('["', "{[,", MAX_VALUES, '"]', None),
    ],
    ids=["digits", "objects", "too many objects", "brackets", "an open string", "a string"],
)
def test_what_is_beyond_a_limit_of_casjobs_own_is_told_as_that(
    start: str, repeated: str, times: int, end: str, limit: str | None
) -> None:
    text = f"{start}{repeated * times}{end}"
    if limit is None:
        assert isinstance(decode(text), list)
        return
    with pytest.raises(LimitError if "|" not in limit else ValueError, match=limit):
        decode(text)


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH])
def test_brackets_are_decoded_up_to_the_limit(depth: int) -> None:
    text = "[" * depth + "1" + "]" * depth

    assert encode(decode(text, max_depth=depth)) == text


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 10_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
def test_deeper_brackets_are_refused(depth: int, opening: str, closing: str) -> None:
    with pytest.raises(LimitError, match=r"^nested more than 200 levels deep$"):
        decode(opening * depth + "1" + closing * depth)


def test_empty_brackets_count_as_a_level() -> None:
    assert decode('[{"a": []}]', max_depth=3) == [{"a": []}]
    with pytest.raises(LimitError, match=r"^nested more than 2 levels deep$"):
        decode('[{"a": []}]', max_depth=2)


def test_objects_are_made_by_the_hook() -> None:
    assert decode('{"a": {"b": 1}}', lambda pairs: [key for key, _ in pairs]) == ["a"]


def test_errors_of_the_hook_are_passed_on() -> None:
    def refuse(_pairs: list[tuple[str, JsonValue]]) -> JsonValue:
        raise ValueError("no objects here")

    with pytest.raises(ValueError, match="no objects here"):
        decode("[{}]", refuse)


def test_characters_outside_ascii_are_not_escaped() -> None:
    assert encode({"Detail": '构建失败 "…"\n'}) == r'{"Detail": "构建失败 \"…\"\n"}'


@given(ANY_JSON)
@example([{}, [], {"a": {}, "b": []}, [[]], {"a": [{"b": 1, "c": "}"}, {}], "d": {"": "], ["}}])
def test_a_document_is_its_value_indented(value: JsonValue) -> None:
    written = encode_document(value, indent=2)
    assert json.loads(written) == value
    assert written.count(b"\n") == json.dumps(value, indent=2).count("\n") + 1


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode([number])


def test_a_lone_surrogate_is_replaced_in_a_document_and_what_drives_a_terminal_escaped() -> None:
    written = encode_document(["\ud800构\x9b\u202e"], indent=None)
    assert written == '["\ufffd构\\u009b\\u202e"]\n'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        ("构建 [b]", "构建 [b]"),
        (5, "5"),
        (False, "false"),
        (1.5, "1.5"),
        ([1, "构"], '[1, "构"]'),
        ({"a": None}, '{"a": null}'),
    ],
)
def test_text_of_another_type_is_its_json(value: JsonValue, text: str | None) -> None:
    assert read_text(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (9, 9),
        (-1, -1),
        ("9", 9),
        ("007", 7),
        (10**18 - 1, 10**18 - 1),
        ("9" * 18, 10**18 - 1),
        (10**18, None),
        (-(10**18), None),
        ("9" * 19, None),
        ("9" * 10_000, None),
        (None, None),
        (True, None),
        (9.0, 9),
        (9.5, None),
        (1e300, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("٣", None),
        ("²", None),
        ("nine", None),
        ([], None),
    ],
)
def test_a_whole_number_fits_64_bits_and_may_be_digits(
    value: JsonValue, number: int | None
) -> None:
    assert read_whole_number(value) == number


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), (None, None), (1, None), ("true", None), ([], None)],
)
def test_a_flag_is_a_boolean(value: JsonValue, *, flag: bool | None) -> None:
    assert read_flag(value) is flag


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020-02-04T04:01:03.344Z", datetime(2020, 2, 4, 4, 1, 3, 344_000, UTC)),
        ("2020-02-04T04:01:03.344567Z", datetime(2020, 2, 4, 4, 1, 3, 344_567, UTC)),
        ("2020-02-04T04:01:03.3445Z", datetime(2020, 2, 4, 4, 1, 3, 344_500, UTC)),
        ("2020-02-04T04:01:03.344567899Z", datetime(2020, 2, 4, 4, 1, 3, 344_567, UTC)),
        ("2020-02-04T04:01:03Z", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("2020-02-04 04:01:03", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("2020-02-04T12:01:03+08:00", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, 0, UTC)),
        ("9999-12-31T23:59:59-01:00", None),
        ("0001-01-01T00:00:00+01:00", None),
        # Not set, as Go and as others write it.
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:01Z", datetime(1970, 1, 1, 0, 0, 1, 0, UTC)),
        ("2020-02-30T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        ("\ud800", None),
        (None, None),
        (1580788863, datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        ("1580788863", datetime(2020, 2, 4, 4, 1, 3, 0, UTC)),
        (1580788863344, datetime(2020, 2, 4, 4, 1, 3, 344_000, UTC)),
        ("1580788863344", datetime(2020, 2, 4, 4, 1, 3, 344_000, UTC)),
        (1580788863.344, datetime(2020, 2, 4, 4, 1, 3, 344_000, UTC)),
        ("1580788863.344", datetime(2020, 2, 4, 4, 1, 3, 344_000, UTC)),
        ("20200204", datetime(2020, 2, 4, 0, 0, 0, 0, UTC)),
        (20200204, None),
        (0, None),
        (-1580788863, None),
        (1580788863344567, datetime(2020, 2, 4, 4, 1, 3, 344_567, UTC)),
        ("1580788863344567000", datetime(2020, 2, 4, 4, 1, 3, 344_567, UTC)),
        (10**19, None),
        (10**400, None),
        (True, None),
        ({}, None),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(
    value: JsonValue, moment: datetime | None
) -> None:
    assert read_moment(value) == moment


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('got 409 {"a": 1} at', ['{"a": 1}']),
        ('[{"a": 1}, {"b": [2]}]', ['[{"a": 1}, {"b": [2]}]']),
        ('{"a": "}"} and { "b": 2 }', ['{"a": "}"}', '{ "b": 2 }']),
        (r'x {"a": "\"{\\"} y', [r'{"a": "\"{\\"}']),
        ('{"a": 1', ['{"a": 1']),
        ("[POST https://host/{id}] {} [1] [] {name} text", []),
        ("", []),
    ],
)
def test_json_is_found_in_text(text: str, sent: list[str]) -> None:
    assert [each for each, _ in find_json(text)] == sent


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, {"b": null,},],}', {"a": [1, {"b": None}]}),
        ('{"a": "{"b":"x","c":[{"d":1}]}", "e": 2}', {"a": {"b": "x", "c": [{"d": 1}]}, "e": 2}),
        ('{"a": "[{"b": "x"}]"}', {"a": [{"b": "x"}]}),
        ('{"a": "{"b": "x"}}', {"a": {"b": "x"}}),
        ('{"a": "no "b" here", "c": 1}', {"a": 'no "b" here', "c": 1}),
        ('{"a": "one\n\ttwo"}', {"a": "one\n\ttwo"}),
        (r'{"a": "C:\dir \u6784 \"b\""}', {"a": r'C:\dir 构 "b"'}),
        (r'{"a": "\u6784\u00E9\u00e9\n\t"}', {"a": "构éé\n\t"}),
        (r'{"a": "b\", c", "d": 1}', {"a": 'b", c', "d": 1}),
        ("{'a': 'it's', 'b': [None, True, False]}", {"a": "it's", "b": [None, True, False]}),
        ('{"a": {"b": "x', {"a": {"b": "x…"}}),
        ('{"a": {"b": "x…', {"a": {"b": "x…"}}),
        ('{"a"', {"a": "…"}),
        ('{"a":', {"a": "…"}),
        ('{"a": [1, 23', {"a": [1, "23…"]}),
        ('{"a": 1, "b', {"a": 1, "b…": "…"}),
        ('{"a": 1, "b"', {"a": 1, "b": "…"}),
        ('{"a": 1, "b":  ', {"a": 1, "b": "…"}),
        ('[{"a": 1},', [{"a": 1}]),
        ('[{"a": 1}, ["b"', [{"a": 1}, ["b"]]),
    ],
)
def test_json_is_repaired(text: str, value: object) -> None:
    [(sent, repaired)] = find_json(text)

    assert (sent, json.loads(repaired)) == (text, value)


def test_what_cannot_be_repaired_ends_where_its_brackets_end() -> None:
    assert list(find_json('{"a": [1} b {"c": d} e')) == [
        ('{"a": [1}', '{"a":[1}'),
        ('{"c": d}', '{"c":d}'),
    ]
