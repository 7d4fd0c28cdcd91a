from pathlib import Path

import pytest

from vizkit.index.mounts import is_remote

TABLE = """\
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:35 / /data rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
41 40 0:36 / /data/scratch rw - xfs /dev/vdb rw
42 22 0:37 / /home/my\\040disk rw master:2 - fuse.sshfs me@host:/ rw
43 22 0:38 / /mnt rw - ext4 /dev/vdc rw
44 22 0:39 / /mnt rw - cifs //server/share rw
45 22 0:40 / /usb rw - fuseblk /dev/sdb1 rw
broken line
"""


@pytest.mark.parametrize(
    ("folder", "remote"),
    [
        ("/home/runs", False),
        ("/data/runs", True),
        ("/data/scratch/runs", False),
        ("/database", False),
        ("/home/my disk/runs", True),
        ("/mnt/runs", True),
        ("/usb", False),
    ],
)
def test_the_innermost_and_last_mount_decides(tmp_path, folder, remote):
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)

    assert is_remote(Path(folder), table) == remote


def test_where_there_is_no_table_nothing_is_remote(tmp_path):
    assert not is_remote(tmp_path, tmp_path / "gone")
