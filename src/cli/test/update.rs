use std::io::{IsTerminal, Write};

use anyhow::Context;
use similar::TextDiff;

use crate::cases::{Edited, Failure, Update};
use crate::catalogue::Sources;
use crate::cli::{agreed, counted};
use crate::engine::Engine;

/// What nobody can be asked about is not written.
pub(super) fn refuse_unless_asked(yes: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        yes || std::io::stdin().is_terminal(),
        "`--update-expected` changes files and asks first, but standard input is no terminal; add `--yes` to write \
         without being asked"
    );
    Ok(())
}

/// Shows what the failing tests would have to say, writes it if that is wanted, and tells what still fails.
pub(super) fn run(engine: &Engine, failures: &[&Failure], yes: bool) -> anyhow::Result<Vec<Failure>> {
    let failures: Vec<Failure> = failures.iter().map(|failure| (*failure).clone()).collect();
    let config = engine.config();
    let sources = Sources::read(&config.intents, &config.policy, &config.shop)?;
    let update = Update::plan(&sources, &failures);
    for kept in &update.kept {
        println!("kept {}:{}: `{}`: {}", kept.file.display(), kept.line, kept.key.id(), kept.why);
    }
    if update.changes.is_empty() {
        println!("nothing to change");
        return Ok(failures);
    }
    update.verify(engine, &sources)?;
    for edited in &update.files {
        show(edited)?;
    }
    let (changes, files) = (update.changes.len(), update.files.len());
    let what = format!("{} to {}", counted(changes, "change"), counted(files, "file"));
    let these = if changes == 1 { "this" } else { "these" };
    if !yes && !agreed(&format!("Write {these} {what}? [y/N] "))? {
        println!("nothing written");
        return Ok(failures);
    }
    write(&update.files)?;
    println!("wrote {what}");
    Ok(update.left(&failures))
}

fn show(edited: &Edited) -> std::io::Result<()> {
    let name = edited.path.display().to_string();
    let diff = TextDiff::from_lines(&edited.before, &edited.after);
    let diff = diff.unified_diff().context_radius(1).header(&name, &name).to_string();
    let mut out = anstream::stdout().lock();
    for line in diff.lines() {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => super::PLACE,
            [b'-', ..] => super::EXPECTED,
            [b'+', ..] => super::GOT,
            _ => anstyle::Style::new(),
        };
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}

/// Replaces the files, each at once: who reads them meanwhile finds the old text or the new one. None is touched
/// before all could be written beside their places, and none that somebody has changed in the meantime.
fn write(files: &[Edited]) -> anyhow::Result<()> {
    let mut written = Vec::new();
    for edited in files {
        let what = || format!("cannot write `{}`; nothing is changed", edited.path.display());
        // A link keeps pointing to its file.
        let path = edited.path.canonicalize().with_context(what)?;
        let folder = path.parent().with_context(what)?;
        let mut beside = tempfile::NamedTempFile::new_in(folder).with_context(what)?;
        beside.write_all(edited.after.as_bytes()).with_context(what)?;
        beside.as_file().set_permissions(path.metadata().with_context(what)?.permissions()).with_context(what)?;
        beside.as_file().sync_all().with_context(what)?;
        let now = std::fs::read_to_string(&path).with_context(what)?;
        anyhow::ensure!(now == edited.before, "`{}` has been changed meanwhile; nothing is written", path.display());
        written.push((beside, path));
    }
    for (beside, path) in written {
        beside.persist(&path).with_context(|| format!("cannot replace `{}`", path.display()))?;
    }
    Ok(())
}
