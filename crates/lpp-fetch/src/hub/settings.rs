//! The addresses of the hub and its cache, from the environment variables of Python's `huggingface_hub`.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use crate::{HubCache, Token};

/// Default address of the hub.
const ENDPOINT: &str = "https://huggingface.co";

/// The hub, its cache, and whether the network may be used.
///
/// | variable | meaning |
/// |---|---|
/// | `HF_ENDPOINT` | address of the hub or of a mirror |
/// | `HF_HOME` | folder of cache and token; otherwise `$XDG_CACHE_HOME/huggingface` or `~/.cache/huggingface` |
/// | `HF_HUB_CACHE` (older: `HUGGINGFACE_HUB_CACHE`) | the cache; otherwise `$HF_HOME/hub` |
/// | `HF_TOKEN` (older: `HUGGING_FACE_HUB_TOKEN`) | the token; otherwise the file `HF_TOKEN_PATH` or `$HF_HOME/token` |
/// | `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE` | `1`, `on`, `yes` or `true`: use the cache only |
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// Address, without a slash at the end.
    pub endpoint: String,
    /// The cache.
    pub cache: HubCache,
    /// The token, if there is one.
    pub token: Option<Token>,
    /// Whether the network may not be used.
    pub offline: bool,
}

impl HubSettings {
    /// The settings from the environment of this process.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The settings from an environment given as a function.
    ///
    /// ```
    /// use lpp_fetch::HubSettings;
    /// let settings = HubSettings::from_variables(|name| (name == "HF_HOME").then(|| "/data/hf".into()));
    /// assert_eq!(settings.cache.root(), std::path::Path::new("/data/hf/hub"));
    /// assert_eq!(settings.endpoint, "https://huggingface.co");
    /// ```
    #[must_use]
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| get(name).map(|value| expanded(PathBuf::from(value), &get));
        let text = |name: &str| get(name).map(|value| value.to_string_lossy().into_owned());
        let home = path("HF_HOME").unwrap_or_else(|| {
            let caches = path("XDG_CACHE_HOME");
            caches
                .unwrap_or_else(|| expanded("~/.cache".into(), &get))
                .join("huggingface")
        });
        let cache = path("HF_HUB_CACHE")
            .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
            .unwrap_or_else(|| home.join("hub"));
        let token = text("HF_TOKEN")
            .or_else(|| text("HUGGING_FACE_HUB_TOKEN"))
            .or_else(|| {
                let file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
                fs::read_to_string(file).ok()
            });
        let is_on = |name| text(name).is_some_and(|value| is_true(&value));
        Self {
            endpoint: text("HF_ENDPOINT")
                .map_or_else(|| ENDPOINT.to_owned(), |url| url.trim_end_matches('/').to_owned()),
            cache: HubCache::new(cache),
            token: token.and_then(|token| Token::new(&token)),
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
        }
    }
}

/// The values that `huggingface_hub` treats as true.
fn is_true(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"].contains(&value.to_ascii_uppercase().as_str())
}

/// The path with `~` replaced by the home folder.
fn expanded(path: PathBuf, get: &impl Fn(&str) -> Option<OsString>) -> PathBuf {
    match (path.strip_prefix("~"), get("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        HubSettings::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let root = |variables: &[(&str, &str)]| settings(variables).cache.root().to_owned();
        assert_eq!(root(&[("HOME", "/h")]), Path::new("/h/.cache/huggingface/hub"));
        assert_eq!(
            root(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]),
            Path::new("/x/huggingface/hub")
        );
        assert_eq!(
            root(&[("HOME", "/h"), ("HF_HOME", "~/hf")]),
            Path::new("/h/hf/hub")
        );
        let both = [
            ("HF_HOME", "/hf"),
            ("HUGGINGFACE_HUB_CACHE", "/old"),
            ("HF_HUB_CACHE", "/new"),
        ];
        assert_eq!(root(&both), Path::new("/new"));
        assert_eq!(root(&both[..2]), Path::new("/old"));
    }

    #[test]
    fn the_token_comes_from_the_variable_or_the_file() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("token"), "hf_file\n").unwrap();
        let home = home.path().to_str().unwrap();
        let of = |variables: &[(&str, &str)]| settings(variables).token;
        assert_eq!(of(&[("HF_HOME", home)]), Token::new("hf_file"));
        assert_eq!(
            of(&[("HF_HOME", home), ("HF_TOKEN", "hf_var")]),
            Token::new("hf_var")
        );
        assert_eq!(of(&[("HF_HOME", "/nowhere")]), None);
    }

    #[test]
    fn offline_is_a_yes_of_any_kind() {
        assert!(settings(&[("HF_HUB_OFFLINE", "yes")]).offline);
        assert!(settings(&[("TRANSFORMERS_OFFLINE", "1")]).offline);
        assert!(!settings(&[("HF_HUB_OFFLINE", "0")]).offline);
    }

    #[test]
    fn a_mirror_may_end_in_a_slash() {
        assert_eq!(
            settings(&[("HF_ENDPOINT", "http://mirror/")]).endpoint,
            "http://mirror"
        );
    }
}
