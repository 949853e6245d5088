"""Exact zero-order hold of a small linear block: x' = A x + B u, u constant over the step. Source: Van Loan 1978."""

from __future__ import annotations

from collections.abc import Sequence

Matrix = tuple[tuple[float, ...], ...]
TERMS_COUNT = 18


def zero_order_hold(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]], dt_s: float) -> tuple[Matrix, Matrix]:
    """Ad = exp(A dt) and Bd = integral of exp(A s) B ds, from the exponential of the augmented matrix [[A, B], [0, 0]].

    Source: Van Loan 1978; Taylor series with scaling and squaring (Moler and Van Loan 2003): enough for blocks
    of three states.
    """
    states, inputs = len(a), len(b[0])
    size = states + inputs
    rows = [[*(v * dt_s for v in ra), *(v * dt_s for v in rb)] for ra, rb in zip(a, b, strict=True)]
    augmented = [*rows, *([0.0] * size for _ in range(inputs))]
    halvings = 10
    scaled = [[v / 2**halvings for v in row] for row in augmented]
    result = _exponential(scaled)
    for _ in range(halvings):
        result = _product(result, result)
    return (
        tuple(tuple(row[:states]) for row in result[:states]),
        tuple(tuple(row[states:]) for row in result[:states]),
    )


def _exponential(matrix: list[list[float]]) -> list[list[float]]:
    size = len(matrix)
    total = [[float(i == j) for j in range(size)] for i in range(size)]
    term = [row[:] for row in total]
    for k in range(1, TERMS_COUNT):
        term = [[v / k for v in row] for row in _product(term, matrix)]
        total = [[x + y for x, y in zip(r, s, strict=True)] for r, s in zip(total, term, strict=True)]
    return total


def _product(left: list[list[float]], right: list[list[float]]) -> list[list[float]]:
    columns = list(zip(*right, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in left]
