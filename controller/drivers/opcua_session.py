"""One OPC UA connection from its beginning to its end. Whatever asyncua raises becomes one thing: the link is down."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError
from cryptography.exceptions import InvalidSignature

from controller.config.credentials import Credentials
from controller.drivers.cancellation import raise_if_cancelled
from controller.drivers.errors import LinkDownError, NotAdmittedError
from controller.drivers.opcua_client import disagreement, new_client, refusal, silence
from controller.drivers.reset import end_with_us, reset, say_goodbye
from controller.plain_words import in_words

CONNECT_REQUESTS = 3  # connecting takes so many exchanges, each in its time
GOODBYE_S = 0.3

# A server that dies in mid-sentence makes asyncua raise these, beside its own errors (seen in its decoder); the
# signature is that of a server that has not the key of its certificate.
TROUBLE = (
    OSError,
    TimeoutError,
    UaError,
    AssertionError,
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    InvalidSignature,
)

T = TypeVar("T")


class Session:
    """Opened once, closed once; every question has its deadline. All of it raises LinkDownError."""

    def __init__(self, url: str, request_s: float, known: Credentials | None) -> None:
        self._url, self._request_s, self._known = url, request_s, known
        self._client = new_client(url, request_s, known)
        self._owes_an_answer = False  # to a request, which may not have arrived yet

    async def open(self, on_lost: Callable[[], None]) -> None:
        """Connect; `on_lost` is called when the connection breaks.

        Raises:
            NotAdmittedError: with a reason for people, where there is one that trying again does not mend.
            LinkDownError: else.
        """

        async def tell(error: Exception) -> None:
            del error
            on_lost()

        self._client.connection_lost_callback = tell
        try:
            await self._asked(self._client.connect(), CONNECT_REQUESTS)
        except LinkDownError as error:
            cause = error.__cause__
            reason = await self._disagreement(cause) or refusal(cause, self._known)
            if reason is not None:
                raise NotAdmittedError(reason) from None
            if self._known is not None and isinstance(cause, TimeoutError):
                raise LinkDownError(silence(self._known)) from None
            raise
        if (transport := self._transport) is not None:
            end_with_us(transport)

    @property
    def _transport(self) -> asyncio.Transport | None:
        protocol = self._client.uaclient.protocol
        return None if protocol is None else protocol.transport

    async def close(self) -> None:
        """Say goodbye, if anybody listens, and let go."""
        if (transport := self._transport) is not None:
            end = reset if self._owes_an_answer else say_goodbye
            end(transport)
        try:
            await self._asked(self._client.disconnect(), GOODBYE_S / self._request_s)
        except LinkDownError:
            return
        finally:
            self._client.disconnect_socket()

    async def read(
        self, nodes: Sequence[ua.NodeId], attribute: AttributeIds = AttributeIds.Value
    ) -> list[ua.DataValue]:
        """One attribute of many nodes, in their order."""
        answers = await self._asked(self._client.uaclient.read_attributes(list(nodes), attribute))
        if len(answers) != len(nodes):
            raise LinkDownError(f"{len(answers)} values, {len(nodes)} asked for")
        return list(answers)

    async def write(self, nodes: Sequence[ua.NodeId], values: Sequence[ua.DataValue]) -> list[ua.StatusCode]:
        """What the server says to each write."""
        writes = self._client.uaclient.write_attributes(list(nodes), list(values), AttributeIds.Value)
        statuses = await self._asked(writes)
        if len(statuses) != len(nodes):
            raise LinkDownError(f"{len(statuses)} answers to {len(nodes)} writes")
        return list(statuses)

    async def _disagreement(self, cause: BaseException | None) -> str | None:
        """Many servers hang up on whom they do not understand, or fall silent; most tell anybody what they offer."""
        is_told_nothing = isinstance(cause, TimeoutError) and self._known is not None
        is_sent_away = isinstance(cause, UaError | ConnectionError | AssertionError)
        is_sent_away = is_sent_away and not isinstance(cause, ConnectionRefusedError)
        if not is_told_nothing and not is_sent_away:
            return None
        enquirer = new_client(self._url, self._request_s, None)
        try:
            return disagreement(await self._asked(enquirer.connect_and_get_server_endpoints()), self._known)
        except LinkDownError:
            return None
        finally:
            enquirer.disconnect_socket()

    async def _asked(self, answer: Awaitable[T], times: float = 1.0) -> T:
        """Wait for a library call, at most so many times the request time. Raises LinkDownError."""
        try:
            async with asyncio.timeout(times * self._request_s):
                result = await answer
        except TROUBLE as error:
            self._owes_an_answer = not isinstance(error, UaError)  # which is an answer
            raise LinkDownError(_why(error)) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise LinkDownError("the library gave up") from None  # one of its own tasks was cancelled, not ours
        raise_if_cancelled()
        return result


def _why(error: Exception) -> str:
    """For people; what the library stumbled over is of use to nobody but its authors."""
    if isinstance(error, OSError | UaError):
        return in_words(error)
    return f"an answer that cannot be read ({type(error).__name__})"
