"""The guard's side conditions, from what the shell holds: the hub, its limits, the durable memory, what people ask."""

from __future__ import annotations

from controller.guard.bounds import Bounds
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.envelope import Envelope
from controller.model.hub import AssetId, Hub
from controller.model.memory import DurableMemory


def bounds_of(hub: Hub, envelope: Envelope, durable: DurableMemory, advice: Advice) -> Bounds:
    """`durable` as it was before the decision that is to be vetted; `advice` with the requests of this cycle."""
    return Bounds(
        hub=hub,
        envelope=envelope,
        authority=durable.authority,
        latched=frozenset(latch.subject for latch in durable.latches),
        held_open=durable.held_open,
        shed_by_us=durable.shed_by_us,
        released=released_feeders(advice.requests),
        closing_held_back=advice.closing_held_back,
        attempts=durable.attempts,
    )


def released_feeders(requests: tuple[OperatorRequest, ...]) -> frozenset[AssetId]:
    """Feeders that a person lets us close again, whatever had opened them: from the person, not from the decision."""
    wishes = (request for request in requests if request.kind is RequestKind.CLOSE_FEEDER)
    return frozenset(request.subject for request in wishes if request.subject is not None)
