"""Built tests are recognised by their names."""

from __future__ import annotations

from pathlib import Path

from conformance.cases import find_cases


def test_built_tests_of_the_base_groups_are_found_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        *("rv64ui-p-add", "rv64ui-v-add", "rv32mi-p-csr", "rv64si-p-wfi", "rv64ud-v-fmin"),
        *("rv64ui-p-add.dump", "rv64uzfh-p-fadd", "Makefile", "rv64ui-add", "rv128ui-p-add"),
    ):
        (tmp_path / name).touch()
    (tmp_path / "rv64ui-p-folder").mkdir()
    cases = find_cases(tmp_path)
    assert [case.name for case in cases] == [
        "rv32mi-p-csr",
        "rv64si-p-wfi",
        "rv64ud-v-fmin",
        "rv64ui-p-add",
        "rv64ui-v-add",
    ]
    first = cases[0]
    assert (first.isa, first.group, first.environment, first.test) == ("riscv32", "rv32mi", "p", "csr")
    assert first.row == "rv32mi-p"
