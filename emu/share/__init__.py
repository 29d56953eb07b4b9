"""A host directory as a guest sees it: the file protocol 9P2000.L, answered message by message.

No transport is here: `Server.reply` takes a message and returns one. Source of the protocol: Plan 9's manual,
section 5 (intro, walk, read, clunk, ...), and its extension for Linux as the kernel's own client speaks it
(include/net/9p/9p.h, net/9p/client.c).
"""
