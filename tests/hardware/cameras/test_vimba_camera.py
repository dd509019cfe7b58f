"""The Allied Vision camera against a stand-in for vmbpy's objects: no such camera was ever at hand."""

import pytest

from hardware.cameras.interface import Identity, LinkState
from hardware.cameras.vimba import VimbaCamera
from hardware.settings import CameraSettings
from tests.hardware.cameras import fake_vmbpy
from tests.hardware.cameras.camera_thread import Hand, poll_until

SERIAL = "0F6E1"


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def device():
    return fake_vmbpy.Camera(SERIAL)


@pytest.fixture
def make(hand, device):
    """Make cameras over one vmbpy; they are closed afterwards, and then the device is at rest."""
    made = []

    def make_camera(load=None, **settings):
        given = CameraSettings(driver="vmbpy", **{"serial_number": SERIAL} | settings)
        module = fake_vmbpy.module(device)
        made.append(VimbaCamera(given, hand, load or (lambda: module)))
        return made[-1]

    yield make_camera
    for camera in made:
        camera.close()
    assert not device.open
    assert not device.streaming


@pytest.fixture
def streaming(make, hand, device):
    camera = make()
    poll_until(camera, hand, lambda _: camera.link is LinkState.READY and device.streaming)
    return camera


def test_it_says_which_camera_it_is_and_what_may_be_set(streaming, device):
    assert streaming.identity == Identity(model="1800 U-158c", serial_number=SERIAL, firmware="11.0")
    assert streaming.size_px == (1456, 1088)
    assert streaming.exposure_range_us == (20.0, 500_000.0)
    assert streaming.gain_range_db == (0.0, 24.0)


def test_mono_is_chosen_and_the_automatics_are_switched_off(streaming, device):
    assert device.pixel_format is fake_vmbpy.PixelFormat.Mono8
    assert device.features["ExposureAuto"].value == device.features["GainAuto"].value == "Off"


def test_a_frame_is_a_copy_with_its_counter_from_0_and_its_settings(streaming, hand, device):
    device.give(71, grey=9)
    device.buffer[:] = 200
    frame = streaming.poll(hand.now_s)
    assert (frame.number, frame.dropped) == (0, 0)
    assert (frame.exposure_us, frame.gain_db) == (5000.0, 0.0)
    assert frame.image.shape == (1088, 1456)
    assert (frame.image == 9).all()


def test_gaps_in_the_cameras_counter_and_broken_frames_are_dropped_frames(streaming, hand, device):
    device.give(5)
    assert streaming.poll(hand.now_s).dropped == 0
    device.give(6, status=fake_vmbpy.FrameStatus.Incomplete)
    device.give(9)
    frame = streaming.poll(hand.now_s)
    assert (frame.number, frame.dropped) == (4, 3)


def test_a_counter_that_stands_or_runs_back_gives_no_frame(streaming, hand, device):
    device.give(5)
    device.give(6)
    assert streaming.poll(hand.now_s).number == 1
    device.give(6)
    device.give(5)
    assert streaming.poll(hand.now_s) is None


def test_a_camera_without_a_counter_is_counted_here(streaming, hand, device):
    for number in range(3):
        device.give(None)
        assert streaming.poll(hand.now_s).number == number


def test_the_age_of_a_frame_is_the_cameras_own(streaming, hand, device):
    for number in range(3):
        device.give(number, stamp=number * 10_000_000)
        frame = streaming.poll(hand.now_s)
        assert frame.taken_s == pytest.approx(hand.now_s)
        hand.now_s += 0.01
    hand.now_s += 1.0
    device.give(3, stamp=30_000_000)
    assert streaming.poll(hand.now_s).taken_s == pytest.approx(hand.now_s - 1.0)


def test_colour_is_made_mono_where_the_camera_cannot(make, hand, device):
    device.formats = (fake_vmbpy.PixelFormat.BayerRG8,)
    camera = make()
    poll_until(camera, hand, lambda _: device.streaming)
    device.give(0, grey=50)
    (frame,) = poll_until(camera, hand, lambda frames: frames)
    assert frame.image.ndim == 2


def test_settings_of_the_configuration_are_made_before_the_first_frame(make, hand, device):
    camera = make(exposure_us=8000.0, gain_db=3.0)
    poll_until(camera, hand, lambda _: device.streaming)
    device.give(0)
    (frame,) = poll_until(camera, hand, lambda frames: frames)
    assert (frame.exposure_us, frame.gain_db) == (8000.0, 3.0)


def test_settings_are_changed_while_it_streams(streaming, hand, device):
    streaming.set_exposure_us(1234.0)
    streaming.set_gain_db(6.0)

    def changed(frames):
        device.give(changed.number)
        changed.number += 1
        return frames and (frames[-1].exposure_us, frames[-1].gain_db) == (1234.0, 6.0)

    changed.number = 0
    poll_until(streaming, hand, changed)


def test_what_the_feature_does_not_allow_is_refused_with_its_range(streaming):
    with pytest.raises(ValueError, match=r"exposure 19 us asked, 20 to 500000 us allowed"):
        streaming.set_exposure_us(19.0)
    with pytest.raises(ValueError, match=r"gain 25 dB asked, 0 to 24 dB allowed"):
        streaming.set_gain_db(25.0)


def test_a_configuration_with_a_setting_out_of_range_is_refused(make, hand):
    camera = make(gain_db=30.0)
    poll_until(camera, hand, lambda _: camera.link is LinkState.REFUSED)
    assert camera.problem == f"camera {SERIAL}: gain 30 dB asked, 0 to 24 dB allowed"


def test_without_the_package_one_line_says_what_to_install_and_it_is_not_tried_again(make, hand):
    def load():
        raise ModuleNotFoundError("No module named 'vmbpy'")

    camera = make(load)
    poll_until(camera, hand, lambda _: camera.link is LinkState.LOST)
    assert camera.problem.startswith(
        f"camera {SERIAL}: the package vmbpy is not installed; install tosca-kiosk[vimba]"
    )
    hand.now_s += 100.0
    camera.poll(hand.now_s)
    assert camera.link is LinkState.LOST


def test_without_the_makers_runtime_one_line_says_what_to_install(make, hand):
    module = fake_vmbpy.module()

    def start():
        raise module.VmbTransportLayerError("Encountered an error loading Transport Layers")

    module.VmbSystem.get_instance = start
    camera = make(lambda: module)
    poll_until(camera, hand, lambda _: camera.link is LinkState.LOST)
    assert camera.problem.startswith(
        f"camera {SERIAL}: vmbpy finds no transport layer; install the Vimba X runtime"
    )


def test_another_camera_is_not_taken_for_ours(make, hand):
    camera = make(serial_number="0AAAA")
    poll_until(camera, hand, lambda _: camera.link is LinkState.LOST)
    assert camera.problem == (
        f"camera 0AAAA: is not there; cameras found: {SERIAL}; check its cable and serial_number"
    )


def test_an_error_of_the_library_is_told_in_one_line_and_it_is_opened_again(make, hand, device):
    module = fake_vmbpy.module(device)
    broken = [module.VmbCameraError("access\nfailed")]
    get_all_cameras = module.system.get_all_cameras

    def fail_once():
        if broken:
            raise broken.pop()
        return get_all_cameras()

    module.system.get_all_cameras = fail_once
    camera = make(lambda: module)
    poll_until(camera, hand, lambda _: camera.link is LinkState.LOST)
    assert camera.problem == f"camera {SERIAL}: access failed; check its cable, then switch it off and on"
    poll_until(camera, hand, lambda _: camera.link is LinkState.READY, step_s=0.1)


def test_a_camera_that_falls_silent_is_lost_and_opened_again(streaming, hand, device):
    device.give(0)
    assert streaming.poll(hand.now_s) is not None
    hand.now_s += 2.1
    streaming.poll(hand.now_s)
    assert streaming.link is LinkState.LOST
    assert "no frame for 2 s" in streaming.problem
    poll_until(streaming, hand, lambda _: streaming.link is LinkState.READY, step_s=0.1)
