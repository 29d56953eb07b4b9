"""`axemu stat`: what made a guest leave, how often, how long it took."""
