"""`axemu cov`: which source lines and functions of a guest ran, and how often."""
