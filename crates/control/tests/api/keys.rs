//! Key pairs, which have an interface of their own.

use http::Method;
use millrace_control::auth::Policy;
use serde_json::{Value, json};

use crate::plane::{Answer, Plane, signed};

const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELeiCTwUXuaU1M4UBdj8tmHv92Ylp\n\
                   WXxUwXV+WCcnRDI1R8T2TiCzY25xj31ukq7AWAcsHXhzguQFfuF/FU6yww==\n-----END PUBLIC KEY-----\n";

fn value(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), "application/json");
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn key_pairs_are_registered_listed_and_switched_off() {
    let plane = Plane::new().await;
    let new = json!({"KeyPairId": "APKAONE1", "PublicKey": PEM}).to_string();
    let made = plane.send(plane.signed(Method::POST, "/millrace/key-pairs", &new)).await;
    assert_eq!((made.status, &value(&made)["KeyPair"]["Active"]), (201, &json!(true)));
    let off = plane.signed(Method::PUT, "/millrace/key-pairs/APKAONE1", "{\"Active\": false}");
    assert_eq!(value(&plane.send(off).await)["KeyPair"]["Active"], false);
    let list = value(&plane.get("/millrace/key-pairs").await);
    assert_eq!((&list["KeyPairs"][0]["KeyPairId"], &list["KeyPairs"][1]), (&json!("APKAONE1"), &Value::Null));
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_json() {
    let plane = Plane::new().await;
    let refused = [
        (Method::POST, "/millrace/key-pairs", "no json", 400, "InvalidArgument"),
        (Method::POST, "/millrace/key-pairs", "{\"PublicKey\": \"x\"}", 400, "InvalidArgument"),
        (Method::POST, "/millrace/key-pairs", "{\"Secret\": \"x\"}", 400, "InvalidArgument"),
        (Method::DELETE, "/millrace/key-pairs", "", 405, "MethodNotAllowed"),
        (Method::GET, "/millrace/key-pairs/APKAONE1", "", 405, "MethodNotAllowed"),
        (Method::PUT, "/millrace/key-pairs/APKANONE", "{\"Active\": true}", 404, "NoSuchKeyPair"),
    ];
    for (method, path, body, status, code) in refused {
        let answer = plane.send(plane.signed(method, path, body)).await;
        assert_eq!((answer.status, &value(&answer)["Code"]), (status, &json!(code)), "{answer:?}");
        assert_eq!(value(&answer)["RequestId"], answer.header("x-amzn-requestid"));
    }
    let unsigned = plane.send(plane.request(Method::GET, "/millrace/key-pairs", "")).await;
    assert_eq!((unsigned.status, &value(&unsigned)["Code"]), (403, &json!("MissingAuthenticationToken")));
    let (id, secret) = plane.user("reader", Policy::distributions(&[])).await;
    let request = plane.request(Method::POST, "/millrace/key-pairs", &json!({"PublicKey": PEM}).to_string());
    let denied = plane.send(signed(request, (&id, &secret))).await;
    assert_eq!((denied.status, &value(&denied)["Code"]), (403, &json!("AccessDenied")));
}
