"""Guest regression suites: `axemu suite`, and the pytest plug-in over the same library.

manifest.py   suite.toml and guest.toml -> cases            case.py       what a case is
selection.py  -k -t --shard --only-failed --order           history.py    what earlier runs came to
runner.py     the pool of warm worker processes             execution.py  one case in this process
protocols.py  how a guest says its verdict                  result.py     what a case came to
reports/      for people and for other programs
"""
