//! Batteries of minimal pairs in their published form.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lpp_study::Study;

use crate::address::shown;
use crate::git_tree::{GitTree, files_url, listing_url};
use crate::http::Http;
use crate::{FetchError, RemoteFile};

/// A battery whose repository states a licence that allows copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Battery {
    /// 67 sets of 1000 pairs, CC BY 4.0.
    ///
    /// A. Warstadt et al. (2020), <https://doi.org/10.1162/tacl_a_00321>
    Blimp,
    /// 23 sets of 2000 pairs, MIT.
    ///
    /// P. A. Huebner et al. (2021), <https://doi.org/10.18653/v1/2021.conll-1.49>
    Zorro,
}

/// Where the files of a battery are.
struct Source {
    name: &'static str,
    repository: &'static str,
    commit: &'static str,
    folder: &'static str,
    ending: &'static str,
    n_files: usize,
}

impl Battery {
    fn source(self) -> Source {
        match self {
            Self::Blimp => Source {
                name: "blimp",
                repository: "alexwarstadt/blimp",
                // Its README states the licence.
                commit: "3e56b06fcabca9b30822fc66435fca6b1aa40bb1",
                folder: "data",
                ending: ".jsonl",
                n_files: 67,
            },
            Self::Zorro => Source {
                name: "zorro",
                repository: "phueb/Zorro",
                commit: "3b62dae0615dcc41114010a7ed755413e5e670db",
                folder: "sentences/babyberta",
                ending: ".txt",
                n_files: 23,
            },
        }
    }

    /// The repository of the battery.
    #[must_use]
    pub fn repository(self) -> &'static str {
        self.source().repository
    }

    /// The commit of the files.
    #[must_use]
    pub fn commit(self) -> &'static str {
        self.source().commit
    }
}

impl FromStr for Battery {
    type Err = String;

    /// Reads `blimp` or `zorro`; of other batteries, says where they are.
    fn from_str(text: &str) -> Result<Self, String> {
        let by_hand = |page: &str, format: &str| {
            Err(format!(
                "its licence was not found with its files; download them from {page}, and read them with lpp-score choices --format {format}"
            ))
        };
        match text {
            "blimp" => Ok(Self::Blimp),
            "zorro" => Ok(Self::Zorro),
            "hellaswag" => by_hand(
                "https://github.com/rowanz/hellaswag/tree/master/data",
                "hellaswag",
            ),
            "arc" => by_hand("https://allenai.org/data/arc", "arc"),
            _ => Err("expected blimp or zorro".to_owned()),
        }
    }
}

/// Downloads a battery into `items/` of a study.
#[derive(Debug, Clone)]
pub struct ItemsJob {
    /// The battery.
    pub battery: Battery,
    /// Address that contains the files of the commit.
    pub base_url: String,
    /// Address of the commit's tree in GitHub's API.
    pub listing_url: String,
}

impl ItemsJob {
    /// The job for the files on GitHub.
    #[must_use]
    pub fn new(battery: Battery) -> Self {
        let Source {
            repository, commit, ..
        } = battery.source();
        Self {
            battery,
            base_url: files_url(repository, commit),
            listing_url: listing_url(repository, commit),
        }
    }

    /// Looks up the files; each is verified with git's hash.
    ///
    /// # Errors
    /// [`FetchError::Answer`] if the listing is invalid or has another number of files, [`FetchError::Status`] and similar if it
    /// cannot be downloaded.
    pub fn plan(&self, http: &Http, study: &Study) -> Result<Vec<RemoteFile>, FetchError> {
        let source = self.battery.source();
        let place: PathBuf = study.root().join("items").join(source.name);
        let tree = GitTree::fetch(http, &self.listing_url)?;
        let mut files = Vec::with_capacity(source.n_files);
        for entry in tree.files() {
            let path = Path::new(&entry.path);
            let is_wanted =
                path.parent() == Some(Path::new(source.folder)) && entry.path.ends_with(source.ending);
            if let Some(name) = path.file_name().filter(|_| is_wanted) {
                files.push(entry.remote(&self.base_url, place.join(name))?);
            }
        }
        if files.len() == source.n_files {
            return Ok(files);
        }
        let problem = format!(
            "{} {} files in {}, expected {}",
            files.len(),
            source.ending,
            source.folder,
            source.n_files
        );
        Err(FetchError::answer(&shown(&self.listing_url), problem))
    }
}
