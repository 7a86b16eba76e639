import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.formats.conftest import Draw
from tests.formats.hostile import hostile_job
from tests.samples import job, task
from tests.service import documented_job

PAPER = {"NO_COLOR": "1"}
SVG = "{http://www.w3.org/2000/svg}"


def show(draw: Draw, document: Any, *options: str) -> ET.Element:
    finished = draw(document, *(options or ("show",)), "-o", "svg")
    assert (finished.status, finished.err) == (0, "")
    return ET.fromstring(finished.out)  # noqa: S314 - our own text


def read_lines(picture: ET.Element) -> list[str]:
    return ["".join(line.itertext()) for line in picture.iter(f"{SVG}text")]


@pytest.mark.parametrize("document", [documented_job(), hostile_job(), job(None, JOB_ID=None)])
class TestAPicture:
    def test_has_the_text_of_the_drawn_report(self, draw: Draw, document: Any) -> None:
        drawn = draw(document, "show", "--full", columns=108, environ=PAPER).out.partition(
            "\nnext:"
        )[0]

        lines = read_lines(show(draw, document))

        drawn = drawn.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
        assert lines == [line for line in drawn.split("\n") if line]

    def test_refers_to_nothing(self, draw: Draw, document: Any) -> None:
        picture = show(draw, document)

        names = ("svg", "title", "style", "rect", "text", "tspan")
        assert {element.tag for element in picture.iter()} == {f"{SVG}{name}" for name in names}
        attributes = {name for element in picture.iter() for name in element.attrib}
        assert not {name for name in attributes if "href" in name or name.startswith("on")}
        assert "id" not in attributes
        style = picture.findtext(f"{SVG}style") or ""
        assert not re.search("url|@import|@font-face|//", style)

    def test_is_the_same_every_time(self, draw: Draw, document: Any) -> None:
        first = draw(document, "show", "-o", "svg")

        assert draw(document, "show", "-o", "svg", encoding="ascii", columns=40) == first

    def test_is_as_large_as_its_text(self, draw: Draw, document: Any) -> None:
        picture = show(draw, document)

        width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
        ends = [
            float(span.attrib["x"]) + float(span.attrib["textLength"])
            for span in picture.iter(f"{SVG}tspan")
        ]
        assert width == pytest.approx(max(ends) + 20, abs=1)
        assert height > max(float(line.attrib["y"]) for line in picture.iter(f"{SVG}text"))


def test_text_is_fitted_into_its_cells(draw: Draw) -> None:
    document = job("FAILED", task(1, "FAILED", messages='{"code": "C", "message": "构建 x"}'))
    picture = show(draw, document)

    spans = {
        span.text: (span.attrib["x"], span.attrib["textLength"], span.get("class"))
        for span in picture.iter(f"{SVG}tspan")
    }
    # Two blanks, then the code; a Chinese character takes two cells of 8.4.
    assert spans["C"] == ("36.8", "8.4", "bold red")
    assert spans["  构建 x"] == ("45.2", "67.2", None)


def test_its_title_is_the_verdict(draw: Draw) -> None:
    title = show(draw, documented_job()).findtext(f"{SVG}title")

    assert title == "provision/provMain FAILED after 35.6s"
