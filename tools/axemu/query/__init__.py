"""`axemu trace query`: questions about a recorded trace."""
