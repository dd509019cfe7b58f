"""The command line: one group, a file per subject, read only when its command is called."""

from __future__ import annotations

import atexit
import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import click

from tosca_kiosk.cli.console import console, put
from tosca_kiosk.machine.rights import others_kept_out

COMMANDS = {
    "run": "cli.run",
    "treat": "cli.treat",
    "check-cart": "cli.check_cart",
    "devices": "cli.devices",
    "simulate": "cli.simulate",
    "replay": "cli.replay",
    "timing": "cli.timing",
    "db": "cli.database",
    "users": "cli.users",
    "patients": "cli.patients",
    "protocols": "cli.protocols",
    "sessions": "cli.sessions",
    "audit": "cli.audit",
    "config": "cli.config",
    "calibrations": "cli.calibrations",
    "calibrate": "cli.calibrate",
    "safety": "cli.safety",
    "scenarios": "cli.scenarios",
    "where": "cli.where",
    "browse": "cli.browse",
    "control": "cli.control_process",
    "camera": "cli.camera_process",
    "kiosk": "cli.kiosk_process",
    "timing-control": "timing.processes",
    "timing-operator": "timing.processes",
    "timing-load": "timing.processes",
    "timing-witness": "timing.processes",
}
"""Each command and the module of `tosca_kiosk` whose attribute of its name, with _ for -, it is."""

DEFAULT_COMMAND = "run"
_OF_THE_GROUP = ("-h", "--help", "--version")
_AS_JSON: Final = "--json"


@contextmanager
def _uncollected() -> Iterator[None]:
    """Import without the garbage collector: what modules make stays, so looking for garbage there is vain.

    Nor at the end of the process, when everything goes. Together 0.2 s of each command.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        atexit.unregister(gc.freeze)
        atexit.register(gc.freeze)


class _Commands(click.Group):
    """Imports a command's module when it is needed: control's and the kiosk's start must not wait for all.

    Without a command, and where an option of it comes first, it is the default one.
    """

    def main(self, *arguments: Any, **settings: Any) -> Any:
        with others_kept_out(), console():
            return super().main(*arguments, **settings)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        attribute = cmd_name.replace("-", "_")
        with _uncollected():
            command: click.Command = getattr(import_module(f"tosca_kiosk.{module}"), attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_completed = ctx.resilient_parsing
        if not (args or is_completed) or (args and args[0].startswith("-") and args[0] not in _OF_THE_GROUP):
            args = [DEFAULT_COMMAND, *args]
        ctx.meta[_AS_JSON] = _AS_JSON in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; of wrong use a program that asked for an object gets one, too."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if ctx.meta[_AS_JSON]:
                put(json.dumps({"error": error.format_message()}))
            raise


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="tosca-kiosk")
def main() -> None:
    """Run TOSCA Kiosk: the software of a laser treatment cart. Research use only.

    \b
    Codes, names and keys of the record are completed in a shell (also zsh, fish) behind
      eval "$(_TOSCA_KIOSK_COMPLETE=bash_source tosca-kiosk)"
    """
