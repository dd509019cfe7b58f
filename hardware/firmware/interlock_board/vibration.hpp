// Vibration from accelerations: RMS over whole windows of 100 ms, and its health. Pure.
#pragma once

#include <stdint.h>

namespace vibration {

constexpr uint8_t kWindowMs = 100;
constexpr uint8_t kFewestSamples = 80;  // of the 100 that a window brings: with fewer nothing is known
constexpr uint8_t kWindowsInARow = 3;
constexpr uint16_t kDefaultThresholdMg = 800;

// The largest whole number whose square is not over value.
inline uint16_t square_root(uint32_t value) {
    uint16_t root = 0;
    for (uint16_t bit = 0x8000; bit != 0; bit >>= 1) {
        const uint32_t tried = root | bit;
        if (tried * tried <= value) root |= bit;
    }
    return root;
}

// Accelerations of one window, in 1/256 g and within +-16 g, so that 255 squares fit into 32 bits.
class Window {
  public:
    void add(const int16_t (&axes)[3]) {
        if (samples_ == UINT8_MAX) return;
        ++samples_;
        for (uint8_t i = 0; i < 3; ++i) {
            sum_[i] += axes[i];
            squares_[i] += static_cast<uint32_t>(static_cast<int32_t>(axes[i]) * axes[i]);
        }
    }

    // RMS around the window's own mean, which holds gravity and all that drifts slowly, in mg; starts anew.
    uint16_t close_mg() {
        uint64_t deviation = 0;
        for (uint8_t i = 0; i < 3; ++i) {
            const int64_t sum = sum_[i];
            if (samples_ < kFewestSamples) continue;
            deviation += squares_[i] - static_cast<uint64_t>(sum * sum / samples_);
        }
        // (1000 mg / 256)^2 = 15625 / 1024.
        const uint32_t mean_mg2 = samples_ == 0 ? 0 : deviation * 15625 / 1024 / samples_;
        *this = Window();
        return square_root(mean_mg2);
    }

  private:
    int32_t sum_[3] = {0, 0, 0};
    uint32_t squares_[3] = {0, 0, 0};
    uint8_t samples_ = 0;
};

// Healthy after three windows in a row over the threshold, unhealthy after three that are not.
class Health {
  public:
    bool healthy() const { return healthy_; }

    void judge(uint16_t rms_mg, uint16_t threshold_mg) {
        const bool over = rms_mg > threshold_mg;
        against_ = over == healthy_ ? 0 : against_ + 1;
        if (against_ == kWindowsInARow) {
            healthy_ = over;
            against_ = 0;
        }
    }

  private:
    bool healthy_ = false;
    uint8_t against_ = 0;
};

}  // namespace vibration
