// The board's pins, its timers and the safety tick. Only the tick touches the gate relay.
#pragma once

#include <stdint.h>

#include "gate.hpp"

namespace board {

constexpr uint8_t kHighestPwm = 153;  // 3.0 V of 5 V at the motor, never more

// All that the tick knows, taken at one instant.
struct Snapshot {
    gate::State gate;
    gate::Inputs inputs;
    uint32_t uptime_ms;
    uint16_t photodiode;
};

bool restarted_by_watchdog();

// Outputs off, before anything else.
void begin();

// Starts the tick.
void start(bool fault_restart);

Snapshot snapshot();
uint32_t uptime_ms();

// True once after each edge of the pedal, the stop loop or the gate.
bool take_edge();

void heartbeat(bool wants_gate);
bool clear_faults();
void set_motor(uint8_t pwm);
void set_aiming(bool on);
bool aiming();
void set_vibration(bool accelerometer_present, bool healthy);

}  // namespace board
