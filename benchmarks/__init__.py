"""Benchmarks, and campaigns that run as commands: `python -m benchmarks.<name>` from the repository."""
