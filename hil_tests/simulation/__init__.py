"""Virtual time: the same `decide` and `vet` against the plant, hundreds of times faster than the clock on the wall."""
