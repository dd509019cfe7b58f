"""What a transaction does around its writes so that they are proved and audited, by the shape of the file.

This program's own shape has the one chain. An earlier one is written into for the sake of its accounts alone:
what a refused PIN leaves there must be proved by the chain that it has, or the next upgrade would find it
foreign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import chain, earlier_chains
from tosca_kiosk.storage.counters import tables

_SAFETY: Final = "safety_log"
_OURS: Final = frozenset({"chain_links", "treatment_events_chain", "audit_context", "operations"})


class Linker(NamedTuple):
    """begin(connection, operator) returns what end(connection, that) needs."""

    begin: Callable[[Connection, int | None], int]
    end: Callable[[Connection, int], None]


def of_shape(connection: Connection) -> Linker:
    """Return what proves the writes of a file, by the tables that it has."""
    found = tables(connection)
    return ONE_CHAIN if found >= _OURS and f"{_SAFETY}_chain" not in found else EARLIER


def _begin(connection: Connection, operator_id: int | None) -> int:
    chain.link_foreign(connection)
    connection.exec_driver_sql("INSERT INTO audit_context VALUES (1, ?, 'application')", (operator_id,))
    return 0


def _end(connection: Connection, _begun: int) -> None:
    connection.exec_driver_sql("DELETE FROM audit_context")
    chain.link_own(connection)


def _begin_earlier(connection: Connection, operator_id: int | None) -> int:
    if "audit_context" in tables(connection):
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO audit_context VALUES (1, ?, 'application')", (operator_id,)
        )
    return chain.last_number(connection, _SAFETY)


def _end_earlier(connection: Connection, begun: int) -> None:
    found = tables(connection)
    if "audit_context" in found:
        connection.exec_driver_sql("DELETE FROM audit_context")
    if f"{_SAFETY}_chain" in found:
        earlier_chains.go_on(connection, _SAFETY, begun)


ONE_CHAIN: Final = Linker(_begin, _end)
EARLIER: Final = Linker(_begin_earlier, _end_earlier)
