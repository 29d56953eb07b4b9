"""The processor: Unicorn engines, the native run loop, and the vCPU contexts that run in them."""
