# tests/made.py: what the tests' Python scripts make data with: random numbers that are the same on every machine, and NIfTI files.
import math, struct


class Numbers:
    """Linear congruential generator of 64 bits (Knuth's MMIX constants): uniform in (0, 1), standard normal by Box and Muller."""

    def __init__(self, seed): self.state = seed

    def uniform(self):
        self.state = (6364136223846793005 * self.state + 1442695040888963407) % 2 ** 64
        return ((self.state >> 11) + 0.5) / 2 ** 53

    def normal(self): return math.sqrt(-2 * math.log(self.uniform())) * math.cos(2 * math.pi * self.uniform())


def nifti(path, values, shape=(3, 3, 3), spacing=(4, 4, 4), mask=False):
    """Single-file NIfTI-1 of `values` (x fastest), spacing in mm, by an s-form; floats of 32 bits, or bytes for a mask."""
    h = bytearray(352)
    struct.pack_into("<i", h, 0, 348)
    struct.pack_into("<8h", h, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<hh", h, 70, *((2, 8) if mask else (16, 32)))
    struct.pack_into("<4f", h, 76, 1, *spacing)
    struct.pack_into("<2f", h, 108, 352, 1)
    h[123] = 2
    struct.pack_into("<h", h, 254, 1)
    for i in range(3): struct.pack_into("<f", h, 280 + 20 * i, spacing[i])
    h[344:348] = b"n+1\0"
    open(path, "wb").write(bytes(h) + struct.pack("<%d%s" % (math.prod(shape), "B" if mask else "f"), *values))
