"""Who called whom: a calling-context tree of what a guest executes, kept by native code."""
