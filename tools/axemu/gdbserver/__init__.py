"""A server of GDB's remote serial protocol (GDB manual, appendix "Remote Serial Protocol").

server.py         one client at a time, the guest's runs, and what the terminal is told
  connection.py     sockets
  lookout.py        who looks at them while the guest runs
  conversation.py   one client: the table of its commands
    agreement.py      what is agreed, descriptions
    threads.py        H, T, q*ThreadInfo
    contents.py       registers and memory: g, p, m, x ...
    execution.py      points, running, ending: Z, c, s, vCont, k ...
    lldb.py           what only LLDB asks
    packets.py        bytes to packets and back
    parsing.py        arguments of packets
    replies.py        a stop in the protocol's words
    monitor.py        the words behind gdb's `monitor`
    target.py         the machine as gdb sees it
      layout.py         registers: numbers, bytes, target.xml
      memory_map.py     memory-map.xml
      windows.py        SPARC's registers that its stack does not have yet
      regions.py        what lies around an address
session.py        the attended run around a server
command.py        `axemu gdb`
"""
