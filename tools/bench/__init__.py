"""The numbers that axemu promises, measured in one run beside plain Unicorn and QEMU: `python tools/bench`.

A maintainer's tool, not installed. docs/performance.md says what each number means.
"""
