"""`python -m axemu`."""

from axemu.entry import main

if __name__ == "__main__":
    main()
