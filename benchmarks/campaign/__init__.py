"""The fault campaign: random treatments under random faults, judged by the world's own truth alone."""
