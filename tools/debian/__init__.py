"""Real guests from Debian's archive, for a maintainer and the test suite: `python tools/debian fetch opensbi u-boot`.

The command from a source tree; what it does is `axemu.debian`, which `axemu examples` uses too.
"""
