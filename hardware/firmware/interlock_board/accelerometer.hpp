// The accelerometer on the I2C bus: an MPU6050 or an ADXL345, found by itself, read by interrupts.
#pragma once

#include <stdint.h>

namespace accelerometer {

void begin();

// Once a millisecond, from the main loop: takes the newest sample and starts the next transfer.
// True when a sample came, in 1/256 g.
bool poll(int16_t (&axes)[3]);

// Sets the chip up again between samples: one that lost its power for a moment wakes up with its defaults.
void refresh();

// It answered within the last 20 ms.
bool present();

}  // namespace accelerometer
