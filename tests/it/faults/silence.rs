//! A network that loses connections without a word, as firewalls and failing machines do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::support::app::{Backend, SECRET, TestApp, TestStore};
use couplet::store::open::{DatabaseUrl, Migrations, open};

/// What a platform may have to wait for, beginning with the first request.
const RECOVERY: Duration = Duration::from_secs(10);

/// A way to the database whose connections can fall silent; later ones work.
struct Way {
    url: String,
    lost: watch::Sender<u32>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let target = url::Url::parse(url).unwrap();
        let address = format!("{}:{}", target.host_str().unwrap(), target.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut own = target.clone();
        own.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (lost, losses) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (mut losses, address) = (losses.clone(), address.clone());
                losses.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(&address).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = losses.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { url: own.into(), lost }
    }

    fn lose_all(&self) {
        self.lost.send_modify(|losses| *losses += 1);
    }
}

#[tokio::test]
async fn connections_that_were_lost_silently_are_replaced_within_seconds_and_cost_no_link() {
    let database = TestStore::on(Backend::Postgres).await;
    let way = Way::to(&database.url).await;
    let store = open(&DatabaseUrl::parse(&way.url).unwrap(), Migrations::Leave).await.unwrap();
    let database = TestStore { store: Arc::clone(&store), url: way.url.clone(), folder: tempfile::tempdir().unwrap() };
    let app = TestApp::over(database, |_| {}).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let tokens = client.link(&app.person()).await;
    for pause in [Duration::ZERO, Duration::from_secs(3)] {
        // Many at once, so that every connection is in use before.
        let refreshes = (0..32).map(|_| client.refresh(&tokens.refresh));
        futures_util::future::join_all(refreshes).await.iter().for_each(|answer| assert_eq!(answer.status, 200));
        sleep(pause).await;
        way.lose_all();
        let (began, mut well) = (Instant::now(), 0);
        while well < 20 {
            let answer = client.refresh(&tokens.refresh).await;
            assert!(matches!(answer.status.as_u16(), 200 | 503), "{answer:?}");
            well = if answer.status == 200 { well + 1 } else { 0 };
            assert!(began.elapsed() < RECOVERY, "after {pause:?} idle");
        }
    }
}
