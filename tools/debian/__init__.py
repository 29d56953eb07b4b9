"""Real guests from Debian's archive: what they are, where they come from, and a cache of their checked files.

A maintainer's and the test suite's tool, not installed: `python tools/debian fetch opensbi u-boot`.
"""
