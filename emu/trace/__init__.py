"""Recording what a guest does, natively, as rows that are the same for every instruction set."""
