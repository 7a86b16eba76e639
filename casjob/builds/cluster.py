"""Where a failure beside the build is explained: by the events of the component's cluster."""

import re
from collections.abc import Mapping

from casjob.json_text import JsonValue

_NAME = re.compile("[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
"""The name of an object in a cluster, which is safe in a command."""


def is_from_image(details: Mapping[str, JsonValue]) -> bool:
    """Return whether a component is deployed from an image, by its details as v3 sends them."""
    source = details.get("SOURCE")
    return isinstance(source, dict) and source.get("kind") == "image"


def list_events(details: Mapping[str, JsonValue]) -> str | None:
    """Return the command that lists a component's events; None if it is not in a cluster.

    casjob itself talks to no cluster. What the details do not tell is left for the user to fill in.
    """
    references = details.get("REFER_RESOURCES") or [{"type": "cce"}]
    for each in references if isinstance(references, list) else []:
        if isinstance(each, dict) and each.get("type") == "cce":
            parameters = each.get("parameters")
            namespace = parameters.get("namespace") if isinstance(parameters, dict) else None
            named = _read_name(namespace, "NAMESPACE")
            workload = _read_name(details.get("WORKLOAD_NAME"), "WORKLOAD")
            events = f"kubectl get events --namespace {named} --sort-by .lastTimestamp"
            return f"{events} | grep {workload}"
    return None


def _read_name(sent: object, unknown: str) -> str:
    return sent if isinstance(sent, str) and _NAME.fullmatch(sent) else unknown
