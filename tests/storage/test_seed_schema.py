"""The first version is the user's nine tables to the letter, and every version goes up and down."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.storage.refusal import refused
from tosca_kiosk.storage import Database, check, schema

SEED = (Path(__file__).parent / "seed_schema.sql").read_text(encoding="utf-8")
FIRST = "20251015_001"
NINE = {
    "tech_users",
    "patients",
    "protocols",
    "sessions",
    "treatment_events",
    "session_recordings",
    "safety_log",
    "calibrations",
    "system_config",
}


@pytest.fixture(scope="module")
def seed():
    """A database made by the document's SQL alone."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SEED)
        yield connection


@pytest.fixture
def first(path):
    """A database of the first version."""
    path.unlink()
    with closing(Database(path)) as database:
        database.migrate(FIRST)
    with closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.fixture
def head(path):
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def objects(connection):
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master "
        "WHERE name NOT GLOB 'sqlite_*' AND name <> 'alembic_version'"
    )
    return {(kind, name): sql for kind, name, sql in rows}


def version_in(file):
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(file), poolclass=NullPool)
    with engine.connect() as connection:
        return schema.version_of(connection, file)


def pragma(connection, name, table):
    return sorted(connection.execute(f"PRAGMA {name}({table})"), key=str)


def test_the_document_makes_nine_tables_and_three_views(seed):
    made = objects(seed)
    assert {name for kind, name in made if kind == "table"} == NINE
    assert sum(kind == "view" for kind, _ in made) == 3
    assert sum(kind == "index" for kind, _ in made) == 26


def test_the_first_version_holds_the_documents_sql_word_for_word(seed, first):
    assert objects(first) == objects(seed)


@pytest.mark.parametrize("table", sorted(NINE))
def test_later_versions_leave_the_nine_tables_as_they_are(seed, head, table):
    assert pragma(head, "table_xinfo", table) == pragma(seed, "table_xinfo", table)
    assert pragma(head, "foreign_key_list", table) == pragma(seed, "foreign_key_list", table)
    assert objects(head)["table", table] == objects(seed)["table", table]


@pytest.mark.parametrize("table", sorted(NINE))
def test_later_versions_keep_every_index(seed, head, table):
    kept = {row[1:] for row in head.execute(f"PRAGMA index_list({table})")}
    assert {row[1:] for row in seed.execute(f"PRAGMA index_list({table})")} <= kept


@pytest.mark.parametrize("view", ["active_sessions", "patient_session_history", "safety_events_summary"])
def test_the_views_have_the_documents_columns(seed, head, view):
    columns = pragma(head, "table_info", view)
    assert columns
    assert columns == pragma(seed, "table_info", view)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT tech_id, username, full_name, role, is_active FROM tech_users",
        "SELECT config_key, config_value, config_type, description FROM system_config ORDER BY config_key",
        "SELECT log_id, event_type, severity, description, system_state, action_taken FROM safety_log",
    ],
)
def test_the_default_rows_are_the_documents(seed, first, head, query):
    wanted = seed.execute(query).fetchall()
    assert wanted
    assert first.execute(query).fetchall() == wanted
    assert set(wanted) <= set(head.execute(query).fetchall())


def test_every_foreign_key_of_every_table_is_indexed(head):
    checked = 0
    for (kind, table), _ in objects(head).items():
        if kind != "table":
            continue
        led = {
            head.execute(f"PRAGMA index_info({index[1]})").fetchone()[2]
            for index in head.execute(f"PRAGMA index_list({table})").fetchall()
        }
        keys = {column[1] for column in head.execute(f"PRAGMA table_info({table})") if column[5] == 1}
        for foreign_key in head.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            assert foreign_key[3] in led | keys, f"{table}.{foreign_key[3]}"
            checked += 1
    assert checked == 28


def test_down_to_the_document_and_up_again_gives_the_same_schema(path):
    with Database.open(path) as database:
        database.migrate(FIRST)
        database.migrate("head")
        with database.reading() as reader:
            assert schema.objects_of(reader.connection) == schema.expected_objects()


def test_every_version_alone_can_be_taken_back_and_repeated(path):
    with Database.open(path) as database:
        for revision in reversed(schema.revisions()):
            database.migrate(revision)
        for revision in schema.revisions():
            database.migrate(revision)
        with database.reading() as reader:
            assert schema.objects_of(reader.connection) == schema.expected_objects()


def test_down_to_base_leaves_an_empty_file_that_can_be_filled_again(path):
    with Database.open(path) as database:
        database.migrate("base")
        with database.reading() as reader:
            assert schema.objects_of(reader.connection) == {}
            assert schema.version_of(reader.connection, path) == "base"
    with Database.open(path) as database:
        assert [row["username"] for row in database.find("tech_users")] == ["admin"]


def test_data_outlive_the_way_down_to_the_document_and_up(path, database, session):
    database.migrate(FIRST)
    database.migrate("head")
    assert database.find_one("sessions", session_id=session.session_id)["protocol_name"] == "Gentle"


def test_names_of_versions_follow_the_convention():
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    names = sorted(file.stem for file in folder.glob("*.py"))
    assert names[0] == "20251015_001_initial_schema"
    assert [name[:12] for name in names] == list(schema.revisions())


def test_a_failed_migration_leaves_the_schema_as_it_was(path):
    with Database.open(path) as database:
        database.migrate(FIRST)
    with closing(sqlite3.connect(path)) as tool:
        tool.execute("CREATE TABLE audit_context (in_the_way INTEGER)")
    with refused("audit_context already exists"):
        Database.open(path, upgrade=True)
    with closing(sqlite3.connect(path)) as tool:
        assert tool.execute("SELECT version_num FROM alembic_version").fetchall() == [(FIRST,)]
        assert not tool.execute("SELECT 1 FROM sqlite_master WHERE name = 'credentials'").fetchall()


def test_an_older_schema_is_named_and_upgraded_only_when_asked(path):
    with Database.open(path) as database:
        database.migrate(FIRST)
    with refused("older version.*db upgrade"):
        Database.open(path)
    with Database.open(path, upgrade=True) as database:
        assert database.find("audit_log") is not None


def test_a_newer_schema_is_refused_and_left_alone(path):
    with closing(sqlite3.connect(path)) as tool, tool:
        tool.execute("UPDATE alembic_version SET version_num = '20991231_099'")
    with refused("newer version of this program .20991231_099.; update the program"):
        Database.open(path, upgrade=True)


def test_a_database_made_by_the_documents_own_sql_is_taken_over(tmp_path):
    file = tmp_path / "laser_control.db"
    with closing(sqlite3.connect(file)) as tool:
        tool.executescript(SEED)
        tool.execute("INSERT INTO patients (patient_code) VALUES ('P-2025-0001')")
        tool.commit()
    with refused("older version"):
        Database.open(file)
    assert version_in(file) == FIRST
    with Database.open(file, upgrade=True) as database:
        assert [row["patient_code"] for row in database.find("patients")] == ["P-2025-0001"]
        assert check(database).problems == ()


def test_a_database_of_another_program_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as tool, tool:
        tool.execute("CREATE TABLE songs (title TEXT)")
    with refused("not a database of this program"):
        Database.open(tmp_path / "other.db")


def test_an_unknown_version_is_refused_with_the_known_ones(database):
    with refused("no version '2030'; there are base, 20251015_001"):
        database.migrate("2030")


def test_migrating_says_nothing(tmp_path, capsys, caplog):
    caplog.set_level(0)
    Database.open(tmp_path / "laser_control.db").close()
    assert capsys.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name.startswith("alembic")] == []
