import subprocess
import sys
from pathlib import Path

import pytest

from casjob.catalogue.meanings import (
    Catalogue,
    Explanation,
    Kind,
    Service,
    find_service,
    read_custom_meanings,
)

ECC = Service("ECC", "ServiceStage jobs", "the job engine itself")
VPC = Service("VPC", "Virtual Private Cloud", "networks, subnets, security groups")
BUILD_FAILED = Explanation(
    "ECC00011",
    Kind.CODE,
    means="the build of the application failed",
    advice="read the build's log: casjob logs",
    service=ECC,
    source="job details page, example",
)
FLOW = "build/assemCheckStatus"
TASKS = tuple(
    Explanation(name, Kind.TASK, means=title, flow=FLOW, source="2018 catalogue")
    for name, title in [
        ("TN00096", "ask how the build stands"),
        ("TN00097", "wait for the build to succeed"),
        ("TN00098", "create the VPC, if there is none"),
    ]
)
STATUS_SOURCE = "API reference; meaning inferred"
CANCELLED = Explanation(
    "CANCELLED",
    Kind.STATUS,
    means="the job or task was cancelled before its end",
    source=STATUS_SOURCE,
)


@pytest.mark.parametrize(
    ("names", "explanation"),
    [
        ("TN00097 tn00097", TASKS[1]),
        (
            "TN00204",
            Explanation(
                "TN00204", Kind.TASK, means="wait for the cluster", source="2018 catalogue"
            ),
        ),
        (
            f"{FLOW} {FLOW.upper()}",
            Explanation(
                FLOW,
                Kind.FLOW,
                means="wait for a build to end",
                tasks=TASKS,
                source="2018 catalogue; what the flow does is inferred from its tasks",
            ),
        ),
        (
            "FAILED failed",
            Explanation(
                "FAILED",
                Kind.STATUS,
                means="the job or task ended with an error; the component failed",
                source=STATUS_SOURCE,
            ),
        ),
        ("CANCELLED CANCELED canceled", CANCELLED),
        (
            "UNKNOWN",
            Explanation(
                "UNKNOWN",
                Kind.STATUS,
                means="the service does not know how the job or task is doing; the service does not"
                " know how the component is doing; the type of the job is not known",
                source=STATUS_SOURCE,
            ),
        ),
        (
            "SEPARATOR_WARMUP",
            Explanation(
                "SEPARATOR_WARMUP",
                Kind.PHASE,
                means="heads a phase of the job: the steps after it, up to the next one; it does no"
                " work",
            ),
        ),
        ("ECC00011 ecc00011", BUILD_FAILED),
        ("Vpc.9999", Explanation("Vpc.9999", Kind.CODE, service=VPC)),
    ],
)
def test_a_name_of_any_kind_is_explained(names: str, explanation: Explanation) -> None:
    for name in names.split():
        assert Catalogue().explain(name) == explanation
        assert Catalogue({"*": "ours"}).explain(name) == explanation._replace(custom="ours")


@pytest.mark.parametrize(
    ("british", "american"),
    [("INITIALISING", "INITIALIZING"), ("GREYING", "graying"), ("greyrelease", "GrayRelease")],
)
def test_a_status_is_known_in_british_and_american_english(british: str, american: str) -> None:
    known = Catalogue().explain(american)

    assert known
    assert known == Catalogue().explain(british)


def test_a_code_of_the_gateway_has_two_spellings() -> None:
    known = Catalogue().explain("APIGW.0308")

    assert known
    assert known.service
    assert Catalogue().explain("apig.0308") == known


@pytest.mark.parametrize("name", ["", "TN99999", "WKS.00211401", "10010", "…", "nothing/known"])
def test_an_unknown_name_has_no_meaning(name: str) -> None:
    assert Catalogue().explain(name) is None


@pytest.mark.parametrize(
    ("code", "service"),
    [
        ("VPC.0202", "Virtual Private Cloud"),
        ("Ecs.0005", "Elastic Cloud Server"),
        ("CCE_CM.0004", "Cloud Container Engine"),
        ("APIG.0301", "API Gateway"),
        ("ECC00011", "ServiceStage jobs"),
        ("ECC99999", "ServiceStage jobs"),
        ("SVCSTG.NEW.4000001", "ServiceStage"),
        ("SVCSTG.00100429", "ServiceStage"),
        ("SVCSTG.SWR.4000306", "Software Repository for Container"),
        ("SVCSTG.CCE-ADDONMGR.4030302", "Cloud Container Engine"),
        ("SVCSTG_AMS_4000001", "Application Operations Management"),
        ("SVCSTG.CPE.0000001", "ServiceStage build"),
        ("DEV.CB.0210043", "CodeArts Build"),
        ("DEV.0210043", None),
        ("VPCX.0001", None),
        ("AS1.0001", None),
        (".".join("A" * 999), None),
    ],
)
def test_the_longest_known_prefix_of_a_code_names_its_service(
    code: str, service: str | None
) -> None:
    found = find_service(code)

    assert (found.name if found else None) == service


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
NETWORK = "an error from Virtual Private Cloud (networks, subnets, security groups)"


class TestFailure:
    @pytest.mark.parametrize(
        ("codes", "lines"),
        [
            ([], ()),
            ([None], ()),
            (["NotFound"], ()),
            (["ecc00011"], (BUILD,)),
            (["ECC00003"], ("the request does not say which service to unbind",)),
            (["ECC00011", "ECC00002"], (BUILD,)),
            (["VPC.0202"], (NETWORK,)),
            (["VPC.0202", "ECC00011", "ECC00002"], (NETWORK, f"ECC00011: {BUILD}")),
            (["NotFound", None, "ECC00011"], (f"ECC00011: {BUILD}",)),
            (["NotFound", "VPC.0202"], (f"VPC.0202: {NETWORK}",)),
            (["VPC.0202", "VPC.0202"], (NETWORK,)),
            (["Failed", "TN00097"], ()),
            (["SVCSTG.09999999"], ()),
            (["SVCSTG.NEW.4000001"], ()),
            (["SVCSTG.SWR.4000306"], ("an error from Software Repository for Container (images)",)),
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
    def test_may_be_all_that_is_known(self) -> None:
        meaning = Catalogue({"WKS.*": "ask Ann"}).explain("WKS.00211401")
        assert meaning == Explanation("WKS.00211401", Kind.CODE, "ask Ann")

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
            ("ECC00011", "any case"),
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
                "ecc00011": "any case",
            }
        )

        assert catalogue.find_custom(name) == own


class TestATeamsFile:
    LARGEST = b'"A" = "x"\n'.ljust(1024 * 1024, b"#")

    @pytest.mark.parametrize(
        ("content", "meanings", "problems"),
        [
            (
                b'# ours\n"ECC00011" = " ask Ann "\n"VPC.*" = """one\ntwo"""\n',
                {"ECC00011": "ask Ann", "VPC.*": "one two"},
                [],
            ),
            (
                b'A1 = 1\nA2 = " "\nA3 = ["x"]\nVPC.0202 = "x"\nA5 = "ask Ann"\n',
                {"A5": "ask Ann"},
                [
                    ": 'A1' is not text",
                    ": 'A2' is empty",
                    ": 'A3' is not text",
                    ': \'VPC\' is a table; a name with a dot needs quotes: "VPC.0202" = "…"',
                ],
            ),
            (b'"A" = "x"\n"B" =\n', {}, [" is not TOML: Invalid value (at line 2, column 6)"]),
            (b'\n\n"B" = "\xff"\n', {}, [", line 3: not UTF-8"]),
            (LARGEST, {"A": "x"}, []),
            (LARGEST + b"#", {}, [" is larger than 1048576 bytes"]),
        ],
    )
    def test_is_read_and_what_is_wrong_is_told(
        self, tmp_path: Path, content: bytes, meanings: dict[str, str], problems: list[str]
    ) -> None:
        path = tmp_path / "explain.toml"
        path.write_bytes(content)

        told = [f"{path}{problem}" for problem in problems]
        assert read_custom_meanings(path) == (meanings, told)

    def test_may_nest_deeply_without_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "explain.toml"
        path.write_text(f"A = {'[' * 100_000}", "utf-8")

        meanings, [problem] = read_custom_meanings(path)

        assert (meanings, problem.startswith(f"{path} is not TOML")) == ({}, True)

    def test_need_not_exist_nor_be_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        assert read_custom_meanings(tmp_path / "none") == ({}, [])
        assert read_custom_meanings(tmp_path / "file" / "none") == ({}, [])
        told = f"{tmp_path} can't be read: Is a directory"
        assert read_custom_meanings(tmp_path) == ({}, [told])
        told = "a\0b can't be read: embedded null byte"
        assert read_custom_meanings(Path("a\0b")) == ({}, [told])

    def test_may_be_a_device_without_an_end(self) -> None:
        told = "/dev/zero is larger than 1048576 bytes"
        assert read_custom_meanings(Path("/dev/zero")) == ({}, [told])


def test_every_name_that_can_be_completed_has_a_meaning() -> None:
    catalogue = Catalogue()
    names = list(catalogue.names())

    assert {"ECC00011", "TN00097", "provision/provMain", "FAILED", "kube"} <= set(names)
    assert len(names) == len(set(names))
    assert all(map(catalogue.explain, names))


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
