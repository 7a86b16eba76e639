import pytest

from casjob.errors import SettingsError
from casjob.settings.values import Setting, Value, mask, summarize


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("", "****"), ("0123456789abcdef", "****"), ("0123456789abcdefg", "****defg")],
)
def test_of_a_long_secret_the_last_four_characters_are_shown(secret: str, shown: str) -> None:
    assert mask(secret) == shown


@pytest.mark.parametrize(
    ("value", "label"),
    [(Value("x", "CASJOB_REGION"), "CASJOB_REGION"), (Value("x", "f", "region"), "region from f")],
)
def test_a_value_is_labelled_with_its_origin_and_its_name(value: Value, label: str) -> None:
    assert value.label == label


def test_a_wrong_setting_raises_its_problem_where_it_is_read() -> None:
    wrong, right = Setting(None, SettingsError("wrong")), Setting(Value("1", "here"), 1)
    unset = Setting(None, None)

    assert wrong.problem is wrong.parsed
    with pytest.raises(SettingsError, match="wrong"):
        _ = wrong.value
    assert (right.problem, right.value, right.origin) == (None, 1, "here")
    assert (unset.problem, unset.value, unset.origin) == (None, None, "not set")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (SettingsError("wrong"), "wrong"),
        (SettingsError("wrong", hint="mend it"), "wrong; mend it"),
        (SettingsError("wrong", steps=("  do this", "then that")), "wrong; do this"),
        (SettingsError("wrong", hint="mend it", steps=(" so",)), "wrong; mend it; so"),
    ],
)
def test_an_error_in_one_line_has_its_hint_and_its_first_step(
    error: SettingsError, line: str
) -> None:
    assert summarize(error) == line
