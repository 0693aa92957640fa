//! Owns how long a connection may take: to send a request, to take its answer, to think of the next one. The HTTP library bounds
//! only the first head of a connection; a half-sent second one, a body that trickles in, or an answer that nobody reads would
//! hold it for good.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpRequest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Limits;
use crate::web::doorman::Pass;

/// At least this often a connection on which nothing happens is looked at.
const TICK: Duration = Duration::from_secs(5);

/// What an idle connection is given while there is a crowd. Who comes back opens another one.
const IDLE_IN_A_CROWD: Duration = Duration::from_secs(2);

/// How long is read on, and thrown away, after a request was refused in the middle: a connection that is closed before may
/// take the answer with it.
pub const LINGER: Duration = Duration::from_secs(2);

/// What a request is given while there is a crowd: more than any answer takes.
const REQUEST_IN_A_CROWD: Duration = Duration::from_secs(10);

/// Says that the rest of a request is not waited for: the connection ends after the answer.
#[derive(Clone, Default)]
pub struct HangUp(Rc<Cell<bool>>);

impl HangUp {
    /// The rest of this request is not waited for.
    pub fn after(request: &HttpRequest) {
        if let Some(HangUp(called)) = request.conn_data() {
            called.set(true);
        }
    }
}

/// A connection that ends by itself when it takes too long.
pub struct PatientStream<S> {
    stream: S,
    limits: Limits,
    pass: Pass,
    hang_up: HangUp,
    phase: Phase,
    /// Since when the other side has not taken what we write.
    stalled: Option<Instant>,
    /// Goes off earlier than needed rather than being set again with every request.
    alarm: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Nothing has come since the last answer.
    Idle(Instant),
    /// Bytes have come, and no answer has begun.
    Unanswered(Instant),
}

impl<S> PatientStream<S> {
    /// Watches a fresh connection.
    pub fn new(stream: S, limits: Limits, pass: Pass) -> Self {
        let now = Instant::now();
        let alarm = Box::pin(sleep_until(now + tick(&limits)));
        Self { stream, limits, pass, hang_up: HangUp::default(), phase: Phase::Idle(now), stalled: None, alarm }
    }

    /// Ends it after the answer that is being made.
    pub fn hang_up(&self) -> HangUp {
        self.hang_up.clone()
    }

    /// The end of the connection, when its time is over: an orderly one between two requests.
    fn overdue(&mut self, context: &mut Context<'_>) -> Option<io::Result<()>> {
        while self.alarm.as_mut().poll(context).is_ready() {
            let crowd = self.pass.doorman().is_crowded();
            let at_most = |patience: Duration, in_a_crowd| if crowd { patience.min(in_a_crowd) } else { patience };
            let now = Instant::now();
            let end = match self.phase {
                Phase::Idle(since) if self.hang_up.0.get() => since + LINGER,
                Phase::Idle(since) => since + at_most(self.limits.keep_alive, IDLE_IN_A_CROWD),
                Phase::Unanswered(since) => since + at_most(self.limits.request_timeout, REQUEST_IN_A_CROWD),
            };
            if now >= end {
                return Some(match self.phase {
                    Phase::Idle(_) => Ok(()),
                    Phase::Unanswered(_) => Err(io::ErrorKind::TimedOut.into()),
                });
            }
            self.alarm.as_mut().reset(end.min(now + tick(&self.limits)));
        }
        None
    }

    /// The other side takes nothing more for now.
    fn stall<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let now = Instant::now();
        let since = *self.stalled.get_or_insert(now);
        if now >= since + self.limits.answer_timeout {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            self.alarm.as_mut().reset(now + tick(&self.limits));
        }
        Poll::Pending
    }
}

fn tick(limits: &Limits) -> Duration {
    TICK.min(limits.keep_alive).min(limits.answer_timeout)
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(end) = self.overdue(context) {
            return Poll::Ready(end);
        }
        // Who does not take answers gets no more requests in; `poll_flush` wakes us when they do.
        if self.stalled.is_some() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let came = buffer.filled().len() > before;
        if came && matches!(self.phase, Phase::Idle(_)) && !self.hang_up.0.get() {
            self.phase = Phase::Unanswered(Instant::now());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(context, bytes) else {
            return self.stall(context);
        };
        self.phase = Phase::Idle(Instant::now());
        if self.hang_up.0.get() {
            self.alarm.as_mut().reset(Instant::now() + LINGER);
        }
        Poll::Ready(written)
    }

    /// The HTTP library calls it when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(context) else {
            return self.stall(context);
        };
        if self.stalled.take().is_some() {
            context.waker().wake_by_ref();
        }
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Poll::Ready(shut) = Pin::new(&mut self.stream).poll_shutdown(context) else {
            return self.stall(context);
        };
        Poll::Ready(shut)
    }
}

#[cfg(test)]
mod tests {
    use super::PatientStream;
    use crate::config::{Config, Limits, Purpose};
    use crate::web::doorman::{Doorman, Pass};
    use std::io::ErrorKind;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Duration, Instant, timeout};

    fn limits() -> Limits {
        Config::load(None, &|_| None, Purpose::Tool).unwrap().limits
    }

    fn house() -> Arc<Doorman> {
        Doorman::new(4, None, vec![])
    }

    fn enter(house: &Arc<Doorman>) -> Pass {
        house.admit([192, 0, 2, 1].into()).unwrap()
    }

    fn pair() -> (DuplexStream, PatientStream<DuplexStream>) {
        let (client, server) = duplex(64);
        (client, PatientStream::new(server, limits(), enter(&house())))
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_is_cut_off() {
        let (mut client, mut server) = pair();
        client.write_all(b"G").await.unwrap();
        server.read_u8().await.unwrap();
        let began = Instant::now();
        assert_eq!(server.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!((60..=65).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_trickles_in_is_no_better() {
        let (mut client, mut server) = pair();
        let began = Instant::now();
        let cut = loop {
            client.write_all(b"G").await.unwrap();
            match server.read_u8().await {
                Ok(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                Err(error) => break error,
            }
        };
        assert_eq!(cut.kind(), ErrorKind::TimedOut);
        assert!((60..=65).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_ends_in_good_order() {
        let (mut client, mut server) = pair();
        client.write_all(b"G").await.unwrap();
        server.read_u8().await.unwrap();
        tokio::time::sleep(Duration::from_secs(50)).await;
        server.write_all(b"answer").await.unwrap();
        let began = Instant::now();
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "as if the client had ended it");
        assert!((60..=65).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answered_request_gives_the_next_one_its_own_time() {
        let (mut client, mut server) = pair();
        for _ in 0..5 {
            client.write_all(b"G").await.unwrap();
            server.read_u8().await.unwrap();
            tokio::time::sleep(Duration::from_secs(50)).await;
            server.write_all(b"answer").await.unwrap();
        }
        assert!(timeout(Duration::from_secs(50), server.read_u8()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_ends_the_connection() {
        let (mut client, mut server) = pair();
        let began = Instant::now();
        let cut = loop {
            // Taking a little of it is no way out.
            tokio::select! {
                written = server.write_all(&[0; 1024 * 1024]) => break written.unwrap_err(),
                () = tokio::time::sleep(Duration::from_secs(3)) => { client.read_u8().await.unwrap(); }
            }
        };
        assert_eq!(cut.kind(), ErrorKind::TimedOut);
        assert!((30..=35).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_no_answer_gets_no_request_in_until_they_do() {
        let (mut client, mut server) = pair();
        client.write_all(b"G").await.unwrap();
        let filled = timeout(Duration::from_secs(1), server.write_all(&[0; 100])).await;
        assert!(filled.is_err(), "the pipe holds 64 bytes");
        assert!(timeout(Duration::from_secs(1), server.read_u8()).await.is_err());
        client.read_exact(&mut [0; 64]).await.unwrap();
        server.flush().await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'G');
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_crowd_idle_connections_make_room() {
        let house = house();
        let (_client, server) = duplex(64);
        let mut server = PatientStream::new(server, limits(), enter(&house));
        assert!(timeout(Duration::from_secs(20), server.read_u8()).await.is_err());
        let _crowd = [enter(&house), enter(&house), enter(&house)];
        let ended = timeout(Duration::from_secs(5), server.read(&mut [0])).await;
        assert_eq!(ended.expect("it is looked at every 5 s").unwrap(), 0);
    }
}
