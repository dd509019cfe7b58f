// Runs the chip from event to event. Outputs are read from the registers after every step, so that a reset,
// which tells nobody of its pins, is seen too.
#include "board.h"

#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_twi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// simavr takes eleven bits of 117 647 baud to the next character, counted from when the last was read.
#define BYTE_CYCLES 1600
#define NEVER UINT64_MAX
// Half a microsecond between two looks at the outputs: an instruction a look takes twice as long.
#define LOOK_CYCLES 8
// Registers of the ATmega328P in data space.
enum { DDRB = 0x24, PIND = 0x29, DDRD = 0x2A, PORTD = 0x2B, SPL = 0x5D, SPH = 0x5E, TCCR1A = 0x80, OCR1AL = 0x88 };
enum { TWCR = 0xBC };
enum { PIN_NO = 2, PIN_NC = 3, PIN_AIMING = 4, PIN_STOP = 5, PIN_GATE = 6, PIN_READBACK = 7 };

static struct board *the_board;  // simavr's reset hook has no parameter

static void no_sleep(avr_t *avr, avr_cycle_count_t how_long) { (void)avr, (void)how_long; }

static avr_cycle_count_t wake(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)avr, (void)when, (void)param;
    return 0;
}

static void on_reset(avr_t *avr) {
    the_board->was_reset = 1;
    if (the_board->chip_reset) the_board->chip_reset(avr);
}

static void on_uart(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct board *board = param;
    if (board->on_byte) board->on_byte(board->avr->cycle, value);
}

static void on_conversion(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq, (void)value;
    struct board *board = param;
    avr_raise_irq(avr_io_getirq(board->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), board->photodiode_mv);
}

void board_inputs_changed(struct board *board) {
    int closed[8] = {0};
    closed[PIN_NO] = board->no_closed;
    closed[PIN_NC] = board->nc_closed;
    closed[PIN_STOP] = board->stop_closed;
    closed[PIN_READBACK] = board->relay == RELAY_WELDED || (board->relay != RELAY_STUCK && board->contact);
    avr_ioport_external_t pins = {.name = 'D'};
    for (int pin = 0; pin < 8; pin++) {
        if (pin != PIN_NO && pin != PIN_NC && pin != PIN_STOP && pin != PIN_READBACK) continue;
        pins.mask |= 1 << pin;
        if (!closed[pin]) pins.value |= 1 << pin;
    }
    avr_ioctl(board->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('D'), &pins);
    for (int pin = 0; pin < 8; pin++) {
        if (!(pins.mask >> pin & 1)) continue;
        avr_irq_t *irq = avr_io_getirq(board->avr, AVR_IOCTL_IOPORT_GETIRQ('D'), pin);
        int high = pins.value >> pin & 1;
        // A reset clears the pin's register, and simavr passes changes alone.
        if ((board->avr->data[PIND] >> pin & 1) != high) avr_raise_irq(irq, !high);
        avr_raise_irq(irq, high);
    }
    int readback = closed[PIN_READBACK];
    if (readback != board->out.readback && board->on_output)
        board->on_output(board->avr->cycle, "readback", readback);
    board->out.readback = readback;
}

static void report(struct board *board, const char *what, int *last, int value) {
    if (*last == value) return;
    *last = value;
    if (board->on_output) board->on_output(board->avr->cycle, what, value);
}

// What the chip drives now; true when something is due earlier than it was.
static int look_at_outputs(struct board *board) {
    const uint8_t *data = board->avr->data;
    uint8_t high = data[DDRD] & data[PORTD];
    int driven = data[DDRB] & 2 && data[TCCR1A] & 0x80;
    int pwm = driven ? data[OCR1AL] : 0;
    int sp = data[SPL] | data[SPH] << 8;
    if (sp > 0xFF && sp < board->lowest_sp) board->lowest_sp = sp;
    if (board->bus_stuck) board->avr->data[TWCR] &= ~1;
    report(board, "aiming", &board->out.aiming, high >> PIN_AIMING & 1);
    report(board, "gate", &board->out.gate, high >> PIN_GATE & 1);
    if (board->out.pwm != pwm) {
        report(board, "pwm", &board->out.pwm, pwm);
        if (board->vibration_at_127 >= 0) board->imu.vibration_mg = board->vibration_at_127 * pwm / 127;
    }
    if (board->coil == board->out.gate) return 0;
    board->coil = board->out.gate;
    board->contact_due = board->avr->cycle + board->relay_cycles;
    return 1;
}

static void after_reset(struct board *board) {
    board->was_reset = 0;
    board->avr->run_cycle_limit = LOOK_CYCLES;
    for (int i = board->patched_count; i-- > 0;)
        board->avr->flash[board->patched[i].at] = board->patched[i].was;
    board->patched_count = 0;
    if (board->on_output) board->on_output(board->avr->cycle, "reset", 1);
    board_inputs_changed(board);
}

static avr_cycle_count_t next_event(const struct board *board, avr_cycle_count_t target) {
    if (board->contact_due < target) target = board->contact_due;
    if (board->line_head != board->line_tail && board->line_free < target) target = board->line_free;
    return target;
}

static void do_due(struct board *board) {
    avr_cycle_count_t now = board->avr->cycle;
    if (board->contact_due <= now) {
        board->contact_due = NEVER;
        board->contact = board->coil;
        board_inputs_changed(board);
    }
    if (board->line_head != board->line_tail && board->line_free <= now) {
        uint8_t byte = board->line[board->line_tail];
        board->line_tail = (board->line_tail + 1) % LINE_BYTES;
        board->line_free = now + BYTE_CYCLES;
        avr_raise_irq(avr_io_getirq(board->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
    }
}

void board_run_until(struct board *board, avr_cycle_count_t target) {
    avr_t *avr = board->avr;
    while (avr->cycle < target) {
        do_due(board);
        avr_cycle_count_t next = next_event(board, target);
        if (next <= avr->cycle) continue;
        // Without a timer of its own a sleeping chip would sleep past it.
        avr_cycle_timer_register(avr, next - avr->cycle, wake, board);
        int earlier = 0;
        while (avr->cycle < next && !earlier) {
            int state = avr_run(avr);
            if (state == cpu_Crashed || state == cpu_Done) {
                fprintf(stderr, "the chip crashed at cycle %llu\n", (unsigned long long)avr->cycle);
                exit(1);
            }
            if (board->was_reset) {
                look_at_outputs(board);
                after_reset(board);
                break;
            }
            earlier = look_at_outputs(board);
        }
        avr_cycle_timer_cancel(avr, wake, board);
    }
}

size_t board_line_room(const struct board *board) {
    return (board->line_tail - board->line_head - 1 + 2 * (size_t)LINE_BYTES) % LINE_BYTES;
}

void board_send(struct board *board, const uint8_t *bytes, size_t count) {
    if (board->line_head == board->line_tail && board->line_free < board->avr->cycle)
        board->line_free = board->avr->cycle;
    for (size_t i = 0; i < count; i++) {
        if (board_line_room(board) == 0) {
            board->lost_bytes += count - i;
            return;
        }
        board->line[board->line_head] = bytes[i];
        board->line_head = (board->line_head + 1) % LINE_BYTES;
    }
}

void board_patch(struct board *board, uint32_t address, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count && board->patched_count < 16 && address + i <= board->avr->flashend; i++) {
        board->patched[board->patched_count].at = address + i;
        board->patched[board->patched_count++].was = board->avr->flash[address + i];
        board->avr->flash[address + i] = bytes[i];
    }
}

void board_reset(struct board *board) {
    avr_reset(board->avr);
    look_at_outputs(board);
    after_reset(board);
}

static void load(avr_t *avr, const char *elf, const char *serial_number) {
    elf_firmware_t firmware = {0};
    if (elf_read_firmware(elf, &firmware) != 0 || firmware.flashsize == 0) {
        fprintf(stderr, "%s: no program for the chip in it\n", elf);
        exit(1);
    }
    strcpy(firmware.mmcu, "atmega328p");
    firmware.frequency = CPU_HZ;
    firmware.vcc = firmware.avcc = firmware.aref = 5000;
    avr_load_firmware(avr, &firmware);
    avr_eeprom_desc_t eeprom = {.ee = (uint8_t *)serial_number, .offset = 0, .size = strlen(serial_number)};
    avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &eeprom);
}

void board_make(struct board *board, const char *elf, const char *serial_number) {
    memset(board, 0, sizeof *board);
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (!avr || avr_init(avr) != 0) {
        fprintf(stderr, "simavr knows no atmega328p\n");
        exit(1);
    }
    avr->log = LOG_NONE;
    the_board = board;
    board->avr = avr;
    board->chip_reset = avr->reset;
    avr->reset = on_reset;
    avr->sleep = no_sleep;
    board->nc_closed = board->stop_closed = 1;
    board->relay_cycles = CPU_HZ / 200;
    board->contact_due = NEVER;
    board->vibration_at_127 = -1;
    board->lowest_sp = 0xFFFF;
    avr->run_cycle_limit = LOOK_CYCLES;
    load(avr, elf, serial_number);
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_uart, board);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER), on_conversion, board);
    // A low pin of an interrupt nobody enabled would otherwise be looked at every cycle.
    avr_extint_set_strict_lvl_trig(avr, 0, 0);
    avr_extint_set_strict_lvl_trig(avr, 1, 0);
    imu_attach(&board->imu, avr);
    board_inputs_changed(board);
}
