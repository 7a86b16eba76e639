from pathlib import Path

import pytest

from casjob.catalogue.custom import CustomMeanings, read_custom_meanings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "explain.toml"


def test_names_and_patterns_are_read(path: Path) -> None:
    path.write_text('# ours\n"ECC00011" = " ask Ann "\n"VPC.*" = """one\ntwo"""\n', "utf-8")

    assert read_custom_meanings(path) == CustomMeanings({"ECC00011": "ask Ann", "VPC.*": "one two"})


def test_a_file_that_does_not_exist_is_no_problem(path: Path) -> None:
    assert read_custom_meanings(path) == CustomMeanings({})
    assert read_custom_meanings(path / "under a file that is none") == CustomMeanings({})


def test_values_that_are_not_text_are_skipped(path: Path) -> None:
    path.write_text('A1 = 1\nA2 = " "\nA3 = ["x"]\nVPC.0202 = "x"\nA5 = "ask Ann"\n', "utf-8")

    assert read_custom_meanings(path) == CustomMeanings(
        {"A5": "ask Ann"},
        (
            f"{path}: 'A1' is not text",
            f"{path}: 'A2' is empty",
            f"{path}: 'A3' is not text",
            f'{path}: \'VPC\' is a table; a name with a dot needs quotes: "VPC.0202" = "…"',
        ),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'"A" = "x"\n"B" =\n', "{path} is not TOML: Invalid value (at line 2, column 6)"),
        (b'\n\n"B" = "\xff"\n', "{path}, line 3: not UTF-8"),
        (b"#" * 1024 * 1024 + b"#", "{path} is larger than 1048576 bytes"),
    ],
)
def test_a_broken_file_is_a_problem_and_no_error(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)

    assert read_custom_meanings(path) == CustomMeanings({}, (problem.format(path=path),))


def test_a_file_of_the_largest_size_is_read(path: Path) -> None:
    content = b'"A" = "x"\n'
    path.write_bytes(content + b"#" * (1024 * 1024 - len(content)))

    assert read_custom_meanings(path) == CustomMeanings({"A": "x"})


def test_deep_nesting_is_a_problem_and_no_error(path: Path) -> None:
    path.write_text(f"A = {'[' * 100_000}", "utf-8")

    read = read_custom_meanings(path)

    assert read.meanings == {}
    assert [problem.partition(" is not TOML")[0] for problem in read.problems] == [str(path)]


def test_a_file_that_cannot_be_read_is_a_problem_and_no_error(tmp_path: Path) -> None:
    assert read_custom_meanings(tmp_path) == CustomMeanings(
        {}, (f"{tmp_path} can't be read: Is a directory",)
    )
    assert read_custom_meanings(Path("a\0b")) == CustomMeanings(
        {}, ("a\0b can't be read: embedded null byte",)
    )
