"""Keeps secrets out of everything that is printed."""

import html
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from casjob.errors import CasjobError
from casjob.json_text import JsonValue, map_texts

MASK = "****"

_SHORTEST_SECRET = 6
"""Characters of IAM's shortest password. Masking anything shorter would mask ordinary words."""

_SHORTEST_START = 3
"""Characters of a secret that are masked where an excerpt ends within it."""

_LAYERS = 5
"""Layers of each encoding that are undone: JSON within JSON within JSON was seen."""

_REMEMBERED = 40
"""Secrets of the latest requests: at most, 8 jobs with 4 pages each are under way.

A signature is one, and each request has its own. Every reply is searched for all of them.
"""

_SECRET_HEADERS = ("X-Auth-Token", "X-Security-Token", "X-Subject-Token")

_LONGEST_ESCAPE = 40
"""Characters of an escape within an escape. The time to find it grows with their square."""

_CUT_ESCAPE = re.compile(r"(%[0-9A-Fa-f]?|\\u?[0-9A-Fa-f]{0,3}|&#?\w{0,8})+$")
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|([bfnrt"\'/\\]))')
_SIGNS = ("…", "&", "#", "%", "\\u", "\\x")
"""Of an excerpt, which may end within a secret, or of an encoding that may change every letter."""
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Redactor:
    """Masks secrets of at least 6 characters, also where a server repeats them in an encoding."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = set(secrets)
        self._remembered: deque[str] = deque(maxlen=_REMEMBERED)

    def add(self, *secrets: str) -> None:
        """Mask more secrets from now on."""
        self._secrets |= {*secrets}

    def learn(self, headers: Mapping[str, str]) -> None:
        """Also mask the tokens and the signature in the headers of a request or a response."""
        signature = headers.get("Authorization", "").rpartition("Signature=")[2]
        for secret in (signature, *(headers.get(name, "") for name in _SECRET_HEADERS)):
            if secret not in self._known():
                self._remembered.append(secret)

    def mask(self, text: str) -> str:
        """Return the text without secrets.

        If a secret shows only after decoding HTML entities, percent-encoding or JSON escapes,
        the decoded text is returned, masked.
        """
        if not self._may_be_in(text):
            return text
        forms = (_examine(secret).forms for secret in self._known())
        secrets = sorted(frozenset[str]().union(*forms), key=len, reverse=True)
        masked = text
        for _ in range(_LAYERS):
            before = text
            for decode in _DECODERS:
                hidden = _hide(text, secrets)
                if hidden != text:
                    masked = hidden
                text = decode(hidden)
            if text == before:
                break
        return masked

    def mask_document(self, document: JsonValue, text: str) -> JsonValue:
        """Return a document without secrets; `text` is what it was decoded from."""
        return map_texts(document, self.mask) if self._may_be_in(text) else document

    def mask_error(self, error: CasjobError) -> CasjobError:
        """Mask the secrets in an error, in place, and return it."""
        error.message = self.mask(error.message)
        error.args = (error.message,)
        error.service_message = self.mask(error.service_message) if error.service_message else None
        error.hint = self.mask(error.hint) if error.hint else None
        return error

    def _known(self) -> list[str]:
        return [*self._secrets, *self._remembered]

    def _may_be_in(self, text: str) -> bool:
        """Return whether to search a text for secrets, which takes long."""
        known = self._known()
        parts = (part for secret in known for part in _examine(secret).parts)
        return bool(known) and any(each in text for each in (*_SIGNS, *parts))


def _hide(text: str, secrets: Iterable[str]) -> str:
    """Replace the secrets, and their beginnings where an excerpt was cut (…)."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    *excerpts, rest = text.split("…")
    return "…".join([*(_hide_end(each, secrets) for each in excerpts), rest])


def _hide_end(excerpt: str, secrets: Iterable[str]) -> str:
    shown = excerpt[:-_LONGEST_ESCAPE] + _CUT_ESCAPE.sub("", excerpt[-_LONGEST_ESCAPE:])
    for secret in secrets:
        begun, tail = secret[:_SHORTEST_START], shown[-len(secret) :]
        start = tail.find(begun)
        while start >= 0:
            if secret.startswith(tail[start:]):
                return shown[: start - len(tail)] + MASK
            start = tail.find(begun, start + 1)
    return excerpt


class _Secret(NamedTuple):
    """How a secret appears after each step of decoding, and what most encodings leave as it is."""

    forms: frozenset[str]
    parts: frozenset[str]


@lru_cache(maxsize=2 * _REMEMBERED)
def _examine(secret: str) -> _Secret:
    forms = frozenset(_decode(secret))
    parts = (max(re.findall("[0-9A-Za-z]+", form), key=len, default=form) for form in forms)
    return _Secret(forms, frozenset(parts))


def _decode(secret: str) -> Iterator[str]:
    """Yield the secret as it appears after each step of decoding the text around it."""
    for decode in _DECODERS * _LAYERS:
        if len(secret) >= _SHORTEST_SECRET:
            yield secret
        secret = decode(secret)


def _decode_percent(text: str) -> str:
    # Python's errors quote bytes that are not ASCII as \xE4.
    return unquote_plus(re.sub(r"\\x([0-9A-Fa-f]{2})", r"%\1", text))


def _decode_json(text: str) -> str:
    text = _JSON_ESCAPE.sub(_read_escape, text)
    # JSON has two escapes for a character of more than 16 bits.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _read_escape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _CONTROLS.get(found[2], found[2])


_DECODERS = (html.unescape, _decode_percent, _decode_json)
"""The encodings in which servers echo what they received."""
