"""What a program under test may use, before it is killed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from harness.errors import InputError

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits on the program and, apart from it, on its tests.

    Attributes:
        wall_seconds: from the start of the sandbox to the last test.
        cpu_seconds: processor time; whole seconds.
        memory_bytes: address space of each of the two processes.
        processes: processes and threads at once; 1 refuses every other. More than 1 may be
            refused earlier where the kernel counts all sandboxes together (Linux before 5.14).
        open_files: file descriptors.
        folder_bytes: what `/tmp` of the sandbox holds, the only place that can be written to.
        output_bytes: what may be printed.
        value_bytes: size of one value that goes to or comes from the tests, as JSON.

    Raises:
        InputError: a limit is not above zero.
    """

    wall_seconds: float = 10.0
    cpu_seconds: int = 5
    memory_bytes: int = 512 * _MIB
    processes: int = 1
    open_files: int = 64
    folder_bytes: int = 16 * _MIB
    output_bytes: int = 1 * _MIB
    value_bytes: int = 4 * _MIB

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                found = getattr(self, field.name)
                raise InputError(f"{field.name} is {found}; expected a number above 0.")

    def identity(self) -> dict[str, float | int]:
        """The limits as JSON: other limits can give other verdicts."""
        return asdict(self)


DEFAULT_LIMITS = Limits()
