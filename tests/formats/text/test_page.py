import pytest

from casjob.formats.display import Display
from casjob.formats.text.page import Page


def test_a_pipe_gets_names_and_ids_whole() -> None:
    page = Page(Display())
    page.print_whole("JOB" * 100, "  ")
    page.print(page.ellipsize_middle("name" * 100, 5))

    assert page.content() == f"  {'JOB' * 100}\n{'name' * 100}\n"


@pytest.mark.parametrize(
    ("columns", "option", "line"),
    [
        (48, "--full", "… 112 more: 3 failed, 109 ok; --full shows all"),
        (47, "--full", "… 112 more: 3 failed, 109 ok; --full"),
        (37, "--full", "… 112 more: 3 failed, 109…; --full"),
        (37, "casjob show --full", "… 112 more: 3…; casjob show --full"),
        (20, "casjob show --full", "…; casjob show…"),
        (1, "--full", "…"),
    ],
)
def test_how_to_see_what_is_left_out_is_the_last_to_be_cut(
    monkeypatch: pytest.MonkeyPatch, columns: int, option: str, line: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    page = Page(Display(is_terminal=True, environ={"NO_COLOR": "1"}), all_with=option)
    page.count_left_out("112 more: 3 failed, 109 ok", "  ")

    assert page.content().strip() == line
