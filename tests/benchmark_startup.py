"""Measures how long casjob takes to start, as a ratio to loading its libraries, in one run.

Run it with the Python of an environment that casjob is installed in, and nothing else:

    .venv/bin/python tests/benchmark_startup.py

It is not a test: a machine's noise must not decide whether a change may land.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.service import Service, documented_job

LIBRARIES = "import typer, httpx, rich.table, rich.console, pydantic; pydantic.TypeAdapter(int)"
JOB_ID = "JOB474362ef-091d-429f-9b3e-c9246b37dee6"
COMMANDS = {
    "casjob --version": (["--version"], 0.5),
    "casjob --help": (["--help"], 0.6),
    "casjob tasks J --json": (["tasks", JOB_ID, "--json"], 1.15),
    "casjob show J": (["show", JOB_ID], 1.4),
}


def main(runs: int) -> None:
    """Print each command's median time and its ratio to that of loading the libraries."""
    casjob = Path(sys.executable).parent / "casjob"
    commands = {"libraries (L)": [sys.executable, "-c", LIBRARIES]}
    commands |= {name: [str(casjob), *words] for name, (words, _) in COMMANDS.items()}
    times: dict[str, list[float]] = {name: [] for name in commands}
    with Service() as service, tempfile.TemporaryDirectory() as home:
        service.jobs[JOB_ID] = documented_job()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "CASJOB_ENDPOINT": service.url,
            "CASJOB_PROJECT_ID": "063a3158b1a34710b36ad208b9497d00",
            "CASJOB_TOKEN": "token",
        }
        for _ in range(runs):
            for name, words in commands.items():
                start = time.perf_counter()
                subprocess.run(words, env=environ, stdout=subprocess.DEVNULL, check=True)
                times[name].append(time.perf_counter() - start)
    libraries = median(times["libraries (L)"])
    for name, taken in times.items():
        ratio = median(taken) / libraries
        limit = f"(limit {COMMANDS[name][1]:.2f})" if name in COMMANDS else ""
        print(f"{name:24} {median(taken) * 1000:6.0f} ms  {ratio:5.2f} L  {limit}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=25, help="how often to start each program")
    main(parser.parse_args().runs)
