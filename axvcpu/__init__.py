"""The vCPU core: states, exits, errors, and the contract of an architecture. No engine, no device, no I/O.

`axvcpu.dispatch` (numpy) and `axvcpu.hot` (numba) are imported by name where they are needed.
"""
