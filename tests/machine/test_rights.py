"""Rights that cannot be taken away are said, and end nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.ordinary_user import ordinary_user
from tosca_kiosk.machine.rights import tightened
from tosca_kiosk.machine.synced import make_folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become another user")
def test_a_folder_that_another_user_closed_is_told_as_not_done():
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "closed").mkdir(mode=0o700)
        with ordinary_user():
            assert not tightened(place, deep=True)


def test_a_new_folder_whose_name_did_not_reach_the_disk_is_not_there(tmp_path, monkeypatch):
    def fails(_path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tosca_kiosk.machine.synced.sync", fails)
    with pytest.raises(OSError, match="Input/output error"):
        make_folder(tmp_path / "1_20261130_120000", new=True)
    assert list(tmp_path.iterdir()) == []
