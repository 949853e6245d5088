"""What a device does by itself when nobody feeds it any more, as its table declares."""

from __future__ import annotations

from controller.config.types import OnLoss
from controller.model.words import InverterMode
from hil_tests.plant.plant import Plant


def act_without_us(plant: Plant, role: str, asset: str, on_loss: OnLoss) -> None:
    """Open, stop or run free; to hold and to keep forming is to do nothing."""
    match on_loss:
        case OnLoss.OPEN:
            _open(plant, role, asset)
        case OnLoss.STOP:
            _stop(plant, role, asset)
        case OnLoss.FREE_RUN:
            _run_free(plant, role, asset)
        case OnLoss.HOLD | OnLoss.KEEP_FORMING:
            pass


def _open(plant: Plant, role: str, asset: str) -> None:
    if role == "poi":
        plant.poi.trip()
    elif role == "feeder":
        plant.feeders[asset].set_closed(False)
    elif role == "earthing":
        plant.earthing.set_closed(False)


def _stop(plant: Plant, role: str, asset: str) -> None:
    if role == "battery":
        plant.batteries[asset].set_mode(InverterMode.OFF)
    elif role == "genset":
        plant.gensets[asset].set_run(False)
    elif role == "pv":
        plant.pv[asset].set_limit_w(0.0)


def _run_free(plant: Plant, role: str, asset: str) -> None:
    if role == "pv":
        plant.pv[asset].set_limit_w(plant.pv[asset].plant.rating_w)
    elif role == "battery":
        plant.batteries[asset].charge_set_w = None
