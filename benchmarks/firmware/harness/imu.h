// Accelerometers on the chip's I2C bus.
#pragma once

#include <simavr/sim_avr.h>

enum imu_model { IMU_NONE, IMU_MPU6050, IMU_ADXL345 };

struct imu {
    enum imu_model model;
    double vibration_mg;  // RMS, on the vertical axis
    double drift_mg;      // slow, on a level axis: what a cart does that is pushed
    uint8_t registers[256];
    uint8_t pointer;
    int selected, pointed;
    avr_t *avr;
    avr_irq_t *irq;
};

void imu_attach(struct imu *imu, avr_t *avr);

// Another chip on the bus, as after power-up; IMU_NONE: nobody answers.
void imu_plug(struct imu *imu, enum imu_model model);
