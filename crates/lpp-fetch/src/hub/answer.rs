//! The meaning of refusals by the hub.

use crate::FetchError;
use crate::address::shown;
use crate::http::Reply;
use crate::hub::RepoId;

/// The object of the refused request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) repo: &'a RepoId,
    pub(crate) revision: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) with_token: bool,
}

impl Asked<'_> {
    /// The error for an unsuccessful answer: from the hub's `X-Error-Code`, otherwise from the status.
    ///
    /// Without a token, the hub answers 401 instead of 404 for an unknown repository, because it might be private.
    pub(crate) fn refusal(self, url: &str, reply: &Reply) -> FetchError {
        let repo = self.repo.to_string();
        let page = format!("{}/{repo}", self.endpoint);
        let (revision, file) = (self.revision.to_owned(), self.file.unwrap_or_default().to_owned());
        match (reply.status, reply.header("x-error-code"), self.file) {
            (401 | 403, Some("GatedRepo"), _) if !self.with_token => FetchError::Gated { repo, page },
            (403, ..) if !self.with_token => FetchError::NoToken { repo, page },
            (401 | 403, Some("GatedRepo"), _) | (403, ..) => FetchError::Forbidden { repo, page },
            (401, code, _) if self.with_token && code != Some("RepoNotFound") => FetchError::TokenRefused {
                repo,
                page: format!("{}/settings/tokens", self.endpoint),
            },
            (404, Some("RevisionNotFound"), _) => FetchError::NoRevision { repo, revision },
            (401, ..) | (404, Some("RepoNotFound"), _) | (404, None, None) => {
                FetchError::NoRepository { repo }
            }
            (404, _, Some(_)) => FetchError::NoFile { repo, revision, file },
            (429, ..) => FetchError::TooManyRequests { repo },
            (status, ..) => FetchError::Status {
                url: shown(url),
                status,
            },
        }
    }
}
