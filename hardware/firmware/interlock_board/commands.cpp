// One row a command. A body is name, number and at most one value, each in plain decimal digits.
#include "commands.hpp"

#include <avr/eeprom.h>
#include <string.h>

#include "board.hpp"
#include "line.hpp"
#include "serial.hpp"
#include "vibration.hpp"

namespace {

constexpr uint8_t kUnknown = 1;
constexpr uint8_t kOutOfRange = 2;
constexpr uint8_t kNotNow = 3;
constexpr uint8_t kNameLength = 2;
constexpr uint8_t kSerialLength = 12;  // at the start of the EEPROM

uint16_t threshold_mg = vibration::kDefaultThresholdMg;

void send(line::Writer& answer) {
    answer.finish();
    serial::send(answer.begin(), answer.length());
}

void accept(uint16_t number) {
    line::Writer answer;
    send(answer.text("OK").number(number));
}

void refuse(uint16_t number, uint8_t code) {
    line::Writer answer;
    send(answer.text("ER").number(number).number(code));
}

void heartbeat(uint16_t, uint16_t wants_gate) { board::heartbeat(wants_gate != 0); }

void motor(uint16_t number, uint16_t pwm) {
    board::set_motor(pwm);
    accept(number);
}

void aim(uint16_t number, uint16_t on) {
    board::set_aiming(on != 0);
    accept(number);
}

void set_threshold(uint16_t number, uint16_t mg) {
    threshold_mg = mg;
    accept(number);
}

void clear(uint16_t number, uint16_t) {
    if (board::clear_faults()) {
        accept(number);
    } else {
        refuse(number, kNotNow);
    }
}

// What may stand in a field of a line.
bool printable(char c) { return c > ' ' && c < 0x7F && c != ',' && c != '*' && c != '$'; }

void identify(uint16_t number, uint16_t) {
    char name[kSerialLength + 1];
    uint8_t length = 0;
    for (; length < kSerialLength; ++length) {
        const char c = eeprom_read_byte(reinterpret_cast<const uint8_t*>(static_cast<uintptr_t>(length)));
        if (!printable(c)) break;
        name[length] = c;
    }
    name[length] = '\0';
    line::Writer answer;
    answer.text("ID").number(number).text(",TOSCA-IL,1,1.0.0,").text(length == 0 ? "UNSET" : name);
    send(answer);
}

struct Command {
    char name[kNameLength + 1];
    bool takes_value;
    uint16_t lowest;
    uint16_t highest;
    void (*run)(uint16_t number, uint16_t value);
};

constexpr Command kCommands[] = {
    {"HB", true, 0, 1, heartbeat}, {"MO", true, 0, board::kHighestPwm, motor},
    {"AI", true, 0, 1, aim},       {"VT", true, 50, 2000, set_threshold},
    {"CL", false, 0, 0, clear},    {"ID", false, 0, 0, identify},
};

const Command* find(const char* name, uint8_t length) {
    for (const Command& command : kCommands) {
        if (length == kNameLength && memcmp(name, command.name, kNameLength) == 0) return &command;
    }
    return nullptr;
}

// Reads "," and one to five digits up to 65535; moves at past them.
bool take_number(const char*& at, uint16_t& value) {
    if (*at != ',') return false;
    const char* const digits = ++at;
    uint32_t read = 0;
    for (; *at >= '0' && *at <= '9' && at - digits < 5; ++at) read = read * 10 + (*at - '0');
    if (at == digits || (*at != ',' && *at != '\0') || read > UINT16_MAX) return false;
    value = read;
    return true;
}

bool take_value(const Command& command, const char* at, uint16_t& value) {
    if (command.takes_value && !take_number(at, value)) return false;
    return *at == '\0' && command.lowest <= value && value <= command.highest;
}

}  // namespace

namespace commands {

bool run(const char* body) {
    const char* at = strchr(body, ',');
    uint16_t number;
    if (at == nullptr) return false;
    const uint8_t name_length = at - body;
    if (!take_number(at, number)) return false;
    const Command* const command = find(body, name_length);
    // A heartbeat has no answer and is taken always; the others are not done where they cannot be answered.
    const bool silent = command != nullptr && command->run == heartbeat;
    if (!silent && serial::room() < serial::kAnswerNeeds) return false;
    uint16_t value = 0;
    if (command == nullptr) {
        refuse(number, kUnknown);
    } else if (!take_value(*command, at, value)) {
        refuse(number, kOutOfRange);
    } else {
        command->run(number, value);
    }
    return true;
}

uint16_t vibration_threshold_mg() { return threshold_mg; }

}  // namespace commands
