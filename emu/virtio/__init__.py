"""Virtio devices: one file each, found by the name that QEMU's -device has for them. Loading one imports no other.

Manual: Virtual I/O Device (VIRTIO) 1.2, OASIS Committee Specification 01. Comments name its sections.
"""
