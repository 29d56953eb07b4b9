"""Compile callbacks to an object file: ``python -m isa.compiler MODULE...`` writes it to standard output.

This is a process of its own. Nothing here calls what numba compiles, so numba need not make it callable: no wrappers for
Python, no code in memory, no optimisation before everything is together. That is half of its time. And the process that
asked has neither numba in it nor the memory that numba needs.

It ends with 3 where the callbacks need Python's or numba's runtime, and writes the names of what they need.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re
import sys
from types import ModuleType
from typing import Any, Final

import llvmlite.binding as llvm
import unicorn.unicorn_py3.unicorn as binding
from numba.core import ccallback, cpu, types
from numba.core.compiler_lock import global_compiler_lock

from isa.objects import NOT_SELF_CONTAINED, target_machine

ABSENT: Final = re.compile(r"^(numba_|NRT_|Py|_Py)")
"""Symbols that no callback may need: they report a Python error, which a callback cannot raise."""
ALLOWED: Final = frozenset(
    {"PyLong_AsSsize_t", "PyLong_FromSsize_t", "PyEval_SaveThread", "PyEval_RestoreThread"}
)
"""What a function that Python calls needs of it."""
NOWHERE: Final = 1
"""The address of a function that is not called."""


def code_only() -> None:
    """Have numba make code for the linker, and nothing to call it with."""

    def flags_of_function(self: Any, flags: Any) -> Any:
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        return flags

    def placeholder(self: Any, library: Any, description: Any, environment: Any) -> Any:
        """A function for numba's tables: each must be another."""
        module = description.lookup_module()
        return cpu._dynfunc.make_function(module, description.qualname, "", NOWHERE, environment, (library,))

    @global_compiler_lock
    def compile_callback(self: Any) -> None:
        compiled = self._compile_uncached()
        self._library, self._wrapper_name = compiled.library, compiled.fndesc.llvm_cfunc_wrapper_name
        self._wrapper_address = NOWHERE

    def finish(self: Any) -> None:
        self._finalized = True

    def leave(self: Any) -> None:
        """What is linked into others is optimised there."""

    def name_once(self: Any) -> Any:
        """Of a record: all its fields, and asked for at every use."""
        if id(self) not in record_names:
            record_names[id(self)] = (self, name_of_record(self))
        return record_names[id(self)][1]

    record_names: dict[int, Any] = {}
    name_of_record = types.Record.__repr__
    for owner, name, function in (
        ("types.Record", "__repr__", name_once),
        ("dispatcher._FunctionCompiler", "_customize_flags", flags_of_function),
        ("cpu.CPUContext", "get_executable", placeholder),
        ("ccallback.CFunc", "compile", compile_callback),
        ("codegen.CPUCodeLibrary", "_finalize_final_module", finish),
        ("codegen.CPUCodeLibrary", "_optimize_final_module", leave),
    ):
        found = pkgutil.resolve_name(f"numba.core.{owner}")
        assert hasattr(found, name)
        setattr(found, name, function)


@global_compiler_lock
def linked(modules: list[ModuleType]) -> tuple[Any, list[str]]:
    """All callbacks of some modules as one LLVM module, and their names."""
    whole: Any = llvm.parse_assembly("")
    names = []
    for module in modules:
        for name, callback in vars(module).items():
            if not isinstance(callback, ccallback.CFunc):
                continue
            compiled: Any = callback
            text = str(compiled._library._get_module_for_linking()).replace("noinline", "nounwind")
            part = llvm.parse_assembly(text)
            for function in part.functions:
                if not function.is_declaration and function.name != compiled._wrapper_name:
                    function.linkage = "linkonce_odr"
            wrapper = part.get_function(compiled._wrapper_name)
            wrapper.linkage = "external"
            wrapper.name = name
            names.append(name)
            if len(names) == 1:
                whole = part
            else:
                whole.link_in(part)
    for function in whole.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"
    return whole, names


def optimise(whole: Any, machine: Any) -> None:
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, tuning)
    for _ in range(2):  # what the first has inlined, the second can take apart
        builder.getModulePassManager().run(whole, builder)


def beyond_reach(whole: Any) -> list[str]:
    """Names that the code needs and no callback can have."""
    missing = [function.name for function in whole.functions if function.is_declaration]
    return sorted(
        name
        for name in missing
        if not name.startswith("llvm.")
        and ((ABSENT.match(name) and name not in ALLOWED) or not llvm.address_of_symbol(name))
    )


def main(names: list[str]) -> int:
    gc.disable()  # a compiler makes much that stays
    llvm.load_library_permanently(binding.uclib._name)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    code_only()
    whole, callbacks = linked([importlib.import_module(name) for name in names])
    machine = target_machine()
    optimise(whole, machine)
    wrong = beyond_reach(whole)
    if wrong:
        sys.stdout.write(" ".join(wrong))
        return NOT_SELF_CONTAINED
    sys.stdout.buffer.write(",".join(callbacks).encode() + b"\n" + bytes(machine.emit_object(whole)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
