import os
import stat
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from rendering import names, results, terminal

from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.output.outfile import atomic_file, require_writable, spool_file
from actcli.render.values.evaluations import write_evaluations

ROOT = Path(__file__).parents[4]


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def with_unnamed_files(folder):
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
    except (AttributeError, OSError):
        return False
    return True


@pytest.fixture(params=["unnamed", "named"])
def unnamed(request, tmp_path, monkeypatch):
    """Whether the temporary file has no name; in a second run the system has no such files."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not with_unnamed_files(tmp_path):
        pytest.skip("no unnamed files here")
    return request.param == "unnamed"


def test_the_file_appears_whole(tmp_path, unnamed):
    target = tmp_path / "y.txt"
    for old in (None, b"old"):
        if old is not None:
            target.write_bytes(old)
        with atomic_file(str(target)) as file:
            file.write(b"new")
            file.flush()
            assert (target.read_bytes() if target.exists() else None) == old
            hidden = [name for name in names(tmp_path) if name != "y.txt"]
            assert len(hidden) == (not unnamed)
            assert all(name.startswith(".") for name in hidden)
        assert target.read_bytes() == b"new"
        assert names(tmp_path) == ["y.txt"]


@pytest.mark.usefixtures("unnamed")
def test_a_file_that_another_program_made_meanwhile_is_replaced(tmp_path):
    target = tmp_path / "y.txt"
    with atomic_file(str(target)) as file:
        file.write(b"ours")
        target.write_bytes(b"theirs")
    assert target.read_bytes() == b"ours"
    assert names(tmp_path) == ["y.txt"]


def test_a_killed_process_leaves_nothing(tmp_path):
    if not with_unnamed_files(tmp_path):
        pytest.skip("no unnamed files here")
    program = f"""
        import os, sys
        sys.path[:0] = [{str(ROOT)!r}]
        from actcli.render.output.outfile import atomic_file
        with atomic_file({str(tmp_path / "y.txt")!r}) as file:
            file.write(bytes(1 << 22))
            os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -9
    assert names(tmp_path) == []


@pytest.mark.usefixtures("unnamed")
def test_a_check_for_permission_leaves_nothing(tmp_path):
    require_writable(str(tmp_path / "y.txt"))
    assert names(tmp_path) == []


def test_a_folder_without_permission_is_found_before_the_work():
    # sysfs takes no new file, not even root's
    if not Path("/sys/kernel").is_dir():
        pytest.skip("no sysfs here")
    with pytest.raises(DataError, match=r"cannot write /sys/kernel/y\.npz: "):
        require_writable("/sys/kernel/y.npz")


@pytest.mark.usefixtures("unnamed")
def test_the_owner_is_kept(tmp_path):
    target = tmp_path / "y.txt"
    target.write_bytes(b"old")
    try:
        os.chown(target, 12345, 54321)
    except PermissionError:
        pytest.skip("only root may give a file away")
    target.chmod(0o640)
    with atomic_file(str(target)) as file:
        file.write(b"new")
    status = target.stat()
    assert (status.st_uid, status.st_gid, mode(target)) == (12345, 54321, 0o640)


def _access_list(*entries):
    """A POSIX access list as Linux keeps it: version 2, then tag, permissions and id of each entry."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xFFFFFFFF
ATTRIBUTES = {
    "user.note": b"from the run of monday",
    # user::rw- user:1000:r-- group::r-- mask::r-- other::---
    "system.posix_acl_access": _access_list(
        (1, 6, NOBODY), (2, 4, 1000), (4, 4, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY)
    ),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_and_access_lists_are_kept(name, tmp_path):
    target = tmp_path / "y.txt"
    target.write_bytes(b"old")
    try:
        os.setxattr(target, name, ATTRIBUTES[name])
    except (AttributeError, OSError):
        pytest.skip("the file system keeps no such attribute")
    with atomic_file(str(target)) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"
    assert os.getxattr(target, name) == ATTRIBUTES[name]


@pytest.mark.usefixtures("unnamed")
@pytest.mark.parametrize("failure", [KeyboardInterrupt, DataError, MemoryError])
def test_whatever_goes_wrong_the_old_file_stays(tmp_path, failure):
    target = tmp_path / "y.txt"
    target.write_bytes(b"old")

    def interrupted():
        with atomic_file(str(target)) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["y.txt"]


def test_permissions_of_a_new_file_follow_the_umask(tmp_path, umask):
    with atomic_file(str(tmp_path / "y.txt")):
        pass
    assert mode(tmp_path / "y.txt") == 0o666 & ~umask


@pytest.mark.usefixtures("umask")
def test_permissions_of_the_replaced_file_stay(tmp_path):
    target = tmp_path / "y.txt"
    target.write_bytes(b"old")
    target.chmod(0o604)
    with atomic_file(str(target)) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o604
    assert mode(target) == 0o604


def test_a_link_is_followed(tmp_path):
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "y.txt"
    for link in ("one", "two"):
        (tmp_path / link).symlink_to(Path("data") / "y.txt")
        with atomic_file(str(tmp_path / link)) as file:
            file.write(link.encode())
        assert (tmp_path / link).is_symlink()
        assert target.read_text() == link


def test_a_bare_name_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_file("y" * 255) as file:
        file.write(b"1")
    assert (tmp_path / ("y" * 255)).read_bytes() == b"1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/y.txt", "the folder {tmp}/missing does not exist"),
        ("folder", "it is a folder"),
        ("folder/", "it is a folder"),
        ("new/", "it names a folder, not a file"),
        ("file/y.txt", "Not a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("y" * 300, "File name too long"),
    ],
)
def test_a_target_that_cannot_be_is_said_before_anything_is_read(tmp_path, name, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")

    def never():
        raise AssertionError("read before the file was open")
        yield

    with pytest.raises(DataError) as caught:
        write_evaluations(never(), Layout("plain", f"{tmp_path}/{name}"), terminal())
    assert str(caught.value) == f"cannot write {tmp_path}/{name}: {said.format(tmp=tmp_path)}"


def test_no_permission(tmp_path):
    target = tmp_path / "y.txt"
    target.write_bytes(b"old")
    target.chmod(0o444)
    if os.access(target, os.W_OK):
        pytest.skip("nothing is forbidden to root")
    with (
        pytest.raises(DataError, match=r"cannot write .*/y\.txt: Permission denied"),
        atomic_file(str(target)),
    ):
        pass
    tmp_path.chmod(0o555)
    with (
        pytest.raises(DataError, match=r"cannot write .*/z\.txt: Permission denied"),
        atomic_file(str(tmp_path / "z.txt")),
    ):
        pass
    tmp_path.chmod(0o755)


def test_a_device_is_written_and_never_replaced():
    before = Path("/dev/null").stat()
    with atomic_file("/dev/null") as file:
        file.write(b"1")
    assert Path("/dev/null").stat().st_ino == before.st_ino
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("size", [1, 1 << 22])
def test_a_full_device(size):
    with (
        pytest.raises(DataError, match="cannot write /dev/full: No space left on device"),
        atomic_file("/dev/full") as file,
    ):
        file.write(bytes(size))


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv", "json"])
def test_a_disk_that_fills_up_keeps_the_old_file(tmp_path, suffix):
    target = tmp_path / f"y.{suffix}"
    target.write_bytes(b"old")
    # A limit on the size of files, set in a process of its own, stands in for a full disk.
    program = f"""
        import resource, sys
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parents[1])!r}]
        import numpy as np
        from rendering import names, results, terminal
        from actcli.exits import DataError
        from actcli.render.values.evaluations import write_evaluations
        from actcli.render.output.layout import Layout
        blocks = [np.arange(100_000.0)] * 30
        try:
            write_evaluations([results(*blocks, shape=(3_000_000,))], Layout({suffix!r}, {str(target)!r}), terminal())
        except DataError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"cannot write {target}: File too large\n", "")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == [target.name]


def test_a_spool_file_that_cannot_grow():
    with pytest.raises(DataError, match="cannot write a temporary file: No space left"), spool_file():
        raise OSError(28, "No space left on device")


def test_an_input_that_fails_leaves_no_file(tmp_path):
    stream = results([1.0], failure=DataError("stdin:2: 'abc' is not a number"))
    with pytest.raises(DataError, match="abc"):
        write_evaluations([stream], Layout("csv", str(tmp_path / "y.csv")), terminal())
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["plain", "csv", "tsv", "jsonl", "json", "markdown", "table"])
def test_a_text_file_holds_what_stdout_would_show(tmp_path, kind):
    world = terminal(color_choice="always")
    target = tmp_path / "y"
    write_evaluations([results([1.5, 2.5])], Layout(kind, str(target)), world)
    write_evaluations([results([1.5, 2.5])], Layout(kind, None), terminal(world.stdout))
    assert target.read_bytes() == world.stdout.getvalue()
    assert b"2.5" in target.read_bytes()
