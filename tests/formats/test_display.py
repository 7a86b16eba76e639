from collections.abc import Callable

import pytest

from casjob.formats.display import FORMATS, OutputFormat, load_format
from tests.conftest import JOB_ID, Casjob, Finished
from tests.service import Service

SUPPORTED = {
    ("show", JOB_ID): tuple(OutputFormat),
    ("tasks", JOB_ID): tuple(OutputFormat),
    ("watch", JOB_ID): ("table", "json", "jsonl"),
    ("wait", JOB_ID): ("table", "json", "jsonl", "csv", "tsv", "markdown", "junit", "github"),
    ("list",): ("table", "json", "jsonl", "csv", "tsv", "markdown"),
    ("recent",): ("table", "json", "jsonl", "csv", "tsv", "markdown"),
    ("explain", "FAILED"): ("table", "json", "jsonl"),
    ("diff", JOB_ID, JOB_ID): ("table", "json", "jsonl", "markdown"),
    ("config",): ("table", "json", "jsonl", "csv", "tsv", "markdown"),
    ("config", "--check"): ("table", "json", "jsonl"),
}


@pytest.mark.parametrize("output", OutputFormat)
@pytest.mark.parametrize(("words", "supported"), SUPPORTED.items())
def test_a_format_that_does_not_fit_is_refused_before_anything_is_requested(
    ask: Callable[..., Finished],
    service: Service,
    words: tuple[str, ...],
    supported: tuple[str, ...],
    output: str,
) -> None:
    finished = ask(*words, "-o", output)

    if output in supported:
        assert finished.status in {0, 1}
        # An empty list may have no output.
        assert finished.out or words[0] in {"list", "recent"}
        return
    assert finished == (
        2,
        "",
        (
            f"casjob: --output {output} is not supported here\n"
            f"  hint: supported formats: {', '.join(supported)}\n"
        ),
    )
    assert service.requests == []


@pytest.mark.parametrize("output", OutputFormat)
def test_a_format_has_the_functions_that_it_is_offered_for(output: OutputFormat) -> None:
    present = {name for name in FORMATS if hasattr(load_format(output, name), name)}

    assert present == {content for content, formats in FORMATS.items() if output in formats}


@pytest.mark.parametrize(("words", "supported"), SUPPORTED.items())
def test_the_help_lists_the_formats_that_a_command_supports(
    casjob: Casjob, words: tuple[str, ...], supported: tuple[str, ...]
) -> None:
    if "--check" not in words:
        assert f"-o, --output <{'|'.join(supported)}>" in casjob(words[0], "--help").out


def test_a_word_that_is_no_format_is_refused(casjob: Casjob) -> None:
    finished = casjob("show", "--demo", "-o", "yaml")

    assert (finished.status, finished.out) == (2, "")
    assert "'yaml'" in finished.err
