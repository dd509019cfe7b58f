"""The cast of these tests: a cart that was just made, one that has never been started, one with a PIN."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.kiosk_command import Cart

ADMIN_PIN = "271828"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("TOSCA_CONFIG", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """What `db init` makes for the simulated cart."""
    cart = Cart(tmp_path_factory.mktemp("template") / "data")
    cart.text("db", "init")
    return cart.data_dir


@pytest.fixture
def cart(tmp_path, made_once):
    """A cart whose database was just made."""
    shutil.copytree(made_once, tmp_path / "data")
    return Cart(tmp_path / "data")


@pytest.fixture(scope="session")
def guarded_once(tmp_path_factory, made_once):
    """The same, after its admin was given a PIN."""
    data_dir = tmp_path_factory.mktemp("guarded") / "data"
    shutil.copytree(made_once, data_dir)
    Cart(data_dir).text("users", "set-pin", "admin", "--pin-stdin", stdin=f"{ADMIN_PIN}\n")
    return data_dir


@pytest.fixture
def guarded(tmp_path, guarded_once):
    """A cart whose admin has the PIN 271828."""
    shutil.copytree(guarded_once, tmp_path / "guarded")
    return Cart(tmp_path / "guarded")


@pytest.fixture
def new_cart(tmp_path):
    """A cart that has never been started."""
    return Cart(tmp_path / "data")
