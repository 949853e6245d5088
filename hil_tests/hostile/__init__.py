"""Hostile hands: the real guard and the real plant, and instead of the decision somebody who means harm.

`python -m hil_tests.hostile --cycles 20000 --seed 1 --jobs 1`. Whatever is ordered, remembered, lied about or left
unsaid, the invariants I1 to I4 and I8 hold on the plant. The same seeds with a lesser guard, which lacks one rule, must
break them (`--without RULE`): else the hands are not hostile enough to prove anything.
"""
