"""What a simulated cart has from its first start on, and that no other record ever gets it."""

from __future__ import annotations

import pytest

from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, calibrations, database_is_fresh, protocols

REAL = str(bundled("cart.yaml"))
SIMULATED_SERIALS = {"-1", "SIM-BOARD", "SIM-LASER"}


def contents(cart):
    """Return the names of the protocols and the serial numbers of all calibrations."""
    with Database.open(cart.database, create=False) as database:
        names = [saved.protocol_name for saved in protocols.list_all(database)]
        return names, [row.device_serial_number for row in calibrations.history(database)]


@pytest.mark.parametrize("words", [("db", "init"), ("users", "list"), ("patients", "add")])
def test_the_first_command_of_a_simulated_cart_loads_the_shipped_content(new_cart, words):
    new_cart.text(*words)
    names, serials = contents(new_cart)
    assert len(names) == len(list(bundled("protocols").glob("*.json"))) == 4
    assert set(serials) == SIMULATED_SERIALS


def test_it_is_loaded_once(new_cart):
    new_cart.text("db", "init")
    once = contents(new_cart)
    new_cart.text("users", "list")
    new_cart.text("protocols", "list")
    assert contents(new_cart) == once


def test_a_protocol_that_was_taken_away_does_not_come_back(cart):
    with Database.open(cart.database) as database, database.transaction(1) as transaction:
        for saved in protocols.list_all(database):
            protocols.set_active(transaction, saved.protocol_id, utc_now(), active=False)
    assert cart.json("protocols", "list") == {"protocols": []}


@pytest.mark.parametrize("words", [("db", "init"), ("users", "list")])
def test_a_real_cart_starts_with_none(new_cart, words):
    new_cart.text(*words, "--config", REAL)
    assert contents(new_cart) == ([], [])


def test_a_record_that_is_in_use_is_left_alone(new_cart, tmp_path):
    new_cart.text("db", "init", "--config", REAL)
    own = tmp_path / "own.json"
    own.write_text((bundled("protocols") / "constant_5w_60s.json").read_text(encoding="utf-8"))
    new_cart.text("protocols", "add", str(own), "--config", REAL)
    names, _ = contents(new_cart)
    new_cart.text("users", "list")
    assert contents(new_cart) == (names, [])


def test_accounts_and_patients_do_not_make_a_record_used(new_cart):
    new_cart.text("patients", "add", "--config", REAL)
    with Database.open(new_cart.database) as database:
        assert database_is_fresh(database)
