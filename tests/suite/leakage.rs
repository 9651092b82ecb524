//! No text of this repository that a model or a head learns from stands in an exam. Texts of the data folder are known
//! here by their SHA-1 alone; `training/check.py` makes the same check on what only that folder holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha1::{Digest, Sha1};

use crate::{ENGINE, names, shipped};

/// Shorter texts, such as 好的, may stand anywhere.
const LEAST_CHARACTERS: usize = 6;

fn digest(text: &str) -> String {
    format!("{:x}", Sha1::digest(text.trim()))
}

/// The rule of `split_of` in `training/labelled.py`: one key in five.
fn is_test(key: &str) -> bool {
    Sha1::digest(format!("split:{key}")).iter().fold(0_u32, |rest, byte| (rest * 256 + u32::from(*byte)) % 5) == 0
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// A column of a TSV file with a header.
fn column(path: &Path, name: &str) -> Vec<String> {
    let lines = lines(path);
    let at = lines[0].split('\t').position(|cell| cell == name);
    let at = at.unwrap_or_else(|| panic!("{} has no column `{name}`", path.display()));
    lines[1..].iter().map(|line| line.split('\t').nth(at).unwrap_or_default().to_owned()).collect()
}

/// The files of a folder under `training/`.
fn training(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = shipped("training").join(folder);
    names(&folder).iter().map(|name| folder.join(name)).collect()
}

/// SHA-1 of every text of the test split, of gold_dev and of the written exams.
fn exams() -> BTreeSet<String> {
    let mut out: BTreeSet<String> = lines(&shipped("training/labels/gold_dev.sha1")).into_iter().collect();
    for name in ["jddc_dialogues", "jddc_intent_train", "jddc_unlabelled"] {
        let path = shipped("training/labels").join(format!("{name}.tsv"));
        let split: Vec<(String, String)> = column(&path, "turn").into_iter().zip(column(&path, "sha1")).collect();
        let tested = split
            .into_iter()
            .filter(|(turn, sha1)| is_test(turn.split('#').next().filter(|_| turn != "-").unwrap_or(sha1)));
        let before = out.len();
        out.extend(tested.map(|(_, sha1)| sha1));
        assert!(out.len() > before, "{name}.tsv holds some of the test split");
    }
    for name in names(&shipped("tests/exam")) {
        out.extend(column(&shipped("tests/exam").join(name), "text").iter().map(|text| digest(text)));
    }
    out
}

/// Every text that something learns from, by where it stands.
fn learned() -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for intent in ENGINE.catalogue().intents() {
        let examples = intent.examples.iter().map(|example| example.say.clone());
        let misses = intent.near_misses.iter().map(|miss| miss.say.clone());
        out.insert(format!("intents/{}.yaml", intent.id), examples.chain(misses).collect());
    }
    for folder in ["emotion", "acts", "paraphrases"] {
        out.extend(training(folder).iter().map(|path| (path.display().to_string(), column(path, "text"))));
    }
    out.extend(training("background").iter().map(|path| (path.display().to_string(), lines(path))));
    out
}

#[test]
fn nothing_learned_from_stands_in_an_exam() {
    let exams = exams();
    assert!(exams.len() > 1_000, "only {} texts of exams were found", exams.len());
    let mut found = Vec::new();
    for (place, texts) in learned() {
        assert!(!texts.is_empty(), "{place} is empty");
        let long = texts.iter().filter(|text| text.trim().chars().count() >= LEAST_CHARACTERS);
        found.extend(long.filter(|text| exams.contains(&digest(text))).map(|text| format!("{place}: {text}")));
    }
    assert!(found.is_empty(), "these train and examine at once:\n{}", found.join("\n"));
}
