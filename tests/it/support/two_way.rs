//! A real server process with Alexa's client whose partner is Login with Amazon's stand-in, all made by the command line.
//! It owns only the setting and short ways to ask; what must come of it is the tests'.

use std::sync::Arc;
use std::time::{Duration, Instant};

use couplet::app::SystemClock;
use serde_json::Value;

use super::app::{Backend, SECRET};
use super::login_with_amazon::{AMAZON_CLIENT, AMAZON_SECRET, Amazon};
use super::platform::{Answer, Platform, Tokens};
use super::program::Program;
use super::stage::Stage;

/// How long something that happens by itself may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(45);

/// A two-way stage.
pub struct TwoWay {
    /// The server, and the command line beside it.
    pub stage: Stage,
    /// Login with Amazon.
    pub amazon: Amazon,
    alexa: Platform,
}

impl TwoWay {
    /// Sets everything up and waits until the server answers.
    pub async fn on(backend: Backend) -> Self {
        Self::of(Program::on(backend).await).await
    }

    /// The same with a program whose environment the test has chosen.
    pub async fn of(program: Program) -> Self {
        let stage = Stage::of(program).await;
        let amazon = Amazon::start(Arc::new(SystemClock));
        let set = "client set-partner alexa --partner alexa --partner-client-secret-stdin";
        let set = format!("{set} --token-url {} --partner-client-id {AMAZON_CLIENT}", amazon.url());
        stage.program.tell(&set, AMAZON_SECRET).done();
        Self { alexa: stage.alexa(), stage, amazon }
    }

    /// Another client with a partner of its own.
    pub async fn other_client(&self) -> (Platform, Amazon) {
        let (callback, program) = ("https://app.example.com/callback", &self.stage.program);
        let add = format!("client add --name Other --client-id other --redirect-uri {callback} --client-secret-stdin");
        program.tell(&add, SECRET).done();
        let partner = Amazon::start(Arc::new(SystemClock));
        let set = "client set-partner other --partner other --partner-client-secret-stdin";
        let set = format!("{set} --token-url {} --partner-client-id {AMAZON_CLIENT}", partner.url());
        program.tell(&set, AMAZON_SECRET).done();
        (Platform::new(&self.stage.server.url, "other", Some(SECRET), callback), partner)
    }

    /// Alice links Alexa.
    pub async fn link(&self) -> Tokens {
        self.stage.alexa().link(&self.stage.person()).await
    }

    /// Alice links Alexa, and Alexa hands over a code, which is exchanged.
    pub async fn link_both_ways(&self) -> Tokens {
        let tokens = self.link().await;
        assert_eq!(self.hand_over(&tokens, self.amazon.issue_code().expose()).await.status, 200);
        self.until("active").await;
        tokens
    }

    /// Alexa hands over a code.
    pub async fn hand_over(&self, tokens: &Tokens, code: &str) -> Answer {
        self.alexa.hand_over(&tokens.access, code).await
    }

    /// The skill's backend asks for a token of Amazon.
    pub async fn partner_token(&self, tokens: &Tokens) -> Answer {
        self.alexa.partner_token(&tokens.access, &[]).await
    }

    /// The only link, as `grant list` shows it.
    pub fn grant(&self) -> Value {
        let listed = self.stage.program.run("grant list --json").json();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
        listed[0].clone()
    }

    /// Waits until the reverse link of the only link is in that state; gives the link.
    pub async fn until(&self, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let grant = self.grant();
            if grant["partner"] == state {
                return grant;
            }
            assert!(began.elapsed() < PATIENCE, "not {state}: {grant} {}", self.stage.server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills the server in the middle of whatever it does.
    pub async fn kill(&mut self) {
        self.stage.server.kill().await;
    }

    /// Starts the server again.
    pub async fn restart(&mut self) {
        self.stage.server = self.stage.program.serve("serve").await;
    }
}
