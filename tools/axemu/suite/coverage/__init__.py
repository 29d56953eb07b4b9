"""What the cases of a suite execute: measured in their workers, added up, and remembered for --select-changed."""
