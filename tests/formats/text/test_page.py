from casjob.formats.display import Display
from casjob.formats.text.page import Page


def test_a_pipe_gets_names_and_ids_whole() -> None:
    page = Page(Display())
    page.print_whole("JOB" * 100, "  ")
    page.print(page.ellipsize_middle("name" * 100, 5))

    assert page.content() == f"  {'JOB' * 100}\n{'name' * 100}\n"
