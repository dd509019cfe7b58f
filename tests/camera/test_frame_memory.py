"""The newest frame in memory: whole or not there, never a wait; what is old or frozen is no news."""

import math
import os
import signal
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.programs import running_program
from tests.waiting import WITHIN_S
from tosca_kiosk.camera.frame_age import LOOK_AGAIN_S, SLOTS, FrameAge
from tosca_kiosk.camera.frame_memory import FrameReader, FramesLostError, FrameWriter
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import FRAMES_FILE

HEIGHT, WIDTH = 30, 40


@pytest.fixture
def writer(tmp_path):
    frames = FrameWriter(tmp_path)
    yield frames
    frames.close()


@pytest.fixture
def reader(tmp_path):
    frames = FrameReader(tmp_path / FRAMES_FILE)
    yield frames
    frames.close()


def grey(level, height=HEIGHT, width=WIDTH):
    return np.full((height, width), level, np.uint8)


def publish(writer, number, taken_s, image=None, content=None):
    """Publish a frame with a picture of its own, or with the content of an earlier one."""
    content = number if content is None else content
    writer.publish(
        grey(content % 256) if image is None else image, number=number, taken_s=taken_s, content=content
    )


def test_a_frame_comes_with_all_that_is_known_of_it(writer, reader):
    image = np.arange(HEIGHT * WIDTH).astype(np.uint8).reshape(HEIGHT, WIDTH)
    more = {"covered": True, "simulated": True, "dropped": 2, "exposure_us": 8000.0, "gain_db": 3.5}
    writer.publish(image, number=7, taken_s=100.0, content=4, **more)
    assert reader.look(100.02)
    assert reader.record == (7, 100.0, 4, 100.0, True, True, 2, WIDTH, HEIGHT, 8000.0, 3.5)
    assert np.array_equal(reader.image(), image)


def test_the_newest_frame_is_read_and_no_other(writer, reader):
    for number in range(10):
        publish(writer, number, 100.0 + number)
    assert reader.look(110.0)
    assert reader.record.number == 9
    assert reader.image().min() == reader.image().max() == 9
    assert not reader.look(110.0), "the same frame is news once"


def test_without_a_camera_process_there_is_no_frame(tmp_path):
    age = FrameAge(tmp_path / FRAMES_FILE)
    assert age.newest_s(100.0) is None
    age.close()


@pytest.mark.parametrize("content", [b"", b"x", bytes(64 + SLOTS * 128), b"TOSCAfr2" + bytes(56)])
def test_a_file_that_holds_no_frames_is_no_camera(tmp_path, content):
    (tmp_path / FRAMES_FILE).write_bytes(content)
    age = FrameAge(tmp_path / FRAMES_FILE)
    assert age.newest_s(100.0) is None
    age.close()


@pytest.mark.parametrize("taken_s", [100.5, math.nan, math.inf])
def test_a_frame_from_the_future_or_without_a_time_is_none(writer, reader, taken_s):
    publish(writer, 1, 99.9)
    assert reader.newest_s(100.0) == 99.9
    publish(writer, 2, taken_s)
    assert reader.newest_s(100.1) == 99.9
    publish(writer, 3, 100.15)
    assert reader.newest_s(100.2) == 100.15


def test_a_counter_that_stands_ages_whatever_its_time_says(writer, reader):
    publish(writer, 5, 100.0)
    for at_s in (100.0, 100.5, 101.0):
        publish(writer, 5, at_s)
        assert reader.newest_s(at_s) == 100.0


def test_a_picture_that_repeats_ages_whatever_its_counter_and_its_time_say(writer, reader):
    publish(writer, 5, 100.0)
    for number, at_s in ((6, 100.5), (7, 101.0), (8, 118.0)):
        publish(writer, number, at_s, content=5)
        assert reader.newest_s(at_s) == 100.0
        assert (reader.record.number, reader.record.taken_s) == (number, at_s)
    publish(writer, 9, 118.1, content=6)
    assert reader.newest_s(118.1) == 118.1


def test_who_comes_late_learns_since_when_a_picture_repeats(writer, reader):
    publish(writer, 5, 100.0)
    for number in range(6, 40):
        publish(writer, number, 100.0 + number, content=5)
    assert reader.newest_s(139.0) == 100.0


def test_whether_a_picture_is_covered_is_known_and_unknown_is_covered(writer, reader, tmp_path):
    assert reader.covered
    publish(writer, 1, 100.0)
    reader.look(100.0)
    assert not reader.covered
    writer.publish(grey(0), number=2, taken_s=100.1, content=2, covered=True)
    reader.look(100.1)
    assert reader.covered
    publish(writer, 3, 100.2)
    reader.look(100.2)
    (tmp_path / FRAMES_FILE).unlink()
    reader.look(100.2 + 1.1 * LOOK_AGAIN_S)
    assert reader.covered


LOSSES = {
    "removed": lambda path: path.unlink(),
    "replaced": lambda path: (path.unlink(), path.write_bytes(bytes(4096))),
    "replaced by a link": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_frames_that_can_be_found_no_more_are_no_picture_at_all(writer, reader, tmp_path, lose):
    """Whoever is still shown them may be the only one: the next reader finds nothing, or something else."""
    publish(writer, 1, 100.0)
    assert reader.newest_s(100.0) == 100.0
    lose(tmp_path / FRAMES_FILE)
    assert reader.newest_s(100.0 + 1.1 * LOOK_AGAIN_S) is None
    assert reader.problem.startswith("the camera's memory was lost")
    with pytest.raises(FramesLostError, match=r"camera\.frames: was removed or replaced while in use"):
        publish(writer, 2, 100.2)
    again = FrameWriter(tmp_path)
    publish(again, 0, 100.3)
    assert reader.newest_s(100.4) == 100.3
    assert reader.problem is None
    again.close()


def test_a_frame_that_is_old_when_it_comes_is_shown_as_old(writer, reader):
    publish(writer, 5, 100.0)
    assert reader.newest_s(100.0) == 100.0
    publish(writer, 6, 97.0)
    assert reader.newest_s(100.1) == 97.0


def test_a_camera_process_that_was_restarted_is_found_within_a_tenth_of_a_second(tmp_path, reader):
    for begun_s in (100.0, 200.0, 300.0):
        with_the_same_number = FrameWriter(tmp_path)
        publish(with_the_same_number, 0, begun_s)
        assert reader.newest_s(begun_s + LOOK_AGAIN_S) == begun_s
        with_the_same_number.close()
    assert [path.name for path in tmp_path.iterdir()] == [FRAMES_FILE], "one file, whoever died"


def test_the_last_frame_of_a_dead_camera_process_stays_and_ages(writer, reader):
    publish(writer, 1, 100.0)
    assert reader.newest_s(100.0) == 100.0
    writer.close()
    assert reader.newest_s(105.0) == 100.0
    assert reader.problem is None


def test_a_larger_picture_makes_new_room(writer, reader):
    publish(writer, 1, 100.0)
    assert reader.look(100.0)
    publish(writer, 2, 100.1, grey(9, 300, 400))
    assert reader.look(100.2)
    assert reader.image().shape == (300, 400)
    publish(writer, 3, 100.3, grey(8, 10, 20))
    assert reader.look(100.3)
    assert np.array_equal(reader.image(), grey(8, 10, 20))


def test_a_picture_that_was_overwritten_is_not_given_out(writer, reader):
    publish(writer, 1, 100.0)
    assert reader.look(100.0)
    for number in range(2, 2 + SLOTS):
        publish(writer, number, 100.0)
    assert reader.image() is None
    assert reader.look(100.0)
    assert reader.image()[0, 0] == 1 + SLOTS


def test_a_slot_that_is_being_written_is_left_alone(writer, reader):
    publish(writer, 1, 100.0)
    newest = (64 + 1 % SLOTS * writer._cell.slot_bytes) // 8
    writer._cell._words[newest] = 0
    assert reader.newest_s(100.0) is None
    writer._cell._words[newest] = 1
    assert reader.newest_s(100.0) == 100.0


def test_a_record_that_does_not_fit_its_checksum_is_left_alone(writer, reader):
    publish(writer, 1, 100.0)
    writer._cell._words[(64 + 1 % SLOTS * writer._cell.slot_bytes) // 8 + 3] ^= 1 << 51
    assert reader.newest_s(100.0) is None


def test_readers_cannot_write(writer, reader):
    publish(writer, 1, 100.0)
    reader.look(100.0)
    with pytest.raises(TypeError):
        reader._memory._words[0] = 1


steps = st.lists(
    st.tuples(st.sampled_from(["publish", "look", "restart"]), st.integers(0, 3), st.floats(0.0, 0.3)),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_whatever_happens_the_newest_frame_never_seems_younger_than_it_is(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("frames")
    writer, age, now_s = FrameWriter(folder), FrameAge(folder / FRAMES_FILE), 100.0
    taken = {}
    for what, number, passed_s in steps:
        now_s += passed_s
        if what == "publish":
            publish(writer, number, now_s)
            taken[now_s] = number
        elif what == "restart":
            writer.close()
            writer = FrameWriter(folder)
        else:
            newest_s = age.newest_s(now_s)
            assert newest_s is None or newest_s in taken
            assert age.record is None or taken[newest_s] == age.record.number
    writer.close()
    age.close()


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import numpy as np
    from tosca_kiosk.camera.frame_memory import FrameWriter

    frames = FrameWriter(Path(sys.argv[1]))
    number = 0
    while True:
        number += 1
        image = np.full((480, 640), number % 251, np.uint8)
        frames.publish(image, number=number, taken_s=float(number), content=number)
        if number == 10:
            print("ready", flush=True)
    """
)


@pytest.mark.process
def test_a_writer_without_pause_shows_no_torn_picture_and_is_killed_without_harm(tmp_path):
    """Far faster than any camera; it dies in the middle of a picture, at whatever place."""
    with running_program(WRITER, str(tmp_path)) as process:
        reader, seen, last, clock = FrameReader(tmp_path / FRAMES_FILE), 0, 0, RealClock()
        while seen < 300:
            assert clock.now_s() < WITHIN_S, f"{seen} pictures seen"
            if not reader.look(1e9):
                continue
            image = reader.image()
            if image is None:
                continue
            assert reader.record.number > last
            last, seen = reader.record.number, seen + 1
            assert (image == last % 251).all(), f"picture {last} is torn"
        os.kill(process.pid, signal.SIGKILL)
    reader.look(2e9)
    image = reader.image()
    assert image is None or (image == reader.record.number % 251).all()
    reader.close()


def test_a_record_of_another_length_is_no_frame(writer, reader):
    """Whoever writes it: what control asks every tick raises nothing."""
    publish(writer, 1, 100.0)
    assert reader.newest_s(100.0) == 100.0
    writer._cell.publish(b"not a frame")
    assert not reader.look(100.1)
    assert reader.record.number == 1
