"""Firmware that is built in: the guest starts in supervisor mode, and its calls to firmware are VM exits."""
