//! What old clients write, and what it is called today.
//!
//! Before version 2012-05-05 of the API lists stood flat among the other members, and some members had other names.
//! Passing over them as over anything unknown would lose an alias or a signer without a word.

/// Structure, element that it does not have any more, and where its content goes now.
const MOVED: [(&str, &str, &str); 13] = [
    ("S3Origin", "DNSName", "DomainName"),
    ("StreamingDistributionConfig", "CNAME", "Aliases, with Quantity and Items around CNAME"),
    ("StreamingDistributionConfig", "Origin", "S3Origin, as its DomainName"),
    ("StreamingDistributionConfig", "OriginAccessIdentity", "S3Origin"),
    ("DistributionConfig", "CNAME", "Aliases, with Quantity and Items around CNAME"),
    ("DistributionConfig", "Origin", "Origins, with Quantity and Items around it"),
    ("DistributionConfig", "S3Origin", "Origins, as an Origin with S3OriginConfig"),
    ("DistributionConfig", "CustomOrigin", "Origins, as an Origin with CustomOriginConfig"),
    ("DistributionConfig", "TrustedSigners", "DefaultCacheBehavior"),
    ("DistributionConfig", "RequiredProtocols", "DefaultCacheBehavior, as its ViewerProtocolPolicy"),
    ("TrustedSigners", "Self", "Items, as an AwsAccountNumber that is the word self"),
    ("TrustedSigners", "AwsAccountNumber", "Items, with Enabled and Quantity beside it"),
    ("InvalidationBatch", "Path", "Paths, with Quantity and Items around it"),
];

/// Where the content of an element goes that a structure does not have any more.
pub(super) fn moved(structure: &str, element: &str) -> Option<&'static str> {
    MOVED.iter().find(|(of, name, _)| *of == structure && *name == element).map(|(_, _, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Kind, model};

    #[test]
    fn what_moved_is_no_member_and_goes_to_one() {
        for (structure, element, to) in MOVED {
            let Kind::Structure(members) = &model().shape(structure).unwrap().kind else {
                panic!("{structure}")
            };
            let has = |name: &str| members.iter().any(|member| member.wire == name);
            assert!(!has(element), "{structure}.{element}");
            assert!(has(to.split(',').next().unwrap()), "{structure}: {to}");
        }
    }
}
