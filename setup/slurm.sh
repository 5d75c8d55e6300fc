#!/usr/bin/env bash
# A private Slurm on the loopback of this machine: no systemd, nothing outside its folder, no accounting.
#   slurm.sh start FOLDER [NODES]    pretends NODES nodes of two cores
#   slurm.sh stop FOLDER
# Needs Debian's slurm-wlm and munge. Then: export SLURM_CONF=FOLDER/slurm.conf PATH=FOLDER/bin:$PATH
set -euo pipefail

action=$1 folder=$2 nodes=${3:-2}
host=$(hostname -s)

write_settings() {
  cat > "$folder/slurm.conf" <<C
ClusterName=lpp
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=socket=$folder/munge/munge.sock
CredType=cred/munge
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1
# Without accounting, squeue must remember jobs that have ended.
MinJobAge=86400
C
  for ((i = 0; i < nodes; i++)); do
    echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((17000 + i)) CPUs=2 RealMemory=8000 State=UNKNOWN"
  done >> "$folder/slurm.conf"
  echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >> "$folder/slurm.conf"
}

start() {
  [ ! -e "$folder" ] || { echo "$folder exists already" >&2; exit 1; }
  mkdir -p "$folder"/{munge,state,spool,log}
  chmod 755 "$folder" "$folder/munge"
  dd if=/dev/urandom bs=1 count=128 of="$folder/munge/munge.key" 2>/dev/null
  chmod 400 "$folder/munge/munge.key"
  munged --key-file="$folder/munge/munge.key" --socket="$folder/munge/munge.sock" \
    --pid-file="$folder/munge/munged.pid" --log-file="$folder/munge/munged.log" --seed-file="$folder/munge/munged.seed"
  write_settings
  # Snakemake's jobs call srun without SLURM_CONF in their environment.
  mkdir "$folder/bin"
  printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$folder/slurm.conf" "$(command -v srun)" > "$folder/bin/srun"
  chmod 755 "$folder/bin/srun"
  slurmctld -f "$folder/slurm.conf"
  for ((i = 0; i < nodes; i++)); do
    mkdir -p "$folder/spool/n$i"
    slurmd -N "n$i" -f "$folder/slurm.conf"
  done
}

stop() {
  for file in "$folder"/slurmd-*.pid "$folder"/slurmctld.pid "$folder"/munge/munged.pid; do
    [ -s "$file" ] || continue
    process=$(cat "$file")
    kill "$process" 2>/dev/null || continue
    while kill -0 "$process" 2>/dev/null; do sleep 0.1; done
  done
}

"$action"
