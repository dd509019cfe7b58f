// The serial line to the host, 115200 baud, by interrupts and two rings: nothing here ever waits.
#pragma once

#include <stdint.h>

namespace serial {

// How the way to the host is shared: the periodic status comes first, then answers, then statuses for an edge.
constexpr uint8_t kStatusBytes = 48;  // room for the longest
constexpr uint8_t kAnswerBytes = 48;
constexpr uint8_t kAnswerNeeds = kAnswerBytes + kStatusBytes;
constexpr uint8_t kEdgeNeeds = kStatusBytes + kAnswerNeeds;

void begin();

// The next received byte, or -1 when there is none.
int16_t receive();

// How many bytes send() would take now.
uint8_t room();

// Hands a whole line over; takes none of it, and returns false, where it has no room.
bool send(const char* bytes, uint8_t length);

}  // namespace serial
