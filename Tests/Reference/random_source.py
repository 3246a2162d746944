"""RandomSource of the engine, written independently: Philox4x32-10 (Salmon et al. 2011) and what is drawn from it.

For scripts that repeat a run of ours in PyTorch: they draw the noise, timesteps, patches and order that we draw.
"""

import numpy as np

MASK = 0xFFFFFFFF
UNIT = np.float32(1 / 16777216)


def philox(key, counter):
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


class RandomSource:
    """Numbers that depend on (seed, stream, step, sample, position) alone."""

    def __init__(self, seed, stream):
        self.key, self.stream = (seed & MASK, seed >> 32), stream

    def words(self, step, sample=0, position=0):
        return philox(self.key, (position, sample, step, self.stream))

    def integer(self, low, high, step, sample=0, position=0):
        """One of low ..< high."""
        return low + (self.words(step, sample, position)[0] * (high - low) >> 32)

    def permutation(self, count, step, sample=0):
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.integer(0, i + 1, step, sample, position=i)
            order[i], order[j] = order[j], order[i]
        return order

    def normal(self, shape, step):
        """Box–Muller, in float32; row i along the first axis is sample i."""
        size = int(np.prod(shape[1:]))
        return np.stack([self.row(size, step, sample) for sample in range(shape[0])]).reshape(shape)

    def row(self, size, step, sample):
        words = np.array([self.words(step, sample, position) for position in range((size + 3) // 4)], dtype=np.uint32)
        units = ((words >> 8).astype(np.float32) + np.float32(1)) * UNIT
        radius = np.sqrt(np.float32(-2) * np.log(units[:, 0::2]))
        angle = np.float32(2 * np.pi) * units[:, 1::2]
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).reshape(-1)[:size]


# The known answers of the generator's authors (Random123, kat_vectors, philox4x32-10).
assert philox((0, 0), (0, 0, 0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
assert philox((MASK, MASK), (MASK,) * 4) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
