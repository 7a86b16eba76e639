from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from casjob.settings.resolve import Settings, resolve_settings

Write = Callable[[str, str | bytes], Path]
Resolve = Callable[..., Settings]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a private file below the home folder."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    return write_file


@pytest.fixture
def resolve(clean_environ: dict[str, str]) -> Resolve:
    """Return a function that resolves settings from that home folder and from variables."""

    def resolve_these(given: Mapping[str, str] | None = None, **environ: str) -> Settings:
        return resolve_settings(given or {}, {**clean_environ, **environ})

    return resolve_these
