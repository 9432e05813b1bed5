//! The letter of RTMPT: what answers have to look like, byte for byte, for clients that read no more of HTTP than they
//! must.

use millrace_edge::Phase;

use crate::support::*;

/// What librtmp needs of an answer, and what lets a browser's script read it.
#[track_caller]
fn is_to_the_letter(answer: &Answer) {
    let Answer { head, body } = answer;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    assert_eq!(head.to_ascii_lowercase().matches("content-length").count(), 1, "{head}");
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(answer.header("Content-Type"), Some("application/x-fcs"));
    assert_eq!(answer.header("Cache-Control"), Some("no-cache"));
    assert_eq!(answer.header("Connection"), Some("Keep-Alive"));
    is_open_to_all(answer);
}

#[track_caller]
fn is_open_to_all(answer: &Answer) {
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"), "{answer:?}");
}

/// A refusal without a body, which a client could take for the stream.
#[track_caller]
fn is_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert!(answer.body.is_empty(), "{answer:?}");
    assert_eq!(answer.header("Content-Length"), Some("0"), "{answer:?}");
    is_open_to_all(answer);
}

#[tokio::test]
async fn an_answer_of_every_kind_is_as_librtmp_wants_it() {
    let house = House::new().await;
    let mut http = house.http().await;
    let open = http.post("/open/1", &[0]).await;
    is_to_the_letter(&open);
    let mut tunnel = Tunnel::to(&house.road()).await;
    for answer in [tunnel.send(&hello()).await, tunnel.idle().await, tunnel.close().await] {
        is_to_the_letter(&answer);
    }
}

#[tokio::test]
async fn a_session_is_named_by_128_random_bits_and_a_line_end_without_an_interval_byte() {
    let house = House::new().await;
    let mut http = house.http().await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        let body = http.post("/open/1", &[0]).await.body;
        let (id, end) = body.split_at(32);
        assert!(id.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{body:?}");
        assert_eq!(end, b"\n");
        ids.push(id.to_vec());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn the_handshake_is_answered_in_the_same_answer() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let answer = tunnel.send(&hello()).await;
    assert_eq!(answer.body.len(), 1 + 1 + 1536 + 1536);
    assert_eq!(answer.body[..2], [1, 3], "the interval, and the version");
}

#[tokio::test]
async fn what_idle_carries_is_no_part_of_the_stream() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    // Any of these bytes in front of a handshake would end it.
    let path = tunnel.path("idle");
    assert_eq!(tunnel.http.post(&path, &[0xff; 100]).await.body.len(), 1);
    assert_eq!(tunnel.send(&hello()).await.body.len(), 3074);
}

#[tokio::test]
async fn a_send_may_carry_nothing() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    assert_eq!(tunnel.send(&[]).await.body.as_ref(), [1]);
    assert_eq!(tunnel.send(&hello()).await.body.len(), 3074);
}

#[tokio::test]
async fn the_interval_grows_while_nothing_comes_and_falls_back() {
    let house = House::with(|limits| limits.tunnel_hold = std::time::Duration::from_millis(1)).await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let mut intervals = Vec::new();
    for _ in 0..60 {
        let answer = tunnel.idle().await;
        assert_eq!(answer.body.len(), 1);
        intervals.push(answer.interval());
    }
    assert_eq!(intervals[..9], [1; 9]);
    for (step, interval) in [3, 5, 9, 0x11, 0x21].into_iter().enumerate() {
        let from = 9 + step * 10;
        assert_eq!(intervals[from..from + 10], [interval; 10], "{intervals:?}");
    }
    assert_eq!(tunnel.send(&hello()).await.interval(), 1);
    assert_eq!(tunnel.idle().await.interval(), 1);
}

#[tokio::test]
async fn close_is_answered_with_one_zero_and_the_session_is_over() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    tunnel.send(&hello()).await;
    assert_eq!(tunnel.close().await.body.as_ref(), [0]);
    house.ended("the viewer closed it").await;
    is_refused(&tunnel.idle().await, 404);
    house.empty().await;
}

#[tokio::test]
async fn after_the_servers_own_end_the_last_bytes_come_and_then_a_zero() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    tunnel.send(&hello()).await;
    assert_eq!(tunnel.send(&[0; 1536]).await.body.len(), 1, "a handshake has nothing more to say");
    house.edge.enter(Phase::Stopping);
    let last = tunnel.idle().await;
    assert_eq!(last.interval(), 1);
    assert!(last.body.windows(5).any(|five| five == b"close"), "{last:?}");
    assert_eq!(tunnel.idle().await.body.as_ref(), [0]);
}

#[tokio::test]
async fn who_is_refused_is_told_so_before_the_session_ends() {
    let house = House::new().await;
    let mut viewer =
        Viewer::over(house.road().tunnel(Requests::OneConnection), millrace_rtmp::handshake::Kind::Plain)
            .await;
    let heard = viewer.connect("cfx/st", "rtmp://nobody.example.org/cfx/st", &[]).await;
    assert!(matches!(heard.last(), Some(Heard::Reply(reply)) if reply.name == "_error"));
    assert_eq!(labels(&viewer.hear_all().await), ["close"]);
}

#[tokio::test]
async fn sessions_that_are_none_are_not_found() {
    let house = House::new().await;
    let tunnel = Tunnel::to(&house.road()).await;
    let mut http = house.http().await;
    let (id, mut altered) = (tunnel.id.clone(), tunnel.id.clone().into_bytes());
    altered[31] = if altered[31] == b'0' { b'1' } else { b'0' };
    let altered = String::from_utf8(altered).expect("another id");
    for id in [&altered, &id[1..], "0", "x".repeat(500).as_str(), &format!("{id}%00"), &id.to_uppercase()] {
        // An id of digits alone is the same in capitals.
        if id != tunnel.id {
            is_refused(&http.post(&format!("/send/{id}/0"), &hello()).await, 404);
        }
    }
    let counters = house.edge.metrics().snapshot();
    assert!(counters.tunnels_unknown >= 5, "{counters:#?}");
}

#[tokio::test]
async fn flash_is_told_at_once_that_there_is_no_other_server_to_go_to() {
    let house = House::new().await;
    let mut http = house.http().await;
    for path in ["/fcs/ident", "/fcs/ident2"] {
        is_refused(&http.post(path, &[0]).await, 404);
    }
}

#[tokio::test]
async fn other_methods_and_other_paths_are_told_apart() {
    let house = House::new().await;
    let mut http = house.http().await;
    for path in ["/open/1", "/fcs/ident2", "/idle/0123/0"] {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"] {
            let answer = http.ask(method, path).await;
            assert_eq!(answer.status(), 405, "{method} {path}: {answer:?}");
            assert_eq!(answer.header("Allow"), Some("POST, OPTIONS"));
            is_open_to_all(&answer);
        }
    }
    for path in ["/open/2", "/open", "/send/0123", "/idle/0123/-1", "/close//1", "/fcs/other", "/elsewhere"] {
        let answer = http.post(path, &[0]).await;
        assert_eq!(answer.status(), 404, "{path}: {answer:?}");
        is_open_to_all(&answer);
    }
    assert_eq!(http.open().await.len(), 32, "the connection goes on");
}

#[tokio::test]
async fn a_browser_may_ask_before_a_script_of_another_site_speaks() {
    let house = House::new().await;
    let mut http = house.http().await;
    for path in ["/open/1", "/send/0123/0", "/fcs/ident2"] {
        let answer = http.ask("OPTIONS", path).await;
        assert_eq!(answer.status(), 204);
        assert!(answer.body.is_empty());
        is_open_to_all(&answer);
        assert_eq!(answer.header("Access-Control-Allow-Methods"), Some("POST"));
        assert_eq!(answer.header("Access-Control-Allow-Headers"), Some("Content-Type"));
        assert!(answer.header("Access-Control-Max-Age").is_some());
    }
}

#[tokio::test]
async fn a_request_holds_so_much_and_no_more() {
    let house = House::with(|limits| limits.tunnel_request = 2000).await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let number_0 = format!("/send/{}/0", tunnel.id);
    is_refused(&house.http().await.post(&number_0, &[3; 2001]).await, 413);
    // Without a length, by chunks.
    let mut http = house.http().await;
    let head =
        format!("POST {number_0} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n7d1\r\n");
    http.write(&[head.as_bytes(), &[3; 2001]].concat()).await;
    is_refused(&http.answer().await.expect("a refusal"), 413);
    assert_eq!(tunnel.send(&hello()).await.body.len(), 3074, "nothing of those reached the session");
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n",
        tunnel.path("send")
    );
    tunnel.http.write(head.as_bytes()).await;
    for part in hello().chunks(700) {
        let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
        tunnel.http.write(&chunk).await;
    }
    tunnel.http.write(b"0\r\n\r\n").await;
    let answer = tunnel.http.answer().await.expect("an answer");
    is_to_the_letter(&answer);
    assert_eq!(answer.body.len(), 3074);
}

#[tokio::test]
async fn http_1_0_is_understood_with_and_without_a_connection_that_stays() {
    let house = House::new().await;
    let open = |more: &str| {
        format!("POST /open/1 HTTP/1.0\r\nHost: {HOST}\r\nContent-Length: 1\r\n{more}\r\n\0").into_bytes()
    };
    let mut http = house.http().await;
    for _ in 0..2 {
        http.write(&open("Connection: keep-alive\r\n")).await;
        let answer = http.answer().await.expect("an answer");
        assert_eq!((answer.status(), answer.body.len()), (200, 33), "{answer:?}");
        is_open_to_all(&answer);
    }
    http.write(&open("")).await;
    assert_eq!(http.answer().await.expect("an answer").status(), 200);
    assert!(http.is_closed().await);
}

#[tokio::test]
async fn continue_is_said_to_those_who_ask_for_it() {
    let house = House::new().await;
    let mut tunnel = Tunnel::to(&house.road()).await;
    let path = tunnel.path("send");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1537\r\nExpect: 100-continue\r\n\r\n"
    );
    tunnel.http.write(head.as_bytes()).await;
    let go_on = tunnel.http.answer().await.expect("an answer");
    assert_eq!(go_on.head, "HTTP/1.1 100 Continue\r\n\r\n");
    tunnel.http.write(&hello()).await;
    assert_eq!(tunnel.http.answer().await.expect("an answer").body.len(), 3074);
}
