"""A virtual line carries bytes at their speed, in pieces, and never blocks or overflows."""

import pytest

from simulators.kernel import Kernel
from simulators.wire.line import HOST_BUFFER_BYTES, WRITE_AHEAD_BYTES, VirtualLine
from simulators.wire.uart import misread
from tests.simulators.wire.wire_bench import Bench, Host


def make_line(baud=38400, **options):
    kernel = Kernel()
    heard = []
    line = VirtualLine(kernel, lambda data: heard.append((kernel.now_s, data)), baud=baud, seed=5, **options)
    line.attach()
    return kernel, line, heard


def test_a_line_reaches_the_device_when_its_last_bit_has():
    kernel, line, heard = make_line()
    line.host_write(b"12345678\n", 0.0)
    kernel.advance(1.0)
    assert heard == [(pytest.approx(9 * 10 / 38400), b"12345678")]


def test_a_second_write_queues_behind_the_first():
    kernel, line, heard = make_line()
    kernel.advance(1.0)
    line.host_write(b"1234567\n", 1.0)
    line.host_write(b"abcdefg\n", 1.0)
    kernel.advance(2.0)
    assert [time_s for time_s, _ in heard] == pytest.approx([1.0 + 80 / 38400, 1.0 + 160 / 38400])


def test_a_line_written_in_parts_arrives_whole():
    kernel, line, heard = make_line()
    for part in (b"LAS", b":OU", b"T?", b"\nTAIL"):
        line.host_write(part, kernel.now_s)
        kernel.advance(kernel.now_s + 0.5)
    assert [data for _, data in heard] == [b"LAS:OUT?"]


def test_an_answer_becomes_readable_no_sooner_than_its_bytes_have_passed():
    kernel, line, _ = make_line()
    line.send(b"x" * 384)
    seen = 0
    for millisecond in range(1, 130):
        kernel.advance(millisecond / 1000)
        seen += len(line.host_read(1000))
        assert seen <= millisecond * 3.84 + 1
    assert seen == 384


def test_answers_come_in_pieces_cut_at_many_places():
    cuts = set()
    kernel, line, _ = make_line()
    for _ in range(200):
        line.send(b"0123456789")
        before = kernel.now_s
        while not line.in_waiting:
            kernel.advance(kernel.now_s + 1e-4)
            assert kernel.now_s < before + 0.02
        cuts.add(line.in_waiting)
        kernel.advance(before + 0.02)
        line.host_read(100)
    assert cuts >= set(range(1, 10))


def test_the_bytes_of_a_seed_do_not_depend_on_how_often_they_are_read():
    def run(step_s):
        kernel, line, _ = make_line()
        for _ in range(50):
            kernel.after(0.003, lambda: line.send(b"hello world\n"))
        got = b""
        while kernel.now_s < 0.5:
            kernel.advance(kernel.now_s + step_s)
            got += line.host_read(7)
        kernel.advance(1.0)
        return got + line.host_read(10_000)

    assert run(0.0001) == run(0.05) == b"hello world\n" * 50


def test_a_read_takes_no_more_than_asked():
    kernel, line, _ = make_line()
    line.send(b"abcdef")
    kernel.advance(1.0)
    assert (line.host_read(2), line.in_waiting, line.host_read(100)) == (b"ab", 4, b"cdef")


def test_an_unread_line_drops_instead_of_growing():
    kernel, line, _ = make_line()
    for _ in range(100):
        line.send(b"x" * 100)
        kernel.advance(kernel.now_s + 1.0)
    assert line.in_waiting <= HOST_BUFFER_BYTES
    assert line.dropped_bytes == 100 * 100 - line.in_waiting


def test_a_host_that_writes_far_ahead_is_told_how_much_fitted():
    _, line, _ = make_line()
    assert line.host_write(b"y" * 10_000, 0.0) == WRITE_AHEAD_BYTES
    assert line.host_write(b"y", 0.0) == 0


def test_an_endless_line_is_not_kept():
    kernel, line, heard = make_line()
    for _ in range(20):
        line.host_write(b"z" * 1000, kernel.now_s)
        kernel.advance(kernel.now_s + 1.0)
    line.host_write(b"\n", kernel.now_s)
    kernel.advance(kernel.now_s + 1.0)
    assert [len(data) for _, data in heard] == [256]


def test_nothing_is_kept_for_a_host_that_comes_later():
    kernel, line, _ = make_line()
    line.detach()
    line.send(b"early")
    line.attach()
    kernel.advance(1.0)
    assert line.host_read(100) == b""


@pytest.mark.parametrize(("host_baud", "device_baud"), [(9600, 38400), (115200, 38400), (38400, 9600)])
def test_a_wrong_baud_makes_garbage_both_ways(host_baud, device_baud):
    kernel, line, heard = make_line(baud=device_baud)
    line.attach(host_baud)
    line.host_write(b"LAS:OUT 1\nLAS:OUT 1\n", 0.0)
    line.send(b"Arroyo 4320\r\n")
    kernel.advance(1.0)
    assert line.host_read(1000) not in (b"", b"Arroyo 4320\r\n")
    assert all(b"LAS:OUT 1" not in data for _, data in heard)


def test_a_uart_at_the_right_speed_reads_what_was_sent():
    every_byte = bytes(range(256))
    assert misread(every_byte, 9600, 9600) == every_byte
    assert misread(every_byte, 9600, 9700) == every_byte


def test_a_mute_device_is_never_heard_and_a_deaf_one_never_hears():
    kernel, line, heard = make_line()
    line.mute = line.deaf = True
    line.send(b"hello\n")
    line.host_write(b"hello\n", 0.0)
    kernel.advance(1.0)
    assert (line.host_read(100), heard) == (b"", [])


def test_what_arrives_during_a_restart_is_lost_byte_by_byte():
    kernel, line, heard = make_line(baud=9600)
    line.deaf_until_s = 5 * 10 / 9600
    line.host_write(b"ab\nDEFGHI\n", 0.0)
    kernel.advance(1.0)
    assert [data for _, data in heard] == [b"FGHI"]


def test_the_host_helper_reads_a_whole_dialog():
    bench = Bench()
    line = VirtualLine(bench.kernel, lambda data: line.send(data + b"\r\n"), baud=9600, seed=1)
    assert Host(bench, line).ask("echo") == "echo"
