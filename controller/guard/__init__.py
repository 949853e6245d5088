"""VETO: a second opinion on every command. Imports the words, nothing of the decision; repeats vital checks on purpose.

Read `vet` first, then `closing` (the lawful closings of the POI), `switches` (feeders and earthing), `limits`
(set-points), `proof` (is the POI open?) and `fallback` (when the decision fails). Where the guard and the decision ask
the same question they ask it in different words: one mistake should not be made twice.
"""
