use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Found, counted};
use crate::config::{Access, Config};
use crate::engine::OpenError;
use crate::keys::{KeySet, Role, Secret};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key: prints it, which nothing does ever again, and the lines for the file of keys.
    New {
        /// The key's name: small letters, digits, `-` and `_`.
        name: String,
        /// What its owner may do.
        #[arg(long, value_enum, default_value = "gateway")]
        role: RoleName,
    },
    /// Check the file of keys: all problems at once.
    Check {
        /// The file; without it the one that the configuration names.
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum RoleName {
    Gateway,
    Agent,
    Lead,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Gateway => Self::Gateway,
            RoleName::Agent => Self::Agent,
            RoleName::Lead => Self::Lead,
            RoleName::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(config: &Path, command: &Command) -> anyhow::Result<Found> {
    match command {
        Command::New { name, role } => new(name, (*role).into()),
        Command::Check { file: Some(file) } => check(file),
        Command::Check { file: None } => match Config::read(config).map_err(OpenError::from)?.access {
            Access::Keys(file) => check(&file),
            Access::Open => anyhow::bail!("`keys` in the configuration names no file; name one here"),
        },
    }
}

/// The key goes to standard output, so that it can be sent on; what is to be written down goes beside it.
fn new(name: &str, role: Role) -> anyhow::Result<Found> {
    let secret = Secret::fresh().context("no random numbers")?;
    println!("{}", secret.reveal());
    eprintln!(
        "\nThis is the only time that the key is shown. Into the file of keys, under `keys:`, go the lines\n\n\
         \x20 - name: {name}\n    role: {}\n    sha256: [{}]",
        role.id(),
        secret.hash()
    );
    Ok(Found::Nothing)
}

fn check(file: &Path) -> anyhow::Result<Found> {
    match KeySet::read(file) {
        Ok((_, keys)) => {
            println!("{}: no problems", counted(keys.iter().count(), "key"));
            Ok(Found::Nothing)
        }
        Err(findings) => {
            println!("{findings}");
            Ok(Found::Findings)
        }
    }
}
