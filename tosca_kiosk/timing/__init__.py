"""The timing report: how late the control loop wakes up and what its tick costs, beside a witness."""
