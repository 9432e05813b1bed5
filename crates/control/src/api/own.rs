//! What Amazon's API never had: key pairs of accounts, as JSON.
//!
//! ```text
//! GET  /millrace/key-pairs                                                              {"KeyPairs": […]}
//! POST /millrace/key-pairs         {"KeyPairId": …, "Account": …, "PublicKey": "-----BEGIN …"}   the first two optional
//! PUT  /millrace/key-pairs/{id}    {"Active": false}
//! ```

use axum::extract::{Path, Request, State};
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Source, admit, answer};
use crate::Error;
use crate::service::NewKeyPair;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct New {
    key_pair_id: Option<String>,
    account: Option<String>,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Update {
    active: bool,
}

fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::argument(format!("the body: {error}")))
}

fn value(value: impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal(&error))
}

fn wrong_method(allowed: &str) -> Error {
    Error::new(405, "MethodNotAllowed", format!("what can be done here: {allowed}"))
}

/// The list of key pairs.
pub(super) async fn key_pairs(State(source): State<Source>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = async {
        let (service, who, body) = admit(&source, &parts, body).await?;
        let (status, answer) = match parts.method {
            Method::GET => (200, json!({"KeyPairs": value(service.key_pairs(&who).await?)?})),
            Method::POST => {
                let New { key_pair_id: id, account, public_key } = parse(&body)?;
                let made = service.import_key_pair(&who, NewKeyPair { id, account, public_key }).await?;
                (201, json!({"KeyPair": value(made)?}))
            }
            _ => return Err(wrong_method("GET, POST")),
        };
        Ok((who.name, status, answer))
    };
    let answered = answered.await;
    answer::json(&parts, answered)
}

/// One of them.
pub(super) async fn key_pair(
    State(source): State<Source>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let answered = async {
        let (service, who, body) = admit(&source, &parts, body).await?;
        if parts.method != Method::PUT {
            return Err(wrong_method("PUT"));
        }
        let Update { active } = parse(&body)?;
        let changed = service.set_key_pair_active(&who, &id, active).await?;
        Ok((who.name, 200, json!({"KeyPair": value(changed)?})))
    };
    let answered = answered.await;
    answer::json(&parts, answered)
}
