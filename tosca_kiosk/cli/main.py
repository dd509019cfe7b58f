"""The command line: one group, a file per subject."""

from __future__ import annotations

import click

from tosca_kiosk.cli.database import db
from tosca_kiosk.cli.devices import devices
from tosca_kiosk.cli.patients import patients
from tosca_kiosk.cli.protocols import protocols
from tosca_kiosk.cli.treat import treat
from tosca_kiosk.cli.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="tosca-kiosk")
def main() -> None:
    """Run TOSCA Kiosk: the software of a laser treatment cart. Research use only."""


for command in (treat, devices, db, users, patients, protocols):
    main.add_command(command)
