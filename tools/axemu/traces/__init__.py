"""`axemu trace --plain`: what a guest does, into a file."""
