"""What is measured: pytest-benchmark suites, and scenarios that run as commands."""
