import pytest

from casjob.errors import OutputError
from casjob.output import Output


def test_a_reader_that_has_gone_is_no_error_whatever_stdout_is() -> None:
    Output(None).give_up(BrokenPipeError())
    with pytest.raises(OutputError, match="can't write to stdout: No space left on device"):
        Output(None).give_up(OSError(28, "No space left on device"))
