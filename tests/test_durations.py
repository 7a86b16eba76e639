import pytest

from casjob.durations import parse_duration
from casjob.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0", 0),
        ("0.05", 0.05),
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1h02m03s", 3723),
        ("1.5h", 5400),
    ],
)
def test_a_duration_is_a_number_of_seconds_or_says_its_units(text: str, seconds: float) -> None:
    assert parse_duration(text, "--timeout") == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "m", "-5", "5 m", "5d", "30M", "1e3", "nan", "inf", "1h30", "5m\n", "٣", ".5", "1."],
)
def test_anything_else_is_told_with_the_option_it_was_given_to(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text, "--timeout")

    assert caught.value.message == f"--timeout {text!r} is no duration"
    assert caught.value.hint == "durations are 90, 90s, 30m or 1h30m"
