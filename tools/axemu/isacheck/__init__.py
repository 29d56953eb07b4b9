"""The conformance kit of instruction sets: what a descriptor promises, tried on its engine."""
