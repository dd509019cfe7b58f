// The chip with what is wired to it: contacts, relay, photodiode, motor, accelerometer and a serial line.
#pragma once

#include <simavr/sim_avr.h>
#include <stddef.h>

#include "imu.h"

#define CPU_HZ 16000000
#define LINE_BYTES 65536

enum relay { RELAY_WORKS, RELAY_WELDED, RELAY_STUCK };

struct outputs {
    int gate, aiming, pwm, readback;
};

struct board {
    avr_t *avr;
    struct imu imu;
    int no_closed, nc_closed, stop_closed;
    int photodiode_mv;
    enum relay relay;
    avr_cycle_count_t relay_cycles;
    int bus_stuck;           // the chip's transfers never end
    double vibration_at_127; // mg at PWM 127 where the vibration follows the motor, else under 0
    struct outputs out;      // as last reported
    int lowest_sp;
    uint64_t lost_bytes;

    // Called with what the chip sends and with each change of an output; may be NULL.
    void (*on_byte)(avr_cycle_count_t cycle, uint8_t byte);
    void (*on_output)(avr_cycle_count_t cycle, const char *what, int value);

    // The rest is the board's own.
    uint8_t line[LINE_BYTES];
    size_t line_head, line_tail;
    avr_cycle_count_t line_free;
    int coil, contact;
    avr_cycle_count_t contact_due;
    int was_reset;
    struct { uint32_t at; uint8_t was; } patched[16];
    int patched_count;
    void (*chip_reset)(avr_t *avr);
};

// Loads the program; exits with a message when that fails.
void board_make(struct board *board, const char *elf, const char *serial_number);

// Runs up to this cycle, exact to an instruction.
void board_run_until(struct board *board, avr_cycle_count_t target);

// Puts bytes on the line towards the chip, at its baud rate, behind those still waiting.
void board_send(struct board *board, const uint8_t *bytes, size_t count);
size_t board_line_room(const struct board *board);

// After any change of an input.
void board_inputs_changed(struct board *board);

// Overwrites program memory until the chip's next reset: a hung program without a test build.
void board_patch(struct board *board, uint32_t address, const uint8_t *bytes, size_t count);

// The reset button.
void board_reset(struct board *board);
