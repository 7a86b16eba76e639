import json
import re
import time
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from casjob.api.redact import Redactor
from casjob.errors import ServiceError
from casjob.job.failures import clip

SECRETS = [
    "token-of-the-user",
    "MIIabc+DEF/0123==",
    'pä"ss\\wörd & <more>',
    "100%41&amp;+\\u0041",
    "ends with a \\",
    "中文密码很长",
    "🔑🔑🔑🔑🔑🔑",
]


def percent(text: str) -> str:
    return quote(text, safe="")


def as_json(text: str) -> str:
    """Return the text as a server does that escapes more than it needs to."""
    return (
        json.dumps(text)[1:-1].replace("/", "\\/").replace("&", "\\u0026").replace("<", "\\u003c")
    )


def as_utf_16(text: str) -> str:
    units = memoryview(text.encode("utf-16-le")).cast("H")
    return "".join(f"\\u{unit:04X}" for unit in units)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": percent,
    "percent, lower case": lambda text: re.sub("%..", lambda hex_: hex_[0].lower(), percent(text)),
    "percent, twice": lambda text: percent(percent(text)),
    "a form": quote_plus,
    "HTML": escape,
    "HTML, numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "HTML, twice": lambda text: escape(escape(text)),
    "JSON": as_json,
    "JSON in JSON": lambda text: as_json(as_json(text)),
    "JSON in JSON in JSON": lambda text: as_json(as_json(as_json(text))),
    "JSON in a query": lambda text: percent(as_json(text)),
    "JSON in HTML": lambda text: escape(as_json(text)),
    "JSON, all escaped": as_utf_16,
    "bytes in an error of Python": lambda text: repr(text.encode())[2:-1],
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_masked_in_every_spelling(spelling: str, secret: str) -> None:
    spelled = SPELLINGS[spelling](secret)

    masked = Redactor([secret]).mask(f'no such user: "{spelled}", sorry')

    assert re.fullmatch(r'no such user: "\*{4}[\\"]*", sorry', masked)


@pytest.mark.parametrize(
    "text", ["a+b%20c", "&lt;title&gt;", r"C:\new\u0041", "50%", "\\", "100 % …", "\ud800", ""]
)
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert Redactor(["token-of-the-user", "other words"]).mask(text) == text


def test_several_secrets_are_masked_longer_ones_first() -> None:
    redactor = Redactor(["secret"])
    redactor.add("secret-and-more")

    assert redactor.mask("secret-and-more, secret, secret-and") == "****, ****, ****-and"


def test_a_secret_in_two_spellings_is_masked_in_both() -> None:
    redactor = Redactor(["a secret/word"])

    assert redactor.mask("a secret/word a%20secret%2Fword") == "**** ****"


@pytest.mark.parametrize("secret", ["short", "%73%68%6f%72%74"])
def test_a_short_secret_is_not_masked_as_it_may_be_an_ordinary_word(secret: str) -> None:
    assert Redactor([secret]).mask("a short text") == "a short text"


SECRET = "".join(chr(0x21 + number % 90) for number in range(1, 2000))
"""Holds all that has a meaning in JSON, HTML and queries."""


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_excerpt_that_ends_within_a_secret_shows_no_more_than_two_characters(
    spelling: str,
) -> None:
    redactor = Redactor([SECRET])
    spelled = SPELLINGS[spelling](SECRET)
    for length in range(240, 300):
        masked = redactor.mask(clip("é" * length + spelled))

        shown, mark, _ = masked.partition("… (")
        assert mark
        assert len(shown.replace("é", "").replace("****", "")) < len(SPELLINGS[spelling]('"#$'))


@pytest.mark.parametrize("part", ["%", "&a", "\\", "&amp;", "t", "%25"])
def test_a_text_that_is_made_to_take_long_does_not(part: str) -> None:
    text = part * (4000 // len(part)) + "X…"

    began = time.process_time()
    Redactor(["token-of-the-user", "t" * 16_000]).mask(text)

    assert time.process_time() - began < 10  # a quadratic search takes minutes


def test_an_error_is_masked_in_all_its_parts() -> None:
    error = ServiceError(
        "no a-secret", service_message="what a-secret?", hint="try another a-secret"
    )

    masked = Redactor(["a-secret"]).mask_error(error)

    assert masked is error
    assert (error.message, error.service_message, error.hint) == (
        "no ****",
        "what ****?",
        "try another ****",
    )
    assert error.args == ("no ****",)


def test_tokens_and_signatures_in_headers_are_secrets() -> None:
    headers = {
        "X-Auth-Token": "token-1",
        "X-Security-Token": "token-2",
        "X-Subject-Token": "token-3",
        "Authorization": "SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host, Signature=0123abc",
        "Host": "host.example",
    }

    redactor = Redactor()
    redactor.learn(headers)
    masked = redactor.mask(" ".join(headers.values()))

    assert masked == (
        "**** **** **** SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host, Signature=****"
        " host.example"
    )


def test_secrets_of_many_requests_are_forgotten_but_not_those_of_the_run() -> None:
    redactor = Redactor(["the-secret-key"])
    for number in range(1000):
        redactor.learn({"Authorization": f"SDK-HMAC-SHA256 Signature={number:064}"})

    assert redactor.mask(f"the-secret-key {999:064} {0:064}") == f"**** **** {0:064}"
