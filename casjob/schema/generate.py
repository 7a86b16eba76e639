"""Writes the JSON Schemas in this folder: `python casjob/schema/generate.py`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from casjob.formats import documents, records

DOCUMENTS: Mapping[str, tuple[Any, str]] = {
    "checks": (records.Checks, "The output of casjob config --check --json"),
    "components": (records.Components, "The output of casjob list --json"),
    "deployments": (records.Deployments, "The output of casjob list COMPONENT --json"),
    "difference": (documents.Difference, "The output of casjob diff --json"),
    "event": (documents.AnyEvent, "A line of casjob watch --json"),
    "explain": (records.Explanations, "The output of casjob explain --json"),
    "logs": (records.Log, "The output of casjob logs --json"),
    "recent": (records.RecentJobs, "The output of casjob recent --json"),
    "report": (documents.Report, "The output of casjob show --json and casjob tasks --json"),
    "settings": (records.Settings, "The output of casjob config --json"),
    "stats": (records.Statistics, "The output of casjob stats --json"),
    "verdicts": (documents.Verdicts, "The output of casjob wait --json"),
}
"""The types of the documents, under the names of their schemas."""


class Printed(GenerateJsonSchema):
    """Describes what is printed: all fields are there, without a default or a title."""

    def field_is_required(self, field: Mapping[str, Any], total: bool) -> bool:  # noqa: ARG002, D102, FBT001
        return field.get("required") is not False

    def default_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: D102
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002, D102
        return False


def main(folder: Path) -> None:
    """Write the files into a folder."""
    for name, (document, title) in DOCUMENTS.items():
        schema = TypeAdapter(document).json_schema(mode="serialization", schema_generator=Printed)
        schema = {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": title}
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")


main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
