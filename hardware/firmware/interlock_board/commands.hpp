// The host's commands: what stands in a sound line, done, and answered.
#pragma once

#include <stdint.h>

namespace commands {

// Does what the body of a line asks for. False when the line is of no use and is to be dropped.
bool run(const char* body);

uint16_t vibration_threshold_mg();

}  // namespace commands
