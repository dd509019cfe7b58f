// The safety tick: every 250 us it samples the inputs, asks the gate rule and sets the relay. Whatever else
// the chip does, it does in the main loop or in interrupts of a few microseconds.
#include "board.hpp"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>
#include <util/atomic.h>

namespace {

constexpr uint8_t kPedalNo = _BV(PIND2);
constexpr uint8_t kPedalNc = _BV(PIND3);
constexpr uint8_t kAiming = _BV(PORTD4);
constexpr uint8_t kStop = _BV(PIND5);
constexpr uint8_t kGate = _BV(PORTD6);
constexpr uint8_t kReadback = _BV(PIND7);
constexpr uint8_t kMotor = _BV(PORTB1);
// 16 MHz / 32 / 125 = 4 kHz.
constexpr uint8_t kTickCompare = 124;
static_assert(F_CPU / 32 / (kTickCompare + 1) == 1000UL * gate::kTicksPerMs, "the tick of the gate rule");

gate::State state;
gate::Inputs inputs;
uint32_t since_start_ms = 0;
uint8_t tick_of_ms = 0;
uint16_t photodiode = 0;
uint8_t edge_lines = 0;
volatile bool edge = false;

uint8_t reset_cause __attribute__((section(".noinit")));

// What the host is told of at once: pedal, stop loop, gate.
uint8_t lines_with_edges() {
    return (gate::pedal_pressed(state) ? 1 : 0) | (inputs.stop_closed ? 2 : 0) | (inputs.readback_closed ? 4 : 0);
}

}  // namespace

// Before memory is set up: after a reset by the watchdog it runs on, at its shortest, and would reset again.
extern "C" void save_reset_cause() __attribute__((naked, used, section(".init3")));
void save_reset_cause() {
    reset_cause = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

ISR(TIMER2_COMPA_vect) {
    // A closed contact pulls its pin to ground.
    const uint8_t low = ~PIND;
    inputs.pair = gate::pair_of(low & kPedalNo, low & kPedalNc);
    inputs.stop_closed = low & kStop;
    inputs.readback_closed = low & kReadback;
    gate::step(state, inputs);
    if (state.closed) {
        PORTD |= kGate;
    } else {
        PORTD &= ~kGate;
    }
    if (++tick_of_ms == gate::kTicksPerMs) {
        tick_of_ms = 0;
        ++since_start_ms;
    }
    const uint8_t lines = lines_with_edges();
    if (lines != edge_lines) edge = true;
    edge_lines = lines;
    if (!(ADCSRA & _BV(ADSC))) {
        photodiode = ADC;
        ADCSRA |= _BV(ADSC);
    }
}

namespace board {

bool restarted_by_watchdog() { return reset_cause & _BV(WDRF); }

void begin() {
    PORTD = 0;
    PORTB = 0;
    DDRD = kGate | kAiming;
    DDRB = kMotor;
    PORTD = kPedalNo | kPedalNc | kStop | kReadback;  // pull-ups; the outputs stay low
}

void start(bool fault_restart) {
    if (fault_restart) state.faults = gate::kWatchdogRestart;
    // Motor: timer 1, phase-correct, 8 bit, 490 Hz.
    TCCR1A = _BV(WGM10);
    TCCR1B = _BV(CS11) | _BV(CS10);
    // Photodiode: against the supply, 125 kHz, one conversion in 104 us.
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    DIDR0 = _BV(ADC0D);
    TCCR2A = _BV(WGM21);
    OCR2A = kTickCompare;
    TIMSK2 = _BV(OCIE2A);
    TCCR2B = _BV(CS21) | _BV(CS20);
}

Snapshot snapshot() {
    Snapshot taken;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { taken = {state, inputs, since_start_ms, photodiode}; }
    return taken;
}

uint32_t uptime_ms() {
    uint32_t taken;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { taken = since_start_ms; }
    return taken;
}

bool take_edge() {
    bool taken;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        taken = edge;
        edge = false;
    }
    return taken;
}

void heartbeat(bool wants_gate) {
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { gate::heartbeat(state, wants_gate); }
}

bool clear_faults() {
    bool cleared;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { cleared = gate::clear(state, inputs); }
    return cleared;
}

// The output is taken from the timer while off: phase-correct PWM would otherwise keep its last value a while.
void set_motor(uint8_t pwm) {
    const uint8_t set = pwm <= kHighestPwm ? pwm : kHighestPwm;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        OCR1A = set;
        TCCR1A = set == 0 ? _BV(WGM10) : _BV(COM1A1) | _BV(WGM10);
        inputs.motor_on = set != 0;
    }
}

void set_aiming(bool on) {
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        if (on) {
            PORTD |= kAiming;
        } else {
            PORTD &= ~kAiming;
        }
    }
}

bool aiming() { return PORTD & kAiming; }

void set_vibration(bool accelerometer_present, bool healthy) {
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        inputs.accelerometer_present = accelerometer_present;
        inputs.vibration_healthy = healthy;
    }
}

}  // namespace board
