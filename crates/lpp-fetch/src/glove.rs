//! GloVe vectors: the published archive, and one text file from it.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use lpp_files::{AtomicFile, Progress, open_zip};
use lpp_steps::{FetchGloveStep, Making, Software};

use crate::http::Http;
use crate::{Batch, Digest, FetchError, RemoteFile};

/// Size of `glove.6B.zip`.
const ARCHIVE_BYTES: u64 = 862_182_613;

/// SHA-256 of `glove.6B.zip`, as checked by several public projects (Keras' examples, TensorFlow's data sets).
const ARCHIVE_SHA256: &str = "617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb";

/// Dimensions of the vectors in the archive.
pub const GLOVE_DIMS: [u32; 4] = [50, 100, 200, 300];

/// The vectors of one dimension, for `lpp-glove`.
#[derive(Debug, Clone)]
pub struct GloveJob {
    /// Address of the archive.
    pub url: String,
    /// Its size, if known.
    pub bytes: Option<u64>,
    /// Its SHA-256.
    pub sha256: String,
    /// Dimensions: 50, 100, 200 or 300 (as in the paper).
    pub n_dims: u32,
    /// Folder for `glove.6B.300d.txt`.
    pub folder: PathBuf,
    /// Whether to keep the archive.
    pub keep_archive: bool,
    /// Whether to download and extract again if the file exists.
    pub force: bool,
}

impl GloveJob {
    /// The published archive on the hub at `endpoint`, the source given in the paper's README.
    #[must_use]
    pub fn published(endpoint: &str, n_dims: u32, folder: PathBuf) -> Self {
        Self {
            url: format!("{endpoint}/stanfordnlp/glove/resolve/main/glove.6B.zip"),
            bytes: Some(ARCHIVE_BYTES),
            sha256: ARCHIVE_SHA256.to_owned(),
            n_dims,
            folder,
            keep_archive: false,
            force: false,
        }
    }

    /// Name of the text file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("glove.6B.{}d.txt", self.n_dims)
    }

    /// The text file.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        self.folder.join(self.file_name())
    }

    /// The archive as a download.
    #[must_use]
    pub fn archive(&self) -> RemoteFile {
        RemoteFile {
            url: self.url.clone(),
            target: self.folder.join("glove.6B.zip"),
            bytes: self.bytes,
            digest: Some(Digest::Sha256(self.sha256.clone())),
        }
    }

    /// Downloads the archive and extracts the file; returns `false` if the file already existed.
    ///
    /// # Errors
    /// [`FetchError`] of the download; [`FetchError::Answer`] if the archive has no such file or is damaged.
    pub fn run(&self, http: &Http, software: Software, progress: &dyn Progress) -> Result<bool, FetchError> {
        let target = self.target();
        let step = FetchGloveStep {
            output: target.clone(),
            archive_sha256: Some(self.sha256.clone()),
        };
        let making = Making::of(software, step.artefact())?;
        if making.is_done(self.force)? {
            return Ok(false);
        }
        let archive = self.archive();
        let batch = Batch {
            files: vec![archive.clone()],
            n_threads: 1,
            force: false,
        };
        batch.run(http, progress)?;
        extract(&archive.target, &self.file_name(), &target)?;
        making.finish()?;
        if !self.keep_archive {
            fs::remove_file(&archive.target).map_err(FetchError::write(&archive.target))?;
        }
        Ok(true)
    }
}

/// Extracts `member` from a zip archive and checks it against the archive's checksum.
fn extract(archive: &Path, member: &str, target: &Path) -> Result<(), FetchError> {
    let damaged = |problem: String| FetchError::answer(&archive.to_string_lossy(), problem);
    let file = File::open(archive).map_err(FetchError::read(archive))?;
    let mut zip = open_zip(archive, BufReader::new(file))?;
    let mut content = zip
        .by_name(member)
        .map_err(|e| damaged(format!("no {member} in it ({e})")))?;
    let bytes = content.size();
    crate::space::require([(target, bytes)])?;
    let mut out = AtomicFile::create(target)?;
    let copied = io::copy(&mut content, &mut out).map_err(FetchError::write(target))?;
    if copied != bytes {
        return Err(damaged(format!("{copied} bytes of {member}, expected {bytes}")));
    }
    Ok(out.commit()?)
}
