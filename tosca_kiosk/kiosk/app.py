"""The screen's process: Kivy's main loop over the presenter, one snapshot a turn.

Nothing of Kivy is imported before its environment is prepared; so this file imports it inside `run`.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tosca_kiosk.config import load_config
from tosca_kiosk.kiosk.alarms.sound import AlarmSound, KivyPlayer
from tosca_kiosk.kiosk.main_loop import environment
from tosca_kiosk.kiosk.main_loop.collector import Collector
from tosca_kiosk.kiosk.main_loop.compositor import Compositor
from tosca_kiosk.kiosk.main_loop.heartbeat import Heartbeat
from tosca_kiosk.kiosk.panel import keys
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.services import Record, Worker
from tosca_kiosk.kiosk.snapshot.picture import PictureSource
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.datagram import ALIVE, END_RUN, START_CONTROL, DatagramOutlet
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import SUPERVISOR_SOCKET
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.storage import BACKUPS_NAME, DATABASE_NAME, data_directory_lock
from tosca_kiosk.storage.backup import half_backups_gone
from tosca_kiosk.storage.under_way import settled

if TYPE_CHECKING:
    from tosca_kiosk.kiosk.main_loop.shell import Shell

TURN_S = 0.028
"""Less than two rounds of Kivy's main loop, which runs 64 times a second: drawn in every second one."""
NICE = -10
"""Before other programs, where that is allowed: a drawing that waits for a processor delays a touch."""
_SWITCH_S = 0.001
"""How long the record's thread may keep the interpreter from the main loop."""
_TEST_SOCKET = "TOSCA_KIOSK_TEST_SOCKET"
"""Names the path at which tests may look at the screen; without it nobody can."""
_THEME = "TOSCA_KIOSK_THEME"


def run(
    socket_path: Path,
    world_input_path: Path | None,
    data_dir: Path,
    config_path: Path,
    windowed: bool,
    lock_held: bool,
    *,
    offscreen: bool = False,
    hand: Callable[[Presenter], None] | None = None,
) -> int:
    """Show the screens until somebody ends them; return the process's exit code.

    world_input_path: where the simulated world takes inputs, None where nothing is simulated. lock_held:
    whoever started this process holds the data directory's lock. offscreen: no display is needed. hand: does
    in every turn what an operator would. Raises ConfigError or StorageError.
    """
    _go_before_others()
    gc.disable()  # until the screens are built: nearly all that is made until then stays
    config = load_config(config_path)
    environment.prepare(windowed=windowed, offscreen=offscreen)
    with ExitStack() as stack:
        if not lock_held:
            stack.enter_context(_locked(data_dir))
        worker = Worker()
        stack.callback(worker.close)
        link = ControlLink(socket_path)
        stack.callback(link.close)
        supervisor = DatagramOutlet(socket_path.parent / SUPERVISOR_SOCKET)
        stack.callback(supervisor.close)
        world = None
        if world_input_path is not None:
            world = DatagramOutlet(world_input_path)
            stack.callback(world.close)
        pictures = PictureSource(socket_path.parent)
        stack.callback(pictures.close)
        record = Record(config, data_dir)
        stack.callback(record.close)

        def alive() -> None:
            link.alive()
            supervisor.send(ALIVE)

        presenter = Presenter(
            record,
            worker,
            link,
            lambda: supervisor.send(START_CONTROL),
            theme=os.environ.get(_THEME, "dark"),
            pictures=pictures,
        )
        wished = _show(presenter, None if world is None else world.send, Heartbeat(alive), windowed, hand)
        if wished:
            supervisor.send(END_RUN)
    return 0


def _go_before_others() -> None:
    # The record's thread and the renderer's are begun later and are as this one: a thread that waits for a
    # processor while it holds the interpreter holds up all others.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    sys.setswitchinterval(_SWITCH_S)


def _show(
    presenter: Presenter,
    world: Any,
    heartbeat: Heartbeat,
    windowed: bool,
    hand: Callable[[Presenter], None] | None,
) -> bool:
    """Show the screens; return whether somebody at them ended it, and not a signal."""
    stop = StopRequest()  # before SDL looks: it would turn the signals into a wish to close the window
    # Kivy is imported here, after its environment was prepared.
    from kivy.app import App  # noqa: PLC0415
    from kivy.clock import Clock  # noqa: PLC0415
    from kivy.core.window import Window  # noqa: PLC0415

    from tosca_kiosk.kiosk.main_loop.outside_view import OutsideView  # noqa: PLC0415
    from tosca_kiosk.kiosk.main_loop.shell import Shell  # noqa: PLC0415

    clock = RealClock()
    compositor = Compositor(os.environ)
    shell: Shell = Shell(presenter, world, AlarmSound(KivyPlayer()))
    outside = (
        OutsideView(Path(os.environ[_TEST_SOCKET]), shell, Window) if _TEST_SOCKET in os.environ else None
    )

    class KioskApp(App):
        """Kivy's application: our panel, and none of Kivy's keys."""

        title = "TOSCA Kiosk"

        def _install_settings_keys(self, window: Any) -> None:
            """F1 opens no settings."""

        def on_start(self) -> None:
            shell.panel.attach(Window)

    def turn(_dt: float) -> None:
        Window.mainloop()  # Kivy reads touches after the window is drawn; this reads them before it is, too
        collector.look(shell.shown)
        # The clock telemetry is on. Kivy's own is the raw one, which drifts away from it by seconds a day.
        now_s = clock.start_s + clock.now_s()
        if stop.asked:
            App.get_running_app().stop()
        # No sign of life for a picture that nobody sees: the light ends, and the supervisor starts both anew.
        if compositor.answers(now_s) and heartbeat.beat(now_s):
            Window.canvas.ask_update()  # it is drawn even where nothing has changed
        if outside is not None:
            outside.poll(now_s)  # before anything changes: what is shown next has no places yet
        state = presenter.turn(now_s)
        if hand is not None:
            hand(presenter)
        shell.show(state)

    Window.bind(on_flip=lambda _window: heartbeat.drawn())
    keys.ignore_keys(Window)
    if not windowed:
        keys.refuse_to_close(Window)  # a developer's window can be closed, which ends the run
    Clock.schedule_interval(turn, TURN_S)
    collector = Collector({row.name for row in presenter.rows if row.quiet})
    try:
        KioskApp().run()
    finally:
        compositor.close()
        if outside is not None:
            outside.close()
    return not stop.asked


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    # Tried once: whoever starts the screen by hand sees at once who has the record.
    with data_directory_lock(
        data_dir, monotonic_s=lambda: 0.0, wait=lambda _s: None, timeout_s=0.0, holder="tosca-kiosk kiosk"
    ):
        for told in (*settled(data_dir / DATABASE_NAME), *half_backups_gone(data_dir / BACKUPS_NAME)):
            logging.getLogger("tosca_kiosk.kiosk").warning(told)
        yield
