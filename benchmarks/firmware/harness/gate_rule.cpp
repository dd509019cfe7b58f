// The gate rule against WIRE.md, over every combination of inputs and of times around every limit.
//
// WIRE.md's sentences stand below as a table, stated over what has happened (in ms) and not over the rule's own
// counters. Each combination goes one tick through gate::step and through the table. Prints how many there
// were; the first that differs is named and ends with exit code 1.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate.hpp"

namespace {

using gate::Inputs;
using gate::Pair;
using gate::State;

// What is true at this tick, in WIRE.md's words. Times since the first sample that showed it; -1: not so.
struct Facts {
    double pressed_ms, both_open_ms, both_closed_ms;
    double heartbeat_ms;      // age, as old as it can be
    double motor_ms;
    double gate_closed_ms;    // since the gate was told to close
    double welded_ms;         // read-back closed while the gate is open
    bool gate, wants, stop, readback, motor, accelerometer, healthy, had_accelerometer;
};

struct Sentence {
    const char* text;
    bool (*holds)(const Facts&);
};

const Sentence kCloses[] = {
    {"host alive: last heartbeat under 250 ms old", [](const Facts& f) { return f.heartbeat_ms < 250; }},
    {"host wants it", [](const Facts& f) { return f.wants; }},
    {"pedal pressed, 20 ms debounce", [](const Facts& f) { return f.pressed_ms >= 20; }},
    {"stop loop closed", [](const Facts& f) { return f.stop; }},
    {"motor on for at least 500 ms", [](const Facts& f) { return f.motor_ms >= 500; }},
    {"vibration known and healthy", [](const Facts& f) { return f.accelerometer && f.healthy; }},
    {"read-back agrees", [](const Facts& f) {
         return f.gate ? f.readback || f.gate_closed_ms <= 20 : !f.readback;
     }},
};

const Sentence kFaults[] = {
    {"0 pedal wiring", [](const Facts& f) { return f.both_open_ms >= 1000 || f.both_closed_ms >= 50; }},
    {"1 stop loop opened", [](const Facts& f) { return !f.stop; }},
    {"2 vibration lost while the gate was closed", [](const Facts& f) {
         return f.gate && (f.motor_ms < 500 || (f.accelerometer && !f.healthy));
     }},
    {"3 host fell silent while it wanted the gate", [](const Facts& f) {
         return f.wants && f.heartbeat_ms >= 250;
     }},
    {"4 gate welded", [](const Facts& f) { return f.welded_ms >= 20; }},
    {"5 gate stuck open", [](const Facts& f) { return f.gate && !f.readback && f.gate_closed_ms > 20; }},
    {"6 accelerometer lost while the motor was on", [](const Facts& f) {
         return f.motor && !f.accelerometer && (f.had_accelerometer || f.gate);
     }},
    {"7 restarted by its own watchdog", [](const Facts&) { return false; }},
};

const double kTickMs = 0.25;

double lasted_ms(bool so, bool was_so, uint16_t samples) {
    if (!so) return -1;
    return was_so ? samples * kTickMs : 0;
}

Facts facts_of(const State& s, const Inputs& in) {
    Facts f;
    const bool same = s.pair == in.pair;
    f.pressed_ms = lasted_ms(in.pair == Pair::kPressed, same, s.pair_samples);
    f.both_open_ms = lasted_ms(in.pair == Pair::kBothOpen, same, s.pair_samples);
    f.both_closed_ms = lasted_ms(in.pair == Pair::kBothClosed, same, s.pair_samples);
    f.heartbeat_ms = (s.heartbeat_ticks + 1) * kTickMs;
    f.motor_ms = lasted_ms(in.motor_on, true, s.motor_samples);
    f.gate_closed_ms = s.closed ? (s.gate_samples + 1) * kTickMs : -1;
    f.welded_ms = lasted_ms(!s.closed && in.readback_closed, true, s.gate_samples);
    f.gate = s.closed;
    f.wants = s.wanted;
    f.stop = in.stop_closed;
    f.readback = in.readback_closed;
    f.motor = in.motor_on;
    f.accelerometer = in.accelerometer_present;
    f.healthy = in.vibration_healthy;
    f.had_accelerometer = s.accelerometer_seen;
    return f;
}

void fail(const char* what, const State& s, const Inputs& in) {
    printf("%s: pair %d>%d samples %u, heartbeat %u, motor %u, gate samples %u, wanted %d, seen %d, closed %d,"
           " faults %02x,"
           " stop %d, readback %d, motor on %d, accelerometer %d, healthy %d\n",
           what, int(s.pair), int(in.pair), s.pair_samples, s.heartbeat_ticks, s.motor_samples, s.gate_samples,
           s.wanted, s.accelerometer_seen, s.closed, s.faults, in.stop_closed, in.readback_closed, in.motor_on,
           in.accelerometer_present, in.vibration_healthy);
    exit(1);
}

void check_step(const State& before, const Inputs& in) {
    State after = before;
    gate::step(after, in);
    const Facts f = facts_of(before, in);
    for (int bit = 0; bit < 8; ++bit) {
        const bool latched = (before.faults >> bit & 1) || kFaults[bit].holds(f);
        if (latched != (after.faults >> bit & 1)) fail(kFaults[bit].text, before, in);
    }
    bool closes = after.faults == 0;
    const char* broken = "a latched fault";
    for (const Sentence& sentence : kCloses) {
        if (sentence.holds(f)) continue;
        closes = false;
        broken = sentence.text;
    }
    if (closes != after.closed) fail(closes ? "all holds, yet the gate opens" : broken, before, in);
    // Whatever opens the gate leaves its fault, but for the pedal, the wish and a silent host that did not want it.
    const bool quiet = !f.wants || f.pressed_ms < 20;
    if (before.closed && !after.closed && !quiet && after.faults == 0) fail("opened without a fault", before, in);
}

// Refused while the pedal is pressed or while what latched a fault is still so.
void check_clear(const State& before, const Inputs& in) {
    const bool causes[8] = {
        in.pair == Pair::kBothOpen || in.pair == Pair::kBothClosed,
        !in.stop_closed,
        in.motor_on && !in.vibration_healthy,
        before.wanted && before.heartbeat_ticks * kTickMs >= 250,
        in.readback_closed,
        false,
        in.motor_on && !in.accelerometer_present,
        false,
    };
    bool refused = in.pair == Pair::kPressed;
    for (int bit = 0; bit < 8; ++bit) refused = refused || (causes[bit] && (before.faults >> bit & 1));
    State after = before;
    const bool cleared = gate::clear(after, in);
    if (cleared == refused) fail("clear", before, in);
    if (after.faults != (refused ? before.faults : 0)) fail("what clear leaves", before, in);
}

const uint16_t kPairSamples[] = {1, 78, 79, 80, 81, 198, 199, 200, 201, 3998, 3999, 4000, 4001};
const uint16_t kHeartbeatTicks[] = {0, 998, 999, 1000};
const uint16_t kMotorSamples[] = {0, 1998, 1999, 2000, 2001};
const uint16_t kGateSamples[] = {0, 78, 79, 80, 81};
const uint8_t kFaultSets[] = {0x00, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF};

Inputs inputs_of(Pair pair, unsigned bits) {
    return {pair, bool(bits & 1), bool(bits & 2), bool(bits & 4), bool(bits & 8), bool(bits & 16)};
}

unsigned long check_inputs(const State& s) {
    for (int pair = 0; pair < 4; ++pair) {
        for (unsigned bits = 0; bits < 32; ++bits) {
            const Inputs in = inputs_of(Pair(pair), bits);
            check_step(s, in);
            // The board only clears between ticks: with the pair and the open gate of the last one.
            if (Pair(pair) == s.pair && !(s.closed && s.faults)) check_clear(s, in);
        }
    }
    return 4 * 32;
}

unsigned long check_ages(State s) {
    unsigned long count = 0;
    for (uint16_t pair_samples : kPairSamples) {
        for (uint16_t heartbeat_ticks : kHeartbeatTicks) {
            for (uint16_t motor_samples : kMotorSamples) {
                for (uint16_t gate_samples : kGateSamples) {
                    s.pair_samples = pair_samples;
                    s.heartbeat_ticks = heartbeat_ticks;
                    s.motor_samples = motor_samples;
                    s.gate_samples = gate_samples;
                    count += check_inputs(s);
                }
            }
        }
    }
    return count;
}

}  // namespace

int main() {
    unsigned long count = 0;
    for (int pair = 0; pair < 4; ++pair) {
        for (unsigned bits = 0; bits < 8; ++bits) {
            for (uint8_t faults : kFaultSets) {
                State s;
                s.pair = Pair(pair);
                s.wanted = bits & 1;
                s.accelerometer_seen = bits & 2;
                s.closed = bits & 4;
                s.faults = faults;
                count += check_ages(s);
            }
        }
    }
    printf("%lu\n", count);
    return 0;
}
