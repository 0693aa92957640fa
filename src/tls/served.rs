//! Owns the pair that is served now, and taking up a new one when the files change. A broken new one changes nothing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::model::time::Timestamp;
use crate::tls::validity::Standing;
use crate::tls::{CERTIFICATE_FILE, Pair, TlsFiles, Unusable, Validity, read};

/// What is seen of a file without reading it: when it was written, how long it is, and on Unix which one it is.
type Stamp = Option<(SystemTime, u64, u64)>;

/// The pair that is served, and where it comes from.
pub struct Served {
    files: TlsFiles,
    host: String,
    opened: [Stamp; 2],
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

/// What a look at the files came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// They are the ones that are known, or are still being written.
    Same,
    /// A new pair is served from now on.
    Renewed,
    /// They changed, and can't be served; told once.
    Broken(Unusable),
}

/// What [`Served::look`] remembers from one time to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    /// The files that were judged.
    judged: [Stamp; 2],
    /// The files as they last were.
    last: [Stamp; 2],
    /// Whether those that were judged could not be served; that was told.
    broken: bool,
}

#[derive(Debug)]
struct Current(RwLock<(Arc<CertifiedKey>, Option<Validity>)>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).0.clone())
    }
}

impl Served {
    /// Reads the pair and serves it, for the host of the public URL.
    pub fn open(files: TlsFiles, host: &str) -> Result<Self, Unusable> {
        let opened = stamps(&files);
        let Pair { certified, validity } = read(&files)?;
        let current = Arc::new(Current(RwLock::new((Arc::new(certified), validity))));
        let config = server_config(current.clone()).map_err(|error| Unusable {
            key: CERTIFICATE_FILE,
            what: format!("can't be served: {error}"),
            mend: "start again, or let a proxy terminate TLS",
        })?;
        Ok(Self { files, host: host.to_owned(), opened, current, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Makes handshakes, each with the pair that is served at that moment.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// The files as they were when they were opened, to compare with later.
    pub fn seen(&self) -> Seen {
        Seen { judged: self.opened, last: self.opened, broken: false }
    }

    /// Takes up a new pair. Files that still change between two looks are left alone: both belong together. A broken pair is
    /// looked into again, since a file can become readable without being written.
    pub fn look(&self, seen: &mut Seen) -> Look {
        let now = stamps(&self.files);
        let settled = std::mem::replace(&mut seen.last, now) == now;
        let again = now == seen.judged;
        if !settled || (again && !seen.broken) {
            return Look::Same;
        }
        seen.judged = now;
        let read = read(&self.files);
        seen.broken = read.is_err();
        match read {
            Ok(pair) => {
                let new = (Arc::new(pair.certified), pair.validity);
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = new;
                Look::Renewed
            }
            Err(_) if again => Look::Same,
            Err(unusable) => Look::Broken(unusable),
        }
    }

    /// Logs what the operator should know of the pair that is served.
    pub fn tell_standing(&self, now: Timestamp) {
        let (certified, validity) = self.current.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let pair = Pair { certified: (*certified).clone(), validity };
        let file = self.files.certificate.display();
        if !pair.is_for(&self.host) {
            tracing::warn!("{file}: the certificate is not for {}; get one for the host of public_url", self.host);
        }
        let Some(validity) = validity else { return };
        match validity.standing(now) {
            Standing::Good => {}
            Standing::EndsSoon => tracing::warn!("{file}: the certificate ends {}; renew it", validity.ends),
            Standing::NotYet => {
                tracing::error!("{file}: the certificate is good from {} on only; check the clock", validity.begins)
            }
            Standing::Ended => tracing::error!("{file}: the certificate ended {}; renew it", validity.ends),
        }
    }
}

fn server_config(current: Arc<Current>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}

fn stamps(files: &TlsFiles) -> [Stamp; 2] {
    [&files.certificate, &files.key].map(|path| {
        let file = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let which = std::os::unix::fs::MetadataExt::ino(&file);
        #[cfg(not(unix))]
        let which = 0;
        Some((file.modified().ok()?, file.len(), which))
    })
}
