"""A folder of symbolic links to ports, named like /dev/serial/by-id: by maker, product and serial number.

A device that comes back under another port name keeps its link's name, as udev does it.
"""

from __future__ import annotations

from pathlib import Path

from simulators.cart import COMBO_PORT, SimulatedCart


def usb_names(cart: SimulatedCart) -> dict[str, str]:
    """Return what the USB adapter of each port calls itself: maker, product and serial number."""
    laser, tec = cart.laser, cart.tec
    if cart.is_combo:
        arroyo = {COMBO_PORT: f"Arroyo_Instruments_{laser.model}_ComboSource_{laser.serial_number}"}
    else:
        arroyo = {
            "laser": f"Arroyo_Instruments_{laser.model}_LaserSource_{laser.serial_number}",
            "tec": f"Arroyo_Instruments_{tec.model}_TECSource_{tec.serial_number}",
        }
    return arroyo | {
        "stage": f"Xeryon_Controller_{cart.stage.serial_number}",
        "board": f"TOSCA_Interlock_Board_{cart.board.serial_number}",
    }


class ByIdLinks:
    """Keeps the links up to date. Raises OSError where the folder or a link cannot be made."""

    def __init__(self, folder: Path, names: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._links = {key: folder / f"usb-{name}-if00" for key, name in names.items()}
        self._targets: dict[str, str] = {}
        for link in self._links.values():
            if link.exists() and not link.is_symlink():
                raise FileExistsError(f"{link} is no symbolic link; choose another folder or remove it")

    @property
    def keys(self) -> tuple[str, ...]:
        """The ports that have a link."""
        return tuple(self._links)

    def __getitem__(self, key: str) -> Path:
        return self._links[key]

    def follow(self, key: str, path: str | None) -> None:
        """Let a port's link point to it, or take the link away."""
        if self._targets.get(key) == path:
            return
        link = self._links[key]
        if path is None:
            link.unlink(missing_ok=True)
            del self._targets[key]
            return
        new = link.with_name(f".{link.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(path)
        new.replace(link)
        self._targets[key] = path

    def remove(self) -> None:
        """Take every link away that this object made."""
        for key in list(self._targets):
            self.follow(key, None)
