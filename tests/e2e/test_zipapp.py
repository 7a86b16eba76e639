"""casjob in one file, as `python -m zipapp` makes it."""

import shutil
import subprocess
import sys
import zipapp
from collections.abc import Mapping
from pathlib import Path

import pytest

import casjob


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a zipapp of casjob; the libraries are those of the tests."""
    source, target = tmp_path / "source", tmp_path / "casjob.pyz"
    shutil.copytree(Path(casjob.__file__).parent, source / "casjob")
    zipapp.create_archive(source, target, main="casjob.__main__:main")
    return target


@pytest.mark.parametrize("words", ["show --demo", "show --demo --json", "explain ECC00011"])
def test_a_zipapp_prints_what_the_installed_program_does(
    words: str, archive: Path, clean_environ: Mapping[str, str]
) -> None:
    def run(*program: str) -> str:
        return subprocess.run(
            [sys.executable, *program, *words.split()],
            env=clean_environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run(str(archive)) == run("-m", "casjob")
