import pytest

from casjob.durations import format_age, format_duration, parse_duration


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
        ("1000000h", 3.6e9),
    ],
)
def test_a_duration_is_a_number_of_seconds_or_has_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "m", "-5", "5 m", "5d", "30M", "1e3", "nan", "inf", "1h30", "5m\n", "٣", ".5", "1."],
)
def test_anything_else_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["3600000001", "1000000h1s", "999999999999h", "9" * 400])
def test_a_duration_of_a_century_is_too_long(text: str) -> None:
    with pytest.raises(ValueError, match="longer than 1000000h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.05, "0.05s"),
        (3, "3s"),
        (90, "1m30s"),
        (1800, "30m"),
        (5400, "1h30m"),
        (3723.5, "1h2m3.5s"),
    ],
)
def test_a_duration_is_formatted_as_it_is_written(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3600, "1h"), (5400, "1h"), (2e5, "2d")],
)
def test_an_age_is_in_its_largest_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text
