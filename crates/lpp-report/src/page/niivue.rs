//! The viewer library that the page carries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Its name and version.
pub(crate) const NAME: &str = "NiiVue 0.69.0";
/// Its licence, which must go with every copy.
pub(crate) const LICENCE: &str = include_str!("../../vendor/niivue/LICENSE");
/// SHA-256 of the unpacked script, base64: all that the page's policy lets it add.
pub(crate) const SCRIPT_HASH: &str = "R7iWt37Epb4+8ZScM605O29FYpkh8ybCeQALz1G9tK8=";
/// The script, compressed by gzip.
const PACKED: &[u8] = include_bytes!("../../vendor/niivue/niivue.umd.js.gz");

/// The script, compressed and in base64.
pub(crate) fn packed() -> String {
    STANDARD.encode(PACKED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use sha2::{Digest, Sha256};
    use std::io::Read;

    #[test]
    fn the_script_is_the_published_one() {
        let mut script = Vec::new();
        GzDecoder::new(PACKED).read_to_end(&mut script).unwrap();
        assert_eq!(STANDARD.encode(Sha256::digest(&script)), SCRIPT_HASH);
        assert!(
            include_str!("../../vendor/niivue/README.md")
                .contains("47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af")
        );
    }
}
