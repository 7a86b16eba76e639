import pytest

from casjob.catalogue.explanations import Explanation, Kind, explain_name
from casjob.catalogue.meanings import Catalogue, Service, TaskMeaning

FLOW = "build/assemCheckStatus"


@pytest.mark.parametrize(
    ("name", "explanation"),
    [
        (
            "tn00097",
            Explanation(
                "TN00097",
                Kind.TASK,
                "ours",
                means="wait for the build to succeed",
                flow=FLOW,
                source="2018 catalogue",
            ),
        ),
        (
            FLOW.upper(),
            Explanation(
                FLOW,
                Kind.FLOW,
                "ours",
                means="wait for a build to end",
                tasks=(
                    TaskMeaning("TN00096", "ask how the build stands", FLOW),
                    TaskMeaning("TN00097", "wait for the build to succeed", FLOW),
                    TaskMeaning("TN00098", "create the VPC, if there is none", FLOW),
                ),
                source="2018 catalogue; what the flow does is inferred from its tasks",
            ),
        ),
        (
            "failed",
            Explanation(
                "FAILED",
                Kind.STATUS,
                "ours",
                means="the job or task ended with an error; the component failed",
                source="API reference; how a job goes on is inferred",
            ),
        ),
        (
            "stopped",
            Explanation(
                "STOPPED",
                Kind.STATUS,
                "ours",
                means="the component was stopped",
                source="API reference; how a job goes on is inferred",
            ),
        ),
        (
            "ecc00011",
            Explanation(
                "ECC00011",
                Kind.CODE,
                "ours",
                means="the build of the application failed",
                advice="read the build's log",
                service=Service("ECC", "ServiceStage jobs", "the job engine itself"),
                source="job details page, example",
            ),
        ),
        ("nothing known", Explanation("nothing known", Kind.CODE, "ours")),
    ],
)
def test_a_name_of_any_kind_is_explained(name: str, explanation: Explanation) -> None:
    assert explain_name(name, Catalogue({"*": "ours"})) == explanation


def test_an_unknown_name_is_not_explained() -> None:
    assert explain_name("TN99999", Catalogue()) is None
