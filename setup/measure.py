"""Runs a command, then says how long it took and how much memory it had at most: measure.py LABEL COMMAND..."""
import resource
import subprocess
import sys
import time

label, command = sys.argv[1], sys.argv[2:]
started = time.monotonic()
status = subprocess.call(command)
wall_s = time.monotonic() - started
peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # Linux counts in KiB
print(f"   {label:<44} {wall_s:9.1f} s {peak_mib:9.0f} MiB", flush=True)
sys.exit(status)
