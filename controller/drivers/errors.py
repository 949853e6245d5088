"""What can go wrong between us and a device. These are facts about the world, handled inside the drivers: none of them
ever leaves a link's task.
"""

from __future__ import annotations

ILLEGAL_FUNCTION = 1  # exception codes of the Modbus Application Protocol V1.1b3, section 7
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
NOT_BEGUN_CODES = frozenset({ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE})  # all others: it may have been done


class DeviceError(Exception):
    """The device did not do what it was asked, whatever the reason."""


class LinkDownError(DeviceError):
    """The connection or the serial port is gone: nobody behind it can be asked."""


class NotAdmittedError(LinkDownError):
    """It is there and does not let us in, or is not the one we are to speak to. Asking again changes nothing."""


class NoAnswerError(DeviceError):
    """Nothing came in time. What was asked may or may not have happened."""


class BadReplyError(DeviceError):
    """Something came that cannot be the answer: wrong unit, function, length or transaction, or a broken check sum."""


class RefusedError(DeviceError):
    """The device is alive and says no."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(f"{what}: refused with exception {code}")
        self.code = code


class WrongDeviceError(DeviceError):
    """It answers well, and is not what its table describes."""


class UnfitValueError(ValueError):
    """A value that the device's register cannot hold. Never wrapped, never clipped: not written."""


class UnusableTableError(ValueError):
    """A point that cannot be spoken on this protocol as its table describes it: the configuration is wrong."""
