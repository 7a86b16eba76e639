"""The JSON Schemas that are shipped are those of the documents that casjob prints."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import casjob
from tests.conftest import JOB_ID, Finished
from tests.service import Service, documented_job, many_tasks

FOLDER = Path(casjob.__file__).parent / "schema"

COMMANDS = {
    "checks": ("config", "--check"),
    "components": ("list", "--demo"),
    "deployments": ("list", "web", "--demo"),
    "difference": ("diff", JOB_ID, "JOB2"),
    "event": ("watch", JOB_ID),
    "explain": ("explain", "ECC00011", "TN00097", "FAILED", "provision/provMain"),
    "logs": ("logs", "--demo"),
    "recent": ("recent",),
    "report": ("show", JOB_ID),
    "settings": ("config",),
    "stats": ("stats", "web", "--demo"),
    "verdicts": ("wait", JOB_ID, "JOB2"),
}


def test_schemas_are_generated(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True)

    generated = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert generated == {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert sorted(generated) == sorted(f"{name}.json" for name in COMMANDS)


@pytest.mark.parametrize(("name", "words"), COMMANDS.items())
def test_a_schema_holds_for_what_is_printed(
    ask: Callable[..., Finished], service: Service, name: str, words: tuple[str, ...]
) -> None:
    service.jobs |= {JOB_ID: documented_job(), "JOB2": many_tasks(3)}
    ask("show", JOB_ID)
    schema = json.loads((FOLDER / f"{name}.json").read_bytes())
    Draft202012Validator.check_schema(schema)

    printed = ask(*words, "--json").out

    for document in printed.splitlines() if name == "event" else [printed]:
        fields = json.loads(document)
        Draft202012Validator(schema).validate(fields)
        # A later version may add fields.
        Draft202012Validator(schema).validate({**fields, "added": 1})
