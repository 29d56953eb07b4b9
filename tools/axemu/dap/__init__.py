"""A server of the Debug Adapter Protocol (https://microsoft.github.io/debug-adapter-protocol, 1.71).

command.py        `axemu dap`
server.py         standard input and output, or a socket: one client at a time
  greeting.py       initialize
    capabilities.py   what is offered
  inbox.py          requests that wait for their turn
  framing.py        bytes to messages and back
  outgoing.py       messages that wait for the client to read
session.py        one client: its states, the states
  requests.py       the table, and the states that each has a place in
  starting.py       launch, attach, restart, terminate, disconnect
    configuration.py  what launch asks for
  running.py        continue, next, stepIn, stepOut, pause
  stops.py          a stop in the protocol's words
  breakpoints.py    set*Breakpoints, dataBreakpointInfo, breakpointLocations
    book.py           the client's points, and the debugger's for them
    hits.py           hit conditions and log messages
  stacks.py         threads, stackTrace, scopes, exceptionInfo
  variables.py      variables, setVariable
    tree.py           what can be opened: frames, structures, registers, exits, devices
  evaluation.py     evaluate, setExpression, completions
    console.py        the words of the debug console
  code.py           disassemble
  memory.py         readMemory, writeMemory
  sources.py        paths of source files, modules, loadedSources, source
    places.py         of the client and of the compiler
  pump.py           the guest's console and exits as output events
    window.py         the console in a terminal of the client; relay.py is the other end
fields.py         arguments with checked types
"""
