//! Distributions of the configuration file: shown like all others, changed in the file.

use millrace_control::service::Declared;
use serde_json::json;

use crate::account::{Account, streaming};

fn declared(id: &str) -> Declared {
    Declared {
        id: id.to_owned(),
        domain_name: format!("{}.example.net", id.to_ascii_lowercase()),
        aliases: vec![format!("alias-{id}.example.net")],
        bucket: "films".to_owned(),
        trusted_signers: Vec::new(),
        enabled: true,
        file: "/etc/millrace.toml".to_owned(),
    }
}

#[tokio::test]
async fn they_stand_in_the_list_in_order_and_in_pages() {
    let account = Account::new().await;
    let mut expected: Vec<String> = ["A", "EZZZ", "M-1", "demo", "zz", "live"].map(str::to_owned).to_vec();
    account.service.declare(&expected.iter().map(|id| declared(id)).collect::<Vec<_>>());
    for number in 0..6 {
        expected.push(account.stream(&number.to_string(), json!({})).await.id);
    }
    expected.sort();
    for most in 1..=expected.len() + 1 {
        let (mut all, mut marker) = (Vec::new(), Some(String::new()));
        while let Some(behind) = marker {
            let input = json!({"MaxItems": most.to_string(), "Marker": behind});
            let (ids, next) = account.ids("StreamingDistributions", input).await;
            assert!(ids.len() <= most);
            all.extend(ids);
            marker = next;
        }
        assert_eq!(all, expected, "pages of {most}");
    }
}

#[tokio::test]
async fn they_can_be_read_but_the_file_is_where_they_change() {
    let account = Account::new().await;
    account.service.declare(&[declared("film")]);
    let got = account.call("GetStreamingDistribution", json!({"Id": "film"})).await;
    let shown = &got["StreamingDistribution"];
    assert_eq!((&shown["Status"], &shown["DomainName"]), (&json!("Deployed"), &json!("film.example.net")));
    let config = shown["StreamingDistributionConfig"].clone();
    assert_eq!(config["S3Origin"]["DomainName"], "films.s3.amazonaws.com");
    assert_eq!(config["Aliases"]["Items"], json!(["alias-film.example.net"]));
    let input = json!({"Id": "film", "IfMatch": got["ETag"], "StreamingDistributionConfig": config});
    account
        .refused("IllegalUpdate", "/etc/millrace.toml", "UpdateStreamingDistribution", input.clone())
        .await;
    account.refused("IllegalDelete", "/etc/millrace.toml", "DeleteStreamingDistribution", input).await;
    // With another file they are gone.
    account.service.declare(&[]);
    account
        .refused("NoSuchStreamingDistribution", "film", "GetStreamingDistribution", json!({"Id": "film"}))
        .await;
}

#[tokio::test]
async fn they_count_for_no_quota() {
    let quotas = millrace_control::Quotas { streaming_distributions: 1, ..Default::default() };
    let account = Account::with_quotas(quotas).await;
    account.service.declare(&[declared("a"), declared("b")]);
    account.stream("one", json!({})).await;
    let input = json!({"StreamingDistributionConfig": streaming("two", json!({}))});
    account.refused("TooManyStreamingDistributions", "quota", "CreateStreamingDistribution", input).await;
}
