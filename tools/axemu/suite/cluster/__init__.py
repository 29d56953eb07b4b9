"""Suites on several machines, by Dask. Nothing outside this folder knows of it, but `command.engine_for`.

    engine.py     the runner's Engine: which case goes to which worker, what is lost, what is reported
    ledger.py     its books: every case once, whatever happens to workers
    link.py       the connection: tasks and files out, replies in, who is there
    shipping.py   files by content hash: what a case needs, and sending what a machine lacks
    store.py      the folder of such files on a worker's machine
    remote.py     what runs inside a Dask worker

`distributed` is imported by link.py and remote.py only, inside functions.
"""
