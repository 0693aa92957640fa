//! Lists, as the libraries walk them.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd};

fn sids(list: &Value, key: &str) -> Vec<String> {
    list[key].as_array().unwrap().iter().map(|row| row["sid"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[case("PageSize=0")]
#[case("PageSize=1001")]
#[case("PageSize=many")]
#[case("Page=-1")]
#[case("PageToken=PA1234")]
#[case("Order=up")]
#[case("Status=undecided")]
#[case("FactorSid=YF12")]
#[case("PageSize=%")]
#[tokio::test]
async fn a_list_with_wrong_parameters_is_refused(#[case] query: &str) {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let list = back_end.basic.get(&format!("{}/Challenges?{query}", device.entity)).await;
    assert_eq!(list.refusal(), (400, 60306));
}

#[rstest]
#[tokio::test]
async fn a_list_is_walked_by_the_addresses_it_tells(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("asc", "desc")] order: &str,
) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        app.clock.advance(std::time::Duration::from_millis(10));
        made.push(back_end.ask(&device, &[]).await.rsplit('/').next().unwrap().to_owned());
    }
    if order == "desc" {
        made.reverse();
    }
    let address = format!("{}{}/Challenges", app.url, device.entity);
    let kept = format!("FactorSid={}&Status=pending&Order={order}&PageSize=2", device.factor);
    let first = back_end.basic.get(&format!("{address}?{kept}")).await.json;
    assert_eq!(sids(&first, "challenges"), made[..2]);
    let meta = &first["meta"];
    assert_eq!((&meta["page"], &meta["page_size"], &meta["key"]), (&json!(0), &json!(2), &json!("challenges")));
    assert_eq!(meta["previous_page_url"], json!(null));
    assert_eq!((&meta["url"], &meta["url"]), (&meta["first_page_url"], &json!(format!("{address}?{kept}&Page=0"))));
    let next = meta["next_page_url"].as_str().unwrap();
    assert!(next.starts_with(&format!("{address}?{kept}&Page=1&PageToken=PA")), "{next}");
    let second = back_end.basic.get(next).await.json;
    assert_eq!(sids(&second, "challenges"), made[2..4]);
    // One SDK writes the parameter with a small letter.
    let token = next.split("PageToken=").nth(1).unwrap();
    let again = back_end.basic.get(&format!("{address}?{kept}&pageToken={token}")).await.json;
    assert_eq!(sids(&again, "challenges"), made[2..4]);
    let third = back_end.basic.get(second["meta"]["next_page_url"].as_str().unwrap()).await.json;
    assert_eq!((sids(&third, "challenges"), &third["meta"]["next_page_url"]), (made[4..].to_vec(), &json!(null)));
    let back = back_end.basic.get(third["meta"]["previous_page_url"].as_str().unwrap()).await.json;
    assert_eq!((sids(&back, "challenges"), &back["meta"]["page"]), (made[2..4].to_vec(), &json!(1)));
    let by_number = back_end.basic.get(&format!("{address}?Order={order}&PageSize=2&Page=2")).await.json;
    assert_eq!(sids(&by_number, "challenges"), made[4..]);
}

#[rstest]
#[tokio::test]
async fn every_list_has_its_key_and_only_what_is_ones_own(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, other) = (BackEnd::of(&app).await, BackEnd::of(&app).await);
    let device = back_end.device(&app, ALICE).await;
    other.device(&app, ALICE).await;
    let entities = format!("{}/Entities", back_end.service);
    let lists =
        [("/v2/Services", "services"), (&*entities, "entities"), (&format!("{}/Factors", device.entity), "factors")];
    for (path, key) in lists {
        let list = back_end.basic.get(path).await;
        assert_eq!(list.json["meta"]["key"], key);
        assert_eq!(list.json["meta"]["page_size"], 50);
        let [only] = &sids(&list.json, key)[..] else { panic!("{list:?}") };
        let mine = [back_end.service_sid(), &*device.factor];
        assert!(mine.contains(&only.as_str()) || key == "entities", "{list:?}");
    }
    for path in [entities.clone(), format!("{}/Webhooks", back_end.service), device.path(), device.entity.clone()] {
        assert_eq!(other.basic.get(&path).await.refusal(), (404, 20404), "{path}");
    }
    assert_eq!(
        back_end.basic.get(&format!("{}/Factors", back_end.entity("nobody-here"))).await.refusal(),
        (404, 20404)
    );
}
