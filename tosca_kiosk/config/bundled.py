"""Where the configurations, protocols and calibrations that come with the package lie."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def bundled(name: str) -> Path:
    """Return the path of a shipped file or folder, such as simulated.yaml or protocols, from any directory.

    Raises FileNotFoundError when nothing of that name is shipped.
    """
    path = Path(str(files("configs"))) / name
    if not path.exists():
        raise FileNotFoundError(f"{name} is not shipped with TOSCA Kiosk ({path})")
    return path
