"""Which cases a change of a program concerns: those that executed a function that is another one now."""
