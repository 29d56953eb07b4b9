"""`python -m axemu`."""

from axemu.cli import main

if __name__ == "__main__":
    main()
