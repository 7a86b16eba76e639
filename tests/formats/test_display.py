from collections.abc import Callable

import pytest

from casjob.formats.display import OutputFormat
from tests.conftest import JOB_ID, Casjob, Finished
from tests.service import Service

SUPPORTED = {
    ("show", JOB_ID): tuple(OutputFormat),
    ("tasks", JOB_ID): tuple(OutputFormat),
    ("watch", JOB_ID): ("table", "json", "jsonl"),
    ("wait", JOB_ID): ("table", "json", "jsonl", "csv", "tsv", "markdown", "junit", "github"),
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
        assert finished.out
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


def test_a_word_that_is_no_format_is_refused(casjob: Casjob) -> None:
    finished = casjob("show", "--demo", "-o", "xml")

    assert (finished.status, finished.out) == (2, "")
    assert "'xml'" in finished.err
