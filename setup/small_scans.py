"""Small preprocessed scans of made-up subjects, as the data set lays them out: a brain-shaped region of noise."""
import gzip
import random
import struct

SHAPE, STEP_MM, ORIGIN_MM = (24, 30, 24), 6.0, (-69.0, -105.0, -69.0)
RUNS, SCANS = 9, 50
OUTSIDE = bytes(value % 8 for value in range(256))
INSIDE = bytes(120 + value // 4 for value in range(256))


def header():
    """A NIfTI-1 header: unsigned bytes, 6 mm, 2 s a volume."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 4, *SHAPE, SCANS, 1, 1, 1)
    struct.pack_into("<2h", head, 70, 2, 8)
    struct.pack_into("<8f", head, 76, 1, STEP_MM, STEP_MM, STEP_MM, 2, 1, 1, 1)
    struct.pack_into("<3f", head, 108, 352, 1, 0)
    head[123] = 10  # millimetres and seconds
    struct.pack_into("<2h", head, 252, 0, 1)
    for axis in range(3):
        row = [0.0, 0.0, 0.0, ORIGIN_MM[axis]]
        row[axis] = STEP_MM
        struct.pack_into("<4f", head, 280 + 16 * axis, *row)
    head[344:348] = b"n+1\0"
    return bytes(head)


def brain_rows():
    """Where the brain begins and ends in each row of x, from 0; nothing if the row misses it."""
    nx, ny, nz = SHAPE
    rows = []
    for z in range(nz):
        for y in range(ny):
            left = 1 - ((y - ny / 2) / (ny * 0.42)) ** 2 - ((z - nz / 2) / (nz * 0.42)) ** 2
            half = round(nx * 0.4 * left ** 0.5) if left > 0 else 0
            rows.append((nx // 2 - half, nx // 2 + half))
    return rows


def write_scans(study, subjects, seed):
    rng = random.Random(seed)
    rows, (nx, _, _) = brain_rows(), SHAPE
    for subject in subjects:
        folder = study / "derivatives" / f"sub-{subject}" / "func"
        folder.mkdir(parents=True)
        for run in range(RUNS):
            parts = [header()]
            for _ in range(SCANS):
                for first, end in rows:
                    noise = rng.randbytes(nx)
                    parts += [noise[:first].translate(OUTSIDE), noise[first:end].translate(INSIDE),
                              noise[end:].translate(OUTSIDE)]
            name = f"sub-{subject}_task-lppEN_run-{run + 6:02}_space-MNIColin27_desc-preproc_bold.nii.gz"
            (folder / name).write_bytes(gzip.compress(b"".join(parts), 1, mtime=0))
