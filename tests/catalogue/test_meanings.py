import subprocess
import sys

import pytest

from casjob.catalogue.meanings import (
    Catalogue,
    CodeMeaning,
    FlowMeaning,
    Service,
    StatusMeaning,
    TaskMeaning,
)

ECC = Service("ECC", "ServiceStage jobs", "the job engine itself")
VPC = Service("VPC", "Virtual Private Cloud", "networks, subnets, security groups")
BUILD_FAILED = CodeMeaning(
    "ECC00011",
    means="the build of the application failed",
    advice="read the build's log",
    service=ECC,
    source="job details page, example",
)


@pytest.mark.parametrize("name", ["TN00097", "tn00097"])
def test_a_task_is_described(name: str) -> None:
    assert Catalogue().describe_task(name) == TaskMeaning(
        "TN00097", "wait for the build to succeed", "build/assemCheckStatus"
    )


def test_a_task_may_belong_to_no_known_flow() -> None:
    assert Catalogue().describe_task("TN00204") == TaskMeaning(
        "TN00204", "wait for the cluster", None
    )


@pytest.mark.parametrize("name", ["build/assemCheckStatus", "BUILD/ASSEMCHECKSTATUS"])
def test_a_flow_is_described_with_its_tasks_in_order(name: str) -> None:
    flow = "build/assemCheckStatus"

    assert Catalogue().describe_flow(name) == FlowMeaning(
        flow,
        "wait for a build to end",
        (
            TaskMeaning("TN00096", "ask how the build stands", flow),
            TaskMeaning("TN00097", "wait for the build to succeed", flow),
            TaskMeaning("TN00098", "create the VPC, if there is none", flow),
        ),
    )


def test_a_status_word_of_jobs_and_components_is_described() -> None:
    assert Catalogue().describe_status("failed") == StatusMeaning(
        "FAILED", "the job or task ended with an error", "the component failed"
    )
    assert Catalogue().describe_status("STOPPED") == StatusMeaning(
        "STOPPED", None, "the component was stopped"
    )


@pytest.mark.parametrize("code", ["ECC00011", "ecc00011"])
def test_a_code_is_described(code: str) -> None:
    assert Catalogue().describe_code(code) == BUILD_FAILED


def test_a_code_of_the_gateway_has_two_spellings() -> None:
    known = Catalogue().describe_code("APIGW.0308")

    assert known
    assert known.service
    assert Catalogue().describe_code("apig.0308") == known


def test_an_unknown_code_with_a_known_prefix_has_only_a_service() -> None:
    assert Catalogue().describe_code("Vpc.9999") == CodeMeaning("Vpc.9999", service=VPC)


@pytest.mark.parametrize("name", ["", "TN99999", "WKS.00211401", "10010", "…", "nothing/known"])
def test_an_unknown_name_has_no_meaning(name: str) -> None:
    catalogue = Catalogue()

    assert catalogue.describe_task(name) is None
    assert catalogue.describe_flow(name) is None
    assert catalogue.describe_status(name) is None
    assert catalogue.describe_code(name) is None


@pytest.mark.parametrize(
    ("name", "own", "title"),
    [
        ("tn00097", {}, "wait for the build to succeed"),
        ("TN00097", {"tn00097": "our build"}, "our build"),
        ("TN99999", {"TN9*": "our task"}, "our task"),
        ("TN99999", {}, None),
        ("", {"*": "anything"}, None),
        (None, {"*": "anything"}, None),
    ],
)
def test_a_task_has_a_title_if_it_is_known(
    name: str | None, own: dict[str, str], title: str | None
) -> None:
    assert Catalogue(own).find_title(name) == title


BUILD = "the build of the application failed: read the build's log"
NETWORK = "an error of Virtual Private Cloud (networks, subnets, security groups)"


class TestFailure:
    @pytest.mark.parametrize(
        ("codes", "lines"),
        [
            ([], ()),
            ([None], ()),
            (["NotFound"], ()),
            (["ecc00011"], (BUILD,)),
            (["ECC00003"], ("a service was to be unbound, but nothing says which",)),
            (["ECC00011", "ECC00002"], (BUILD,)),
            (["VPC.0202"], (NETWORK,)),
            (["VPC.0202", "ECC00011", "ECC00002"], (NETWORK, f"ECC00011: {BUILD}")),
            (["NotFound", None, "ECC00011"], (f"ECC00011: {BUILD}",)),
            (["NotFound", "VPC.0202"], (f"VPC.0202: {NETWORK}",)),
            (["VPC.0202", "VPC.0202"], (NETWORK,)),
        ],
    )
    def test_is_explained_by_its_innermost_documented_code(
        self, codes: list[str | None], lines: tuple[str, ...]
    ) -> None:
        assert Catalogue().explain_failure(codes) == lines

    @pytest.mark.parametrize(
        ("own", "lines"),
        [
            ({"ECC00011": "ask Ann"}, ("ask Ann", BUILD)),
            ({"ECC00002": "ask Ann"}, ("ECC00002: ask Ann", BUILD)),
            ({"ECC*": "ask Ann"}, ("ask Ann", BUILD)),
        ],
    )
    def test_is_explained_by_the_team_first(
        self, own: dict[str, str], lines: tuple[str, ...]
    ) -> None:
        assert Catalogue(own).explain_failure(["ECC00011", "ECC00002"]) == lines

    def test_with_an_unknown_code_is_explained_by_the_team_alone(self) -> None:
        assert Catalogue({"X*": "ask Ann"}).explain_failure(["X.0001"]) == ("ask Ann",)


class TestCustomMeanings:
    def test_stand_beside_the_documented_ones(self) -> None:
        catalogue = Catalogue({"ecc00011": "ask Ann"})

        assert catalogue.describe_code("ECC00011") == BUILD_FAILED._replace(custom="ask Ann")

    def test_may_be_all_that_is_known(self) -> None:
        catalogue = Catalogue({"WKS.*": "ask Ann"})

        meaning = catalogue.describe_code("WKS.00211401")
        assert meaning == CodeMeaning("WKS.00211401", custom="ask Ann")

    @pytest.mark.parametrize(
        ("name", "own"),
        [
            ("VPC.0202", "exact"),
            ("VPC.0203", "longer"),
            ("vpc.0303", "shorter"),
            ("VPC.0501", "longest"),
            ("VPC.0404", "character"),
            ("VPCX", None),
            ("APIG.0301", "gateway"),
            ("APIGW.0301", "gateway"),
            ("APIG.0302", "old spelling"),
            ("TN00097", "a task"),
        ],
    )
    def test_are_found_by_name_and_then_by_the_longest_pattern(
        self, name: str, own: str | None
    ) -> None:
        catalogue = Catalogue(
            {
                "VPC.*": "shorter",
                "VPC.02*": "longer",
                "VPC.0202": "exact",
                "VPC.?5*": "longer",
                "VPC.05*1": "longest",
                "VPC.040?": "character",
                "APIGW.0301": "gateway",
                "APIG.0302": "old spelling",
                "TN00097": "a task",
            }
        )

        assert catalogue.find_custom(name) == own


def test_every_name_that_can_be_completed_has_a_meaning() -> None:
    catalogue = Catalogue()
    names = list(catalogue.names())

    assert {"ECC00011", "TN00097", "provision/provMain", "FAILED"} <= set(names)
    assert all(
        catalogue.describe_code(name)
        or catalogue.describe_task(name)
        or catalogue.describe_flow(name)
        or catalogue.describe_status(name)
        for name in names
    )


@pytest.mark.parametrize(
    "program",
    [
        "import casjob.catalogue.meanings as m",
        "import casjob.catalogue.meanings as m; m.Catalogue()",
    ],
)
def test_the_data_are_not_read_before_a_name_is_looked_up(program: str) -> None:
    hook = "import sys; sys.addaudithook(lambda event, args: event == 'open' and print(args[0]))"
    ran = subprocess.run(
        [sys.executable, "-c", f"{hook}; {program}"], capture_output=True, text=True, check=True
    )

    assert "meanings" in ran.stdout
    assert ".tsv" not in ran.stdout
