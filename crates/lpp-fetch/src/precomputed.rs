//! Files that the paper's authors published with their code: masks, regions, text, inter-subject correlation and
//! average subjects.

use std::path::{Path, PathBuf};

use lpp_steps::{Artefact, Making, Software};
use lpp_study::{Language, Study};

use crate::address::shown;
use crate::git_tree::{GitEntry, GitTree, files_url, listing_url};
use crate::http::Http;
use crate::manifest::N_RUNS;
use crate::{Digest, FetchError, RemoteFile};

/// The authors' repository on GitHub.
pub const AUTHORS_REPOSITORY: &str = "l-bg/llms_brain_lateralization";

/// The commit of the files. A public index of GitHub has it with the masks, the inter-subject correlations of the three
/// languages, and a README that says that the precomputed files are in the repository. The commit is checked against a
/// table of known hashes.
pub const AUTHORS_COMMIT: &str = "cdc456e0bb7ddce3329a1ed9cda2d6434ff6b2a1";

/// Published files by name with their git hashes, computed from copies of the files.
const PUBLISHED: [(&str, &str); 10] = [
    ("lpp_en_text.zip", "a4aa167479469b0085d9dd34d8c80144f8e35d4f"),
    ("isc_10trials_en.gz", "cae270cdaa63c91aab39758bb2bf1a6ca7e7dd0e"),
    ("mask_lpp_en.nii.gz", "cb9a3228c4448f1c777657104db8d01abb5f7efa"),
    ("AG_TPJ.nii.gz", "f47c2332e035fa324ebf5d7919a92242bc5d8425"),
    ("BA44.nii.gz", "922a1f19a28eaadf6fd469064574002b9b7b1c79"),
    ("BA45.nii.gz", "d3b8558a10ff0f2aa9ee4ba7afc022c1fcd9b2fe"),
    ("BA47.nii.gz", "0f30e66169fd2270be1736a08677810745cec826"),
    ("TP.nii.gz", "1a8ba0e2c296508d15684277be384b82182fa52b"),
    ("aSTS.nii.gz", "776d5c38d2f4b2f45a104b77d0978165b274c86d"),
    ("pSTS.nii.gz", "22d3fa441859821584b54a71ae374513b38724a1"),
];

/// The regions of the paper.
const REGIONS: [&str; 7] = ["AG_TPJ", "BA44", "BA45", "BA47", "TP", "aSTS", "pSTS"];

/// Folder of a study for joblib files before they are converted.
const PUBLISHED_FOLDER: &str = "published";

/// The kind of a precomputed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A file that is used unchanged.
    AsIs,
    /// An array in joblib format, converted to this `.npy` file.
    Array(PathBuf),
}

/// A precomputed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrecomputedFile {
    /// Its address and local path.
    pub remote: RemoteFile,
    /// Its kind.
    pub role: Role,
}

/// The precomputed files of some languages.
#[derive(Debug, Clone)]
pub struct PrecomputedJob {
    /// Languages.
    pub languages: Vec<Language>,
    /// The commit.
    pub commit: String,
    /// Address that contains the files of the commit.
    pub base_url: String,
    /// Address of the commit's tree in GitHub's API, with sizes and hashes.
    pub listing_url: String,
}

impl PrecomputedJob {
    /// The job for the files on GitHub.
    #[must_use]
    pub fn new(languages: Vec<Language>, commit: &str) -> Self {
        Self {
            languages,
            commit: commit.to_owned(),
            base_url: files_url(AUTHORS_REPOSITORY, commit),
            listing_url: listing_url(AUTHORS_REPOSITORY, commit),
        }
    }

    /// Looks up the files and their paths in `study`.
    ///
    /// Every file is checked against the hash of the listing. At [`AUTHORS_COMMIT`], the listing itself is checked
    /// against the known hashes.
    ///
    /// # Errors
    /// [`FetchError::Answer`] if the listing is invalid or lacks a file; [`FetchError::NotPublished`] if it has a known
    /// file with a different hash; [`FetchError::Status`] and similar if it cannot be downloaded.
    pub fn plan(&self, http: &Http, study: &Study) -> Result<Vec<PrecomputedFile>, FetchError> {
        let tree = GitTree::fetch(http, &self.listing_url)?;
        self.wanted(study)
            .into_iter()
            .map(|(name, place, role)| {
                let entry = self.find(&tree, &name)?;
                self.check(entry, &name)?;
                Ok(PrecomputedFile {
                    remote: entry.remote(&self.base_url, place)?,
                    role,
                })
            })
            .collect()
    }

    /// File names, paths and kinds. Names are those of the authors' scripts; their folders do not matter.
    fn wanted(&self, study: &Study) -> Vec<(String, PathBuf, Role)> {
        let mut wanted = Vec::new();
        for &lang in &self.languages {
            let published = |name: &str| study.root().join(PUBLISHED_FOLDER).join(lang.code()).join(name);
            let mask = format!("mask_lpp_{lang}.nii.gz");
            wanted.push((mask, study.mask(lang), Role::AsIs));
            let text = study.text(lang);
            if !text.is_dir() {
                wanted.push((format!("lpp_{lang}_text.zip"), text, Role::AsIs));
            }
            let isc = format!("isc_10trials_{lang}.gz");
            wanted.push((isc.clone(), published(&isc), Role::Array(study.isc(lang))));
            for run in 0..N_RUNS {
                let name = format!("average_subject_run-{run}.gz");
                let array = Role::Array(study.average_run(lang, run));
                wanted.push((
                    format!("lpp_{lang}_average_subject/{name}"),
                    published(&name),
                    array,
                ));
            }
        }
        for region in REGIONS {
            wanted.push((format!("{region}.nii.gz"), study.roi_mask(region), Role::AsIs));
        }
        wanted
    }

    fn find<'a>(&self, tree: &'a GitTree, name: &str) -> Result<&'a GitEntry, FetchError> {
        let ends = |path: &str| path == name || path.ends_with(&format!("/{name}"));
        let found = tree.files().find(|entry| ends(&entry.path));
        found.ok_or_else(|| {
            let problem = format!("no {name} at commit {}; --commit names another", self.commit);
            FetchError::answer(&shown(&self.listing_url), problem)
        })
    }

    fn check(&self, entry: &GitEntry, name: &str) -> Result<(), FetchError> {
        let known = PUBLISHED.iter().find(|(known, _)| *known == name);
        match known {
            Some((_, hash)) if self.commit == AUTHORS_COMMIT && entry.sha != *hash => {
                Err(FetchError::NotPublished {
                    url: shown(&self.listing_url),
                    path: entry.path.clone(),
                    found: entry.sha.clone(),
                    expected: (*hash).to_owned(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Existing files with different contents at the paths of published ones: most likely the user's own results.
///
/// # Errors
/// [`FileError::Read`](lpp_files::FileError::Read) if a file cannot be read.
pub fn in_the_way(files: &[RemoteFile]) -> Result<Vec<&Path>, FetchError> {
    let mut found = Vec::new();
    for file in files {
        let (target, digest) = (&file.target, file.digest.as_ref());
        if let Some(digest) = digest.filter(|_| target.exists())
            && digest.of_file(target)? != digest.hex()
        {
            found.push(target.as_path());
        }
    }
    Ok(found)
}

/// Writes a record of its source next to each file, for `lpp-fetch verify`.
///
/// # Errors
/// [`FetchError::File`] if a file cannot be read or a record not be written.
pub fn record<'a>(
    files: impl IntoIterator<Item = &'a RemoteFile>,
    repository: &str,
    commit: &str,
    software: Software,
) -> Result<(), FetchError> {
    for file in files {
        let artefact = Artefact::new(&file.target)
            .with("repository", repository)
            .with("commit", commit)
            .with("git_sha1", file.digest.as_ref().map(Digest::hex));
        let making = Making::of(software, artefact)?;
        if !making.is_current() {
            making.finish()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes_are_those_of_the_published_files() {
        let Some(data) = lpp_testkit::data_folder() else {
            return;
        };
        let folders = [
            data.clone(),
            data.join("reference_en"),
            data.join("reference_en/roi_masks"),
        ];
        for (name, hash) in PUBLISHED {
            let mut places = folders.iter().map(|folder| folder.join(name));
            let file = places.find(|file| file.is_file()).unwrap();
            assert_eq!(
                Digest::GitSha1(String::new()).of_file(&file).unwrap(),
                hash,
                "{name}"
            );
        }
    }

    #[test]
    fn every_file_of_the_paper_has_a_place() {
        let job = PrecomputedJob::new(vec![Language::English], AUTHORS_COMMIT);
        let wanted = job.wanted(&Study::planned("s"));
        assert_eq!(wanted.len(), 1 + 1 + 1 + N_RUNS + REGIONS.len());
        let place = |name: &str| {
            wanted
                .iter()
                .find(|one| one.0.ends_with(name))
                .map(|one| one.1.clone())
        };
        assert_eq!(
            place("mask_lpp_en.nii.gz"),
            Some("s/masks/mask_lpp_en.nii.gz".into())
        );
        assert_eq!(place("lpp_en_text.zip"), Some("s/text/lpp_en_text.zip".into()));
        assert_eq!(
            place("run-8.gz"),
            Some("s/published/en/average_subject_run-8.gz".into())
        );
    }
}
