"""The sources of a random hub: batteries that form and that follow, roofs, a genset; on every protocol there is."""

from __future__ import annotations

from controller.model.phases import Phase
from hil_tests.fuzz.hub_devices import Devices, Table, label

SHORT_TIME = (
    {"load_ratio": 1.23, "hold_s": 60.0},
    {"load_ratio": 1.5, "hold_s": 20.0},
    {"load_ratio": 2.0, "hold_s": 10.0},
    {"load_ratio": 2.4, "hold_s": 3.0},
)
FORMS_TOO = 0.6  # least size of a second former: it must carry the hub alone as well
PHASES = tuple(phase.value for phase in Phase)


def batteries(devices: Devices, rating_va: float) -> dict[str, Table]:
    """One that forms; perhaps another that does, perhaps some that follow."""
    rng = devices.rng
    device = devices.tcp("inverter_main", "battery_inverter", fast_s=rng.choice((0.05, 0.05, 0.1)))
    found = {"battery_main": _battery(devices, device, rating_va, can_form=True)}
    for name in ("second", "third")[: rng.choice((0, 0, 1, 1, 2))]:
        if rng.random() < 0.5:
            device = devices.tcp(f"inverter_{name}", "battery_inverter", fast_s=0.1)
            can_form = rng.random() < 0.5
        else:
            device = devices.ua(f"inverter_{name}", "battery_opcua", normal_s=0.2)
            can_form = False
        share = rng.uniform(FORMS_TOO if can_form else 0.2, 1.0 if can_form else 0.8)
        found[f"battery_{name}"] = _battery(devices, device, round(rating_va * share, -2), can_form=can_form)
    return found


def _battery(devices: Devices, device: str, rating_va: float, *, can_form: bool) -> Table:
    rng = devices.rng
    battery: Table = {
        "label": label(device),
        "from": device,
        "rating_va": rating_va,
        "capacity_wh": round(rating_va * rng.uniform(0.5, 4.0), -2),
        "can_form": can_form,
        "reserve_soc_pct": rng.choice((30.0, 50.0, 80.0)),
        "empty_soc_pct": rng.choice((5.0, 10.0)),
    }
    if can_form:
        battery |= {
            "can_set_frequency": True,
            "can_set_voltage": True,
            "droop_pct": rng.choice((0.5, 1.0, 2.0)),
            "short_time_source": "the bench's inverter: the default curve of its plant model",
            "short_time": [dict(point) for point in SHORT_TIME],
        }
    return battery


def roofs(devices: Devices, rating_va: float) -> dict[str, Table]:
    """None to four."""
    rng = devices.rng
    found: dict[str, Table] = {}
    for number in range(rng.randint(0, 4)):
        name = f"inverter_pv_{number}"
        if rng.random() < 0.3:
            devices.tcp(name, "sunspec_pv", normal_s=0.5)
        else:
            devices.tcp(name, "pv_inverter")
        size_w = round(rating_va * rng.uniform(0.05, 0.6), -2)
        found[f"pv_{number}"] = {"label": label(name), "from": name, "rating_w": size_w}
        if size_w < 4600.0 and rng.random() < 0.5:
            found[f"pv_{number}"]["phases"] = [rng.choice(PHASES)]
    return found


def gensets(devices: Devices, rating_va: float) -> dict[str, Table]:
    """Perhaps one, on the bus."""
    rng = devices.rng
    if rng.random() < 0.6:
        return {}
    size_va = round(rating_va * rng.uniform(0.4, 1.0), -2)
    genset = {
        "label": label("genset"),
        "from": devices.rtu("genset_panel", "genset_rtu", normal_s=0.5),
        "connection": "bus",
        "rating_va": size_va,
        "can_form": True,
        "start_below_soc_pct": rng.choice((15.0, 25.0, 40.0)),
        "stop_above_soc_pct": 80.0,
        "min_load_w": 0.3 * size_va,
        "min_run_s": rng.choice((30.0, 120.0)),
        "start_time_s": 60.0,
        "start_attempts_max": rng.randint(1, 3),
        "fuel_capacity_l": 200.0,
        "fuel_l_per_h_at_rating": round(0.33 * size_va / 1000.0, 1),
    }
    return {"genset": genset}
