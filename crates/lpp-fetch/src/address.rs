//! Addresses: splitting, joining, and display without secrets.

use url::Url;

use crate::FetchError;

/// An address without user, password, query and fragment, for messages.
pub(crate) fn shown(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return "(not an address)".to_owned();
    };
    // Neither fails for http and https; other schemes have no such parts.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

pub(crate) fn parse(url: &str) -> Result<Url, FetchError> {
    let unusable = |reason: String| FetchError::Address {
        url: shown(url),
        reason,
    };
    let parsed = Url::parse(url).map_err(|e| unusable(e.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(unusable(format!("scheme {}", parsed.scheme())));
    }
    Ok(parsed)
}

/// Whether an address is on this machine, which a proxy cannot reach; other clients (for example Go's) make the same
/// exception.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The address of `path` below `base`, escaped.
pub(crate) fn below(base: &str, path: &str) -> Result<String, FetchError> {
    let unusable = |reason: &str| FetchError::Address {
        url: shown(base),
        reason: reason.to_owned(),
    };
    let mut url = Url::parse(base).map_err(|e| unusable(&e.to_string()))?;
    url.path_segments_mut()
        .map_err(|()| unusable("it has no path"))?
        .pop_if_empty()
        .extend(path.split('/'));
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        assert_eq!(shown("https://me:pw@host/a/b?Signature=x#y"), "https://host/a/b");
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in ["file:///etc/passwd", "ftp://host/x", "nonsense"] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains("expected http"), "{error}");
        }
    }

    #[test]
    fn addresses_are_joined_and_escaped() {
        assert_eq!(
            below("http://h/b/", "a/c d.csv").unwrap(),
            "http://h/b/a/c%20d.csv"
        );
        assert_eq!(below("http://h/b", "a").unwrap(), "http://h/b/a");
        assert!(below("b", "a").is_err());
    }
}
