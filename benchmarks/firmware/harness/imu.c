// An MPU6050 or an ADXL345 as a slave on simavr's I2C: registers by their data sheets (RM-MPU-6000A-00 rev 4.2,
// ADXL345 rev E), asleep after power-up, with the accelerations of a vibrating, slowly tilting plate.
#include "imu.h"

#include <math.h>
#include <simavr/avr_twi.h>
#include <string.h>

#define VIBRATION_HZ 87.0
#define DRIFT_HZ 0.3
#define GRAVITY_MG 1000.0

static const int ADDRESS[] = {[IMU_MPU6050] = 0x68, [IMU_ADXL345] = 0x53};

static void put_counts(struct imu *imu, int at, double mg, double counts_per_g, int high_byte_first) {
    double counts = round(mg / 1000.0 * counts_per_g);
    double limit = high_byte_first ? 32767.0 : 4095.0;
    int16_t value = (int16_t)fmax(-limit - 1.0, fmin(limit, counts));
    imu->registers[at + !high_byte_first] = (uint16_t)value >> 8;
    imu->registers[at + high_byte_first] = (uint16_t)value & 0xFF;
}

// The sample of this instant, where the chip measures at all.
static void latch(struct imu *imu) {
    double now_s = (double)imu->avr->cycle / imu->avr->frequency;
    double axes_mg[] = {
        imu->drift_mg * sin(2.0 * M_PI * DRIFT_HZ * now_s),
        0.0,
        GRAVITY_MG + imu->vibration_mg * M_SQRT2 * sin(2.0 * M_PI * VIBRATION_HZ * now_s),
    };
    uint8_t *reg = imu->registers;
    int mpu = imu->model == IMU_MPU6050;
    int awake = mpu ? !(reg[0x6B] & 0x40) : reg[0x2D] & 0x08;
    double counts_per_g = mpu ? 16384 >> ((reg[0x1C] >> 3) & 3) : reg[0x31] & 0x08 ? 256 : 256 >> (reg[0x31] & 3);
    for (int i = 0; i < 3; i++)
        put_counts(imu, (mpu ? 0x3B : 0x32) + 2 * i, awake ? axes_mg[i] : 0.0, counts_per_g, mpu);
}

static void answer(struct imu *imu, uint8_t condition, uint8_t data) {
    avr_raise_irq(imu->irq + TWI_IRQ_INPUT, avr_twi_irq_msg(condition, imu->selected, data));
}

static void on_bus(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct imu *imu = param;
    avr_twi_msg_irq_t message = {.u.v = value};
    uint8_t condition = message.u.twi.msg;
    if (condition & TWI_COND_STOP) imu->selected = 0;
    if (condition & TWI_COND_START) {
        int address = message.u.twi.addr;
        imu->selected = imu->model != IMU_NONE && address >> 1 == ADDRESS[imu->model] ? address : 0;
        imu->pointed = imu->pointed && (address & 1);
        if (!imu->selected) return;
        if (address & 1) latch(imu);
        answer(imu, TWI_COND_ACK, 1);
        return;
    }
    if (!imu->selected) return;
    if (condition & TWI_COND_WRITE) {
        answer(imu, TWI_COND_ACK, 1);
        if (!imu->pointed) {
            imu->pointer = message.u.twi.data;
            imu->pointed = 1;
        } else {
            imu->registers[imu->pointer++] = message.u.twi.data;
        }
    } else if (condition & TWI_COND_READ) {
        answer(imu, TWI_COND_READ, imu->registers[imu->pointer++]);
    }
}

void imu_plug(struct imu *imu, enum imu_model model) {
    imu->model = model;
    imu->selected = imu->pointed = 0;
    memset(imu->registers, 0, sizeof imu->registers);
    imu->registers[0x6B] = model == IMU_MPU6050 ? 0x40 : 0;
    imu->registers[0x75] = model == IMU_MPU6050 ? 0x68 : 0;
    imu->registers[0x00] = model == IMU_ADXL345 ? 0xE5 : 0;
}

void imu_attach(struct imu *imu, avr_t *avr) {
    static const char *names[] = {[TWI_IRQ_INPUT] = "8>imu.out", [TWI_IRQ_OUTPUT] = "32<imu.in"};
    imu->avr = avr;
    imu->irq = avr_alloc_irq(&avr->irq_pool, 0, 2, names);
    avr_irq_register_notify(imu->irq + TWI_IRQ_OUTPUT, on_bus, imu);
    avr_connect_irq(imu->irq + TWI_IRQ_INPUT, avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_INPUT));
    avr_connect_irq(avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_OUTPUT), imu->irq + TWI_IRQ_OUTPUT);
}
