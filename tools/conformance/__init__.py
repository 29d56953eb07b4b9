"""Conformance suites on axemu and, beside it, on QEMU: a table of results, and for every failure its reason.

A maintainer's tool, not installed: `python tools/conformance riscv-tests DIR`, `... gdb`; the results are in
docs/conformance.md.
"""
