//! Segments are packed once, whoever watches; and stamps that need four bytes more.

use bytes::Bytes;

use crate::support::*;

#[tokio::test]
async fn a_hundred_viewers_have_each_segment_packed_once_and_each_byte_read_once() {
    let house = House::new().await;
    let film = sample_mp4();
    house.put("film.mp4", &film);
    let oracle = Oracle::of(&film).await;
    let whole = oracle.whole().await;
    let mut all = Vec::new();
    for _ in 0..100 {
        let mut viewer = house.viewer().await;
        viewer.play("mp4:film");
        all.push(tokio::spawn(async move { media_of(&viewer.hear_end().await) }));
    }
    for viewer in all {
        assert_same(&viewer.await.expect("a viewer"), &whole);
    }
    assert_eq!(house.segments_built(), oracle.runs().await);
    assert_eq!(house.origin.tally("film.mp4").bytes, film.len() as u64);
}

#[tokio::test]
async fn whoever_comes_another_way_or_by_another_stream_shares_what_is_packed() {
    let house = House::new().await;
    let film = sample_mp4();
    house.put("film.mp4", &film);
    let oracle = Oracle::of(&film).await;
    let mut first = house.viewer().await;
    first.play("mp4:film");
    first.hear_end().await;
    let built = house.segments_built();
    let base = oracle.key_ms(6_000).await as u32;
    let mut viewer = house.viewer().await;
    viewer.play_part("mp4:film", 6_000.0, -1000.0);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &until(&oracle.from(6_000).await, u32::MAX, base));
    viewer.seek(14_000.0);
    viewer.hear_end().await;
    assert_eq!(viewer.create_stream().await, 2);
    viewer.buffer(2, ALL_AT_ONCE).say(2, "play", vec!["mp4:film".into(), 6_000.0.into()]);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &until(&oracle.from(6_000).await, u32::MAX, base));
    assert_eq!(house.segments_built(), built);
}

/// Plays from a time on stream 1 and on stream 2.
async fn far_away(film: &Bytes, start_ms: u64) {
    let house = House::new().await;
    house.put("film.flv", film);
    let oracle = Oracle::of(film).await;
    let base = oracle.key_ms(start_ms).await as u32;
    let expected = match start_ms {
        0 => oracle.whole().await,
        ms => until(&oracle.from(ms).await, u32::MAX, base),
    };
    let mut viewer = house.viewer().await;
    viewer.create_stream().await;
    for stream in [1, 2] {
        viewer.buffer(stream, ALL_AT_ONCE);
        viewer.say(stream, "play", vec!["film".into(), (start_ms as f64).into()]);
        let heard = viewer.hear_end().await;
        assert!(
            heard
                .iter()
                .all(|heard| !matches!(heard, Heard::Media { stream: other, .. } if *other != stream))
        );
        assert_same(&media_of(&heard), &expected);
    }
    // And once more by a seek, which has absolute stamps again.
    viewer.seek(start_ms as f64);
    let heard = viewer.hear_end().await;
    assert_same(&media_of(&heard), &oracle.from(start_ms).await);
}

#[tokio::test]
async fn stamps_may_pass_the_largest_of_three_bytes() {
    // The second part begins before that border, on it, and behind it.
    for jump_ms in [0xff_ffff - 2_000, 0xff_ffff, 0x100_0000, 5 * 3_600_000] {
        far_away(&long_flv(jump_ms), 0).await;
    }
}

#[tokio::test]
async fn a_start_behind_that_border_counts_from_0() {
    for jump_ms in [0xff_ffff - 2_000, 0xff_ffff, 5 * 3_600_000] {
        for start_ms in [1_000, jump_ms, jump_ms + 2_500] {
            far_away(&long_flv(jump_ms), start_ms.into()).await;
        }
    }
}

#[tokio::test]
async fn a_song_of_five_hours_ends_with_its_last_frame() {
    let frames = 5 * 3600 * 1000 / 26;
    let film = mp3(frames);
    let house = House::new().await;
    house.put("song.mp3", &film);
    let oracle = Oracle::of(&film).await;
    let mut viewer = house.viewer().await;
    viewer.play_part("mp3:song", 17_990_000.0, -1000.0);
    let base = oracle.key_ms(17_990_000).await as u32;
    let expected = oracle.from(17_990_000).await;
    assert_same(&media_of(&viewer.hear_end().await), &until(&expected, u32::MAX, base));
    viewer.seek(17_990_000.0);
    assert_same(&media_of(&viewer.hear_end().await), &expected);
}

#[tokio::test]
async fn script_data_with_an_absurd_stamp_harms_nothing_around_it() {
    let mut film = Flv::new();
    film.headers(0).picture(0, true, 1, 50).cue(20_000_000, "onCuePoint").sound(0, 1);
    for index in 1..30 {
        film.picture(index * 100, index % 10 == 0, index as u8, 50).sound(index * 100, 1);
    }
    let film = film.done();
    let house = House::new().await;
    house.put("film.flv", &film);
    let mut viewer = house.viewer().await;
    // The second time stamps go on from those of the first.
    viewer.play("film").enqueue("film");
    let frames = |list: Vec<Sent>| list.into_iter().filter(|sent| sent.kind != 18).collect::<Vec<_>>();
    let got = media_of(&viewer.hear_end().await);
    assert_eq!(got.iter().filter(|sent| sent.kind == 18).count(), 2);
    let first = frames(Oracle::of(&film).await.whole().await);
    let second = first.iter().map(|sent| Sent { time_ms: sent.time_ms + 2_940, ..sent.clone() });
    let expected: Vec<_> = first.iter().cloned().chain(second).collect();
    assert_same(&frames(got), &expected);
}
