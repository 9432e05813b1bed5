//! What is answered, and to whom.

use http::Method;
use millrace_control::auth::Policy;

use crate::plane::{ADMIN, Plane, config, signed};

const LIST: &str = "/2020-05-31/streaming-distribution";

#[tokio::test]
async fn a_distribution_is_made_with_its_place_and_version() {
    let plane = Plane::new().await;
    let made = plane.send(plane.signed(Method::POST, LIST, &config("one"))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.element("Id").to_owned();
    assert_eq!(made.header("location"), format!("http://{}{LIST}/{id}", plane.address));
    assert_eq!(made.header("content-type"), "text/xml");
    assert_eq!(made.header("x-amzn-requestid").len(), 36);
    let got = plane.get(&format!("{LIST}/{id}")).await;
    assert_eq!((got.status, &got.body), (200, &made.body));
    assert_eq!(got.header("etag"), made.header("etag"));
    assert_ne!(got.header("x-amzn-requestid"), made.header("x-amzn-requestid"));
    // Earlier versions are answered in their own namespace.
    let old = plane.get(&format!("/2012-05-05/streaming-distribution/{id}")).await;
    assert!(old.body.contains("http://cloudfront.amazonaws.com/doc/2012-05-05/"), "{old:?}");
}

#[tokio::test]
async fn what_is_unknown_or_wrong_is_refused_in_amazons_shape() {
    let plane = Plane::new().await;
    plane.get("/2020-05-31/nonsense").await.refuses(404, "UnknownOperation");
    plane.get(&format!("{LIST}/ENONE")).await.refuses(404, "NoSuchStreamingDistribution");
    plane.send(plane.signed(Method::POST, LIST, "<no xml")).await.refuses(400, "MalformedXML");
    plane.send(plane.signed(Method::POST, LIST, "")).await.refuses(400, "MissingBody");
    let entity = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><StreamingDistributionConfig>&e;</StreamingDistributionConfig>";
    let answer = plane.send(plane.signed(Method::POST, LIST, entity)).await;
    answer.refuses(400, "MalformedXML");
    assert!(!answer.body.contains("root:"));
}

#[tokio::test]
async fn a_reader_reads_and_does_not_write() {
    let plane = Plane::new().await;
    let (id, secret) = plane.user("reader", Policy::read_only()).await;
    let key = (id.as_str(), secret.as_str());
    assert_eq!(plane.send(signed(plane.request(Method::GET, LIST, ""), key)).await.status, 200);
    let made = plane.send(signed(plane.request(Method::POST, LIST, &config("one")), key)).await;
    made.refuses(403, "AccessDenied");
    plane.service.delete_user("reader").await.unwrap();
    let gone = plane.send(signed(plane.request(Method::GET, LIST, ""), key)).await;
    gone.refuses(403, "InvalidClientTokenId");
}

#[tokio::test]
async fn without_a_store_sdks_are_told_to_try_again() {
    let plane = Plane::start(None).await;
    plane.get(LIST).await.refuses(503, "ServiceUnavailable");
    plane.send(plane.request(Method::GET, LIST, "")).await.refuses(403, "MissingAuthenticationToken");
    plane.opened();
    assert_eq!(plane.get(LIST).await.status, 200);
    plane.service.store().close().await;
    plane.get(LIST).await.refuses(503, "ServiceUnavailable");
}

#[tokio::test]
async fn a_signature_has_to_be_right() {
    let plane = Plane::new().await;
    let get = || plane.request(Method::GET, LIST, "");
    plane.send(signed(get(), ("AKIANOBODY", ADMIN.1))).await.refuses(403, "InvalidClientTokenId");
    plane.send(signed(get(), (ADMIN.0, "another secret"))).await.refuses(403, "SignatureDoesNotMatch");
    let mut moved = signed(get(), ADMIN);
    *moved.uri_mut() = format!("http://{}/2020-05-31/distribution", plane.address).parse().unwrap();
    plane.send(moved).await.refuses(403, "SignatureDoesNotMatch");
    let mut other = signed(plane.request(Method::POST, LIST, &config("one")), ADMIN);
    *other.body_mut() = config("two");
    plane.send(other).await.refuses(403, "SignatureDoesNotMatch");
    let mut garbled = get();
    garbled.headers_mut().insert("authorization", "AWS4-HMAC-SHA256 nonsense".parse().unwrap());
    plane.send(garbled).await.refuses(400, "IncompleteSignature");
}
