"""`tosca-kiosk browse`: the live record in a browser, read-only."""

from __future__ import annotations

import click

from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.exports.browsing import LOCAL_HOST, Browsing, need, refuse_unless_live

DEFAULT_PORT = 8001


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help=f"On {LOCAL_HOST}; 0 is any free one.",
)
@workplace_command
def browse(workplace: Workplace, port: int) -> None:
    """Show the record in a browser of this machine, read-only, until Ctrl-C.

    Tables, views and the six common queries, by Datasette; queries can be typed. Nothing can be written, PINs
    are not shown, and a cart that treats is not disturbed. It shows patients' notes: who may read the
    record's file may start it, and the printed address, which opens it once in one browser, is for nobody
    else.

    \b
    Examples:
      tosca-kiosk browse
      tosca-kiosk browse --port 0 --data-dir /var/lib/tosca-kiosk
    """
    need()
    with workplace.reading() as database, database.reading() as reader:
        refuse_unless_live(reader)
    browsing = Browsing(workplace.database_path, port)
    workplace.answer(
        {"url": browsing.url, "port": browsing.port, "database": str(workplace.database_path)},
        f"{browsing.url}\n\nOpens once, in one browser. It shows patients' notes; Ctrl-C ends it.",
    )
    browsing.serve()
