// USART0 with a ring each way. Indices run over and are masked, so one slot of each ring stays empty.
#include "serial.hpp"

#include <avr/interrupt.h>
#include <avr/io.h>

namespace {

constexpr uint8_t kReceiveMask = 127;  // 11 ms of the line
constexpr uint8_t kSendMask = 255;     // 22 ms
// 16 MHz / 8 / 17 = 117 647 baud, 2.1 % over 115 200, as on every board with this crystal.
constexpr uint16_t kDivisor = 16;

volatile uint8_t received[kReceiveMask + 1];
volatile uint8_t received_head = 0;
volatile uint8_t received_tail = 0;
volatile uint8_t sending[kSendMask + 1];
volatile uint8_t sending_head = 0;
volatile uint8_t sending_tail = 0;

}  // namespace

// A byte that was damaged or finds no room is left out: the line's CRC tells.
ISR(USART_RX_vect) {
    const bool damaged = UCSR0A & _BV(FE0);
    const uint8_t byte = UDR0;
    const uint8_t next = (received_head + 1) & kReceiveMask;
    if (damaged || next == received_tail) return;
    received[received_head] = byte;
    received_head = next;
}

ISR(USART_UDRE_vect) {
    if (sending_tail == sending_head) {
        UCSR0B &= ~_BV(UDRIE0);
        return;
    }
    UDR0 = sending[sending_tail];
    sending_tail = (sending_tail + 1) & kSendMask;
}

namespace serial {

void begin() {
    UCSR0A = _BV(U2X0);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UBRR0 = kDivisor;
    UCSR0B = _BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0);
}

int16_t receive() {
    if (received_tail == received_head) return -1;
    const uint8_t byte = received[received_tail];
    received_tail = (received_tail + 1) & kReceiveMask;
    return byte;
}

uint8_t room() { return (sending_tail - sending_head - 1) & kSendMask; }

bool send(const char* bytes, uint8_t length) {
    if (room() < length) return false;
    for (uint8_t i = 0; i < length; ++i) sending[(sending_head + i) & kSendMask] = bytes[i];
    sending_head = (sending_head + length) & kSendMask;
    UCSR0B |= _BV(UDRIE0);
    return true;
}

}  // namespace serial
