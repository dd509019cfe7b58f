"""The exhaustive search: every start of the safety core, every bad reading, every command."""
