//! An account of its own for each test, and the smallest configurations that can be.

use std::path::Path;
use std::sync::Arc;

use millrace_control::auth::{Principal, Seal};
use millrace_control::{Error, Quotas, Service, Settings, Store};
use serde_json::{Value, json};
use sqlx::Connection;
use tempfile::TempDir;

/// The operations on a store in a temporary folder, as somebody.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) service: Arc<Service>,
    pub(crate) who: Principal,
    folder: Arc<TempDir>,
}

/// A second look at a store: as another process on the same machine has it.
pub(crate) async fn service(folder: &Path, settings: Settings) -> Arc<Service> {
    let store = Store::open(&folder.join("control.db").display().to_string()).await.expect("a store");
    let seal = Seal::open(&folder.join("seal.key")).expect("a key file");
    Service::new(store, Arc::new(seal), settings).expect("operations")
}

impl Account {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// With other quotas.
    pub(crate) async fn with_quotas(quotas: Quotas) -> Self {
        Self::with(Settings { quotas, ..Settings::default() }).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let service = service(folder.path(), settings).await;
        Self { service, who: Principal::operator(), folder }
    }

    /// The same account through a service of its own.
    pub(crate) async fn again(&self) -> Self {
        self.again_with(Settings::default()).await
    }

    /// The same with other settings.
    pub(crate) async fn again_with(&self, settings: Settings) -> Self {
        Self { service: service(self.folder.path(), settings).await, ..self.clone() }
    }

    /// Where the store and the key file are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes a row out of the store, as only somebody can who goes behind the API's back.
    pub(crate) async fn forget(&self, kind: &str, id: &str) {
        self.behind("DELETE FROM resource WHERE kind = $1 AND id = $2", kind, id).await;
    }

    /// Makes it look as if something had been made eight days ago.
    pub(crate) async fn age(&self, kind: &str, id: &str) {
        let statement = "UPDATE resource SET created_ms = created_ms - 691200000 WHERE kind = $1 AND id = $2";
        self.behind(statement, kind, id).await;
    }

    async fn behind(&self, statement: &'static str, kind: &str, id: &str) {
        let url = format!("sqlite://{}", self.folder().join("control.db").display());
        sqlx::any::install_default_drivers();
        let mut store = sqlx::AnyConnection::connect(&url).await.expect("the store's file");
        let done = sqlx::query(statement).bind(kind).bind(id).execute(&mut store).await;
        assert_eq!(done.expect("a statement").rows_affected(), 1);
    }

    /// The same account as somebody else.
    pub(crate) fn as_user(&self, who: Principal) -> Self {
        Self { who, ..self.clone() }
    }

    pub(crate) async fn try_call(&self, operation: &str, input: Value) -> Result<Value, Error> {
        let input = input.as_object().expect("an input is an object").clone();
        self.service.call(&self.who, operation, input).await.map(Value::Object)
    }

    /// Calls what must be answered.
    pub(crate) async fn call(&self, operation: &str, input: Value) -> Value {
        let shown = input.to_string();
        let answered = self.try_call(operation, input).await;
        answered.unwrap_or_else(|error| panic!("{operation} of {shown}: {error}"))
    }

    /// Calls what must be refused with this code, in words that name the fault.
    pub(crate) async fn refused(&self, code: &str, word: &str, operation: &str, input: Value) -> Error {
        let shown = input.to_string();
        match self.try_call(operation, input).await {
            Ok(answer) => panic!("{operation} of {shown} was answered: {answer}"),
            Err(error) => {
                assert_eq!(error.code, code, "{operation} of {shown}: {error}");
                assert!(error.message.contains(word), "{operation} of {shown}: no {word:?} in {error}");
                assert_ne!(error.status, 500);
                error
            }
        }
    }

    /// Makes a streaming distribution.
    pub(crate) async fn stream(&self, reference: &str, more: Value) -> Made {
        let config = streaming(reference, more);
        let input = json!({"StreamingDistributionConfig": config});
        Made::of("StreamingDistribution", self.call("CreateStreamingDistribution", input).await)
    }

    /// Makes a web distribution.
    pub(crate) async fn web(&self, reference: &str, more: Value) -> Made {
        let input = json!({"DistributionConfig": web(reference, more)});
        Made::of("Distribution", self.call("CreateDistribution", input).await)
    }

    /// Makes one of any other kind.
    pub(crate) async fn make(&self, noun: &'static str, config: Value) -> Made {
        let mut input = json!({});
        input[format!("{noun}Config")] = config;
        Made::of(noun, self.call(&format!("Create{noun}"), input).await)
    }

    /// Changes what was made.
    pub(crate) async fn update(&self, made: &Made, change: Value) -> Made {
        let answer = self.call(&format!("Update{}", made.noun), made.update_input(change)).await;
        Made::of(made.noun, answer)
    }

    pub(crate) async fn delete(&self, made: &Made) {
        let input = json!({"Id": made.id, "IfMatch": made.etag});
        self.call(&format!("Delete{}", made.noun), input).await;
    }

    /// Switches off and deletes.
    pub(crate) async fn end(&self, made: &Made) {
        self.delete(&self.update(made, json!({"Enabled": false})).await).await;
    }

    /// The `Quantity` and the ids of the first page.
    pub(crate) async fn ids(&self, plural: &str, input: Value) -> (Vec<String>, Option<String>) {
        let answer = self.call(&format!("List{plural}"), input).await;
        let list = answer.as_object().and_then(|answer| answer.values().next()).expect("a list").clone();
        let items = list["Items"].as_array().cloned().unwrap_or_default();
        assert_eq!(list["Quantity"], items.len(), "{list}");
        let next = list["NextMarker"].as_str().map(str::to_owned);
        assert_eq!(list["IsTruncated"].as_bool().unwrap_or_else(|| next.is_some()), next.is_some(), "{list}");
        (items.iter().map(|item| item["Id"].as_str().expect("an id").to_owned()).collect(), next)
    }
}

/// What was made, as the answer has it.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) noun: &'static str,
    pub(crate) id: String,
    pub(crate) etag: String,
    /// The whole answer.
    pub(crate) answer: Value,
}

impl Made {
    pub(crate) fn of(noun: &'static str, answer: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self { noun, id: text(&answer[noun]["Id"]), etag: text(&answer["ETag"]), answer }
    }

    /// A member of the entity.
    pub(crate) fn get(&self, member: &str) -> &Value {
        &self.answer[self.noun][member]
    }

    pub(crate) fn config(&self) -> &Value {
        self.get(&format!("{}Config", self.noun))
    }

    pub(crate) fn status(&self) -> &str {
        self.get("Status").as_str().unwrap_or_default()
    }

    /// The input that puts back what was answered, with a change.
    pub(crate) fn update_input(&self, change: Value) -> Value {
        let mut input = json!({"Id": self.id, "IfMatch": self.etag});
        input[format!("{}Config", self.noun)] = merged(self.config().clone(), change);
        input
    }
}

/// The members of `more` in place of those of `value`.
pub(crate) fn merged(mut value: Value, more: Value) -> Value {
    for (name, member) in more.as_object().into_iter().flatten() {
        value[name] = member.clone();
    }
    value
}

pub(crate) fn listed<T: Into<Value> + Clone>(items: &[T]) -> Value {
    json!({"Quantity": items.len(), "Items": items.iter().cloned().map(Into::into).collect::<Vec<Value>>()})
}

pub(crate) fn streaming(reference: &str, more: Value) -> Value {
    let config = json!({
        "CallerReference": reference,
        "S3Origin": {"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": ""},
        "Comment": "",
        "TrustedSigners": {"Enabled": false, "Quantity": 0},
        "Enabled": true,
    });
    merged(config, more)
}

pub(crate) fn behavior(more: Value) -> Value {
    let behavior = json!({
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": "allow-all",
        "ForwardedValues": {"QueryString": false, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
    });
    merged(behavior, more)
}

/// A behaviour by policies.
pub(crate) fn by_policy(policy: &str) -> Value {
    json!({"TargetOriginId": "bucket", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": policy})
}

pub(crate) fn origin(more: Value) -> Value {
    let origin = json!({
        "Id": "bucket",
        "DomainName": "films.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    });
    merged(origin, more)
}

pub(crate) fn web(reference: &str, more: Value) -> Value {
    let config = json!({
        "CallerReference": reference,
        "Origins": listed(&[origin(json!({}))]),
        "DefaultCacheBehavior": behavior(json!({})),
        "Comment": "",
        "Enabled": true,
    });
    merged(config, more)
}

pub(crate) fn cache_policy(name: &str) -> Value {
    json!({
        "Name": name,
        "MinTTL": 0,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": false,
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
    })
}

pub(crate) fn control(name: &str) -> Value {
    json!({
        "Name": name,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    })
}

pub(crate) fn identity(reference: &str) -> Value {
    json!({"CallerReference": reference, "Comment": ""})
}

pub(crate) fn public_key(name: &str) -> Value {
    json!({"CallerReference": name, "Name": name, "EncodedKey": PEM})
}

/// The noun of origin access identities.
pub(crate) const IDENTITY: &str = "CloudFrontOriginAccessIdentity";

/// A public key on P-256; nobody has the other half.
pub(crate) const PEM: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELeiCTwUXuaU1M4UBdj8tmHv92Ylp\n\
WXxUwXV+WCcnRDI1R8T2TiCzY25xj31ukq7AWAcsHXhzguQFfuF/FU6yww==\n\
-----END PUBLIC KEY-----\n";
