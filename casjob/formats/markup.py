"""Text in XML and HTML."""

import html

_NOT_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Forbidden in XML 1.0, and printable otherwise."""


def escape(text: str) -> str:
    """Return printable text as it stands in an element, or in an attribute in quotes."""
    return html.escape(text.translate(_NOT_XML))
