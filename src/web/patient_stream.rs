//! Owns how long a connection may take to send a request. The HTTP library bounds only the first head of a connection; a
//! half-sent second one, or a body that trickles in after its answer, would hold the connection for good.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// From the first byte of a request to the first byte of its answer: longer than a body may take and an answer after it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that breaks when bytes keep coming and no answer could be made of them.
pub struct PatientStream {
    stream: TcpStream,
    /// Runs from the first byte received since the last one sent.
    unanswered: Option<Pin<Box<Sleep>>>,
}

impl PatientStream {
    /// Watches a fresh connection.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, unanswered: None }
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(end) = &mut self.unanswered
            && end.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before && self.unanswered.is_none() {
            self.unanswered = Some(Box::pin(sleep_until(Instant::now() + PATIENCE)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.unanswered = None;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, PatientStream};
    use std::io::ErrorKind;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    async fn pair() -> (TcpStream, PatientStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, PatientStream::new(listener.accept().await.unwrap().0))
    }

    #[tokio::test]
    async fn a_request_that_never_ends_is_cut_off() {
        let (mut client, mut server) = pair().await;
        client.write_all(b"G").await.unwrap();
        server.read_u8().await.unwrap();
        tokio::time::pause();
        let cut = timeout(PATIENCE * 2, server.read_u8()).await.unwrap();
        assert_eq!(cut.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answered_request_gives_the_next_one_its_own_time() {
        let (mut client, mut server) = pair().await;
        client.write_all(b"G").await.unwrap();
        server.read_u8().await.unwrap();
        server.write_all(b"answer").await.unwrap();
        tokio::time::pause();
        assert!(timeout(PATIENCE * 2, server.read_u8()).await.is_err(), "an idle connection is not this one's matter");
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::time::resume();
        client.write_all(b"H").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'H');
    }
}
