//! Owns the certificate with which this program terminates TLS: reading and judging the pair of files. Leaves following them to
//! `served.rs`, and connections to `web/`.

pub mod served;
mod validity;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys};
use zeroize::Zeroizing;

pub use validity::Validity;

/// The key that names the certificate's file.
pub const CERTIFICATE_FILE: &str = "tls.certificate_file";
/// The key that names the private key's file.
pub const KEY_FILE: &str = "tls.key_file";

/// No certificate chain is larger, in bytes.
const MOST: u64 = 1024 * 1024;

/// Where the pair is.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate in PEM, then those of its issuers.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Whether anybody on the machine may read the private key.
    pub fn is_key_exposed(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::metadata(&self.key).is_ok_and(|file| file.permissions().mode() & 0o007 != 0)
        }
        #[cfg(not(unix))]
        false
    }
}

/// Why a pair can't be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The configuration key to look at.
    pub key: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: &'static str,
}

/// A certificate with its key, which belong together.
#[derive(Debug)]
pub struct Pair {
    certified: CertifiedKey,
    validity: Option<Validity>,
}

impl Pair {
    /// From when to when it is good; `None` when it does not say so in a known form.
    pub fn validity(&self) -> Option<Validity> {
        self.validity
    }

    /// Whether browsers accept it for this host.
    pub fn is_for(&self, host: &str) -> bool {
        let certificate = self.certified.end_entity_cert().and_then(ParsedCertificate::try_from);
        let (Ok(certificate), Ok(name)) = (certificate, ServerName::try_from(host)) else { return false };
        verify_server_name(&certificate, &name).is_ok()
    }
}

/// Reads both files and checks that they belong together.
pub fn read(files: &TlsFiles) -> Result<Pair, Unusable> {
    let chain = read_chain(&files.certificate)?;
    let key = read_key(&files.key)?;
    let validity = chain.first().and_then(|certificate| Validity::of(certificate));
    let certified =
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Unusable {
                key: KEY_FILE,
                what: format!("{} is not the key of the certificate", files.key.display()),
                mend: "give the pair that was issued together; the file begins with the server's own certificate",
            },
            rustls::Error::InvalidCertificate(_) => Unusable {
                key: CERTIFICATE_FILE,
                what: format!("{} holds a certificate that is not understood", files.certificate.display()),
                mend: "give an X.509 certificate in PEM",
            },
            _ => Unusable {
                key: KEY_FILE,
                what: format!("{} holds a key of an unknown kind", files.key.display()),
                mend: "use an RSA key from 2048 bits, ECDSA P-256, P-384 or P-521, or Ed25519",
            },
        })?;
    Ok(Pair { certified, validity })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let unusable = |what| Unusable { key: CERTIFICATE_FILE, what, mend: "give the certificate chain in PEM" };
    let text = read_file(path).map_err(|error| unusable(format!("{}: {error}", path.display())))?;
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(unusable(format!("{} holds no certificate", path.display()))),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    let mend = "give the private key in PEM, without a passphrase, readable for this user";
    let unusable = |what| Unusable { key: KEY_FILE, what, mend };
    let text = read_file(path).map_err(|error| unusable(format!("{}: {error}", path.display())))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| unusable(format!("{} holds no private key", path.display())))
}

fn read_file(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::new());
    File::open(path)?.take(MOST).read_to_end(&mut text)?;
    Ok(text)
}
