"""Real guests from Debian's archive: what they are, where they come from, and a cache of their checked files."""
