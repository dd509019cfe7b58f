// The interlock board's program on an emulated chip, driven by lines on standard input.
//
//   harness ELF [--serial NUMBER] [--pty]
//
// In lock-step (the default) time passes by "run" alone and every run of the same lines is the same to the bit.
// With --pty the chip runs in real time behind a pseudo-terminal, whose path is the first line printed.
//
//   run CYCLES              lets time pass (lock-step)
//   rx HEX                  bytes on the line to the chip
//   set NAME VALUE          an input: see set() and set_by_name()
//   patch ADDRESS HEX       program memory, until the next reset
//   peek ADDRESS COUNT, poke ADDRESS HEX    data memory; all addresses hexadecimal
//   reset, state, quit
//
// Every command ends with "done CYCLE"; before it stand, in order of time:
//   tx CYCLE HEX            bytes sent: a line, or what there is of one (cycle of its first byte)
//   out CYCLE NAME VALUE    gate, aiming, readback, pwm, or reset when the chip restarted
//   mem HEX / state NAME=VALUE...
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

#define COMMAND_BYTES 8192
#define SLICE_NS 500000
#define SLICE_CYCLES (CPU_HZ / 2000)
#define LATEST_NS 50000000  // further behind than this is given up, not caught up with

static struct board board;
static int terminal = -1;
static uint8_t sent[256];
static size_t sent_count;
static avr_cycle_count_t sent_cycle;

static void flush_sent(void) {
    if (sent_count == 0) return;
    printf("tx %" PRIu64 " ", (uint64_t)sent_cycle);
    for (size_t i = 0; i < sent_count; i++) printf("%02x", sent[i]);
    putchar('\n');
    sent_count = 0;
}

static void on_byte(avr_cycle_count_t cycle, uint8_t byte) {
    if (sent_count == 0) sent_cycle = cycle;
    sent[sent_count++] = byte;
    if (byte == '\n' || sent_count == sizeof sent) flush_sent();
}

static void on_byte_to_terminal(avr_cycle_count_t cycle, uint8_t byte) {
    (void)cycle;
    // Nobody reads: dropped, as on a wire.
    if (write(terminal, &byte, 1) != 1) board.lost_bytes++;
}

static void on_output(avr_cycle_count_t cycle, const char *what, int value) {
    if (strcmp(what, "reset") == 0) flush_sent();  // a line that a reset cut off ends here
    printf("out %" PRIu64 " %s %d\n", (uint64_t)cycle, what, value);
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t room) {
    size_t count = 0;
    unsigned byte;
    while (count < room && sscanf(text + 2 * count, "%2x", &byte) == 1) bytes[count++] = byte;
    return count;
}

static int one_of(const char *value, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(value, names[i]) == 0) return i;
    return -1;
}

static int set_by_name(const char *name, const char *value, int *known) {
    static const char *const relays[] = {"works", "welded", "stuck"};
    static const char *const imus[] = {"none", "mpu6050", "adxl345"};
    if (strcmp(name, "relay") == 0) {
        int relay = one_of(value, relays, 3);
        if ((*known = relay >= 0)) board.relay = relay;
    } else if (strcmp(name, "accelerometer") == 0) {
        int model = one_of(value, imus, 3);
        if ((*known = model >= 0)) imu_plug(&board.imu, model);
    } else {
        return 0;
    }
    return 1;
}

static int set(const char *name, const char *value) {
    double number = atof(value);
    int known = 1;
    if (set_by_name(name, value, &known)) {
    } else if (strcmp(name, "no") == 0) board.no_closed = number != 0;
    else if (strcmp(name, "nc") == 0) board.nc_closed = number != 0;
    else if (strcmp(name, "stop") == 0) board.stop_closed = number != 0;
    else if (strcmp(name, "photodiode_mv") == 0) board.photodiode_mv = number;
    else if (strcmp(name, "relay_us") == 0) board.relay_cycles = number * (CPU_HZ / 1000000);
    else if (strcmp(name, "vibration_mg") == 0) board.imu.vibration_mg = number;
    else if (strcmp(name, "vibration_at_127_mg") == 0) board.vibration_at_127 = number;
    else if (strcmp(name, "drift_mg") == 0) board.imu.drift_mg = number;
    else if (strcmp(name, "bus_stuck") == 0) board.bus_stuck = number != 0;
    else known = 0;
    if (known) board_inputs_changed(&board);
    return known;
}

static void peek(unsigned address, unsigned count) {
    printf("mem ");
    for (unsigned i = 0; i < count && address + i <= board.avr->ramend; i++)
        printf("%02x", board.avr->data[address + i]);
    putchar('\n');
}

static void poke(unsigned address, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count && address + i <= board.avr->ramend; i++)
        board.avr->data[address + i] = bytes[i];
}

static void show_state(void) {
    printf("state gate=%d aiming=%d pwm=%d readback=%d lowest_sp=%d lost_bytes=%" PRIu64 "\n", board.out.gate,
           board.out.aiming, board.out.pwm, board.out.readback, board.lowest_sp, board.lost_bytes);
}

// One command; false to end.
static int obey(const char *line) {
    static uint8_t bytes[COMMAND_BYTES / 2];
    static char hex[COMMAND_BYTES];
    char name[32], value[32];
    unsigned address, count;
    uint64_t cycles;
    if (strcmp(line, "quit") == 0) return 0;
    if (terminal < 0 && sscanf(line, "run %" SCNu64, &cycles) == 1)
        board_run_until(&board, board.avr->cycle + cycles);
    else if (sscanf(line, "rx %8191s", hex) == 1) board_send(&board, bytes, from_hex(hex, bytes, sizeof bytes));
    else if (sscanf(line, "set %31s %31s", name, value) == 2 && set(name, value)) {
    } else if (sscanf(line, "patch %x %8191s", &address, hex) == 2)
        board_patch(&board, address, bytes, from_hex(hex, bytes, sizeof bytes));
    else if (sscanf(line, "peek %x %u", &address, &count) == 2) peek(address, count);
    else if (sscanf(line, "poke %x %8191s", &address, hex) == 2)
        poke(address, bytes, from_hex(hex, bytes, sizeof bytes));
    else if (strcmp(line, "reset") == 0) board_reset(&board);
    else if (strcmp(line, "state") == 0) show_state();
    else printf("error %.60s: not known\n", line);
    flush_sent();
    printf("done %" PRIu64 "\n", (uint64_t)board.avr->cycle);
    fflush(stdout);
    return 1;
}

// Obeys the whole lines that have come in; false at the end of the input or at "quit".
static int read_commands(int wait) {
    static char text[COMMAND_BYTES + 1];
    static size_t length;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, wait ? -1 : 0) <= 0) return 1;
    ssize_t got = read(STDIN_FILENO, text + length, COMMAND_BYTES - length);
    if (got <= 0) return 0;
    length += got;
    char *line = text, *end;
    while ((end = memchr(line, '\n', length - (line - text)))) {
        *end = '\0';
        if (!obey(line)) return 0;
        line = end + 1;
    }
    length -= line - text;
    memmove(text, line, length);
    return length < COMMAND_BYTES;
}

// The slave stays open here too, so that a client may come and go.
static void open_terminal(void) {
    char path[128];
    struct termios raw;
    int slave;
    if (openpty(&terminal, &slave, path, NULL, NULL) != 0 || tcgetattr(slave, &raw) != 0) {
        perror("pseudo-terminal");
        exit(1);
    }
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    printf("%s\n", path);
    fflush(stdout);
}

static int64_t wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void read_terminal(void) {
    uint8_t bytes[1024];
    size_t room = board_line_room(&board);
    ssize_t got = read(terminal, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (got > 0) board_send(&board, bytes, got);
}

static void run_in_real_time(void) {
    int64_t due_ns = wall_ns();
    while (read_commands(0)) {
        read_terminal();
        board_run_until(&board, board.avr->cycle + SLICE_CYCLES);
        due_ns += SLICE_NS;
        int64_t ahead_ns = due_ns - wall_ns();
        if (ahead_ns < -LATEST_NS) due_ns -= ahead_ns;
        struct timespec pause = {.tv_nsec = ahead_ns > 0 ? ahead_ns : 0};
        if (pause.tv_nsec > 0) nanosleep(&pause, NULL);
    }
}

// simavr tells of every section it loads, on standard output.
static void silent(struct avr_t *avr, const int level, const char *format, va_list arguments) {
    (void)avr, (void)level, (void)format, (void)arguments;
}

int main(int argc, char **argv) {
    const char *elf = NULL, *serial_number = "";
    int behind_terminal = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--pty") == 0) behind_terminal = 1;
        else if (strcmp(argv[i], "--serial") == 0 && i + 1 < argc) serial_number = argv[++i];
        else elf = argv[i];
    }
    if (!elf) {
        fprintf(stderr, "usage: harness ELF [--serial NUMBER] [--pty]\n");
        return 1;
    }
    avr_global_logger_set(silent);
    board_make(&board, elf, serial_number);
    if (behind_terminal) {
        open_terminal();
        board.on_byte = on_byte_to_terminal;
        run_in_real_time();
    } else {
        board.on_byte = on_byte;
        board.on_output = on_output;
        while (read_commands(1)) continue;
    }
    return 0;
}
