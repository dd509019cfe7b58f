"""A plant small enough to see through, and a host that types at one line."""

from __future__ import annotations

from binascii import crc_hqx

from simulators.kernel import Kernel


class Switch:
    def __init__(self, closed):
        self._closed = closed
        self._subscribers = []

    @property
    def closed(self):
        return self._closed

    def subscribe(self, on_change):
        self._subscribers.append(on_change)

    def move(self, closed):
        if closed != self._closed:
            self._closed = closed
            for on_change in self._subscribers:
                on_change()


class Diode:
    """Follows its drive at once; 1.5 V + 0.1 ohm."""

    circuit = "ok"
    extra_v = 0.0

    def __init__(self):
        self.driven_a = 0.0

    def drive(self, current_a):
        self.driven_a = current_a

    def current_a(self):
        return self.driven_a if self.circuit == "ok" else 0.0

    def voltage_v(self):
        return 1.5 + 0.1 * self.driven_a + self.extra_v if self.driven_a else 0.0

    def monitor_current_ua(self):
        return 100.0 * self.driven_a

    def optical_power_w(self):
        return 0.5 * self.driven_a

    def emitted_energy_j(self):
        return 0.0


class Tec:
    sensor = "ok"
    module = "ok"
    temperature = 25.0
    current = 0.0

    def __init__(self):
        self.regulated = None

    def regulate(self, on, setpoint_c, current_limit_a):
        self.regulated = (on, setpoint_c, current_limit_a)

    def drive(self, current_a):
        self.driven_a = current_a

    def temperature_c(self):
        return self.temperature

    def current_a(self):
        return self.current

    def voltage_v(self):
        return 1.0


class Stage:
    """Constant speed, no ramps; settles `settled_off_um` beside its target."""

    end_um = 45000.0
    settled_off_um = 0.0
    stuck = False

    def __init__(self, kernel, start_um):
        self._kernel = kernel
        self._from = (0.0, start_um)
        self._velocity = 0.0
        self._end_s = 0.0
        self._timer = None
        self._subscribers = []
        self.speed_um_per_s = 0.0

    def position_um(self):
        since_s, start_um = self._from
        reached_um = start_um + self._velocity * (min(self._kernel.now_s, self._end_s) - since_s)
        return min(self.end_um, max(-self.end_um, reached_um))

    def moving(self):
        return self._timer is not None

    def move_to_um(self, target_um, speed_um_per_s, acceleration_um_per_s2):
        self.halt()
        goal_um = min(max(target_um + self.settled_off_um, -self.end_um), self.end_um)
        way_um = goal_um - self.position_um()
        self.speed_um_per_s = speed_um_per_s
        if self.stuck:
            return
        self._velocity = speed_um_per_s if way_um >= 0 else -speed_um_per_s
        self._end_s = self._kernel.now_s + abs(way_um) / speed_um_per_s
        self._timer = self._kernel.at(self._end_s, self._arrive)

    def halt(self):
        self._from = (self._kernel.now_s, self.position_um())
        self._velocity = 0.0
        self._end_s = self._kernel.now_s
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def seconds_until_um(self, position_um):
        if not self._velocity:
            return None
        wait_s = (position_um - self.position_um()) / self._velocity
        return wait_s if 0.0 <= wait_s <= self._end_s - self._kernel.now_s else None

    def subscribe_arrival(self, on_arrival):
        self._subscribers.append(on_arrival)

    @property
    def at_left_end(self):
        return self.position_um() <= -self.end_um + 0.1

    @property
    def at_right_end(self):
        return self.position_um() >= self.end_um - 0.1

    def _arrive(self):
        self._timer = None
        for on_arrival in self._subscribers:
            on_arrival()


class Smoothing:
    accelerometer_present = True
    mg_per_pwm = 20

    def __init__(self):
        self.pwm = 0

    def set_motor_pwm(self, pwm):
        assert 0 <= pwm <= 153
        self.pwm = pwm

    def vibration_mg(self):
        return self.pwm * self.mg_per_pwm


class Gate:
    """A relay of 5 ms; `stuck` True or False keeps the contact so."""

    def __init__(self, kernel):
        self._kernel = kernel
        self.contact = Switch(False)
        self.coil = False
        self.coil_moves = []
        self.stuck = None

    def set_coil(self, on):
        if on != self.coil:
            self.coil_moves.append((self._kernel.now_s, on))
            self.coil = on
            self._kernel.after(0.005, self.follow)

    def follow(self):
        self.contact.move(self.coil if self.stuck is None else self.stuck)


class Photodiode:
    value = 17

    def counts(self):
        return self.value


class Bench:
    def __init__(self, seed=1, stage_um=7000.0):
        self.seed = seed
        self.kernel = Kernel()
        self.diode = Diode()
        self.tec = Tec()
        self.stage = Stage(self.kernel, stage_um)
        self.smoothing = Smoothing()
        self.photodiode = Photodiode()
        self.gate = Gate(self.kernel)
        self.pedal_no = Switch(False)
        self.pedal_nc = Switch(True)
        self.stop_loop = Switch(True)
        self.aiming = False

    def set_aiming(self, on):
        self.aiming = on

    def random_seed(self, name):
        return self.seed * 1000 + sum(name.encode())

    def press(self):
        self.pedal_nc.move(False)
        self.pedal_no.move(True)

    def release(self):
        self.pedal_no.move(False)
        self.pedal_nc.move(True)


class Host:
    """Types at one line and reads what has come back."""

    def __init__(self, bench, line, baud=None):
        self.kernel = bench.kernel
        self.line = line
        line.attach(baud)

    def wait(self, seconds):
        self.kernel.advance(self.kernel.now_s + seconds)

    def type(self, data):
        self.line.host_write(data, self.kernel.now_s)

    def read(self):
        return self.line.host_read(100_000)

    def say(self, text, seconds=0.1):
        self.type(text.encode("latin-1") + b"\n")
        self.wait(seconds)

    def ask(self, text, seconds=0.1):
        """Send a line and return everything that came back within so many seconds."""
        self.read()
        self.say(text, seconds)
        return self.read().decode("ascii").removesuffix("\r\n")


def framed(body):
    data = body if isinstance(body, bytes) else body.encode("latin-1")
    return b"$" + data + b"*" + format(crc_hqx(data, 0xFFFF), "04X").encode() + b"\n"
