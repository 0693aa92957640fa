//! Adding this browser and answering, as a person does it.

use couplet::model::push::challenge::{Answer, Standing};
use rstest::rstest;
use std::time::Duration;
use thirtyfour::Key;

use super::{Scene, texts};
use crate::scene::{Scripts, phone};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;

#[rstest]
#[tokio::test]
async fn a_browser_that_was_not_added_is_told_where_to_do_that(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    scene.visit("/approve").await;
    scene.browser.sees("This browser is not on your list").await;
    scene.browser.driver.find(thirtyfour::By::LinkText("Go to your account")).await.unwrap().click().await.unwrap();
    scene.browser.by_label("Password").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn without_scripts_a_person_is_told_so_and_can_still_remove_a_device() {
    let enrolled = Scene::enrolled(Sqlite).await;
    enrolled.browser.close().await;
    let (app, alice) = (enrolled.app, enrolled.alice);
    let scene = Scene { app, alice, browser: phone(Scripts::Off).await };
    scene.visit("/approve").await;
    scene.browser.sees("this browser has to run scripts").await;
    scene.open_account().await;
    scene.browser.sees("To add this browser, scripts have to run in it.").await;
    assert!(!scene.button_is_there("Add this browser").await);
    scene.approved().await;
    scene.browser.press_button("Remove").await;
    scene.browser.sees("Removed. It can no longer approve sign-ins.").await;
    assert!(scene.devices().await.is_empty());
    scene.browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_key_that_nobody_can_read_out_is_made_and_its_browser_listed(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    scene.open_account().await;
    // The script that writes it there shows the button.
    scene.button("Add this browser").await;
    let name = scene.browser.by_label("Name for this browser").await.prop("value").await.unwrap();
    assert_eq!(name.as_deref(), Some("Chrome on Linux"));
    scene.add_browser().await;
    scene.browser.sees("This browser").await;
    assert!(!scene.browser.text().await.contains("Add this browser"), "it is there");
    let devices = scene.devices().await;
    assert_eq!((devices.len(), &*devices[0].friendly_name), (1, "Chrome on Linux"));
    assert_eq!(devices[0].config.platform.as_str(), "none");
    let exported = scene
        .run(
            "const { Device } = await import(document.querySelector('script').src.replace('enrol', 'device'));
             const [device] = await Device.all();
             const tries = ['pkcs8', 'jwk', 'raw'].map((form) => crypto.subtle.exportKey(form, device.keys.privateKey));
             const ends = await Promise.allSettled(tries);
             return [device.keys.privateKey.extractable, ...ends.map((end) => end.status)];",
        )
        .await;
    assert_eq!(exported, serde_json::json!([false, "rejected", "rejected", "rejected"]));
    scene.browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_number_has_to_be_typed_before_anything_is_sent(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::enrolled(backend).await;
    let challenge = scene.ask(true).await;
    scene.visit("/approve").await;
    scene.browser.sees("Sign in to Example Lights?").await;
    let field = scene.browser.by_label("Number on the sign-in page").await;
    for typed in ["", "4", "4x"] {
        field.clear().await.unwrap();
        field.send_keys(typed).await.unwrap();
        scene.press("Approve").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(scene.outcome(&challenge).await, (Standing::Pending, None), "{typed}");
        let complaint = field.prop("validationMessage").await.unwrap();
        assert!(complaint.is_some_and(|words| !words.is_empty()), "the person is told");
    }
    scene.browser.close().await;
}

#[rstest]
#[tokio::test]
async fn approving_sends_the_number(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::enrolled(backend).await;
    scene.visit("/approve").await;
    scene.browser.sees("Nothing waits for you.").await;
    let challenge = scene.ask(true).await;
    for shown in ["Sign in to Example Lights?", "Amazon Alexa", "203.0.113.7", "Firefox on Windows", "left to answer"] {
        scene.browser.sees(shown).await;
    }
    // The field has the focus, and Enter is enough.
    let keys = scene.browser.driver.action_chain().send_keys("47").send_keys(Key::Enter);
    keys.perform().await.unwrap();
    assert_eq!(scene.answer(&challenge).await, (Answer::Approved, texts("number", "47")));
    scene.browser.sees("Your answer is sent. Signing in goes on if 47 is the number that it shows.").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn without_a_number_to_match_one_press_approves() {
    let scene = Scene::enrolled(Sqlite).await;
    let challenge = scene.ask(false).await;
    scene.visit("/approve").await;
    scene.press("Approve").await;
    assert_eq!(scene.answer(&challenge).await, (Answer::Approved, None));
    scene.browser.sees("Approved. Go on where you were signing in.").await;
    scene.browser.close().await;
}

#[rstest]
#[case::denying("Deny", None, "Denied.")]
#[case::not_me("This wasn’t me", texts("reason", "not_me"), "Thank you for saying that it wasn’t you.")]
#[tokio::test]
async fn denying_needs_no_number(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] button: &str,
    #[case] metadata: Option<couplet::model::push::factor::Texts>,
    #[case] words: &str,
) {
    let scene = Scene::enrolled(backend).await;
    let challenge = scene.ask(true).await;
    scene.visit("/approve").await;
    scene.press(button).await;
    assert_eq!(scene.answer(&challenge).await, (Answer::Denied, metadata));
    scene.browser.sees(words).await;
    scene.browser.close().await;
}

#[tokio::test]
async fn what_ended_meanwhile_is_told_and_can_not_be_answered() {
    let scene = Scene::enrolled(Sqlite).await;
    let challenge = scene.ask(true).await;
    scene.visit("/approve").await;
    scene.browser.sees("left to answer").await;
    scene.app.clock.advance(Duration::from_secs(121));
    scene.browser.sees("This question has expired.").await;
    scene.visit(&format!("/approve?challenge={}", challenge.sid)).await;
    scene.browser.sees("This question has expired.").await;
    assert!(!scene.button_is_there("Approve").await);
    scene.browser.close().await;
}

#[tokio::test]
async fn what_another_tab_answered_is_told() {
    let scene = Scene::enrolled(Sqlite).await;
    let challenge = scene.ask(false).await;
    scene.visit("/approve").await;
    scene.browser.sees("left to answer").await;
    let answered = scene
        .run(&format!(
            "const {{ Device }} = await import(document.querySelector('script').src.replace('approve', 'device'));
             const [device] = await Device.all();
             return (await device.answer(await device.challenge('{}'), 'denied')).status;",
            challenge.sid
        ))
        .await;
    assert_eq!(answered, "denied");
    scene.browser.sees("Denied. It was answered already.").await;
    scene.browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_removed_browser_is_told_and_can_be_added_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::enrolled(backend).await;
    let first = scene.devices().await[0].sid;
    scene.approved().await;
    scene.browser.press_button("Remove").await;
    scene.browser.sees("Removed. It can no longer approve sign-ins.").await;
    assert!(scene.devices().await.is_empty());
    scene.visit("/approve").await;
    scene.browser.sees("This browser was removed").await;
    scene.press("Forget this browser’s key").await;
    scene.browser.sees("This browser is not on your list").await;
    scene.visit("/account").await;
    scene.add_browser().await;
    assert_ne!(scene.devices().await[0].sid, first);
    scene.browser.close().await;
}

#[tokio::test]
async fn one_refusal_ends_nothing_for_good_and_no_key_is_forgotten_for_it() {
    let scene = Scene::enrolled(Sqlite).await;
    let refuse = "window.real ??= window.fetch;
                  window.fetch = async () => new Response('{}', { status: 401 });";
    let again = "window.fetch = window.real; document.dispatchEvent(new Event('visibilitychange'));";
    scene.visit("/approve").await;
    scene.browser.sees("Nothing waits for you.").await;
    scene.run(refuse).await;
    scene.browser.sees("This browser was removed").await;
    scene.run(again).await;
    scene.browser.sees("Nothing waits for you.").await;
    scene.run(refuse).await;
    scene.browser.sees("This browser was removed").await;
    scene.run("window.fetch = window.real;").await;
    scene.press("Forget this browser’s key").await;
    scene.browser.sees("Nothing waits for you.").await;
    let challenge = scene.ask(false).await;
    scene.press("Approve").await;
    assert_eq!(scene.answer(&challenge).await, (Answer::Approved, None));
    scene.browser.close().await;
}

#[tokio::test]
async fn notifications_are_asked_for_within_the_click_before_anything_is_fetched() {
    let app = TestApp::on(Sqlite).await;
    let scene = Scene::of(app, phone(Scripts::On).await).await;
    scene.open_account().await;
    scene
        .run(
            "sessionStorage.order = '';
             const real = window.fetch;
             window.fetch = (...all) => { sessionStorage.order += 'fetch '; return real(...all); };
             Notification.requestPermission = async () => {
               sessionStorage.order += navigator.userActivation.isActive ? 'ask ' : 'late ';
               return 'denied';
             };",
        )
        .await;
    scene.add_browser().await;
    let order = scene.run("return sessionStorage.order;").await;
    assert!(order.as_str().unwrap().starts_with("ask fetch "), "{order}");
    scene.browser.close().await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_set_by_the_servers() {
    for hours in [-5, 5] {
        let scene = Scene::on(Sqlite).await;
        scene.open_account().await;
        let wrong = format!("const right = Date.now; Date.now = () => right() + {hours} * 3600 * 1000;");
        scene.run(&wrong).await;
        scene.add_browser().await;
        assert_eq!(scene.devices().await.len(), 1);
        scene.browser.close().await;
    }
}

#[rstest]
#[case::granted("granted")]
#[case::refused("denied")]
#[tokio::test]
async fn a_push_service_that_can_not_be_reached_is_waited_for_only_so_long(#[case] word: &str) {
    let scene = Scene::on(Sqlite).await;
    scene.open_account().await;
    scene.permit_notifications(word).await;
    let began = std::time::Instant::now();
    // As the server answers where it sends Web Push.
    scene
        .run(
            "const real = window.fetch;
             document.querySelector('#add-device').dataset.notify = '';
             window.fetch = async (address, options) => {
               const answer = await real(address, options);
               if (!String(address).endsWith('/devices/enrol')) return answer;
               const ticket = { ...(await answer.json()), vapidKey: 'B' + 'A'.repeat(86) };
               return Response.json(ticket);
             };",
        )
        .await;
    scene.press("Add this browser").await;
    while scene.devices().await.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", scene.browser.text().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(scene.devices().await[0].config.platform.as_str(), "none");
    scene.browser.sees("Added. It can now approve sign-ins.").await;
    scene.browser.close().await;
}

#[tokio::test]
async fn a_question_that_comes_moves_no_button_and_one_that_goes_lets_the_others_rest() {
    let scene = Scene::enrolled(Sqlite).await;
    scene.ask(false).await;
    scene.ask(false).await;
    scene.visit("/approve").await;
    scene.browser.sees("2 questions wait").await;
    let top = "return [...document.querySelectorAll('button[value=approve]')].map((button) => button.offsetTop);";
    let before = scene.run(top).await;
    scene.ask(false).await;
    scene.browser.sees("3 questions wait").await;
    let after = scene.run(top).await;
    assert_eq!((&after[0], &after[1]), (&before[0], &before[1]));
    let resting = scene
        .run(
            "document.querySelector('button[value=deny]').click();
             const next = document.querySelectorAll('button[value=approve]')[1];
             while (!document.querySelector('[data-part=outcome]:not([hidden])')) await new Promise(requestAnimationFrame);
             const resting = next.disabled;
             while (next.disabled) await new Promise(requestAnimationFrame);
             return resting;",
        )
        .await;
    assert_eq!(resting, true);
    scene.browser.close().await;
}
