"""`sessions`: what was treated."""

from __future__ import annotations

import click

from tosca_kiosk.cli.session_export import export


@click.group()
def sessions() -> None:
    """Export treatment sessions."""


sessions.add_command(export)
