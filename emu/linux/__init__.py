"""What a Linux kernel in the guest says of itself."""
