//! `millrace history`: who changed what.

use clap::Args;

use super::Place;
use crate::out::say;

/// Lists the latest changes: revision, time, user, operation, resource.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// How many.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    last: u32,
    #[command(flatten)]
    place: Place,
}

/// Does what was asked for.
pub(crate) fn run(command: &History) -> anyhow::Result<()> {
    command.place.with(async |service| {
        for change in service.history(command.last).await? {
            let (at, who, action) = (&change.time(), &change.who, &change.action);
            say(&format!("{:>6}  {at}  {who}  {action}  {} {}\n", change.revision, change.kind, change.id));
        }
        Ok(())
    })
}
