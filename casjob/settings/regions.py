"""The regions that are known, and what a mistyped one may mean."""

import difflib

KNOWN_REGIONS = (
    "ae-ad-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-north-1",
    "cn-north-4",
    "cn-north-9",
    "cn-north-12",
    "cn-south-1",
    "cn-south-4",
    "cn-southwest-2",
    "eu-west-101",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "ru-moscow-1",
    "sa-brazil-1",
    "tr-west-1",
)
"""The vendor adds regions, and private clouds have their own: an unknown one may well exist."""

_MOST_SUGGESTED = 4


def suggest_region(text: str) -> str | None:
    """Return a question that names the known regions which the text may mean, if there are any."""
    near = [region for region in KNOWN_REGIONS if text.lower() in region]
    if not 0 < len(near) <= _MOST_SUGGESTED:
        near = difflib.get_close_matches(text.lower(), KNOWN_REGIONS, n=1)
    if not near:
        return None
    *others, last = near
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
