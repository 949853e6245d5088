"""One wrong controller at work: `python -m hil_tests.defects.plant_one SCENARIO ...`, with its code first on the path.

Started by `hunt`; prints one line of JSON for each run, with the first finding of each hard source.
"""

from __future__ import annotations

import json
import sys

from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.bench.runner import run


def main(names: list[str]) -> int:
    """Play them with their first seed, in T0 if they can be played there."""
    for name in names:
        found: dict[str, str] = {}
        loaded = load_scenario(SCENARIOS / f"{name}.toml")
        try:
            scenario = loaded.scenario
            result = run(scenario, loaded.site, scenario.seed[0], scenario.tiers[0])
            for finding in result.findings:
                if finding.is_hard:
                    found.setdefault(finding.source, finding.detail)
            outcome = result.outcome
        except Exception as error:  # a wrong controller may do anything, and to crash is to be caught
            found, outcome = {"crash": f"{type(error).__name__}: {error}"}, "fail"
        print(json.dumps({"scenario": name, "outcome": outcome, "found": found}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
