//! Owns where the certificate is, as the operator says it. Leaves judging the files to `tls/`.

use std::path::PathBuf;

use url::Url;

use crate::config::problems::Problems;
use crate::config::values::Values;
use crate::tls::{self, CERTIFICATE_FILE, KEY_FILE, TlsFiles};

/// Both files or none.
pub fn read(values: &Values, problems: &mut Problems) -> Option<TlsFiles> {
    let mut file = |name| values.optional(name, problems, |text| Ok(PathBuf::from(text)));
    match (file(CERTIFICATE_FILE), file(KEY_FILE)) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (certificate, _) => {
            let missing = if certificate.is_some() { KEY_FILE } else { CERTIFICATE_FILE };
            problems.add(missing, "is missing", "give both TLS files, or none when a proxy terminates TLS");
            None
        }
    }
}

/// Whether they can be served to those who come to the public URL.
pub fn check(files: &TlsFiles, public_url: Option<&Url>, problems: &mut Problems) {
    if public_url.is_some_and(|url| url.scheme() != "https") {
        problems.add("public_url", "is plain http, but TLS is on", "use https, or leave both TLS files out");
    }
    if let Err(unusable) = tls::read(files) {
        problems.add(unusable.key, &unusable.what, unusable.mend);
    }
}
