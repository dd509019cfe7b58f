// The gate rule and its faults, and nothing else: inputs and state in, gate and faults out.
//
// Pure: no register, no clock, no memory of its own, so that the same lines run on the chip, four times a
// millisecond in the timer interrupt, and on the host, where every combination is tried. Time is counted in
// ticks that saturate: no clock wraps here. A condition that must have lasted T is seen in T + 1 samples.
#pragma once

#include <stdint.h>

namespace gate {

constexpr uint16_t kTicksPerMs = 4;
constexpr uint16_t samples_over_ms(uint16_t duration_ms) { return duration_ms * kTicksPerMs + 1; }

constexpr uint16_t kPressSamples = samples_over_ms(20);
constexpr uint16_t kBothClosedSamples = samples_over_ms(50);
constexpr uint16_t kBothOpenSamples = samples_over_ms(1000);
constexpr uint16_t kMotorSamples = samples_over_ms(500);
constexpr uint16_t kFollowSamples = samples_over_ms(20);
// Rounded the other way: a heartbeat must be younger than this, and came up to a tick before its first count.
constexpr uint16_t kSilentTicks = 250 * kTicksPerMs;

enum Fault : uint8_t {
    kPedalWiring = 1 << 0,
    kStopOpened = 1 << 1,
    kVibrationLost = 1 << 2,
    kHostSilent = 1 << 3,
    kGateWelded = 1 << 4,
    kGateStuckOpen = 1 << 5,
    kAccelerometerLost = 1 << 6,
    kWatchdogRestart = 1 << 7,
};

// Of the two contacts, those which are closed. Pressed and released are the two sound pairs.
enum class Pair : uint8_t { kBothOpen, kPressed, kReleased, kBothClosed };

struct Inputs {
    Pair pair;
    bool stop_closed;
    bool readback_closed;
    bool motor_on;
    bool accelerometer_present;
    bool vibration_healthy;
};

struct State {
    Pair pair = Pair::kBothOpen;
    uint16_t pair_samples = 0;
    uint16_t heartbeat_ticks = kSilentTicks;
    uint16_t motor_samples = 0;
    uint16_t gate_samples = 0;  // while closed: since it closed; while open: with the read-back closed
    bool wanted = false;        // by the last heartbeat
    bool accelerometer_seen = false;
    bool closed = false;
    uint8_t faults = 0;
};

constexpr Pair pair_of(bool no_closed, bool nc_closed) {
    return static_cast<Pair>((no_closed ? 1 : 0) | (nc_closed ? 2 : 0));
}

inline bool host_alive(const State& s) { return s.heartbeat_ticks < kSilentTicks; }

inline bool pedal_pressed(const State& s) {
    return s.pair == Pair::kPressed && s.pair_samples >= kPressSamples;
}

inline bool pedal_miswired(const State& s) {
    return (s.pair == Pair::kBothOpen && s.pair_samples >= kBothOpenSamples) ||
           (s.pair == Pair::kBothClosed && s.pair_samples >= kBothClosedSamples);
}

constexpr uint16_t aged(uint16_t count, uint16_t last) { return count < last ? count + 1 : last; }

// Counts how long everything has been as it is.
inline void advance(State& s, const Inputs& in) {
    s.pair_samples = in.pair == s.pair ? aged(s.pair_samples, kBothOpenSamples) : 1;
    s.pair = in.pair;
    s.heartbeat_ticks = aged(s.heartbeat_ticks, kSilentTicks);
    s.motor_samples = in.motor_on ? aged(s.motor_samples, kMotorSamples) : 0;
    s.gate_samples = s.closed || in.readback_closed ? aged(s.gate_samples, kFollowSamples) : 0;
}

// The faults whose condition holds at this sample.
inline uint8_t arising(const State& s, const Inputs& in) {
    const bool lost = !in.accelerometer_present && (s.accelerometer_seen || s.closed);
    const bool still = s.motor_samples < kMotorSamples || (in.accelerometer_present && !in.vibration_healthy);
    const bool settled = s.gate_samples >= kFollowSamples;
    uint8_t faults = 0;
    if (pedal_miswired(s)) faults |= kPedalWiring;
    if (!in.stop_closed) faults |= kStopOpened;
    if (s.closed && still) faults |= kVibrationLost;
    if (s.wanted && !host_alive(s)) faults |= kHostSilent;
    if (!s.closed && in.readback_closed && settled) faults |= kGateWelded;
    if (s.closed && !in.readback_closed && settled) faults |= kGateStuckOpen;
    if (in.motor_on && lost) faults |= kAccelerometerLost;
    return faults;
}

inline bool may_be_closed(const State& s, const Inputs& in) {
    // A closed gate whose read-back has not followed in time is a fault already.
    const bool readback_agrees = s.closed || !in.readback_closed;
    return host_alive(s) && s.wanted && pedal_pressed(s) && in.stop_closed && s.motor_samples >= kMotorSamples &&
           in.accelerometer_present && in.vibration_healthy && s.faults == 0 && readback_agrees;
}

// One tick: afterwards s.closed is what the relay must be.
inline void step(State& s, const Inputs& in) {
    advance(s, in);
    s.faults |= arising(s, in);
    s.accelerometer_seen = in.accelerometer_present;
    const bool closed = may_be_closed(s, in);
    if (closed != s.closed) s.gate_samples = 0;
    s.closed = closed;
}

inline void heartbeat(State& s, bool wants_gate) {
    s.heartbeat_ticks = 0;
    s.wanted = wants_gate;
}

// The latched faults whose cause is still there. 5 and 7 leave none: open gate, restart over.
inline uint8_t standing(const State& s, const Inputs& in) {
    uint8_t faults = arising(s, in);
    if (in.pair == Pair::kBothOpen || in.pair == Pair::kBothClosed) faults |= kPedalWiring;
    if (in.motor_on && !in.vibration_healthy) faults |= kVibrationLost;
    if (in.motor_on && !in.accelerometer_present) faults |= kAccelerometerLost;
    if (!s.closed && in.readback_closed) faults |= kGateWelded;
    return faults & s.faults;
}

// Forgets the latched faults; refuses, and returns false, while a cause stands or the pedal is pressed.
inline bool clear(State& s, const Inputs& in) {
    if (in.pair == Pair::kPressed || standing(s, in) != 0) return false;
    s.faults = 0;
    return true;
}

}  // namespace gate
