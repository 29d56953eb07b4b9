"""Compiled code of traces."""
