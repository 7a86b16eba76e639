# ruff: noqa: INP001 - a program, not a module of a package
"""Write the completion scripts into the folder given, or beside this file."""

import sys
from pathlib import Path

from casjob.completion import Shell, script

FILES = {Shell.BASH: "casjob.bash", Shell.ZSH: "_casjob", Shell.FISH: "casjob.fish"}
"""The file name that each shell, or its packagers, expect."""


def main(folder: Path) -> None:
    """Write the scripts into a folder."""
    for shell, name in FILES.items():
        (folder / name).write_text(script(shell), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
