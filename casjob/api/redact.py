"""Keeps secrets out of everything that is printed."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote_plus

from casjob.errors import CasjobError

MASK = "****"

_SHORTEST_SECRET = 6
"""Characters of IAM's shortest password. Masking anything shorter would mask ordinary words."""

_SHORTEST_START = 3
"""Characters of a secret that are masked where an excerpt ends within it."""

_LAYERS = 5
"""Layers of each encoding that are undone: JSON within JSON within JSON was seen."""

_REMEMBERED = 100
"""Secrets of the latest requests; a signature is one, and each request has its own."""

_SECRET_HEADERS = ("X-Auth-Token", "X-Security-Token", "X-Subject-Token")

_LONGEST_ESCAPE = 40
"""Characters of an escape within an escape. The time to find it grows with their square."""

_CUT_ESCAPE = re.compile(r"(%[0-9A-Fa-f]?|\\u?[0-9A-Fa-f]{0,3}|&#?\w{0,8})+$")
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|([bfnrt"\'/\\]))')
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Redactor:
    """Masks secrets of at least 6 characters, also where a server repeats them in an encoding."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Each with how it appears after each step of decoding the text around it.
        self._secrets: dict[str, frozenset[str]] = {}
        self._remembered: dict[str, frozenset[str]] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Mask more secrets from now on."""
        self._secrets |= {secret: frozenset(_decode(secret)) for secret in secrets}

    def learn(self, headers: Mapping[str, str]) -> None:
        """Also mask the tokens and the signature in the headers of a request or a response."""
        signature = headers.get("Authorization", "").rpartition("Signature=")[2]
        for secret in (signature, *(headers.get(name, "") for name in _SECRET_HEADERS)):
            if secret not in self._remembered:
                self._remembered[secret] = frozenset(_decode(secret))
        for oldest in list(self._remembered)[:-_REMEMBERED]:
            # Another thread may do the same.
            self._remembered.pop(oldest, None)

    def mask(self, text: str) -> str:
        """Return the text without secrets.

        If a secret shows only after decoding HTML entities, percent-encoding or JSON escapes,
        the decoded text is returned, masked.
        """
        known = [*self._secrets.values(), *self._remembered.values()]
        secrets = sorted(frozenset[str]().union(*known), key=len, reverse=True)
        masked = text
        for decode in _DECODERS * _LAYERS:
            hidden = _hide(text, secrets)
            if hidden != text:
                masked = hidden
            text = decode(hidden)
        return masked

    def mask_error(self, error: CasjobError) -> CasjobError:
        """Mask the secrets in an error, in place, and return it."""
        error.message = self.mask(error.message)
        error.args = (error.message,)
        error.said = self.mask(error.said) if error.said else None
        error.hint = self.mask(error.hint) if error.hint else None
        return error


def _hide(text: str, secrets: Iterable[str]) -> str:
    """Replace the secrets, and their beginnings where an excerpt was cut (…)."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    *excerpts, rest = text.split("…")
    return "…".join([*(_hide_end(each, secrets) for each in excerpts), rest])


def _hide_end(excerpt: str, secrets: Iterable[str]) -> str:
    shown = excerpt[:-_LONGEST_ESCAPE] + _CUT_ESCAPE.sub("", excerpt[-_LONGEST_ESCAPE:])
    for secret in secrets:
        for length in range(min(len(secret), len(shown)), _SHORTEST_START - 1, -1):
            if shown.endswith(secret[:length]):
                return shown[:-length] + MASK
    return excerpt


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
