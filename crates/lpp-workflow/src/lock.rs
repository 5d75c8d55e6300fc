//! One lpp-run at a time in a study.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use lpp_files::open_own_file;
use lpp_study::Study;

use crate::WorkflowError;
use crate::record::{make_folder, run_folder};

/// Time between two checks whether a program of a killed run has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The lock for running steps in a study, inherited by the started programs. If lpp-run is killed, they keep it until
/// they end, so that no second run starts meanwhile.
#[derive(Debug)]
pub(crate) struct StudyLock {
    file: File,
    path: PathBuf,
}

impl StudyLock {
    /// Acquires the lock; waits for programs of a killed lpp-run.
    pub(crate) fn take(study: &Study) -> Result<Self, WorkflowError> {
        let folder = run_folder(study);
        let path = folder.join("lock");
        make_folder(&folder)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let open = open_own_file(&path, &mut options);
        let mut file = open.map_err(WorkflowError::io(&path))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(WorkflowError::io(&path)(source)),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(process) = live_owner(&path) {
                return Err(WorkflowError::Busy { path, process });
            }
            if !told {
                tracing::info!("waiting for a program of an earlier run to finish");
                told = true;
            }
            thread::sleep(LOOK_EVERY);
        }
        file.set_len(0).map_err(WorkflowError::io(&path))?;
        write!(file, "{}", std::process::id()).map_err(WorkflowError::io(&path))?;
        Ok(Self { file, path })
    }

    /// The lock as the standard input of a program, which nothing reads.
    pub(crate) fn share(&self) -> Result<Stdio, WorkflowError> {
        self.file
            .try_clone()
            .map(Stdio::from)
            .map_err(WorkflowError::io(&self.path))
    }
}

/// The lpp-run that wrote the lock, if it still runs.
fn live_owner(path: &Path) -> Option<u32> {
    let process: u32 = fs::read_to_string(path).ok()?.trim().parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    // A number can have gone to another program since; a zombie is gone.
    let state = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    (name.trim() == "lpp-run" && !state.contains(") Z ")).then_some(process)
}
