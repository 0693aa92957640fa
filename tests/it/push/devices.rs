//! Devices that are reached by push messages, for the tests of what brings them.

use std::time::{Duration, Instant};

use couplet::model::time::Clock;
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd, Device, Reply};

/// Says by which platform a device is reached, and under which token.
pub async fn register(app: &TestApp, device: &Device, platform: &str, token: &str) -> Reply {
    let form = [("Config.NotificationPlatform", platform), ("Config.NotificationToken", token)];
    device.at(app.clock.now()).post(&device.path(), &form).await
}

/// Alice's verified device that is reached so.
pub async fn device_by(app: &TestApp, back_end: &BackEnd, platform: &str, token: &str) -> Device {
    let device = back_end.device(app, ALICE).await;
    let changed = register(app, &device, platform, token).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    device
}

/// Platform and token of a device, as its back end sees them.
pub async fn registration(back_end: &BackEnd, device: &Device) -> (String, Value) {
    let config = &back_end.basic.get(&device.path()).await.json["config"];
    (config["notification_platform"].as_str().unwrap().to_owned(), config["notification_token"].clone())
}

/// Waits until so many messages of a platform came to this.
pub async fn until_counted(app: &TestApp, platform: &str, fate: &str, many: u64) {
    let began = Instant::now();
    loop {
        let counts = app.app.push.sender.counts();
        let count = counts.iter().find(|(of, what, _)| (*of, *what) == (platform, fate)).unwrap().2;
        if count == many {
            return;
        }
        assert!(count < many && began.elapsed() < Duration::from_secs(30), "{counts:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The four members that tell of a challenge.
pub fn data_of(challenge: &str, device: &Device) -> Value {
    serde_json::json!({
        "type": "verify_push_challenge",
        "challenge_sid": challenge.rsplit('/').next().unwrap(),
        "factor_sid": device.factor,
        "message": "Is it you?",
    })
}
