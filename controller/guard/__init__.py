"""VETO: an independent second opinion on every command. Pure; imports the vocabulary only, never the decision.

Read in this order: `vet` (one cycle), `rules` (the tables: who may close, form or crank, and what forbids it), `proof`
(what the image proves), `watch` (the guard's own memory, fed from feedback alone), `levels` (set-points), `fallback`
(when the decision fails). Where the guard and the decision ask the same question, they ask it in different words, on
purpose: one mistake should not be made twice.
"""
