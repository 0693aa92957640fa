//! The push service of browsers on a free port of loopback: the strict stand-in of `rehearse`, served.

use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use couplet::app::SystemRandomness;
use couplet::model::time::Clock;
use couplet::rehearse::push_service::{Answer, Call, PushService};

use super::stand_in::{self, Request, StandIn};

/// The service. Messages and answers on demand are the stand-in's, to which this derefs.
pub struct BrowserPush {
    pub server: StandIn,
    logic: Arc<OnceLock<PushService>>,
    came: Arc<Mutex<Vec<(Instant, Request)>>>,
}

impl Deref for BrowserPush {
    type Target = PushService;

    fn deref(&self) -> &PushService {
        self.logic.get().unwrap()
    }
}

impl BrowserPush {
    /// Serves, with the clock of the server under test.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let logic: Arc<OnceLock<PushService>> = Arc::default();
        let came: Arc<Mutex<Vec<(Instant, Request)>>> = Arc::default();
        let (answering, noting) = (logic.clone(), came.clone());
        let server = StandIn::serving(move |request| {
            noting.lock().unwrap().push((Instant::now(), request.clone()));
            answer(answering.get().unwrap(), &request)
        })
        .await;
        let url = format!("{}/push", server.url).parse().unwrap();
        assert!(logic.set(PushService::new(url, clock, Arc::new(SystemRandomness))).is_ok());
        Self { server, logic, came }
    }

    /// The requests so far, and when they came.
    pub fn came(&self) -> Vec<(Instant, Request)> {
        self.came.lock().unwrap().clone()
    }

    /// Waits for so many requests.
    pub async fn until(&self, many: usize) -> Vec<(Instant, Request)> {
        let began = Instant::now();
        while self.came().len() < many {
            assert!(began.elapsed() < Duration::from_secs(30), "only {}; {:?}", self.came().len(), self.refused());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.came()
    }
}

fn answer(service: &PushService, request: &Request) -> stand_in::Answer {
    let subscription = request.path.strip_prefix("/push/").unwrap_or_default();
    let header = |name: &str| request.header(name);
    let call = Call { method: &request.method, subscription, header: &header, body: &request.body };
    let Answer { status, retry_after } = service.answer(&call);
    let headers = retry_after.iter().map(|seconds| ("Retry-After", seconds.to_string())).collect();
    stand_in::Answer { headers, ..stand_in::Answer::new(status, "") }
}
