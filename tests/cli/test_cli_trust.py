"""`db anchor`, `db new-key`, and what a session, a backup and `db check` do with key and anchors."""

from __future__ import annotations

import json
import socket
from contextlib import closing

import msgspec
import pytest

from tests.cli.test_foreign_hands import PATIENT, protocol_of, tool
from tosca_kiosk.domain.journal_lines import ChainReader, ChainWriter, TickLine
from tosca_kiosk.storage import anchors
from tosca_kiosk.storage.signing import KEY_NAME


def treat(cart, *more):
    return cart.run(
        "treat",
        "--patient",
        PATIENT,
        "--tech",
        "admin",
        "--protocol",
        protocol_of(cart),
        "--fast",
        "--json",
        *more,
    )


@pytest.fixture(scope="module")
def config_with(tmp_path_factory):
    """Return a simulated cart's configuration with one more line."""
    from tosca_kiosk.config import bundled  # noqa: PLC0415

    def made(line):
        path = tmp_path_factory.mktemp("config") / "cart.yaml"
        path.write_text(bundled("simulated.yaml").read_text(encoding="utf-8") + line, encoding="utf-8")
        return str(path)

    return made


@pytest.mark.slow
def test_a_session_is_signed_anchored_and_decided_again(cart, tmp_path, monkeypatch, config_with):
    cart.text("patients", "add")
    stick = tmp_path / "stick" / "anchors.txt"
    config = ("--config", config_with(f"\nanchor_path: {stick}\n"))
    monkeypatch.setattr(anchors, "SYSTEM_JOURNALS", (tmp_path / "none", tmp_path / "log"))
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as journal:
        journal.bind(str(tmp_path / "log"))
        journal.settimeout(5.0)
        done = treat(cart, *config)
        assert done.exit_code == 0, done.stderr
        assert (
            f"Warning: {stick}: the anchor was not written, there is no such file; put the stick"
            in done.stderr
        )
        told = [journal.recv(2000).decode() for _ in range(2)]
    assert [line.split(" ")[7] for line in told] == ["backup", "session"]
    stick.parent.mkdir()
    made = cart.json("db", "anchor", "--to", str(stick))
    assert told[-1] == f"<13>tosca-kiosk: {made['anchor']}", "nothing was written since"
    cart.text("db", "backup", *config)
    checked = cart.json("db", "check", "--deep", "--anchor", str(stick))
    assert checked["ok"]
    assert checked["signed"]["up_to_link"] == checked["anchors"]["up_to_link"] == checked["chain"]["links"]

    (journal_file,) = cart.data_dir.glob("sessions/*/journal.jsonl")
    whole = journal_file.read_bytes()
    journal_file.write_bytes(chained_anew(whole))
    problems = json.loads(cart.run("db", "check", "--deep", "--json").stdout)["problems"]
    assert any(
        "session 1: the head of its journal is not the one that was recorded" in said for said in problems
    )
    assert any(
        "of its journal, at " in said and "decided otherwise: e.0.event_type" in said for said in problems
    )
    journal_file.write_bytes(whole)  # every journal that a test leaves is decided again


def chained_anew(content):
    """Return a journal in which the first event is another one, chained as this program does."""
    reader, writer = ChainReader(content), ChainWriter()
    lines = [writer.header(reader.header)]
    for line in reader.ticks_json():
        tick = msgspec.json.decode(line, type=TickLine)
        if tick.e and b"laser_on" in line:
            other = msgspec.structs.replace(tick.e[0], event_type="laser_no")
            tick = msgspec.structs.replace(tick, e=(other, *tick.e[1:]))
        lines.append(writer.tick(tick))
    return b"".join((*lines, writer.end(reader.end.summary)))


def test_no_session_begins_without_the_carts_key(cart):
    cart.text("patients", "add")
    key = cart.data_dir / KEY_NAME
    key.chmod(0o644)
    done = treat(cart)
    assert done.exit_code == 1
    assert "others may read the cart's key (0644); chmod 0600" in json.loads(done.stdout)["error"]
    assert list(cart.data_dir.glob("sessions/*")) == []
    warned = cart.run("db", "backup")
    assert warned.exit_code == 0, "a copy of the record is made all the same"
    assert "The record is not signed: " in warned.stderr
    assert key.stat().st_mode & 0o777 == 0o644, "not closed in silence"


def test_a_new_key_needs_an_admin_and_is_an_operation(guarded):
    assert "an admin's PIN is needed" in guarded.refused("db", "new-key", "--reason", "lost")
    before = (guarded.data_dir / KEY_NAME).read_bytes()
    made = guarded.json("db", "new-key", "--reason", "every year", "--admin", "admin", stdin="271828\n")
    assert (guarded.data_dir / KEY_NAME).read_bytes() != before
    assert made["key"] in guarded.text("db", "anchor")
    assert guarded.json("db", "check")["ok"]


def test_a_new_key_that_nobody_had_to_allow_is_said_to_be_so(cart):
    said = cart.run("db", "new-key", "--reason", "lost").stderr
    assert "no admin has a PIN, so anybody could do this" in said


def test_the_anchor_file_and_the_qr_code_are_named_where_they_cannot_be(cart, tmp_path):
    for kind, begins in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        cart.text("db", "anchor", "--qr", str(tmp_path / f"code.{kind}"))
        assert (tmp_path / f"code.{kind}").read_bytes().startswith(begins)
    assert "name a file that ends in .svg or .png" in cart.refused("db", "anchor", "--qr", "code.gif")
    missing = str(tmp_path / "none" / "a.txt")
    assert "there is no such folder; put the stick in" in cart.run("db", "anchor", "--to", missing).stderr
    assert "cannot be read (No such file" in cart.refused("db", "check", "--anchor", missing)
    (tmp_path / "empty").write_text("\n")
    assert "holds no anchor" in cart.refused("db", "check", "--anchor", str(tmp_path / "empty"))


def test_an_upgrade_and_a_downgrade_are_signed(cart):
    cart.text("db", "downgrade")
    cart.text("db", "upgrade")
    checked = cart.json("db", "check")
    assert checked["signed"]["up_to_link"] == checked["chain"]["links"]


def test_signatures_that_are_gone_are_no_first_start(cart):
    tool(cart, "DROP TRIGGER heads_no_delete")
    tool(cart, "DELETE FROM heads")
    tool(cart, "DELETE FROM sqlite_sequence WHERE name = 'heads'")
    tool(
        cart,
        "INSERT INTO sessions (patient_id, tech_id, start_time, status) "
        "VALUES (1, 1, '2026-03-14', 'completed')",
    )
    assert "heads: none is there, though the record holds sessions" in cart.run("db", "check").stdout
    assert "nothing of this record is signed, though it holds sessions" in cart.run("db", "anchor").stderr
