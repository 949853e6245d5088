"""The plant: a village hub as physics. Pure: no clock, no I/O; `step(dt_s)` and the same seed give the same run.

RMS, positive sequence, complex phasors on a base of 100 kVA in a frame that turns with 50 Hz. Valid from 20 ms to days;
not for sub-cycle transfer, harmonics, unbalance beyond bookkeeping, fault currents or transformer inrush.
"""
