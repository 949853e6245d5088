"""Several units behind one wire: who answers, who stays silent, and what the answer is. TCP and RTU share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from hil_tests.servers.registers import RegisterMap

SPACES = {1: "coil", 2: "discrete", 3: "holding", 4: "input", 5: "coil", 6: "holding", 15: "coil", 16: "holding"}
SINGLE_WRITES = frozenset({5, 6})


class Line:
    """The units of one connection, by their number. A unit that is absent or silenced gives no answer at all."""

    def __init__(self, units: Mapping[int, RegisterMap], catch_up: Callable[[], object]) -> None:
        self._units = units
        self._catch_up = catch_up
        self.silent: set[int] = set()

    async def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        """The reply to one request, with the request's own identity; None: silence."""
        if request.dev_id not in self._units or request.dev_id in self.silent:
            return None
        self._catch_up()
        if request.function_code in SPACES:
            reply = await request.datastore_update(self, request.dev_id)  # type: ignore[arg-type] # as its context
        else:
            reply = ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_FUNCTION)
        reply.dev_id, reply.transaction_id = request.dev_id, request.transaction_id
        return reply

    # -- the two names under which pymodbus' requests ask for their data ------------------------------------------
    async def async_getValues(  # noqa: N802
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        """What stands there; after a single write, the echo of it."""
        unit, space = self._units[device_id], SPACES[func_code]
        values = unit.echo(space, address) if func_code in SINGLE_WRITES else unit.read(space, address, count)
        if isinstance(values, ExcCodes) or space in {"holding", "input"}:
            return values
        return [value != 0 for value in values]

    async def async_setValues(  # noqa: N802
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        """Write; None when it was taken."""
        return self._units[device_id].write(SPACES[func_code], address, [int(value) for value in values])
