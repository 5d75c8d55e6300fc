#!/usr/bin/env bash
# Every program must answer broken input with exit status 1 and one line on stderr that names what is wrong.
#   bad-input.sh BINARIES STUDY       STUDY is a finished demo study; it is read, not changed
set -uo pipefail

bin=$1 study=$(cd "$2" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
checks=0 failures=0
# No case may use the network or a cache of this machine.
export HF_HOME=$work/hf HF_HUB_OFFLINE=1

# expect TEXT PROGRAM ARGUMENTS...: the program fails as it must, and its line contains TEXT.
expect() {
  local text=$1 program=$2; shift 2
  local said status
  said=$("$bin/$program" "$@" -q 2>&1 >/dev/null); status=$?
  checks=$((checks + 1))
  if [ "$status" != 1 ] || [ "$(wc -l <<<"$said")" != 1 ] || [[ $said != "error: "*"$text"* ]]; then
    failures=$((failures + 1))
    printf 'wrong answer (status %s, expected 1 and one line with %s): %s %s\n%s\n' "$status" "'$text'" "$program" "$*" "$said"
  fi
}

# Broken files: empty, cut short, or of another shape.
: >"$work/empty.csv"
cut_short() { head -c $(($(stat -c %s "$1") / 2)) "$1" >"$2"; }
cut_short "$study/masks/mask_lpp_en.nii.gz" "$work/cut.nii.gz"
cut_short "$study/isc/isc_en.npy" "$work/cut.npy"
python3 - "$work" <<'PY'
import gzip, pathlib, struct, sys
work = pathlib.Path(sys.argv[1])
def npy(name, shape, descr="<f4"):
    header = str({"descr": descr, "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    size = int(descr[2:])
    for n in shape:
        size *= n
    (work / name).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(size))
npy("narrow.npy", (10, 7))
npy("short.npy", (20, 27887))
npy("cube.npy", (4, 3, 2))
npy("ids.npy", (3,), "<i8")
npy("floats.npy", (1, 4))
words = gzip.compress(b"the 0.1 0.2\n" * 2000)
(work / "glove.txt.gz").write_bytes(words[: len(words) // 2])
joblib = gzip.compress(bytes(range(256)) * 64)
(work / "isc.gz").write_bytes(joblib[: len(joblib) // 2])
PY
model=$(find "$study/models" -mindepth 1 -maxdepth 1 | sort | head -1)
name=$(basename "$model")
mkdir "$work/model" "$work/odd" "$work/study"
cp "$model"/*.json "$work/model/" && cut_short "$model/model.safetensors" "$work/model/model.safetensors"
cp "$model"/*.json "$work/odd/" && sed -i 's/"model_type": "[a-z0-9]*"/"model_type": "perceptron"/' "$work/odd/config.json"
runs=("$study"/average_subject/en/run-{0,1,2}.npy)
annotation=$study/annotation/EN/lppEN_word_information.csv
out=$work/out

expect none.gz lpp-simulate subject --study "$study" --isc "$work/none.gz" --n-scans 9
expect isc.gz lpp-simulate subject --study "$study" --isc "$work/isc.gz" --n-scans 9
expect narrow.npy lpp-simulate subject --study "$study" --isc "$work/narrow.npy" --n-scans 9
expect empty.csv lpp-simulate subject --study "$study" --isc "$study/isc/isc_en.npy" --words "$work/empty.csv" --n-scans 9
expect truth.json lpp-simulate compare --study "$work/study"
expect none.nii.gz lpp-rois --mask "$work/none.nii.gz" -o "$out"
expect cut.nii.gz lpp-rois --mask "$work/cut.nii.gz" -o "$out"
expect empty.csv lpp-rois --mask "$study/masks/mask_lpp_en.nii.gz" --coords "$work/empty.csv" -o "$out"
expect "no such folder" lpp-fetch verify "$work/none"
expect EN999 lpp-fetch data --study "$study" --subject EN999 --dry-run
expect "expected http" lpp-fetch data --study "$work/fetched" --kind words --base-url ftp://127.0.0.1/x
expect "no connection" lpp-fetch data --study "$work/fetched" --kind words --tries 1 --base-url http://127.0.0.1:1/x
expect unheard-of lpp-fetch model unheard-of --offline
expect "not in the cache" lpp-fetch model gpt2 --offline
expect unheard-of lpp-extract --study "$study" --model unheard-of
expect perceptron lpp-extract --study "$study" --model-dir "$work/odd" -o "$out.safetensors"
expect model.safetensors lpp-extract --study "$study" --model-dir "$work/model" -o "$out.safetensors"
expect empty.csv lpp-extract --study "$study" --model "$name" --annotation "$work/empty.csv" -o "$out.safetensors"
expect none.csv lpp-extract --study "$study" --model "$name" --annotation "$work/none.csv" -o "$out.safetensors"
expect none.npy lpp-extract hidden-states --model-dir "$model" --ids "$work/none.npy" -o "$out.safetensors"
expect ids.npy lpp-extract hidden-states --model-dir "$model" --ids "$work/ids.npy" -o "$out.safetensors"
expect floats.npy lpp-extract hidden-states --model-dir "$model" --ids "$work/floats.npy" -o "$out.safetensors"
expect none.npy lpp-score ids --model-dir "$model" --ids "$work/none.npy" -o "$out.safetensors"
expect floats.npy lpp-score ids --model-dir "$model" --ids "$work/floats.npy" -o "$out.safetensors"
expect none.txt lpp-score pairs --study "$study" --model "$name" "$work/none.txt" -o "$out.csv"
expect empty.csv lpp-score pairs --study "$study" --model "$name" "$work/empty.csv" -o "$out.csv"
expect empty.csv lpp-score choices --format arc --study "$study" --model "$name" "$work/empty.csv" -o "$out.csv"
expect empty.csv lpp-score text --study "$study" --model "$name" --annotation "$work/empty.csv" -o "$out.csv"
expect model.safetensors lpp-score text --study "$study" --model-dir "$work/model" -o "$out.csv"
expect none.txt lpp-glove --study "$study" --glove "$work/none.txt" -o "$out.safetensors"
expect glove.txt.gz lpp-glove --study "$study" --glove "$work/glove.txt.gz" -o "$out.safetensors"
expect empty.csv lpp-glove --study "$study" --glove "$study/glove/glove.sim.16d.txt" --annotation "$work/empty.csv" -o "$out.safetensors"
expect none.csv lpp-random --study "$study" --type vector --dims 4 --annotation "$work/none.csv" -o "$out.safetensors"
expect empty.csv lpp-random --study "$study" --type vector --dims 4 --annotation "$work/empty.csv" -o "$out.safetensors"
expect none.csv lpp-controls --study "$study" --frequencies "$work/none.csv" --controls frequency -o "$out"
expect empty.csv lpp-controls --study "$study" --frequencies "$work/empty.csv" --controls frequency -o "$out"
expect empty.csv lpp-controls --study "$study" --annotation "$work/empty.csv" -o "$out"
expect cut.npy lpp-controls --study "$study" --controls envelope --wav "$work"/cut.npy{,,,,,,,,} -o "$out"
expect recordings lpp-controls --study "$study" --controls envelope -o "$out"
expect none.json lpp-align --study "$study" --tokenizer "$work/none.json" --max-len 256 -o "$out.csv"
expect empty.csv lpp-align --study "$study" --tokenizer "$model" --max-len 256 --annotation "$work/empty.csv" -o "$out.csv"
expect none.zip lpp-align --study "$study" --tokenizer "$model" --max-len 256 --text "$work/none.zip" -o "$out.csv"
expect none.csv lpp-regressors --events "$work/none.csv" --activations "$work/narrow.npy" --n-scans 9 --tr 2 -o "$out.npy"
expect empty.csv lpp-regressors --events "$work/empty.csv" --activations "$work/narrow.npy" --n-scans 9 --tr 2 -o "$out.npy"
expect narrow.npy lpp-regressors --events "$annotation" --run 1 --activations "$work/narrow.npy" --n-scans 80 --tr 2 -o "$out.npy"
expect none.npy lpp-ridge --x "${runs[@]}" --y "$work/none.npy" "${runs[1]}" "${runs[2]}" -o "$out.npy"
expect cut.npy lpp-ridge --x "${runs[@]}" --y "$work/cut.npy" "${runs[1]}" "${runs[2]}" -o "$out.npy"
expect cube.npy lpp-ridge --x "$work/cube.npy" "${runs[1]}" "${runs[2]}" --y "${runs[@]}" -o "$out.npy"
expect narrow.npy lpp-ridge --x "${runs[@]}" --y "${runs[0]}" "$work/narrow.npy" "${runs[2]}" -o "$out.npy"
expect "no data to choose its penalty" lpp-ridge --x "${runs[@]}" --y "${runs[@]}" --groups 0,0,1 -o "$out.npy"
expect "4 group labels for 3 runs" lpp-ridge --x "${runs[@]}" --y "${runs[@]}" --groups 0,1,2,3 -o "$out.npy"
expect "delay 100000" lpp-ridge --x "${runs[@]}" --y "${runs[@]}" --delays 1,100000 -o "$out.npy"
expect "bands cover 5 features" lpp-ridge --x "${runs[@]}" --y "${runs[@]}" --bands 2,3 -o "$out.npy"
expect cut.npy lpp-ridge --x "${runs[@]}" --y "${runs[0]}" "$work/cut.npy" "${runs[2]}" --bands 2,3 -o "$out.npy"
expect unheard-of lpp-fit --study "$study" --model unheard-of
expect none.npy lpp-fit --study "$study" --model "$name" --y "$work/none.npy" -o "$out.npy"
expect cut.nii.gz lpp-fit --study "$study" --model "$name" --mask "$work/cut.nii.gz" -o "$out.npy"
expect narrow.npy lpp-fit --study "$study" --model "$name" --y "$work"/narrow.npy{,,} -o "$out.npy"
expect empty.csv lpp-fit --study "$study" --model "$name" --words "$work/empty.csv" -o "$out.npy"
expect none.npy lpp-run why scores/none.npy --study "$study"
expect none lpp-run verify --study "$work/none"
expect "no step matches" lpp-run --study "$study" --only fit:unheard-of
expect control_envelope lpp-fit --study "$study" --model "$name" --controls envelope --layer 0 --no-canary
expect "layer-99" lpp-fit --study "$study" --model "$name" --nulls 9 --layer 99 --no-canary
expect none.nii.gz lpp-analyze isc --mask "$work/none.nii.gz" --isc "$study/isc/isc_en.npy"
expect cut.nii.gz lpp-analyze isc --mask "$work/cut.nii.gz" --isc "$study/isc/isc_en.npy"
expect isc.gz lpp-analyze isc --mask "$study/masks/mask_lpp_en.nii.gz" --isc "$work/isc.gz"
expect narrow.npy lpp-analyze isc --mask "$study/masks/mask_lpp_en.nii.gz" --isc "$work/narrow.npy"
expect error lpp-analyze all --study "$work/study"
expect lpp-analyze lpp-report --study "$work/study"
cp -r "$study/results" "$work/study/" && : >"$work/study/results/scaling_en.csv"
expect scaling_en.csv lpp-report --study "$work/study"

[ ! -e "$out" ] || { echo "a failed program left an output behind: $(ls -R "$out")"; failures=$((failures + 1)); }
echo "broken input: $((checks - failures)) passed, $failures failed"
[ "$failures" = 0 ]
