"""What stands how: contacts, modes, levels, who runs. It changes a few times in a run; powers change in every step."""

from __future__ import annotations

from hil_tests.bench.scene import Scene


def switching(scene: Scene) -> list[object]:
    """Equal lists: whoever attends to nothing else has nothing new to look at."""
    plant, controller = scene.plant, scene.controller
    poi, safety = plant.poi, plant.safety
    state: list[object] = [
        poi.position, poi.reported_position, poi.dso_lock, poi.settings_group, plant.earthing.position,
        plant.grid.is_fed, plant.grid_source, safety.emergency_off, safety.local_control,
        controller.is_running, controller.mode, controller.authority, *scene.active_faults,
    ]  # fmt: skip
    for feeder in plant.feeders.values():
        state += (feeder.position, feeder.is_energised, feeder.has_fault)
    state += [radio.is_supplied for radio in plant.radios.values()]
    state += [battery.mode for battery in plant.batteries.values()]
    state += [genset.is_forming for genset in plant.gensets.values()]
    return state
