"""Questions about a recorded run: in words, and in SQL over the same file."""

from emu.trace.query.answer import Answer
from emu.trace.query.errors import BadQuestion, BadSql, NotRecorded, QueryError
from emu.trace.query.trace import Trace

__all__ = ["Answer", "BadQuestion", "BadSql", "NotRecorded", "QueryError", "Trace"]
