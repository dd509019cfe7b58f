"""`where`: where everything of this cart lies."""

from __future__ import annotations

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.config import CartConfig, ConfigError
from tosca_kiosk.session.places import Place, places
from tosca_kiosk.storage import StorageError

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@click.command()
@workplace_command
def where(workplace: Workplace) -> None:
    """Say where everything lies: configuration, record, backups, sessions, archives, key, logs, anchors.

    With sizes, and what should be there and is not. Nothing is made.

    \b
    Examples:
      tosca-kiosk where
      tosca-kiosk where --data-dir /var/lib/tosca-kiosk --json
    """
    config = _config(workplace)
    if not workplace.database_path.exists():
        found = places(workplace.config_path, config, workplace.data_dir, None)
    else:
        try:
            with workplace.reading() as database:
                found = places(workplace.config_path, config, workplace.data_dir, database)
        except StorageError as error:
            say(f"Warning: the record cannot be read, its sessions and archives are not looked for: {error}")
            found = places(workplace.config_path, config, workplace.data_dir, None)
    told = [
        {
            "name": one.name,
            "path": None if one.path is None else str(one.path.absolute()),
            "files": one.files,
            "bytes": one.size_bytes,
            "missing": list(one.missing),
        }
        for one in found
    ]
    rows = [(one.name, _path(one), one.files, _size(one.size_bytes), "; ".join(one.missing)) for one in found]
    text = table_text(("What", "Where", "Files", "Size", "Missing"), rows)
    workplace.answer({"places": told}, text)


def _config(workplace: Workplace) -> CartConfig | None:
    try:
        return workplace.config
    except ConfigError as error:
        say(f"Warning: the configuration is refused, so nothing that it names is looked for: {error}")
        return None


def _path(place: Place) -> str:
    return "not configured" if place.path is None else str(place.path.absolute())


def _size(size_bytes: int | None) -> str:
    """Return a size in words of three figures."""
    if size_bytes is None:
        return ""
    size = float(size_bytes)
    for unit in _UNITS:
        if size < 1024.0 or unit == _UNITS[-1]:
            break
        size /= 1024.0
    return f"{size:.3g} {unit}"
