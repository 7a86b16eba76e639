import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from casjob.history import MAX_JOBS, History, find_history_folder, recent_job_ids

RECORD = """
import sys
from pathlib import Path
from casjob.history import History

history = History(Path(sys.argv[1]), endpoint="https://one", project_id="p")
sys.stdin.read()
for number in range(50):
    history.record(f"JOB{number:06}-{sys.argv[2]}", name="a name", status="RUNNING")
    history.record("JOB-of-all", name="a name" * 2000, status="RUNNING")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "casjob" / "history"


@pytest.fixture
def history(folder: Path) -> History:
    return History(folder, endpoint="https://one", project_id="p")


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def look_at(history: History, *job_ids: str) -> None:
    for job_id in job_ids:
        history.record(job_id, name=None, status="RUNNING")


def test_without_a_history_no_job_was_looked_at(history: History, folder: Path) -> None:
    assert history.job_ids() == []
    assert recent_job_ids(folder) == []


def test_the_job_looked_at_last_comes_first(history: History) -> None:
    look_at(history, "JOB-1", "JOB-2", "JOB-3", "JOB-1")
    assert history.job_ids() == ["JOB-1", "JOB-3", "JOB-2"]


def test_each_job_is_a_file_that_tells_what_was_seen_and_where(
    history: History, folder: Path
) -> None:
    history.record("JOB-1", name="provision/provMain \ud800 é", status="FAILED")
    (file,) = files_in(folder)
    assert file.name == "JOB-1"
    assert json.loads(file.read_bytes()) == {
        "job_id": "JOB-1",
        "name": "provision/provMain \ud800 é",
        "status": "FAILED",
        "endpoint": "https://one",
        "project_id": "p",
    }


def test_only_its_owner_can_look_into_the_history(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    assert files_in(folder)[0].parent.stat().st_mode & 0o777 == 0o700


def test_each_project_of_each_endpoint_has_its_own_jobs(folder: Path) -> None:
    places = [("https://one", "p"), ("https://one", "q"), ("https://two", "p")]
    histories = [
        History(folder, endpoint=endpoint, project_id=project) for endpoint, project in places
    ]
    for number, history in enumerate(histories):
        look_at(history, f"JOB-{number}")
    assert [history.job_ids() for history in histories] == [["JOB-0"], ["JOB-1"], ["JOB-2"]]
    assert recent_job_ids(folder) == ["JOB-2", "JOB-1", "JOB-0"]


def test_a_job_looked_at_in_two_places_is_named_once(folder: Path) -> None:
    for endpoint in ("https://one", "https://two"):
        look_at(History(folder, endpoint=endpoint, project_id="p"), "JOB-1")
    assert recent_job_ids(folder) == ["JOB-1"]


def test_only_the_latest_jobs_are_kept(history: History, folder: Path) -> None:
    look_at(history, *(f"JOB-{number}" for number in range(MAX_JOBS + 3)))
    assert history.job_ids() == [f"JOB-{number}" for number in range(MAX_JOBS + 2, 2, -1)]
    assert len(files_in(folder)) == MAX_JOBS == 200


def test_many_programs_at_once_leave_a_whole_history(history: History, folder: Path) -> None:
    # Twice as many records as may be kept, so that they also forget each other's.
    programs = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", RECORD, folder, str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        for number in range(8)
    ]
    for program in programs:
        assert program.stdin
        program.stdin.close()
    for program in programs:
        assert program.stderr
        with program.stderr as errors:
            assert (errors.read(), program.wait()) == (b"", 0)
    assert 1 < len(history.job_ids()) <= MAX_JOBS
    assert_whole(folder)


def test_many_threads_at_once_leave_a_whole_history(history: History, folder: Path) -> None:
    together = threading.Barrier(20)

    def record(number: int) -> None:
        together.wait()
        look_at(history, "JOB-of-all", f"JOB-{number}", "JOB-of-all")

    threads = [threading.Thread(target=record, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(history.job_ids()) == sorted(
        ["JOB-of-all", *(f"JOB-{number}" for number in range(20))]
    )
    assert_whole(folder)


def assert_whole(folder: Path) -> None:
    for file in files_in(folder):
        assert json.loads(file.read_bytes())["job_id"] == file.name


def test_what_is_no_job_in_the_folder_is_passed_over(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    project = files_in(folder)[0].parent
    for name in ("two words", "\x1b[31m", "é", "-o", ".JOB-2.17.18", "JOB-3~", "J" * 129, "a\nb"):
        (project / name).write_text("{}")
    (project / "JOB-folder").mkdir()
    (project / "JOB-nowhere").symlink_to(project / "nothing")
    (folder / "a-file").write_text("not a folder")
    assert history.job_ids() == recent_job_ids(folder) == ["JOB-1"]


def test_a_job_whose_file_says_nonsense_is_still_known_by_its_name(
    history: History, folder: Path
) -> None:
    look_at(history, "JOB-1")
    files_in(folder)[0].write_bytes(b"\0\xff{")
    assert history.job_ids() == ["JOB-1"]


def test_a_file_in_the_folders_place_is_no_failure(history: History, folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    look_at(history, "JOB-1")
    assert history.job_ids() == recent_job_ids(folder) == []
    assert folder.read_text() == "in the way"


def test_a_folder_in_a_jobs_place_is_no_failure(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    project = files_in(folder)[0].parent
    (project / "JOB-2" / "full").mkdir(parents=True)
    look_at(history, "JOB-2")
    assert history.job_ids() == ["JOB-1"]
    assert [file.name for file in files_in(folder)] == ["JOB-1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_no_failure(history: History, read_only: Path) -> None:
    look_at(history, "JOB-1")
    assert history.job_ids() == recent_job_ids(read_only) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_no_failure(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    project = files_in(folder)[0].parent
    project.chmod(0)
    try:
        assert history.job_ids() == recent_job_ids(folder) == []
    finally:
        project.chmod(0o700)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from casjob.history import History

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
history = History(Path(sys.argv[1]), endpoint="https://one", project_id="p")
history.record("JOB-2", name=None, status="RUNNING")
"""


def test_a_full_disk_is_no_failure_and_leaves_no_rest(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    subprocess.run(
        [sys.executable, "-S", "-c", FULL_DISK, folder],
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        check=True,
    )
    assert [file.name for file in files_in(folder)] == ["JOB-1"]


def test_a_history_that_is_turned_off_neither_tells_nor_learns() -> None:
    history = History(None, endpoint="https://one", project_id="p")
    look_at(history, "JOB-1")
    assert history.job_ids() == recent_job_ids(None) == []


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HOME": "/home/me"}, "/home/me/.local/state/casjob/history"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": "/state"}, "/state/casjob/history"),
        ({"XDG_STATE_HOME": "/state"}, "/state/casjob/history"),
        (
            {"HOME": "/home/me", "XDG_STATE_HOME": "state"},
            "/home/me/.local/state/casjob/history",
        ),
        ({"HOME": "/home/me", "XDG_STATE_HOME": ""}, "/home/me/.local/state/casjob/history"),
        ({"USERPROFILE": "/home/me"}, "/home/me/.local/state/casjob/history"),
        ({"HOME": "/home/me", "CASJOB_HISTORY": "on"}, "/home/me/.local/state/casjob/history"),
        ({"HOME": "/home/me", "CASJOB_HISTORY": "off"}, None),
        ({"HOME": "/home/me", "CASJOB_HISTORY": "OFF"}, None),
        ({"HOME": "/home/me", "CASJOB_HISTORY": "0"}, None),
        ({}, None),
        ({"HOME": ""}, None),
        ({"HOME": "me"}, None),
    ],
)
def test_the_folder_is_found_by_the_xdg_rules(environ: dict[str, str], folder: str | None) -> None:
    assert find_history_folder(environ) == (folder and Path(folder))
