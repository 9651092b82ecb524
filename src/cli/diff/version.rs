//! Where a version of the catalogue is read from: a path, or a revision in git.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::catalogue::{SourceFile, Sources};
use crate::config::Config;
use crate::engine::OpenError;

/// Where a folder has its configuration.
const CONFIG: &str = "config/triage.yaml";

/// Reads the intents, policy and shop that a name stands for. `.` stands for the files that the configuration names, a
/// path for itself, anything else for a git revision.
pub(super) fn sources(name: &str, config_path: &Path, config: &Config) -> anyhow::Result<Sources> {
    let path = Path::new(name);
    if name == "." {
        return Ok(Sources::read(&config.intents, &config.policy, &config.shop)?);
    }
    if !path.exists() {
        return revision(name, config_path, config);
    }
    let own = if path.is_dir() { path.join(CONFIG) } else { path.to_owned() };
    anyhow::ensure!(
        own.is_file(),
        "the folder `{name}` has no `{CONFIG}`; give a folder that has one, a configuration file, or a git revision \
         (`refs/heads/{name}` for the branch)"
    );
    let own = Config::read(&own).map_err(OpenError::from)?;
    Ok(Sources::read(&own.intents, &own.policy, &own.shop)?)
}

/// Takes the files that the configuration names from a revision of the repository around it.
fn revision(name: &str, config_path: &Path, config: &Config) -> anyhow::Result<Sources> {
    let folder = config_path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let line = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
    let root = git(folder, &["rev-parse", "--show-toplevel"]).with_context(|| {
        format!(
            "there is no path `{name}`, and no git repository around `{}` to have a revision",
            config_path.display()
        )
    })?;
    let root = PathBuf::from(line(root));
    let commit = format!("{name}^{{commit}}");
    let commit = git(&root, &["rev-parse", "--verify", &commit]).with_context(|| {
        format!("there is no path `{name}`, and no such revision in the git repository `{}`", root.display())
    })?;
    let paths = [&config.intents, &config.policy, &config.shop].map(|path| inside(&root, path));
    let [intents, policy, shop] = paths;
    let (intents, policy, shop) = (intents?, policy?, shop?);

    // Whole paths, not patterns: a folder may be called `[old]`.
    let commit = line(commit);
    let arguments = ["--literal-pathspecs", "archive", "--format=tar", &commit, "--", &intents, &policy, &shop];
    let archive = git(&root, &arguments)
        .with_context(|| format!("the revision `{name}` lacks one of `{intents}`, `{policy}`, `{shop}`"))?;
    let unpacked = tempfile::tempdir().context("cannot make a temporary folder")?;
    tar::Archive::new(archive.as_slice())
        .unpack(unpacked.path())
        .with_context(|| format!("cannot unpack the revision `{name}`"))?;
    let at = |path: &str| unpacked.path().join(path);
    let mut sources = Sources::read(&at(&intents), &at(&policy), &at(&shop))
        .with_context(|| format!("in the revision `{name}`, unpacked"))?;
    // Findings name the file as git does, not the temporary one.
    for file in sources.intents.iter_mut().chain([&mut sources.policy, &mut sources.shop]) {
        rename(file, name, unpacked.path());
    }
    Ok(sources)
}

/// `main~3:intents/stock.yaml`.
fn rename(file: &mut SourceFile, name: &str, unpacked: &Path) {
    let inside = file.path.strip_prefix(unpacked).unwrap_or(&file.path).to_owned();
    // The name of a file at the root must stay a name of its own: ids are compared with it.
    let root = if inside.components().count() == 1 { "./" } else { "" };
    file.path = PathBuf::from(format!("{name}:{root}{}", inside.display()));
}

/// A path from the root of the repository on, as git wants it.
fn inside(root: &Path, path: &Path) -> anyhow::Result<String> {
    // A file that is no longer there can still be in a revision: then its folder says where it was.
    let real = path.canonicalize().or_else(|error| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => Ok(folder.canonicalize()?.join(name)),
        _ => Err(error),
    });
    let real = real.with_context(|| format!("cannot find `{}`", path.display()))?;
    let root = root.canonicalize().with_context(|| format!("cannot find `{}`", root.display()))?;
    let inside = real.strip_prefix(&root).with_context(|| {
        format!("`{}` is outside of the git repository `{}`, so no revision has it", real.display(), root.display())
    })?;
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// Runs git in a folder; the first line of its complaint if it fails.
fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env("LC_ALL", "C");
    // Set in hooks, where they would point away from the repository around the configuration.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    let output = command.output().context("cannot run git, which reads revisions; is it installed?")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::bail!("git says: {}", said.lines().next().unwrap_or("nothing"))
}
