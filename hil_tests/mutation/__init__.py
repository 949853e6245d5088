"""Does a test notice when the guard is wrong? Every small lie about its source is told once, and must be found out.

`python -m hil_tests.mutation [module ...]` plants every mutant of the guard and runs the guard's stories against it. A
coverage figure says which lines were run; only this says that somebody looked at the result. Rule tables, limits and
default values are mutated like everything else, which off-the-shelf mutators leave out: a row missing from a table is
the likeliest mistake here.
"""
