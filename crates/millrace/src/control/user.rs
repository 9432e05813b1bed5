//! `millrace user`: who may call the API.

use std::path::Path;

use anyhow::Context;
use clap::{Args, Subcommand};
use millrace_control::auth::Policy;

use super::{Place, secret_from_stdin};
use crate::out::say;

/// Makes and lists users of the API, and their access keys.
///
/// A running server notices at once.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  millrace user create ops --policy admin
  millrace user create dashboard --policy read-only
  millrace user create shop --distribution EDFDVBD6EXAMPLE
  millrace user create old --access-key-id AKIAIOSFODNN7EXAMPLE < secret.txt")]
pub(crate) enum User {
    Create(Create),
    /// Lists users with their keys, but no secrets.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Deletes a user with all keys.
    Delete {
        /// The user.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    AddKey(AddKey),
    /// Deletes an access key.
    DeleteKey {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Makes a user with an access key, and prints the key: the secret can't be had again.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The user.
    name: String,
    /// What they may do: "admin", "read-only", or a file with an IAM policy (JSON).
    #[arg(long, value_name = "POLICY", required_unless_present = "distributions")]
    policy: Option<String>,
    /// Everything with this distribution, and reading of the rest; may be given several times.
    #[arg(long = "distribution", value_name = "ID", conflicts_with = "policy")]
    distributions: Vec<String>,
    /// A key that is known elsewhere; its secret comes by standard input. A new one otherwise.
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Gives a user one more access key, and prints it.
#[derive(Debug, Args)]
pub(crate) struct AddKey {
    /// The user.
    name: String,
    /// A key that is known elsewhere; its secret comes by standard input. A new one otherwise.
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    #[command(flatten)]
    place: Place,
}

fn policy(named: Option<&str>, distributions: &[String]) -> anyhow::Result<Policy> {
    match named {
        None => Ok(Policy::distributions(distributions)),
        Some("admin") => Ok(Policy::admin()),
        Some("read-only") => Ok(Policy::read_only()),
        Some(file) => {
            let text = std::fs::read_to_string(Path::new(file)).with_context(|| {
                format!("{file:?} is neither admin, read-only nor a file that can be read")
            })?;
            Policy::parse(&text).with_context(|| file.to_owned())
        }
    }
}

/// The key that is given, with its secret; none: a new one.
fn given(id: Option<&String>) -> anyhow::Result<Option<(String, String)>> {
    let secret = |id: &String| Ok((id.clone(), secret_from_stdin("the secret of the access key")?));
    id.map(secret).transpose()
}

fn show(key: &(String, String)) {
    say(&format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", key.0, key.1));
}

/// Does what was asked for.
pub(crate) fn run(command: User) -> anyhow::Result<()> {
    match command {
        User::Create(Create { name, policy: named, distributions, access_key_id, place }) => {
            let (policy, given) = (policy(named.as_deref(), &distributions)?, given(access_key_id.as_ref())?);
            place.with(async |service| {
                service.put_user(&name, policy).await?;
                show(&service.add_access_key(&name, given).await?);
                Ok(())
            })
        }
        User::AddKey(AddKey { name, access_key_id, place }) => {
            let given = given(access_key_id.as_ref())?;
            place.with(async |service| {
                show(&service.add_access_key(&name, given).await?);
                Ok(())
            })
        }
        User::List { place } => place.with(async |service| {
            for user in service.users().await? {
                say(&format!("{}\n", user.name));
                for statement in &user.policy.statements {
                    let (actions, resources) = (statement.actions.join(" "), statement.resources.join(" "));
                    say(&format!("  {:?} {actions} on {resources}\n", statement.effect));
                }
                for (id, active) in &user.keys {
                    say(&format!("  key {id}{}\n", if *active { "" } else { " (switched off)" }));
                }
            }
            Ok(())
        }),
        User::Delete { name, place } => place.with(async |service| Ok(service.delete_user(&name).await?)),
        User::DeleteKey { id, place } => {
            place.with(async |service| Ok(service.delete_access_key(&id).await?))
        }
    }
}
