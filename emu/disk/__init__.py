"""Disks: what a block device reads and writes on the host."""
