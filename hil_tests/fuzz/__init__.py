"""The fuzzer: random hubs, random weather, faults and people; what breaks an invariant is made small and kept."""
