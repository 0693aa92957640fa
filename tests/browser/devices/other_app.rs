//! The script as the client of a service's own web app, on a page of another origin: exactly the code of the guide.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Scene, phone_with_scripts};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd};
use rstest::rstest;

const GUIDE: &str = include_str!("../../../docs/push-devices.md");
const SCRIPT: &str = include_str!("../../../static/device.js");

/// The example, which knows its server by another address.
fn example(server: &str) -> String {
    let (_, from) = GUIDE.split_once("```js\n").unwrap();
    let (code, _) = from.split_once("```").unwrap();
    assert!(code.contains("https://couplet.example"));
    code.replace("https://couplet.example", server)
}

/// Serves the app's page, its scripts, and tickets for Alice.
async fn serve(listener: TcpListener, server: String, owl: BackEnd) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = vec![0; 8192];
        let length = stream.read(&mut request).await.unwrap_or_default();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let (kind, body) = match path {
            "/app.js" => ("text/javascript", example(&server)),
            "/device.js" => ("text/javascript", SCRIPT.to_owned()),
            "/push-ticket" => {
                let token = owl.access_token(ALICE).await;
                let ticket = json!({ "token": token, "serviceSid": owl.service_sid(), "identity": ALICE });
                ("application/json", ticket.to_string())
            }
            _ => ("text/html", "<!doctype html><title>Owl Bank</title><p>Owl Bank".to_owned()),
        };
        answer(&mut stream, kind, &body).await;
    }
}

async fn answer(stream: &mut TcpStream, kind: &str, body: &str) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
}

/// A scene whose browser is on the app's page, which may or may not call the server.
async fn on_the_apps_page(backend: Backend, listed: bool) -> (Scene, BackEnd) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let page = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let origins = if listed { vec![page.clone()] } else { Vec::new() };
    let app = TestApp::with(backend, |config| config.push_origins = origins).await;
    let owl = BackEnd::of(&app).await;
    tokio::spawn(serve(listener, app.url.clone(), BackEnd { basic: owl.basic.clone(), service: owl.service.clone() }));
    let scene = Scene::of(app, phone_with_scripts().await).await;
    scene.browser.visit(&page).await;
    (scene, owl)
}

#[tokio::test]
async fn a_page_that_is_not_listed_enrols_nothing() {
    let (scene, owl) = on_the_apps_page(Sqlite, false).await;
    let told = scene.run("return (await import('/app.js')).enrol();").await;
    assert_eq!(told, "failed: TypeError: Failed to fetch");
    let entities = owl.basic.get(&format!("{}/Entities", owl.service)).await;
    assert_eq!(entities.json["entities"], json!([]));
    scene.browser.close().await;
}

#[rstest]
#[tokio::test]
async fn the_code_of_the_guide_enrols_and_answers(#[values(Sqlite, Postgres)] backend: Backend) {
    let (scene, owl) = on_the_apps_page(backend, true).await;
    let factor = scene.run("return (await (await import('/app.js')).enrol()).sid;").await;
    let factor = factor.as_str().unwrap();
    let entity = owl.entity(ALICE);
    let mut asked = Vec::new();
    for question in ["Move 5 owls?", "Move 6 owls?"] {
        let form = [("FactorSid", factor), ("Details.Message", question)];
        let sid = owl.basic.post(&format!("{entity}/Challenges"), &form).await.made();
        asked.push(format!("{entity}/Challenges/{sid}"));
    }
    let answer = "const { answerAll } = await import('/app.js');
                  await answerAll(async (details) => details.message === 'Move 5 owls?');";
    scene.run(answer).await;
    assert_eq!((owl.status(&asked[0]).await, owl.status(&asked[1]).await), ("approved".into(), "denied".into()));
    scene.browser.close().await;
}

#[tokio::test]
async fn enrolling_again_replaces_the_device_and_forgetting_ends_it() {
    let (scene, owl) = on_the_apps_page(Sqlite, true).await;
    let sids = scene
        .run(
            "const { enrol } = await import('/app.js');
             const { Device } = await import('/device.js');
             const [first, second] = [await enrol(), await enrol()];
             return [first.sid, second.sid, ...(await Device.all()).map((device) => device.sid)];",
        )
        .await;
    assert_ne!(sids[0], sids[1]);
    assert_eq!((sids.as_array().unwrap().len(), &sids[2]), (3, &sids[1]));
    let factors = format!("{}/Factors", owl.entity(ALICE));
    let listed = owl.basic.get(&factors).await;
    assert_eq!((listed.json["factors"].as_array().unwrap().len(), &listed.json["factors"][0]["sid"]), (1, &sids[1]));
    let left = scene
        .run(
            "const { Device } = await import('/device.js');
             await (await Device.all())[0].forget();
             return (await Device.all()).length;",
        )
        .await;
    assert_eq!((left, owl.basic.get(&factors).await.json["factors"].clone()), (json!(0), json!([])));
    scene.browser.close().await;
}
