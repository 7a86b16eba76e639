"""What need not be fetched by every run: project ids, and IAM tokens until they expire.

One file an entry, readable by its owner alone. A cache never fails a command: an entry that can't
be read does not exist, and one that can't be written is not kept.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from casjob.files import read_own, write_own

_MAX_BYTES = 256 * 1024
"""Of an entry; a token has up to 16 KB."""


class Cache:
    """A folder of entries, each of a kind such as `token`, and a key, whose digest is stored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, *key: str) -> dict[str, str]:
        """Return the fields of an entry; none if there is no such entry, or a broken one."""
        # JSON that is nested too deeply is a RecursionError.
        with suppress(OSError, ValueError, RecursionError):
            entry = json.loads(read_own(self._path(kind, key), _MAX_BYTES))
            if isinstance(entry, dict) and all(map(_is_sound, entry.values())):
                return entry
        return {}

    def put(self, kind: str, *key: str, **fields: str) -> None:
        """Store an entry, replacing one with the same kind and key, unless it is too large."""
        content = json.dumps(fields).encode()
        with suppress(OSError):
            if len(content) <= _MAX_BYTES:
                write_own(self._path(kind, key), content)

    def _path(self, kind: str, key: tuple[str, ...]) -> Path:
        digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:24]
        return self._folder / f"{kind}-{digest}.json"


def _is_sound(field: object) -> bool:
    """Return whether a field is text as casjob writes it; a lone surrogate is not printable."""
    return isinstance(field, str) and field.isprintable()
