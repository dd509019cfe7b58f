-- 1. Find Patient by Code
SELECT * FROM patients
WHERE patient_code = 'P-2025-0001';

-- 2. Get All Sessions for Patient
SELECT
    s.session_id,
    s.start_time,
    s.end_time,
    s.status,
    s.protocol_name,
    s.total_energy_joules,
    t.full_name as technician
FROM sessions s
JOIN tech_users t ON s.tech_id = t.tech_id
WHERE s.patient_id = ?
ORDER BY s.start_time DESC;

-- 3. Get Treatment Events for Session
SELECT
    timestamp,
    event_type,
    laser_power_commanded_watts,
    laser_power_actual_watts,
    ring_size_mm,
    photodiode_voltage_v
FROM treatment_events
WHERE session_id = ?
ORDER BY time_offset_ms;

-- 4. Get Active Calibration for Device
SELECT calibration_data
FROM calibrations
WHERE device_type = 'photodiode'
  AND is_active = 1
ORDER BY calibration_date DESC
LIMIT 1;

-- 5. Safety Events in Last 24 Hours
SELECT
    timestamp,
    event_type,
    severity,
    description,
    session_id
FROM safety_log
WHERE timestamp >= datetime('now', '-1 day')
ORDER BY timestamp DESC;

-- 6. Protocol Usage Statistics
SELECT
    protocol_name,
    usage_count,
    last_used_date,
    (SELECT COUNT(*) FROM sessions WHERE protocol_id = p.protocol_id) as actual_usage
FROM protocols p
WHERE is_active = 1
ORDER BY usage_count DESC;
