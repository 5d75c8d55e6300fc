# Two commands do everything on a fresh machine: `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := bash

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(TARGET)/release
STUDY ?= demo-study
DATA ?=
PYTHON ?= python3
WORK ?= $(TARGET)/bench-peers
SUBJECTS ?= 49
FAULTS := $(TARGET)/faults
BENCH ?= --bench ridge --bench fmri
# Seconds and seed of `make fuzz`, and the readers, all by default; those of checkpoints are in a program of their own.
TIME ?= 10
SEED ?= 1
TARGETS ?=
TORCH_TARGETS ?= torch torch_legacy safetensors shards model_config
# The crate that `make mutants` changes, and in how many ways.
CRATE ?= lpp-stats
COUNT ?= 300
# Everything but the wheel in one command: what the programs share is compiled once. Plain `cargo build` builds what needs no
# libtorch.
ALL := --workspace --exclude lpp-ridge-python
PROGRAMS := $(ALL) $(addprefix --exclude ,lpp-bench lpp-fuzz lpp-semantic lpp-testkit)
# The ridge regression on libtorch.
RIDGE_TORCH := -p lpp-ridge --features torch
# Packages whose dependencies have all features of the workspace: a package that is tested beside them shares what is compiled.
BESIDE := $(addprefix -p ,lpp-extract lpp-fetch-cli lpp-report-cli lpp-ridge-cli)
BENCHES := -p lpp-bench $(BESIDE)
# The Python wheel of the ridge regression, without BLAS.
WHEEL := -p lpp-ridge-python

.PHONY: help setup programs build demo gallery test test-report test-outside test-python wheel dist test-dist test-shells test-demo test-stories test-tutorials test-commands test-workshop test-resume test-faults test-semantic test-semantic-short test-workflow test-slurm fuzz mutants bench bench-peers bench-peers-small bench-cases bench-peers-llm bench-subjects bench-gpu bench-build bench-check bench-baseline rooms supply notices lint book doc fixtures first-light clean-demo

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Check the machine, install missing packages, download libtorch into third_party/
	@setup/system.sh
	@setup/libtorch.sh third_party/libtorch

programs: setup ## Build the programs
	$(CARGO) build --release --bins $(PROGRAMS)

build: setup ## Build the programs and those that test them
	$(CARGO) build --release --bins $(ALL)

demo: programs ## Run all steps on two synthetic studies: growth of left - right at equal ceilings, and unequal ceilings alone (STUDY=demo-study)
	@setup/demo.sh $(BIN) $(STUDY) --asymmetry growth
	@setup/demo.sh $(BIN) $(STUDY)-ceilings --asymmetry ceiling --ceiling-left 0.4 --subjects 12 --gain-sd 0.03 \
	  --words-per-run 600 --models gpt2:4,llama:8,mistral:12,gpt2:20,llama:32,mistral:64

gallery: demo ## Redraw the figures of docs/figures.md from the demo study
	@setup/gallery.sh $(BIN) $(STUDY) docs/images

test: setup ## Run all tests, then a small demo (LPP_DATA=folder adds the tests on real data)
	$(CARGO) test --release $(ALL)
	$(CARGO) test --release -p lpp-ridge $(BESIDE) --features lpp-ridge/torch --lib --test torch
	$(CARGO) test --release -p lpp-ridge $(BESIDE) --features lpp-ridge/openblas-system --lib --test blas
	@$(MAKE) --no-print-directory test-outside
	@$(MAKE) --no-print-directory test-python
	@$(MAKE) --no-print-directory test-shells
	@$(MAKE) --no-print-directory test-demo
	@$(MAKE) --no-print-directory test-stories
	@$(MAKE) --no-print-directory test-tutorials
	@$(MAKE) --no-print-directory test-commands
	@$(MAKE) --no-print-directory test-workshop
	@$(MAKE) --no-print-directory test-resume
	@$(MAKE) --no-print-directory test-semantic-short

test-report: setup ## Test the report page in a headless Chromium (installed by setup/chromium.sh; skipped without it)
	$(CARGO) test --release -p lpp-report --test browser -- --nocapture

test-outside: setup ## Build a program outside the workspace that uses lpp-ridge, with the versions of the workspace
	@cp Cargo.lock fixtures/ridge/outside/
	$(CARGO) run --release --target-dir $(TARGET) --manifest-path fixtures/ridge/outside/Cargo.toml

dist: programs ## Pack the programs into dist/ for machines without a compiler (glibc 2.35 or newer)
	@PYTHON=$(PYTHON) setup/dist.sh $(BIN) dist

test-dist: dist ## Run the demo study from that archive in a bare Debian 12 (as root; made with debootstrap)
	@setup/test-dist.sh dist/lpp-rs-*-linux.tar.gz third_party/libtorch

wheel: setup ## Build the Python wheel into dist/ (for CPython 3.10 and newer)
	@PYTHON=$(PYTHON) CARGO_TARGET_DIR=$(abspath $(TARGET)) python/build.sh dist

test-python: setup ## Build the wheel, install it into fresh environments, and test it against scikit-learn and himalaya (PYTHONS="oldest newest")
	@PYTHON=$(PYTHON) CARGO_TARGET_DIR=$(abspath $(TARGET)) python/test.sh

test-shells: programs ## Test help, man page and completions of every program and command (bash; man, zsh and fish where they are)
	@$(PYTHON) setup/test-shells.py $(BIN)

test-demo: programs ## Run a small demo, which must recover the planted effects; then broken input for every program
	@study=$$(mktemp -d) && trap 'rm -rf "$$study"' EXIT && \
	  setup/demo.sh $(BIN) "$$study" --asymmetry growth --words-per-run 300 --models gpt2:4,llama:12,gpt2:32 && \
	  setup/plan_agrees.py $(BIN) "$$study" && \
	  setup/first_page.py "$$study" && \
	  setup/surprisal.sh $(BIN) "$$study" && \
	  setup/bad-input.sh $(BIN) "$$study"

test-stories: build ## Other stories, each from an fMRIPrep folder to the report: twelve runs, one run in chunks, a repeated test story
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && setup/stories.sh $(BIN) "$$folder"

test-tutorials: build ## Run the tutorials of docs/tutorials as they are written
	@$(PYTHON) -m venv $(TARGET)/tutorials && $(TARGET)/tutorials/bin/pip install -q numpy
	@$(TARGET)/tutorials/bin/python setup/tutorials.py $(BIN)

test-commands: build ## Run every command of the book and of the help texts, but those that say why not (PARTS="fetch.md lpp-fit" for some)
	@$(PYTHON) -m venv $(TARGET)/commands && $(TARGET)/commands/bin/pip install -q numpy nibabel joblib
	@$(TARGET)/commands/bin/python setup/commands.py $(BIN) $(PARTS)

test-workshop: build wheel ## Run the workshop of docs/workshop, script and notebook (LPP_DATA=folder adds the published words and mask)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  PYTHON=$(PYTHON) setup/test-workshop.sh $(BIN) "$$(ls -t dist/lpp_ridge-*.whl | head -1)" "$$folder"

test-resume: build ## Kill lpp-run at a few random moments and fill a disk, resume, and compare with an uninterrupted run
	@$(PYTHON) setup/faults.py $(BIN) --points 6 --extract --full-disk
	@$(PYTHON) setup/faults.py $(BIN) --points 2 --scans

test-faults: build ## The same at 50 random moments and at each rename, with special builds of the programs
	@$(PYTHON) setup/faults.py $(BIN) --points 50 --extract --full-disk
	@$(PYTHON) setup/faults.py $(BIN) --points 20 --scans --full-disk
	$(CARGO) build --release --bins $(PROGRAMS) --features lpp-files/fault-injection
	@mkdir -p $(FAULTS) && cp $(addprefix $(BIN)/lpp-,run simulate resample mask rois average glove random controls fit analyze report) $(FAULTS)
	$(CARGO) build --release --bins $(PROGRAMS)
	@$(PYTHON) setup/faults.py $(FAULTS) --points 0 --renames both

test-semantic: build ## Damage small studies in every known way, five of each kind; results must be correct, warned about or refused, never silently wrong
	@$(BIN)/semantic-fuzz $(BIN)

test-semantic-short: build ## The same with one study of each kind of damage
	@$(BIN)/semantic-fuzz $(BIN) --seeds 1

test-workflow: build ## Check that Snakemake on this machine gives the files of lpp-run (installs Snakemake into third_party/)
	@setup/workflow.sh third_party/snakemake
	@setup/test-slurm.sh $(BIN) third_party/snakemake local

test-slurm: build ## The same through a private Slurm, also with a killed job (installs Debian's Slurm)
	@setup/workflow.sh third_party/snakemake slurm
	@setup/test-slurm.sh $(BIN) third_party/snakemake

bench: setup ## Time the kernels (criterion; BENCH='--bench ridge -- paper/768' for some)
	OPENBLAS_NUM_THREADS=1 $(CARGO) bench $(BENCHES) $(BENCH)

bench-peers: build ## Time the ridge regression against scikit-learn and himalaya (PYTHON=interpreter that has them, WORK=folder for 0.4 GB)
	$(PYTHON) benches/peers/ridge.py --bin $(BIN) --work $(WORK) $(PEERS)

bench-peers-small: build ## The same at a small size, in a fresh environment, some minutes
	@$(PYTHON) -m venv $(WORK)-python && $(WORK)-python/bin/pip install -q -r benches/peers/requirements.txt
	$(WORK)-python/bin/python benches/peers/ridge.py --bin $(BIN) --work $(WORK)-small --features 300 --targets 2000 --repeat 1
	$(WORK)-python/bin/python benches/peers/ridge_cases.py --bin $(BIN) --work $(WORK)-small --features 100 400 --targets 1000 --bands 100 --repeat 1

bench-cases: build ## Processor time of the ridge regression against himalaya, for settings beyond the paper (PYTHON, WORK)
	$(PYTHON) benches/peers/ridge_cases.py --bin $(BIN) --work $(WORK) $(PEERS)

bench-peers-llm: build ## Time lpp-extract against transformers (ORIGINAL, NEWEST=interpreters with 4.40.1 and 4.57.6, WORK=folder for 1.2 GB)
	$(PYTHON) benches/peers/transformers_gpt2.py --bin $(BIN) --work $(WORK) --original $(ORIGINAL) --newest $(NEWEST) $(PEERS)

bench-subjects: build ## Time the fit of one layer to many subjects at the real size (DATA=folder of real data, WORK=folder for 0.3 GB per subject, SUBJECTS=49)
	PYTHON=$(PYTHON) setup/many-subjects.sh $(BIN) "$(DATA)" $(WORK) $(SUBJECTS)

bench-gpu: build ## Agreement with transformers and tokens per second on a CUDA device, see docs/gpu.md (WORK=folder for 20 GB)
	$(PYTHON) benches/peers/gpu.py --bin $(BIN) --work $(WORK) $(PEERS)

bench-check: setup ## Compare times relative to a matrix product with benches/baseline.toml
	OPENBLAS_NUM_THREADS=1 $(CARGO) bench $(BENCHES) --bench check

bench-baseline: setup ## Rewrite benches/baseline.toml
	OPENBLAS_NUM_THREADS=1 $(CARGO) bench $(BENCHES) --bench check -- --write

fuzz: setup ## Damage the files of each reader for TIME seconds, from SEED (TARGETS="nifti joblib"; the readers of checkpoints too)
	$(CARGO) run --release -p lpp-fuzz -- --time $(TIME) --seed $(SEED) $(TARGETS)
	$(CARGO) run --release -p lpp-fuzz --features torch -- --time $(TIME) --seed $(SEED) $(TORCH_TARGETS)

mutants: setup ## Change CRATE in COUNT ways, drawn by SEED, and see whether its tests notice (results in the build folder)
	CARGO_TARGET_DIR=$(abspath $(TARGET))/mutants/build $(PYTHON) setup/mutants.py $(CRATE) --count $(COUNT) --seed $(SEED) --work $(TARGET)/mutants

bench-build: setup ## Compile the benches without running them
	$(CARGO) bench --no-run $(BENCHES) --bench ridge --bench fmri --bench check

rooms: ## Fail on circles between modules, forbidden arrows between crates (setup/rooms.py says which), and what is compiled twice
	@$(PYTHON) -m unittest discover -q -s setup
	@$(PYTHON) setup/rooms.py --check docs/images/rooms.svg
	@$(PYTHON) setup/one_build.py $(ALL)

supply: ## Check the licences and sources of the dependencies (deny.toml)
	@$(PYTHON) setup/supply.py check

notices: ## Write the licences of all dependencies to NOTICES.txt in the build folder
	@$(PYTHON) setup/supply.py notices $(TARGET)/NOTICES.txt

lint: setup rooms supply ## Format, clippy and rustdoc, warnings as errors; the rooms; licences
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --all-targets $(ALL) -- -D warnings
	$(CARGO) clippy --release --all-targets $(RIDGE_TORCH) -- -D warnings
	$(CARGO) clippy --release $(WHEEL) -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --release --no-deps $(ALL)
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --release --no-deps $(RIDGE_TORCH)
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --release --no-deps --document-private-items $(WHEEL)

book: programs ## Build the book from docs/ and the help of all programs, links checked
	@$(PYTHON) setup/book/build.py $(BIN) $(TARGET)/book

doc: setup book ## Build the book and the documentation of all crates
	$(CARGO) doc --release --no-deps $(ALL)
	$(CARGO) doc --release --no-deps $(RIDGE_TORCH)

fixtures: ## Regenerate the golden cases with the pinned Python libraries (PYTHON=interpreter)
	@setup/fixtures.sh

first-light: build ## Run all steps on real input at full size (DATA=folder of real data)
	@setup/first-light.sh $(BIN) "$(DATA)" first-light

clean-demo: ## Remove the demo studies
	rm -rf $(STUDY) $(STUDY)-ceilings
