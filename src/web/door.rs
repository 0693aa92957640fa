//! Owns how a connection comes in: counted, with TLS when that is on, and from then on bounded in time. Leaves what it carries to
//! the HTTP library.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::Limits;
use crate::tls::served::Served;
use crate::web::doorman::Doorman;
use crate::web::patient_stream::PatientStream;

/// What every connection of a listener passes.
#[derive(Clone)]
pub struct Door {
    /// Counts.
    pub doorman: Arc<Doorman>,
    /// Bounds.
    pub limits: Limits,
    /// The certificate, when the listener speaks TLS.
    pub tls: Option<Arc<Served>>,
}

/// A connection, with TLS or without.
pub trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire for S {}

impl Door {
    /// A connection on which HTTP can begin; an error closes it.
    pub async fn let_in(&self, stream: TcpStream, peer: IpAddr) -> io::Result<PatientStream<Box<dyn Wire>>> {
        let pass = self.doorman.admit(peer).ok_or(ErrorKind::ConnectionRefused)?;
        // An answer is written whole; waiting to fill a packet would only delay it.
        drop(stream.set_nodelay(true));
        let stream: Box<dyn Wire> = match &self.tls {
            None => Box::new(stream),
            Some(served) => {
                let shaken = timeout(self.limits.head_timeout, served.acceptor().accept(stream)).await;
                Box::new(shaken.map_err(|_| ErrorKind::TimedOut)??)
            }
        };
        Ok(PatientStream::new(stream, self.limits, pass))
    }
}
