"""Guests to try: each made or fetched, and run by one command."""
