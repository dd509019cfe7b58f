"""Driver of the interlock board, the microcontroller that holds the gate."""
