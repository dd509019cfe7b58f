// The interlock board: the main loop around the safety tick of board.cpp. It feeds the watchdog, reads the
// host's lines, looks after the accelerometer and tells the host how things stand.
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "accelerometer.hpp"
#include "board.hpp"
#include "commands.hpp"
#include "line.hpp"
#include "serial.hpp"
#include "vibration.hpp"

namespace {

constexpr uint8_t kStatusMs = 10;
constexpr uint8_t kBytesAPass = 32;
line::Reader reader;
vibration::Window window;
vibration::Health health;
uint16_t vibration_mg = 0;
uint8_t window_ms = 0;
uint16_t sequence = 0;

// A function of its own so that a test can find it in the image and starve the watchdog.
__attribute__((noinline)) void feed_watchdog() { wdt_reset(); }

void read_host() {
    for (uint8_t i = 0; i < kBytesAPass; ++i) {
        const int16_t byte = serial::receive();
        if (byte < 0) return;
        if (reader.take(byte) && !commands::run(reader.body())) reader.drop();
    }
}

void forget_vibration() {
    window = vibration::Window();
    health = vibration::Health();
    vibration_mg = 0;
    window_ms = 0;
}

// Once a millisecond.
void measure_vibration() {
    int16_t axes[3];
    if (accelerometer::poll(axes)) window.add(axes);
    const bool present = accelerometer::present();
    if (!present) {
        forget_vibration();
    } else if (++window_ms == vibration::kWindowMs) {
        window_ms = 0;
        vibration_mg = window.close_mg();
        health.judge(vibration_mg, commands::vibration_threshold_mg());
        accelerometer::refresh();
    }
    board::set_vibration(present, health.healthy());
}

uint16_t flags_of(const board::Snapshot& now) {
    return (gate::pedal_pressed(now.gate) ? 1 << 0 : 0) | (now.inputs.stop_closed ? 1 << 1 : 0) |
           (now.inputs.readback_closed ? 1 << 2 : 0) | (now.gate.wanted ? 1 << 3 : 0) |
           (now.inputs.motor_on ? 1 << 4 : 0) | (now.inputs.vibration_healthy ? 1 << 5 : 0) |
           (board::aiming() ? 1 << 6 : 0) | (now.inputs.accelerometer_present ? 1 << 7 : 0) |
           (gate::host_alive(now.gate) ? 1 << 8 : 0);
}

// A status that finds no room is gone, and its number with it: the host sees the gap.
void tell_status() {
    const board::Snapshot now = board::snapshot();
    line::Writer status;
    status.text("ST").number(sequence++).number(now.uptime_ms).hex(flags_of(now));
    status.number(now.photodiode).number(vibration_mg).hex(now.gate.faults);
    status.finish();
    serial::send(status.begin(), status.length());
}

}  // namespace

int main() {
    board::begin();
    serial::begin();
    accelerometer::begin();
    board::start(board::restarted_by_watchdog());
    wdt_enable(WDTO_120MS);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sleep_enable();
    sei();
    uint32_t last_ms = 0;
    uint32_t status_ms = 0;
    while (true) {
        const uint32_t now_ms = board::uptime_ms();
        read_host();
        if (now_ms != last_ms) {
            last_ms = now_ms;
            feed_watchdog();  // the only place, and only while the safety tick ticks
            measure_vibration();
        }
        const bool periodic = now_ms - status_ms >= kStatusMs;
        // A late status is not made up for by a second.
        if (periodic) status_ms = now_ms - status_ms < 2 * kStatusMs ? status_ms + kStatusMs : now_ms;
        // An edge waits for room, a few milliseconds at the most; a period does not.
        const bool may_tell = periodic || serial::room() >= serial::kEdgeNeeds;
        if (may_tell && (board::take_edge() || periodic)) tell_status();
        sleep_cpu();
    }
}
