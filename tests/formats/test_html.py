import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.formats.conftest import Draw
from tests.formats.hostile import hostile_job
from tests.samples import job, task
from tests.service import documented_job

PAPER = {"NO_COLOR": "1"}
ELEMENTS = {"html", "head", "meta", "title", "link", "style", "body", "pre", "span"}


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.texts[tag] = self.texts.get(tag, "") + data


def show(draw: Draw, document: Any, *options: str) -> Page:
    finished = draw(document, *(options or ("show",)), "-o", "html")
    assert (finished.status, finished.err) == (0, "")
    return Page(finished.out)


def test_it_shows_the_report_as_on_a_terminal(draw: Draw) -> None:
    page = show(draw, documented_job())

    assert page.texts["title"] == "provision/provMain FAILED after 35.6s"
    drawn = draw(documented_job(), "show", "--full", columns=108, environ=PAPER).out
    assert page.texts["pre"] == drawn.partition("\nnext:")[0]


def test_tasks_shows_the_table_alone(draw: Draw) -> None:
    page = show(draw, documented_job(), "tasks", "--failed")

    assert page.texts["pre"].split()[:2] == ["#", "TASK"]
    assert "Building failed." in page.texts["pre"]


@pytest.mark.parametrize("document", [documented_job(), hostile_job(), job(None, JOB_ID=None)])
class TestAPage:
    def test_fetches_nothing(self, draw: Draw, document: Any) -> None:
        page = show(draw, document)

        assert {tag for tag, _ in page.elements} <= ELEMENTS
        names = {(tag, name) for tag, attributes in page.elements for name in attributes}
        assert names <= {
            ("html", "lang"),
            ("meta", "charset"),
            ("meta", "http-equiv"),
            ("meta", "name"),
            ("meta", "content"),
            ("link", "rel"),
            ("link", "href"),
            ("span", "class"),
        }
        assert ("link", {"rel": "icon", "href": "data:,"}) in page.elements
        assert not re.search("url|@import|//", page.texts["style"])

    def test_allows_nothing_but_its_own_style(self, draw: Draw, document: Any) -> None:
        page = show(draw, document)

        digest = b64encode(sha256(page.texts["style"].encode()).digest()).decode()
        policies = [
            attributes["content"]
            for tag, attributes in page.elements
            if attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policies == [
            (
                f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
                " form-action 'none'"
            )
        ]

    def test_is_light_or_dark_as_the_reader_prefers(self, draw: Draw, document: Any) -> None:
        page = show(draw, document)

        light, _, dark = page.texts["style"].partition("@media(prefers-color-scheme:dark)")
        assert "color-scheme:light dark" in light
        used = {str(attributes["class"]) for tag, attributes in page.elements if tag == "span"}
        assert all(f".{name} {{" in style for name in used for style in (light, dark))

    def test_is_utf_8_whatever_stdout_is_set_to(self, draw: Draw, document: Any) -> None:
        in_ascii = draw(document, "show", "-o", "html", encoding="ascii", columns=40)

        assert in_ascii == draw(document, "show", "-o", "html")


@pytest.mark.parametrize(
    ("color", "background"),
    [
        (color, background)
        for background, colors in {
            "ffffff": ("1f2328", "59636e", "1a7f37", "cf222e", "0a6c80", "8250df"),
            "0d1117": ("e6edf3", "9198a1", "3fb950", "ff7b72", "39c5cf", "bc8cff"),
        }.items()
        for color in colors
    ],
)
def test_every_colour_can_be_read(draw: Draw, color: str, background: str) -> None:
    words = ("SUCCEEDED", "FAILED", "RUNNING")
    document = job("PAUSED", *(task(index, word) for index, word in enumerate(words)))
    style = show(draw, document).texts["style"]

    def luminance(code: str) -> float:
        # Source: WCAG 2.2, relative luminance.
        parts = [int(code[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted([luminance(color), luminance(background)])
    assert f"#{color}" in style
    assert (high + 0.05) / (low + 0.05) >= 4.5
