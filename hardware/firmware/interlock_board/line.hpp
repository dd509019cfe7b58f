// Lines on the wire: "$" body "*" CRC LF. Reader and writer, both without a register of the chip.
#pragma once

#include <stdint.h>

namespace line {

constexpr uint8_t kLongest = 80;  // from "$" to the last digit of the CRC
constexpr uint8_t kTail = 5;      // "*" and four digits

// CRC-16/CCITT-FALSE.
inline uint16_t crc16(const char* text, uint8_t length) {
    uint16_t crc = 0xFFFF;
    for (uint8_t i = 0; i < length; ++i) {
        crc ^= static_cast<uint16_t>(static_cast<uint8_t>(text[i])) << 8;
        for (uint8_t bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    }
    return crc;
}

constexpr char hex_digit(uint8_t nibble) { return nibble < 10 ? '0' + nibble : 'A' + nibble - 10; }

// Puts received characters together; a "$" begins a line wherever it comes.
class Reader {
  public:
    // Takes one character; true when it ended a sound line, whose body then stands in body().
    bool take(char c) {
        if (c == '$') {
            if (state_ != State::kBetween) drop();
            state_ = State::kInside;
            length_ = 0;
            return false;
        }
        if (c == '\n') return end();
        if (state_ == State::kBetween) state_ = State::kSpoilt;
        if (state_ != State::kInside) return false;
        if (length_ == kLongest - 1) {
            state_ = State::kSpoilt;
            return false;
        }
        text_[length_++] = c;
        return false;
    }

    const char* body() const { return text_; }
    void drop() { ++dropped_; }

  private:
    enum class State : uint8_t { kBetween, kInside, kSpoilt };

    bool end() {
        const bool sound = state_ == State::kInside && crc_agrees();
        if (state_ != State::kBetween && !sound) drop();
        state_ = State::kBetween;
        if (sound) close_body();
        return sound;
    }

    // A NUL that was sent must not end the body before its end; no command or number has what takes its place.
    void close_body() {
        for (uint8_t i = 0; i < length_; ++i) {
            if (text_[i] == '\0') text_[i] = '?';
        }
        text_[length_ - kTail] = '\0';
    }

    bool crc_agrees() const {
        if (length_ < kTail || text_[length_ - kTail] != '*') return false;
        uint16_t crc = crc16(text_, length_ - kTail);
        for (uint8_t i = length_; i > length_ - 4; --i) {
            if (text_[i - 1] != hex_digit(crc & 0xF)) return false;
            crc >>= 4;
        }
        return true;
    }

    char text_[kLongest];
    uint8_t length_ = 0;
    uint16_t dropped_ = 0;  // for a debugger: the protocol has no line that tells it
    State state_ = State::kBetween;
};

// Builds one line. Every line this board sends has a known longest form, well under kLongest.
class Writer {
  public:
    Writer& text(const char* added) {
        for (; *added != '\0'; ++added) put(*added);
        return *this;
    }

    Writer& number(uint32_t value) {
        char digits[11];
        uint8_t length = 0;
        do {
            digits[length++] = '0' + value % 10;
            value /= 10;
        } while (value != 0);
        put(',');
        while (length != 0) put(digits[--length]);
        return *this;
    }

    Writer& hex(uint16_t value) {
        put(',');
        bool begun = false;
        for (int8_t shift = 12; shift >= 0; shift -= 4) {
            const uint8_t nibble = (value >> shift) & 0xF;
            begun = begun || nibble != 0 || shift == 0;
            if (begun) put(hex_digit(nibble));
        }
        return *this;
    }

    // Adds CRC and line end; the line then is text_ and its length.
    void finish() {
        uint16_t crc = crc16(text_ + 1, length_ - 1);
        put('*');
        for (uint8_t i = 0; i < 4; ++i, crc <<= 4) put(hex_digit(crc >> 12));
        put('\n');
    }

    const char* begin() const { return text_; }
    uint8_t length() const { return length_; }

  private:
    void put(char c) {
        if (length_ < sizeof text_) text_[length_++] = c;
    }

    char text_[kLongest + 1] = {'$'};
    uint8_t length_ = 1;
};

}  // namespace line
