"""Kills lpp-run and its programs at many moments, lets it go on, and compares with a run that nobody disturbed.

    faults.py BINARIES [--points 50] [--renames both|before|after|none] [--jobs 4] [--seed 1] [--extract] [--scans] [--full-disk]

Every trial works on a copy of one tiny synthetic study. The whole process group is killed (SIGKILL) at a random moment,
often a second time while it resumes; then it may end. Final artefacts must be equal byte for byte, records equal but for
times, a step that was logged as ended must not have run again, and `lpp-run verify` must find nothing.

--renames needs programs built with the feature lpp-files/fault-injection (make test-faults): they kill the group at the
chosen rename, in --jobs trials at once. --full-disk lets lpp-run and every program meet a file system without room, and a limit on file sizes.
"""
import argparse
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from small_scans import write_scans
from study_files import differing, snapshot


class Trials:
    def __init__(self, options):
        self.bin = Path(options.bin).resolve()
        self.work = Path(tempfile.mkdtemp(prefix="lpp-faults-", dir=options.work))
        self.random = random.Random(options.seed)
        self.models = options.models
        self.jobs = options.jobs
        self.base = self.work / "base"
        self.n = 0
        self.reference = None
        self.seconds = 0.0

    def prepare(self, extract, scans):
        simulate = [self.bin / "lpp-simulate", "-q", "--study", self.base, "--words-per-run", "150",
                    "--models", self.models, "--baseline-dims", "8"]
        if not scans:  # the small scans are those of nine runs; four take a third of the time
            simulate += ["--runs", "4"]
        subprocess.run(simulate, check=True, stdout=subprocess.DEVNULL)
        config = self.base / "lpp.toml"
        text = config.read_text().replace('alphas = "logspace:2:7:16"', 'alphas = "100,10000"')
        text = text.replace('"glove", ', '"glove", "control_wordlength", ')
        if not extract:  # without libtorch, word vectors stand for the models
            lines = text.splitlines()
            at = lines.index("[models]")
            text = "\n".join(lines[:at] + lines[at + 2:])
        else:  # everything that a fit may leave beside its scores
            for found, wanted in [("controls = []", 'controls = ["wordlength"]'), ("nulls = 0", "nulls = 20")]:
                assert found in text, f"lpp-simulate writes no {found!r} under [fit]"
                text = text.replace(found, wanted)
        if scans:  # published scans of subjects, from which mask, average and individual fits are made
            write_scans(self.base, subjects=["EN001", "EN002", "EN003"], seed=1)
            for name in ["masks", "average_subject", "isc"]:  # a study's own would not be made
                shutil.rmtree(self.base / name)
            text += '\n[individuals.en]\nsubjects = ["EN002", "EN003"]\nmodels = ["glove"]\n'
        config.write_text(text)
        study = self.copy("reference")
        started = time.monotonic()
        self.run(study)
        self.seconds = time.monotonic() - started
        self.reference = snapshot(study)
        assert len(self.reference) > 60, "the reference run has made too little"
        self.check(study, "reference")
        shutil.rmtree(study)
        print(f"an undisturbed run: {self.seconds:.2f} s, {len(self.reference)} files", flush=True)

    def copy(self, name):
        study = self.work / name
        shutil.copytree(self.base, study)
        return study

    def command(self, study):
        return [self.bin / "lpp-run", "-q", "--study", study, "--threads", "2"]

    def run(self, study, **keywords):
        done = subprocess.run(self.command(study), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **keywords)
        if done.returncode:
            sys.exit(f"{study}: lpp-run failed: {done.stderr}")

    def start(self, study, **environment):
        return subprocess.Popen(self.command(study), start_new_session=True, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env={**os.environ, **environment})

    def killed_after(self, study, seconds):
        """Whether the run was killed before it ended."""
        process = self.start(study)
        try:
            process.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True

    def check(self, study, what):
        found = snapshot(study)
        if self.reference != found:
            names = differing(self.reference, found)
            sys.exit(f"{what}: differs from the undisturbed run in {names}; the study is kept: {study}")
        subprocess.run([self.bin / "lpp-run", "verify", "--study", study], check=True, stdout=subprocess.DEVNULL)
        twice = repeated(study)
        if twice:
            sys.exit(f"{what}: ran again although they were logged as ended: {twice}; the study is kept: {study}")

    def at_random(self, points):
        killed = again = ended = 0
        while killed < points:
            study = self.copy(f"point-{killed}")
            moment = self.random.uniform(0, self.seconds)
            second = self.random.uniform(0, self.seconds) if self.random.random() < 0.5 else None
            if self.killed_after(study, moment):
                killed += 1
                if second is not None:
                    again += self.killed_after(study, second)
                self.run(study)
                self.check(study, f"killed after {moment:.3f} s")
            else:
                ended += 1
                assert ended < 3 * points, "runs end before they can be killed"
            shutil.rmtree(study)
        print(f"killed at {killed} random moments, {again} of them again while they resumed; all end equal "
              f"({ended} runs had ended before their moment)", flush=True)

    def at_renames(self, when, first, last):
        log = self.work / "renames"
        study = self.copy("counted")
        self.run(study, env={**os.environ, "LPP_FAULT_LOG": str(log)})
        total = log.stat().st_size if log.exists() else 0
        if not total:
            sys.exit("no rename was counted: build the programs with --features lpp-files/fault-injection")
        shutil.rmtree(study)
        chosen = range(first, min(last or total, total) + 1)
        for moment in ("before", "after") if when == "both" else (when,):
            # Steps use one core most of the time, so that trials are run side by side.
            with ThreadPoolExecutor(self.jobs) as pool:
                for _ in pool.map(lambda number, moment=moment: self.at_rename(moment, number), chosen):
                    pass
            print(f"killed {moment} each of the renames {chosen.start} to {chosen.stop - 1} of {total}; all end equal",
                  flush=True)

    def at_rename(self, moment, number):
        log = self.work / f"renames-{moment}-{number}"
        study = self.copy(f"{moment}-{number}")
        faults = {"LPP_FAULT_LOG": str(log), f"LPP_FAULT_{moment.upper()}": str(number)}
        status = self.start(study, **faults).wait()
        assert status == -signal.SIGKILL, f"rename {number} has not killed the run: {status}"
        self.run(study)
        self.check(study, f"killed {moment} rename {number}")
        shutil.rmtree(study)
        log.unlink()

    def out_of_space(self):
        self.size_limit()
        self.small_disk()

    def refused(self, study, part, **keywords):
        done = subprocess.run(self.command(study), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **keywords)
        lines = done.stderr.strip().splitlines()
        assert done.returncode == 1 and len(lines) == 1 and part in lines[0], (done.returncode, done.stderr)
        # What is there is whole: no record names another file than stands there.
        subprocess.run([self.bin / "lpp-run", "verify", "--study", study], check=True, stdout=subprocess.DEVNULL)
        return lines[0]

    def size_limit(self):
        def limited():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error, not the end of the process
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        study = self.copy("limited")
        said = self.refused(study, "File too large", preexec_fn=limited, restore_signals=False)
        self.run(study)
        self.check(study, "after a limit on file sizes")
        shutil.rmtree(study)
        print(f"file size limit: {said}", flush=True)

    def small_disk(self):
        """lpp-run on a full disk, and then every program on one, before it gets the room that it needs."""
        place = self.work / "disk"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1g", "lpp-faults", str(place)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
            print("full disk: not tried, this user may not mount one", flush=True)
            return
        try:
            study, ballast = place / "study", place / "ballast"
            shutil.copytree(self.base, study)
            fill(ballast)
            said = [self.refused(study, " ")]
            assert "No space left" in said[0] or "of disk" in said[0], said
            steps = self.steps(study)
            for step in steps:
                said.append(self.meets_full_disk(step, study))
                ballast.unlink()
                done = self.step(step, study)
                assert done.returncode == 0, (step["id"], done.stderr)
                fill(ballast)
            ballast.unlink()
            self.run(study)
            self.check(study, "after a full disk")
            print(f"full disk: {len(steps)} steps of {len({step['program'] for step in steps})} programs; the first messages:")
            print(*(f"  {line}" for line in said[:3]), sep="\n", flush=True)
        finally:
            subprocess.run(["umount", str(place)], check=True)

    def steps(self, study):
        plan = [self.bin / "lpp-run", "-q", "--study", study, "--dry-run", "--json", "--no-fetch", "--threads", "2"]
        return json.loads(subprocess.run(plan, check=True, stdout=subprocess.PIPE).stdout)["steps"]

    def step(self, step, study):
        """Runs one step as lpp-run does."""
        command = [self.bin / step["program"], *step["arguments"], "--threads", "2"]
        return subprocess.run(command, cwd=study, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def meets_full_disk(self, step, study):
        done = self.step(step, study)
        errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        assert done.returncode == 1 and len(errors) == 1 and "No space left" in errors[0], (step["id"], done)
        subprocess.run([self.bin / "lpp-run", "verify", "--study", study], check=True, stdout=subprocess.DEVNULL)
        return errors[0]


def fill(ballast):
    """Fills the file system that holds this file to the last block."""
    with ballast.open("wb", buffering=0) as file:
        for block in (1 << 20, 4096):
            try:
                while file.write(bytes(block)) == block:
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC, error


def repeated(study):
    """Steps that were started again after they had ended well."""
    ended, again = set(), set()
    for line in (study / "run/log.jsonl").read_text().splitlines():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # a line that was being written when the run was killed
        if event["event"] == "start" and event["step"] in ended:
            again.add(event["step"])
        if event["event"] == "end" and event["status"] == "exit 0":
            ended.add(event["step"])
    return again


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--renames", choices=["both", "before", "after", "none"], default="none")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--extract", action="store_true", help="with a language model, if lpp-extract is built")
    parser.add_argument("--scans", action="store_true", help="with the steps from published scans on, and individual fits")
    parser.add_argument("--full-disk", action="store_true")
    parser.add_argument("--models", default="gpt2:4")
    parser.add_argument("--work", help="folder for the copies of the study")
    options = parser.parse_args()
    trials = Trials(options)
    trials.prepare(options.extract, options.scans)
    if options.points:
        trials.at_random(options.points)
    if options.renames != "none":
        trials.at_renames(options.renames, options.first, options.last)
    if options.full_disk:
        trials.out_of_space()
    shutil.rmtree(trials.work)


main()
