import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casjob.storage import (
    MAX_JOBS,
    MAX_NAME,
    History,
    RecentJob,
    find_prefixes,
    history_folder,
    recent_jobs,
)

RECORD = """
import sys
from pathlib import Path
from casjob.storage import History

history = History(Path(sys.argv[1]), endpoint="https://one", project_id="p")
sys.stdin.read()
for number in range(50):
    history.record(f"JOB{number:06}-{sys.argv[2]}", name="a name", status="RUNNING")
    history.record("JOB-of-all", name="a name" * 2000, status="RUNNING")
"""


def recent_job_ids(folder: Path | None) -> list[str]:
    return [job.job_id for job in recent_jobs(folder)]


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


def test_without_a_history_no_job_was_viewed(history: History, folder: Path) -> None:
    assert (history.job_ids(), recent_job_ids(folder), recent_jobs(folder)) == ([], [], [])


def test_the_job_viewed_last_comes_first(history: History) -> None:
    look_at(history, "JOB-1", "JOB-2", "JOB-3", "JOB-1")
    assert history.job_ids() == ["JOB-1", "JOB-3", "JOB-2"]


def test_a_jobs_file_holds_its_name_status_and_location(folder: Path) -> None:
    history = History(folder, endpoint="https://one", project_id="p", location="cn-north-4")
    history.record("JOB-1", name="provision/provMain é", status="FAILED")
    (file,) = files_in(folder)
    assert file.name == "JOB-1"
    assert json.loads(file.read_bytes()) == {
        "name": "provision/provMain é",
        "status": "FAILED",
        "location": "cn-north-4",
    }


def test_recent_jobs_have_a_name_a_status_and_a_time(folder: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    for project, status in (("p", "RUNNING"), ("q", "FAILED")):
        history = History(folder, endpoint="https://one", project_id=project)
        history.record("JOB-1", name="provision", status=status)
        history.record(f"JOB-{project}", name=None, status=None)
    jobs = recent_jobs(folder)
    assert [(job.job_id, job.name, job.status) for job in jobs] == [
        ("JOB-q", None, None),
        ("JOB-1", "provision", "FAILED"),
        ("JOB-p", None, None),
    ]
    times = [datetime.now(UTC), *(job.viewed_at for job in jobs), before]
    assert times == sorted(times, reverse=True)


def test_a_long_name_is_cut(history: History, folder: Path) -> None:
    history.record("JOB-1", name="\x1b" * 30_000_000, status="Ü" * 999)
    (job,) = recent_jobs(folder)
    assert (job.name, job.status) == (("\\x1b" * 50), "Ü" * MAX_NAME)
    assert files_in(folder)[0].stat().st_size < 2000


def test_what_may_drive_a_terminal_is_escaped(history: History, folder: Path) -> None:
    history.record("JOB-1", name="a\n\ud800\u202eb", status="\x9b")
    (job,) = recent_jobs(folder)
    assert (job.name, job.status) == ("a\\n\\ud800\\u202eb", "\\x9b")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\xff{",
        b"[" * 9000,
        b"9" * 5000,
        b"[]",
        b"{}",
        b'{"name": 1, "status": ["FAILED"]}',
        b'{"name": "\\ud800", "status": "\\u001b[2J"}',
        b'{"name": "%s"}' % (b"n" * (MAX_NAME + 1)),
        b'{"name": "n", "status": "s"%s}' % (b" " * 16 * 1024),
    ],
)
def test_a_broken_file_is_a_job_without_name_and_status(
    content: bytes, history: History, folder: Path
) -> None:
    look_at(history, "JOB-1")
    (file,) = files_in(folder)
    file.write_bytes(content)
    os.utime(file, (60, 60))
    time = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert history.job_ids() == ["JOB-1"]
    assert recent_jobs(folder) == [RecentJob("JOB-1", time, None, None, None, prefix="JOB-1")]


@pytest.mark.parametrize("seconds", [-(2**33), 2**40])
def test_a_time_outside_of_the_calendar_is_not_an_error(
    seconds: int, history: History, folder: Path
) -> None:
    look_at(history, "JOB-1")
    os.utime(files_in(folder)[0], (seconds, seconds))
    (job,) = recent_jobs(folder)
    assert 1970 <= job.viewed_at.year <= 9999


def test_only_its_owner_can_read_the_history(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    project = files_in(folder)[0].parent
    modes = [each.stat().st_mode & 0o777 for each in (project, folder, folder.parent)]
    assert modes == [0o700, 0o700, 0o700]


def test_each_project_of_each_endpoint_has_its_own_jobs(folder: Path) -> None:
    projects = [("https://one", "p"), ("https://one", "q"), ("https://two", "p")]
    histories = [
        History(folder, endpoint=endpoint, project_id=project) for endpoint, project in projects
    ]
    for number, history in enumerate(histories):
        look_at(history, f"JOB-{number}")
    assert [history.job_ids() for history in histories] == [["JOB-0"], ["JOB-1"], ["JOB-2"]]
    assert recent_job_ids(folder) == ["JOB-2", "JOB-1", "JOB-0"]


def test_a_job_viewed_in_two_projects_is_listed_once(folder: Path) -> None:
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
        assert json.loads(file.read_bytes())["status"] == "RUNNING"


def test_other_files_in_the_folder_are_ignored(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    project = files_in(folder)[0].parent
    for name in ("two words", "\x1b[31m", "é", "-o", ".JOB-2.17.18", "JOB-3~", "J" * 129, "a\nb"):
        (project / name).write_text("{}")
    (project / "JOB-folder").mkdir()
    (project / "JOB-nowhere").symlink_to(project / "nothing")
    (project / "JOB-link").symlink_to(project / "JOB-1")
    (folder / "a-file").write_text("not a folder")
    assert history.job_ids() == recent_job_ids(folder) == ["JOB-1"]


def test_a_file_instead_of_the_folder_is_not_an_error(history: History, folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    look_at(history, "JOB-1")
    assert history.job_ids() == recent_job_ids(folder) == []
    assert folder.read_text() == "in the way"


def test_a_folder_instead_of_a_jobs_file_is_not_an_error(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    project = files_in(folder)[0].parent
    (project / "JOB-2" / "full").mkdir(parents=True)
    look_at(history, "JOB-2")
    assert history.job_ids() == ["JOB-1"]
    assert [file.name for file in files_in(folder)] == ["JOB-1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_not_an_error(history: History, read_only: Path) -> None:
    look_at(history, "JOB-1")
    assert history.job_ids() == recent_job_ids(read_only) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_not_an_error(history: History, folder: Path) -> None:
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
from casjob.storage import History

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
history = History(Path(sys.argv[1]), endpoint="https://one", project_id="p")
history.record("JOB-2", name=None, status="RUNNING")
"""


def test_a_full_disk_is_not_an_error_and_leaves_no_draft(history: History, folder: Path) -> None:
    look_at(history, "JOB-1")
    subprocess.run(
        [sys.executable, "-S", "-c", FULL_DISK, folder],
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        check=True,
    )
    assert [file.name for file in files_in(folder)] == ["JOB-1"]


def test_a_history_that_is_turned_off_is_empty() -> None:
    history = History(None, endpoint="https://one", project_id="p")
    look_at(history, "JOB-1")
    assert (history.job_ids(), recent_job_ids(None), recent_jobs(None)) == ([], [], [])


def test_the_history_is_in_the_state_folder() -> None:
    assert history_folder({"HOME": "/me"}) == Path("/me/.local/state/casjob/history")
    assert history_folder({"XDG_STATE_HOME": "/state"}) == Path("/state/casjob/history")


@pytest.mark.parametrize(
    ("job_ids", "prefixes"),
    [
        ([], {}),
        (["JOB474362ef"], {"JOB474362ef": "JOB474"}),
        (["JOB1"], {"JOB1": "JOB1"}),
        (["JOB47aa01", "JOB47aa02"], {"JOB47aa01": "JOB47aa01", "JOB47aa02": "JOB47aa02"}),
        (
            ["JOB47ab01", "JOB48", "JOB47aa01"],
            {"JOB47ab01": "JOB47ab", "JOB48": "JOB48", "JOB47aa01": "JOB47aa"},
        ),
        (["JOB47aa", "JOB47aa01"], {"JOB47aa": "JOB47aa", "JOB47aa01": "JOB47aa0"}),
    ],
)
def test_a_prefix_names_no_other_job(job_ids: list[str], prefixes: dict[str, str]) -> None:
    assert find_prefixes(job_ids) == prefixes
