//! Whatever the shapes allow goes out and comes back as it was, in whatever order it is written.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use http::HeaderMap;
use millrace_control::shape::{Kind, Limits, Member, Operation, Segment, ShapeId, VERSION, model};
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Number, Value, json};

fn text(limits: Limits) -> BoxedStrategy<Value> {
    let (least, most) = (limits.least.unwrap_or(0.0) as usize, limits.most.unwrap_or(20.0) as usize);
    let any = prop_oneof![
        4 => proptest::char::range(' ', '~'),
        2 => proptest::sample::select(vec!['\t', '\n', '\r', '<', '&', '>', '"', '\'', ']', ' ', '\u{85}', '\u{2028}']),
        1 => any::<char>().prop_filter("XML can't carry it", |c| {
            !matches!(c, '\u{fffe}' | '\u{ffff}') && (*c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
        }),
    ];
    let text = proptest::collection::vec(any, least..=most.min(20));
    text.prop_map(|chars| Value::from(chars.into_iter().collect::<String>())).boxed()
}

fn number(limits: Limits) -> BoxedStrategy<Value> {
    let (least, most) = (limits.least.unwrap_or(-1e300), limits.most.unwrap_or(1e300));
    (least..=most).prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)).boxed()
}

fn moment() -> BoxedStrategy<Value> {
    let date = (1970..2100u32, 1..=12u32, 1..=28u32, 0..24u32, 0..60u32, 0..60u32, 0..1000u32);
    date.prop_map(|(year, month, day, hour, minute, second, milli)| {
        json!(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"))
    })
    .boxed()
}

/// Any value of a shape.
fn value(of: ShapeId) -> BoxedStrategy<Value> {
    match &model()[of].kind {
        Kind::Structure(members) => structure(members),
        Kind::List { of, limits, .. } => {
            let least = limits.least.unwrap_or(0.0) as usize;
            let most = limits.most.map_or(least + 2, |most| most as usize);
            proptest::collection::vec(value(*of), least..=most).prop_map(Value::Array).boxed()
        }
        Kind::Enum(words) => proptest::sample::select(words.clone()).prop_map(Value::from).boxed(),
        Kind::String(limits) => text(*limits),
        Kind::Integer(_) => any::<i32>().prop_map(Value::from).boxed(),
        Kind::Long(_) => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Double(limits) => number(*limits),
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Timestamp => moment(),
    }
}

fn structure(members: &'static [Member]) -> BoxedStrategy<Value> {
    let member = |member: &'static Member| {
        let value = value(member.of);
        match member.required {
            true => value.prop_map(Some).boxed(),
            false => proptest::option::of(value).boxed(),
        }
    };
    let values: Vec<_> = members.iter().map(member).collect();
    values
        .prop_map(|values| {
            let given = members.iter().zip(values);
            let given = given.filter_map(|(member, value)| Some((member.name.to_owned(), value?)));
            let mut object: Map<String, Value> = given.collect();
            let items = object.get("Items").and_then(Value::as_array).map_or(0, Vec::len);
            if let Some(quantity) = object.get_mut("Quantity") {
                *quantity = json!(items);
            }
            Value::Object(object)
        })
        .boxed()
}

/// An operation that takes a body, and a body it takes.
fn bodies() -> impl Strategy<Value = (&'static Operation, Value)> {
    let with_body = model().operations().iter().filter_map(|operation| Some((operation, operation.body()?)));
    Union::new(
        with_body.map(|(operation, member)| value(member.of).prop_map(move |value| (operation, value))),
    )
}

/// An answer's output.
fn outputs() -> impl Strategy<Value = (&'static Member, Value)> {
    let members = model().operations().iter().flat_map(|operation| &operation.output);
    let members = members.map(|bound| &bound.member).filter(|member| model()[member.of].kind.is_compound());
    Union::new(members.map(|member| value(member.of).prop_map(move |value| (member, value))))
}

fn decoded(operation: &'static Operation, body: &str) -> Value {
    let segment = |segment: &Segment| match segment {
        Segment::Literal(word) => *word,
        Segment::Label(_) => "E1",
    };
    let path: Vec<_> = operation.path.iter().map(segment).collect();
    let query: Vec<_> =
        operation.query.iter().map(|(key, value)| format!("{key}={}", value.unwrap_or(""))).collect();
    let query = format!("Resource=a&{}", query.join("&"));
    let path = format!("/{VERSION}/{}", path.join("/"));
    let routed = model().route(operation.method, &path, &query).unwrap();
    assert_eq!(routed.operation, operation);
    let call = model().decode(routed, &HeaderMap::new(), body.as_bytes()).unwrap();
    call.input[operation.body().unwrap().name].clone()
}

/// A document with the elements of every structure in another order. Lists keep theirs: it has a meaning.
fn shuffled(of: ShapeId, name: &str, value: &Value, random: &mut impl FnMut(usize) -> usize) -> String {
    let inner = match (&model()[of].kind, value) {
        (Kind::Structure(members), Value::Object(object)) => {
            let present = members.iter().filter_map(|member| Some((member, object.get(member.name)?)));
            let mut elements: Vec<String> =
                present.map(|(member, value)| shuffled(member.of, member.wire, value, random)).collect();
            for index in (1..elements.len()).rev() {
                elements.swap(index, random(index + 1));
            }
            elements.join("\n\t<?skip this?><Unknown><a/>b</Unknown>")
        }
        (Kind::List { element, of, .. }, Value::Array(items)) => {
            items.iter().map(|item| shuffled(*of, element, item, random)).collect::<Vec<_>>().join("<!-- -->")
        }
        (Kind::String(_), Value::String(text)) => {
            text.chars().map(|c| format!("&#{};", u32::from(c))).collect()
        }
        (_, Value::String(text)) => format!(" <![CDATA[{text}]]>\r\n"),
        (_, other) => format!(" {other}\n"),
    };
    format!("<x:{name} a='>'>{inner}</x:{name}>")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_body_is_decoded_to_what_it_was((operation, value) in bodies(), seed in any::<u64>()) {
        let member = operation.body().unwrap();
        let body = model().document(member.wire, member.of, VERSION, &value);
        prop_assert_eq!(&decoded(operation, &body), &value);
        prop_assert_eq!(model().check(model()[member.of].name, &value), Ok(value.clone()));
        let mut state = seed | 1;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        prop_assert_eq!(&decoded(operation, &shuffled(member.of, member.wire, &value, &mut random)), &value);
    }

    #[test]
    fn an_output_is_one_of_its_shape((member, value) in outputs()) {
        let shape = model()[member.of].name;
        prop_assert_eq!(model().check(shape, &value), Ok(value.clone()));
        let body = model().document(member.wire, member.of, VERSION, &value);
        let read = model().read(shape, body.as_bytes());
        prop_assert_eq!(read, Ok(value));
    }

    #[test]
    fn a_cut_body_is_refused((operation, value) in bodies(), cut in 1usize..40) {
        let member = operation.body().unwrap();
        let body = model().document(member.wire, member.of, VERSION, &value);
        let end = body.floor_char_boundary(body.len() - cut);
        let fault = model().read(model()[member.of].name, &body.as_bytes()[..end]).unwrap_err();
        prop_assert_eq!(fault.code, "MalformedXML");
    }

    #[test]
    fn noise_is_never_a_panic(method in "[A-Z]{0,5}", path in "(/2020-05-31)?(/[a-z%0-9-]{0,12}){0,4}",
                              query in "[A-Za-z%=&+]{0,30}", body in "(<[A-Za-z]{1,3}/?>|</[a-z]>|[&;x]){0,20}") {
        if let Ok(routed) = model().route(&method, &path, &query) {
            let _ = model().decode(routed, &HeaderMap::new(), body.as_bytes());
        }
        let _ = model().read("Tags", body.as_bytes());
    }
}
