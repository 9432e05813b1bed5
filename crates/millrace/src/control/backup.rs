//! `millrace backup` and `restore`: the whole store as a file.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::Place;
use crate::out::say;

/// Writes everything that is in the store into a file, while the server goes on.
///
/// Secrets stay sealed in it: keep the file seal.key of the control directory with it, or they are lost. The file fits
/// SQLite and PostgreSQL alike.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file, which only its owner may read.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Fills an empty store from a backup.
///
/// For another database, set `control.store` to the new one first. Nothing is written when the file has a fault.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Writes the backup: the file is there when it is whole.
pub(crate) fn backup(command: &Backup) -> anyhow::Result<()> {
    let name = command.file.display();
    let mut unfinished = command.file.clone().into_os_string();
    unfinished.push(".new");
    let unfinished = Path::new(&unfinished);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(unfinished);
    let mut file = BufWriter::new(file.with_context(|| unfinished.display().to_string())?);
    let backup = command.place.with(async |service| Ok(service.store().backup(&mut file).await?))?;
    file.flush()?;
    file.get_ref().sync_all()?;
    std::fs::rename(unfinished, &command.file).with_context(|| name.to_string())?;
    say(&format!("{name}: {} rows, as of revision {}\n", backup.rows, backup.revision));
    Ok(())
}

/// Reads it back.
pub(crate) fn restore(command: &Restore) -> anyhow::Result<()> {
    let name = command.file.display();
    let mut file = BufReader::new(File::open(&command.file).with_context(|| name.to_string())?);
    let backup = command.place.with(async |service| Ok(service.store().restore(&mut file).await?));
    let backup = backup.with_context(|| name.to_string())?;
    say(&format!("{name}: {} rows, as of revision {}\n", backup.rows, backup.revision));
    Ok(())
}
