"""Waits for a program at work in a study as a Slurm job, and kills the job: kill_job.py STUDY PROGRAM."""
import os
import subprocess
import sys
import time
from pathlib import Path

study, program = Path(sys.argv[1]).resolve(), sys.argv[2]
end = time.monotonic() + 300
while time.monotonic() < end:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip()
            if name != program or Path(os.readlink(process / "cwd")) != study:
                continue
            settings = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        job = next((s.split(b"=")[1].decode() for s in settings if s.startswith(b"SLURM_JOB_ID=")), None)
        if job:
            subprocess.run(["scancel", "--signal=KILL", "--full", job], check=True)
            print(f"job {job} was killed while {program} ran in it")
            sys.exit(0)
    time.sleep(0.01)
sys.exit(f"{program} was not seen in {study}")
