import json

import pytest

from casjob.job.embedded_json import Embedded, find_json


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
    assert [found.sent for found in find_json(text)] == sent


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
    (found,) = find_json(text)

    assert found.sent == text
    assert json.loads(found.repaired) == value


def test_what_cannot_be_repaired_ends_where_its_brackets_end() -> None:
    assert list(find_json('{"a": [1} b {"c": d} e')) == [
        Embedded('{"a": [1}', '{"a":[1}'),
        Embedded('{"c": d}', '{"c":d}'),
    ]
