"""Benchmarks and campaigns: see README.md beside this file."""
