"""Which format presents the output; only the chosen one is loaded."""

from collections.abc import Callable
from typing import assert_never

from casjob.errors import UsageError
from casjob.formats.display import FORMATS, Color, Content, Display, Format, OutputFormat


def open_format(output: OutputFormat, display: Display, content: Content) -> Format:
    """Return a format; nothing is loaded for the others.

    Args:
        output: the format.
        display: what a drawing adapts to.
        content: what is going to be presented.

    Raises:
        UsageError: the format does not support such content.
    """
    supported = FORMATS[content]
    if output not in supported:
        raise UsageError(
            f"--output {output} is not supported here",
            hint=f"supported formats: {', '.join(supported)}",
        )
    return load_format(output)(display)


def save_format(
    output: OutputFormat, display: Display, content: Content, save: Callable[[bytes], None]
) -> Format:
    """Return a format that saves its output, and presents a table.

    Args:
        output: the format of what is saved, which is not for a terminal.
        display: what the table adapts to.
        content: what is going to be presented.
        save: gets what is to be saved, in UTF-8.

    Raises:
        UsageError: the format does not support such content.
    """
    from casjob.formats.saved import SavedFormat

    saved = open_format(output, Display(color=Color.NEVER, utc=display.utc), content)
    return SavedFormat(open_format(OutputFormat.TABLE, display, content), saved, save)


def load_format(output: OutputFormat) -> type[Format]:  # noqa: C901, PLR0911 - one a format
    """Return the class of a format."""
    match output:
        case OutputFormat.TABLE:
            from casjob.formats.table import TableFormat

            return TableFormat
        case OutputFormat.JSON:
            from casjob.formats.json import JsonFormat

            return JsonFormat
        case OutputFormat.JSONL:
            from casjob.formats.jsonl import JsonLinesFormat

            return JsonLinesFormat
        case OutputFormat.CSV:
            from casjob.formats.csv import CsvFormat

            return CsvFormat
        case OutputFormat.TSV:
            from casjob.formats.csv import TsvFormat

            return TsvFormat
        case OutputFormat.MARKDOWN:
            from casjob.formats.markdown import MarkdownFormat

            return MarkdownFormat
        case OutputFormat.JUNIT:
            from casjob.formats.junit import JunitFormat

            return JunitFormat
        case OutputFormat.HTML:
            from casjob.formats.html import HtmlFormat

            return HtmlFormat
        case OutputFormat.SVG:
            from casjob.formats.svg import SvgFormat

            return SvgFormat
        case OutputFormat.GITHUB:
            from casjob.formats.github import GithubFormat

            return GithubFormat
        case _:
            assert_never(output)
