"""What a run's VM exits, traps and interrupts came to: counted while it runs, in memory that does not grow with it."""
