"""A record that an earlier version of the program wrote comes up whole in this one."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tosca_kiosk.storage import DATABASE_NAME, Database, StorageError, check, recover, sessions
from tosca_kiosk.storage.as_of import Moment, opening_of, rewound
from tosca_kiosk.storage.audited import AUDITED

RECORDS = Path(__file__).parents[1] / "records"


@pytest.fixture(params=sorted(path.name for path in RECORDS.iterdir()))
def older(request, tmp_path):
    """The data directory of one older version, unpacked."""
    with tarfile.open(RECORDS / request.param / "record.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "data"


def test_an_older_record_is_refused_until_it_is_upgraded(older):
    with pytest.raises(StorageError, match="db upgrade"):
        Database.open(older / DATABASE_NAME, create=False)


# Of the first alone: it has a session that was cut, and others from before there was a chain.
FIRST = pytest.mark.parametrize("older", ["rules_1"], indirect=True)


@FIRST
def test_an_older_record_upgrades_and_recovers_whole_with_an_energy_for_every_session(older):
    with Database.open(older / DATABASE_NAME, create=False, upgrade=True) as database:
        (cut,) = recover(database, older, datetime.now(UTC))
        assert cut.status == "aborted"
        found = database.find("sessions", order_by="session_id")
        kept = {row["session_id"]: row for row in database.find("session_energies")}
        assert len(found) == 8
        for row in found:
            energies = kept[row["session_id"]]
            assert row["status"] not in sessions.OPEN_STATUSES
            assert energies["measured_joules"] == row["total_energy_joules"]
        known = {number: row["larger_joules"] for number, row in kept.items() if number != cut.session_id}
        assert set(known.values()) <= {None, 0.0}, "what was commanded then was not recorded"
        assert known[4] is None
        assert kept[4]["commanded_joules"] is None
        assert kept[cut.session_id]["commanded_joules"] > 0.0
        assert check(database).problems == ()


def test_an_older_record_is_whole_once_it_is_upgraded(older):
    """But for the key of its cart, which is in no fixture."""
    with Database.open(older / DATABASE_NAME, create=False, upgrade=True) as database:
        recover(database, older, datetime.now(UTC))
        assert [said for said in check(database).problems if not said.startswith("heads: ")] == []


@FIRST
def test_an_older_record_is_read_as_it_was_before_there_was_a_chain(older):
    """What closed a session brought its events, whatever their times say."""
    held = (
        "SELECT session_id, status, (SELECT count(*) FROM treatment_events e "
        "WHERE e.session_id = s.session_id) AS events FROM sessions s ORDER BY session_id"
    )
    with Database.open(older / DATABASE_NAME, create=False, upgrade=True) as database:
        now = {row["session_id"]: row for row in database.rows(held)}
        with database.reading() as reader:
            first = Moment(audit_id=1, time=database.rows("SELECT timestamp FROM audit_log")[0]["timestamp"])
            with rewound(reader, first, AUDITED, logs=True):
                assert database.rows(held) == []
                assert [row["protocol_id"] for row in database.find("protocols")] == [1]
                assert len(database.find("system_config")) == 8, "they were there before the audit"
            for number in (1, 2, 3, 4):
                with rewound(reader, opening_of(reader, number), AUDITED, logs=True):
                    *before, opened = database.rows(held)
                assert before == [now[earlier] for earlier in range(1, number)]
                assert (opened["status"], opened["events"]) == ("in_progress", 0)
