import pytest

from casjob.settings.overview import describe_settings
from tests.settings.conftest import Resolve

ACCOUNT = {"CASJOB_TOKEN": "t", "CASJOB_PROJECT_ID": "p"}
NORTH4 = "CASJOB_REGION is 'north4', which is not a region such as cn-north-4"
ADDRESS = "https://servicestage.cn-north-4.myhuaweicloud.com"


@pytest.mark.parametrize(
    ("environ", "notes"),
    [
        ({"CASJOB_REGION": "cn-north-4"}, ()),
        ({"CASJOB_REGION": "somewhere-else-1"}, ()),
        (
            {"CASJOB_REGION": "cn-nort-4"},
            ("CASJOB_REGION is 'cn-nort-4', not a known region; did you mean cn-north-4?",),
        ),
        ({"CASJOB_REGION": "cn-nort-4", "CASJOB_ENDPOINT": "https://example.com"}, ()),
        ({"CASJOB_REGION": "north4"}, (f"{NORTH4}; did you mean cn-north-4?",)),
        (
            {"CASJOB_REGION": "a/b"},
            ("CASJOB_REGION is 'a/b', which is not a region such as cn-north-4",),
        ),
        (
            {"CASJOB_ENDPOINT": "https://example.com", "CASJOB_IAM_ENDPOINT": "x"},
            (f"CASJOB_IAM_ENDPOINT is not an address such as {ADDRESS}",),
        ),
        (
            {"CASJOB_REGION": "cn-north-4", "CASJOB_HISTORY": "x", "CASJOB_API_VERSION": "v1"},
            (
                "CASJOB_API_VERSION is 'v1', which is not auto, v2 or v3",
                "CASJOB_HISTORY is 'x', which is not on or off",
            ),
        ),
    ],
)
def test_each_problem_is_one_note(
    environ: dict[str, str], notes: tuple[str, ...], resolve: Resolve
) -> None:
    assert describe_settings(resolve(**ACCOUNT, **environ)).notes == notes
