//! What is written is read back, whatever it is.

use millrace_amf::{Limits, Object, Value, amf0, amf3};
use proptest::prelude::*;

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<f64>().prop_filter("NaN is not equal to itself", |n| !n.is_nan()).prop_map(Value::Number),
        (-300_000_000i32..300_000_000).prop_map(|n| Value::Number(f64::from(n))),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,20}".prop_map(Value::String),
        Just(Value::Null),
        Just(Value::Undefined),
        (0f64..1e13).prop_map(Value::Date),
        ".{0,20}".prop_map(Value::Xml),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let object = proptest::collection::vec(("[a-z]{1,8}", inner.clone()), 1..5)
            .prop_map(|members| members.into_iter().collect::<Object>());
        prop_oneof![
            object.clone().prop_map(Value::Object),
            object.clone().prop_map(Value::EcmaArray),
            ("[A-Z][a-z.]{0,9}", object).prop_map(|(class, object)| Value::TypedObject(class, object)),
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::StrictArray),
            proptest::collection::vec((inner.clone(), inner), 0..3).prop_map(Value::Dictionary),
        ]
    })
}

proptest! {
    #[test]
    fn amf0_reads_what_it_wrote(value in values()) {
        let mut bytes = Vec::new();
        amf0::encode(&value, &mut bytes);
        let (back, used) = amf0::decode(&bytes, Limits::METADATA).unwrap();
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(back, value);
    }

    #[test]
    fn amf3_reads_what_it_wrote(value in values()) {
        let mut bytes = Vec::new();
        amf3::encode(&value, &mut bytes);
        let (back, used) = amf3::decode(&bytes, Limits::METADATA).unwrap();
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(back, value);
    }

    #[test]
    fn a_cut_value_is_an_error_and_no_panic(value in values(), cut in 1usize..40) {
        let mut bytes = Vec::new();
        amf0::encode(&value, &mut bytes);
        bytes.truncate(bytes.len().saturating_sub(cut));
        prop_assert!(amf0::decode(&bytes, Limits::METADATA).is_err());
    }

    #[test]
    fn noise_is_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = amf0::decode_all(&bytes, Limits::COMMAND);
        let _ = amf3::decode(&bytes, Limits::COMMAND);
    }
}
