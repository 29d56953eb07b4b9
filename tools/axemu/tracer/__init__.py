"""The full-screen tracer: a guest, frozen or running, and everything that is known of it."""
