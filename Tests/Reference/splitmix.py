"""Prints the first draws of the mini world's random numbers, written independently: SplitMix64 of a hashed state.

Run: python Tests/Reference/splitmix.py (the numbers stand in SceneRandomTests.swift)
"""
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def splitmix(state):
    z = (state + GOLDEN) & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def draws(seed, stream, index, count=3):
    state = splitmix((splitmix((splitmix(seed) + stream) & MASK) + index) & MASK)
    return [splitmix((state + i * GOLDEN) & MASK) for i in range(count)]


if __name__ == "__main__":
    assert splitmix(1234567) == 6457827717110365317, "not the published SplitMix64"
    for key in [(0, 0, 0), (1, 2, 3), (2**64 - 1, 7, 2**40)]:
        print(key, draws(*key))
