"""`python tools/debian ...`: finds the packages of this tree, then runs the command."""

import sys
from importlib import import_module
from pathlib import Path

tools = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(tools), str(tools.parent)]
sys.exit(import_module("axemu.debian.command").main())
