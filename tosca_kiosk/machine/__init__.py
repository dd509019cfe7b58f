"""The machine under the cart's software: clocks, priorities, shared memory, signals, service manager."""
