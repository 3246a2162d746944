"""Computes McNemar's exact p, Tango's interval and Wilson's interval in other ways than the program does.

McNemar from exact fractions (and scipy), Wilson from scipy, Tango by maximising the likelihood numerically and
searching the statistic's crossing with many digits, without the closed form of the paper.
Writes Tests/Fixtures/pair_statistics.json. Run: python Tests/Reference/pair_statistics.py (needs scipy, mpmath)
"""
import json
import pathlib
from fractions import Fraction
from math import comb

import mpmath
import scipy
from scipy.stats import binomtest

mpmath.mp.dps = 40
Z = mpmath.mpf("1.959963984540054")
TABLES = [  # pairs, fixed, broken
    (135, 20, 6), (900, 102, 61), (900, 93, 57), (135, 0, 0), (135, 5, 0), (135, 0, 7), (10, 5, 5), (50, 12, 2),
    (9, 9, 0), (1, 1, 0), (1, 0, 1), (5000, 700, 640), (100000, 20000, 19000), (30, 1, 0), (14, 0, 1),
]
PROPORTIONS = [(0, 10), (10, 10), (1, 1), (0, 1), (26, 135), (450, 900), (1, 1000), (53, 135)]


def mcnemar(fixed, broken):
    n, fewer = fixed + broken, min(fixed, broken)
    if n == 0:
        return 1.0
    exact = min(Fraction(1), 2 * sum(Fraction(comb(n, k)) for k in range(fewer + 1)) / 2**n) if n < 3000 else None
    by_scipy = binomtest(fewer, n, 0.5).pvalue
    assert exact is None or abs(float(exact) - by_scipy) <= 1e-9 * float(exact) + 1e-300
    return by_scipy if exact is None else float(exact)


def likeliest_broken(n, b, c, delta):
    """The share q of broken pairs that maximises b·log(q + delta) + c·log q + (n - b - c)·log(1 - 2q - delta)."""
    low, high = max(mpmath.mpf(0), -delta), (1 - delta) / 2

    def slope(q):
        total = mpmath.mpf(0)
        if b:
            total += b / (q + delta)
        if c:
            total += c / q
        if n - b - c:
            total -= 2 * (n - b - c) / (1 - 2 * q - delta)
        return total

    for _ in range(140):
        middle = (low + high) / 2
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def statistic(n, b, c, delta):
    q = likeliest_broken(n, b, c, delta)
    variance = (2 * q + delta - delta**2) / n
    distance = mpmath.mpf(b - c) / n - delta
    if variance <= 0:
        return mpmath.inf * (1 if distance > 0 else -1 if distance < 0 else 0) if distance else mpmath.mpf(0)
    return distance / mpmath.sqrt(variance)


def crossing(n, b, c, target, low, high):
    for _ in range(90):
        middle = (low + high) / 2
        if statistic(n, b, c, middle) > target:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def tango(n, b, c):
    point = mpmath.mpf(b - c) / n
    return [crossing(n, b, c, Z, mpmath.mpf(-1), point), crossing(n, b, c, -Z, point, mpmath.mpf(1))]


def main():
    paired = [
        {"pairs": n, "fixed": b, "broken": c, "p": mcnemar(b, c), "interval": tango(n, b, c)} for n, b, c in TABLES
    ]
    single = []
    for successes, trials in PROPORTIONS:
        interval = binomtest(successes, trials).proportion_ci(method="wilson")
        single.append({"successes": successes, "trials": trials, "interval": [interval.low, interval.high]})
    result = {"madeWith": f"scipy {scipy.__version__}, mpmath {mpmath.__version__}", "paired": paired, "single": single}
    target = pathlib.Path(__file__).parents[1] / "Fixtures" / "pair_statistics.json"
    target.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
