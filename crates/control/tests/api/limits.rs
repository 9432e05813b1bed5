//! What is too much, and what is not even read.

use http::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::plane::{Plane, answer, head, signed};

const LIST: &str = "/2020-05-31/streaming-distribution";
const TEN_MEGABYTES: usize = 10_000_000;

#[tokio::test]
async fn of_those_without_a_known_key_the_body_is_not_read() {
    let plane = Plane::new().await;
    let unsigned = plane.request(Method::POST, LIST, "");
    let stranger = signed(plane.request(Method::POST, LIST, ""), ("AKIANOBODY", "a secret"));
    for (mut request, code) in [(unsigned, "MissingAuthenticationToken"), (stranger, "InvalidClientTokenId")]
    {
        request.headers_mut().insert("content-length", "1000".parse().unwrap());
        let mut stream = TcpStream::connect(plane.address).await.unwrap();
        // The body never comes, but the answer does.
        stream.write_all(head(&request).as_bytes()).await.unwrap();
        answer(&mut stream).await.refuses(403, code);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_words_and_the_client_gets_to_read_them() {
    let plane = Plane::new().await;
    let request = plane.signed(Method::POST, LIST, &"x".repeat(TEN_MEGABYTES));
    // The whole body is sent before anything is read, as simple clients do.
    plane.send(request).await.refuses(413, "RequestEntityTooLarge");
}

#[tokio::test]
async fn a_body_in_chunks_is_too_large_all_the_same() {
    let plane = Plane::new().await;
    let mut request = plane.signed(Method::POST, LIST, "");
    request.headers_mut().insert("transfer-encoding", "chunked".parse().unwrap());
    let head = head(&request).replace("content-length: 0\r\n", "");
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000));
    for _ in 0..TEN_MEGABYTES / 100_000 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    answer(&mut stream).await.refuses(413, "RequestEntityTooLarge");
}

#[tokio::test]
async fn headers_are_limited_together() {
    let plane = Plane::new().await;
    let with = |bytes: usize| {
        let mut request = plane.request(Method::GET, LIST, "");
        request.headers_mut().insert("x-more", "x".repeat(bytes).parse().unwrap());
        signed(request, crate::plane::ADMIN)
    };
    assert_eq!(plane.send(with(15_000)).await.status, 200);
    plane.send(with(17_000)).await.refuses(431, "RequestHeaderSectionTooLarge");
}

#[tokio::test]
async fn a_body_that_breaks_off_harms_nobody() {
    let plane = Plane::new().await;
    let mut request = plane.signed(Method::POST, LIST, "");
    request.headers_mut().insert("content-length", "1000".parse().unwrap());
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    stream.write_all(head(&request).as_bytes()).await.unwrap();
    stream.write_all(b"<Stream").await.unwrap();
    stream.shutdown().await.unwrap();
    drop(stream);
    assert_eq!(plane.get(LIST).await.status, 200);
}
