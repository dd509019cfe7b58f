// One transfer at a time: the interrupt carries it from START to STOP, the main loop starts it and gives it
// up after kTransferMs. A chip that stops answering is lost after kLostMs, then looked for again and set up anew.
#include "accelerometer.hpp"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/delay.h>
#include <util/twi.h>

namespace {

constexpr uint8_t kSampleBytes = 6;
constexpr uint8_t kTransferMs = 3;
constexpr uint8_t kLostMs = 20;
constexpr uint8_t kSearchMs = 50;
constexpr uint8_t kBitRate = 12;  // 16 MHz / (16 + 2 * 12) = 400 kHz

struct Setting {
    uint8_t reg;
    uint8_t value;
};

struct Model {
    uint8_t address;
    uint8_t data_register;
    bool high_byte_first;
    uint8_t shift;  // from its counts to 1/256 g
    Setting settings[3];
};

constexpr Model kModels[] = {
    // MPU6050: awake on the gyroscope's clock; 184 Hz of bandwidth, 1 kHz; +-16 g, 2048 counts a g.
    {0x68, 0x3B, true, 3, {{0x6B, 0x01}, {0x1A, 0x01}, {0x1C, 0x18}}},
    // ADXL345: 800 Hz; full resolution +-16 g, 256 counts a g; measuring.
    {0x53, 0x32, false, 0, {{0x2C, 0x0D}, {0x31, 0x0B}, {0x2D, 0x08}}},
};
constexpr uint8_t kModelCount = sizeof kModels / sizeof kModels[0];
constexpr uint8_t kSettingCount = 3;

enum class Transfer : uint8_t { kNone, kRunning, kDone, kFailed };

volatile Transfer transfer = Transfer::kNone;
uint8_t written = 0;
uint8_t transferred = 0;
uint8_t sample[kSampleBytes];
uint8_t transfer_address;
Setting transfer_setting;
bool transfer_reads;

uint8_t model = 0;
uint8_t settings_done = 0;
uint8_t running_ms = 0;
uint8_t silent_ms = kLostMs;
uint8_t pause_ms = 0;

constexpr uint8_t kGo = _BV(TWINT) | _BV(TWEN) | _BV(TWIE);

// What main loop and interrupt share is written before this, or read after it.
inline void fence() { __asm__ volatile("" ::: "memory"); }

void start(bool reads, Setting setting) {
    transfer_address = kModels[model].address << 1;
    transfer_setting = setting;
    transfer_reads = reads;
    written = 0;
    transferred = 0;
    running_ms = 0;
    transfer = Transfer::kRunning;
    fence();
    TWCR = kGo | _BV(TWSTA);
}

void stop(Transfer result) {
    TWCR = _BV(TWINT) | _BV(TWEN) | _BV(TWSTO);
    fence();
    transfer = result;
}

void carry_on_writing() {
    const uint8_t position = written++;
    if (position == 0) {
        TWDR = transfer_setting.reg;
        TWCR = kGo;
    } else if (transfer_reads) {
        TWCR = kGo | _BV(TWSTA);
    } else if (position == 1) {
        TWDR = transfer_setting.value;
        TWCR = kGo;
    } else {
        stop(Transfer::kDone);
    }
}

// A chip that was interrupted in the middle of a byte holds SDA low: clock it out of there. 90 us at most.
void free_bus() {
    TWCR = 0;
    PORTC &= ~_BV(PORTC5);
    for (uint8_t i = 0; i < 9; ++i) {
        DDRC |= _BV(DDC5);
        _delay_us(5);
        DDRC &= ~_BV(DDC5);
        _delay_us(5);
    }
    PORTC |= _BV(PORTC5);
}

int16_t axis(uint8_t i) {
    const uint8_t first = sample[2 * i];
    const uint8_t second = sample[2 * i + 1];
    const Model& m = kModels[model];
    const int16_t counts = m.high_byte_first ? (first << 8) | second : (second << 8) | first;
    return counts / (1 << m.shift);
}

void look_again() {
    model = (model + 1) % kModelCount;
    settings_done = 0;
    pause_ms = kSearchMs;
}

}  // namespace

ISR(TWI_vect) {
    switch (TW_STATUS) {
        case TW_START:
            TWDR = transfer_address | TW_WRITE;
            TWCR = kGo;
            break;
        case TW_REP_START:
            TWDR = transfer_address | TW_READ;
            TWCR = kGo;
            break;
        // Told apart by count: after the address comes the register, then its value or the turn to reading.
        case TW_MT_SLA_ACK:
        case TW_MT_DATA_ACK:
            carry_on_writing();
            break;
        case TW_MR_SLA_ACK:
            TWCR = kGo | _BV(TWEA);
            break;
        case TW_MR_DATA_ACK:
            sample[transferred++] = TWDR;
            TWCR = transferred < kSampleBytes - 1 ? kGo | _BV(TWEA) : kGo;
            break;
        case TW_MR_DATA_NACK:
            sample[transferred] = TWDR;
            stop(Transfer::kDone);
            break;
        default:
            stop(Transfer::kFailed);
    }
}

namespace accelerometer {

void begin() {
    PORTC |= _BV(PORTC4) | _BV(PORTC5);  // the weak pull-ups help those of the module
    TWSR = 0;
    TWBR = kBitRate;
    TWCR = _BV(TWEN);
}

bool present() { return silent_ms < kLostMs; }

void refresh() { settings_done = 0; }

bool poll(int16_t (&axes)[3]) {
    if (silent_ms < kLostMs) ++silent_ms;
    if (transfer == Transfer::kRunning) {
        if (++running_ms < kTransferMs) return false;
        free_bus();
        transfer = Transfer::kFailed;
    }
    fence();
    const bool sampled = transfer == Transfer::kDone && transfer_reads;
    if (sampled) {
        silent_ms = 0;
        for (uint8_t i = 0; i < 3; ++i) axes[i] = axis(i);
    } else if (transfer == Transfer::kDone) {
        ++settings_done;
    } else if (transfer == Transfer::kFailed && !present()) {
        look_again();
    }
    transfer = Transfer::kNone;
    if (pause_ms != 0) {
        --pause_ms;
    } else if (settings_done < kSettingCount) {
        start(false, kModels[model].settings[settings_done]);
    } else {
        start(true, {kModels[model].data_register, 0});
    }
    return sampled;
}

}  // namespace accelerometer
