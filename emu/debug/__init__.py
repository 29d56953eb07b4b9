"""What debuggers ask of a guest, over small protocols: none of this knows a machine."""
