"""The proxy's cut is a reset on the wire, as its users believe: `abort` alone is an orderly end."""

from __future__ import annotations

import asyncio

import pytest

from hil_tests.servers.proxy import HOST, Proxy


async def test_a_cut_is_a_reset_to_both_sides() -> None:
    ends: list[asyncio.Future[int]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(asyncio.ensure_future(_read_to_the_end(reader)))
        await asyncio.wait(ends)
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        while not ends:
            await asyncio.sleep(0.01)
        proxy.cut()
        for end in (_read_to_the_end(reader), ends[0]):
            with pytest.raises(ConnectionResetError):
                await end
        writer.close()
    finally:
        await proxy.stop()
        server.close()


async def _read_to_the_end(reader: asyncio.StreamReader) -> int:
    return len(await reader.read())
